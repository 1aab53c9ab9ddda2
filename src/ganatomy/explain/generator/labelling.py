"""The label pass: which unit goes with which concept. Streams; its memory does not grow with the number of samples.

    found = labelling(gan, Panel(measurers), shapes, plan=Plan(), progress=None)
    found.arrays["iou"], found.arrays["ceiling"]      # (units, concepts), on samples the threshold was not chosen on

A unit is on where its map, brought to the picture's pixels, exceeds a threshold; a concept is where its mask is at
least one half. Thresholds are quantiles of the map after it was brought there, so that it is on in a given share of all
pixels (RATES); for each pair the one with the best IoU on one sample is judged on another. Concepts with masks are
tested by their overlap, the others by the correlation of grades (the place of a value among those of the first sample)
with the unit's mean activation; all pairs enter one false-discovery control. That a pair goes together does not say
that the one causes the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganatomy.explain.generator.alignment import Grid, grid_of
from ganatomy.explain.generator.pairing import GROUP, Cross, Link, Overlap, beside, link_of
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import RATES, Plan
from ganatomy.explain.generator.sites import SiteShape
from ganatomy.explain.passes import Draw, Progress, draws, made
from ganatomy.models.gan import GAN
from ganatomy.numerics.running import Quantiles, rows
from ganatomy.numerics.statistics.multiplicity import benjamini_hochberg
from ganatomy.results.explanation import Explanation
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import Array
from ganatomy.tracing.trace import watch

SIZED = 256  # samples that thresholds and grades are taken from, at most
HELD = 2**23  # bytes of maps, as large as pictures, that are held together; and of their tables with the concepts
GRADES = torch.linspace(0, 1, 33, dtype=torch.float64)[1:-1]


@dataclass(frozen=True, eq=False)
class Ruler:
    """Of one site: where its cells lie, thresholds (rates, units), and what divides activations in grades."""

    grid: Grid | None
    thresholds: Tensor
    cuts: Tensor


@dataclass(frozen=True, eq=False)
class Seen:
    """A block: activations by site, masks and scores in the order in which they are believed to belong."""

    activations: Sequence[Tensor]
    masks: Tensor | None
    scores: Tensor


@dataclass(frozen=True, eq=False)
class Judged:
    """Running sums of one site; no overlap where no concept has a mask."""

    overlap: Overlap | None
    link: Link
    cross: Cross

    def __add__(self, other: Judged) -> Judged:
        both = self.overlap + other.overlap if self.overlap is not None and other.overlap is not None else None
        return Judged(both, self.link + other.link, self.cross + other.cross)


def labelling(
    gan: GAN, panel: Panel, sites: Sequence[SiteShape], *, plan: Plan, progress: Progress | None = None
) -> Explanation:
    """Units of all sites, in order; the masks of concepts and the thresholds are those of pictures of this seed."""
    halves = len(plan.choosing)
    steps = _Steps(progress, min(halves, SIZED) + (halves if panel.masked else 0) + len(plan.judging))
    rulers, score_cuts = _rulers(gan, panel, sites, _taken(gan, plan, plan.choosing[:SIZED], steps))
    chosen = [torch.zeros(site.channels, len(panel.masked), dtype=torch.long) for site in sites]
    in_sample = [torch.full((site.channels, len(panel.masked)), torch.nan, dtype=torch.float64) for site in sites]
    if panel.masked:
        best = _chosen(_seen(gan, panel, sites, _taken(gan, plan, plan.choosing, steps)), rulers)
        chosen, in_sample = [each.max(0).indices for each in best], [each.amax(0) for each in best]
    total: list[Judged] = []
    for seen in _seen(gan, panel, sites, _taken(gan, plan, plan.judging, steps)):
        block = [
            _judged(seen, activation, ruler, choice, score_cuts)
            for activation, ruler, choice in zip(seen.activations, rulers, chosen, strict=True)
        ]
        total = [a + b for a, b in zip(total, block, strict=True)] if total else block
    parts = [
        _table(panel, judged, ruler.thresholds.double().cpu().gather(0, choice.T).T, iou)
        for judged, ruler, choice, iou in zip(total, rulers, chosen, in_sample, strict=True)
    ]
    return _explained(gan, panel, sites, parts, rulers, plan)


@dataclass
class _Steps:
    """Progress over several passes."""

    progress: Progress | None
    total: int
    done: int = 0

    def take(self, n: int) -> None:
        self.done += n
        if self.progress is not None:
            self.progress(self.done, self.total)


def _taken(gan: GAN, plan: Plan, indices: range, steps: _Steps) -> Iterator[Draw]:
    for draw in draws(gan, len(indices), seed=plan.seed, start=indices.start):
        yield draw
        steps.take(len(draw))


def _seen(gan: GAN, panel: Panel, sites: Sequence[SiteShape], taken: Iterator[Draw]) -> Iterator[Seen]:
    for draw in taken:
        with watch(gan.generator, [each.site for each in sites]) as trace:
            pictures = made(gan.generator, draw)
        masks, scores = panel.seen(pictures)
        order = panel.order(draw.indices.start, len(draw))
        masks = None if masks is None else (masks[order] >= 0.5).float()
        yield Seen([trace[each.site] for each in sites], masks, scores[order])


def activity(activation: Tensor) -> Tensor:
    """A unit's mean activation in each picture, (n, units), float64."""
    return activation.double().flatten(2).mean(2).cpu() if activation.ndim > 2 else activation.double().cpu()


