"""Each rule speaks on the curve it is made for, and on no healthy one."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from ganatomy.errors import UsageError
from ganatomy.training.health.rules import RULES, rules_with
from ganatomy.training.health.watch import Alarm, Watch, observe

Signals = dict[str, float]
Curve = Callable[[int], Signals]


def healthy(step: int) -> Signals:
    """As a good run reads: an untrained generator makes little, the critic wins at first, then both settle."""
    early = math.exp(-step / 150)
    wobble = 0.05 * math.sin(step / 37)
    return {
        "critic.relative": 0.9 - 0.4 * early + wobble,
        "penalty.share": 0.05 + 0.1 * early,
        "norm.ratio": 0.9 + 0.8 * early + wobble,
        "critic.slope": 3.0 + wobble,
        "gap": 0.01 + 0.6 * early + 0.05 * wobble,
        "gap.floor": 0.0,
        "gap.upper": 0.002,
        "diversity.samples": 0.97 - 0.6 * early + wobble,
        "diversity.features": 1.0 - 0.5 * early + wobble,
        "duplicates": 0.01 + 0.9 * early**2,
        "duplicates.floor": 0.01,
        "average.distance": 0.2 + 0.1 * early + wobble,
        "drift": 0.1 + 0.3 * early,
        "memory.excess": 0.1 + wobble,
        "memory.noise": 0.09,
    }


def wasserstein(step: int) -> Signals:
    return {name: value for name, value in healthy(step).items() if name != "critic.relative"}


def converged(step: int) -> Signals:
    """Where nothing is left to do: the critic is undecided and flat, the gap is at its floor."""
    done = {"critic.relative": 1.0, "critic.slope": 1e-5, "gap": 0.001, "norm.ratio": 0.4}
    return healthy(step + 1000) | done


# For each rule, what differs from a healthy run, and how that looks just inside the limit.
BAD: dict[str, tuple[Curve, Curve]] = {
    "critic-saturated": (lambda s: {"critic.relative": 0.05}, lambda s: {"critic.relative": 0.11}),
    "critic-asleep": (
        lambda s: {"critic.relative": 1.001, "gap": 0.3},
        lambda s: {"critic.relative": 1.001, "gap": 0.6 * math.exp(-s / 1000)},
    ),
    "not-finite": (lambda s: {"skipped.critic.head.weight": 2.0}, lambda s: {}),
    "penalty-share": (lambda s: {"penalty.share": 0.95}, lambda s: {"penalty.share": 0.79}),
    "gradient-ratio": (lambda s: {"norm.ratio": 0.02}, lambda s: {"norm.ratio": 19.0}),
    "lost-diversity": (lambda s: {"diversity.features": 0.2}, lambda s: {"diversity.features": 0.51}),
    "near-duplicates": (lambda s: {"duplicates": 0.8}, lambda s: {"duplicates": 0.5}),
    "oscillation": (lambda s: {"average.distance": 0.9}, lambda s: {"average.distance": 0.74}),
    "memorising": (lambda s: {"memory.excess": 1.0}, lambda s: {"memory.excess": 0.56}),
    "critic-flat": (
        lambda s: {"critic.slope": 1e-5, "gap": 0.1 * math.exp(-s / 900)},
        lambda s: {"critic.slope": 0.01},
    ),
    "standing-still": (lambda s: {"gap": 0.2}, lambda s: {"gap": 0.049}),
    "got-worse": (
        lambda s: {"gap": 0.02 if s < 400 else 0.08},
        lambda s: {"gap": 0.02 if s < 400 else 0.045},
    ),
}


def run(curve: Curve, *, rounds: int = 1500, light: int = 10, probe: int = 50) -> list[Alarm]:
    """Light readings every few rounds and a full probe now and then, as a run gives them."""
    watch, found = Watch(), []
    for step in range(light, rounds + 1, light):
        signals = curve(step) | {"step": float(step), "seen": 64.0 * step}
        if step % probe:
            keep = ("step", "seen", "critic.relative", "penalty.share", "norm.ratio")
            signals = {k: v for k, v in signals.items() if k in keep or k.startswith(("skipped", "nonfinite"))}
        watch, alarms = observe(watch, signals)
        found += alarms
    return found


@pytest.mark.parametrize("curve", [healthy, wasserstein, converged])
@pytest.mark.parametrize("cadence", [(10, 50), (100, 100), (25, 200)])
def test_no_rule_speaks_on_a_healthy_run(curve: Curve, cadence: tuple[int, int]) -> None:
    assert run(curve, rounds=4000, light=cadence[0], probe=cadence[1]) == []


def test_every_rule_has_its_curve() -> None:
    assert set(BAD) == set(RULES)


@pytest.mark.parametrize("rule", BAD)
def test_a_rule_speaks_once_on_its_curve_and_not_just_inside_its_limit(rule: str) -> None:
    bad, nearly = BAD[rule]
    spoken = [alarm for alarm in run(lambda step: healthy(step) | bad(step)) if alarm.rule == rule]
    assert len(spoken) == 1
    assert spoken[0].evidence
    assert spoken[0].line().count(spoken[0].sentence) == 1
    assert spoken[0].seen == 64 * spoken[0].step
    assert [alarm.rule for alarm in run(lambda step: healthy(step) | nearly(step)) if alarm.rule == rule] == []


@pytest.mark.parametrize("rule", [name for name in BAD if name != "not-finite"])
def test_early_training_raises_no_alarm(rule: str) -> None:
    bad, _ = BAD[rule]
    assert [alarm.rule for alarm in run(lambda step: healthy(step) | bad(step), rounds=90) if alarm.rule == rule] == []


@pytest.mark.parametrize("name", sorted(healthy(0)))
def test_a_reading_that_is_never_there_silences_its_rules_and_breaks_none(name: str) -> None:
    everything = {key: value for bad, _ in BAD.values() for key, value in bad(1000).items()}
    without = run(lambda step: {k: v for k, v in (healthy(step) | everything).items() if k != name})
    silent = {rule.name for rule in RULES.values() if rule.reads[0] == name}
    assert not silent & {alarm.rule for alarm in without}


def test_both_sides_of_the_gradient_ratio_are_bad() -> None:
    for ratio in (0.02, 50.0):
        assert [a.rule for a in run(lambda step, r=ratio: healthy(step) | {"norm.ratio": r})] == ["gradient-ratio"]  # type: ignore[misc]


def test_samples_that_are_alike_but_ever_less_so_are_an_early_generator_and_no_collapse() -> None:
    def late(step: int) -> Signals:
        return healthy(step) | {"diversity.samples": 0.2 * 1.001**step, "duplicates": 0.9 * 0.998**step}

    assert run(late) == []
    assert run(lambda step: healthy(step) | {"duplicates": min(1.0, 1.6 * 0.9989**step)}) == []
    stuck = run(lambda step: healthy(step) | {"diversity.samples": 0.0, "duplicates": 1.0})
    assert {alarm.rule for alarm in stuck} == {"lost-diversity", "near-duplicates"}


def test_a_collapse_that_wobbles_is_one_episode() -> None:
    def collapsed(step: int) -> Signals:
        wobble = 1 + 0.15 * math.sin(step / 60)
        return healthy(step) | {"diversity.samples": 0.02 * wobble, "duplicates": 0.8 * wobble, "gap": 0.4 * wobble}

    assert [alarm.rule for alarm in run(collapsed, rounds=6000)].count("lost-diversity") == 1
    assert [alarm.rule for alarm in run(collapsed, rounds=6000)].count("standing-still") == 1


def test_non_finite_values_are_named_at_once_and_again_after_they_were_gone() -> None:
    def broken(step: int) -> Signals:
        bad = {"skipped.generator.hidden1.linear.weight": 3.0, "nonfinite.critic.adversarial": 1.0}
        return healthy(step) | (bad if step in (20, 30, 200) else {})

    found = run(broken)
    assert [(alarm.rule, alarm.step) for alarm in found] == [("not-finite", 20), ("not-finite", 200)]
    assert found[0].evidence["skipped.generator.hidden1.linear.weight"] == 3.0
    assert "hidden1.linear.weight" in found[0].line()


def test_a_critic_that_still_tells_is_not_asleep_though_nothing_moves() -> None:
    found = run(lambda step: healthy(step) | {"gap": 0.3})
    assert "critic-asleep" not in [alarm.rule for alarm in found]


def test_a_memory_excess_within_its_noise_is_no_memorising() -> None:
    small = run(lambda step: healthy(step) | {"memory.excess": 0.9, "memory.noise": 0.25})
    assert small == []


def test_a_flat_critic_at_its_floor_has_nothing_left_to_say() -> None:
    assert [a.rule for a in run(lambda step: converged(step) | {"gap": 0.1 * 0.998**step})] == ["critic-flat"]


def test_a_recipe_switches_rules_off_and_sets_thresholds() -> None:
    rules = rules_with({"lost-diversity": 0.3, "memorising": False, "gradient-ratio": 50, "oscillation": True})
    assert rules["lost-diversity"].low == 0.3
    assert rules["oscillation"] == RULES["oscillation"]
    assert (rules["gradient-ratio"].low, rules["gradient-ratio"].high) == (0.02, 50)
    assert set(RULES) - set(rules) == {"memorising"}
    assert rules_with({"near-duplicates": 0.9})["near-duplicates"].high == 0.9
    assert rules_with({}) == RULES


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        ({"lost-divresity": False}, "did you mean 'lost-diversity'"),
        ({"not-finite": 3}, "give true or false"),
        ({"gradient-ratio": 0.5}, "above 1"),
        ({"oscillation": 0}, "above 0"),
    ],
)
def test_a_switch_that_means_nothing_is_refused(switches: dict[str, bool | float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        rules_with(switches)
