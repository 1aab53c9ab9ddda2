"""Does the score hang on something beside the point? A battery of controlled edits of real and generated pictures.

    found = cues(gan, held_out, plan=CuePlan(n=256))
    found.told.units, found.told.arrays["effect"]     # ("light mark, top left, 0.02", ...), (units, 2): real, generated
    found.told.arrays["verdict"]                      # present, absent, undetermined; all judged together
    found.findings                                    # one for each cue and sort that is present

The effect is the paired change of the score, in standard deviations of the score over that sort. A cue is present where
the mean change is beyond the smallest effect of interest and the score moves more, by that much again, than under each
control of equal size: white noise, a smooth random field, and for what has a place the same at another place. It is
absent where the change, or its excess over a control, is within the smallest: what moves the score as much as noise of
its size is no cue, however much that is. `moves` says whether the score moves at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.cues.cue_claims import FEWEST, Moved, claimed, findings_of, moves_of, said_of, table_of
from ganatomy.explain.critic.cues.edits import (
    CONTROLS,
    CUES,
    Address,
    Given,
    cues_for,
    edited,
    in_range,
    in_unit,
    matched,
)
from ganatomy.explain.critic.lots import Lot, fakes, reals
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.latent.explained import explained
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding


@dataclass(frozen=True)
class CuePlan:
    """n pictures of each sort; levels as shares of the range; `smallest` in standard deviations of the score."""

    n: int = 256
    seed: int = 0
    levels: tuple[float, ...] = (0.02, 0.05, 0.1)
    smallest: float = 0.2
    level: float = 0.95
    adjust: str = "benjamini-hochberg"

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(float(each) for each in self.levels))
        if self.n < FEWEST:
            raise UsageError(f"edits of {self.n} pictures were planned", f"take {FEWEST} or more")
        if not self.levels or min(self.levels) <= 0 or max(self.levels) >= 1:
            raise UsageError(
                f"edits of levels {self.levels} were planned", "levels are shares of the range, as in 0.05"
            )


@dataclass(frozen=True, eq=False)
class Battery:
    """What was measured as arrays, and the cues that are present as findings."""

    told: Explanation
    findings: tuple[Finding, ...]


DEFAULT = CuePlan()


def cues(
    gan: GAN, real: Dataset | None = None, *, plan: CuePlan = DEFAULT, progress: Progress | None = None
) -> Battery:
    """Without real data, on generated pictures alone."""
    scorer, units = Scorer(gan), units_of(gan, plan)
    sorts = {} if real is None else {"real": reals(gan, real, plan.n)}
    sorts |= {"generated": fakes(gan, plan.n, seed=plan.seed, progress=progress)}
    seen = _comparable({name: _moved(gan, scorer, lots, units=units, plan=plan) for name, lots in sorts.items()})
    effects = claimed(seen, smallest=plan.smallest, level=plan.level, adjust=plan.adjust)
    arrays = table_of(seen, effects, level=plan.level) | moves_of(seen, smallest=plan.smallest, level=plan.level)
    arrays["level"] = torch.tensor([level for _, level in units], dtype=torch.float64)
    arrays["smallest"] = torch.full((len(units),), plan.smallest, dtype=torch.float64)
    names = [name_of(*each) for each in units]
    note = said_of(seen, units, effects, smallest=plan.smallest)
    told = explained(gan, "cues", scorer.unit, units=names, arrays=arrays, note=note, seed=plan.seed)
    words = {"cue": np.array([cue for cue, _ in units]), "sorts": np.tile(np.array(tuple(seen)), (len(units), 1))}
    told = replace(told, arrays={**told.arrays, **words})
    findings = findings_of(seen, units, effects, level=plan.level)
    return Battery(told, tuple(replace(each, provenance=told.provenance) for each in findings))


def units_of(gan: GAN, plan: CuePlan) -> list[tuple[str, float]]:
    """Cue and level; what is taken as it is comes once, with the level 0."""
    return [(name, level) for name in cues_for(gan.format) for level in ((0.0,) if CUES[name].whole else plan.levels)]


def name_of(cue: str, level: float) -> str:
    return f"{cue}, {level:g}" if level else cue


def _moved(gan: GAN, scorer: Scorer, lots: Iterable[Lot], *, units: list[tuple[str, float]], plan: CuePlan) -> Moved:
    scores, changes, controls, ids, first = [], [], [], [], 0
    for lot in lots:
        address = Address(plan.seed, range(first, first + len(lot)))
        block = _Block(gan, scorer, lot, address)
        plain = {level: block.controls(level) for level in plan.levels}
        done = [block.moved(cue, level, plain) for cue, level in units]
        scores.append(block.base)
        changes.append(torch.stack([change for change, _ in done], 1))
        controls.append(torch.stack([others for _, others in done], 1))
        ids += [] if lot.groups is None else [lot.groups]
        first += len(lot)
    groups = torch.cat(ids) if ids else None
    return Moved(torch.cat(scores), torch.cat(changes), torch.cat(controls), groups=groups)


class _Block:
    """Consecutive pictures, and what edits of them do to their scores."""

    def __init__(self, gan: GAN, scorer: Scorer, lot: Lot, address: Address) -> None:
        self.gan, self.scorer, self.labels, self.address = gan, scorer, lot.labels, address
        self.unit = in_unit(lot.pictures, gan.format)
        self.base = self._scores(self.unit)

    def moved(self, cue: str, level: float, plain: dict[float, Tensor]) -> tuple[Tensor, Tensor]:
        """The change of each score (n,), and under each control (n, 3); NaN where a picture has no room for it."""
        done, found = edited(cue, self.unit, level=level, address=self.address), CUES[cue]
        change = torch.where(done.reached, self._scores(done.pictures) - self.base, torch.nan)
        others = self.controls(done.size) if found.whole else plain[level]
        there = torch.full_like(change, torch.nan)
        if found.moved is not None:
            there = self._change(found.moved(Given(self.unit, level, self.address)), done.size)
        return change, torch.cat([others, there[:, None]], 1)

    def controls(self, level: float | Tensor) -> Tensor:
        """(n, 2), in the order of CONTROLS."""
        size = torch.as_tensor(level).to(self.unit).expand(len(self.unit))
        strength = float(size.max())
        return torch.stack(
            [self._change(make(Given(self.unit, strength, self.address)), size) for make in CONTROLS.values()], 1
        )

    def _change(self, change: Tensor, size: Tensor) -> Tensor:
        done = matched(self.unit, change, size)
        return torch.where(done.reached, self._scores(done.pictures) - self.base, torch.nan)

    def _scores(self, unit: Tensor) -> Tensor:
        with torch.no_grad():
            scores: Tensor = self.scorer(in_range(unit, self.gan.format), self.labels).double().cpu()
        if not bool(torch.isfinite(scores).all()):
            raise InputError("the critic's scores hold NaN or infinite values", "check its weights, and the pictures")
        return scores


def _comparable(seen: dict[str, Moved]) -> dict[str, Moved]:
    """Every sort with a spread of scores to measure in: its own, or where it has none that of all pictures."""
    whole = torch.cat([each.scores for each in seen.values()])
    if not float(whole.std()) > 0:
        raise InputError("the critic gives all pictures the same score", "give a critic that looks at pictures")
    return {name: replace(each, unit=float(each.scores.std()) or float(whole.std())) for name, each in seen.items()}
