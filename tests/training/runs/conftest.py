"""A run to write to, and states of a game that tell from every part which step and which take they are of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ganatomy.results.provenance import Provenance
from ganatomy.training.runs.folder import Run, new_run
from ganatomy.training.snapshot import Snapshot

HERE = Provenance("ganatomy train", "2026-01-01T00:00:00+00:00", {}, {})


def state(step: int, take: int = 0) -> Snapshot:
    """Every value is the step plus a thousandth of the take."""
    value = step + take / 1000
    return Snapshot(
        {
            "G.weight": torch.full((3, 5), value),
            "D.count": torch.tensor(step),
            "ema.b": torch.full((2,), value).bfloat16(),
        },
        {"G.weight.square": torch.full((3, 5), value, dtype=torch.float64), "G.step": torch.tensor(value)},
        {"count": step, "seen": 64 * step},
    )


@pytest.fixture(name="state", scope="session")
def _state() -> Callable[..., Snapshot]:
    return state


@pytest.fixture
def provenance() -> Provenance:
    return HERE


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return new_run(tmp_path / "runs", "digits-mlp", seed=0, config="batch: 64\n", provenance=HERE)


@pytest.fixture(name="same", scope="session")
def _same() -> Callable[[Snapshot, Snapshot], bool]:
    """Equal names, types, shapes and bits."""

    def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
        return one.keys() == other.keys() and all(
            one[name].dtype == other[name].dtype and torch.equal(one[name], other[name]) for name in one
        )

    def same(one: Snapshot, other: Snapshot) -> bool:
        return (
            equal(one.weights, other.weights) and equal(one.moments, other.moments) and one.counters == other.counters
        )

    return same
