"""Carries experiments out and writes what came out into docs/experiments.md.

python docs/experiments.py                        # all of them
python docs/experiments.py two-time-scales        # these; the others keep what was found before
python docs/experiments.py --write                # none: the page from what was found before
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ganatomy.atomic import write_text
from ganatomy.cli.narrator import Narrator
from ganatomy.experiments.catalogue import EXPERIMENTS
from ganatomy.verbs.experiment import FIGURE
from ganatomy.verbs.experiment import experiment as carried_out

DOCS = Path(__file__).parent
PAGE, KEPT, PICTURE = DOCS / "experiments.md", DOCS / "experiments.json", DOCS / "pictures" / "experiment.svg"
SHOWN = "batch-norm-couples"  # whose figure the page shows
BLOCK = re.compile(r"(<!-- experiments.*?-->\n).*?(<!-- end of experiments -->)", re.DOTALL)


def main(names: list[str]) -> None:
    for name in names:
        narrator = Narrator()
        with tempfile.TemporaryDirectory() as folder:
            done = carried_out(name, out=Path(folder), progress=narrator.progress(name))
            if name == SHOWN:
                PICTURE.parent.mkdir(exist_ok=True)
                write_text(PICTURE, (Path(folder) / FIGURE).read_text())
        narrator.close()
        told = {key: value for key, value in done.to_dict().items() if key not in ("folder", "why")}
        kept = _kept()  # read now: another process may have written meanwhile
        kept[name] = told | {"day": datetime.now(UTC).strftime("%Y-%m-%d")}
        write_text(KEPT, json.dumps(kept, indent=1) + "\n")
        write_text(PAGE, page(kept, PAGE.read_text()))
    write_text(PAGE, page(_kept(), PAGE.read_text()))


def _kept() -> dict[str, Any]:
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def page(kept: dict[str, Any], text: str) -> str:
    """The text with its table as it should be."""
    return BLOCK.sub(lambda match: match[1] + table(kept) + match[2], text)


def table(kept: dict[str, Any]) -> str:
    head = ["experiment", "claim", "verdict", "change", "smallest", "should show", "should not"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for name, experiment in EXPERIMENTS.items():
        cells = (
            _cells(name, kept[name])
            if name in kept
            else [f"`{name}`", experiment.claim, "not carried out yet", *[""] * 4]
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cells(name: str, told: dict[str, Any]) -> list[str]:
    _, treated, positive, negative = told["arms"]
    changes = [_with_interval(arm) for arm in (treated, positive, negative)]
    said = f"{told['verdict']}: {told['note'][0].lower()}{told['note'][1:].rstrip('.')}"
    return [f"`{name}`", told["claim"], said, changes[0], f"{told['smallest']:g}", *changes[1:]]


def _with_interval(arm: dict[str, Any]) -> str:
    if arm["low"] is None:
        return f"{arm['change']:.3g}"
    return f"{arm['change']:.3g} [{arm['low']:.3g}, {arm['high']:.3g}]"


if __name__ == "__main__":
    asked = sys.argv[1:]
    sys.exit(main([] if asked == ["--write"] else asked or list(EXPERIMENTS)))