def peaks(activation: Tensor) -> Tensor:
    """Its largest."""
    return activation.double().flatten(2).amax(2).cpu() if activation.ndim > 2 else activation.double().cpu()


def _rulers(gan: GAN, panel: Panel, sites: Sequence[SiteShape], taken: Iterator[Draw]) -> tuple[list[Ruler], Tensor]:
    """From a first sample of bounded size."""
    grids = [grid_of(gan, each.site) if panel.masked else None for each in sites]
    held: list[list[Tensor]] = [[] for _ in sites]
    quantiles: list[list[Quantiles]] = [[] for _ in sites]
    scores = []
    for seen in _seen(gan, panel, sites, taken):
        scores.append(seen.scores)
        for place, (activation, grid) in enumerate(zip(seen.activations, grids, strict=True)):
            held[place].append(activity(activation))
            if grid is not None:
                found = [Quantiles.of(rows(grid.up(activation[:, part]))) for part in _parts(activation, grid)]
                before = quantiles[place]
                quantiles[place] = [a + b for a, b in zip(before, found, strict=True)] if before else found
    rulers = []
    for grid, kept, parts in zip(grids, held, quantiles, strict=True):
        cuts = torch.quantile(torch.cat(kept), GRADES, dim=0)
        levels = torch.zeros(len(RATES), cuts.shape[1], dtype=torch.float64, device=cuts.device)
        if parts:
            levels = torch.stack([torch.cat([part.at(1 - rate) for part in parts]) for rate in RATES])
        rulers.append(Ruler(grid, levels.float(), cuts))
    return rulers, torch.quantile(torch.cat(scores), GRADES, dim=0)


def _chosen(blocks: Iterator[Seen], rulers: Sequence[Ruler]) -> list[Tensor]:
    """IoU at each rate on the first sample, (rates, units, masks), by site."""
    sums: list[list[Tensor]] = []
    for seen in blocks:
        assert seen.masks is not None
        block = []
        for activation, ruler in zip(seen.activations, rulers, strict=True):
            assert ruler.grid is not None
            masks = seen.masks.to(activation.device).flatten(2)
            counts = [_counted(activation, part, ruler, masks) for part in _parts(activation, ruler.grid)]
            block.append(torch.cat(counts, 2).cpu())
        sums = [[a + b] for (a,), b in zip(sums, block, strict=True)] if sums else [[b] for b in block]
    return [both / (ends - both).clamp(min=1) for ((both, ends),) in sums]


