"""When units and directions became what they are: the effect of the same one at every checkpoint of a run.

    film = {16: early, 512: later, 3500: gan}           # GANs by round; the last is what the others become
    found = emergence(film, measurers, plan=Emergence())
    found.units.units, found.units.arrays["since"]      # "up1.act:37 and loops"; the round, -1 for not at the end
    found.likeness.arrays["cka"]                        # (layers, checkpoints): how much each is like at the end

What to follow is chosen at the last checkpoint, on latents of its own: the units that do most to a concept when they
are at zero, and the leading directions of the first weights. What it does is then measured at every checkpoint on the
same other latents, paired, in standard deviations of the concept over the last checkpoint's samples. It is there since
the first checkpoint from which on every effect is present, with one sign, in a family of all (Benjamini-Hochberg).
Beside each stands a control, a unit of like activation or a random direction, and the same concept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.game.likeness import likenesses
from ganatomy.explain.generator.controls import nearest
from ganatomy.explain.generator.labelling import activity
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.sites import SiteShape, named_sites
from ganatomy.explain.generator.suffix import Suffix
from ganatomy.explain.latent.directions import HELD_OUT, Directions, random_directions
from ganatomy.explain.latent.explained import explained
from ganatomy.explain.latent.moving import moved
from ganatomy.explain.latent.sefa import sefa
from ganatomy.explain.passes import Draw, Progress, draws, made
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.effects import Effect, judged_together, mean_effect
from ganatomy.results.explanation import Explanation

ALIKE = 8  # units of the nearest activation, one of which is the control
SIGN = {"present": 1, "absent": -1, "undetermined": 0}
NEVER = -1
Film = Mapping[int, GAN]
Pair = tuple[Tensor, Tensor]  # samples before and after a change


@dataclass(frozen=True)
class Emergence:
    """`choosing`, `images`: latents to choose on and to measure on. `units`, `directions`: how many are followed."""

    choosing: int = 64
    images: int = 128
    units: int = 4
    directions: int = 4
    seed: int = 0
    smallest: float = 0.1
    sites: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class Cause:
    """Something that is followed, or its control: what it does to samples of any checkpoint, and to which concept."""

    name: str
    concept: int
    change: Callable[[GAN, Draw], Pair]


@dataclass(frozen=True, eq=False)
class Emerged:
    """`directions` is None where the generator has no first weights to take them from, and `why` says so."""

    units: Explanation
    directions: Explanation | None
    likeness: Explanation
    why: str = ""


def emergence(
    film: Film, measurers: Sequence[Measurer], *, plan: Emergence, progress: Progress | None = None
) -> Emerged:
    if len(film) < 2:
        raise UsageError(
            f"emergence over {len(film)} checkpoint was asked for",
            "it wants earlier checkpoints: train with cadence.milestones on",
        )
    last, panel = film[max(film)], Panel(tuple(measurers))
    if not measurers:
        raise UsageError("emergence was asked for without a concept", "give one: --concept file.py:function")
    sites = named_sites(last, next(draws(last, 2, seed=plan.seed)), plan.sites)
    spread = torch.cat([panel.told(made(last.generator, draw)) for draw in draws(last, 256, seed=plan.seed)]).std(0)
    spread = spread[: len(panel.names)]
    units = _units(last, panel, sites, spread, plan)
    followed = _followed(film, panel, units, spread, plan=plan, progress=progress)
    likeness = likenesses(film, [str(site.site) for site in sites], n=256, seed=plan.seed)
    try:
        ways = _directions(last, panel, spread, plan)
    except GanatomyError as error:
        return Emerged(followed, None, likeness, f"No directions are followed: {error.said}.")
    return Emerged(followed, _followed(film, panel, ways, spread, plan=plan, progress=progress), likeness)


def _units(gan: GAN, panel: Panel, sites: Sequence[SiteShape], spread: Tensor, plan: Emergence) -> list[Cause]:
    """Those that do most at the last checkpoint, no two for one concept before each has one; each with a control."""
    table = [(site, *_effects(gan, panel, site, spread, plan)) for site in sites if site.channels > 1]
    ranked = sorted(
        (
            (float(size), place, unit)
            for place, (_, effects, _) in enumerate(table)
            for unit, size in _most(effects)
            if size > 0
        ),
        key=lambda row: -row[0],
    )
    chosen = _spread_over([(place, unit, int(table[place][1][unit].abs().argmax())) for _, place, unit in ranked], plan)
    found: list[Cause] = []
    for place, unit, concept in chosen:
        site, _, loud = table[place]
        other = _control(loud, unit, Stream(plan.seed, f"emergence/{site.site}"))
        found += [_unit(site, unit, concept, panel), _unit(site, other, concept, panel)]
    if not found:
        raise UsageError("no unit changes any concept at the last checkpoint", "name other places with --sites")
    return found


def _spread_over(ranked: Sequence[tuple[int, int, int]], plan: Emergence) -> list[tuple[int, int, int]]:
    """Of (place, unit, concept) in order: first the first for each concept, then the first of what is left."""
    firsts = list({row[2]: row for row in reversed(ranked)}.values())
    order = sorted(firsts, key=ranked.index) + [row for row in ranked if row not in firsts]
    return order[: plan.units]


def _most(effects: Tensor) -> list[tuple[int, float]]:
    return list(enumerate(effects.abs().amax(1).tolist()))


def _control(loud: Tensor, unit: int, stream: Stream) -> int:
    near = nearest(loud, unit, ALIKE)
    return int(near[int(stream.integers(range(unit, unit + 1), len(near))[0])])


def _effects(gan: GAN, panel: Panel, site: SiteShape, spread: Tensor, plan: Emergence) -> tuple[Tensor, Tensor]:
    """How much each unit at zero moves each concept at least, two errors off, (units, concepts); its mean size."""
    suffix, kept, loud = Suffix(gan.generator, site.site), [], torch.zeros(())
    for draw in draws(gan, plan.choosing, seed=plan.seed):
        start = suffix.begin(draw)
        before = _told(panel, start.pictures)
        kept.append(
            torch.stack(
                [_told(panel, suffix.changed(start, [[unit]], 0.0)[0]) - before for unit in range(site.channels)]
            )
        )
        loud = loud + activity(start.activation.abs()).sum(0) / plan.choosing
    moved_by = torch.cat(kept, 1)
    sure = (moved_by.mean(1).abs() - 2 * moved_by.std(1) / plan.choosing**0.5).clamp(min=0.0)
    return torch.where(spread > 0, sure / spread.clamp(min=1e-300), 0.0), loud


def _unit(site: SiteShape, unit: int, concept: int, panel: Panel) -> Cause:
    def change(gan: GAN, draw: Draw) -> Pair:
        suffix = Suffix(gan.generator, site.site)
        start = suffix.begin(draw)
        return start.pictures, suffix.changed(start, [[unit]], 0.0)[0]

    return Cause(f"{site.site}:{unit} and {panel.names[concept]}", concept, change)


def _directions(gan: GAN, panel: Panel, spread: Tensor, plan: Emergence) -> list[Cause]:
    """Of the first weights at the last checkpoint, each with the concept that it moves most; and random ones."""
    found = sefa(gan, k=min(plan.directions, gan.latent.dim))
    controls = random_directions(gan, len(found), seed=plan.seed)
    causes = []
    for place in range(len(found)):
        total = torch.zeros(())
        for draw in draws(gan, plan.choosing, seed=plan.seed):
            before, after = _along(found, place)(gan, draw)
            total = total + (_told(panel, after) - _told(panel, before)).sum(0)
        concept = int(torch.where(spread > 0, total / spread.clamp(min=1e-300), 0.0).abs().argmax())
        for each in (found, controls):
            causes.append(Cause(f"{each.names[place]} and {panel.names[concept]}", concept, _along(each, place)))
    return causes


def _along(found: Directions, place: int) -> Callable[[GAN, Draw], Pair]:
    def change(gan: GAN, draw: Draw) -> Pair:
        return moved(gan, draw, found, place=place, steps=-1.0), moved(gan, draw, found, place=place, steps=1.0)

    return change


def _followed(
    film: Film,
    panel: Panel,
    causes: Sequence[Cause],
    spread: Tensor,
    *,
    plan: Emergence,
    progress: Progress | None,
) -> Explanation:
    """At every checkpoint; causes and their controls take turns."""
    rounds, effects = sorted(film), []
    for done, (number, cause) in enumerate((number, cause) for cause in causes for number in rounds):
        effects.append(_effect(film[number], panel, cause, spread, plan))
        if progress is not None:
            progress(done + 1, len(causes) * len(rounds))
    judged = judged_together(effects)
    rows = [judged[at : at + len(rounds)] for at in range(0, len(judged), len(rounds))]
    return _explained(film, causes, rows, plan)


def _effect(gan: GAN, panel: Panel, cause: Cause, spread: Tensor, plan: Emergence) -> Effect:
    differences = []
    for draw in draws(gan, plan.images, seed=plan.seed, start=HELD_OUT):
        before, after = cause.change(gan, draw)
        differences.append((_told(panel, after) - _told(panel, before))[:, cause.concept])
    scale = float(spread[cause.concept])
    values = torch.cat(differences) / scale if scale > 0 else torch.zeros(plan.images, dtype=torch.float64)
    return mean_effect(values, smallest=plan.smallest)


def since(effects: Sequence[Effect]) -> int | None:
    """The place of the first from which on all are present with the sign of the last; None where the last is not."""
    sign = effects[-1].value > 0
    there = [effect.verdict == "present" and (effect.value > 0) == sign for effect in effects]
    return next((place for place in range(len(there)) if all(there[place:])), None)


def begun_said(start: int, first: int) -> str:
    """Of something that is there at the first checkpoint nobody knows since when."""
    return f"already at the first checkpoint, round {first}" if start == first else f"since round {start}"


def _explained(film: Film, causes: Sequence[Cause], rows: Sequence[Sequence[Effect]], plan: Emergence) -> Explanation:
    rounds = sorted(film)
    places = [since(row) for row in rows]
    begun = [NEVER if place is None else rounds[place] for place in places]
    told = [
        f"{cause.name} {begun_said(start, rounds[0])} (effect at the end {row[-1].value:.2g})"
        if start != NEVER
        else f"{cause.name} not shown to be there at the end"
        for cause, start, row in zip(causes[::2], begun[::2], rows[::2], strict=True)
    ]
    wrong = sum(start != NEVER for start in begun[1::2])
    note = (
        f"{'; '.join(told)}. Of {len(causes) // 2} controls {wrong} also reach the end with an effect. In standard "
        f"deviations of the concept; smallest effect {plan.smallest:g}; {plan.images} latents, {len(rounds)} "
        f"checkpoints, {len(causes) * len(rounds)} tests (Benjamini-Hochberg)."
    )
    pick: dict[str, Callable[[Effect], float]] = {
        "effect": lambda each: each.value,
        "low": lambda each: each.interval.low,
        "high": lambda each: each.interval.high,
        "claim": lambda each: float(SIGN[each.verdict]),
    }
    arrays = {
        name: torch.tensor([[get(each) for each in row] for row in rows], dtype=torch.float64)
        for name, get in pick.items()
    }
    arrays |= {
        "since": torch.tensor(begun),
        "control": torch.tensor([place % 2 == 1 for place in range(len(causes))]),
        "rounds": torch.tensor(rounds).expand(len(causes), -1),
    }
    names = [cause.name + (" (control)" if place % 2 else "") for place, cause in enumerate(causes)]
    last = film[rounds[-1]]
    return explained(last, "emergence", "effects over rounds", units=names, arrays=arrays, note=note, seed=plan.seed)


def _told(panel: Panel, pictures: Tensor) -> Tensor:
    return panel.told(pictures)[:, : len(panel.names)].double()
