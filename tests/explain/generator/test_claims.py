"""Three ablations must say the same, to one side; arrays fit together and are saved; how a family is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from oracles_dissection import HALVES, PLAN, dissected, parts_of, small

from ganatomy.explain.generator.claims import _agreed, _selectivity
from ganatomy.explain.generator.conclude import concluded, labelled, not_carrying, strength
from ganatomy.explain.generator.dissection import dissection
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.values import INTERVENTIONS
from ganatomy.numerics.statistics.effects import judged, judged_together
from ganatomy.numerics.statistics.interval import Mean
from ganatomy.results.folder import load, save


@pytest.mark.parametrize(
    ("verdicts", "sides", "claim"),
    [
        ((1, 1, 1), (-1, -1, -1), 1),
        ((1, 1, 1), (1, 1, 1), 1),
        ((1, 1, 1), (1, -1, 1), 0),
        ((1, 1, 0), (1, 1, 1), 0),
        ((-1, 1, 1), (1, 1, 1), 0),
        ((-1, -1, -1), (1, -1, 1), -1),
        ((-1, 0, -1), (1, 1, 1), 0),
    ],
)
def test_a_claim_needs_all_ablations_to_one_side(verdicts: tuple[int, ...], sides: tuple[int, ...], claim: int) -> None:
    as_table = [torch.tensor(each, dtype=torch.float64)[None, :, None] for each in (verdicts, sides)]
    assert _agreed(*as_table).item() == claim


def test_selectivity_is_the_least_share_over_the_ablations() -> None:
    effects = torch.tensor([[[3.0, -1.0], [0.5, 0.5], [0.0, 9.0]], [[0.0, 0.0]] * 3])
    assert _selectivity(effects).tolist() == [[0.0, 0.25], [0.0, 0.0]]
    assert _selectivity(effects[:, :1]).tolist() == [[0.75, 0.25], [0.0, 0.0]]


def test_all_tests_of_all_sites_are_one_family() -> None:
    """The adjusted p of each are those of all effects judged together, again from their means and errors."""
    found = dissection(small(), [HALVES], sets={}, plan=PLAN).effects
    value, low, high = (found.arrays[name].ravel() for name in ("effect", "low", "high"))
    assert value.size == 6 * len(INTERVENTIONS) * 2
    undetermined = found.arrays["verdict"].ravel() == 0  # whose intervals are not widened
    from scipy.stats import t

    error = np.where(undetermined, (high - low) / 2 / t.ppf(0.975, PLAN.images - 1), np.nan)
    assert undetermined.any()
    for place in np.flatnonzero(undetermined):
        alone = judged(Mean(value[place], error[place], PLAN.images - 1, PLAN.images), smallest=PLAN.smallest)
        assert found.arrays["p"].ravel()[place] >= alone.p_present - 1e-9
        assert found.arrays["p"].ravel()[place] > 0.05
        assert judged_together([alone])[0].verdict == alone.verdict


def test_labels_and_strengths_speak_of_masks_and_of_scores() -> None:
    labels = dissected("parts").labels
    assert np.array_equal(strength(labels), labels.arrays["iou"])
    named = labelled(labels, 0.95)
    assert named[[0, 7, 11, 12], 0].all()
    assert not named[16:].any()
    scored = dissection(small(), [HALVES], sets={}, plan=PLAN).labels
    assert np.array_equal(strength(scored), np.abs(scored.arrays["rank_correlation"]))


def test_everything_is_saved_and_read_again(tmp_path: Path) -> None:
    found = dissected("parts")
    for place, result in enumerate((found.labels, found.effects, *found.together.values(), *found.findings[:2])):
        save(result, tmp_path / str(place))
        again = load(tmp_path / str(place))
        assert again.to_dict() == result.to_dict()
        assert all(np.array_equal(result.arrays[n], again.arrays[n], equal_nan=True) for n in result.arrays)


def test_who_moves_a_concept_too_far_does_not_carry_it_alone() -> None:
    """Farther than from one sample to another, by doing what it did in another: units 0 and 11 of A."""
    found, (_, measurer) = dissected("parts"), parts_of("parts")
    low, high = found.effects.arrays["low"].copy(), found.effects.arrays["high"].copy()
    low[[0, 11], 2, 0], high[[0, 11], 2, 0] = -4.0, -3.0
    effects = replace(found.effects, arrays={**found.effects.arrays, "low": low, "high": high})
    verdicts = {f.claim: f.verdict for f in concluded(found.labels, effects, Panel((measurer,)), plan=PLAN)}
    assert verdicts["a single unit of units carries parts: A"] == "undetermined"
    assert verdicts["a single unit of units carries parts: D"] == "present"


def simulated(truth: torch.Tensor, seed: int) -> dict[str, np.ndarray]:
    """What a causal pass finds of true effects (units, interventions, concepts), paired noise of 0.15 sd."""
    n = PLAN.images
    noise = torch.from_numpy(np.random.default_rng(seed).normal(size=(*truth.shape, n))) * 0.15
    values = (truth[..., None] + noise).flatten(0, 2)
    means, errors = values.mean(1).tolist(), (values.std(1) / n**0.5).tolist()
    family = judged_together(
        [judged(Mean(m, e, n - 1, n), smallest=PLAN.smallest) for m, e in zip(means, errors, strict=True)]
    )
    codes = {"present": 1, "undetermined": 0, "absent": -1}
    rows = [[each.value, each.interval.low, each.interval.high, codes[each.verdict]] for each in family]
    table = np.array(rows).reshape(*truth.shape, 4)
    found = {name: table[..., place] for place, name in enumerate(("effect", "low", "high", "verdict"))}
    return {**found, "twin_verdict": np.zeros(truth.shape)}


def test_a_true_carrier_is_seldom_refuted_and_related_concepts_are() -> None:
    """Unit 0 barely carries 0; unit 1 moves 1, 2 and 3 alike, which are related; the others move nothing."""
    truth = torch.zeros(8, len(INTERVENTIONS), 4)
    truth[0, :, 0], truth[0, :, 1] = 0.12, 0.1
    truth[1, :, 1:] = 1.0
    told = [not_carrying(simulated(truth, seed), [], plan=PLAN) for seed in range(100)]
    share = np.mean(told, axis=0)
    assert share[0, 0] <= 0.05
    assert share[1, 1:].min() > 0.95
    assert share[2:].min() > 0.3
    with_claims_alone = [(simulated(truth, seed)["verdict"][1, :3, 1:] < 0).all() for seed in range(5)]
    assert not any(with_claims_alone)


def test_a_concept_with_a_twin_is_refuted_by_both_and_by_absence_alone() -> None:
    truth = torch.zeros(2, len(INTERVENTIONS), 3)
    truth[1] = 2.0
    found = simulated(truth, 0)
    found["verdict"][0] = -1
    assert not not_carrying(found, [0, 1], plan=PLAN)[:, :2].any()
    found["twin_verdict"][0, 2] = -1
    assert not_carrying(found, [0, 1], plan=PLAN).tolist() == [[True, True, True], [False, False, True]]
