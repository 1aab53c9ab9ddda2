"""Real material that lies beside the project, not in it: tests that need it skip where it is absent.

    path = need("mnist/t10k-labels-idx1-ubyte.gz")

Under GANATOMY_TESTS=strict the skip is a failure, so that a machine that ought to have the data cannot skip unseen.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def need(name: str) -> Path:
    """The path of a shared file or folder; skips the test where there is none."""
    path = SHARED / name
    if not path.exists():
        absent = f"the shared data have no {name}"
        if os.environ.get("GANATOMY_TESTS") == "strict":
            pytest.fail(absent)
        pytest.skip(absent)
    return path
