"""When a run is done: a budget, a gap, a plateau, or the first of several; and whether, and when, it converged.

    goal = parse_goal("gap<0.02 or 500k images")
    pursuit = Pursuit(goal)
    goal.spent(step, seen, seconds)                 # after every round: the budget that is used up, or None
    pursuit = pursuit.observe(signals)              # after every probe
    pursuit.met                                     # the gap or plateau that was reached, or None
    pursuit.convergence.sentence()

Both are plain folds: `to_dict` and `from_dict` carry them through a checkpoint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from ganatomy.errors import UsageError

Kind = Literal["steps", "images", "seconds", "gap", "floor", "plateau"]
HOLD = 3  # probes in a row that a gap must stay below its target: one reading can be low by chance
PLATEAU = 10  # probes without improvement
EXAMPLES = "say 5000, 500k images, 90s, 3min, gap<0.02, gap<floor, plateau or plateau(20), joined by ' or '"
FACTORS = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6}
UNITS: dict[str, tuple[Kind, float]] = {
    **dict.fromkeys(("", "step", "steps"), ("steps", 1.0)),
    **dict.fromkeys(("image", "images"), ("images", 1.0)),
    **dict.fromkeys(("s", "second", "seconds"), ("seconds", 1.0)),
    **dict.fromkeys(("min", "minute", "minutes"), ("seconds", 60.0)),
    **dict.fromkeys(("h", "hour", "hours"), ("seconds", 3600.0)),
}
BUDGET = re.compile(r"(\d+(?:\.\d+)?)\s*([kKM]?)\s*([a-z]*)")
GAP = re.compile(r"gap\s*<\s*(?:(floor)|(\d*\.?\d+(?:e-?\d+)?)\s*(%?))")
FLAT = re.compile(r"plateau(?:\(([1-9]\d*)\))?")


@dataclass(frozen=True)
class Stop:
    """One way for a run to end. `amount` counts steps, images, seconds, or a plateau's probes, or is the gap."""

    kind: Kind
    amount: float = 0.0

    def __str__(self) -> str:
        """As it can be parsed again, to the last digit."""
        if self.kind == "floor":
            return "gap<floor"
        if self.kind == "plateau":
            return "plateau" if self.amount == PLATEAU else f"plateau({self.amount:.0f})"
        return f"gap<{self.amount!r}" if self.kind == "gap" else f"{self.amount:.15g} {self.kind}"


@dataclass(frozen=True)
class Goal:
    """The run ends at the first of these."""

    stops: tuple[Stop, ...]

    def __str__(self) -> str:
        return " or ".join(str(stop) for stop in self.stops)

    @property
    def needs_probes(self) -> bool:
        """Whether a stop can only be seen by a probe."""
        return any(stop.kind in ("gap", "floor", "plateau") for stop in self.stops)

    def amount(self, kind: Kind) -> float | None:
        """The smallest amount of a kind, for a progress bar; None where the goal has none."""
        return min((stop.amount for stop in self.stops if stop.kind == kind), default=None)

    def spent(self, step: int, seen: int, seconds: float) -> Stop | None:
        """The budget that is used up."""
        used = {"steps": step, "images": seen, "seconds": seconds}
        return next((stop for stop in self.stops if stop.kind in used and used[stop.kind] >= stop.amount), None)


def parse_goal(text: str | int) -> Goal:
    """From what people write: `5000`, `500k images`, `90s`, `gap<0.02`, `gap<floor`, `plateau(20)`, joined by `or`."""
    parts = re.split(r"\s+or\s+", str(text).strip())
    return Goal(tuple(_stop(part.strip(), str(text)) for part in parts))


def _stop(part: str, text: str) -> Stop:
    if found := FLAT.fullmatch(part):
        return Stop("plateau", float(found[1] or PLATEAU))
    if found := GAP.fullmatch(part):
        if found[1]:
            return Stop("floor")
        target = float(found[2]) / (100 if found[3] else 1)
        if target > 0:
            return Stop("gap", target)
    elif (found := BUDGET.fullmatch(part)) and found[3] in UNITS:
        kind, unit = UNITS[found[3]]
        amount = float(found[1]) * FACTORS[found[2]] * unit
        if amount > 0 and (kind == "seconds" or amount == int(amount)):
            return Stop(kind, amount)
    raise UsageError(f"the goal {text!r} was given" + (f", with {part!r} in it" if part != text else ""), EXAMPLES)


