import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.data.splits import check_split, cut, cut_groups, joined
from ganatomy.errors import UsageError


@settings(deadline=None, derandomize=True, max_examples=30)
@given(n=st.integers(0, 300))
def test_the_parts_share_nothing_and_miss_nothing(n):
    parts = cut(n, "any")
    assert torch.cat(list(parts.values())).sort().values.tolist() == list(range(n))
    assert len(parts["held-out"]) == (max(round(0.2 * n), 1) if n > 1 else 0)


def test_the_cut_depends_on_the_name_and_on_nothing_else():
    assert torch.equal(cut(100, "a")["held-out"], cut(100, "a")["held-out"])
    assert not torch.equal(cut(100, "a")["held-out"], cut(100, "b")["held-out"])


@settings(deadline=None, derandomize=True, max_examples=30)
@given(groups=st.lists(st.integers(-3, 12), min_size=1, max_size=80))
def test_no_group_stands_on_both_sides(groups):
    ids = torch.tensor(groups)
    parts = cut_groups(ids, "any")
    sides = [set(ids[parts[split]].tolist()) for split in ("train", "held-out")]
    assert not sides[0] & sides[1]
    assert sides[0] | sides[1] == set(groups)
    assert torch.cat(list(parts.values())).sort().values.tolist() == list(range(len(groups)))
    assert bool(sides[1]) == (len(set(groups)) > 1)


def test_a_wrong_split_names_the_right_one():
    with pytest.raises(UsageError, match=r"no split called 'heldout'\ndid you mean 'held-out'"):
        check_split("heldout")


@settings(deadline=None, derandomize=True, max_examples=50)
@given(pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20))
def test_groups_that_share_a_copy_are_joined_and_others_are_not(pairs):
    """Against merging sets of groups one shared copy at a time."""
    groups, copies = (torch.tensor(column) for column in zip(*pairs, strict=True))
    sets = [{group} for group, _ in pairs]
    for copy in range(10):
        sharing = {group for group, other in pairs if other == copy}
        touched = [each for each in sets if each & sharing]
        sets = [each for each in sets if not each & sharing] + ([set().union(*touched)] if touched else [])
    ids = joined(groups, copies)
    for place, one in enumerate(groups.tolist()):
        for other_place, other in enumerate(groups.tolist()):
            assert bool(ids[place] == ids[other_place]) == any({one, other} <= each for each in sets)
