"""KID and RBF-MMD: point masses, moments, closed forms for Gaussians, torchmetrics, and what their p is worth."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality import kernels
from ganatomy.evaluate.quality.kernels import kid, mmd, mmd_test, polynomial, rbf, summed
from ganatomy.evaluate.quality.pairs import BLOCKS, Pair, pair
from ganatomy.numerics.random import Stream

ALL = range(BLOCKS)


def normal(n: int, d: int, name: str, *, seed: int = 0) -> Tensor:
    return Stream(seed, name).normal(range(n), d, dtype=torch.float64)


def of(real: Tensor, made: Tensor, seed: int = 0) -> Pair:
    return pair(real, made, space="pixels-0123", stream=Stream(seed, "test"))


def gaussians(n: int, m: int, d: int, *, seed: int = 0, shift: float = 0.0) -> Pair:
    return of(normal(n, d, "real", seed=seed), normal(m, d, "made", seed=seed) + shift, seed)


def test_point_masses_at_0_and_1() -> None:
    """7 for the cubic kernel; 2 (1 - exp(-1/200)) = 9.97504e-3 for a width of 10."""
    both = of(torch.zeros(30, 1), torch.ones(25, 1))
    for unbiased in (True, False):
        assert summed(both, polynomial).squared(ALL, unbiased=unbiased) == pytest.approx(7, abs=1e-12)
        assert 1000 * summed(both, rbf(10)).squared(ALL, unbiased=unbiased) == pytest.approx(9.97504, abs=1e-5)


def test_the_biased_cubic_one_is_a_sum_over_moments() -> None:
    both, d = of(normal(40, 3, "real") + 0.4, normal(30, 3, "made") * 1.5), 3
    x, y = both.real, both.made
    gaps = [
        x.mean(0) - y.mean(0),
        torch.einsum("ni,nj->ij", x, x) / 40 - torch.einsum("ni,nj->ij", y, y) / 30,
        torch.einsum("ni,nj,nk->ijk", x, x, x) / 40 - torch.einsum("ni,nj,nk->ijk", y, y, y) / 30,
    ]
    factors = (3 / d, 3 / d**2, 1 / d**3)
    wanted = sum(float(gap.square().sum()) * factor for gap, factor in zip(gaps, factors, strict=True))
    assert summed(both, polynomial).squared(ALL, unbiased=False) == pytest.approx(wanted, rel=1e-10)


def test_kid_is_torchmetrics_on_raw_features() -> None:
    from torchmetrics.image.kid import poly_mmd

    both = gaussians(60, 60, 5, shift=0.5)
    found = kid(both, standardise=False)["KID"]
    assert found.value == pytest.approx(float(poly_mmd(both.real, both.made)), rel=1e-10)
    assert found.floor == 0


def test_kid_is_standardised_by_the_real_ones_and_so_blind_to_their_scale() -> None:
    both = gaussians(80, 70, 4, shift=0.3)
    value = kid(both)["KID"].value
    factor = torch.tensor([1.0, 10.0, 255.0, 1e-3]).double()
    assert kid(of(both.real * factor + 7, both.made * factor + 7))["KID"].value == pytest.approx(value, rel=1e-8)
    mean, spread = both.real.mean(0), both.real.std(0)
    by_hand = of((both.real - mean) / spread, (both.made - mean) / spread)
    assert value == pytest.approx(kid(by_hand, standardise=False)["KID"].value, rel=1e-9)
    constant = of(torch.nn.functional.pad(both.real, (0, 1), value=3.0), torch.nn.functional.pad(both.made, (0, 1)))
    assert math.isfinite(kid(constant)["KID"].value)


def test_leaving_out_blocks_equals_measuring_what_is_left(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    both = gaussians(63, 41, 3, shift=0.5)
    whole = summed(both, rbf(2.0))
    monkeypatch.setattr(kernels, "CHUNK", 100)  # chunks of one or two rows
    chunked = summed(both, rbf(2.0))
    assert torch.allclose(whole.xy, chunked.xy, atol=1e-12)
    x_block, y_block = both.blocks()
    x, y = both.real[x_block > 2], both.made[y_block > 2]
    xx, yy, xy = (torch.exp(-torch.cdist(a, b).square() / 8) for a, b in ((x, x), (y, y), (x, y)))
    n, m = len(x), len(y)
    wanted = (xx.sum() - n) / (n * (n - 1)) + (yy.sum() - m) / (m * (m - 1)) - 2 * xy.mean()
    assert whole.squared(range(3, BLOCKS)) == pytest.approx(float(wanted), abs=1e-12)


def test_rbf_of_gaussians_has_a_closed_form() -> None:
    """2 (w^2 / (w^2 + 2))^(d/2) (1 - exp(-|v|^2 / 2 (w^2 + 2)))."""
    d, shift, width = 4, 0.5, 3.0
    wide = width**2 + 2
    wanted = 2 * (width**2 / wide) ** (d / 2) * (1 - math.exp(-d * shift**2 / (2 * wide)))
    assert mmd(gaussians(1200, 1200, d, shift=shift), width=width)["RBF-MMD"].value == pytest.approx(wanted, rel=0.12)


def test_the_width_is_the_median_of_the_real_ones_alone(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    both = gaussians(90, 80, 3)
    first = mmd(both)["RBF-MMD"].estimator
    assert f"width {float(torch.pdist(both.real).median()):.6g}" in first
    assert mmd(of(both.real, both.made * 5))["RBF-MMD"].estimator == first
    with pytest.raises(UsageError, match="one point"):
        mmd(of(torch.zeros(20, 2), both.made[:, :2]))


def test_relabelling_is_the_slow_one() -> None:
    pool, width = normal(12, 2, "pool"), 1.3
    labels = (normal(6, 12, "labels") > 0).double()
    found = kernels._relabelled(pool, labels, rbf(width))
    table = rbf(width)(pool, pool)
    for row, (xx, xy, yy) in zip(labels.bool(), zip(*found, strict=True), strict=True):
        slow = [table[row][:, row].sum(), table[row][:, ~row].sum(), table[~row][:, ~row].sum()]
        assert torch.allclose(torch.stack([xx, xy, yy]), torch.stack(slow), atol=1e-10)


def test_relabelling_rejects_equal_laws_at_its_level_and_finds_a_shift() -> None:
    p = torch.tensor([mmd_test(gaussians(25, 20, 3, seed=seed), draws=59).p for seed in range(200)])
    assert float((p <= 0.05).double().mean()) <= 0.09
    assert 0.42 <= float(p.mean()) <= 0.58
    assert mmd_test(gaussians(60, 50, 3, shift=1.0), draws=99).p == pytest.approx(0.01)


def test_groups_are_not_exchanged_for_single_samples() -> None:
    both = pair(normal(20, 2, "a"), normal(20, 2, "b"), space="s", stream=Stream(0, "t"), groups=[0, 1] * 10)
    with pytest.raises(UsageError, match="exchangeable"):
        mmd_test(both)


@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_intervals_cover(shift: float) -> None:
    d, width = 4, 3.0
    wide = width**2 + 2
    truth = 2 * (width**2 / wide) ** (d / 2) * (1 - math.exp(-d * shift**2 / (2 * wide)))
    cubic, hits = [], 0
    for seed in range(120):
        both = gaussians(80, 80, d, seed=seed, shift=shift)
        hits += truth in mmd(both, width=width)["RBF-MMD"].interval
        cubic.append(kid(both, standardise=False)["KID"])
    assert hits >= 106
    mean = sum(each.value for each in cubic) / len(cubic) if shift else 0.0
    assert sum(mean in each.interval for each in cubic) >= 105
