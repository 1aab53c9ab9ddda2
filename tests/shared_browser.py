"""A browser for tests that look at a page as a reader does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def absent(what: str) -> None:
    """Skips; under GANATOMY_TESTS=strict it fails, so that a machine that ought to have it cannot skip unseen."""
    if os.environ.get("GANATOMY_TESTS") == "strict":
        pytest.fail(f"{what} is absent")
    pytest.skip(f"{what} is absent")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        absent("playwright")
    if not CHROMIUM.exists():
        absent(str(CHROMIUM))
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        yield chromium
        chromium.close()
