"""The core of tracing is small enough to be read at one sitting, and stays so."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ganatomy.tracing import edit, site, trace, unit, visit

CORE = (site, visit, trace, edit, unit)  # all that `watch`, `edit` and units are made of
LINES, SAID = 150, 30  # without and of errors: what was asked, and what would work


def counted(source: str) -> tuple[int, int]:
    """Lines of code that do something, and lines that word errors; no imports, docstrings, comments or blanks."""
    tree, left_out, said = ast.parse(source), set[int](), set[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            left_out |= _lines(node.body[0])
        if isinstance(node, ast.Import | ast.ImportFrom):
            left_out |= _lines(node)
        if isinstance(node, ast.Raise) or (
            isinstance(node, ast.Assign) and _names(node) <= {"said", "remedy", "NEVER"}
        ):
            said |= _lines(node)
    written = {n for n, line in enumerate(source.splitlines(), 1) if line.strip() and not line.strip().startswith("#")}
    return len(written - left_out - said), len(said)


def _lines(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or 0) + 1))


def _names(node: ast.Assign) -> set[str]:
    return {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}


def test_the_whole_core_stays_small() -> None:
    counts = [counted(Path(module.__file__ or "").read_text()) for module in CORE]
    assert sum(code for code, _ in counts) <= LINES
    assert sum(said for _, said in counts) <= SAID


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ('"""A docstring."""\n\nimport os\n# a comment\nx = (\n    1\n)\n', (3, 0)),
        ('def f():\n    """No."""\n    remedy = "so"\n    raise ValueError(\n        remedy)\n', (1, 3)),
        ("class A:\n    x: int = 0  # why\n", (2, 0)),
    ],
)
def test_what_is_counted(source: str, wanted: tuple[int, int]) -> None:
    assert counted(source) == wanted
