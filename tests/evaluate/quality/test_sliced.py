"""Sliced Wasserstein: shifts read exactly, scales, unequal sizes by brute force, SciPy, and covering intervals."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.pairs import Pair, pair
from ganatomy.evaluate.quality.sliced import NAME, directions, sliced, squared
from ganatomy.numerics.random import Stream

LESS = f"{NAME} less its bias"


def normal(n: int, d: int, name: str, *, seed: int = 0) -> Tensor:
    return Stream(seed, name).normal(range(n), d, dtype=torch.float64)


def of(real: Tensor, made: Tensor, seed: int = 0) -> Pair:
    return pair(real, made, space="pixels-0123", stream=Stream(seed, "test"))


@pytest.mark.parametrize("d", [1, 3, 16])
def test_a_shift_reads_its_square_exactly(d: int) -> None:
    """MIND is three times as much: 3 |v|^2."""
    real, shift = normal(40, d, "real"), normal(1, d, "shift")
    value = sliced(of(real, real + shift), count=3 * d)[NAME].value
    assert 3 * value == pytest.approx(3 * float(shift.square().sum()), rel=1e-9)


def test_a_scale_reads_like_the_frechet_distance() -> None:
    real = normal(3000, 4, "real")
    assert sliced(of(real, 2 * real), count=8)[NAME].value == pytest.approx(4 * (2 - 1) ** 2, rel=0.05)


def test_unequal_sizes_are_those_of_repeated_samples() -> None:
    x, y = normal(6, 3, "x"), normal(4, 3, "y")
    repeated = squared(x.repeat_interleave(2, dim=0), y.repeat_interleave(3, dim=0))
    assert torch.allclose(squared(x, y), repeated, atol=1e-12)
    assert torch.allclose(squared(y, x), repeated, atol=1e-12)


def test_directions_are_orthonormal_sets_and_addressed() -> None:
    found = directions(5, 12, stream=Stream(0, "d"))
    assert found.shape == (5, 15)
    for each in found.split(5, dim=1):
        assert torch.allclose(each.T @ each, torch.eye(5).double(), atol=1e-12)
    assert torch.equal(directions(5, 5, stream=Stream(0, "d")), found[:, :5])
    assert directions(50, 12, stream=Stream(0, "d")).shape == (50, 12)
    with pytest.raises(UsageError, match="directions"):
        directions(5, 0, stream=Stream(0, "d"))


def test_the_mean_over_directions_is_unbiased_for_a_shift() -> None:
    """Fewer directions than features: right on average over seeds."""
    real, d = normal(5, 12, "real"), 12
    shift = torch.zeros(d).double()
    shift[0] = 1.0
    values = [float(squared(real @ w, (real + shift) @ w).mean()) for w in _seeds(d)]
    assert d * sum(values) / len(values) == pytest.approx(1, rel=0.1)


def _seeds(d: int) -> list[Tensor]:
    return [directions(d, 4, stream=Stream(seed, "d")) for seed in range(300)]


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.4, 1.3)])
def test_intervals_cover_and_the_floor_is_what_equal_laws_read(shift: float, scale: float) -> None:
    d, truth = 4, 4 * (shift**2 + (scale - 1) ** 2)
    found = [
        sliced(of(normal(100, d, "real", seed=seed), shift + scale * normal(80, d, "made", seed=seed), seed), count=8)
        for seed in range(40)
    ]
    assert sum(truth in each[LESS].interval for each in found) >= 35
    if not shift:
        mean = sum(each[NAME].value for each in found) / len(found)
        assert sum(each[NAME].floor for each in found) / len(found) == pytest.approx(mean, rel=0.15)
