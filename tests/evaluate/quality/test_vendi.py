"""The Vendi score against known values, the plain kernel matrix, and its own parts."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.left_out import BLOCKS, left_out
from ganatomy.evaluate.quality.vendi import Directions, diversity, vendi
from ganatomy.numerics.random import Stream


def normal(n: int, d: int, name: str = "x", seed: int = 0) -> Tensor:
    return Stream(seed, name).normal(range(n), d, dtype=torch.float64)


def slowly(x: Tensor, order: float) -> float:
    """The definition: eigenvalues of the kernel matrix over n."""
    unit = x / x.norm(dim=1, keepdim=True)
    share = torch.linalg.eigvalsh(unit @ unit.T / len(x))
    share = share[share > 1e-12]
    if order == 1:
        return float(torch.exp(torch.distributions.Categorical(share).entropy()))
    return math.exp(float(share.pow(order).sum().log()) / (1 - order))


def test_known_values() -> None:
    assert vendi(torch.ones(7, 3)) == pytest.approx(1, abs=1e-12)
    assert vendi(torch.eye(9)) == pytest.approx(9, abs=1e-12)
    clusters = torch.eye(4)[[0, 0, 0, 2, 2, 2]]
    for order in (0.5, 1.0, 2.0, math.inf):
        assert vendi(clusters, order=order) == pytest.approx(2, abs=1e-12)


def test_the_mean_of_the_features_must_come_off() -> None:
    x = normal(4000, 16)
    assert vendi(x) == pytest.approx(15.97, abs=0.03)
    assert vendi(x + 5) == pytest.approx(1.29, abs=0.02)
    assert vendi(x + 5, centre=torch.full((16,), 5.0)) == pytest.approx(vendi(x), abs=1e-9)


def test_samples_on_the_centre_are_alike() -> None:
    assert vendi(torch.ones(5, 3), centre=torch.ones(3)) == pytest.approx(1, abs=1e-12)
    half = torch.cat([torch.zeros(4, 2), torch.tensor([[1.0, 0.0]]).expand(4, 2)])
    assert vendi(half, centre=torch.zeros(2)) == pytest.approx(2, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 25), st.integers(1, 25), st.sampled_from([0.5, 1.0, 2.0]), st.integers(0, 1000))
def test_against_the_kernel_matrix(n: int, d: int, order: float, seed: int) -> None:
    x = normal(n, d, seed=seed)
    told = vendi(x, order=order)
    assert told == pytest.approx(slowly(x, order), rel=1e-4 if order < 1 else 1e-6)
    assert 1 - 1e-9 <= told <= min(n, d) + 1e-6
    assert vendi(x.flip(0) * 3, order=order) == pytest.approx(told, rel=1e-4 if order < 1 else 1e-6)


def test_batches_add_up() -> None:
    x, centre = normal(90, 5), torch.ones(5)
    parts = [Directions.of(each, centre) for each in x.split(40)]
    assert sum(parts[1:], parts[0]).score() == pytest.approx(vendi(x, centre=centre), rel=1e-12)


@pytest.mark.parametrize("width", [3, 200])
def test_the_interval_is_the_jackknife_of_scores_made_anew(width: int) -> None:
    real, fake, stream = normal(80, width) + 4, normal(60, width, "y") + 4, Stream(1, "v")
    found = diversity(real, fake, space="points", stream=stream)
    score, ratio = found["Vendi score"], found["Vendi ratio"]
    centre = real.mean(0)
    assert score.value == pytest.approx(vendi(fake, centre=centre), rel=1e-9)
    assert score.n == 60
    assert ratio.value == pytest.approx(score.value / (score.floor or 0), rel=1e-9)
    codes, _ = left_out(60, BLOCKS, stream=stream.child("fake/blocks"))
    each = torch.tensor([vendi(fake[codes != j], centre=centre) for j in range(1, BLOCKS + 1)], dtype=torch.float64)
    error = float((each - each.mean()).square().sum() * (BLOCKS - 1) / BLOCKS) ** 0.5
    assert score.interval is not None
    assert score.interval.high - score.value == pytest.approx(2.093024 * error, rel=1e-5)


def test_it_tells_a_poorer_set_and_covers_an_honest_one() -> None:
    """60 honest pairs at 95 %: 1 in 1,000 has fewer than 51 ratios that cover 1."""
    poor = normal(300, 6, "y") * torch.tensor([1, 1, 1, 1, 0.2, 0.2])
    ratio = diversity(normal(300, 6), poor, space="points", stream=Stream(0, "v"))["Vendi ratio"]
    assert ratio.interval is not None
    assert ratio.interval.high < 0.95
    scales = torch.tensor([3, 2, 1, 1, 0.5, 0.5])
    held = 0
    for i in range(60):
        pair = (normal(100, 6, side, seed=i) * scales for side in ("r", "f"))
        held += 1 in (diversity(*pair, space="p", stream=Stream(i, "v"))["Vendi ratio"].interval or ())
    assert held >= 51


def test_groups_of_the_real_ones_widen_it_and_one_picture_is_no_range() -> None:
    """Thirty patients of ten near-copies each."""
    ids = torch.arange(300) // 10
    real = normal(30, 6)[ids] + 0.01 * normal(300, 6, "n")
    wide = []
    for groups in (None, ids):
        within = diversity(real, normal(300, 6, "y"), space="p", stream=Stream(0, "v"), groups=groups)[
            "Vendi ratio"
        ].interval
        assert within is not None
        wide.append(within.high - within.low)
    assert wide[1] > 2 * wide[0]
    same = diversity(normal(300, 6), torch.ones(300, 6), space="p", stream=Stream(0, "v"))["Vendi score"]
    assert same.value == pytest.approx(1)
    assert same.interval is not None
    assert same.interval.low == pytest.approx(1)
    assert 1.05 < same.interval.high < 1.2
    with pytest.raises(UsageError, match="one group"):
        diversity(real, real, space="p", stream=Stream(0, "v"), groups=0 * ids)


@pytest.mark.parametrize(
    ("ask", "error", "says"),
    [
        (lambda: vendi(torch.ones(3)), UsageError, "shape"),
        (lambda: vendi(torch.ones(3, 2), order=0), UsageError, "order 0"),
        (lambda: vendi(torch.full((3, 2), torch.inf)), InputError, "NaN"),
        (lambda: diversity(normal(30, 2), normal(5, 2), space="p", stream=Stream(0, "v")), UsageError, "of 5"),
    ],
)
def test_what_is_refused(ask: Callable[[], object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        ask()
