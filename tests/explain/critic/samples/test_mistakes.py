"""The worst mistakes are the worst, their addresses give them back, and a class that is misjudged is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import fisher_exact
from shared_tiny import DIM, brightness, greys, tiny
from torch import Tensor

from ganatomy.data.dataset import stored
from ganatomy.errors import UsageError
from ganatomy.explain.critic.samples.boundary import judged_places
from ganatomy.explain.critic.samples.mistakes import MistakePlan, Share, _apart, _chance, _gap, gap_of, mistakes
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream

PLAN = MistakePlan(n=100, shown=5)


def test_examples_are_the_most_extreme_and_come_back_by_their_address() -> None:
    gan, data = tiny(brightness), greys(200, shift=0.05, classes=True)
    found = mistakes(gan, data, plan=PLAN)
    arrays, cut = found.examples.arrays, found.cut
    assert cut.real is not None
    worst = cut.real.argsort()[:5]
    rows = arrays["why"] == "real called fake"
    assert arrays["index"][rows].tolist() == judged_places(data, 100)[worst].tolist()
    assert np.allclose(arrays["score"][rows], cut.real[worst])
    assert (arrays["margin"][rows] <= 0).all()
    assert (arrays["margin"][arrays["why"] == "generated called real"] > 0).all()
    near = np.abs(arrays["margin"][arrays["why"] == "at the boundary"])
    assert np.allclose(near, torch.cat([cut.real, cut.fake]).sub(cut.threshold).abs().sort().values[:5])
    for sort, index, picture, label in zip(
        arrays["sort"], arrays["index"].tolist(), arrays["picture"], arrays["label"].tolist(), strict=True
    ):
        own = data.read([index]) if sort == "real" else gan.sample(0, [index])
        assert np.allclose(picture, own[0], atol=1e-6)
        assert label == (index % 3 if sort == "real" else -1)


def marked(n: int) -> Tensor:
    """Class 2 is dark: a critic of brightness calls it fake."""
    x = 0.05 * Stream(3, "marked").normal(range(n), 1, 6, 6) + 0.3
    x[2::3] -= 0.5
    return ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def test_a_class_that_is_misjudged_is_named_with_its_own_test() -> None:
    data = stored("marked", "held-out", pictures=marked(300), labels=torch.arange(300) % 3, classes=("a", "b", "c"))
    found = mistakes(tiny(brightness), data, plan=MistakePlan(n=150))
    rates = found.rates
    at = rates.units.index("real called fake, c")
    assert rates.arrays["verdict"][at] == "present"
    assert "Real called fake, c: " in found.examples.note
    assert rates.arrays["rate"][at] > 0.9
    wrong, n = (rates.arrays[name].tolist() for name in ("wrong", "n"))
    others = [place for place, name in enumerate(rates.units) if name in ("real called fake, a", "real called fake, b")]
    y, m = sum(wrong[place] for place in others), sum(n[place] for place in others)
    assert n[at] + m == n[0]
    p = fisher_exact([[wrong[at], n[at] - wrong[at]], [y, m - y]]).pvalue
    assert rates.arrays["p"][at] <= 3 * p * (1 + 1e-9)
    assert np.isnan(rates.arrays["p"][:2]).all()
    together = gap_of((wrong[at], n[at]), (y, m), level=1 - 0.05 / 3)
    assert (rates.arrays["gap_low"][at], rates.arrays["gap_high"][at]) == (together.low, together.high)


def test_classes_of_a_fair_critic_are_accused_no_more_often_than_said() -> None:
    accused = 0
    for seed in range(20):
        data = greys(150, shift=0.05, seed=seed, classes=True)
        found = mistakes(tiny(brightness), data, plan=MistakePlan(n=75, smallest=0.0))
        accused += "present" in found.rates.arrays["verdict"]
    assert accused <= 4  # 5 % of 20 on average


def test_the_gap_of_two_shares_is_newcombes() -> None:
    found = gap_of((56, 70), (48, 80))  # Newcombe 1998, table II, (a), method 10
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)


def test_conditional_generators_have_rates_by_class_too() -> None:
    gan = tiny(brightness, latent=Normal(DIM, 3), classes=("a", "b", "c"))
    found = mistakes(gan, greys(200, classes=True), plan=PLAN)
    assert "generated called real, b" in found.rates.units
    index = found.examples.arrays["index"][found.examples.arrays["sort"] == "generated"].tolist()
    label = found.examples.arrays["label"][found.examples.arrays["sort"] == "generated"].tolist()
    known = gan.latent.labels(0, index)
    assert known is not None
    assert label == known.tolist()
    assert not any("," in unit for unit in mistakes(tiny(brightness), greys(200), plan=PLAN).rates.units)


def test_bad_plans_are_refused() -> None:
    with pytest.raises(UsageError, match="25 pictures"):
        MistakePlan(n=3)


def test_classes_of_few_people_are_accused_no_more_often_than_said() -> None:
    """Eight people, who are each called fake at their own rate, and write each class alike."""
    people, accused, careless = torch.arange(240) // 30, 0, 0
    for seed in range(60):
        rates = Stream(seed, "rates").uniform(range(8), 1)[:, 0]
        flags = Stream(seed, "flags").uniform(range(240), 1)[:, 0] < rates[people]
        mine = people < 4  # a class that four of them wrote
        each, alone = Share("", "real", flags, mine, people), Share("", "real", flags, mine)
        accused += 0 not in _gap(each, 0.95)
        careless += 0 not in _gap(alone, 0.95)
        assert (_chance(each) <= 0.05) == (0 not in _gap(each, 0.95))
    assert accused <= 8  # 3 on average
    assert careless > 20


def test_the_difference_over_groups_is_its_jackknife() -> None:
    people = torch.arange(90) % 7
    flags = Stream(1, "flags").uniform(range(90), 1)[:, 0] < 0.4
    mine = torch.arange(90) % 3 == 0
    found = _apart(Share("", "real", flags, mine, people))

    def gap(kept: Tensor) -> float:
        return float(flags[kept & mine].double().mean() - flags[kept & ~mine].double().mean())

    left = torch.tensor([gap(people != one) for one in range(7)], dtype=torch.float64)
    every = gap(torch.ones(90, dtype=torch.bool))
    assert found.value == pytest.approx(every)
    assert found.error == pytest.approx(float(((left - every).square().sum() * 6 / 7).sqrt()))
    assert (found.df, found.n) == (6, 7)
    alone = _gap(Share("", "real", flags, people == 3, people), 0.95)
    assert (alone.low, alone.high) == (-1, 1), "a class of one person says nothing"
    never = Share("", "real", torch.zeros(90, dtype=torch.bool), mine, people)
    assert _gap(never, 0.95) == gap_of((0, 7), (0, 7))
    assert never.rate(level=0.95).high > 0.3


def test_groups_of_the_data_reach_the_rates() -> None:
    data = greys(200, classes=True)
    alone = mistakes(tiny(brightness), data, plan=PLAN).rates.arrays
    whole = mistakes(tiny(brightness), replace(data, groups=torch.arange(200) // 20), plan=PLAN).rates.arrays
    assert np.array_equal(alone["rate"], whole["rate"])
    assert alone["low"][0] != whole["low"][0]
    assert alone["low"][1] == whole["low"][1], "generated ones stand each for itself"
