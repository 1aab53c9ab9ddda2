"""The density ratio of two normal laws a mean apart, in closed form."""

from __future__ import annotations

import math

import pytest
import torch

from ganatomy.evaluate.trust.ratio import density_ratio, effective_share, effective_size
from ganatomy.numerics.random import Stream

N = 1500


@pytest.fixture(scope="module", name="logits")
def _logits() -> tuple[torch.Tensor, torch.Tensor]:
    stream = Stream(0, "test")
    real = 1 + stream.normal(range(N), 1, dtype=torch.float64)[:, 0]
    return real - 0.5, stream.child("made").normal(range(N), 1, dtype=torch.float64)[:, 0] - 0.5


def test_closed_forms_of_a_unit_shift(logits: tuple[torch.Tensor, torch.Tensor]) -> None:
    found = density_ratio(*logits, stream=Stream(0, "test"))
    wanted = {"mean ratio": 1.0, "effective sample size": math.exp(-1), "JSD, at least": 0.11142}
    for name, value in wanted.items():
        assert value in found[name].interval
        assert found[name].value == pytest.approx(value, rel=0.12)
        assert found[name].interval.high - found[name].interval.low < 0.2


def test_a_wrong_ratio_shows_and_its_bound_is_lower(logits: tuple[torch.Tensor, torch.Tensor]) -> None:
    real, made = logits
    sharper = density_ratio(2 * real, 2 * made, stream=Stream(0, "test"))
    assert 1.0 not in sharper["mean ratio"].interval
    assert sharper["JSD, at least"].interval.high < 0.11142


def test_a_half_everywhere_reads_the_floors() -> None:
    found = density_ratio(torch.zeros(50), torch.zeros(50), stream=Stream(0, "test"))
    assert {name: each.value for name, each in found.items()} == pytest.approx(
        {name: each.floor for name, each in found.items()}
    )


def test_disjoint_laws_are_log_two_apart() -> None:
    found = density_ratio(torch.full((50,), 30.0), torch.full((50,), -30.0), stream=Stream(0, "test"))
    assert found["JSD, at least"].value == pytest.approx(math.log(2))


def test_the_effective_share_counts_equal_weights_and_forgets_their_scale() -> None:
    logits = torch.tensor([[5.0, 5.0, -1e3, -1e3], [700.0, 700.0, 0.0, 0.0]], dtype=torch.float64)
    assert effective_share(logits).tolist() == pytest.approx([0.5, 0.5])
    assert effective_size(torch.tensor([30.0] + [-30.0] * 99), stream=Stream(0, "test")).value == pytest.approx(0.01)
