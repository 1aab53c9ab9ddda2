"""A change of a run as one line of text: what is done, and from which round until which.

    intervention("game.terms.r1.strength=1.0 from 500")
    intervention("freeze=critic from 500 until 900").holds(899)         # True; round 899 is the last
    intervention("remove=generator.hidden.1:37", begin=500)             # from 500, where the text says nothing else
    str(intervention("perturb=critic:0.01 from 500"))                   # the same text

Rounds are counted over the whole run: "from 500" is the first round after the checkpoint of 500.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ganatomy.errors import UsageError, choose

PLAYERS = ("critic", "generator")
RECIPE = "recipe"  # the kind of a change of a key of the recipe
KEYS = ("game.", "pace.critic", "pace.generator", "pace.both.", "pace.extragradient")
WRITTEN = re.compile(r"(?P<what>[^=\s]+)=(?P<value>.*?)(?:\s+from\s+(?P<begin>\d+))?(?:\s+until\s+(?P<until>\d+))?")
FORM = 'write it as "WHAT=VALUE from ROUND until ROUND", as in "freeze=critic from 500 until 900"'


@dataclass(frozen=True)
class Kind:
    """A sort of intervention: what it does, an example of its value, and what takes a value apart, or refuses it."""

    sentence: str
    example: str
    read: Callable[[str], object]
    once: bool = False  # done at one moment, not held


@dataclass(frozen=True)
class At:
    """A unit of a player, by its place and number."""

    player: str
    site: str
    unit: int
    value: float = 0.0


@dataclass(frozen=True)
class Shake:
    """Whose weights move, and by how much of their own size."""

    player: str
    size: float


def _player(text: str) -> str:
    if text not in PLAYERS:
        raise UsageError(f"the player {text!r} was named", "there are critic and generator")
    return text


def _unit(text: str) -> At:
    player, dot, rest = text.partition(".")
    site, colon, number = rest.rpartition(":")
    if not (dot and colon and site and number.isdecimal()) or set("#[]") & set(site):
        raise UsageError(f"the unit {text!r} was named", "name player, place and number: generator.up1.act:37")
    return At(_player(player), site, int(number))


def _clamped(text: str) -> At:
    unit, equals, value = text.rpartition("=")
    if not equals:
        raise UsageError(f"clamp={text} was given", "say the value it is held at: clamp=generator.up1.act:37=0.5")
    place = _unit(unit)
    return At(place.player, place.site, place.unit, _number(value))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise UsageError(f"{text!r} was given for a number", "a number is written as 0.1 or 1e-3") from error
    if not math.isfinite(value):
        raise UsageError(f"{text!r} was given for a number", "give a finite one")
    return value


def _size(text: str) -> float:
    value = _number(text)
    if value < 0:
        raise UsageError(f"a size of {text} was given", "sizes are 0 or more")
    return value


def _shaken(text: str) -> Shake:
    player, colon, size = text.partition(":")
    if not colon:
        raise UsageError(f"perturb={text} was given", "say whom and how much, relative to the weights: critic:0.01")
    return Shake(_player(player), _size(size))


def _count(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"{text!r} was given for a whole number", "count from 0")
    return int(text)


def _classes(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise UsageError(f"drop-class={text} was given", "name classes of the data, with commas between: 3,8")
    return names


KINDS: dict[str, Kind] = {
    "freeze": Kind("one player keeps its weights", "freeze=critic", _player),
    "drop-class": Kind("pictures of these classes are replaced by others", "drop-class=7", _classes),
    "data-noise": Kind("normal noise on real samples, in units of their format", "data-noise=0.1", _size),
    "remove": Kind("a unit puts out 0", "remove=generator.up1.act:37", _unit),
    "clamp": Kind("a unit puts out one value", "clamp=critic.down1.act:3=0.5", _clamped),
    "critic": Kind("the critic of an earlier checkpoint takes over", "critic=256", _count, once=True),
    "perturb": Kind("noise on all weights of a player, relative to them", "perturb=critic:0.01", _shaken, once=True),
    "randomness": Kind("other batches, latents and noise from here on", "randomness=1", _count),
}


@dataclass(frozen=True)
class Intervention:
    """`what` is a kind or a key of the recipe, `value` as it was written; rounds from `begin`, up to before `until`."""

    what: str
    value: str
    begin: int = 0
    until: int | None = None

    def __post_init__(self) -> None:
        if self.kind == RECIPE and not self.what.startswith(KEYS):
            choose({**KINDS, **{f"{key.rstrip('.')}.…": None for key in KEYS}}, self.what, "intervention")
        if self.until is not None and (self.until <= self.begin or self.once):
            why = "it is done once" if self.once else "it would never hold"
            raise UsageError(f"{self.what!r} from {self.begin} until {self.until} was asked for: {why}", FORM)
        assert self.read is not None

    @property
    def kind(self) -> str:
        return self.what if self.what in KINDS else RECIPE

    @property
    def once(self) -> bool:
        return self.kind != RECIPE and KINDS[self.kind].once

    @property
    def read(self) -> object:
        """The value taken apart; for a key of the recipe the line that `-o` would take."""
        return f"{self.what}={self.value}" if self.kind == RECIPE else KINDS[self.kind].read(self.value)

    def holds(self, round_: int) -> bool:
        """Whether it is done in the round after so many."""
        return self.begin <= round_ and (self.until is None or round_ < self.until)

    def __str__(self) -> str:
        until = "" if self.until is None else f" until {self.until}"
        return f"{self.what}={self.value} from {self.begin}{until}"


def intervention(text: str, *, begin: int = 0) -> Intervention:
    """What is written, from `begin` on where the text names no round."""
    found = WRITTEN.fullmatch(text.strip())
    if found is None or not found["value"]:
        raise UsageError(f"the intervention {text!r} was given", FORM)
    first = begin if found["begin"] is None else int(found["begin"])
    until = None if found["until"] is None else int(found["until"])
    return Intervention(found["what"], found["value"].strip(), first, until)


def older_critics(interventions: Iterable[Intervention]) -> set[int]:
    """The rounds whose critics are to take over again."""
    return {int(each.value) for each in interventions if each.what == "critic"}
