"""The planted truth recovered: causes, dead ends, redundancy, cancelling, nothing behind a rotation or by chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from oracles_dissection import BRIGHT, HALVES, PLAN, dissected, parts_of, small
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.concepts.catalogue import measurers_for
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.generator import joint, values
from ganatomy.explain.generator.dissection import Dissection, dissection
from ganatomy.explain.generator.plan import Plan
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.planted.wiring import PARTS, UNITS
from ganatomy.results.finding import Finding
from ganatomy.results.formats import Format


def average_precision(scores: np.ndarray, true: np.ndarray) -> float:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(true.ravel(), scores.ravel()))


def truth_table(pairs: object) -> np.ndarray:
    return np.array([[(unit, part) in pairs for part in PARTS] for unit in range(UNITS)])  # type: ignore[operator]


def said(found: Dissection, words: str) -> dict[str, Finding]:
    return {finding.claim: finding for finding in found.findings if words in finding.claim}


def test_ablation_ranks_as_the_single_truth_and_insertion_as_the_path() -> None:
    truth, found = parts_of("parts")[0].truth, dissected("parts")
    effect = np.abs(found.effects.arrays["effect"])
    single, path = truth_table(truth.single), truth_table(truth.path - {(6, "D"), (12, "A")})
    assert average_precision(effect[:, 0], single) == 1.0
    assert average_precision(effect[:, 3], path) == 1.0
    assert average_precision(found.labels.arrays["iou"], single) < 0.8  # what goes together is not what causes


def test_claims_are_the_single_truth_and_nothing_else() -> None:
    """The eraser fires too rarely for 64 images: undetermined, not absent."""
    claim = dissected("parts").effects.arrays["claim"]
    strong = truth_table({pair for pair, share in parts_of("parts")[0].truth.single.items() if share > 0.3})
    assert ((claim > 0) == strong).all()
    assert claim[6, 3] == 0
    idle = list(parts_of("parts")[0].truth.idle)
    assert (claim[idle] < 0).all()


def test_effects_are_the_shares_that_the_truth_names() -> None:
    found = dissected("parts")
    effect, off = found.effects.arrays["effect"][:, 0], found.effects.arrays["all_off"]
    for (unit, part), share in parts_of("parts")[0].truth.single.items():
        at = PARTS.index(part)
        if part == "D":  # the eraser fires in a fifth of the pictures with D: two of these
            assert np.sign(effect[unit, at] / off[unit, at]) == np.sign(share)
        else:
            assert effect[unit, at] / off[unit, at] == pytest.approx(share, abs=1e-4)


def test_a_correlated_unit_that_causes_nothing_is_labelled_and_rejected() -> None:
    found = said(dissected("parts"), "causes")
    for dead, part in ((7, "A"), (8, "B"), (9, "C"), (10, "D")):
        finding = found[f"unit units:{dead} causes parts: {part}"]
        assert finding.verdict == "absent"
        assert finding.p < 1e-6
        assert "goes with" in finding.note
        assert abs(finding.positive_control.value) > 0.5  # the concept can be changed at this site
    assert found["unit units:0 causes parts: A"].verdict == "present"
    assert "unit units:3 causes parts: C" not in found  # either of two would do: the ablations disagree


def test_redundant_and_cancelling_units_show_together() -> None:
    found = dissected("parts")
    together = found.together["units"]
    rows = {name: place for place, name in enumerate(together.units)}
    both, alone, surplus = (together.arrays[name] for name in ("effect", "alone", "surplus"))
    redundant, cancelling = rows["units:3 + units:4"], rows["units:11 + units:12"]
    assert both[redundant, 2] < -0.5
    assert alone[redundant, 2] == pytest.approx(0, abs=1e-6)
    assert together.arrays["surplus_verdict"][redundant, 2] == 1
    assert both[cancelling, 0] == pytest.approx(0, abs=1e-5)
    assert alone[cancelling, 0] < -0.5
    assert together.arrays["surplus_verdict"][cancelling, 0] == 1
    assert surplus[rows["units:1 + units:2"]] == pytest.approx(0, abs=1e-6)
    assert together.arrays["verdict"][rows["units:1 + units:2"], 1] == 1
    assert not found.effects.arrays["agreement"][3, 2]  # another sample's map draws C where it was not


def test_sets_are_told_of_a_generator_whose_concepts_never_vary() -> None:
    """One picture, whatever the units do to it in the middle: nothing is tested, and nothing is lost."""
    gan = small()
    with torch.no_grad():
        for weight in list(gan.generator.parameters())[-2:]:
            weight.zero_()
    found = dissection(gan, [HALVES], plan=replace(PLAN, samples=64, images=16), sets={"up1.act": [(0, 1)]})
    assert np.isnan(found.effects.arrays["effect"]).all() or not found.effects.arrays["claim"].any()
    (together,) = found.together.values()
    assert not together.arrays["verdict"].any()
    assert "0 tests together" in together.note


def test_who_carries_a_part_alone_is_said() -> None:
    """Units 1 and 2 draw half of B each, which is to carry it together."""
    found = said(dissected("parts"), "a single unit")
    verdicts = {claim.rpartition(" ")[2]: finding.verdict for claim, finding in found.items()}
    assert verdicts == {"A": "present", "B": "undetermined", "C": "undetermined", "D": "present"}


def test_who_draws_half_a_part_is_told_from_who_draws_most_of_it() -> None:
    """0.5, 1 and 0.8 of what all units draw, against three quarters: the truth's own numbers."""
    found, (planted, _) = dissected("parts"), parts_of("parts")
    low, zero, every = (found.effects.arrays[name] for name in ("rest_low", "effect", "all_off"))
    assert planted.truth.single[1, "B"] == planted.truth.single[2, "B"] == 0.5
    assert (low[[1, 2], 1] < 0).all()
    assert low[0, 0] == pytest.approx(0.25 * 0.8, abs=0.12)  # of about one standard deviation, less its error
    assert (low[[0, 11], 0] > 0).all()
    assert low[5, 3] > 0
    np.testing.assert_allclose(zero[[1, 2], 0, 1] / every[[1, 2], 1], 0.5, atol=1e-6)
    notes = {claim.rpartition(" ")[2]: each.note for claim, each in said(found, "a single unit").items()}
    assert "units:1, has selectivity 1.00, specificity 0.083, at zero 50% of what all units do" in notes["B"]
    assert "at zero 100% of what all units do" in notes["A"]


