"""Conformal p-values: by hand, at their error rate, and with groups that stand together."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.trust.conformal import among_themselves, least, unusual
from ganatomy.numerics.random import Stream


def normal(seed: int, name: str, n: int) -> Tensor:
    return Stream(seed, name).normal(range(n), 1, dtype=torch.float64)[:, 0]


def test_by_hand() -> None:
    held = torch.tensor([3.0, 1.0, 2.0, 2.0])
    own = torch.tensor([0.5, 1.0, 2.0, 9.0, torch.inf])
    assert unusual(own, held).tolist() == pytest.approx([0.2, 0.4, 0.8, 1.0, 1.0])
    assert least(4) == 0.2
    # Two groups, one of three samples: each has one vote.
    groups = torch.tensor([7, 7, 7, 1])
    assert unusual(torch.tensor([2.5]), held, groups).tolist() == pytest.approx([(1 + 2 / 3 + 1) / 3])
    assert among_themselves(held).tolist() == pytest.approx([1.0, 0.25, 0.75, 0.75])


def test_among_themselves_is_each_by_the_others() -> None:
    held = normal(0, "h", 50).mul(4).round()
    slowly = [float(unusual(held[i : i + 1], torch.cat([held[:i], held[i + 1 :]]))) for i in range(50)]
    assert among_themselves(held).tolist() == pytest.approx(slowly)
    with pytest.raises(InputError, match="NaN"):
        among_themselves(torch.tensor([1.0, torch.nan]))


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_a_real_sample_is_unusual_as_seldom_as_is_said(alpha: float) -> None:
    hits = [float(unusual(normal(s, "x", 1), normal(s, "h", 59))) <= alpha for s in range(600)]
    assert sum(hits) / 600 == pytest.approx(alpha, abs=3.5 * (alpha / 600) ** 0.5)


def test_a_sample_of_a_new_patient_is_too() -> None:
    """Thirty patients of ten like samples each."""
    ids, hits, alone = torch.arange(30).repeat_interleave(10), 0, 0
    for seed in range(300):
        x = normal(seed, "p", 31)
        held = x[ids] + 0.2 * normal(seed, "n", 300)
        own = x[30:] + 0.2 * normal(seed, "o", 1)
        hits += float(unusual(own, held, ids)) <= 0.05
        alone += float(unusual(own, held)) <= 0.05
    assert hits <= 25  # 15 on average at most
    assert hits <= alone


def test_faults() -> None:
    with pytest.raises(InputError, match="NaN"):
        unusual(torch.tensor([torch.nan]), torch.ones(3))
    with pytest.raises(UsageError, match="shapes"):
        unusual(torch.ones(2), torch.ones(0))
    with pytest.raises(UsageError, match="one group"):
        among_themselves(torch.ones(3), torch.zeros(3, dtype=torch.int64))
