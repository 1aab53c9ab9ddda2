"""Every snippet of the README and the documentation runs: Python blocks whole, `ganatomy` lines through the command."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").glob("**/*.md"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SNIPPETS = [
    (page.relative_to(ROOT), place, language, code)
    for page in PAGES
    for place, (language, code) in enumerate(BLOCK.findall(page.read_text()))
]


def run(arguments: list[str], folder: Path) -> None:
    environment = {**os.environ, "COLUMNS": "120", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.thorough
@pytest.mark.parametrize(("page", "place", "language", "code"), SNIPPETS)
def test_the_snippet_runs(page: Path, place: int, language: str, code: str, tmp_path: Path) -> None:
    if language == "python":
        run([sys.executable, "-c", code], tmp_path)
    elif language in ("sh", "console"):
        for line in filter(None, (line.partition("#")[0].strip() for line in code.splitlines())):
            words = shlex.split(line)
            if words[0] == "ganatomy":
                run([sys.executable, "-m", "ganatomy", *words[1:]], tmp_path)
            else:
                assert words[0] in ("make", "git", "cd"), f"{page}: cannot check {line!r}"
                if words[0] == "make":
                    assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
    else:
        assert language == "text", f"{page}: block {place} says no language"


def test_pages_exist_and_every_link_between_them_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readme_is_a_page_of_at_most_sixty_lines_with_a_picture() -> None:
    text = (ROOT / "README.md").read_text()
    assert text.count("\n") <= 60
    assert re.search(r"!\[[^]]+\]\([^)]+\.png\)", text)
    assert "make demo" in text
    assert "make test" in text


def test_the_pages_of_figures_are_what_their_script_writes() -> None:
    spec = importlib.util.spec_from_file_location("benchmarks", ROOT / "docs" / "benchmarks.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    kept = json.loads(script.KEPT.read_text())
    assert script.page(kept) == script.PAGE.read_text()
    readme = script.README.read_text()
    assert script.BLOCK.sub(lambda match: match[1] + script.summary(kept) + match[2], readme) == readme
    assert script.BLOCK.search(readme)