def _parts(activation: Tensor, grid: Grid, concepts: int = 0) -> Iterator[slice]:
    """Units a few at a time, since their maps are as large as pictures; what is counted does not hang on how many."""
    maps = len(activation) * grid.rows.pixels * grid.columns.pixels * 4
    tables = concepts * GROUP**2 * 8
    step = max(1, HELD // max(maps, tables))
    for first in range(0, activation.shape[1], step):
        yield slice(first, first + step)


def _counted(activation: Tensor, units: slice, ruler: Ruler, masks: Tensor) -> Tensor:
    """(2, rates, units, masks): places where both are on, and where each is, added up."""
    assert ruler.grid is not None
    up, told = ruler.grid.up(activation[:, units]).flatten(2), []
    for threshold in ruler.thresholds[:, units]:
        on = (up > threshold[:, None]).float()
        both = torch.einsum("nup,ncp->uc", on, masks).double()  # exact in float32: fewer than 2^24 pixels a block
        ends = on.sum((0, 2), dtype=torch.float64)[:, None] + masks.sum((0, 2), dtype=torch.float64)
        told.append(torch.stack([both, ends]))
    return torch.stack(told, 1)


def _judged(seen: Seen, activation: Tensor, ruler: Ruler, choice: Tensor, score_cuts: Tensor) -> Judged:
    means, scores = activity(activation), seen.scores
    grades, marks = _graded(means, ruler.cuts), _graded(scores, score_cuts)
    cross = Cross.of(torch.cat([means, peaks(activation), grades], 1), torch.cat([scores, marks], 1))
    overlap = None
    if seen.masks is not None and ruler.grid is not None:
        masks = seen.masks.to(activation.device).flatten(2)
        overlap = beside(
            [
                _overlap(ruler.grid.up(activation[:, part]).flatten(2), masks, ruler.thresholds[:, part], choice[part])
                for part in _parts(activation, ruler.grid, masks.shape[1])
            ]
        )
    return Judged(overlap, link_of(grades, marks), cross)


def _overlap(up: Tensor, masks: Tensor, thresholds: Tensor, choice: Tensor) -> Overlap:
    """At the threshold chosen for each pair: every rate with the units that some concept wants it for."""
    units, concepts = choice.shape
    zeros = torch.zeros(units, concepts, dtype=torch.float64)
    on, both, link = zeros.clone(), zeros.clone(), [zeros.clone() for _ in range(4)]
    for rate in range(len(RATES)):
        wanted = (choice == rate).any(1).nonzero().flatten()
        if not len(wanted):
            continue
        at = wanted.to(up.device)
        found = Overlap.of((up[:, at] > thresholds[rate, at][:, None]).float(), masks)
        mine = choice[wanted] == rate
        values = (found.on, found.both, *vars(found.link).values())
        for kept, value in zip((on, both, *link), values, strict=True):
            kept[wanted] = torch.where(mine, value, kept[wanted])
    return Overlap(len(up) * up.shape[2], on, masks.sum((0, 2), dtype=torch.float64).cpu(), both, Link(*link))


def _graded(values: Tensor, cuts: Tensor) -> Tensor:
    """How many cuts lie below each value, those equal to it by half."""
    wide = values[:, None, :]
    return (cuts < wide).double().sum(1) + 0.5 * (cuts == wide).double().sum(1)


def _table(panel: Panel, judged: Judged, thresholds: Tensor, chosen: Tensor) -> Mapping[str, Tensor]:
    units, concepts = judged.link.excess.shape
    between = judged.cross.correlation().unflatten(0, (3, units)).unflatten(2, (2, concepts))
    blank = torch.full((units, concepts), torch.nan, dtype=torch.float64)
    table = {name: blank.clone() for name in ("iou", "iou_chosen", "ceiling", "threshold", "on_rate")}
    p = judged.link.p("two-sided")
    if judged.overlap is not None:
        found, places = judged.overlap, panel.masked
        table["iou"][:, places], table["iou_chosen"][:, places] = found.iou(), chosen
        table["ceiling"][:, places], table["threshold"][:, places] = found.ceiling(), thresholds
        table["on_rate"][:, places] = found.on / found.pixels
        p[:, places] = found.link.p("greater")
    linear = {"correlation": between[0, :, 0], "correlation_of_peaks": between[1, :, 0]}
    return {**table, **linear, "rank_correlation": between[2, :, 1], "p": p}


def _explained(
    gan: GAN,
    panel: Panel,
    sites: Sequence[SiteShape],
    parts: Sequence[Mapping[str, Tensor]],
    rulers: Sequence[Ruler],
    plan: Plan,
) -> Explanation:
    arrays: dict[str, Array] = {name: torch.cat([part[name] for part in parts]).numpy() for name in parts[0]}
    p = torch.from_numpy(arrays["p"])
    arrays["q"] = benjamini_hochberg(p.flatten()).reshape(p.shape).numpy()
    aligned = [ruler.grid is not None and ruler.grid.measured for ruler in rulers]
    arrays["aligned"] = np.repeat(aligned, [site.channels for site in sites])
    shuffled = "" if panel.shuffle is None else f" Labels were shuffled (seed {panel.shuffle}): no claim is true."
    return Explanation(
        "dissection: labels",
        subject=gan.digest(),
        target="; ".join(panel.names),
        units=unit_names(sites),
        arrays=arrays,
        note=f"Thresholds and grades chosen on samples {plan.choosing.start} to {plan.choosing.stop - 1}, all else "
        f"from {plan.judging.start} to {plan.judging.stop - 1}. p by permutation among {GROUP} pictures, q over "
        f"{p.numel()} pairs (Benjamini-Hochberg).{shuffled}",
        provenance=Provenance.here(seed=plan.seed, digests={"gan": gan.digest()}),
    )


def unit_names(sites: Sequence[SiteShape]) -> tuple[str, ...]:
    return tuple(f"{each.site}:{channel}" for each in sites for channel in range(each.channels))
