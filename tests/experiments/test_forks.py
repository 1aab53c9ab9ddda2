"""The effect of a fork: arms that share their past, null forks that find nothing, a planted change that is found."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from ganatomy.errors import UsageError
from ganatomy.experiments.arms import Arm, Scene, branches
from ganatomy.experiments.forks import CONTROL, FRESH, NOISE, NULL, PLANTED, SAME, Fork, Forked, forked, one_base
from ganatomy.numerics.statistics.effects import judged_together, paired_effect
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
    assert found[PLANTED][1]["gap"] > found[CONTROL][1]["gap"]


def simulated(*, shift: float, likeness: float, n: int = 10, seed: int = 0, planted: float = 5.0) -> Forked:
    """Two rounds of one reading whose twins have a known likeness, a change that shifts the second, and noise 1."""
    draw = np.random.Generator(np.random.Philox(seed)).normal(size=(5, n, 2))
    alike, other = np.sqrt(likeness), np.sqrt(1 - likeness)
    values = {arm: alike * draw[0] + other * draw[place] for place, arm in enumerate(ARMS) if place}
    table = {CONTROL: alike * draw[0] + other * draw[4][::-1], **values}
    table[SAME] = table[SAME] + np.array([0, shift])
    table[FRESH] = table[FRESH] + np.array([0, shift])
    table[PLANTED] = table[PLANTED] + np.array([0, planted])
    return Forked(Fork("", 5, ("x=1",), rounds=(10, 100), bases=tuple(range(n))), {"gap": table})


def test_a_shift_is_found_and_attributed() -> None:
    (found,) = simulated(shift=4.0, likeness=0.9).findings(["gap"])
    assert (found.verdict, found.p < 0.01) == ("present", True)
    assert found.effect == pytest.approx(4, abs=0.5)
    assert found.positive_control.value == pytest.approx(5, abs=0.7)


def test_where_not_even_the_planted_change_is_seen_nothing_is_decided() -> None:
    (found,) = simulated(shift=4.0, likeness=0.9, planted=0.0).findings(["gap"])
    assert found.verdict == "undetermined"
    assert "Not even a shaken generator" in found.note


def test_an_effect_whose_sign_hangs_on_the_randomness_is_not_the_changes_own() -> None:
    whole = simulated(shift=4.0, likeness=0.9)
    turned = dict(whole.readings["gap"])
    turned[FRESH] = turned[FRESH] - np.array([0, 8.0])
    (found,) = replace(whole, readings={"gap": turned}).findings(["gap"])
    assert found.verdict == "undetermined"
    assert "the sign is another" in found.note


def test_the_horizon_ends_where_twins_are_no_more_alike_than_strangers() -> None:
    assert simulated(shift=0.0, likeness=0.99, n=200).course("gap").horizon == 100
    assert simulated(shift=0.0, likeness=0.1, n=200).course("gap").horizon == 0


def test_the_course_is_the_arithmetic_it_says() -> None:
    whole = simulated(shift=1.0, likeness=0.5)
    table, course = whole.readings["gap"], whole.course("gap")
    assert course.same[1].value == pytest.approx((table[SAME] - table[CONTROL])[:, 1].mean())
    assert course.noise[0] == pytest.approx((table[NULL] - table[CONTROL])[:, 0].std(ddof=1))
    assert course.alike[0] == pytest.approx(np.corrcoef(table[CONTROL][:, 0], table[SAME][:, 0])[0, 1])
    with pytest.raises(UsageError, match="no reading 'gaps'"):
        whole.course("gaps")


def test_null_changes_are_present_in_at_most_a_twentieth_of_forks() -> None:
    found = [simulated(shift=0.0, likeness=0.8, seed=seed).findings(["gap"])[0].verdict for seed in range(300)]
    assert found.count("present") <= 0.05 * 300 + 3 * np.sqrt(300 * 0.05 * 0.95)


def test_two_bases_are_refused() -> None:
    with pytest.raises(UsageError, match="3 or more"):
        forked(Fork(RING, 6, (), bases=(0, 1)), progress=silent)


@pytest.mark.slow
def test_of_eleven_forks_the_planted_one_is_found_and_ten_null_ones_are_not() -> None:
    """Each null fork is another randomness, the planted one a generator that stops learning. Holm over the eleven."""
    recipe = to_yaml(read_recipe("ring8", [*SMALL, "pace.batch=64"]))
    nulls = [Arm(f"other randomness {number}", do=(f"randomness={number}",)) for number in range(10)]
    arms = [Arm("as it was"), *nulls, Arm("planted", do=("freeze=generator",))]
    scene = Scene(recipe, 100, (60,))
    rows = [[played.readings[-1]["gap"] for _, played in branches(scene, arms, seed=seed)] for seed in range(10)]
    control, *changed = np.array(rows).T
    noise = (changed[0] - control).std(ddof=1)
    effects = [paired_effect(values, control, smallest=NOISE * noise) for values in changed]
    verdicts = [effect.verdict for effect in judged_together(effects, adjust="holm")]
    assert verdicts[-1] == "present"
    assert "present" not in verdicts[:-1]
