"""All concepts of a panel as a set of units at one site may change them, by each way to ablate.

    at = panel_at(gan, "up1.act", measurers, seed=0)
    done = set_effects(at, (3, 4), Latents(0, range(512, 768)))
    done.changes                                  # (n, 3, told), paired by latent, in standard deviations
    done.unlike                                   # (3,): the share of natural activations nearer than the edited ones

Zero, mean and resample as in a dissection of single units (see `values`). Mean and resample move a set up in some
pictures and down in others, so their changes are turned to where zero moves the concept: each unit's way towards zero
counts by its share in what zero does, learnt on the reference. Donors are the latents that come next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.generator.changed import changed, set_to
from ganatomy.explain.generator.concept_at import Latents
from ganatomy.explain.generator.labelling import activity
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import Plan
from ganatomy.explain.generator.sites import SiteShape, named_sites
from ganatomy.explain.generator.tally import Tally, silent
from ganatomy.explain.generator.values import ABLATIONS, Block, Change, Natural, changes, natural_of, pooled
from ganatomy.explain.passes import Draw, Progress, made
from ganatomy.models.gan import GAN
from ganatomy.tracing.edit import Edit
from ganatomy.tracing.replay import Replay
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch

LEARNT = 128  # samples of the reference on which the shares of a set's units are learnt
LEAST = 0.1  # of a unit's mean size: its mean counts as that much at least
WAYS: dict[str, Change] = {name: change for name, change in changes(Plan()).items() if name in ABLATIONS}


@dataclass(frozen=True, eq=False)
class PanelAt:
    """`natural`: what the site does over the reference, and `spread`: how much concepts vary there (0: not at all)."""

    gan: GAN
    replay: Replay
    place: SiteShape
    panel: Panel
    natural: Natural
    spread: Tensor
    tally: Tally = field(default=silent, repr=False)

    def located(self, concept: int) -> tuple[Measurer, int]:
        """The measurer of one of the panel's concepts, and its number there."""
        first = 0
        for measurer in self.panel.measurers:
            if first <= concept < first + len(measurer.concepts):
                return measurer, concept - first
            first += len(measurer.concepts)
        raise UsageError(f"concept {concept} of a panel was asked for", f"it has {first}, from 0")

    def number(self, measurer: Measurer, concept: int) -> int:
        """The other way round."""
        first = 0
        for each in self.panel.measurers:
            if each is measurer:
                return first + concept
            first += len(each.concepts)
        raise UsageError(
            f"{measurer.name!r} is not in the panel of {', '.join(self.panel.names)}", "give a panel with it"
        )


@dataclass(frozen=True, eq=False)
class SetEffects:
    """`changes` (n, ways, told), turned; `unlike` (ways,)."""

    changes: Tensor
    unlike: Tensor


def panel_at(
    gan: GAN, site: str | Site, measurers: Sequence[Measurer], *, seed: int, progress: Progress | None = None
) -> PanelAt:
    """The reference are the first samples of the seed: judge on later ones."""
    panel = Panel(tuple(measurers))
    (place,) = named_sites(gan, next(Latents(seed, range(2)).draws(gan)), [site])
    (natural,), spread = natural_of(gan, [place], panel, plan=Plan(seed=seed), progress=progress)
    return PanelAt(gan, Replay(gan.generator, place.site), place, panel, natural, spread)


def set_effects(at: PanelAt, units: Sequence[int], latents: Latents) -> SetEffects:
    n, chosen = len(latents.indices), list(units)
    others = Latents(latents.seed, range(latents.indices.stop, latents.indices.stop + n))
    parts, unlike = [], torch.zeros(len(WAYS), dtype=torch.float64)
    shares, mean = _shares(at, chosen, latents.seed), at.natural.activity.mean(0)[chosen].cpu()
    small = LEAST * at.natural.size[chosen].clamp(min=1e-300).cpu()
    mean = torch.where(mean < 0, -1.0, 1.0) * mean.abs().maximum(small)
    for draw, donor in zip(latents.draws(at.gan), others.draws(at.gan), strict=True):
        donors = _activation(at, donor)
        edited: list[tuple[Tensor, Tensor]] = []
        edits = [_setting(at, chosen, change, donors, seen=edited) for change in WAYS.values()]
        before, *after = (at.panel.told(pictures) for pictures in changed(at.replay, draw, edits))
        at.tally(len(draw) * len(WAYS))
        table = torch.stack(after, 1) - before[:, None]
        table = torch.where(at.spread > 0, table / at.spread.clamp(min=1e-300), 0.0)
        turned = torch.stack([_turned(old, new, chosen, mean=mean, shares=shares) for old, new in edited], 1)
        turned[:, 0] = 1.0  # zero is the change itself
        parts.append(table * turned)
        unlike += torch.stack([at.natural.manifold.place(pooled(new)).before().sum() for _, new in edited])
    return SetEffects(torch.cat(parts), unlike / n)


def _activation(at: PanelAt, draw: Draw) -> Tensor:
    with watch(at.gan.generator, [at.place.site]) as trace:
        made(at.gan.generator, draw)
    return trace[at.place.site]


def _setting(
    at: PanelAt, units: list[int], change: Change, donors: Tensor, *, seen: list[tuple[Tensor, Tensor]]
) -> Edit:
    """Sets the units, and keeps the activation as it was and as it became in `seen`."""

    def edit(activation: Tensor) -> Tensor:
        nowhere = torch.zeros(len(activation), dtype=torch.int64)
        new = activation.clone()
        new[:, units] = change(Block(at.natural, activation, donors, nowhere), units).transpose(0, 1).to(new)
        seen.append((activation, new))
        return new

    return edit


def _shares(at: PanelAt, units: list[int], seed: int) -> Tensor:
    """What each unit does to each told concept when the set goes to zero, (units, told); what goes only jointly is
    shared out equally. Where nothing goes all count alike."""
    sets = [units, *([unit] for unit in units)]
    zero = torch.zeros(at.place.channels)
    total = torch.zeros(len(sets), len(at.spread), dtype=torch.float64)
    for draw in Latents(seed, range(LEARNT)).draws(at.gan):
        before, *after = (at.panel.told(some) for some in changed(at.replay, draw, [set_to(zero, s) for s in sets]))
        total += torch.stack([(each - before).sum(0) for each in after])
    joint, alone = total[0] / LEARNT, total[1:] / LEARNT
    shares = (alone + (joint - alone.sum(0)) / len(units)) * torch.where(joint < 0, -1.0, 1.0)
    return torch.where(shares.abs().sum(0) > 1e-9 * at.spread, shares, 1.0)


def _turned(old: Tensor, new: Tensor, units: list[int], *, mean: Tensor, shares: Tensor) -> Tensor:
    """(n, told): 1 where the units go, by their shares, where zero goes, -1 where away from it, 0 where they stay."""
    moved = (activity(old)[:, units] - activity(new)[:, units]) / mean
    change, scale = moved @ shares, moved.abs() @ shares.abs()
    return torch.where(change.abs() <= 1e-6 * scale, 0.0, change.sign())
