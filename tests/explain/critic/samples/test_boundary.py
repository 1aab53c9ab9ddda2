"""Where scores part real from generated: the best cut by exhaustion, judged on pictures that did not choose it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from shared_tiny import brightness, greys, tiny

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.lots import fakes, places, scored, together
from ganatomy.explain.critic.samples.boundary import boundary, choosing, judged_places, judging, parts, threshold
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Score

scores = st.lists(st.integers(-5, 5), min_size=1, max_size=12)


@given(scores, scores)
def test_no_cut_does_better(real: list[int], fake: list[int]) -> None:
    if len(set(real + fake)) == 1:
        with pytest.raises(InputError, match="the same score"):
            threshold(torch.tensor(real).double(), torch.tensor(fake).double())
        return
    own, other = torch.tensor(real).double(), torch.tensor(fake).double()

    def gain(cut: float) -> float:
        return float((own > cut).double().mean() + (other < cut).double().mean())

    cut = threshold(own, other)
    assert cut not in real + fake
    assert gain(cut) >= max(gain(each + 0.5) for each in range(min(real + fake), max(real + fake))) - 1e-9


def test_one_of_each_pair_judges_by_a_coin_and_the_other_chooses() -> None:
    judge, choose = judging(500), choosing(500)
    assert torch.equal(torch.cat([judge, choose]).sort().values, torch.arange(1000))
    assert torch.equal(judge // 2, torch.arange(500))
    assert 200 < int((judge % 2).sum()) < 300
    gan = tiny()
    whole = together(fakes(gan, 150, seed=3)).pictures
    mine = [torch.cat([pair[at].pictures for pair in parts(fakes(gan, 150, seed=3))]) for at in (0, 1)]
    assert torch.equal(mine[0], whole[judging(75)])
    assert torch.equal(mine[1], whole[choosing(75)])


def test_the_judges_did_not_choose() -> None:
    gan, data = tiny(brightness), greys(120)
    cut = boundary(gan, data, n=60, seed=2)
    every = scored(Scorer(gan), fakes(gan, 120, seed=2))
    assert torch.equal(cut.fake, every[judging(60)])
    assert cut.real is not None
    order = torch.tensor(places(data, 120))
    assert torch.equal(order.sort().values, torch.arange(120))
    chose = 2 * data.read(order[choosing(60)]).mean((1, 2, 3)).double()
    assert cut.threshold == threshold(chose, every[choosing(60)])
    assert torch.equal(judged_places(data, 60), order[judging(60)])
    assert torch.allclose(cut.real, 2 * data.read(judged_places(data, 60)).mean((1, 2, 3)).double())
    share, interval = cut.called(cut.real)
    assert share == float((cut.real > cut.threshold).double().mean())
    assert share in interval
    assert "of real pictures" in cut.said()


def test_without_real_data_a_logit_has_its_zero_and_an_unbounded_score_nothing() -> None:
    assert boundary(tiny(score=Score("logit")), None, n=30, seed=0).threshold == 0
    open_ = boundary(tiny(), None, n=30, seed=0)
    assert open_.threshold != open_.threshold
    assert "no threshold" in open_.said()
    with pytest.raises(UsageError, match="50 or more"):
        boundary(tiny(), greys(20), n=30, seed=0)


def test_a_critic_that_runs_the_other_way_is_said_and_one_that_says_nothing_too() -> None:
    assert "other way" in boundary(tiny(lambda x: -brightness(x)), greys(120), n=60, seed=0).said()
    mixed = Stream(0, "mix").normal(range(36), 1)[:, 0]
    blind = tiny(lambda x: (1e4 * (x.flatten(1) @ mixed.to(x))).sin())
    assert "means little" in boundary(blind, greys(120, seed=6), n=60, seed=0).said()


def test_shares_and_areas_of_groups_are_wider() -> None:
    people = torch.arange(120) // 12
    data = greys(120)
    bright = data.read(range(120)).mean((1, 2, 3))
    data = replace(data, groups=people[bright.argsort().argsort()])
    cut, alone = boundary(tiny(brightness), data, n=60, seed=2), boundary(tiny(brightness), greys(120), n=60, seed=2)
    assert cut.threshold == alone.threshold
    assert cut.groups is not None
    assert cut.real is not None
    assert data.groups is not None
    assert torch.equal(cut.groups, data.groups[judged_places(data, 60)])
    wide, narrow = cut.called(cut.real, cut.groups)[1], alone.called(cut.real)[1]
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)
    assert cut.told is not None
    assert alone.told is not None
    assert cut.told.interval.low < alone.told.interval.low