def test_behind_a_rotation_no_single_unit_carries_anything() -> None:
    found = said(dissected("entangled-parts"), "a single unit")
    assert [finding.verdict for finding in found.values()] == ["undetermined"] * 4  # not shown of every unit
    assert all("No single unit" in finding.note for finding in found.values())


def test_an_edit_far_from_what_the_network_does_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    natural = dissection(small(), [HALVES], sites=["start.act"], sets={}, plan=PLAN).effects.arrays["off_manifold"]
    monkeypatch.setattr(values, "insert", lambda block, channels: 100 + block.activation[:, channels].transpose(0, 1))
    far = dissection(small(), [HALVES], sites=["start.act"], sets={}, plan=PLAN).effects.arrays["off_manifold"]
    assert (natural < 0.999).all()
    assert (far[:, 3] == 1).all()
    assert np.array_equal(far[:, :3], natural[:, :3])


def flipped(pictures: Tensor) -> Tensor:
    return -pictures.mean((2, 3))


@pytest.mark.parametrize(("twin", "claimed"), [(lambda x: x.mean((2, 3)), True), (flipped, False)])
def test_a_concept_with_a_twin_needs_both(twin: object, claimed: bool) -> None:
    ink = Measurer("ink", ("ink",), "score", lambda pictures: pictures.mean((2, 3)))
    alone, both = (
        dissection(small(), [each], sets={}, plan=PLAN).effects.arrays for each in (ink, replace(ink, twin=twin))
    )
    assert (alone["claim"] > 0).any()
    assert ((both["claim"] > 0) == (alone["claim"] > 0)).all() if claimed else not (both["claim"] > 0).any()
    assert np.isnan(alone["twin_effect"]).all()
    assert np.isfinite(both["twin_effect"]).all()


