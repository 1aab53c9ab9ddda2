"""Groups stay whole, fractions are kept, and draws take every group alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import blocks, split, units

STREAM = Stream(3, "groups")


@settings(deadline=None, derandomize=True, max_examples=100)
@given(ids=st.lists(st.integers(-3, 8), min_size=6, max_size=60), seed=st.integers(0, 100))
def test_a_split_is_a_partition_that_cuts_no_group(ids, seed):
    try:
        train, test = split(len(ids), (0.7, 0.3), stream=Stream(seed, "s"), groups=ids)
    except UsageError:
        assert max(ids.count(i) for i in ids) > 0.3 * len(ids)
        return
    assert sorted(torch.cat([train, test]).tolist()) == list(range(len(ids)))
    assert {ids[i] for i in train}.isdisjoint(ids[i] for i in test)
    assert abs(len(train) - 0.7 * len(ids)) <= max(ids.count(i) for i in ids) / 2 + 1e-9


@pytest.mark.parametrize(
    ("n", "fractions", "sizes"), [(10, (0.8, 0.2), (8, 2)), (1000, (0.6, 0.3, 0.1), (600, 300, 100))]
)
def test_without_groups_the_fractions_are_met(n, fractions, sizes):
    assert tuple(len(part) for part in split(n, fractions, stream=STREAM)) == sizes


def test_a_group_keeps_its_side_whatever_the_order_of_the_samples():
    ids = np.repeat(["a", "b", "c", "d", "e"], 4)
    order = np.random.default_rng(0).permutation(20)
    first = split(20, (0.6, 0.4), stream=STREAM, groups=ids)
    second = split(20, (0.6, 0.4), stream=STREAM, groups=ids[order])
    assert [set(ids[part]) for part in first] == [set(ids[order][part]) for part in second]


def test_large_groups_land_on_either_side():
    ids = [0] * 30 + list(range(1, 71))
    sides = [0 in split(100, (0.5, 0.5), stream=Stream(seed, "s"), groups=ids)[0] for seed in range(200)]
    assert 70 <= sum(sides) <= 130


def test_splits_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="leave a part"):
        split(10, (0.5, 0.5), stream=STREAM, groups=[1] * 10)
    with pytest.raises(UsageError, match="sum to 1"):
        split(10, (0.5, 0.2), stream=STREAM)
    with pytest.raises(UsageError, match="0 samples"):
        split(0, (0.5, 0.5), stream=STREAM)


def test_ids_are_one_a_sample_and_none_is_missing():
    with pytest.raises(UsageError, match="one id for each sample"):
        units([1, 2], 3)
    with pytest.raises(InputError, match="none missing"):
        units([1.0, float("nan")], 2)
    with pytest.raises(InputError, match="none missing"):
        units(np.array(["a", None]), 2)


@pytest.mark.parametrize("ids", [[5, 5, 2, 9, 2, 9], [5, 5, 2, 9, 2, 2], None, torch.tensor([1, 0, 0, 1, 1, 1])])
def test_rows_list_exactly_the_samples_of_the_groups_picked(ids):
    kin = units(ids, 6)
    picks = STREAM.integers(range(20), kin.count, kin.count)
    for pick, row in zip(picks.tolist(), kin.rows(picks), strict=True):
        wanted = [i for group in pick for i in range(6) if kin.codes[i] == group]
        assert sorted(row.tolist()) == sorted(wanted)
    x = torch.arange(6).double()
    assert kin.total(x).tolist() == [float(x[kin.codes == group].sum()) for group in range(kin.count)]


@pytest.mark.parametrize(("ids", "count"), [(None, 4), ([0, 0, 0, 0, 1, 2, 3, 3, 4, 5], 3)])
def test_blocks_hold_whole_groups_equally_many(ids, count):
    kin = units(ids, 10)
    part = blocks(kin, count, stream=STREAM)
    groups = [len(kin.codes[part == j].unique()) for j in range(count)]
    assert sum(groups) == kin.count
    assert max(groups) - min(groups) <= 1
