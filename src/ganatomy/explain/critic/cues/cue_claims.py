"""What the changes of scores under a battery of edits come to: effects, verdicts, findings, sentences.

    effects = claimed({"real": moved, "generated": moved}, smallest=0.2, level=0.95, adjust="holm")
    effects[unit, sort]                                # an Effect, judged together with all others

A claim that a cue is present needs every one of its tests (so the largest p stands for it); that it is absent one of
them, so the smallest counts, times the number of tests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.explain.critic.cues.edits import CONTROLS, CUES
from ganatomy.numerics.statistics.effects import Effect, judged, judged_together, mean_effect
from ganatomy.numerics.statistics.interval import Mean, difference, mean_of, t_interval
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement

FEWEST = 25  # pictures that an edit must be possible on
CONTROL_NAMES = (*CONTROLS, "moved")
COLUMNS = ("effect", "low", "high", "p", "p_absent", "verdict", "size", "possible")
CODES = {"present": 1, "absent": -1, "undetermined": 0}
BLANK = Measurement("not measured", math.nan, 0, "none", "neither")
Units = Sequence[tuple[str, float]]
Effects = Mapping[tuple[int, str], Effect]


@dataclass(frozen=True, eq=False)
class Moved:
    """Of one sort of pictures: scores (n,), their changes (n, units), those under controls (n, units, 3).

    NaN where an edit had no room in a picture. `unit` is what effects are measured in; groups (n,): of the pictures.
    """

    scores: Tensor
    changes: Tensor
    controls: Tensor
    unit: float = 1.0
    groups: Tensor | None = None

    def effect(self, place: int) -> Seen:
        return self._finite(self.changes[:, place])

    def beside(self, place: int, control: int) -> Seen:
        """What a control does."""
        return self._finite(self.controls[:, place, control])

    def excess(self, place: int, control: int) -> Seen:
        """By how much more the score moves than under a control, picture by picture."""
        return self._finite(self.changes[:, place].abs() - self.controls[:, place, control].abs())

    def _finite(self, values: Tensor) -> Seen:
        there = torch.isfinite(values)
        return Seen(values[there] / self.unit, None if self.groups is None else self.groups[there])


@dataclass(frozen=True, eq=False)
class Seen:
    """Numbers of the pictures in which there is one, and the groups of these."""

    values: Tensor
    groups: Tensor | None

    def __len__(self) -> int:
        return len(self.values)

    def mean(self) -> Mean:
        return mean_of(self.values, self.groups)

    def tested(self, *, smallest: float, level: float) -> Effect:
        return mean_effect(self.values, smallest=smallest, groups=self.groups, level=level)


def claimed(seen: Mapping[str, Moved], *, smallest: float, level: float, adjust: str) -> dict[tuple[int, str], Effect]:
    """Of every unit and sort with enough pictures, all as one family."""
    found = {}
    for sort, moved in seen.items():
        for place in range(moved.changes.shape[1]):
            if len(moved.effect(place)) >= FEWEST:
                found[place, sort] = _joint(moved, place, smallest=smallest, level=level)
    if not found:
        return {}
    return dict(zip(found, judged_together(list(found.values()), adjust=adjust), strict=True))


def _joint(moved: Moved, place: int, *, smallest: float, level: float) -> Effect:
    own = moved.effect(place).tested(smallest=smallest, level=level)
    present, absent = [own.p_present], [own.p_absent]
    for control in range(len(CONTROL_NAMES)):
        more = moved.excess(place, control)
        if len(more) >= FEWEST:
            yes, no = more_than(more.mean(), smallest)
            present.append(yes)
            absent.append(no)
    return replace(own, p_present=max(present), p_absent=min(1.0, len(absent) * min(absent)))


def more_than(mean: Mean, smallest: float) -> tuple[float, float]:
    """One-sided: of an excess of `smallest` at most, and of as much at least."""
    # Both tests are those of the size; below zero there is no excess, which the value 0 says with room to spare.
    tested = judged(replace(mean, value=max(mean.value, 0.0)), smallest=smallest)
    return tested.p_present, tested.p_absent


def table_of(seen: Mapping[str, Moved], effects: Effects, *, level: float) -> dict[str, Tensor]:
    """Arrays (units, sorts); `control` (mean change), `excess` and its bounds (units, sorts, controls)."""
    columns = [_column(moved, sort, effects, level=level) for sort, moved in seen.items()]
    table = {name: torch.stack([each[name] for each in columns], 1) for name in columns[0]}
    gap = gap_of(seen)
    table["gap_share"] = torch.full_like(table["effect"], torch.nan)
    if gap is not None and _sure(gap, level):
        sizes = torch.tensor([moved.unit for moved in seen.values()], dtype=torch.float64)
        table["gap_share"] = table["effect"] * sizes / gap.value
    return table


def moves_of(seen: Mapping[str, Moved], *, smallest: float, level: float) -> dict[str, Tensor]:
    """Verdicts on the changes alone, (units, sorts), as a family of their own."""
    units = next(iter(seen.values())).changes.shape[1]
    own = {(at, sort): moved.effect(at) for sort, moved in seen.items() for at in range(units)}
    tested = {key: e.tested(smallest=smallest, level=level) for key, e in own.items() if len(e) >= FEWEST}
    verdicts = dict.fromkeys(own, 0)
    if tested:
        verdicts |= {
            key: CODES[e.verdict] for key, e in zip(tested, judged_together(list(tested.values())), strict=True)
        }
    rows = [[verdicts[at, sort] for sort in seen] for at in range(units)]
    return {"moves": torch.tensor(rows, dtype=torch.int8)}


def _column(moved: Moved, sort: str, effects: Effects, *, level: float) -> dict[str, Tensor]:
    rows, more = [], []
    for place in range(moved.changes.shape[1]):
        change, effect = moved.effect(place).values, effects.get((place, sort))
        values = (
            (math.nan, math.nan, math.nan, math.nan, math.nan)
            if effect is None
            else (effect.value, effect.interval.low, effect.interval.high, effect.p_present, effect.p_absent)
        )
        verdict = float(effect is not None and CODES[effect.verdict])
        size = float(change.abs().mean()) if len(change) else math.nan
        rows.append([*values, verdict, size, len(change) / len(moved.scores)])
        each = [moved.excess(place, control) for control in range(len(CONTROL_NAMES))]
        more.append([_bounded(values, level) for values in each])
    table, excess = torch.tensor(rows, dtype=torch.float64), torch.tensor(more, dtype=torch.float64)
    found = dict(zip(COLUMNS, table.unbind(1), strict=True))
    found["verdict"] = found["verdict"].to(torch.int8)
    found["control"] = moved.controls.nanmean(0) / moved.unit
    return found | {name: excess[..., at] for at, name in enumerate(("excess", "excess_low", "excess_high"))}


def _bounded(seen: Seen, level: float) -> tuple[float, float, float]:
    if len(seen) < FEWEST:
        return math.nan, math.nan, math.nan
    interval = t_interval(seen.mean(), level=level)
    return seen.mean().value, interval.low, interval.high


def gap_of(seen: Mapping[str, Moved]) -> Mean | None:
    """Mean score of real pictures less that of generated ones, as the critic gives them."""
    if len(seen) < 2:
        return None
    real, made = (mean_of(seen[sort].scores, seen[sort].groups) for sort in ("real", "generated"))
    return difference(real, made)


def findings_of(seen: Mapping[str, Moved], units: Units, effects: Effects, *, level: float) -> tuple[Finding, ...]:
    """One for each cue and sort, at the level where it moves the score most."""
    found = []
    for sort, moved in seen.items():
        best: dict[str, int] = {}
        for place, (cue, _) in enumerate(units):
            effect = effects.get((place, sort))
            if effect is not None and effect.verdict == "present":
                before = effects.get((best.get(cue, -1), sort))
                if before is None or abs(effect.value) > abs(before.value):
                    best[cue] = place
        positive = _positive(seen, sort, level)
        for cue, place in best.items():
            found.append(
                replace(
                    _finding(cue, units[place][1], sort, effect=effects[place, sort]),
                    population=f"{len(moved.effect(place))} {sort} pictures that the edit is possible on",
                    replication="picture" if moved.groups is None else "group",
                    positive_control=positive,
                    negative_control=_negative(moved, place, level),
                    family=f"{len(effects)} tests of edits, levels and sorts together",
                )
            )
    return tuple(found)


def _finding(cue: str, size: float, sort: str, *, effect: Effect) -> Finding:
    """Without its pictures and controls."""
    way = "raises" if effect.value > 0 else "lowers"
    strength = f"changed by {size:g} of the range" if size else "taken as it is"
    return Finding(
        claim=f"{cue} {way} the score of {sort} pictures",
        estimand="mean change of the score, in standard deviations of the score over these pictures",
        population="",
        replication="",
        treatment=f"{cue} ({CUES[cue].imitates}), {strength}",
        positive_control=BLANK,
        negative_control=BLANK,
        smallest_effect=effect.smallest,
        family="",
        effect=effect.value,
        interval=effect.interval,
        p=effect.p_present,
        verdict=effect.verdict,
    )


def _negative(moved: Moved, place: int, level: float) -> Measurement:
    """What white noise of equal size does."""
    change = moved.beside(place, 0)
    if len(change) < FEWEST:
        return BLANK
    mean = change.mean()
    interval = t_interval(mean, level=level)
    return Measurement("white noise of equal size", mean.value, len(change), "paired mean", "neither", interval)


def _positive(seen: Mapping[str, Moved], sort: str, level: float) -> Measurement:
    """What exchanging the pictures for the other sort does."""
    gap, name = gap_of(seen), "the other sort's score less this one's"
    if gap is None:
        return BLANK
    turned = (-1.0 if sort == "real" else 1.0) / seen[sort].unit
    scaled = replace(gap, value=gap.value * turned, error=gap.error * abs(turned))
    interval = t_interval(scaled, level=level)
    return Measurement(name, scaled.value, scaled.n, "difference of means", "neither", interval=interval)


def said_of(seen: Mapping[str, Moved], units: Units, effects: Effects, *, smallest: float) -> str:
    said = [
        f"Effects in standard deviations of the score over each sort, smallest of interest {smallest:g}; "
        f"{len(effects)} tests together. Controls in order: {', '.join(CONTROL_NAMES)}, all of equal size."
    ]
    if "real" not in seen:
        said.append("Without real data neither real pictures were edited nor is there a gap to compare with.")
    for sort in seen:
        present = dict.fromkeys(
            cue for place, (cue, _) in enumerate(units) if _is(effects.get((place, sort)), "present")
        )
        if not any(tested == sort for _, tested in effects):
            said.append(f"On {sort} pictures: too few, not tested; edits need {FEWEST} that they are possible on.")
            continue
        said.append(f"On {sort} pictures: {'; '.join(present) or 'no cue'} present.")
        absent = [
            cue
            for cue in dict.fromkeys(cue for cue, _ in units)
            if all(_is(effects.get((at, sort)), "absent") for at, each in enumerate(units) if each[0] == cue)
        ]
        said += [f"Absent at every level: {'; '.join(absent)}."] if absent else []
    enough = any(len(moved.scores) >= FEWEST for moved in seen.values())
    never = [cue for cue in dict.fromkeys(c for c, _ in units) if enough and not _possible(cue, units, effects)]
    said += [f"These pictures have no room for: {'; '.join(never)}."] if never else []
    return " ".join(said)


def _is(effect: Effect | None, verdict: str) -> bool:
    return effect is not None and effect.verdict == verdict


def _possible(cue: str, units: Units, effects: Effects) -> bool:
    return any(units[place][0] == cue for place, _ in effects)


def _sure(gap: Mean, level: float) -> bool:
    return 0.0 not in t_interval(gap, level=level)
