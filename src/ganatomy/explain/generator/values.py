"""What units are set to: nothing, their mean, what another sample had, or a high level at a place.

    natural = natural_of(gan, shapes, panel, plan=plan)       # one pass over the reference sample
    for name, change in CHANGES.items():
        values = change(block, channels)             # (channels, n, *places)

Ablations: `zero`; `mean`, the unit's mean at each place over the reference; `resample`, what the unit did in another
sample, by address. Insertion: `insert`, a high level (a quantile of its largest activations) at the plan's place.
Setting to the mean or to another sample's value moves a unit up in some pictures and down in others, so that the mean
change is about nil whatever the unit does; the change is therefore turned to where the activation falls (`falls`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.explain.generator.labelling import activity, peaks
from ganatomy.explain.generator.manifold import Manifold
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import REFERENCE, Plan
from ganatomy.explain.generator.sites import SiteShape
from ganatomy.explain.passes import Progress, draws, made
from ganatomy.explain.spread import rounding, varies
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.tracing.trace import watch

POOLED = 8  # cells a side to which maps are averaged before distances are taken


@dataclass(frozen=True, eq=False)
class Natural:
    """Of one site over the reference sample: mean map (units, *places), high level and mean size of each unit.

    `activity`: each unit's mean activation in each sample of the reference.
    """

    mean: Tensor
    level: Tensor
    size: Tensor
    activity: Tensor
    manifold: Manifold


@dataclass(frozen=True, eq=False)
class Block:
    """Activations of some samples, what the same units did in their donors, and the cell of each (n,)."""

    natural: Natural
    activation: Tensor
    donors: Tensor
    cells: Tensor


Change = Callable[[Block, Sequence[int]], Tensor]


def natural_of(
    gan: GAN, sites: Sequence[SiteShape], panel: Panel, *, plan: Plan, progress: Progress | None = None
) -> tuple[list[Natural], Tensor]:
    """Every site's, and the standard deviation of what the panel tells (0: the same for all samples)."""
    told: list[Tensor] = []
    digits: Tensor | None = None
    running = [_Running() for _ in sites]
    for draw in draws(gan, REFERENCE, seed=plan.seed, progress=progress):
        with watch(gan.generator, [each.site for each in sites]) as trace:
            pictures = made(gan.generator, draw)
        told.append(panel.told(pictures))
        digits = rounding(panel.told, pictures) if digits is None else digits
        for each, site in zip(running, sites, strict=True):
            each.add(trace[site.site])
    assert digits is not None
    return [each.natural(plan.peak) for each in running], _spread(torch.cat(told), digits)


@dataclass(eq=False)
class _Running:
    """The reference is of a fixed size, so that tables of it may be kept."""

    total: Tensor | None = None
    sizes: list[Tensor] = field(default_factory=list)
    means: list[Tensor] = field(default_factory=list)
    high: list[Tensor] = field(default_factory=list)
    small: list[Tensor] = field(default_factory=list)

    def add(self, activation: Tensor) -> None:
        block = activation.double().sum(0)
        self.total = block if self.total is None else self.total + block
        self.sizes.append(activity(activation.abs()))
        self.means.append(activity(activation))
        self.high.append(peaks(activation))
        self.small.append(pooled(activation))

    def natural(self, peak: float) -> Natural:
        assert self.total is not None
        held, half = torch.cat(self.small), REFERENCE // 2
        return Natural(
            self.total / REFERENCE,
            torch.quantile(torch.cat(self.high), peak, dim=0),
            torch.cat(self.sizes).mean(0),
            torch.cat(self.means),
            Manifold.fit(held[:half], held[half:]),
        )


def block_of(natural: Natural, activation: Tensor, donors: Tensor, indices: range, *, plan: Plan) -> Block:
    """The cell of a sample goes with its address."""
    space = tuple(activation.shape[2:])
    if isinstance(plan.place, str):
        cells = Stream(plan.seed, "dissection/place").integers(indices, max(prod(space), 1))
    else:
        row, column = plan.place
        height, width = space if len(space) == 2 else (1, 1)
        if not (0 <= row < height and 0 <= column < width):
            raise UsageError(
                f"units were to be set in cell ({row}, {column}) of a map of {height} x {width}",
                "name one inside of every site, or 'random' or 'all'",
            )
        cells = torch.full((len(indices),), row * width + column)
    return Block(natural, activation, donors, cells.to(activation.device))


def zero(block: Block, channels: Sequence[int]) -> Tensor:
    return torch.zeros_like(block.activation[:, channels]).transpose(0, 1)


def mean(block: Block, channels: Sequence[int]) -> Tensor:
    held = block.natural.mean[channels].to(block.activation)
    return held[:, None].expand(-1, len(block.activation), *held.shape[1:])


def resample(block: Block, channels: Sequence[int]) -> Tensor:
    return block.donors[:, channels].transpose(0, 1)


def insert(block: Block, channels: Sequence[int]) -> Tensor:
    """In one cell of each sample; what has no places is set as a whole."""
    level = block.natural.level[channels].to(block.activation)
    old = block.activation[:, channels].transpose(0, 1)
    if old.ndim == 2:
        return level[:, None].expand_as(old)
    flat = old.flatten(2).clone()
    flat.scatter_(
        2, block.cells[None, :, None].expand(len(flat), -1, 1), level[:, None, None].expand(-1, flat.shape[1], 1)
    )
    return flat.reshape(old.shape)


def insert_everywhere(block: Block, channels: Sequence[int]) -> Tensor:
    level = block.natural.level[channels].to(block.activation)
    old = block.activation[:, channels].transpose(0, 1)
    return level.view(-1, *[1] * (old.ndim - 1)).expand_as(old)


ABLATIONS = ("zero", "mean", "resample")
INTERVENTIONS = (*ABLATIONS, "insert")


def changes(plan: Plan) -> Mapping[str, Change]:
    inserted = insert_everywhere if plan.place == "all" else insert
    return {"zero": zero, "mean": mean, "resample": resample, "insert": inserted}


def falls(block: Block, values: Tensor, channels: Sequence[int]) -> Tensor:
    """1 where a unit's mean activation falls by its new values, -1 where it rises, 0 where it stays: (channels, n)."""
    before = activity(block.activation[:, channels]).T
    after = activity(values.flatten(0, 1)[:, None])[:, 0].reshape(before.shape)
    change = before - after
    scale = before.abs().maximum(after.abs())
    return torch.where(change.abs() <= 1e-6 * scale, 0.0, change.sign())


def pooled(activation: Tensor) -> Tensor:
    """(n, units, places), on the CPU, of at most POOLED x POOLED places."""
    if activation.ndim == 4 and max(activation.shape[2:]) > POOLED:
        activation = nn.functional.adaptive_avg_pool2d(activation.float(), POOLED)
    return activation.float().flatten(2).cpu() if activation.ndim > 2 else activation.float()[:, :, None].cpu()


def _spread(told: Tensor, digits: Tensor) -> Tensor:
    """Rounding is no spread."""
    sd = told.std(0)
    return torch.where(varies(told.mean(0), sd, rounding=digits), sd, 0.0)
