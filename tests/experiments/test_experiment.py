"""An experiment needs its controls, and ends as what its numbers say; of nothing it makes a claim in few cases only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ganatomy.errors import DivergedError, UsageError
from ganatomy.experiments.arms import Arm
from ganatomy.experiments.experiment import Experiment, Negative, Positive, Treatment, conclude, with_seeds
from ganatomy.experiments.statistics import last
from ganatomy.results.folder import load, save

FIELDS: dict[str, Any] = {
    "claim": "the gap falls", "why": "somebody said so", "statistic": "gap", "read": last("gap"), "expected": "falls",
    "recipe": "ring8", "base": Arm("base"), "treatment": Treatment("treated", do=("freeze=critic",)),
    "positive": Positive("sure", changes=("pace.batch=8",)), "negative": Negative("none", do=("randomness=1",)),
    "rounds": (5,), "smallest": 0.5, "seeds": 8,
}  # fmt: skip


def made(**other: Any) -> Experiment:
    return Experiment(**(FIELDS | other))


def values(
    *, treated: float = -2.0, positive: float = 5.0, negative: float = 0.0, n: int = 8
) -> Mapping[str, list[float]]:
    draw = np.random.Generator(np.random.Philox(7))
    base = draw.normal(size=n)
    shifts = {"base": 0.0, "treated": treated, "sure": positive, "none": negative}
    return {name: list(base + shift + 0.1 * draw.normal(size=n)) for name, shift in shifts.items()}


@pytest.mark.parametrize("missing", ["base", "treatment", "positive", "negative"])
def test_an_arm_that_is_missing_is_an_error(missing: str) -> None:
    with pytest.raises(TypeError, match=missing):
        Experiment(**{name: value for name, value in FIELDS.items() if name != missing})


@pytest.mark.parametrize(
    ("place", "arm"),
    [
        ("positive", Negative("sure")),
        ("negative", Positive("none")),
        ("treatment", Arm("treated")),
        ("base", Treatment("base")),
        ("positive", Treatment("sure")),
    ],
)
def test_an_arm_in_the_place_of_another_is_refused(place: str, arm: Arm) -> None:
    with pytest.raises(UsageError, match=f"the {place} of"):
        made(**{place: arm})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seeds", 2),
        ("smallest", 0.0),
        ("expected", "jumps"),
        ("negative", Negative("base", do=("randomness=1",))),
        ("negative", Negative("none")),
        ("positive", Positive("sure", do=("thaw=critic",))),
        ("treatment", Treatment("treated", do=("freeze=critic from 5",))),
    ],
)
def test_what_could_not_be_decided_is_refused(field: str, value: object) -> None:
    with pytest.raises(UsageError):
        made(**{field: value})


@pytest.mark.parametrize(
    ("shifts", "expected", "verdict", "note"),
    [
        ({}, "falls", "present", "It falls, as claimed"),
        ({}, "rises", "absent", "The opposite was found: it falls"),
        ({"treated": 2.0}, "falls", "absent", "The opposite was found: it rises"),
        ({"treated": 0.05}, "falls", "absent", "below the smallest of interest, 0.5"),
        ({"treated": -0.5}, "falls", "undetermined", "The seeds do not agree enough"),
        ({"positive": 0.1}, "falls", "undetermined", "The positive control (sure) was not seen"),
        ({"negative": 1.5}, "falls", "undetermined", "The negative control (none) has an effect"),
        ({"negative": -0.5, "treated": -0.8}, "falls", "undetermined", "It is not surely more than the negative"),
    ],
)
def test_the_verdict_is_that_of_the_numbers(shifts: dict[str, float], expected: str, verdict: str, note: str) -> None:
    found = conclude(made(expected=expected), values(**shifts))
    assert (found.verdict, note in found.note) == (verdict, True), found.note


def test_a_finding_holds_effects_controls_and_every_value(tmp_path) -> None:
    given = values()
    found = conclude(made(), given)
    difference = np.subtract(given["treated"], given["base"])
    assert found.effect == pytest.approx(difference.mean())
    assert found.positive_control.value == pytest.approx(np.subtract(given["sure"], given["base"]).mean())
    assert found.negative_control.value == pytest.approx(np.subtract(given["none"], given["base"]).mean())
    assert list(found.arrays) == ["base", "treated", "sure", "none"]
    # Four times the p-value of the shifted t test at most, for it is one of a family of four.
    pairs = difference, np.subtract(given["treated"], given["none"])
    alone = [stats.t.sf((abs(d.mean()) - 0.5) / d.std(ddof=1) * math.sqrt(8), 7) for d in pairs]
    assert max(alone) * 0.999 <= found.p <= 4.001 * max(alone)
    np.testing.assert_array_equal(load(save(found, tmp_path / "found")).arrays["none"], given["none"])  # type: ignore[attr-defined]


def test_of_nothing_few_claims_are_made() -> None:
    """400 experiments whose treatment and negative control are noise: a claim by chance in one of twenty at most."""
    draw = np.random.Generator(np.random.Philox(11))
    experiment = made(smallest=1e-6)  # the test at 0, where it errs most often
    claimed = 0
    for _ in range(400):
        base = draw.normal(size=8)
        arms = {name: base + draw.normal(size=8) for name in ("treated", "none")}
        found = conclude(experiment, {"base": base, "sure": base + 50 + draw.normal(size=8), **arms})
        claimed += found.verdict == "present" or "opposite" in found.note or "negative control" in found.note
    assert claimed / 400 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
    assert claimed > 0  # or the test could not have failed


def test_more_seeds_are_another_experiment() -> None:
    assert (with_seeds(made(), 20).seeds, made().seeds) == (20, 8)


def test_seeds_in_which_an_arm_diverged_are_left_out_and_told() -> None:
    given = {name: list(each) for name, each in values().items()}
    given["treated"][2] = math.nan
    found = conclude(made(), given)
    assert found.verdict == "present"
    assert "Left out: 1 seeds" in found.note
    assert len(found.arrays["treated"]) == 8
    with pytest.raises(DivergedError, match="diverged 'treated' in 8"):
        conclude(made(), {**given, "treated": [math.nan] * 8})
