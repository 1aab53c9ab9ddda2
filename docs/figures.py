"""Draws the first screen of the demo's report, as Chromium shows it, and writes down what the demo took.

python docs/figures.py              # runs the demo, some three minutes; needs Debian's chromium
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import chdir
from pathlib import Path

from PIL import Image

from ganatomy.cli.narrator import Narrator
from ganatomy.verbs.demo import demo

DOCS = Path(__file__).absolute().parent
PICTURES = DOCS / "pictures"
MARKED = re.compile(r"(<!-- demo: .*? -->\n).*?(<!-- end of demo -->)", re.DOTALL)
WIDTH, HEIGHT = 1280, 800
QUIETLY = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"


def main() -> None:
    browser = shutil.which("chromium")
    if browser is None:
        raise SystemExit("there is no chromium here: apt-get install chromium")
    narrator, before = Narrator(), time.process_time()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        found = demo(Path("demo"), seed=0, say=narrator.say, progress=narrator.progress)
        narrator.close()
        spent = time.process_time() - before
        screen(browser, found.reported.page, PICTURES / "report.png")
        told = found.reported.report
        claims = sum(len(part.claims) for section in told.sections for part in section.parts)
        figures = sum(len(part.pictures) for section in told.sections for part in section.parts)
        megabytes = found.reported.page.stat().st_size / 1e6
    write(
        f"In one run the demo took {spent:.0f} CPU seconds from the recipe to the page, installation apart; "
        f"its page of {claims} claims and {figures} figures has {megabytes:.2f} MB."
    )


def write(line: str) -> None:
    page = DOCS / "report.md"
    text = page.read_text("utf-8")
    page.write_text(MARKED.sub(lambda found: f"{found[1]}{line}\n{found[2]}", text), "utf-8")


def screen(browser: str, page: Path, out: Path) -> None:
    """The first screen, in few colours, since it is kept with the sources."""
    with tempfile.TemporaryDirectory() as profile:
        shot = Path(profile) / "shot.png"
        words = [browser, *QUIETLY.split(), "--hide-scrollbars", f"--user-data-dir={profile}/p"]
        words += [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={shot}", page.absolute().as_uri()]
        subprocess.run(words, check=True, capture_output=True, timeout=120)
        with Image.open(shot) as picture:
            picture.convert("RGB").quantize(256).save(out, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
