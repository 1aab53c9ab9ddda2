"""Settings for all tests: small thread pools, derandomised hypothesis, and no silent skips where CI forbids them."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
import torch
from hypothesis import settings

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
