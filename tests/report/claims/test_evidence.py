"""Each reader shows the right cell's effect, interval, control and verdict; the oracle indexes by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report.claims.cells import MOST, Cells, family_of, merged
from ganatomy.report.claims.evidence import READERS, evidence, gathered
from ganatomy.report.claims.told import of_finding
from ganatomy.report.found import Found
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement

NASTY = "<script>alert('1')</script> & \"quotes\""


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def record(method: str, units: tuple[str, ...], target: str = "score", note: str = "", **arrays) -> Explanation:
    return Explanation(method, "gan", target, units, arrays, note=note)


def finding(claim: str, effect: float, verdict: str, control: float = 0.01) -> Finding:
    def measured(name: str, value: float) -> Measurement:
        return Measurement(name, value, 39, "mean", "neither")

    return Finding(
        claim=claim,
        estimand="change",
        population="latents",
        replication="latent",
        treatment="zero",
        positive_control=measured("all off", 1.0),
        negative_control=measured("random sets", control),
        smallest_effect=0.1,
        family="all",
        effect=effect,
        interval=Interval(effect - 1, effect + 1, 0.95, "t"),
        p=0.5,
        verdict=verdict,
    )


def effects() -> Explanation:
    """Three units, four ways, two concepts; unit 1 causes the second, the largest effect is no claim."""
    effect = numbers(3, 4, 2)
    effect[:, 0] = [[0.1, -9.0], [0.2, -0.7], [0.05, 0.3]]
    claim = np.array([[-1, 0], [-1, 1], [-1, 0]], dtype=np.int8)
    arrays = {"effect": effect, "low": effect - 1, "high": effect + 2}
    return record(
        "dissection: effects",
        ("a:0", "a:1", "a:2"),
        f"ink; {NASTY}",
        claim=claim,
        matched_effect=numbers(3, 2, seed=1),
        **arrays,
    )


def steered(method: str = "steering, sefa") -> Explanation:
    effect = np.array([[0.5, -2.0], [0.1, np.nan]])
    return record(
        method,
        ("z0", "s1"),
        concepts=np.array([["ink", NASTY]] * 2),
        effect=effect,
        low=effect - 1,
        high=effect + 1,
        verdict=np.array([["undetermined", "present"], ["absent", "undetermined"]]),
        control_effects=numbers(2, 99, 2),
        p_control=np.full((2, 2), 0.03),
        beats_random=np.array([True, False]),
    )


def test_units_show_the_cell_of_setting_to_zero_beside_units_of_like_activation():
    told = effects()
    first = evidence(told, explainer="dissection", name="effects").claims[0]
    assert first.what == f"unit a:1 causes {NASTY}"
    assert first.effect == told.arrays["effect"][1, 0, 1]
    assert first.interval is not None
    assert (first.interval.low, first.interval.high) == (-1.7, pytest.approx(1.3))
    assert first.control == told.arrays["matched_effect"][1, 1]
    assert first.verdict == "present"


def test_a_present_claim_stands_before_a_larger_one_that_is_not():
    found = evidence(effects(), explainer="dissection", name="effects")
    assert [each.verdict for each in found.claims] == ["present"] + ["undetermined"] * 2 + ["absent"] * 3
    assert found.claims[1].effect == -9.0
    assert found.tally == "Of 6 effects of a unit on a concept tested together 1 is present, 3 absent, 2 undetermined."


def test_a_name_that_holds_the_separator_becomes_a_number():
    told = replace(effects(), target="ink; one; two")
    assert evidence(told, explainer="dissection", name="effects").claims[0].what == "unit a:1 causes concept 1"


@pytest.mark.parametrize("method", ["steering, sefa", "coordinates"])
def test_directions_stand_beside_random_ones_on_the_same_concept(method):
    told = steered(method)
    found = evidence(told, explainer="directions", name="x")
    first = found.claims[0]
    assert first.what == f"latent coordinate 0 moves '{NASTY}'"
    assert first.effect == -2.0
    assert first.control == pytest.approx(math.sqrt((told.arrays["control_effects"][0, :, 1] ** 2).mean()))
    assert first.controlled.startswith("99 random directions")
    assert len(found.claims) == 3  # what never varies was not tested
    assert "1 of 2 change more than random directions do" in found.tally
    assert "tested together 1 is present, 1 absent, 1 undetermined" in found.tally


def test_probes_stand_beside_random_weights_and_pixels_are_no_test():
    shape = (3, 2, 2)
    arrays = {}
    for at, key in enumerate(("accuracy", "twin_accuracy", "gain")):
        value = numbers(*shape, seed=at)
        arrays |= {key: value, f"{key}_low": value - 1, f"{key}_high": value + 1}
    verdict = np.zeros(shape, dtype=np.int8)
    verdict[2, 1, 0] = verdict[0, 0, 0] = 1
    told = record(
        "probes of the critic",
        ("picture", "a", "verdict"),
        features=np.array([["pooled", "full"]] * 3),
        contrasts=np.array([["x against y", "x against w"]] * 3),
        gain_verdict=verdict,
        **arrays,
    )
    found = evidence(told, explainer="layers", name="probes")
    first = found.claims[0]
    assert first.what == "verdict tells x against y (full features)"
    assert (first.effect, first.control) == tuple(told.arrays[key][2, 1, 0] for key in ("accuracy", "twin_accuracy"))
    assert first.verdict == "present"
    assert "Of 8 gains" in found.tally
    assert "1 is present" in found.tally


def cues() -> Explanation:
    effect = np.array([[-2.0, 0.1], [1.0, 0.2]])
    control = np.zeros((2, 2, 3))
    control[0, 0] = [-0.5, 0.9, np.nan]
    return record(
        "cues",
        ("mark, 0.1", "blur, 0.1"),
        effect=effect,
        low=effect - 1,
        high=effect + 1,
        verdict=np.array([[1, -1], [0, -1]], dtype=np.int8),
        control=control,
        smallest=np.full(2, 0.2),
        sorts=np.array([["real", "generated"]] * 2),
    )


def test_cues_stand_beside_the_strongest_of_their_controls():
    first = evidence(cues(), explainer="cues", name="battery").claims[0]
    assert first.what == "mark, 0.1: lowers the score of real pictures"
    assert (first.effect, first.control) == (-2.0, 0.9)
    assert first.controlled == "a smooth random field, the strongest control of equal size"


def test_removals_are_of_the_gap_and_say_which_way_they_go():
    effect, claim = np.zeros((2, 3, 4)), np.zeros((2, 4), dtype=np.int8)
    effect[:, 0, 2], effect[:, 0, 0], claim[:, 2] = [-0.5, 0.4], 7.0, 1
    arrays = {"effect": effect, "low": effect - 1, "high": effect + 1, "claim": claim}
    told = record(
        "removal of units", ("a:0", "a:1"), gap=np.ones(2), matched=np.array([0.1, 0.2]), n=np.array([9, 9]), **arrays
    )
    found = evidence(told, explainer="carriers", name="removal").claims
    assert [each.what for each in found] == [
        "the critic's verdict hangs on unit a:0",
        "unit a:1 works against the critic's verdict",
    ]
    assert [(each.effect, each.control, each.n) for each in found] == [(-0.5, 0.1, 9), (0.4, 0.2, 9)]


def layers(*left: float) -> Explanation:
    effect, claim = np.zeros((len(left), 3, 4)), np.ones((len(left), 4), dtype=np.int8)
    effect[:, :, 2] = np.array(left)[:, None] - 0.9
    arrays = {"effect": effect, "low": effect - 1, "high": effect + 1, "claim": claim, "gap": np.full(len(left), 0.9)}
    return record("removal of layers", tuple(f"l{at}" for at in range(len(left))), n=np.full(len(left), 9), **arrays)


def test_a_layer_of_a_chain_is_no_claim_and_another_is_described():
    found = evidence(layers(0.0, 0.5, 1e-9), explainer="carriers", name="layers")
    (told,) = found.claims
    assert told.what == "change of the critic's gap without layer l1"
    assert (told.verdict, told.effect) == (None, pytest.approx(-0.4))
    assert "left out (2 of 3)" in found.tally
    assert "left out (2 of 2)" in evidence(layers(0.0, 0.0), explainer="carriers", name="layers").tally


def test_the_order_of_the_score_as_it_stands_comes_first_and_no_other_is_hidden_by_it():
    names = ("as it stands", "statistics of each sort", "statistics of mixed batches")
    area = np.array([0.0, 0.992, 0.897])
    told = record("order", names, auc=area, low=area, high=area)
    found = evidence(told, explainer="order", name="x").claims
    assert [each.effect for each in found] == area.tolist()
    assert found[0].what == "chance that a real sample scores above a generated one, score as it stands"
    assert len({each.what for each in found}) == 3


def together(controls: list[int]) -> Explanation:
    effect = np.array([[-0.4], [0.2]])
    return record(
        "dissection: units together",
        ("a:0 + a:1", "a:2 + a:3"),
        "ink",
        effect=effect,
        low=effect - 0.1,
        high=effect + 0.1,
        verdict=np.array([[1], [1]], dtype=np.int8),
        alone=effect / 2,
        p=np.full((2, 1), 0.002),
        specificity=np.full((2, 1), 0.05),
        controls=np.array(controls),
    )


def test_sets_of_units_stand_beside_random_sets_and_without_any_they_are_described():
    held, bare = evidence(together([19, 0]), explainer="dissection", name="together").claims
    assert (held.what, held.verdict) == ("units a:0 + a:1 together cause ink", "present")
    assert held.controlled == "19 random sets of as many units, as active (p 0.05 to do as much)"
    assert held.limit == "corrected p 0.002"
    assert held.method.endswith("one by one they add up to -0.2")
    assert (bare.what, bare.verdict) == ("change of ink when units a:2 + a:3 are off together", None)


def test_units_that_go_with_real_samples_are_worded_so_and_come_last():
    effect = np.array([-0.3, 0.2, 0.1, -0.5])
    arrays = {"neighbours": effect, "neighbours_low": effect - 0.1, "neighbours_high": effect + 0.1}
    told = record("artifact units", ("a:0", "a:1", "a:2", "a:3"), neighbours_p=np.array([1.0, 0.2, 0.4, 1.0]), **arrays)
    single = Found("artifacts", "removal", finding("removing a:1 brings the samples closer", -9.0, "absent"), "", "")
    found = gathered([Found("artifacts", "ranking", told, "", "")])
    assert [each.effect for each in found.claims] == [0.2, 0.1, -0.3]
    assert found.claims[0].what == "samples in which unit a:1 is active lie farther from real ones"
    assert found.claims[2].what == "samples in which unit a:0 is active lie nearer to real ones"
    assert {each.control for each in found.claims} == {0.0}
    assert found.tally.endswith("None is present; the 3 first in rank are shown.")
    both = gathered([Found("artifacts", "ranking", told, "", ""), single]).tally
    assert "Of 4 units and readings tested together" in both
    assert both.endswith("One finding besides: absent. None is present; 4 are shown, the first of each kind.")


def inverted(**more) -> Explanation:
    arrays = {"error": np.array([0.7, 0.1, 0.4, 0.9]), "p_own": np.full(4, 0.02), "p_elsewhere": np.full(4, 0.5)}
    units = tuple(f"picture {at}" for at in range(4))
    return record("inversion", units, "pixels", verdict=np.ones(4, dtype=int), **arrays, **more)


def test_inverted_pictures_stand_beside_the_generators_own_and_each_is_judged_by_itself():
    found = evidence(inverted(own_error=np.full(4, 0.03)), explainer="invert", name="x")
    assert [each.effect for each in found.claims] == [0.1, 0.4, 0.7]
    assert {(each.control, each.verdict) for each in found.claims} == {(0.03, "absent")}
    assert "of the generator's own samples" in found.claims[0].controlled
    assert ", each tested by itself, 0 are present, 4 absent" in found.tally
    assert "together" not in found.tally
    assert found.tally.endswith("None is present; the 3 first in rank are shown.")
    assert {each.verdict for each in evidence(inverted(), explainer="invert", name="x").claims} == {None}


def test_single_sets_were_not_tested_together():
    alone = [replace(finding(str(at), 0.5, "absent"), family="one set") for at in range(2)]
    found = gathered([Found("sets", each.claim, each, "", "") for each in alone])
    assert found.tally.startswith("Of 2 findings, each tested by itself, 0 are present")


def test_pooled_features_that_are_the_full_ones_are_not_counted_again():
    arrays = {key: np.repeat(numbers(3, 1, 2, seed=at), 2, axis=1) for at, key in enumerate(("accuracy", "gain"))}
    arrays["twin_accuracy"] = np.repeat(numbers(3, 1, 2, seed=9), 2, axis=1)
    arrays["accuracy"][2, 0, 1] += 1  # a layer with maps
    arrays |= {f"{key}_{end}": value for key, value in arrays.items() for end in ("low", "high")}
    told = record(
        "probes of the critic",
        ("picture", "a", "b"),
        features=np.array([["pooled", "full"]] * 3),
        contrasts=np.array([["x", "y"]] * 3),
        gain_verdict=np.zeros((3, 2, 2), dtype=np.int8),
        **arrays,
    )
    found = evidence(told, explainer="layers", name="probes")
    assert found.tally.startswith("Of 6 gains")


@pytest.mark.parametrize("make", [effects, steered, cues, lambda: together([19, 19])])
def test_the_limit_is_what_the_verdict_hangs_on(make):
    for claim in evidence(make(), explainer="x", name="x").claims:
        assert claim.limit
        assert "not corrected" not in claim.limit
        assert "add up" not in claim.limit
        assert claim.control is not None or claim.controlled


def test_error_rates_of_a_class_stand_beside_those_of_the_others_alone():
    told = record(
        "error rates",
        ("real called fake", f"real called fake, {NASTY}"),
        rate=np.array([0.3, 0.8]),
        low=np.array([0.2, 0.5]),
        high=np.array([0.4, 0.9]),
        n=np.array([100, 20]),
        wrong=np.array([30, 16]),
        p=np.array([np.nan, 0.01]),
        sort=np.array(["real", "real"]),
        verdict=np.array(["", "present"]),
    )
    one, whole = evidence(told, explainer="mistakes", name="rates").claims
    assert one.control == pytest.approx((30 - 16) / (100 - 20))
    assert (whole.verdict, whole.control) == (None, None)


def test_what_emerged_stands_beside_its_own_control_at_the_last_checkpoint():
    effect = np.array([[0.0, 1.0], [0.1, 0.2], [0.0, 3.0], [0.3, 0.4]])
    told = record(
        "emergence",
        ("a", "a (control)", "b", "b (control)"),
        effect=effect,
        low=effect - 1,
        high=effect + 1,
        claim=np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]),
        since=np.array([32, -1, -1, -1]),
        control=np.array([False, True, False, True]),
        rounds=np.tile([16, 32], (4, 1)),
    )
    found = evidence(told, explainer="emergence", name="directions")
    assert [(each.effect, each.control, each.verdict) for each in found.claims] == [
        (1.0, 0.2, "present"),
        (3.0, 0.4, "undetermined"),
    ]
    assert [each.method.rpartition("; ")[2] for each in found.claims] == [
        "since round 32",
        "not there at every checkpoint to the end",
    ]
    assert {each.controlled for each in found.claims} == {"a random direction"}


def test_a_description_is_no_claim():
    told = record("order", ("as it stands",), auc=np.array([0.7]), low=np.array([0.6]), high=np.array([0.8]))
    (claim,) = evidence(told, explainer="order", name="x").claims
    assert (claim.effect, claim.control, claim.verdict) == (0.7, 0.5, None)


def test_findings_show_their_negative_control_and_blank_ones_show_none():
    assert of_finding(finding("x", 0.5, "present")).control == 0.01
    blank = of_finding(finding("x", 0.5, "present", control=math.nan))
    assert (blank.control, blank.controlled) == (None, "")


def test_many_findings_are_one_table_and_one_tally():
    verdicts = ["absent"] * 30 + ["present"] * 20 + ["undetermined"] * 10
    found = [Found("sets", str(at), finding(f"{at}", at / 10, word), "", "") for at, word in enumerate(verdicts)]
    told = gathered(found)
    assert [each.what for each in told.claims] == [str(at) for at in range(49, 41, -1)]
    assert told.tally == (
        "Of 60 findings tested together 20 are present, 30 absent, 10 undetermined. Shown are 8 present ones, the"
        " largest."
    )


def test_without_any_present_one_the_three_largest_are_shown_and_it_is_said():
    found = [Found("sets", str(at), finding(f"{at}", float(at), "undetermined"), "", "") for at in range(9)]
    told = gathered(found)
    assert [each.what for each in told.claims] == ["8", "7", "6"]
    assert told.tally.endswith("None is present; the 3 largest are shown.")


def test_findings_that_say_a_table_again_are_left_out_of_it():
    again, other = finding("unit a:1 causes ink", 0.5, "present"), finding("a single unit carries ink", 0.1, "absent")
    found = [Found("dissection", f"finding {at}", each, "", "") for at, each in enumerate((again, other))]
    told = gathered([Found("dissection", "effects", effects(), "", ""), *found])
    assert "unit a:1 causes ink" not in {each.what for each in told.claims[:1]}
    assert sum(each.verdict == "present" for each in told.claims) == 1
    assert any(each.what == "a single unit carries ink" for each in told.claims)
    assert {each.what for each in gathered(found).claims} == {again.claim, other.claim}  # alone they all count


def test_a_result_that_lies_there_twice_counts_once():
    twice = [Found("directions", name, steered(), "", "") for name in ("sefa", "sefa effects")]
    assert gathered(twice).tally == gathered(twice[:1]).tally


def test_no_present_claim_is_hidden_behind_another_of_any_family():
    def cells(noun: str, words: list[str], scale: float) -> Cells:
        effect = scale * (1.0 + np.arange(len(words)))
        return Cells(noun, lambda at: f"{noun} {at[0]}", (effect,), verdict=np.array(words))

    few = cells("few", ["absent"] * 5 + ["present"], 1000.0)
    many = cells("many", ["present"] * 4 + ["undetermined"] * 20, 0.001)
    told = merged([family_of(few), family_of(many)])
    assert [each.verdict for each in told.claims[:5]] == ["present"] * 5
    assert len(told.claims) == MOST
    assert all(each.verdict != "present" for each in told.claims[5:])


def test_an_unknown_kind_gives_no_claims_and_no_error():
    found = evidence(record("some new kind", (), x=np.ones(2)), explainer="new", name="x")
    assert (found.claims, found.tally) == ((), "")


def test_a_result_of_another_version_gives_no_claims_and_no_error():
    old = record("cues", ("mark",), effect=np.ones((1, 2)))
    assert evidence(old, explainer="cues", name="battery").claims == ()


def test_a_measurement_stands_beside_its_floor():
    told = Measurement("path", 3.0, 10, "mean", "low", Interval(2, 4, 0.95, "t"), floor=0.5, space="pixels")
    (claim,) = evidence(told, explainer="geometry", name="x").claims
    assert (claim.effect, claim.control, claim.n, claim.space) == (3.0, 0.5, 10, "pixels")


def test_grades_of_maps_stand_beside_random_ones_and_the_first_of_each_method_comes_first():
    def graded(method: str, value: float) -> Found:
        grades = {
            key: Measurement(key, value, 16, "mean", "high", floor=floor)
            for key, floor in (("similarity with random weights", 0.0), ("insertion - deletion", 0.02))
        }
        told = record(f"attribution, {method}", (), maps=np.ones(2)).graded(grades)
        return Found("attribution", method, told, "", "")

    found = gathered([graded("gradient", 0.1), graded("occlusion", 0.4)]).claims
    assert [each.what for each in found[:2]] == ["gradient: insertion - deletion", "occlusion: insertion - deletion"]
    assert found[0].control == 0.02
    assert found[0].controlled == "random attributions"


def test_every_reader_is_named_after_a_kind():
    assert len(READERS) > 25
