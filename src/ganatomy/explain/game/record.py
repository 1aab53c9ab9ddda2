"""What a run wrote down, as columns over rounds: the material of an account.

record = recorded("runs/0001-digits-mlp-s0")        # or record_of(rows, name="mine") of lines as in metrics.jsonl
record.rounds                                      # (n,) int64: the rounds that were looked at
rounds, values = record.course("gap")              # where it was read
record.alarms                                      # in order: what was noticed, by which readings
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.training.health.rule import Rule
from ganatomy.training.health.rules import RULES, rules_with
from ganatomy.training.recipes.read import recipe_text
from ganatomy.training.recipes.schema import Recipe
from ganatomy.training.runs.checkpoint import steps_of
from ganatomy.training.runs.folder import PROVENANCE, Run, open_run
from ganatomy.training.runs.metrics import WORDS, read_metrics
from ganatomy.training.runs.status import read_status

LINES = ("log", "probe")
NOT_READ = ("step", "seen", "seconds", "kind")


@dataclass(frozen=True)
class Spoken:
    """An alarm as it was written: which rule, when, by which readings."""

    rule: str
    step: int
    sentence: str
    advice: str
    evidence: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Record:
    """`readings` by name, float64 over `rounds`, NaN where a line lacks them. `rows`: the lines as signals, in order.

    `rules` are those that the run was judged by. `steps`: its checkpoints. `recipe` is None where none is known.
    `state`, `reason`: how it stands, as its status says. `damaged`: lines of metrics.jsonl that were left out.
    `data_dir`: where its data lay, if that was said when it was trained.
    """

    name: str
    rounds: Tensor
    readings: Mapping[str, Tensor]
    rows: tuple[Mapping[str, float], ...] = ()
    alarms: tuple[Spoken, ...] = ()
    rules: Mapping[str, Rule] = field(default_factory=lambda: dict(RULES))
    steps: tuple[int, ...] = ()
    recipe: Recipe | None = None
    folder: Path | None = None
    state: str = ""
    reason: str = ""
    damaged: int = 0
    data_dir: str = ""

    @property
    def first(self) -> int:
        return int(self.rounds[0])

    @property
    def last(self) -> int:
        return int(self.rounds[-1])

    def course(self, name: str, first: float = -math.inf, last: float = math.inf) -> tuple[Tensor, Tensor]:
        """Rounds and values of a reading where it was taken, from one round to another; none where it never was."""
        values = self.readings.get(name)
        if values is None:
            return torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.float64)
        there = torch.isfinite(values) & (self.rounds >= first) & (self.rounds <= last)
        return self.rounds[there], values[there]

    def median(self, name: str, first: float = -math.inf, last: float = math.inf) -> float:
        """NaN where it was not read."""
        values = self.course(name, first, last)[1]
        return float(values.quantile(0.5)) if len(values) else math.nan

    def limit(self, rule: str, side: str) -> float:
        """Of this run's rules; those of the house where the run has switched it off."""
        return float(getattr(self.rules.get(rule, RULES[rule]), side))


def recorded(folder: str | Path) -> Record:
    """The record in a run's folder."""
    run = open_run(folder)
    recipe = recipe_text(run.config, source=str(run.folder / "config.yaml"))
    rows, damaged = _lines(run)
    found = record_of(rows, name=run.folder.name, rules=rules_with(recipe.health))
    status = read_status(run.folder)
    return replace(
        found,
        steps=tuple(steps_of(run)),
        recipe=recipe,
        folder=run.folder,
        state=status.state,
        reason=status.reason,
        damaged=damaged,
        data_dir=_data_dir(run),
    )


def _lines(run: Run) -> tuple[list[dict[str, Any]], int]:
    """As `read_metrics` reads them; of a file that it refuses, the lines that are whole, and how many are not."""
    try:
        return read_metrics(run), 0
    except InputError:
        if not run.metrics.is_file():
            raise
    *whole, _torn = run.metrics.read_bytes().split(b"\n")
    read = [_line(raw) for raw in whole if raw.strip()]
    return [row for row in read if row is not None], sum(row is None for row in read)


def _line(raw: bytes) -> dict[str, Any] | None:
    """None for one that is damaged."""
    try:
        row = json.loads(
            raw, object_hook=lambda found: {key: WORDS.get(str(value), value) for key, value in found.items()}
        )
        fits = isinstance(row["step"], int) and (row.get("kind") != "alarm" or isinstance(row["rule"], str))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return dict(row) if fits else None


def _data_dir(run: Run) -> str:
    """From the command that trained it."""
    try:
        command = json.loads((run.folder / PROVENANCE).read_text("utf-8"))["command"]
        words = [part for word in shlex.split(command) for part in word.split("=", 1)]
        return words[words.index("--data-dir") + 1]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ""


def record_of(rows: Sequence[Mapping[str, Any]], *, name: str, rules: Mapping[str, Rule] | None = None) -> Record:
    """From lines as in metrics.jsonl: a step, a kind, and readings; of two lines of one round the later one counts."""
    lines = [row for row in rows if row.get("kind", "log") in LINES]
    if not lines:
        raise InputError(f"{name} has no readings", "train it with cadence.log and cadence.probe above 0")
    if any(late["step"] < early["step"] for early, late in pairwise(lines)):
        raise UsageError(f"the lines of {name} are not in the order of their rounds", "give them as they were written")
    signals = tuple({key: float(value) for key, value in row.items() if _number(value)} for row in lines)
    merged: dict[int, dict[str, float]] = {}
    for row in signals:
        merged.setdefault(int(row["step"]), {}).update(row)
    names = sorted({key for row in merged.values() for key in row} - set(NOT_READ))
    table = {
        key: torch.tensor([row.get(key, math.nan) for row in merged.values()], dtype=torch.float64) for key in names
    }
    alarms = tuple(_spoken(row) for row in rows if row.get("kind") == "alarm")
    judged = dict(RULES) if rules is None else rules
    return Record(name, torch.tensor(list(merged), dtype=torch.int64), table, signals, alarms, judged)


def _spoken(row: Mapping[str, Any]) -> Spoken:
    evidence = {name: float(value) for name, value in row.get("evidence", {}).items()}
    return Spoken(row["rule"], int(row["step"]), row.get("sentence", ""), row.get("advice", ""), evidence)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
