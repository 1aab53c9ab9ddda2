"""Spread over seeds and rates of collapse."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import binomtest

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.trust.seeds import (
    between,
    between_interval,
    collapse_rate,
    sd_interval,
    spread,
)
from ganatomy.evaluate.trust.tails import clopper_pearson
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.measurement import Measurement

STREAM = Stream(0, "seeds/tests")


def measured(value: float, error: float | None = 0.1, *, n: int = 100, floor: float | None = 0.5) -> Measurement:
    within = None if error is None else Interval(value - 1.959964 * error, value + 1.959964 * error, 0.95, "t")
    return Measurement("distance", value, n, "plain", "low", within, floor, "pixels")


def runs(*values: float, error: float | None = 0.1) -> dict[str, dict[str, Measurement]]:
    return {f"s{at}": {"distance": measured(value, error)} for at, value in enumerate(values)}


def test_mean_and_spread() -> None:
    found = spread(runs(1.0, 2.0, 4.0), stream=STREAM)["distance"]
    assert found.mean.value == pytest.approx(7 / 3)
    assert found.mean.floor == 0.5
    assert found.mean.n == 3
    assert found.sd.value == pytest.approx(torch.tensor([1.0, 2, 4]).std().item())
    assert found.range == (1.0, 4.0)
    assert found.between is not None
    assert found.between.value == pytest.approx(math.sqrt(found.sd.value**2 - 0.01), rel=1e-6)
    assert list(found.readings) == [
        "distance: mean over seeds",
        "distance: sd over seeds",
        "distance: sd between seeds",
    ]
    assert {each.space for each in found.readings.values()} == {"pixels"}


def test_equal_runs_differ_by_their_errors_alone() -> None:
    found = spread(runs(1.0, 1.05, 0.95, error=0.2), stream=STREAM)["distance"]
    assert found.between is not None
    assert found.between.value == 0
    assert found.between.interval is not None
    assert found.between.interval.low == 0
    assert found.sd.floor == pytest.approx(0.2 * math.sqrt(math.pi) / 2, rel=0.1)  # E sd of 3 normals
    assert 0 < (found.between.floor or 0) < (found.sd.floor or 0)


def test_without_errors_nothing_is_taken_off() -> None:
    found = spread(runs(1.0, 2.0, 4.0, error=None), stream=STREAM)["distance"]
    assert found.between is None
    assert found.sd.floor is None


def test_paule_mandel_of_unequal_errors() -> None:
    values, errors = torch.tensor([1.0, 3, 4, 7]).double(), torch.tensor([0.5, 1, 0.2, 2]).double()
    t = between(values, errors)
    weight = 1 / (errors.square() + t * t)
    centre = (weight * values).sum() / weight.sum()
    assert float((weight * (values - centre).square()).sum()) == pytest.approx(3, rel=1e-9)
    none = torch.zeros(4, dtype=torch.float64)
    assert between(values, none) == pytest.approx(float(values.std()), rel=1e-9)
    found = between_interval(values, none)
    assert (found.low, found.high) == pytest.approx(
        (float(values.std()) * 0.56649, float(values.std()) * 3.72855), rel=1e-4
    )


def test_the_intervals_cover() -> None:
    """300 sets of 4 and of 8 runs, normal and heavy-tailed."""
    for n in (4, 8):
        z = STREAM.child(str(n)).normal(range(300), n, dtype=torch.float64)
        assert sum(1.0 in sd_interval(each) for each in z) / 300 > 0.92
        errors = torch.linspace(0.5, 1.5, n, dtype=torch.float64)
        drawn = z * (errors.square() + 0.64).sqrt()
        assert sum(0.8 in between_interval(each, errors) for each in drawn) / 300 > 0.92
    heavy = z.sign() * z.abs().pow(1.5)
    truth = math.sqrt(2 * math.sqrt(2 / math.pi))
    bonett, plain = (
        [truth in each for each in found] for found in zip(*((sd_interval(x), _chi(x)) for x in heavy), strict=True)
    )
    assert sum(bonett) / 300 > 0.9 > sum(plain) / 300


def _chi(values: torch.Tensor) -> Interval:
    return between_interval(values, torch.zeros_like(values))


def test_runs_that_do_not_compare() -> None:
    other = runs(1.0, 2.0, 3.0)
    other["s1"]["distance"] = measured(2.0, n=50)
    with pytest.raises(UsageError, match="differ in n"):
        spread(other, stream=STREAM)
    with pytest.raises(UsageError, match="over 2 runs"):
        spread(runs(1.0, 2.0), stream=STREAM)
    with pytest.raises(UsageError, match="in common"):
        spread({**runs(1.0, 2.0), "s9": {}}, stream=STREAM)
    with pytest.raises(InputError, match="s1 is not finite"):
        spread(runs(1.0, math.nan, 2.0, error=None), stream=STREAM)


@pytest.mark.parametrize(("count", "n"), [(0, 3), (1, 4), (5, 10), (7, 7)])
def test_exact_interval_is_that_of_scipy(count: int, n: int) -> None:
    oracle = binomtest(count, n).proportion_ci(0.95, "exact")
    found = clopper_pearson(count, n)
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))


def test_rate() -> None:
    found = collapse_rate([False, False, False], rule="alarms")
    assert found.value == 0
    assert found.interval is not None
    assert found.interval.high == pytest.approx(0.7076, abs=1e-4)
    assert "alarms" in found.estimator
    with pytest.raises(UsageError, match="no runs"):
        collapse_rate([])
    with pytest.raises(UsageError, match="4 of 3"):
        clopper_pearson(4, 3)
