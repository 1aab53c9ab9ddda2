"""One concept as units at one site may change it: what a set of units takes away, and what it puts where it is put.

    target = concept_at(gan, "up1.act", measurer, 0, latents=Latents(0, range(256)))
    target.without([(3,), (4,), (3, 4)], latents)       # (n, 3): score after ablation less score before, by latent
    target.inserted([(3,), (4,)], latents)              # (n, 2): the same after insertion at one cell a sample

An ablated unit shows `off` everywhere; an inserted one shows `on` at one cell, drawn anew for each sample, and a mask
is then read over the pixels of that very cell. A concept that is a score, or a site without height and width, is
changed and read as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.explain.concepts.measurer import Measurer, masks, scores
from ganatomy.explain.generator.alignment import grid_of
from ganatomy.explain.generator.changed import changed, set_to
from ganatomy.explain.generator.plan import SMALLEST
from ganatomy.explain.generator.sites import SiteShape, named_sites
from ganatomy.explain.generator.tally import Tally, silent
from ganatomy.explain.passes import Draw, draws, made
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Moments, Quantiles, rows
from ganatomy.tracing.edit import Edit
from ganatomy.tracing.replay import Replay
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch

PEAK = 0.99  # an inserted unit shows this quantile of its peaks over samples
ABLATIONS: dict[str, Callable[[Moments], Tensor]] = {  # what an ablated unit shows
    "zero": lambda moments: torch.zeros_like(moments.mean),
    "mean": lambda moments: moments.mean,
}
Sets = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Latents:
    """Which samples: consecutive numbers of a seed."""

    seed: int
    indices: range

    def draws(self, gan: GAN) -> Iterator[Draw]:
        return draws(gan, len(self.indices), seed=self.seed, start=self.indices.start)


@dataclass(frozen=True, eq=False)
class ConceptAt:
    """`mass` is each unit's mean size; `mean` and `sd` are of the score; `windows` (cells, height, width), if any.

    `least`: the smallest effect of interest, in standard deviations. `tally` is told of pictures as they are judged.
    """

    gan: GAN
    replay: Replay
    place: SiteShape
    measurer: Measurer
    concept: int
    off: Tensor
    on: Tensor
    mass: Tensor
    mean: float
    sd: float
    windows: Tensor | None
    least: float = SMALLEST
    tally: Tally = field(default=silent, repr=False)

    @property
    def name(self) -> str:
        return self.measurer.concepts[self.concept]

    @property
    def smallest(self) -> float:
        """In the units of the score."""
        return self.least * self.sd

    def score(self, pictures: Tensor, measurer: Measurer | None = None) -> Tensor:
        self.tally(len(pictures))
        return scores(measurer or self.measurer, pictures)[:, self.concept]

    def without(self, sets: Sets, latents: Latents, measurer: Measurer | None = None) -> Tensor:
        """Score after the ablation of each set less score before, (n, sets), float64, paired by latent."""

        parts = []
        for draw in latents.draws(self.gan):
            pictures = changed(self.replay, draw, [self.ablation(units) for units in sets])
            before, *after = (self.score(some, measurer) for some in pictures)
            parts.append(torch.stack(after, dim=1) - before[:, None])
        return torch.cat(parts)

    def inserted(self, sets: Sets, latents: Latents) -> Tensor:
        """What is read where each set was put, after less before, (n, sets)."""
        parts = []
        for draw in latents.draws(self.gan):
            cells = self.cells(draw, latents.seed)
            pictures = changed(self.replay, draw, [self.insertion(units, cells) for units in sets])
            before, *after = (self.read_at(some, cells) for some in pictures)
            parts.append(torch.stack(after, dim=1) - before[:, None])
        return torch.cat(parts)

    def ablation(self, units: Sequence[int]) -> Edit:
        return set_to(self.off, units)

    def insertion(self, units: Sequence[int], cells: Tensor | None) -> Edit:
        change = set_to(self.on, units)
        if cells is None:
            return change
        return lambda a: torch.where(self.at(cells).to(a.device), change(a), a)

    def cells(self, draw: Draw, seed: int) -> Tensor | None:
        """One cell a sample, among those that own pixels; None where the whole is changed."""
        if self.windows is None:
            return None
        owning = self.windows.any(2).any(1).nonzero().flatten()
        return owning[Stream(seed, "unit sets/cells").integers(draw.indices, len(owning))]

    def at(self, cells: Tensor) -> Tensor:
        """(n, 1, *space), true at each sample's cell."""
        flat = torch.nn.functional.one_hot(cells, self.place.space[0] * self.place.space[1]).bool()
        return flat.reshape(-1, 1, *self.place.space)

    def read_at(self, pictures: Tensor, cells: Tensor | None) -> Tensor:
        """The mean of the mask over the pixels of each sample's cell, or the score."""
        if cells is None or self.windows is None:
            return self.score(pictures)
        self.tally(len(pictures))
        return windowed(masks(self.measurer, pictures)[:, self.concept].double(), self.windows[cells])


