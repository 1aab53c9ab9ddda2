"""Is this latent space continuous? Fine random paths, their jumps, their stretch, and where they cross modes.

    found = continuity(gan, 32, seed=0, label=lambda pictures: judge.predict(pictures, gan.format).argmax(1))
    answer(found).verdict, answer(found).sentence       # "continuous", "None of 32 paths jumps: ..."
    scale_test(gan, 512, seed=0)                        # secants over ever smaller steps

A network of continuous parts is continuous, so the question is decided by looking for jumps (a step that keeps its
length however often it is halved) and, where there are none, answered by how steep the ridges are. A ridge narrower
than float numbers resolve cannot be told from a jump.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.explained import Row, explained, stacked
from ganatomy.explain.latent.jumps import EXPLAINED, JUMP, UNDETERMINED, refined, stepped
from ganatomy.explain.latent.paths import Path, between, spread
from ganatomy.explain.latent.surface import Surface, points, surface
from ganatomy.explain.passes import BLOCK, Progress
from ganatomy.features.space import FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval, wilson
from ganatomy.results.explanation import Explanation

LabelOf = Callable[[Tensor], Tensor]  # pictures -> whole numbers (n,), or scores (n,) or (n, k)
FASTEST = 0.05  # share of a path's steps whose share of its length is reported
SCALES = (1e-1, 1e-2, 1e-3, 1e-4)


@dataclass(frozen=True)
class Answer:
    """verdict: "continuous", "discontinuous" or "undetermined". jumping: paths with a jump, of `paths`.

    spike: of the speed over its path's mean, the 99.9 % quantile over the median; 1 for a linear generator, NaN for a
    constant one.
    """

    verdict: str
    paths: int
    jumping: int
    interval: Interval
    jumps: int
    spike: float
    sentence: str


def continuity(
    gan: GAN,
    paths: int = 32,
    *,
    seed: int = 0,
    steps: int = 64,
    label: LabelOf | None = None,
    space: FeatureSpace | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Paths between consecutive samples; a unit is a path, and arrays of two axes run over its steps.

    label: a class number of each picture; of scores (n, k) the largest counts, of one score (n,) whether it is above
    its median over all paths.
    """
    if paths < 1 or steps < 8:
        raise UsageError(f"{paths} paths of {steps} steps were asked for", "one path or more, of eight steps or more")
    seen, coarse = surface(gan, space), surface(gan, space, double=False)
    rows: list[Row] = []
    for pair in range(paths):
        rows.append(_path(seen, coarse, pair, seed=seed, steps=steps, label=label))
        if progress is not None:
            progress(pair + 1, paths)
    arrays = stacked(rows)
    if "marks" in arrays:
        arrays["crossing"] = _crossings(arrays.pop("marks"))
    note = f"{answered(arrays).sentence} {seen.note}"
    return explained(gan, "continuity", seen.name, units=_names(paths), arrays=arrays, note=note, seed=seed)


def answer(found: Explanation) -> Answer:
    """The answer that the arrays of `continuity` give."""
    return answered({name: torch.from_numpy(np.array(values)) for name, values in found.arrays.items()})


def answered(arrays: dict[str, Tensor]) -> Answer:
    """Counts, their intervals, and a plain sentence."""
    jumps, open_ = arrays["jumps"], arrays["undetermined"]
    paths, jumping = len(jumps), int((jumps > 0).sum())
    interval = wilson(jumping, paths)
    speed = arrays["speed"] / arrays["speed"].mean(dim=1, keepdim=True).clamp(min=1e-300)
    middle = float(speed.median())
    spike = float(torch.quantile(speed, 0.999)) / middle if middle > 0 else math.inf if bool(speed.any()) else math.nan
    if jumping:
        verdict, said = "discontinuous", _says_jumps(arrays, jumping, interval)
    elif int(open_.sum()):
        verdict = "undetermined"
        said = f"{int(open_.sum())} steps on {int((open_ > 0).sum())} of {paths} paths neither shrank nor stayed."
    else:
        verdict, said = "continuous", _says_none(arrays, paths, interval)
    said = f"{verdict.capitalize()}. {said} {_says_speed(arrays, middle, spike)}"
    if "crossing" in arrays:
        said += _says_crossings(arrays)
    return Answer(verdict, paths, jumping, interval, int(jumps.sum()), spike, said)


