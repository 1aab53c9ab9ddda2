"""What leaves the house: a model card, written from the facts of the report.

export_card("runs/0001-digits-mlp-s0")                # runs/0001-digits-mlp-s0/model-card.md
"""

from __future__ import annotations

from pathlib import Path

from ganatomy.atomic import write_text
from ganatomy.errors import UsageError
from ganatomy.models.gan import GAN
from ganatomy.report.card import card
from ganatomy.verbs.places import require_usable
from ganatomy.verbs.report import BY_DEFAULT, facts_of, place_of_report
from ganatomy.verbs.reporting.collected import Asking, Progress, Say

CARD = "model-card"
MARK = "---\nlibrary_name: ganatomy\n"  # of our cards


def export_card(
    gan: GAN | str | Path,
    *,
    out: Path | None = None,
    asking: Asking = BY_DEFAULT,
    say: Say = lambda _line: None,
    progress: Progress = lambda _name: lambda _done, _total: None,
) -> Path:
    """Beside where the report lies by default; what is not known stands there as not recorded."""
    place = out or _beside(place_of_report(gan))
    if place.suffix.lower() not in (".md", ".markdown") or place.is_dir():
        raise UsageError(f"the card was to be written to {place}", "name a Markdown file, as in README.md")
    if place.exists() and not place.read_text("utf-8", errors="replace").startswith(MARK):
        raise UsageError(f"{place}, where the card would go, holds something else", "choose another name: --out")
    require_usable(place.parent)
    write_text(place, card(facts_of(gan, asking, say=say, progress=progress)))
    return place


def _beside(report: Path) -> Path:
    return report.with_name(report.stem.replace("report", CARD, 1) + ".md")
