"""Where in a critic real and generated pictures come apart: a linear probe at every layer, judged on other pictures.

    told = probes(gan, train, held_out, plan=ProbePlan(n=512))
    told.units                                         # ("picture", "down1.act", ..., "verdict")
    told.arrays["accuracy"], told.arrays["area"]       # (places, features, contrasts), with _low and _high
    told.arrays["features"][0], told.arrays["contrasts"][0]
    told.arrays["twin_area"]                           # the same of a critic with random weights
    told.arrays["gain"], told.arrays["gain_verdict"]   # of accuracy over it, paired by picture

Contrasts: held-out real pictures against generated ones; the critic's training pictures against generated ones; and
training pictures against held-out ones: what is told apart there, beyond the raw pixels, is memorised. Half of the
pictures of each sort fit, the others judge. The verdict is the score itself, with a threshold from the fitting half.
Generated pictures can differ from real ones in ways nobody sees (8-bit steps, exact black): hence the row of pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.explain.critic.constant import refuse_constant
from ganatomy.explain.critic.inside.layers import critic_places, shown
from ganatomy.explain.critic.inside.redrawn import redrawn
from ganatomy.explain.critic.inside.ridge import WIDEST, Narrowing, fitted
from ganatomy.explain.critic.inside.verdicts import family
from ganatomy.explain.critic.lots import Lot, fakes, reals, together, unheeded
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.labelling import activity
from ganatomy.explain.generator.sites import SiteShape
from ganatomy.explain.latent.explained import explained
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import mean_of, wilson
from ganatomy.numerics.statistics.roc import auc
from ganatomy.results.explanation import Explanation
from ganatomy.tracing.site import Site

FEATURES = ("pooled", "full")  # a mean for each channel; all numbers of a layer
CONTRASTS = (("held-out", "generated"), ("training", "generated"), ("training", "held-out"))
FEWEST = 40
Lots = Callable[[], Iterable[Lot]]
Tables = Mapping[str, list[tuple[Tensor, ...]]]  # by sort: at each place a table (n, width) for each of FEATURES


@dataclass(frozen=True)
class ProbePlan:
    """n pictures of each sort at most, half to fit and half to judge; smallest: gain of accuracy of interest."""

    n: int = 512
    seed: int = 0
    smallest: float = 0.02
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.n < FEWEST:
            raise UsageError(f"probes on {self.n} pictures of a sort were planned", f"take {FEWEST} or more")


@dataclass(frozen=True, eq=False)
class Read:
    """Of one probe on the judging pictures of both sorts, turned so that above 0 is the first of a contrast."""

    first: Tensor
    second: Tensor

    @property
    def right(self) -> Tensor:
        return torch.cat([self.first > 0, self.second <= 0]).double()


DEFAULT = ProbePlan()


def probes(
    gan: GAN,
    training: Dataset | None = None,
    held_out: Dataset | None = None,
    *,
    plan: ProbePlan = DEFAULT,
    sites: Sequence[str | Site] | None = None,
) -> Explanation:
    """`training` is what the critic was trained on, `held_out` what it never saw; one of them will do."""
    lots, n = _lots(gan, {"training": training, "held-out": held_out}, plan)
    places, stream = critic_places(gan, sites), Stream(plan.seed, "critic/probes")
    few = together(next(iter(each())) for each in lots.values())
    twin = redrawn(Scorer(gan).critic, few, stream=stream.child("twin"))
    scorers = {"critic": Scorer(gan), "twin": Scorer(replace(gan, critic=twin, architecture=None))}
    contrasts = [pair for pair in CONTRASTS if set(pair) <= set(lots)]
    reads = {}
    for name, scorer in scorers.items():
        tables = {sort: _tables(gan, scorer, each(), places=places, stream=stream) for sort, each in lots.items()}
        if name == "critic":
            refuse_constant(torch.cat([rows[-1][0] for rows in tables.values()]))
        reads[name] = _all_reads(tables, contrasts)
    grouped = next((unheeded(each) for each in (training, held_out) if unheeded(each)), "")
    names = ("picture", *(str(place.site) for place in places), "verdict")
    shape = (len(names), len(FEATURES), len(contrasts))
    arrays = _told(reads["critic"], shape, plan) | {
        f"twin_{key}": values for key, values in _told(reads["twin"], shape, plan).items()
    }
    arrays |= _gains(reads, shape, plan)
    widths = torch.tensor([prod(gan.format.shape), *(prod(place.shape) for place in places), 1])
    arrays |= {"width": widths, "hashed": widths > WIDEST}
    result = explained(
        gan,
        "probes of the critic",
        Scorer(gan).unit,
        units=names,
        arrays=arrays,
        note=" ".join(each for each in (_note(arrays, names, contrasts, n=n, plan=plan), grouped) if each),
        seed=plan.seed,
    )
    said = [f"{first} against {second}" for first, second in contrasts]
    tiled = {
        "features": np.tile(np.array(FEATURES), (len(names), 1)),
        "contrasts": np.tile(np.array(said), (len(names), 1)),
    }
    return replace(result, arrays={**result.arrays, **tiled})


def _lots(gan: GAN, data: Mapping[str, Dataset | None], plan: ProbePlan) -> tuple[dict[str, Lots], int]:
    """As many of each sort as the smallest has, an even number."""
    there = {sort: each for sort, each in data.items() if each is not None}
    n = min([plan.n, *(each.size for each in there.values())]) // 2 * 2
    if not there or n < FEWEST:
        raise UsageError(
            f"probes on {n if there else 'no'} real pictures were asked for", f"give a data set of {FEWEST} or more"
        )
    lots: dict[str, Lots] = {sort: partial(reals, gan, each, n) for sort, each in there.items()}
    return {**lots, "generated": partial(fakes, gan, n, seed=plan.seed)}, n


def _tables(
    gan: GAN, scorer: Scorer, lots: Iterable[Lot], *, places: Sequence[SiteShape], stream: Stream
) -> list[tuple[Tensor, ...]]:
    """Of picture, places and verdict; full features are narrowed block by block."""
    shapes = [gan.format.shape, *(place.shape for place in places)]
    narrow = [Narrowing.to(prod(shape), stream=stream.child(f"hash {prod(shape)}")) for shape in shapes]
    rows: list[list[list[Tensor]]] = [[[], []] for _ in range(len(shapes) + 1)]
    for lot in lots:
        activations, scores = shown(scorer, lot, [place.site for place in places])
        for row, values, small in zip(rows, [lot.pictures, *activations], narrow, strict=False):
            row[0].append(activity(values).float())
            row[1].append(small(values.flatten(1)))
        rows[-1][0].append(scores[:, None])
        rows[-1][1].append(scores[:, None])
    return [tuple(torch.cat(parts) for parts in row) for row in rows]


def _all_reads(tables: Tables, contrasts: Sequence[tuple[str, str]]) -> list[Read]:
    """Over places x features x contrasts."""
    found = []
    for place in range(len(tables["generated"])):
        for feature in range(len(FEATURES)):
            for first, second in contrasts:
                x, y = tables[first][place][feature], tables[second][place][feature]
                found.append(_score_read(x, y) if place == len(tables["generated"]) - 1 else _read(x, y))
    return found


def _read(x: Tensor, y: Tensor) -> Read:
    half = len(x) // 2
    signs = torch.ones(2 * half)
    signs[half:] = -1
    probe = fitted(torch.cat([x[:half], y[:half]]), signs)
    return Read(probe(x[half:]), probe(y[half:]))


def _score_read(x: Tensor, y: Tensor) -> Read:
    """The verdict is not turned round: a score that is lower for real pictures reads below chance."""
    half = len(x) // 2
    level = (x[:half].median() + y[:half].median()) / 2
    return Read((x[half:, 0] - level).double(), (y[half:, 0] - level).double())


def _told(reads: Sequence[Read], shape: tuple[int, ...], plan: ProbePlan) -> dict[str, Tensor]:
    rows = []
    for read in reads:
        held = wilson(int(read.right.sum()), len(read.right), level=plan.level)
        area = auc(read.first, read.second, level=plan.level)
        rows.append([float(read.right.mean()), held.low, held.high, area.value, area.interval.low, area.interval.high])
    names = ("accuracy", "accuracy_low", "accuracy_high", "area", "area_low", "area_high")
    table = torch.tensor(rows, dtype=torch.float64).reshape(*shape, len(names))
    return dict(zip(names, table.unbind(-1), strict=True))


def _gains(reads: Mapping[str, Sequence[Read]], shape: tuple[int, ...], plan: ProbePlan) -> dict[str, Tensor]:
    """Of accuracy, over the random twin at the same place; the same pixels gain nothing and are no test."""
    pairs = list(zip(reads["critic"], reads["twin"], strict=True))[prod(shape[1:]) :]
    means = [mean_of(own.right - other.right) for own, other in pairs]
    found = family(means, (shape[0] - 1, *shape[1:]), smallest=plan.smallest, level=plan.level)
    names = {"effect": "gain", **{name: f"gain_{name}" for name in ("low", "high", "p", "p_absent", "verdict")}}
    return {names[key]: torch.cat([values.new_zeros(1, *shape[1:]), values]) for key, values in found.items()}


def _note(
    arrays: Mapping[str, Tensor], names: Sequence[str], contrasts: Sequence[tuple[str, str]], *, n: int, plan: ProbePlan
) -> str:
    said = [
        f"{n} pictures of each sort, {n // 2} to fit and {n // 2} to judge; accuracy by chance is 1/2, intervals of"
        f" {plan.level:.0%} are for one accuracy at a time."
    ]
    hashed = [name for name, wide in zip(names, arrays["hashed"].tolist(), strict=True) if wide]
    said += [f"Full features of {', '.join(hashed)} were hashed into {WIDEST} sums."] if hashed else []
    for at, (first, second) in enumerate(contrasts):
        rows = [f"{name} {_bounded(arrays, '', row, at)}" for row, name in enumerate(names)]
        rows[1:] = [
            f"{said_of} (random weights {_bounded(arrays, 'twin_', row, at)})"
            for row, said_of in enumerate(rows[1:], start=1)
        ]
        said.append(f"Accuracy on all features, {first} against {second}: {', '.join(rows)}.")
        if float(arrays["accuracy_low"][0, 1, at]) > 0.5 + plan.smallest:
            said.append(
                f"Already the pixels do tell {first} from {second}, to a linear probe: that a layer does too says"
                " little, and what it adds is its gain over the pixels and over random weights."
            )
    return " ".join(said)


def _bounded(arrays: Mapping[str, Tensor], which: str, row: int, at: int) -> str:
    value, low, high = (float(arrays[f"{which}accuracy{end}"][row, 1, at]) for end in ("", "_low", "_high"))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"
