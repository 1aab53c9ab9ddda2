import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.data.order import ENDLESS, batch_indices, epoch_order
from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream

ORDER = Stream(5, "order")


@settings(deadline=None, derandomize=True, max_examples=40)
@given(size=st.integers(1, 40), batch=st.integers(1, 60), epochs=st.integers(1, 4))
def test_every_sample_comes_once_an_epoch(size, batch, epochs):
    steps = -(-size * epochs // batch)
    walked = [index for step in range(steps) for index in batch_indices(ORDER, step, batch=batch, size=size)]
    assert len(walked) == steps * batch
    for epoch in range(epochs):
        seen = walked[epoch * size : (epoch + 1) * size]
        assert sorted(seen) == list(range(size))
        assert seen == epoch_order(ORDER, epoch, size).tolist()


def test_each_epoch_and_each_seed_has_an_order_of_its_own():
    orders = [
        tuple(epoch_order(stream, epoch, 50).tolist()) for stream in (ORDER, Stream(6, "order")) for epoch in (0, 1)
    ]
    assert len(set(orders)) == 4


def test_a_step_needs_no_step_before_it():
    assert batch_indices(ORDER, 7, batch=6, size=10) == batch_indices(ORDER, 0, batch=48, size=10)[42:]


def test_an_endless_set_is_read_straight_on_from_a_place_of_the_seed():
    first, second = (batch_indices(ORDER, step, batch=4, size=ENDLESS) for step in (0, 1))
    assert first + second == list(range(first[0], first[0] + 8))
    assert second[-1] < ENDLESS
    assert abs(batch_indices(Stream(6, "order"), 0, batch=4, size=ENDLESS)[0] - first[0]) > 2**24


@pytest.mark.parametrize(("step", "batch", "size"), [(-1, 1, 1), (0, 0, 1), (0, 1, 0)])
def test_impossible_batches_are_refused(step, batch, size):
    with pytest.raises(UsageError, match="steps count from 0"):
        batch_indices(ORDER, step, batch=batch, size=size)
