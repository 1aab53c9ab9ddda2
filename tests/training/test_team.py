"""Parts of a batch, what is refused to several, and a team of one that sends nothing. Processes: see distributed/."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.games.heads import feature_matching
from ganatomy.games.latent_terms import path_length
from ganatomy.games.named import GAMES
from ganatomy.training.team import ALONE, LostError, Team, check_divisible, parts


@given(blocks=st.integers(1, 60), count=st.integers(1, 9), block=st.integers(1, 4))
def test_parts_are_whole_blocks_in_order_as_even_as_can_be(blocks: int, count: int, block: int) -> None:
    if blocks < count:
        with pytest.raises(UsageError, match=f"at least {block * count}"):
            parts(blocks * block, count, block=block)
        return
    cut = parts(blocks * block, count, block=block)
    assert [index for part in cut for index in part] == list(range(blocks * block))
    sizes = [len(part) for part in cut]
    assert all(size and size % block == 0 for size in sizes)
    assert max(sizes) - min(sizes) <= block
    assert [Team(rank, count).part(blocks * block, block) for rank in range(count)] == cut


def test_one_alone_sends_nothing() -> None:
    given = [torch.ones(2), torch.zeros(3)]
    assert ALONE.alone
    assert ALONE.leads
    assert all(torch.equal(*pair) for pair in zip(ALONE.summed(given), given, strict=True))
    assert ALONE.follow(3) == 3
    ALONE.share_out_(given)
    ALONE.require_equal("abc", "the weights")
    assert [Team(rank, 3).leads for rank in range(3)] == [True, False, False]


def test_terms_of_the_whole_batch_are_refused_to_several_by_name() -> None:
    game = replace(GAMES["hinge"], terms=(feature_matching(), path_length()))
    check_divisible(game, processes=1, micro_batches=1)
    with pytest.raises(UsageError, match="feature-matching, path-length need the whole batch") as caught:
        check_divisible(game, processes=2, micro_batches=1)
    assert "give it a target" in caught.value.remedy
    check_divisible(replace(game, terms=(path_length(target=1.0),)), processes=3, micro_batches=2)
    check_divisible(GAMES["r3"], processes=3, micro_batches=2)


@pytest.mark.parametrize(
    ("team", "gone", "said"),
    [
        (Team(0, 2), None, "process 1 of 2 is gone"),
        (Team(1, 2), None, "process 0 of 2 is gone"),
        (Team(0, 3), None, "one of the 3 processes is gone"),
        (Team(0, 3), (1, 2), "process 1, 2 of 3 is gone"),
        (Team(1, 2), (), "one of the 2 processes is gone"),
    ],
)
def test_a_lost_process_is_named_where_it_is_known(team: Team, gone: tuple | None, said: str) -> None:
    error = LostError(team, "[place.cc:7] Connection closed by peer. This is typical.\nmore", gone)
    assert error.said.startswith(said)
    assert error.said.endswith("(Connection closed by peer)")
    assert "last checkpoint is sound" in error.remedy
    assert isinstance(error, GanatomyError)
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == str(copy.copy(error))
    assert "no reason given" in str(LostError(team, " "))