def test_a_concept_that_never_varies_is_not_tested() -> None:
    flat = Measurer("flat", ("flat",), "score", lambda pictures: torch.ones(len(pictures), 1))
    found = dissection(small(), [HALVES, flat], sets={}, plan=PLAN)
    assert np.isnan(found.effects.arrays["effect"][..., 2]).all()
    assert (found.effects.arrays["claim"][:, 2] == 0).all()
    assert (found.labels.arrays["p"][:, 2] == 1).all()
    assert "48 tests together" in found.effects.note


def test_sites_are_found_and_pairs_are_those_most_active_together() -> None:
    found = dissection(small(), [HALVES], plan=PLAN)
    assert found.labels.units == (*tuple(f"start.act:{i}" for i in range(4)), "up1.act:0", "up1.act:1")
    assert list(found.together) == ["start.act", "up1.act"]
    assert len(found.together["start.act"].units) == 6
    table = torch.tensor([[1.0, 5, 2, 0], [2.0, 1, 4, 0], [3.0, 2, 6.1, 0]], dtype=torch.float64)
    natural = replace(_natural(), activity=table, size=table.mean(0))
    assert joint.co_active(natural, count=2) == ((0, 2), (0, 1))


def test_points_have_no_masks_but_scores() -> None:
    arch = MLP(Format.point(2), Normal(2), hidden=(8,))
    gan = GAN(arch.generator(0), arch.latent, arch.format)
    found = dissection(gan, measurers_for(arch.format), plan=PLAN)
    assert found.labels.units == tuple(f"hidden1.act:{unit}" for unit in range(8))
    assert np.isnan(found.labels.arrays["iou"]).all()
    assert (found.labels.arrays["q"] < 0.05).any()
    assert (found.effects.arrays["claim"] > 0).any()


def test_a_finding_says_what_was_tested_and_against_what() -> None:
    finding = said(dissected("parts"), "causes")["unit units:0 causes parts: A"]
    assert finding.family == "24 units x 4 interventions x 4 concepts, Benjamini-Hochberg"
    assert finding.smallest_effect == PLAN.smallest == 0.1
    assert finding.effect == pytest.approx(finding.positive_control.value)
    assert finding.negative_control.value == 0
    assert finding.negative_control.n == 23
    assert finding.interval.low < finding.effect < finding.interval.high < -0.1
    assert finding.arrays["effect"].shape == (4, 4)  # on-target and all off-target
    assert "zero" in finding.note
    assert "farther out than" in finding.note


def _natural() -> values.Natural:
    return values.Natural(*[torch.zeros(1)] * 4, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("given", "said"), [({"measurers": []}, "at least one"), ({"sites": ["up9"]}, "up1")])
def test_what_cannot_be_dissected_is_an_error(given: dict[str, object], said: str) -> None:
    arguments = {"measurers": [HALVES], "sites": None} | given
    with pytest.raises(UsageError, match=said):
        dissection(small(), arguments["measurers"], sites=arguments["sites"], plan=PLAN)  # type: ignore[arg-type]


def test_with_shuffled_labels_claims_come_at_most_at_the_stated_rate() -> None:
    """Every claim is false then, so that any at all may come in one of 20 studies; 4 or more of 16 in one of 150."""
    wrong = {"label": 0, "effect": 0}
    for seed in range(16):
        found = dissection(
            small(),
            [BRIGHT, HALVES],
            sets={},
            plan=Plan(samples=512, images=64, seed=seed),
            permute_labels=seed,
        )
        wrong["label"] += bool((found.labels.arrays["q"] <= 0.05).any())
        wrong["effect"] += bool((found.effects.arrays["verdict"] > 0).any())
        assert not [f for f in found.findings if f.claim.startswith("unit") and f.verdict == "present"]
        assert "shuffled" in found.labels.note
        assert "shuffled" in found.effects.note
    assert max(wrong.values()) <= 3
