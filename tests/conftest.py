"""For all tests: small thread pools, derandomised hypothesis, no silent skips where CI forbids them, the command."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from shared_browser import browser as browser  # a fixture
from shared_cli import Command, Done

from ganatomy.cli import main

settings.register_profile("house", deadline=None, derandomize=True, max_examples=30)
settings.load_profile("house")
torch.set_num_threads(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under GANATOMY_TESTS=strict a skip (missing browser, page or shared data) is a failure."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("GANATOMY_TESTS") == "strict":
        report.outcome = "failed"
        report.longrepr = f"skipped under GANATOMY_TESTS=strict: {call.excinfo.value if call.excinfo else ''}"
    return report


@pytest.fixture(autouse=True)
def _global_randomness_untouched() -> Generator[None, None, None]:
    """No test, and so nothing it calls, may draw from torch's global generator without putting it back."""
    before = torch.get_rng_state()
    yield
    assert torch.equal(before, torch.get_rng_state()), "something drew from torch's global generator"


@pytest.fixture
def ganatomy(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command in this process, in an empty folder; a few tests start it for real."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Done:
        code = main([str(word) for word in words])
        return Done(code, *capsys.readouterr())

    return run