def windowed(mask: Tensor, windows: Tensor) -> Tensor:
    """Mean of (n, height, width) over windows of the same shape."""
    inside = windows.to(mask)
    return (mask * inside).sum((1, 2)) / inside.sum((1, 2))


def concept_at(
    gan: GAN,
    site: str | Site,
    measurer: Measurer,
    concept: int,
    *,
    latents: Latents,
    ablate: str = "zero",
    smallest: float = SMALLEST,
) -> ConceptAt:
    """`ablate`: zero, or the unit's mean over these latents. `smallest`: in standard deviations of the concept."""
    off = choose(ABLATIONS, ablate, "way to ablate")
    if not 0 <= concept < len(measurer.concepts):
        raise UsageError(
            f"concept {concept} of {measurer.name!r} was asked for", f"it has {len(measurer.concepts)}, from 0"
        )
    (place,) = named_sites(gan, next(latents.draws(gan)), [site])
    values, sizes, tops, told_of = _surveyed(gan, place, measurer, concept, latents)
    return ConceptAt(
        gan,
        Replay(gan.generator, place.site),
        place,
        measurer,
        concept,
        off=off(values).float(),
        on=tops.at(PEAK).float(),
        mass=sizes.mean,
        mean=float(told_of.mean),
        sd=float((told_of.squares / told_of.n).sqrt()),
        windows=_windows(gan, place, measurer),
        least=smallest,
    )


def _surveyed(
    gan: GAN, place: SiteShape, measurer: Measurer, concept: int, latents: Latents
) -> tuple[Moments, Moments, Quantiles, Moments]:
    """Of the activation, of its size, of its peaks, and of the score."""
    found = None
    for draw in latents.draws(gan):
        with watch(gan.generator, [place.site]) as trace:
            pictures = made(gan.generator, draw)
        maps = trace[place.site].float().cpu()
        flat, peaks = rows(maps), maps.reshape(len(maps), place.channels, -1).amax(2)
        told = Moments.of(scores(measurer, pictures)[:, [concept]])
        now = (Moments.of(flat), Moments.of(flat.abs()), Quantiles.of(peaks), told)
        found = now if found is None else (found[0] + now[0], found[1] + now[1], found[2] + now[2], found[3] + now[3])
    assert found is not None
    return found


def _windows(gan: GAN, place: SiteShape, measurer: Measurer) -> Tensor | None:
    """The pixels of each cell; a cell may own none."""
    if measurer.kind != "mask" or not place.spatial or place.space == (1, 1):
        return None
    grid = grid_of(gan, place.site)
    sides = []
    for axis in (grid.rows, grid.columns):
        line = torch.arange(axis.pixels)
        ends = [axis.extent(cell) for cell in range(axis.cells)]
        sides.append(torch.stack([(line >= low) & (line < high) for low, high in ends]))
    return (sides[0][:, None, :, None] & sides[1][None, :, None, :]).reshape(-1, *gan.format.shape[1:])
