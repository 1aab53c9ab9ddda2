"""Writes the picture and the figures of README.md from a run of the demo, and docs/speed.md: `make figures`."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import numpy as np

from ganatomy.bench.rows import table as rows_as_table
from ganatomy.cli.narrator import Narrator
from ganatomy.data.catalogue import load
from ganatomy.data.worlds import WORLDS
from ganatomy.models.disk import load as load_gan
from ganatomy.pictures import Pixels, grid, pixels, write_png
from ganatomy.verbs.bench import bench
from ganatomy.verbs.demo import demo
from ganatomy.verbs.survey import density

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- demo table.*?-->\n).*?(<!-- end of demo table -->)", re.DOTALL)


SPEED = """# Speed

Time against the plain way of doing the same, one thread, both in one process in turn: the median of 15 rounds and the
order statistics that bound it. `make figures` wrote this page; `ganatomy bench speed` measures your machine.

{table}
"""


def main() -> None:
    narrator = Narrator()
    with tempfile.TemporaryDirectory() as folder:
        found = demo(Path(folder), seed=0, say=narrator.say, progress=narrator.progress)
        gan = load_gan(Path(folder) / "gan")
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
    page = (ROOT / "README.md").read_text()
    table = f"```text\n{found.table()}\n```\n"
    (ROOT / "README.md").write_text(BLOCK.sub(lambda match: match[1] + table + match[2], page))
    rows = bench("speed", progress=lambda _done, _total: None).rows
    (ROOT / "docs" / "speed.md").write_text(SPEED.format(table=rows_as_table(rows)))


def side_by_side(*sheets: Pixels, gap: int = 12) -> Pixels:
    """Sheets of one height, with white between them."""
    height = max(sheet.shape[0] for sheet in sheets)
    padded = [np.pad(s, ((0, height - s.shape[0]), (0, gap), (0, 0)), constant_values=255) for s in sheets]
    return np.concatenate(padded, axis=1)[:, :-gap]


if __name__ == "__main__":
    sys.exit(main())
