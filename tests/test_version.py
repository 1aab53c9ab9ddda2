"""One version: the newest entry of the change log, the package and the built metadata agree."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import ganatomy

ROOT = Path(__file__).parents[1]


def test_the_change_log_opens_with_the_version_of_the_package() -> None:
    entries = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert entries[0] == ganatomy.__version__ == version("ganatomy")


def test_the_constraints_pin_every_direct_dependency_exactly_and_torch_first() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0].startswith("torch==")
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][^ ]*", line) for line in lines)
    pinned = {line.split("==")[0] for line in lines}
    text = (ROOT / "pyproject.toml").read_text()
    wanted = set(re.findall(r'^  "([a-z0-9-]+)[><=]', text, re.MULTILINE))
    wanted |= set(re.findall(r'"([a-z0-9-]+)"', re.search(r"^dev = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)[1]))  # type: ignore[index]
    assert wanted - pinned == set()
