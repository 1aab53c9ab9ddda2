"""What a fork has shown, as rows, pictures and findings in the twin's folder.

told_of_pair(beside(run, twin), Path(twin))         # fork.svg: both side by side, and a table
told_of_effect(effect(run, ...), Path(twin))        # findings/fork-gap: a finding and its course over the rounds
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganatomy.atomic import write_text
from ganatomy.errors import UsageError, nearest
from ganatomy.experiments.forks import Forked
from ganatomy.results.folder import save
from ganatomy.verbs.answers import FIGURE
from ganatomy.verbs.fork import READINGS, Beside
from ganatomy.views.canvas import svg
from ganatomy.views.forks import effect_over_rounds, side_by_side

PICTURE = "fork.svg"


def told_of_pair(pair: Beside, folder: Path) -> dict[str, Any]:
    """Of each reading the last round after the fork that both were read at; without any of them no picture."""
    rows: list[dict[str, Any]] = []
    for name in pair.names:
        ours, theirs = (
            {row["step"]: row[name] for row in rows_ if name in row} for rows_ in (pair.original, pair.twin)
        )
        step = max(ours.keys() & theirs.keys(), default=0)
        if step > pair.at:
            rows.append({"reading": name, "round": int(step), "as it was": ours[step], "twin": theirs[step]})
    if rows:
        write_text(folder / PICTURE, svg(side_by_side(pair)))
    files = [str(folder / PICTURE)] if rows else []
    return {"rows": rows, "table": _table(rows, pair.at), "files": files}


def require_readings(names: Sequence[str], pair: Beside) -> None:
    """Those that are to be judged are taken in this game; told before the base runs are played."""
    known = sorted({name for row in pair.twin for name in row})
    for name in names:
        if known and name not in known:
            raise UsageError(f"there is no reading {name!r}", nearest(name, known))


def told_of_effect(whole: Forked, folder: Path, readings: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """A finding for each reading; by default the main ones that every arm has."""
    names = list(readings or [name for name in READINGS if name in whole.readings])
    found = []
    for name, finding in zip(names, whole.findings(names, seed=whole.fork.bases[0]), strict=True):
        place, course = folder / "findings" / f"fork-{name}", whole.course(name)
        save(finding, place)
        write_text(place / FIGURE, svg(effect_over_rounds(course)))
        bounds = [finding.interval.low, finding.interval.high]
        known = all(map(math.isfinite, bounds))
        span = f"[{bounds[0]:.3g}, {bounds[1]:.3g}]" if known else "(the base runs agree too little for an interval)"
        said = (
            f"{name}: {finding.verdict}; {finding.effect:+.3g} {span} after "
            f"{course.rounds[-1]} rounds, {len(whole.fork.bases)} base runs, p {finding.p:.2g}. {finding.note}"
        )
        found.append(
            {
                "reading": name,
                "verdict": finding.verdict,
                "effect": finding.effect,
                "interval": bounds if known else None,
                "p": finding.p,
                "horizon": course.horizon,
                "said": said,
                "folder": str(place),
            }
        )
    return found


def _table(rows: Sequence[dict[str, Any]], at: int) -> str:
    if not rows:
        return f"The run has no readings after round {at} to lay beside those of the twin."
    lines = [f"{'reading':<20} {'round':>7} {'as it was':>12} {'twin':>12}"]
    lines += [f"{r['reading']:<20} {r['round']:>7} {r['as it was']:>12.4g} {r['twin']:>12.4g}" for r in rows]
    return "\n".join(lines)
