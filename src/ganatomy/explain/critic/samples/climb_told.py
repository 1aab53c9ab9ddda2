"""What climbing the score has done to pictures: which concepts changed, and whether pictures stay near real ones.

changed = changes_of(gan, panel, [before, after, control], how=Compared())
realism = realism_of(gan, held_out, pictures, reached, how=Compared())
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.explain.critic.lots import fakes, reals, together
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.latent.explained import explained
from ganatomy.features.space import FeatureSpace, pixels, random_convolution
from ganatomy.models.gan import GAN
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.statistics.effects import Effect, judged_together, mean_effect
from ganatomy.numerics.statistics.interval import Interval, mean_interval, mean_of, t_interval
from ganatomy.results.explanation import Explanation

SHOWN = 4  # concepts in one sentence
FEWEST = 8  # paths that a sentence about realism needs


@dataclass(frozen=True)
class Compared:
    """reference: natural samples, and real pictures; smallest: sd of a concept; stride of a frame: sd of the score."""

    seed: int = 0
    reference: int = 256
    smallest: float = 0.2
    stride: float = 0.5
    level: float = 0.95


def changes_of(gan: GAN, panel: Panel, pictures: Sequence[Tensor], *, how: Compared) -> Explanation:
    """pictures: before, after, and after a random step as long. Judged as one family; a twin must agree."""
    natural = torch.cat([panel.told(lot.pictures) for lot in fakes(gan, how.reference, seed=how.seed)])
    spread = natural.std(0)
    spread = torch.where(spread > 0, spread, torch.inf)
    before, after, control = (panel.told(each) for each in pictures)
    moved, chance = (after - before) / spread, (control - before) / spread
    names, count = panel.names, len(panel.names)
    twins = dict(zip(panel.twinned, range(count, moved.shape[1]), strict=True))
    effects = judged_together(
        [_joint(moved, chance, [at, *([twins[at]] if at in twins else [])], how) for at in range(count)]
    )
    arrays = {
        "effect": _column([each.value for each in effects]),
        "low": _column([each.interval.low for each in effects]),
        "high": _column([each.interval.high for each in effects]),
        "p": _column([each.p_present for each in effects]),
        "control": chance[:, :count].mean(0),
        "smallest": torch.full((count,), how.smallest, dtype=torch.float64),
    }
    note = _changed(names, effects)
    told = explained(gan, "climbs: changes", "concepts", units=names, arrays=arrays, note=note, seed=how.seed)
    return replace(told, arrays={**told.arrays, "verdict": np.array([each.verdict for each in effects])})


def _joint(moved: Tensor, chance: Tensor, columns: list[int], how: Compared) -> Effect:
    """Present needs every test; absent one of them, for which the smallest p counts so many times."""
    own = mean_effect(moved[:, columns[0]], smallest=how.smallest, level=how.level)
    tests = [mean_effect(moved[:, at], smallest=how.smallest, level=how.level) for at in columns]
    tests += [mean_effect(moved[:, at] - chance[:, at], smallest=how.smallest, level=how.level) for at in columns]
    present = max(each.p_present for each in tests)
    if len({math.copysign(1, each.value) for each in tests}) > 1:
        present = 1.0
    return replace(own, p_present=present, p_absent=min(1.0, len(tests) * min(each.p_absent for each in tests)))


def realism_of(
    gan: GAN,
    real: Dataset,
    pictures: Mapping[str, Tensor],
    reached: Mapping[str, Tensor],
    *,
    how: Compared,
    space: FeatureSpace | None = None,
) -> Explanation:
    """Distances of every frame (n, frames, ...) to the nearest of the reference, over the median one between real ones.

    Of each step only paths that both ways have climbed so far, so that they can be compared.
    """
    if space is None:
        space = random_convolution(gan.format) if gan.format.kind == "picture" else pixels(gan.format)
    there = space(together(reals(gan, real, how.reference)).pictures, gan.format)
    unit = float(neighbours(there, there, skip_self=True)[0].median()) or 1.0
    ways = tuple(pictures)
    n, frames = next(iter(pictures.values())).shape[:2]
    both = torch.stack([reached[way] for way in ways]).all(0)
    both = torch.cat([torch.ones(n, 1, dtype=torch.bool), both.cpu()], 1)
    flat = {way: space(each.flatten(0, 1), gan.format) for way, each in pictures.items()}
    ratio = torch.stack([neighbours(each, there)[0][:, 0].reshape(n, frames) / unit for each in flat.values()], 2)
    arrays = {
        name: torch.full((frames, len(ways)), torch.nan, dtype=torch.float64) for name in ("ratio", "low", "high")
    }
    for frame in range(frames):
        rows = both[:, frame]
        for way in range(len(ways) if int(rows.sum()) > 1 else 0):
            mean = mean_of(ratio[rows, frame, way])
            interval = t_interval(mean, level=how.level)
            for name, value in (("ratio", mean.value), ("low", interval.low), ("high", interval.high)):
                arrays[name][frame, way] = value
    arrays["n"] = both.sum(0)
    names = [f"+{how.stride * frame:g} sd" for frame in range(frames)]
    note = _realism(ratio, both, how)
    told = explained(gan, "climbs: realism", space.id, units=names, arrays=arrays, note=note, seed=how.seed)
    return replace(told, arrays={**told.arrays, "ways": np.tile(np.array(ways), (frames, 1))})


def _changed(names: Sequence[str], effects: Sequence[Effect]) -> str:
    found = [
        (abs(each.value), name, each) for name, each in zip(names, effects, strict=True) if each.verdict == "present"
    ]
    if not found:
        return "No concept is shown to change along the latent way, beyond what a random step as long does."
    found.sort(reverse=True, key=lambda each: each[0])
    parts = [f"{name} {e.value:+.3g} [{e.interval.low:.3g}, {e.interval.high:.3g}]" for _, name, e in found[:SHOWN]]
    more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"Through the latent space these change (sd of each, beyond random steps as long): {', '.join(parts)}{more}."


def _realism(ratio: Tensor, both: Tensor, how: Compared) -> str:
    """At the last step that enough paths have reached both ways; columns are the latent and the picture way."""
    counts = both.sum(0).tolist()
    frame = max(at for at, count in enumerate(counts) if count >= min(FEWEST, counts[0]))
    if frame == 0:
        return "Too few paths gain one step both ways, so that their pictures are not compared."
    rows = both[:, frame]
    values = [mean_interval(ratio[rows, frame, way], level=how.level) for way in (0, 1)]
    shown = [_times(float(ratio[rows, frame, way].mean()), values[way]) for way in (0, 1)]
    begun = _times(float(ratio[rows, 0, 0].mean()), mean_interval(ratio[rows, 0, 0], level=how.level))
    said = (
        f"At +{how.stride * frame:g} sd of the score ({counts[frame]} starts) pictures lie {shown[0]} times as far "
        f"from real ones as those from each other where the latent space was climbed, {shown[1]} where the picture "
        f"itself was; {begun} at the start."
    )
    apart = mean_interval(ratio[rows, frame, 1] - ratio[rows, frame, 0], level=how.level)
    gone = mean_interval(ratio[rows, frame, 1] - ratio[rows, 0, 1], level=how.level)
    if apart.low > 0 and gone.low > 0:
        return said + " What the picture way adds is no picture: it leads away from real ones, the latent way less."
    if apart.low > 0:
        return said + " The latent way stays nearer to real pictures."
    if apart.high < 0:
        return said + " The latent way leads further from real pictures than changes of the picture itself."
    return said + " That either way stays nearer to real pictures is not shown."


def _times(value: float, interval: Interval) -> str:
    return f"{value:.3g} [{interval.low:.3g}, {interval.high:.3g}]"


def _column(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)
