"""What a set's effect is held against: its own beginnings, random sets, the whole site, the best single units.

    beside = compared(target, units, latents, plan=SetPlan(), spread=sd, rival=(0, 1))
    beside.curve                                  # an Effect for the first 1, 2, ... units
    beside.controls[0]                            # (n, sets): random sets as large as the first unit alone

All of setting to zero, paired by latent, in standard deviations of the concept. Random sets are as large and as active
as the part of the set that they are held against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.explain.generator.concept_at import ConceptAt, Latents
from ganatomy.explain.generator.matching import Apart, sets_apart
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.effects import Effect, mean_effect
from ganatomy.numerics.statistics.permutation import Permuted, against_controls
from ganatomy.results.record import Array

BAND = 0.05  # of the random sets lie below the band, and as many above


@dataclass(frozen=True, eq=False)
class Beside:
    """`controls`: a table (n, sets) for each beginning; `every`: (n,), all units of the site.

    `inserted` is in the measurer's own units: it is read at one place, where a mask varies otherwise than its mean.
    """

    curve: tuple[Effect, ...]
    controls: tuple[Tensor, ...]
    apart: Apart
    every: Tensor
    inserted: Effect
    rival: tuple[int, ...] | None
    versus: Effect | None

    @property
    def special(self) -> Permuted:
        return against_controls(abs(self.curve[-1].value), self.controls[-1].mean(0).abs())

    def arrays(self) -> Mapping[str, Array]:
        """`band`: for each beginning the mean, a low and a high quantile of random sets."""
        bands = [_band(each.mean(0)) for each in self.controls]
        return {
            "curve": torch.tensor([_row(effect) for effect in self.curve]).numpy(),
            "band": torch.stack(bands).numpy(),
            "controls": self.controls[-1].mean(0).numpy(),
            "inserted": torch.tensor(_row(self.inserted)).numpy(),
        }

    def said(self) -> str:
        inserted, special = self.inserted, self.special
        said = [
            f"Against {len(self.apart.sets)} random sets of the same {self.apart.how}: specificity"
            f" p = {special.p:.3g} (not below {special.floor:.3g} with so few).",
            f"Inserted at one place it changes what is read there by {inserted.value:.3g}"
            f" [{inserted.interval.low:.3g}, {inserted.interval.high:.3g}], in the measurer's own units.",
        ]
        if self.versus is not None and self.rival is not None:
            low, high = self.versus.interval.low, self.versus.interval.high
            said.append(
                f"Against the top {len(self.rival)} by single effect ({', '.join(map(str, self.rival))}) it changes the"
                f" concept by {self.versus.value:.3g} [{low:.3g}, {high:.3g}] more: a difference is"
                f" {self.versus.verdict}."
            )
        elif self.rival is not None:
            said.append("It is the set of the largest single effects.")
        return " ".join(said)


def compared(
    target: ConceptAt,
    units: Sequence[int],
    latents: Latents,
    *,
    rival: Sequence[int] | None,
    controls: int,
    spread: float,
) -> Beside:
    """`spread`: the standard deviation in which changes are told; 0: all of them are."""
    target = replace(target, off=torch.zeros_like(target.off))
    prefixes = [tuple(units[: size + 1]) for size in range(len(units))]
    stream = Stream(latents.seed, "unit sets/controls")
    pools = [sets_apart(each, target.mass, controls, stream=stream.child(str(len(each)))) for each in prefixes]
    other = rival is not None and set(rival) != set(units)
    rivals = [tuple(rival)] if rival is not None and other else []
    wanted = [*prefixes, tuple(range(target.place.channels)), *rivals, *(each for pool in pools for each in pool.sets)]
    changes = target.without(wanted, latents) * (1 / spread if spread > 0 else 0.0)
    head = len(units) + 1 + len(rivals)
    least = target.least
    versus = mean_effect(changes[:, len(units) - 1] - changes[:, len(units) + 1], smallest=least) if other else None
    return Beside(
        tuple(mean_effect(changes[:, place], smallest=least) for place in range(len(units))),
        changes[:, head:].split([len(pool.sets) for pool in pools], 1),
        pools[-1],
        changes[:, len(units)],
        mean_effect(target.inserted([units], latents)[:, 0], smallest=target.smallest),
        None if rival is None else tuple(rival),
        versus,
    )


def _row(effect: Effect) -> list[float]:
    return [effect.value, effect.interval.low, effect.interval.high]


def _band(means: Tensor) -> Tensor:
    return torch.stack([means.mean(), means.quantile(BAND), means.quantile(1 - BAND)])
