"""Baselines against their formulas; what cannot be had is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ganatomy.data.dataset import Dataset, stored
from ganatomy.errors import UsageError
from ganatomy.explain.attribution.baselines import BASELINES, Baseline, baseline, blur, fixed, zero
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

DIGIT = Format.picture(1, 8)
WIDE = Format.picture(2, (6, 9), low=0.0, high=1.0)


def some(n: int, *shape: int) -> torch.Tensor:
    return Stream(0, "samples").uniform(range(n), *shape, dtype=torch.float64)


def test_black_is_the_lowest_of_the_format_and_zero_is_zero() -> None:
    x = some(3, 2, 6, 9)
    assert torch.equal(baseline("black", WIDE).of(x), torch.zeros(3, 1, 2, 6, 9, dtype=torch.float64))
    assert float(baseline("black", DIGIT).of(some(2, 1, 8, 8)).unique()) == -1.0
    assert torch.equal(baseline("zero", Format.point(5)).of(some(4, 5)), torch.zeros(4, 1, 5, dtype=torch.float64))


def digits(n: int) -> Dataset:
    return stored("digits", "train", pictures=Stream(0, "pixels").integers(range(n), 256, 1, 8, 8).to(torch.uint8))


def test_the_mean_and_the_set_are_of_pictures_spread_over_the_data() -> None:
    zero_to_one = Format.picture(1, 8, low=0.0, high=1.0)
    x = some(2, 1, 8, 8)
    few, many = digits(100), digits(1438)
    mean = baseline("mean", zero_to_one, few)
    assert torch.allclose(mean.of(x)[1, 0], few.in_format(zero_to_one).read(range(100)).double().mean(0))
    assert mean.name == "mean of 100 real"
    second = baseline("mean", DIGIT, many)
    assert torch.allclose(second.of(x)[0, 0], many.read(range(0, 1438, 2)).double().mean(0))
    reals = baseline("reals", DIGIT, many)
    assert reals.count == 16
    assert torch.equal(reals.of(x)[1].float(), many.read(range(0, 1438, 90)))
    endless = replace(few, size=2**62, draw=lambda places: torch.zeros(len(places), 1, 8, 8))
    assert baseline("mean", DIGIT, endless).name == "mean of 1000 real"


def test_the_blur_is_a_gaussian_cut_at_the_border_and_keeps_what_is_constant() -> None:
    x = some(2, 2, 6, 9)
    blurred = baseline("blurred", WIDE).of(x)[:, 0]
    down = [torch.exp(-0.5 * ((torch.arange(6.0).double() - 2) / 0.75) ** 2)]
    across = [torch.exp(-0.5 * ((torch.arange(9.0).double() - 4) / 1.125) ** 2)]
    weights = (down[0] / down[0].sum())[:, None] * (across[0] / across[0].sum())
    assert torch.allclose(blurred[1, 1, 2, 4], (x[1, 1] * weights).sum())
    assert torch.allclose(blur(7).sum(1), torch.ones(7, dtype=torch.float64))
    flat = torch.full_like(x, 0.3)
    assert torch.allclose(baseline("blurred", WIDE).of(flat)[:, 0], flat)


@pytest.mark.parametrize("name", [name for name, rule in BASELINES.items() if rule.needs_data])
def test_a_baseline_of_real_data_needs_real_data(name: str) -> None:
    with pytest.raises(UsageError, match="without real data\ngive data, or choose blurred, black, zero"):
        baseline(name, DIGIT)


def test_what_does_not_exist_or_does_not_fit_is_said() -> None:
    with pytest.raises(UsageError, match="did you mean 'black'"):
        baseline("blakc", DIGIT)
    with pytest.raises(UsageError, match="without a range"):
        baseline("black", Format.point(2))
    with pytest.raises(UsageError, match="asked for points"):
        baseline("blurred", Format.point(2))
    with pytest.raises(UsageError, match=r"'black' has shape \(1, 8, 8\), a sample \(1, 9, 9\)"):
        baseline("black", DIGIT).of(some(2, 1, 9, 9))
    with pytest.raises(UsageError, match="has shape"):
        Baseline("odd", lambda x: x[:1, None]).of(some(2, 1, 9, 9))


def test_baselines_follow_the_type_of_the_samples() -> None:
    single = some(2, 3).float()
    assert fixed("mine", torch.ones(4, 3, dtype=torch.float64)).of(single).dtype == torch.float32
    assert fixed("mine", torch.ones(4, 3)).count == 4
    assert zero().of(single).shape == (2, 1, 3)
