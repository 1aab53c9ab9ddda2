"""The command in this process, in an empty folder; a few tests start it for real."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared_cli import Command, Done

from ganatomy.cli import main


@pytest.fixture
def ganatomy(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Done:
        code = main([str(word) for word in words])
        return Done(code, *capsys.readouterr())

    return run
