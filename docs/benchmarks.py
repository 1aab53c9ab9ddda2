"""Runs benchmarks and writes what they found into docs/benchmarks.md and the README's table: `make bench`.

python docs/benchmarks.py                 # all of them, most of an hour on two cores
python docs/benchmarks.py ring engine     # these; the others keep what was measured before
python docs/benchmarks.py --write         # none: the pages from what was measured before
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from operator import add
from pathlib import Path
from typing import Any

from ganatomy.atomic import write_text
from ganatomy.bench.rows import beside
from ganatomy.cli.narrator import Narrator
from ganatomy.results.provenance import Provenance
from ganatomy.verbs.bench import BENCHES, bench

DOCS = Path(__file__).parent
README, PAGE, KEPT = DOCS.parent / "README.md", DOCS / "benchmarks.md", DOCS / "benchmarks.json"
BLOCK = re.compile(r"(<!-- benchmarks.*?-->\n).*?(<!-- end of benchmarks -->)", re.DOTALL)
IN_README = ("ring", "grid", "digits", "stacked", "mnist", "engine", "alarms")
INTRO = """# Benchmarks

Written by `make bench`, which measures all of this anew; `ganatomy bench NAME` measures a part. A machine that others
use, too, has no single speed: times are CPU seconds, or ratios taken in turn in one process, with the order statistics
that bound their median. Where all seeds have to meet a target the value is the worst of them, and the name lists all.
A target is missed only if the whole interval misses it.
"""


def main(names: list[str]) -> None:
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in names:
        narrator = Narrator()
        try:
            found = bench(name, progress=narrator.progress(name))
        finally:
            narrator.close()
        kept[name] = {
            "rows": [row.to_dict() for row in found.rows],
            "day": datetime.now(UTC).strftime("%Y-%m-%d"),
            "versions": dict(Provenance.here().versions),
        }
        write_text(KEPT, json.dumps(kept, indent=1) + "\n")
    write_text(PAGE, page(kept))
    text = README.read_text()
    write_text(README, BLOCK.sub(lambda match: match[1] + summary(kept) + match[2], text))


def page(kept: dict[str, Any]) -> str:
    parts = [INTRO]
    for name in BENCHES:
        if name not in kept:
            continue
        versions = kept[name]["versions"]
        parts.append(f"## {name}\n\n{kept[name]['day']}, torch {versions['torch']}, Python {versions['python']}.\n")
        cells, notes = beside(kept[name]["rows"])
        head, rule = "| measured | value | 95 % interval | unit | target | met |", "|---|--:|---|---|---|---|"
        parts.append(f"{head}{' published |' * bool(notes)}\n{rule}{'---|' * bool(notes)}")
        lines = [line(row) for row in kept[name]["rows"]]
        ends = [f" {cell} |" if notes else "" for cell in cells]
        parts.append("\n".join(map(add, lines, ends)) + "\n")
        parts += [*notes, ""] if notes else []
    return "\n".join(parts)


def line(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    interval = f"{figure(low)} to {figure(high)}" if low < high else ""
    met = "" if row["target"] is None else "yes" if row["ok"] else "**no**"
    return f"| {row['name']} | {figure(row['value'])} | {interval} | {row['unit']} | {row['target'] or ''} | {met} |"


def summary(kept: dict[str, Any]) -> str:
    """A line a subject: its figures with their targets, and whether all were met."""
    subjects: dict[str, list[dict[str, Any]]] = {}
    for row in (row for name in IN_README if name in kept for row in kept[name]["rows"]):
        subject, colon, _ = row["name"].partition(": ")
        if colon and (row["target"] is not None or "training" in row["name"]):
            subjects.setdefault(subject, []).append(row)
    lines = ["| what | measured (target) | met |", "|---|---|---|"]
    for subject, rows in subjects.items():
        met = all(row["ok"] for row in rows)
        lines.append(f"| {subject} | {'; '.join(short(row) for row in rows)} | {'yes' if met else '**no**'} |")
    return "\n".join(lines) + "\n"


def short(row: dict[str, Any]) -> str:
    name = (
        re.sub(r"(,| \().*", "", row["name"].partition(": ")[2])
        if "training" in row["name"]
        else row["name"].partition(": ")[2]
    )
    name = re.sub(r" \([^()]*\)$", "", name)
    target = f" ({row['target'].replace('>=', '≥').replace('<=', '≤')})" if row["target"] else ""
    unit = f" {row['unit']}" if row["unit"] in ("CPU seconds", "minutes") else ""
    return f"{name} {figure(row['value'])}{unit}{target}"


def figure(value: float) -> str:
    """Three digits are enough."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    given = sys.argv[1:]
    main([] if given == ["--write"] else given or list(BENCHES))
