"""A lookup critic is found, one that saw neither sort is accused as rarely as it says, and other data are no memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from shared_tiny import brightness, greys, linear, tiny
from torch import Tensor

from ganatomy.data.dataset import Dataset, stored
from ganatomy.errors import UsageError
from ganatomy.explain.critic.samples.memory import MemoryPlan, alarm, compared, judged, looks, memory, shifted, unlike
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.roc import auc

HOW = {"smallest": 0.05, "level": 0.95}
PLAN = MemoryPlan(n=120, draws=499)


def test_a_lookup_critic_is_found_with_every_picture() -> None:
    train, held_out = greys(120, seed=1, split="train"), greys(120, seed=2)
    kept = train.read(range(120)).flatten(1)

    def lookup(x: Tensor) -> Tensor:
        return -torch.cdist(x.flatten(1), kept.to(x)).amin(1)

    found = memory(tiny(lookup), train, held_out, plan=PLAN)
    assert found.verdict == "present"
    assert found.effect == 0.5
    assert found.p == pytest.approx(1 / 500)
    assert found.arrays["caught"][0] == found.arrays["above_all"][0] == 1
    # Half of a table against the other half of it: nothing.
    assert found.negative_control.interval is not None
    assert 0 in found.negative_control.interval


def test_a_critic_that_saw_neither_is_not_accused() -> None:
    found = memory(tiny(linear), greys(2000, seed=1), greys(2000, seed=2), plan=replace(PLAN, n=2000))
    assert found.verdict == "absent"
    assert found.interval.low <= 0 <= found.interval.high
    assert found.arrays["caught"][1] <= 0.01 <= found.arrays["caught"][2]
    assert found.positive_control.value > 0.05


def test_p_is_nominal_without_memory_and_the_interval_covers() -> None:
    low = wrong = covered = 0
    plan = MemoryPlan(n=100, draws=199, smallest=0.0)
    for trial in range(200):
        both = Stream(trial, "null").normal(range(100), 1)[:, 0].double()
        found = compared(both[:60], both[60:], plan=plan)
        low += found.p <= 0.05
        wrong += judged(found, smallest=0.0, level=0.95) == "present"
        covered += 0.5 in found.told.interval
    assert 3 <= low <= 19  # 10 on average; 0.998 of binomial draws
    assert wrong <= 12
    assert covered >= 180


def test_the_numbers_are_those_of_their_definitions() -> None:
    known = Stream(0, "a").normal(range(200), 1)[:, 0].double() + 0.5
    other = Stream(0, "b").normal(range(300), 1)[:, 0].double()
    found = compared(known, other, plan=PLAN)
    assert found.told == auc(known, other)
    cut = alarm(other)
    assert int((other > cut).sum()) == 3
    assert found.caught[0] == float((known > cut).double().mean())
    assert found.above_all[0] == float((known > other.max()).double().mean())
    assert found.sds == pytest.approx(float((known.mean() - other.mean()) / other.std()))
    tied = compared(known.round(), other.round(), plan=PLAN)
    assert tied.told.value == pytest.approx(auc(known.round(), other.round()).value)


def test_data_that_differ_in_themselves_make_no_memory() -> None:
    found = memory(tiny(brightness), greys(120, seed=1, shift=0.5), greys(120, seed=2), plan=PLAN)
    assert found.effect > 0.3
    assert found.verdict == "undetermined"
    assert "differ in themselves: mean" in found.note
    same = looks(greys(120).read(range(120)))
    assert shifted(same, same, smallest=0.05, level=0.95) == ""


def test_scoring_training_pictures_lower_is_no_memory() -> None:
    ranks = torch.arange(200).double()
    assert judged(compared(ranks[:100], ranks[100:], plan=PLAN), smallest=0.05, level=0.95) == "absent"
    small = compared(torch.arange(0, 4000, 2) + 200.0, torch.arange(1, 4001, 2) + 0.0, plan=PLAN)
    assert small.p < 0.01
    assert judged(small, smallest=0.2, level=0.95) == "absent"
    few = compared(ranks[:40:2], ranks[1:40:2], plan=PLAN)
    assert judged(few, smallest=0.05, level=0.95) == "undetermined"


def test_groups_are_relabelled_whole() -> None:
    people = torch.arange(120) // 20
    shift = Stream(0, "people").normal(range(12), 1)[:, 0].double()
    both = torch.cat([people, people + 6])
    scores = shift[both] + 0.01 * Stream(0, "noise").normal(range(240), 1)[:, 0].double()
    alone = compared(scores[:120], scores[120:], plan=PLAN)
    whole = compared(scores[:120], scores[120:], plan=PLAN, groups=(people, people + 6))
    assert whole.p > alone.p or alone.p > 0.5
    assert whole.sds_within.high - whole.sds_within.low > 2 * (alone.sds_within.high - alone.sds_within.low)
    assert "differ" in shifted(scores[:120, None].repeat(1, 3) + 1, scores[120:, None].repeat(1, 3), **HOW)
    few = shifted(
        scores[:120, None].repeat(1, 3) + 1, scores[120:, None].repeat(1, 3), groups=(people, people + 6), **HOW
    )
    assert few == ""
    train = replace(greys(120, seed=1), groups=people)
    held_out = replace(greys(120, seed=2), groups=people)
    assert memory(tiny(), train, held_out, plan=PLAN).replication == "group"


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(UsageError, match="25 or more"):
        memory(tiny(), greys(10), greys(100), plan=PLAN)
    with pytest.raises(UsageError, match="25 or more"):
        MemoryPlan(n=5)


def by_class(n: int, seed: int, split: str, classes: int = 10) -> Dataset:
    """Sorted by class, each of its own brightness, in as many sorts as there are."""
    labels = torch.arange(n) * classes // n
    x = 0.05 * Stream(seed, "sorted").normal(range(n), 1, 6, 6) + (0.1 * labels - 0.4)[:, None, None, None]
    kept = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return stored("sorted", split, pictures=kept, labels=labels, classes=tuple("abcdefghij"))  # type: ignore[arg-type]


def test_random_critics_are_not_accused_on_data_sorted_by_class() -> None:
    """A thousand training pictures would be the dark half of the classes, and a hundred held-out ones all of them."""
    train, held_out = by_class(2000, 1, "train"), by_class(200, 2, "held-out")
    found = memory(tiny(lambda x: -brightness(x)), train, held_out, plan=MemoryPlan(n=1000, draws=199))
    assert found.verdict != "present"
    assert abs(found.effect) < 0.1
    assert "differ in themselves" not in found.note
    assert "shares of the classes" not in found.note


def test_other_shares_of_classes_make_no_memory() -> None:
    train, held_out = by_class(600, 1, "train"), by_class(600, 2, "held-out")
    labels = torch.arange(600) % 10
    fewer = replace(train, draw_labels=lambda at: labels[torch.tensor(at)] // 2)
    even = replace(held_out, draw_labels=lambda at: labels[torch.tensor(at)])
    assert "hold other shares" in memory(tiny(), fewer, even, plan=PLAN).note
    same = labels.double()
    assert unlike(same, same.flip(0), plan=PLAN) == 0
    assert unlike(same, same[:300] // 2, plan=PLAN) == pytest.approx(0.5)
    people = torch.arange(600) // 100
    alike = people.double() % 3  # three of each sort of people: half of them say nothing of classes
    assert unlike(alike[:300], alike[300:] * 0, plan=PLAN, groups=(people[:300], people[300:])) == 0


def test_absent_is_said_as_rarely_as_it_may_of_data_in_groups() -> None:
    """P = 0.6 truly: twice the smallest. Ten people each; with pictures taken as independent 13 % are called absent."""
    ids, absent = torch.arange(10).repeat_interleave(20), 0
    for trial in range(100):
        shared, own = (Stream(trial, name).normal(range(n), 1)[:, 0].double() for name, n in (("s", 20), ("o", 400)))
        scores = 0.95 * shared[torch.cat([ids, ids + 10])] + 0.3 * own
        found = compared(scores[:200] + 0.36, scores[200:], plan=MemoryPlan(draws=19), groups=(ids, ids + 10))
        absent += judged(found, smallest=0.05, level=0.95) == "absent"
    assert absent <= 5


def test_pictures_that_nothing_calls_training_ones_are_said() -> None:
    train, held_out = greys(120, seed=1), greys(120, seed=2)
    assert "nothing says that the critic was trained on them" in memory(tiny(), train, held_out, plan=PLAN).note
    own, other = (replace(tiny(), data=name) for name in ("greys", "mnist"))
    assert "nothing says" not in memory(own, train, held_out, plan=PLAN).note
    assert "names 'mnist'" in memory(other, train, held_out, plan=PLAN).note
    one_sided = memory(own, replace(train, groups=torch.arange(120) // 20), held_out, plan=PLAN)
    assert one_sided.replication == "group"


def test_looks_of_few_groups_are_no_sure_difference() -> None:
    """One bright group in each part of the other: surely apart as pictures, not as two groups against two."""
    train, held_out = greys(120, seed=1, shift=0.35), greys(120, seed=2)
    alone = memory(tiny(), train, held_out, plan=PLAN)
    ids = torch.arange(120) // 60
    whole = memory(tiny(), replace(train, groups=ids), replace(held_out, groups=ids), plan=PLAN)
    assert "differ in themselves" in alone.note
    assert "differ in themselves" not in whole.note
