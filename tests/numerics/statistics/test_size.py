"""The sizes promised are enough, and one less is not."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_statistics import agrees
from scipy import stats

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.effects import mean_effect
from ganatomy.numerics.statistics.interval import wilson
from ganatomy.numerics.statistics.size import size_for_absence, size_for_mean, size_for_presence, size_for_share


@settings(deadline=None, derandomize=True, max_examples=60)
@given(half=st.floats(0.02, 3), sd=st.floats(0.05, 4), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_size_for_mean_is_the_least(half, sd, level):
    def width(n: int) -> float:
        return float(stats.t.ppf((1 + level) / 2, n - 1) * sd / n**0.5)

    n = size_for_mean(half, sd, level=level)
    assert width(n) <= half * (1 + 1e-12)
    assert n == 2 or width(n - 1) > half * (1 - 1e-12)


@pytest.mark.parametrize("share", [0.5, 0.25, 0.0, 1.0])
@pytest.mark.parametrize("half", [0.02, 0.05, 0.2])
def test_size_for_share_is_the_least(share, half):
    def width(n: int) -> float:
        found = wilson(round(share * n), n)
        return (found.high - found.low) / 2

    n = size_for_share(half, share)
    n += -n % 4  # a whole number of successes at a quarter
    assert width(n) <= half + 1e-12
    assert width(n - 4 if share == 0.25 else n - 5) > half - (1e-3 if share == 0.25 else 0)


def test_presence_is_the_textbook_figure():
    assert size_for_presence(1, 10) == 785  # 7.85 sd^2 / margin^2
    assert size_for_presence(1, 10, power=0.9) == 1051


@pytest.mark.parametrize("claim", ["present", "absent"])
def test_the_promised_power_is_there(claim):
    margin, d = 0.5, 0.5
    n = size_for_presence(margin, 1.0) if claim == "present" else size_for_absence(margin, 1.0)
    truth = d + margin if claim == "present" else 0.0
    x = truth + Stream(6, "power").normal(range(2000), n, dtype=torch.float64)
    hits = sum(mean_effect(row, smallest=d).verdict == claim for row in x)
    # Presence is one-sided beyond d, so it has somewhat more power than promised; t costs a little for absence.
    assert agrees(hits, 2000, 0.8 if claim == "present" else 0.78, wrong="less")
    assert hits < 0.9 * 2000


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: size_for_mean(0, 1), "width is above 0"),
        (lambda: size_for_mean(1, float("inf")), "sd finite"),
        (lambda: size_for_share(0), "half width is above 0"),
        (lambda: size_for_share(0.1, 2), "between 0 and 1"),
        (lambda: size_for_presence(1, 1, power=1), "power lies between 0 and 1"),
    ],
)
def test_sizes_that_cannot_be_are_refused(ask, message):
    with pytest.raises(UsageError, match=message):
        ask()


def test_the_examples_of_the_module_hold():
    assert (size_for_mean(0.05, 0.4), size_for_share(0.05)) == (249, 381)