@dataclass(frozen=True)
class Convergence:
    """Whether the gap came below its target and stayed there for HOLD probes, and how many images that took.

    target: a gap, or None for the upper end of the floor: not told apart from real samples. seen: images at the first
    of those probes. best: the lowest gap. A convergence is not taken back; `lost` says that the gap left it again.
    """

    target: float | None = None
    hold: int = HOLD
    held: int = 0
    first: int | None = None
    seen: int | None = None
    lost: int | None = None
    best: float | None = None
    probes: int = 0

    def observe(self, seen: int, gap: float, floor: float) -> Convergence:
        """After a probe: images seen, the gap, and the upper end of its floor."""
        below = gap < (floor if self.target is None else self.target)
        held = self.held + 1 if below else 0
        first = (self.first if self.held else seen) if below else None
        reached = self.seen if self.seen is not None else first if held >= self.hold else None
        lost = self.lost if self.lost is not None or self.seen is None or below else seen
        best = gap if self.best is None else min(self.best, gap)
        return replace(self, held=held, first=first, seen=reached, lost=lost, best=best, probes=self.probes + 1)

    @property
    def converged(self) -> bool:
        return self.seen is not None

    def sentence(self) -> str:
        """For people."""
        target = "the gap of real samples" if self.target is None else f"a gap of {self.target:g}"
        if self.best is None:
            return "Not measured: no probe was taken."
        if self.seen is None:
            return f"Not converged to {target}: the best of {self.probes} probes was {self.best:.3g}."
        after = "" if self.lost is None else f", and left it at {self.lost:,}"
        return f"Converged to {target} after {self.seen:,} images{after}; the best gap was {self.best:.3g}."

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Convergence:
        return cls(**plain)


@dataclass(frozen=True)
class Pursuit:
    """A goal under way. `convergence` is to the goal's gap, or to the floor where the goal names none."""

    goal: Goal
    convergence: Convergence = field(default_factory=Convergence)
    floor: Convergence = field(default_factory=Convergence)
    best: float | None = None
    since: int = 0  # probes since the gap last fell by more than its noise
    met: Stop | None = None

    def __post_init__(self) -> None:
        if self.convergence == Convergence() and (target := self.goal.amount("gap")) is not None:
            object.__setattr__(self, "convergence", Convergence(target))

    def towards(self, goal: Goal) -> Pursuit:
        """The same run under another goal: what is met is asked again, and all is judged anew for another gap."""
        if goal == self.goal:
            return self
        same = all(self.goal.amount(kind) == goal.amount(kind) for kind in ("gap", "floor"))
        return replace(self, goal=goal, met=None) if same else Pursuit(goal)

    def observe(self, signals: Mapping[str, float]) -> Pursuit:
        """After a probe; signals without a gap change nothing."""
        if "gap" not in signals:
            return self
        gap, seen, upper = signals["gap"], int(signals["seen"]), signals["gap.upper"]
        noise = max(upper - signals.get("gap.floor", 0.0), 0.0)
        better = self.best is None or gap < self.best - noise
        now = replace(
            self,
            convergence=self.convergence.observe(seen, gap, upper),
            floor=self.floor.observe(seen, gap, upper),
            best=gap if better else self.best,
            since=0 if better else self.since + 1,
        )
        return replace(now, met=self.met or next((stop for stop in self.goal.stops if now._reached(stop)), None))

    def _reached(self, stop: Stop) -> bool:
        if stop.kind == "gap":
            return self.convergence.converged and stop.amount == self.convergence.target
        if stop.kind == "floor":
            return self.floor.converged
        return stop.kind == "plateau" and self.since >= stop.amount

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"goal": str(self.goal)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Pursuit:
        """After a way through JSON."""
        return cls(
            parse_goal(plain["goal"]),
            Convergence.from_dict(plain["convergence"]),
            Convergence.from_dict(plain["floor"]),
            best=plain["best"],
            since=plain["since"],
            met=None if plain["met"] is None else Stop(**plain["met"]),
        )
