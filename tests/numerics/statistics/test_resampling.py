"""Draws: whole groups, independent samples, addressed; one by one the same as in stacks."""

from __future__ import annotations

import math

import pytest
import torch

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.resampling import halves, prepare, replicates, with_replacement, without_block
from ganatomy.numerics.statistics.statistic import Statistic

STREAM = Stream(11, "resampling")
X = torch.arange(12).double()
Y = 100 + torch.arange(8).double()
EVEN = [i // 3 for i in range(12)]  # four groups of three
RAGGED = [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 5]
DRAWS = {"with replacement": with_replacement, "halves": halves, "blocks": lambda subject: without_block(subject, 4)[0]}


def one(x: torch.Tensor, y: torch.Tensor) -> float:
    return float(x.mean() * y.mean() + x.max())


def stacked(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return x.mean(1) * y.mean(1) + x.amax(1)


@pytest.mark.parametrize("ids", [None, EVEN, RAGGED], ids=["single", "even", "ragged"])
@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_stacks_and_single_draws_agree_and_memory_does_not_matter(draw, ids, monkeypatch):
    subjects = [
        prepare(Statistic("s", function, "smooth", batched=batched), (X, Y), (ids, None), STREAM)
        for function, batched in ((one, False), (stacked, True))
    ]
    values = [replicates(subject, draw(subject), 4) for subject in subjects]
    monkeypatch.setattr("ganatomy.numerics.statistics.resampling.CHUNK", 1)
    values += [replicates(subject, draw(subject), 4) for subject in subjects]
    for other in values[1:]:
        torch.testing.assert_close(other, values[0], rtol=1e-13, atol=0)
    assert subjects[0].value() == pytest.approx(subjects[1].value())


def rows_of(draw_name: str, ids: list[int] | None, count: int = 50) -> list[list[float]]:
    seen: list[list[float]] = []

    def note(x: torch.Tensor) -> float:
        seen.append(x.tolist())
        return 0.0

    subject = prepare(Statistic("s", note, "smooth"), (X,), (ids,), STREAM)
    replicates(subject, DRAWS[draw_name](subject), count)
    return seen


@pytest.mark.parametrize("ids", [EVEN, RAGGED])
def test_the_bootstrap_takes_whole_groups_as_many_as_there_are(ids):
    repeated = False
    for row in rows_of("with replacement", ids):
        times = [row.count(value) for value in X.tolist()]
        assert all(times[i] == times[ids.index(ids[i])] for i in range(12))
        assert sum(times[ids.index(group)] for group in set(ids)) == len(set(ids))
        repeated |= max(times) > 1
    assert repeated


@pytest.mark.parametrize("ids", [EVEN, RAGGED])
def test_halves_take_half_of_the_groups_none_twice(ids):
    for row in rows_of("halves", ids):
        assert len(set(row)) == len(row)
        taken = {ids[int(value)] for value in row}
        assert len(taken) == len(set(ids)) // 2
        assert len(row) == sum(group in taken for group in ids)


@pytest.mark.parametrize("ids", [None, EVEN, RAGGED])
def test_each_block_is_left_out_once(ids):
    left = [set(X.tolist()) - set(row) for row in rows_of("blocks", ids, count=4)]
    assert sorted(value for block in left for value in block) == X.tolist()


def test_the_share_left_out_is_that_of_the_block():
    subject = prepare(Statistic("s", torch.mean, "smooth"), (X,), (RAGGED,), STREAM)
    draw, shares = without_block(subject, 3)
    assert [round(12 * (1 - float(share))) for share in shares] == [len(row) for row in draw(range(3))[0]]


def test_only_one_sample_loses_a_block():
    subject = prepare(Statistic("s", one, "smooth"), (X, Y), None, STREAM)
    rows = without_block(subject, 4, only=1)[0](range(4))
    assert [len(row) for row in rows[0]] == [12] * 4
    assert [len(row) for row in rows[1]] == [6] * 4


def test_more_draws_keep_the_first_ones_and_samples_differ():
    subject = prepare(Statistic("s", stacked, "smooth", batched=True), (X, X), None, STREAM)
    draw = with_replacement(subject)
    assert torch.equal(replicates(subject, draw, 30)[:10], replicates(subject, draw, 10))
    first, second = draw(range(5))
    assert not torch.equal(first, second)


def test_a_statistic_that_breaks_on_a_draw_is_named():
    subject = prepare(Statistic("ratio", lambda x: math.nan, "smooth"), (X,), None, STREAM)
    with pytest.raises(InputError, match="ratio is not finite on 7 of 7"):
        replicates(subject, with_replacement(subject), 7)


def test_a_statistic_of_single_samples_is_not_batched():
    for ids in (None, RAGGED):
        subject = prepare(Statistic("mean", torch.mean, "smooth", batched=True), (X,), (ids,), STREAM)
        with pytest.raises(UsageError, match="leave `batched` off"):
            replicates(subject, with_replacement(subject), 5)


@pytest.mark.parametrize(
    ("samples", "groups", "message"),
    [
        (X, None, r"a tuple of samples: \(x,\)"),
        ((), None, "0 samples"),
        ((X, Y), (None,), "1 lists of group ids were given for 2 samples"),
        ((X, Y), (None, EVEN), "for 8 samples"),
    ],
)
def test_samples_are_listed_with_ids_for_each(samples, groups, message):
    with pytest.raises(UsageError, match=message):
        prepare(Statistic("s", one, "smooth"), samples, groups, STREAM)
