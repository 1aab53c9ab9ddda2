"""The effect of a fork: arms that share their past, null forks that find nothing, a planted change that is found."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from ganatomy.errors import DivergedError, UsageError
from ganatomy.experiments import pool
from ganatomy.experiments.arms import Arm, Played, Scene, branches
from ganatomy.experiments.forks import CONTROL, FRESH, NULL, PLANTED, SAME, Fork, Forked, forked, one_base
from ganatomy.numerics.statistics.effects import judged_together, mean_effect
from ganatomy.training.recipes.read import read_recipe, to_yaml

SMALL = ["players.options.hidden=[16]", "players.options.critic_hidden=[16]", "pace.batch=16"]
RING = to_yaml(read_recipe("ring8", SMALL))
ARMS = (CONTROL, SAME, NULL, FRESH, PLANTED)


def silent(_done: int, _total: int) -> None:
    """No progress."""


@lru_cache
def base(*do: str) -> dict[str, list[dict[str, float]]]:
    return one_base(Fork(RING, 6, do, rounds=(1, 4)), 3)


def test_without_a_change_the_fork_is_the_run_and_other_randomness_is_not() -> None:
    found = base()
    assert found[SAME] == found[CONTROL]
    assert found[NULL] != found[CONTROL]
    assert found[FRESH] != found[NULL]


def test_a_change_shows_and_readings_are_those_of_the_rounds_after_the_fork() -> None:
    found = base("freeze=generator")
    assert found[CONTROL] == base()[CONTROL]
    assert found[SAME][0]["step"] == 7
    assert found[SAME][1]["step"] == 10
    assert found[SAME][1]["gap"] != found[CONTROL][1]["gap"]
    assert found[PLANTED][0] == found[CONTROL][0]  # shaken before the last round alone
    assert found[PLANTED][1]["gap"] != found[CONTROL][1]["gap"]


def simulated(*, shift: float, paired: float, n: int = 10, seed: int = 0, planted: float = 9.0) -> Forked:
    """Two rounds of one reading: arms share their base run (spread 3); twins of one randomness share `paired` of the
    rest (spread 1), the others nothing; a change shifts the second round.
    """
    draw = np.random.Generator(np.random.Philox(seed)).normal(size=(7, n, 2))
    shared, own = np.sqrt(paired), np.sqrt(1 - paired)
    table = {arm: 3 * draw[0] + shared * draw[1] + own * draw[place + 2] for place, arm in enumerate(ARMS)}
    for arm, place in ((NULL, 4), (FRESH, 5)):
        table[arm] = 3 * draw[0] + draw[place]
    for arm, size in ((SAME, shift), (FRESH, shift), (PLANTED, planted)):
        table[arm] = table[arm] + np.array([0, size])
    return Forked(Fork(RING, 5, ("x=1",), rounds=(10, 100), bases=tuple(range(n))), {"gap": table})


def test_a_shift_is_found_and_attributed() -> None:
    (found,) = simulated(shift=4.0, paired=0.9).findings(["gap"])
    assert (found.verdict, found.p < 0.01) == ("present", True)
    assert found.effect == pytest.approx(4, abs=0.6)
    assert found.positive_control.value == pytest.approx(8, abs=1.0)  # 9, less what chance does


def test_where_not_even_the_planted_change_is_seen_nothing_is_decided() -> None:
    (found,) = simulated(shift=0.1, paired=0.9, planted=0.0).findings(["gap"])
    assert found.verdict == "undetermined"
    assert "Not even a shaken generator" in found.note


def test_an_effect_whose_sign_hangs_on_the_randomness_is_not_the_changes_own() -> None:
    whole = simulated(shift=4.0, paired=0.9)
    turned = dict(whole.readings["gap"])
    turned[FRESH] = turned[FRESH] - np.array([0, 8.0])
    (found,) = replace(whole, readings={"gap": turned}).findings(["gap"])
    assert found.verdict == "undetermined"
    assert "the sign is another" in found.note


def test_the_horizon_is_that_of_pairing_and_not_of_the_shared_base() -> None:
    assert simulated(shift=0.0, paired=0.9, n=200).course("gap").horizon == 100
    assert simulated(shift=0.0, paired=0.0, n=200).course("gap").horizon == 0
    whole = simulated(shift=0.0, paired=0.9, n=200)
    late = {arm: table.copy() for arm, table in whole.readings["gap"].items()}
    late[SAME][:, 1] = simulated(shift=0.0, paired=0.0, n=200, seed=9).readings["gap"][SAME][:, 1]
    assert replace(whole, readings={"gap": late}).course("gap").horizon == 10


def test_the_course_is_the_arithmetic_it_says() -> None:
    whole = simulated(shift=1.0, paired=0.5)
    table, course = whole.readings["gap"], whole.course("gap")
    assert course.same[1].value == pytest.approx((table[SAME] - table[CONTROL])[:, 1].mean())
    assert course.noise[0] == pytest.approx((table[NULL] - table[CONTROL])[:, 0].std(ddof=1))
    apart = [(table[arm] - table[CONTROL])[:, 0].var(ddof=1) for arm in (FRESH, SAME)]
    assert course.gain[0] == pytest.approx(apart[0] / apart[1])
    sizes = [np.abs(table[arm] - table[CONTROL])[:, 1].mean() for arm in (PLANTED, NULL)]
    assert course.planted.value == pytest.approx(sizes[0] - sizes[1])
    with pytest.raises(UsageError, match="no reading 'gaps'"):
        whole.course("gaps")


def test_null_changes_are_present_in_at_most_a_twentieth_of_forks() -> None:
    found = [simulated(shift=0.0, paired=0.5, seed=seed).findings(["gap"])[0].verdict for seed in range(300)]
    assert found.count("present") <= 0.05 * 300 + 3 * np.sqrt(300 * 0.05 * 0.95)


def test_two_bases_and_no_change_are_refused() -> None:
    with pytest.raises(UsageError, match="3 or more"):
        forked(Fork(RING, 6, ("freeze=critic",), bases=(0, 1)), progress=silent)
    with pytest.raises(UsageError, match="no change"):
        forked(Fork(RING, 6, ()), progress=silent)


def test_an_effect_that_is_seen_needs_no_other_witness() -> None:
    (found,) = simulated(shift=6.0, paired=0.9, planted=0.0).findings(["gap"])
    assert found.verdict == "present"


def test_an_older_critic_can_be_measured() -> None:
    found = one_base(Fork(RING, 6, ("critic=3",), rounds=(2,)), 0)
    assert found[SAME] != found[CONTROL]
    with pytest.raises(UsageError, match="the critic of round 7"):
        one_base(Fork(RING, 6, ("critic=7",), rounds=(2,)), 0)


def test_what_the_recipe_plans_ends_at_the_fork_where_it_says_so() -> None:
    """A generator that is frozen until the fork learns in every arm after it."""
    recipe = to_yaml(read_recipe("ring8", [*SMALL, "interventions=['freeze=generator from 2 until 6']"]))
    whole = one_base(Fork(recipe, 6, ("freeze=generator",), rounds=(4,)), 0)
    assert whole[CONTROL][0]["gap"] != whole[SAME][0]["gap"]
    from_the_start = one_base(Fork(recipe, 0, (), rounds=(10,)), 0)
    assert whole[CONTROL][0] == from_the_start[CONTROL][0]


def test_a_change_that_makes_runs_diverge_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "cores", lambda: 1)
    explosive = Fork(RING, 2, ("pace.both.rate=1e30", "pace.both.kind=sgd"), rounds=(60,), bases=(0, 1, 2))
    with pytest.raises(DivergedError, match=r"3 of 3 'changed'"):
        forked(explosive, progress=silent)


@pytest.mark.slow
def test_of_eleven_forks_the_planted_one_is_found_and_ten_null_ones_are_not() -> None:
    """Each null fork is another randomness, the planted one a generator that stops learning. Holm over the eleven."""
    recipe, bases = to_yaml(read_recipe("ring8", [*SMALL, "pace.batch=64"])), range(10)
    planted = forked(Fork(recipe, 60, ("freeze=generator",), rounds=(120,), bases=tuple(bases)), progress=silent)
    course = planted.course("gap")
    nulls = [Arm(f"null {number}", do=(f"randomness={number}",)) for number in range(10, 20)]
    rows = [[reading(each) for _, each in branches(Scene(recipe, 60, (120,)), nulls, seed=seed)] for seed in bases]
    control = planted.readings["gap"][CONTROL][:, 0]
    effects = [
        mean_effect(np.array(null) - control, smallest=course.same[-1].smallest) for null in zip(*rows, strict=True)
    ]
    verdicts = [effect.verdict for effect in judged_together([*effects, course.same[-1]], adjust="holm")]
    assert verdicts[-1] == "present"
    assert "present" not in verdicts[:-1]
    assert planted.findings(["gap"])[0].verdict == "present"


def reading(played: Played | None) -> float:
    assert played is not None
    return played.readings[-1]["gap"]