def scale_test(
    gan: GAN, n: int = 512, *, seed: int = 0, scales: tuple[float, ...] = SCALES, space: FeatureSpace | None = None
) -> Explanation:
    """Quantiles of |x(z + e v) - x(z)| / e over random z and unit v, for each e; the slope of the highest one.

    A level slope means continuous; a true step that many samples sit near gives -1.
    """
    if n < 2 or len(scales) < 2 or min(scales) <= 0:
        raise UsageError(f"{n} samples at {len(scales)} scales were asked for", "two or more of each, above 0")
    seen, stream, secants = surface(gan, space), Stream(seed, "scale test"), []
    for first in range(0, n, BLOCK):
        here = range(first, min(first + BLOCK, n))
        z, labels = seen.latents(seed, here), gan.latent.labels(seed, here)
        v = stream.normal(here, gan.latent.dim, dtype=torch.float64).to(z)
        v, start = v / v.norm(dim=1, keepdim=True), points(seen, z, labels)
        moved = [(points(seen, gan.latent.project(z + e * v), labels) - start).norm(dim=1) / e for e in scales]
        secants.append(torch.stack(moved))
    table = torch.cat(secants, dim=1).double().cpu()
    high = torch.quantile(table, 0.999, dim=1)
    x = torch.tensor(scales, dtype=torch.float64).log()
    y = high.clamp(min=1e-300).log()
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum())
    note = (
        f"the steepest of {n} secants changes with the step to the power {slope:.2f}: 0 for a continuous generator "
        f"whose ridges are wider than the steps, -1 across a jump. In {seen.name}. {seen.note}"
    )
    arrays = {"scale": torch.tensor(scales), "median": table.median(dim=1).values, "highest": high}
    arrays["slope"] = torch.full((len(scales),), slope, dtype=torch.float64)
    units = [f"{e:g}" for e in scales]
    return explained(gan, "scale test", seen.name, units=units, arrays=arrays, note=note, seed=seed)


def _path(seen: Surface, coarse: Surface, pair: int, *, seed: int, steps: int, label: LabelOf | None) -> Row:
    """Even steps in the generator's own type, which is faster; halved ones in float64, where they need it."""
    way, given = between(coarse, pair, seed=seed)
    taken = stepped(coarse, way, steps, given)
    fine = refined(seen, between(seen, pair, seed=seed)[0], taken, given)
    verdict, size, width = (torch.zeros(steps, dtype=torch.float64) for _ in range(3))
    places = fine.places.cpu()
    verdict[places], size[places] = fine.verdicts.cpu().double(), fine.lengths.cpu().double()
    width[places] = fine.widths.cpu().double()
    lengths = taken.lengths.cpu().double()
    fastest = lengths.topk(max(1, round(FASTEST * steps))).values.sum() / lengths.sum().clamp(min=1e-300)
    row: dict[str, Tensor | float | bool] = {
        "step": lengths,
        "explained": taken.explained.cpu().double(),
        "speed": taken.speeds.cpu().double(),
        "verdict": verdict.long(),
        "refined": torch.zeros(steps, dtype=torch.bool).index_fill(0, places, True),
        "jump": size * (verdict == JUMP),
        "width": width,
        "length": lengths.sum(),
        "fastest": fastest,
        "apart": _apart(coarse, way, given),
        "jumps": (verdict == JUMP).sum(),
        "undetermined": (verdict == UNDETERMINED).sum(),
    }
    if label is not None:
        row["marks"] = _marks(coarse, way, steps, given, label=label)
    return row


def _apart(seen: Surface, way: Path, given: Tensor | None) -> Tensor:
    ends = points(seen, way(torch.tensor([0.0, 1.0], dtype=seen.dtype, device=seen.device)), spread(given, 2))
    far: Tensor = (ends[1] - ends[0]).norm().double().cpu()
    return far


