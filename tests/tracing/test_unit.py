"""Units: what is written is read, the rest stays, and what makes no unit is refused."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from tracing.hostile import normal, plain, seeded

from ganatomy.errors import UsageError
from ganatomy.tracing.edit import edit
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch
from ganatomy.tracing.unit import Unit, channel, direction, feature

CHANNELS = 5
SHAPES = st.sampled_from([(3, CHANNELS), (2, CHANNELS, 4), (3, CHANNELS, 2, 3), (1, CHANNELS, 1, 2, 2)])
VALUES = st.floats(-3, 3, width=32)


def _units(seed: int) -> list[Unit]:
    reads, writes = normal(2, CHANNELS, seed=seed)
    writes = writes + reads * (1 + reads.norm() * writes.norm()) / reads.square().sum()  # so that reads @ writes > 0
    return [
        channel("here", seed % CHANNELS),
        direction("here", reads),
        feature("here", reads, writes, bias=0.25),
    ]


@given(SHAPES, st.integers(0, 20), VALUES)
def test_what_is_written_is_read(shape: tuple[int, ...], seed: int, value: float) -> None:
    activation = normal(*shape, seed=seed)
    before = activation.clone()
    for unit in _units(seed):
        read = unit.read(unit.write(activation, value))
        wanted = max(value, 0.0) if unit.rectified else value
        assert read.shape == (shape[0], *shape[2:])
        torch.testing.assert_close(read, torch.full_like(read, wanted), rtol=1e-5, atol=1e-5)
    assert torch.equal(activation, before)


@given(SHAPES, st.integers(0, 20))
def test_a_map_of_values_is_written_in_its_places(shape: tuple[int, ...], seed: int) -> None:
    activation = normal(*shape, seed=seed)
    wanted = normal(shape[0], *shape[2:], seed=seed + 1) if len(shape) > 2 else normal(shape[0], 1, seed=seed + 1)[:, 0]
    for unit in _units(seed):
        read = unit.read(unit.write(activation, wanted))
        torch.testing.assert_close(read, wanted.clamp(min=0) if unit.rectified else wanted, rtol=1e-5, atol=1e-5)


@given(SHAPES, st.integers(0, 20), VALUES, VALUES)
def test_the_last_write_counts_and_the_rest_stays(shape: tuple[int, ...], seed: int, first: float, last: float) -> None:
    activation = normal(*shape, seed=seed)
    for unit in _units(seed):
        once, twice = unit.write(activation, last), unit.write(unit.write(activation, first), last)
        if not unit.rectified:  # two values below zero read the same and are not the same
            torch.testing.assert_close(once, twice, rtol=1e-4, atol=1e-4)
        moved = (once - activation).movedim(1, -1).reshape(-1, CHANNELS)
        along = torch.eye(CHANNELS)[unit.writes] if isinstance(unit.writes, int) else unit.writes / unit.writes.norm()
        torch.testing.assert_close(moved - (moved @ along)[:, None] * along, torch.zeros_like(moved), rtol=0, atol=1e-4)
        same = unit.write(activation, unit.read(activation))
        torch.testing.assert_close(same, activation, rtol=1e-5, atol=1e-5)


def test_a_value_of_another_shape_does_not_make_an_activation_of_another_shape() -> None:
    for unit in _units(0):
        with pytest.raises(RuntimeError, match=r"expand|size|shape"):
            unit.write(normal(3, CHANNELS), torch.zeros(3, 2))


def test_a_feature_that_is_off_stays_where_it_is() -> None:
    unit = feature("here", torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0]))
    activation = torch.tensor([[-2.0, 5.0], [3.0, 5.0]])
    assert unit.read(activation).tolist() == [0.0, 3.0]
    assert unit.write(activation, 0.0).tolist() == [[-2.0, 5.0], [0.0, 2.0]]


def test_a_feature_reads_over_all_places() -> None:
    reads, writes = torch.tensor([1.0, -1.0]), torch.tensor([2.0, 0.0])
    unit = feature("here", reads, writes, bias=-0.5)
    activation = normal(2, 2, 3, 3)
    wanted = (activation[:, 0] - activation[:, 1] - 0.5).clamp(min=0)
    torch.testing.assert_close(unit.read(activation), wanted)


def test_a_direction_is_of_unit_length_and_whole_numbers_will_do() -> None:
    unit = direction("here", torch.tensor([3, 4]))
    torch.testing.assert_close(unit.read(torch.tensor([[1.0, 1.0]])), torch.tensor([1.4]))


@pytest.mark.parametrize(
    "vector", [torch.zeros(3), torch.full((3,), float("nan")), torch.tensor([float("inf"), 1.0]), torch.ones(2, 2)]
)
def test_what_is_no_direction_is_refused(vector: Tensor) -> None:
    with pytest.raises(UsageError, match="a direction of shape"):
        direction("here", vector)


@pytest.mark.parametrize(
    ("reads", "writes"),
    [
        (torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])),
        (torch.ones(2), -torch.ones(2)),
        (torch.ones(2), torch.ones(3)),
    ],
)
def test_a_feature_that_cannot_be_written_is_refused(reads: Tensor, writes: Tensor) -> None:
    with pytest.raises(UsageError, match="does not read what it writes"):
        feature("here", reads, writes)


@pytest.mark.parametrize("index", [-1, 2.0, True])
def test_what_is_no_channel_is_refused(index: int) -> None:
    with pytest.raises(UsageError, match="channels are counted from 0"):
        channel("here", index)


def test_a_unit_that_the_activation_does_not_have_is_an_error() -> None:
    network, x = seeded(plain), normal(2, 4)
    for unit in (channel("act", 6), direction("act", torch.ones(5))):
        with pytest.raises(UsageError, match="an activation of 6 channels"), edit(network, {unit.site: unit.set_to(0)}):
            network(x)
        with pytest.raises(UsageError, match="an activation of 6 channels"):
            unit.read(torch.zeros(2, 6))


def test_a_unit_is_written_where_it_lives() -> None:
    network, x = seeded(plain), normal(2, 4)
    unit = channel("act", 3)
    assert (unit.site, unit.name) == (Site("act"), "act:3")
    with edit(network, {unit.site: unit.set_to(7.0)}), watch(network, ["act"]) as trace:
        network(x)
    assert unit.read(trace["act"]).tolist() == [7.0, 7.0]
    plainly = network.act(network.fc1(x))
    assert torch.equal(trace["act"][:, [0, 1, 2, 4, 5]], plainly[:, [0, 1, 2, 4, 5]])


def test_what_is_written_is_read_under_autocast() -> None:
    """It rounds matrix products to bfloat16, and nothing else may be."""
    activation = normal(2, CHANNELS, 3)
    for unit in _units(1):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            written = unit.write(activation, 0.123)
            read = unit.read(written)
        assert written.dtype == read.dtype == torch.float32
        torch.testing.assert_close(read, torch.full_like(read, 0.123), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_units_take_the_type_of_the_activation(dtype: torch.dtype) -> None:
    activation = normal(2, CHANNELS).to(dtype)
    for unit in _units(1):
        written = unit.write(activation, 1.0)
        assert written.dtype == dtype
        torch.testing.assert_close(unit.read(written).double(), torch.ones(2).double(), rtol=1e-2, atol=1e-2)
