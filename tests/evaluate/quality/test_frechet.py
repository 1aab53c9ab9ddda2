"""Fréchet distance: closed forms, torchmetrics, streams, the noise floor, and a simulation of the intervals."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality import plug_in as under
from ganatomy.evaluate.quality.frechet import NAME, Streamed, frechet, frechet_streamed
from ganatomy.evaluate.quality.pairs import Pair, Readings, pair
from ganatomy.numerics.distances import frechet as plain
from ganatomy.numerics.distances import frechet_floor
from ganatomy.numerics.random import Stream

LESS = f"{NAME} less its bias"


def normal(n: int, d: int, name: str, *, seed: int = 0) -> Tensor:
    return Stream(seed, name).normal(range(n), d, dtype=torch.float64)


def gaussians(n: int, d: int, *, seed: int = 0, shift: float = 0.0, scale: float = 1.0) -> Pair:
    made = shift + scale * normal(n, d, "made", seed=seed)
    return pair(normal(n, d, "real", seed=seed), made, space="pixels-0123", stream=Stream(seed, "test"))


def held(found: Readings, name: str, truth: float) -> bool:
    within = found[name].interval
    assert within is not None
    return truth in within


def test_value_is_that_of_the_plain_function_and_of_torchmetrics() -> None:
    from torchmetrics.image.fid import _compute_fid

    both = gaussians(300, 6, shift=0.5, scale=1.5)
    value = frechet(both)[NAME].value
    assert value == pytest.approx(plain(both.real, both.made), rel=1e-10)
    moments = [both.real.mean(0), both.real.T.cov(), both.made.mean(0), both.made.T.cov()]
    assert value == pytest.approx(float(_compute_fid(*moments)), rel=1e-6)


def test_shifted_and_scaled_gaussians_are_at_64() -> None:
    found = frechet(gaussians(2500, 32, shift=1.0, scale=2.0))
    assert found[NAME].value == pytest.approx(64, abs=0.9)
    assert held(found, LESS, 64)


def test_a_sample_with_itself_is_at_nothing() -> None:
    real = normal(200, 5, "real")
    assert frechet(pair(real, real, space="s", stream=Stream(0, "t")))[NAME].value == pytest.approx(0, abs=1e-9)


def test_the_floor_is_the_closed_form_of_equal_gaussians() -> None:
    """Isotropic: 2 d / N + d (d + 1) / 2N for N = M; and with unequal sizes."""
    found = frechet(gaussians(1000, 16))[NAME]
    assert found.floor == pytest.approx(0.168, rel=0.15)
    assert found.above_floor == pytest.approx(0, abs=0.05)
    both = gaussians(800, 8)
    uneven = pair(both.real, both.made[:200], space="s", stream=Stream(0, "t"))
    assert frechet(uneven)[NAME].floor == pytest.approx(frechet_floor(torch.ones(8), 800, 200), rel=0.2)


def test_of_fewer_samples_than_features_the_bias_stays_on_and_the_floor_says_so(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("ganatomy.evaluate.quality.frechet.Covariance.of", None)  # no covariance may be formed
    both = gaussians(40, 80)
    found = frechet(both)
    assert list(found) == [NAME]
    assert found[NAME].value == pytest.approx(plain(both.real, both.made), rel=1e-10)
    assert found[NAME].floor == pytest.approx(found[NAME].value, rel=0.2)
    assert found[NAME].estimator.startswith("by singular values")


def test_a_power_that_grows_is_carried_on_and_a_steady_one_is_kept() -> None:
    steady = [(1 / n**0.7, n) for n in (100.0, 50.0, 20.0)]
    assert under._power(steady) == pytest.approx(0.7)
    growing = [(8.0, 100.0), (8.0 * 2**0.6, 50.0), (8.0 * 2**0.6 * 2.5**0.4, 20.0)]
    assert under._power(growing) == pytest.approx(0.9)
    assert under._power([(0.0, 2.0), (1.0, 1.0)]) == 1.0


def test_streams_merge_and_equal_the_table() -> None:
    both, at = gaussians(500, 4, shift=0.3), Stream(0, "stream")
    whole = [Streamed.of(table, stream=at) for table in (both.real, both.made)]
    parts = [
        Streamed.of(table[200:], first=200, stream=at) + Streamed.of(table[:200], stream=at)
        for table in (both.real, both.made)
    ]
    found = [frechet_streamed(*two, space=both.space, stream=at) for two in (whole, parts)]
    table = frechet(both)
    for name in (NAME, LESS):
        assert found[0][name].value == pytest.approx(found[1][name].value, rel=1e-9)
        assert found[0][name].interval.low == pytest.approx(found[1][name].interval.low, rel=1e-9)
    assert found[0][NAME].value == pytest.approx(table[NAME].value, rel=1e-10)
    assert found[0][NAME].floor == pytest.approx(table[NAME].floor, rel=0.4)
    assert found[0][NAME].interval.high == pytest.approx(table[NAME].interval.high, rel=0.3)


def test_a_stream_of_too_few_samples_is_refused() -> None:
    few = Streamed.of(normal(5, 3, "real"), stream=Stream(0, "s"))
    with pytest.raises(UsageError, match="blocks hold a sample"):
        frechet_streamed(few, few, space="s", stream=Stream(0, "s"))


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.3, 1.3)])
def test_intervals_cover(shift: float, scale: float) -> None:
    """About the distance of the laws, and of the plain value about its mean for so many samples."""
    truth = 6 * (shift**2 + (scale - 1) ** 2)
    found = [frechet(gaussians(120, 6, seed=seed, shift=shift, scale=scale)) for seed in range(30)]
    assert sum(held(each, LESS, truth) for each in found) >= 26
    mean = sum(each[NAME].value for each in found) / len(found)
    assert sum(held(each, NAME, mean) for each in found) >= 26
    if not shift:
        assert sum(each[NAME].floor for each in found) / len(found) == pytest.approx(mean, rel=0.1)


def test_many_features_take_fewer_splits_and_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    from ganatomy.evaluate.quality import frechet as module

    assert [module.splits(width) for width in (8, 256, 512, 2048)] == [16, 16, 8, 2]
    both = gaussians(400, 8, shift=0.3)
    whole = frechet(both)
    monkeypatch.setattr(module, "WIDER", 7)
    monkeypatch.setattr(module, "WIDE", 1)
    joined = frechet(both)
    for name in (NAME, LESS):
        assert joined[name].value == pytest.approx(whole[name].value, rel=1e-9 if name == NAME else 0.05)
        assert joined[name].interval.method.endswith("10 blocks")
    assert whole[NAME].interval.method.endswith("20 blocks")
    assert joined[NAME].floor == pytest.approx(whole[NAME].floor, rel=0.4)


def test_many_merged_at_once_are_the_sum() -> None:
    from ganatomy.evaluate.quality.frechet import together
    from ganatomy.numerics.running import Covariance

    tables = [normal(n, 4, f"t{n}") + n for n in (3, 1, 20)]
    found, whole = together([Covariance.of(table) for table in tables]), Covariance.of(torch.cat(tables))
    assert found.n == whole.n
    assert torch.allclose(found.mean, whole.mean, rtol=1e-12)
    assert torch.allclose(found.scatter, whole.scatter, rtol=1e-10)