def _marks(seen: Surface, way: Path, steps: int, given: Tensor | None, *, label: LabelOf) -> Tensor:
    """What the label function says along the path, (steps + 1,): class numbers, or one score."""
    t = torch.linspace(0, 1, steps + 1, dtype=seen.dtype, device=seen.device)
    marks = []
    for part in t.split(BLOCK):
        with torch.no_grad():
            said = label(seen.gan.decode(way(part).float(), spread(given, len(part))))
        if len(said) != len(part) or said.dim() > 2:
            raise UsageError(
                f"the label function gave shape {tuple(said.shape)} for {len(part)} pictures",
                "wanted is a class number or a score for each, (n,), or (n, k) scores",
            )
        if said.dim() == 2:
            said = said.argmax(1) if said.shape[1] > 1 else said[:, 0]
        marks.append(said.detach().cpu())
    return torch.cat(marks)


def _crossings(marks: Tensor) -> Tensor:
    """Steps whose ends lie in different classes, or on different sides of the median score."""
    if marks.is_floating_point():
        marks = marks > marks.median()
    return marks[:, 1:] != marks[:, :-1]


def _names(paths: int) -> list[str]:
    return [f"{2 * pair} to {2 * pair + 1}" for pair in range(paths)]


def _says_speed(arrays: dict[str, Tensor], middle: float, spike: float) -> str:
    if not float(arrays["length"].max()) > 0:
        return "The pictures never change on any path."
    most = f"The fastest {FASTEST:.0%} of steps hold {float(arrays['fastest'].median()):.0%} of a path's length."
    if not middle > 0:
        return f"On most steps the pictures do not change. {most}"
    return f"The speed is {spike:.3g} times its median at its 99.9 % quantile. {most}"


def _says_jumps(arrays: dict[str, Tensor], jumping: int, interval: Interval) -> str:
    paths, sizes = len(arrays["jumps"]), arrays["jump"][arrays["jump"] > 0]
    apart = arrays["apart"][:, None].expand_as(arrays["jump"])[arrays["jump"] > 0]
    share = float((sizes / apart.clamp(min=1e-300)).median())
    return (
        f"{jumping} of {paths} paths jump ({interval.low:.0%} to {interval.high:.0%}), {len(sizes)} jumps in all, the "
        f"median one {share:.2g} times as long as its path's ends are apart; they kept their length down to "
        f"{float(arrays['width'][arrays['jump'] > 0].max()):.1g} of the path."
    )


def _says_none(arrays: dict[str, Tensor], paths: int, interval: Interval) -> str:
    many, apart = int(arrays["refined"].sum()), float(arrays["apart"].median())
    if not apart > 0:
        return f"None of {paths} paths jumps, so at most {interval.high:.0%} of paths do (Wilson, 95 %)."
    hidden = float((EXPLAINED * arrays["explained"]).median()) / apart
    looked = f"{many} steep steps were halved and all came apart into small ones. " if many else ""
    return (
        f"None of {paths} paths jumps, so at most {interval.high:.0%} of paths do (Wilson, 95 %). {looked}A jump "
        f"smaller than about {hidden:.2g} of the distance between two samples could have been missed."
    )


def _says_crossings(arrays: dict[str, Tensor]) -> str:
    """How much longer steps are where the class changes, and how many of the jumps are there."""
    crossing, step = arrays["crossing"], arrays["step"]
    if not bool(crossing.any()):
        return " No path crosses from one class to another."
    times = float(step[crossing].median() / step[~crossing].median().clamp(min=1e-300))
    said = (
        f" {int(crossing.any(1).sum())} of {len(step)} paths cross classes; steps that cross are {times:.3g} times as "
    )
    jumps = arrays["jump"] > 0
    return said + (
        f"long, and {int((jumps & crossing).sum())} of {int(jumps.sum())} jumps are there." if jumps.any() else "long."
    )
