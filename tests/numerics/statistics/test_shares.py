"""Shares of samples in groups: Wilson's without them, and intervals that cover with them."""

from __future__ import annotations

import pytest
import torch

from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import mean_of, wilson
from ganatomy.numerics.statistics.shares import on_logits, share


def test_without_groups_it_is_wilsons() -> None:
    value, within = share(torch.arange(20) < 7)
    assert value == 0.35
    assert within == wilson(7, 20)


def test_with_groups_the_interval_covers() -> None:
    ids, misses = torch.arange(12).repeat_interleave(20), 0
    for trial in range(300):
        rates = Stream(trial, "rates").uniform(range(12), 1)[:, 0]  # 1/2 on average
        flags = Stream(trial, "flags").uniform(range(240), 1)[:, 0] < rates[ids]
        value, within = share(flags, ids)
        assert value in within
        misses += 0.5 not in within
    assert misses <= 25  # 15 on average; Wilson's misses 170


def test_without_a_spread_groups_count_as_one_sample_each() -> None:
    ids = torch.arange(50) // 10
    assert share(torch.zeros(50, dtype=torch.bool), ids)[1] == wilson(0, 5)
    assert share(torch.ones(50, dtype=torch.bool), ids)[1] == wilson(5, 5)
    _, none = share(torch.arange(50) < 7, torch.zeros(50, dtype=torch.int64))
    assert (none.low, none.high) == (0.0, 1.0)


def test_the_logit_interval_is_its_formula() -> None:
    from scipy.stats import t

    mean = mean_of(torch.tensor([0.2, 0.3, 0.5, 0.1]))
    half = t.ppf(0.975, 3) * mean.error / (mean.value * (1 - mean.value))
    middle = torch.logit(torch.tensor(mean.value, dtype=torch.float64))
    found = on_logits(mean)
    assert found.low == pytest.approx(float(torch.sigmoid(middle - half)))
    assert found.high == pytest.approx(float(torch.sigmoid(middle + half)))
