"""Draws the picture of README.md, with digits of a run of the demo: `make figures`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from ganatomy.cli.narrator import Narrator
from ganatomy.data.catalogue import load
from ganatomy.data.plane import density
from ganatomy.data.worlds import WORLDS
from ganatomy.pictures import Pixels, grid, pixels, write_png
from ganatomy.verbs.demo import demo
from ganatomy.verbs.subject import subject

ROOT = Path(__file__).parents[1]


def main() -> None:
    narrator = Narrator()
    with tempfile.TemporaryDirectory() as folder:
        demo(Path(folder), seed=0, say=narrator.say, progress=narrator.progress)
        (run,) = (Path(folder) / "runs").iterdir()
        gan = subject(run)
    narrator.close()
    digits, shapes = load("digits"), load("shapes")
    write_png(
        ROOT / "docs" / "overview.png",
        side_by_side(
            grid(pixels(digits.read(range(36)), digits.format), scale=5, gap=3),
            grid(pixels(gan.sample(0, range(36)), gan.format), scale=5, gap=3),
            grid(pixels(shapes.read(range(16)), shapes.format), scale=2, gap=1),
            density(WORLDS["spiral"](), side=261),
        ),
    )


def side_by_side(*sheets: Pixels, gap: int = 12) -> Pixels:
    """Sheets of one height, with white between them."""
    height = max(sheet.shape[0] for sheet in sheets)
    padded = [np.pad(s, ((0, height - s.shape[0]), (0, gap), (0, 0)), constant_values=255) for s in sheets]
    return np.concatenate(padded, axis=1)[:, :-gap]


if __name__ == "__main__":
    sys.exit(main())
