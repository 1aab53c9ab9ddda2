"""The average against its formula; the half-life is in images; buffers are copied."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ganatomy.numerics.random import Stream
from ganatomy.training.average import Average


def network() -> nn.Sequential:
    with Stream(0, "test/average").module_rng(0):
        return nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))


def test_the_average_against_its_formula_and_buffers_are_copied() -> None:
    trained = network()
    average = Average(trained, half_life=100.0)
    expected, seen = trained[0].weight.detach().clone().double(), 0
    for turn in range(1, 60):
        with torch.no_grad():
            trained[0].weight.add_(turn)
            trained[1].running_mean.fill_(turn)
            trained[1].num_batches_tracked.fill_(turn)
        average.follow(images=50)
        seen += 50
        kept = 0.5 ** (50 / min(100.0, 0.05 * seen))
        expected = kept * expected + (1 - kept) * trained[0].weight.detach().double()
        assert torch.allclose(average.network[0].weight.double(), expected, rtol=1e-5)
        assert all(torch.equal(*pair) for pair in zip(average.network.buffers(), trained.buffers(), strict=True))
    assert seen * 0.05 > 100  # past the ramp as well
    assert average.seen == seen
    assert not average.network.training
    assert not any(weight.requires_grad for weight in average.network.parameters())
    assert trained.training


def test_after_one_half_life_half_of_the_way_is_left() -> None:
    trained = network().double()
    average = Average(trained, half_life=100.0)
    average.seen = 10_000  # past the ramp
    start = trained[0].bias.detach().clone()
    with torch.no_grad():
        trained[0].bias.add_(1.0)
    average.follow(images=100)
    assert torch.allclose(average.network[0].bias, start + 0.5)


@given(batch=st.integers(1, 400))
def test_the_past_that_is_averaged_does_not_hang_on_the_batch(batch: int) -> None:
    """A constant network is approached alike, whatever portions the images come in."""
    trained = nn.Linear(1, 1, bias=False, dtype=torch.float64, device="meta").to_empty(device="cpu")
    with torch.no_grad():
        trained.weight.zero_()
    average = Average(trained, half_life=1000.0)
    average.seen = 10**6
    with torch.no_grad():
        trained.weight.fill_(1.0)
    for _ in range(2400 // batch):
        average.follow(images=batch)
    followed = 2400 // batch * batch
    assert float(average.network.weight) == pytest.approx(1 - 0.5 ** (followed / 1000), abs=1e-9)  # type: ignore[arg-type]


def test_the_first_steps_are_forgotten_quickly() -> None:
    trained = network()
    average = Average(trained, half_life=10_000.0)
    with torch.no_grad():
        trained[0].weight.fill_(3.0)
    average.follow(images=64)
    assert torch.allclose(average.network[0].weight, torch.tensor(3.0), atol=1e-4)


def test_a_half_life_of_nothing_is_the_network_itself() -> None:
    trained = network()
    average = Average(trained, half_life=0)
    average.follow(images=64)
    assert average.network is trained
    assert trained.training
    assert trained[0].weight.requires_grad
    assert average.seen == 64
