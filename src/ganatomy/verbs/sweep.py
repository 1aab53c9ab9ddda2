"""Sweep a key of a recipe over values, with paired seeds: a table with intervals, saved with its figure.

    told = sweep(planned("digits-mlp", "pace.both.rate=[1e-3, 2e-3, 4e-3]", rounds=800), progress=progress)
    print(told.table())

Values are a YAML list, so that lists and schedules can be swept, too: players.options.hidden=[[64], [128, 256]].
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.atomic import write_text
from ganatomy.errors import UsageError
from ganatomy.experiments.pool import Progress
from ganatomy.experiments.sweep import Row, Sweep, Swept
from ganatomy.experiments.sweep import sweep as play
from ganatomy.training.recipes.read import read_recipe
from ganatomy.training.recipes.text import parsed
from ganatomy.views.canvas import svg
from ganatomy.views.sweeps import swept_values

READING = "gap"


@dataclass(frozen=True, eq=False)
class Told:
    """The rows of one reading."""

    swept: Swept
    reading: str
    rows: tuple[Row, ...]

    def to_dict(self) -> dict[str, Any]:
        asked = self.swept.sweep
        facts = {"recipe": asked.recipe, "key": asked.key, "rounds": asked.rounds, "seeds": asked.seeds}
        return {**facts, "reading": self.reading, "rows": [_plain(row) for row in self.rows]}

    def table(self) -> str:
        asked = self.swept.sweep
        spans = f"{'mean':>10} {'95 % interval':>24} {'change':>10} {'95 % interval':>24}"
        lines = [
            f"{self.reading} after {asked.rounds} rounds of {asked.recipe}, {asked.seeds} seeds; changes from the "
            "first value, seed by seed, Holm over them",
            f"{asked.key:<32} {spans}  verdict      diverged  diversity<.5",
        ]
        return "\n".join([*lines, *(_line(row) for row in self.rows)])


def planned(
    recipe: str,
    vary: str,
    *,
    rounds: int | None = None,
    seeds: int = 5,
    changes: Sequence[str] = (),
    data_dir: Path | None = None,
) -> Sweep:
    """What `vary` asks for: a key, and a list of values. `rounds`: by default as many as the recipe names."""
    key, equals, text = vary.partition("=")
    values = parsed(text, f"the values of {key}") if equals else None
    if not isinstance(values, list):
        raise UsageError(f"{vary!r} was to be swept", "give a key and a list: pace.both.rate=[1e-3, 2e-3]")
    end = read_recipe(recipe, changes).end
    rounds = rounds if rounds is not None else None if end is None else end.steps
    if rounds is None:
        raise UsageError(f"{recipe} does not end after a number of rounds", "say how many: --rounds 1000")
    written = tuple(value if isinstance(value, str) else json.dumps(value) for value in values)
    return Sweep(recipe, key.strip(), written, rounds, seeds, tuple(changes), data_dir)


def sweep(asked: Sweep, *, reading: str = READING, smallest: float = 0.0, progress: Progress) -> Told:
    """All runs, and the rows of one reading; changes below `smallest` are none."""
    swept = play(asked, progress=progress)
    return Told(swept, reading, tuple(swept.rows(reading, smallest=smallest)))


def write(told: Told, folder: Path) -> tuple[Path, ...]:
    """sweep.json and sweep.svg."""
    files = folder / "sweep.json", folder / "sweep.svg"
    table = told.swept.readings[told.reading]
    values = [[value if math.isfinite(value) else None for value in row] for row in table.tolist()]
    whole = told.to_dict() | {"values": values}
    write_text(files[0], json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    write_text(files[1], svg(swept_values(told.swept.sweep.key, told.swept.sweep.values, table, told.reading)))
    return files


def _plain(row: Row) -> dict[str, Any]:
    mean = None if row.mean is None else row.mean.value
    found: dict[str, Any] = {"value": row.value, "mean": mean, "interval": _finite(*row.interval)}
    if row.change is not None:
        change = row.change
        found["change"] = {"value": change.value, "interval": _finite(change.interval.low, change.interval.high)}
        found["change"] |= {"p": change.p_present, "verdict": change.verdict}
    return {**found, "diverged": row.lost, "nearly_alike": row.uniform}


def _finite(low: float, high: float) -> list[float] | None:
    """None where nothing is known of how far it may be off."""
    return [low, high] if math.isfinite(low) and math.isfinite(high) else None


def _line(row: Row) -> str:
    uniform = "-" if row.uniform is None else f"{row.uniform:.0%}"
    mean = "-" if row.mean is None else f"{row.mean.value:.4g}"
    cells = f"{row.value:<32} {mean:>10} {_span(*row.interval):>24}"
    if row.change is None:
        return f"{cells} {'-':>10} {'-':>24}  {'-':<12} {row.lost:>8}  {uniform}"
    span = _span(row.change.interval.low, row.change.interval.high)
    return f"{cells} {row.change.value:>+10.4g} {span:>24}  {row.change.verdict:<12} {row.lost:>8}  {uniform}"


def _span(low: float, high: float) -> str:
    return "-" if _finite(low, high) is None else f"[{low:.4g}, {high:.4g}]"
