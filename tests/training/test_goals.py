"""Goals: what people type is understood or refused with examples; convergence is told once and survives JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import UsageError
from ganatomy.training.goals import HOLD, Convergence, Goal, Pursuit, Stop, parse_goal

UNDERSTOOD = {
    "5000": (Stop("steps", 5000),),
    "5000 steps": (Stop("steps", 5000),),
    "1 step": (Stop("steps", 1),),
    "20k": (Stop("steps", 20_000),),
    "500k images": (Stop("images", 500_000),),
    "1.5M images": (Stop("images", 1_500_000),),
    "90s": (Stop("seconds", 90),),
    "3min": (Stop("seconds", 180),),
    "1 minute": (Stop("seconds", 60),),
    "0.5h": (Stop("seconds", 1800),),
    "gap<0.02": (Stop("gap", 0.02),),
    "gap < .02": (Stop("gap", 0.02),),
    "gap<2%": (Stop("gap", 0.02),),
    "gap<floor": (Stop("floor"),),
    "plateau": (Stop("plateau", 10),),
    "plateau(25)": (Stop("plateau", 25),),
    "gap < 1e-05": (Stop("gap", 1e-5),),
    "  gap<floor or plateau or 3min ": (Stop("floor"), Stop("plateau", 10), Stop("seconds", 180)),
}
REFUSED = [
    *["", "soon", "0", "-5", "5 apples", "1.5 steps", "0.3", "3m", "gap", "gap<0", "gap>0.1", "gap<big"],
    *["5000 or", "or 5000", "5000 and 3min", "plateaus", "1e4", "nan", "inf s"],
]


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_a_goal_is_read_as_meant_and_what_it_prints_reads_the_same(text: str) -> None:
    goal = parse_goal(text)
    assert goal == Goal(UNDERSTOOD[text])
    assert parse_goal(str(goal)) == goal


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_goal_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="goal") as caught:
        parse_goal(text)
    assert "500k images" in caught.value.remedy
    assert "gap<0.02" in caught.value.remedy


def test_a_number_is_a_number_of_steps() -> None:
    assert parse_goal(300) == parse_goal("300")


def test_the_refused_part_is_named() -> None:
    with pytest.raises(UsageError, match="'5 apples' in it"):
        parse_goal("3min or 5 apples")


def test_a_budget_is_spent_when_it_is_reached_and_not_before() -> None:
    goal = parse_goal("100 steps or 5k images or 60s")
    assert goal.spent(99, 4999, 59.9) is None
    assert goal.spent(100, 0, 0.0) == Stop("steps", 100)
    assert goal.spent(0, 5000, 0.0) == Stop("images", 5000)
    assert goal.spent(0, 0, 60.0) == Stop("seconds", 60)
    assert goal.amount("steps") == 100
    assert not goal.needs_probes
    assert parse_goal("plateau").needs_probes
    assert parse_goal("plateau").spent(10**9, 10**9, 1e9) is None


def probes(gaps: list[float], floor: float = 0.002) -> list[dict[str, float]]:
    return [
        {"seen": 1000.0 * place, "gap": gap, "gap.floor": 0.0, "gap.upper": floor} for place, gap in enumerate(gaps, 1)
    ]


def pursued(goal: str, gaps: list[float]) -> Pursuit:
    pursuit = Pursuit(parse_goal(goal))
    for signals in probes(gaps):
        pursuit = pursuit.observe(signals)
    return pursuit


def test_convergence_dates_from_the_first_of_the_probes_that_stayed() -> None:
    one = pursued("gap<0.02", [0.5, 0.01, 0.03, 0.019, 0.015, 0.018, 0.5])
    assert one.convergence.seen == 4000
    assert one.convergence.lost == 7000
    assert one.met == Stop("gap", 0.02)
    assert "4,000 images, and left it at 7,000" in one.convergence.sentence()
    assert not one.floor.converged


def test_a_gap_at_its_target_is_not_below_it_and_two_probes_are_too_few() -> None:
    assert pursued("gap<0.02", [0.02] * 9).met is None
    assert pursued("gap<0.02", [0.01] * (HOLD - 1)).met is None
    assert pursued("gap<0.02", [0.01] * HOLD).met is not None


def test_the_floor_is_what_real_samples_read() -> None:
    assert pursued("gap<floor", [0.003] * 9).met is None
    done = pursued("gap<floor", [0.003, 0.0019, -0.001, 0.0])
    assert done.met == Stop("floor")
    assert done.floor.seen == 2000
    assert "gap of real samples after 2,000 images" in done.convergence.sentence()


def test_a_plateau_is_no_improvement_beyond_the_noise() -> None:
    falling = [0.5 - 0.01 * place for place in range(30)]
    assert pursued("plateau", falling).met is None
    assert pursued("plateau", [*falling, *[0.2095] * 9]).met is None
    assert pursued("plateau", [*falling, *[0.2095, 0.2085] * 5]).met == Stop("plateau", 10)


def test_sentences_of_runs_that_did_not_converge() -> None:
    assert "no probe" in Convergence().sentence()
    assert "the best of 2 probes was 0.3" in pursued("gap<0.02", [0.5, 0.3]).convergence.sentence()


def test_signals_without_a_gap_change_nothing() -> None:
    pursuit = pursued("plateau", [0.5])
    assert pursuit.observe({"seen": 1.0}) is pursuit


@given(
    st.sampled_from(list(UNDERSTOOD)),
    st.lists(st.floats(-0.01, 1.0), max_size=30),
    st.integers(0, 30),
)
def test_a_pursuit_that_went_through_json_goes_on_identically(text: str, gaps: list[float], cut: int) -> None:
    whole = pursued(text, gaps)
    half = pursued(text, gaps[:cut])
    back = Pursuit.from_dict(json.loads(json.dumps(half.to_dict())))
    assert back == half
    for signals in probes(gaps)[cut:]:
        back = back.observe(signals)
    assert back == whole
