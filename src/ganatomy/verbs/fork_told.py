"""What a fork has shown, as rows, pictures and findings in the twin's folder.

told_of_pair(beside(run, twin), Path(twin))         # fork.svg: both side by side, and a table
told_of_effect(effect(run, ...), Path(twin))        # findings/fork-gap: a finding and its course over the rounds
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganatomy.atomic import write_text
from ganatomy.experiments.forks import Forked
from ganatomy.results.folder import save
from ganatomy.verbs.explain import FIGURE
from ganatomy.verbs.fork import READINGS, Beside
from ganatomy.views.canvas import svg
from ganatomy.views.forks import effect_over_rounds, side_by_side

PICTURE = "fork.svg"


def told_of_pair(pair: Beside, folder: Path) -> dict[str, Any]:
    """Rows of the last round that both were read at; without any reading no picture."""
    rows: list[dict[str, Any]] = []
    if pair.names:
        write_text(folder / PICTURE, svg(side_by_side(pair)))
    for name in pair.names:
        ours, theirs = ([row for row in rows if name in row] for rows in (pair.original, pair.twin))
        if ours and theirs and ours[-1]["step"] > pair.at:
            step = ours[-1]["step"]
            rows.append({"reading": name, "round": step, "as it was": ours[-1][name], "twin": theirs[-1][name]})
    return {"rows": rows, "table": _table(rows, pair.at), "files": [str(folder / PICTURE)] if pair.names else []}


def told_of_effect(whole: Forked, folder: Path, readings: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """A finding for each reading; by default the main ones that every arm has."""
    names = list(readings or [name for name in READINGS if name in whole.readings])
    found = []
    for name, finding in zip(names, whole.findings(names, seed=whole.fork.bases[0]), strict=True):
        place, course = folder / "findings" / f"fork-{name}", whole.course(name)
        save(finding, place)
        write_text(place / FIGURE, svg(effect_over_rounds(course)))
        interval = finding.interval
        said = (
            f"{name}: {finding.verdict}; {finding.effect:+.3g} [{interval.low:.3g}, {interval.high:.3g}] after "
            f"{course.rounds[-1]} rounds, {len(whole.fork.bases)} base runs, p {finding.p:.2g}. {finding.note}"
        )
        found.append(
            {
                "reading": name,
                "verdict": finding.verdict,
                "effect": finding.effect,
                "interval": [interval.low, interval.high],
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
