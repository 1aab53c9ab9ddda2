"""From everything that was found to sections: all of them, in order, with leads that say the facts and no more."""

from __future__ import annotations

import numpy as np
import pytest

from ganatomy.evaluate.scorecard.card import Scorecard
from ganatomy.evaluate.scorecard.card import Section as Scored
from ganatomy.evaluate.scorecard.limits import shipped
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report.facts import QUESTIONS, Missing
from ganatomy.report.found import Carded, Course, Everything, Found
from ganatomy.report.measured import floor_of
from ganatomy.report.places import EXPLAINED, GENERAL, MEASURED, chosen, measure_of
from ganatomy.report.sections import sections
from ganatomy.results.explanation import Explanation
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.verbs.explainers.catalogue import EXPLAINERS
from ganatomy.verbs.measures.catalogue import MEASURES

NASTY = "<script>alert(1)</script>"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt"><path d="M 0 0 L 1 1"/></svg>'


def everything(**given) -> Everything:
    usual = {
        "subject": "gan",
        "found": {},
        "carded": None,
        "missing": (),
        "questions": {},
        "commands": {},
        "parts": {},
        "course": None,
        "why_no_course": "it is no run",
    }
    return Everything(**{**usual, **given})


def order(folder: str = "findings/order", svg: str | None = SVG) -> Found:
    arrays = {"auc": np.array([0.7]), "low": np.array([0.6]), "high": np.array([0.8])}
    told = Explanation("order", "gan", "score", ("as it stands",), arrays)
    return Found("order", "real above generated", told, f"Area 0.7 {NASTY}", folder, svg)


def frechet(value: float, space: str) -> Measurement:
    within = Interval(value - 0.01, value + 0.01, 0.95, "jackknife")
    return Measurement("Fréchet distance", value, 100, "symmetric", "low", within, floor=1.0, space=space)


def carded() -> Carded:
    rows = (
        Scored("distances one", "Distance in one", (frechet(1.0, "one"),), "near"),
        Scored("distances two", "Distance in two", (frechet(9.0, "two"), frechet(3.0, "three"))),
        Scored("answers one", "What one answers to", ()),
        Scored("seeds one", "Over seeds", ()),
    )
    provenance = Provenance.here(seed=0, digests={})
    return Carded(Scorecard("gan", "data", rows, (), shipped(), provenance), "evaluation", {"distances one": SVG})


def by_key(given: Everything):
    return {each.key: each for each in sections(given)}


def test_every_section_is_there_in_order_and_an_empty_one_says_why():
    found = sections(everything(has_critic=False, has_data=False))
    assert [each.key for each in found] == list(QUESTIONS)
    assert all(each.missing and each.lead and not each.parts for each in found)
    why = {each.key: each.missing[0].said for each in found}
    assert "No critic" in why["critic"]
    assert "No real samples" in why["quality"]
    assert "No record" in why["training"]
    assert "density" in why["theory"]


def test_what_could_not_be_told_stands_in_its_section_with_its_reason():
    missing = Missing("copies", f"no data named {NASTY}", "name it")
    found = by_key(everything(missing=(missing,)))
    assert found["copying"].missing == (missing,)
    assert missing not in found["quality"].missing
    assert NASTY not in found["copying"].lead


def test_a_measure_is_one_part_with_its_spaces_and_what_fails_comes_first():
    (part,) = (each for each in by_key(everything(carded=carded()))["quality"].parts if each.name == "distances")
    assert [(each.effect, each.space, each.verdict) for each in part.claims] == [
        (9.0, "two", "fail"),
        (3.0, "three", "warn"),
        (1.0, "one", "pass"),
    ]
    assert {each.control for each in part.claims} == {1.0}
    assert {each.controlled for each in part.claims} == {"as many real samples"}
    assert part.claims[0].limit == "passes <= 2 floor, fails > 5 floor"
    assert part.said == ("near",)
    assert [each.name for each in part.pictures] == ["distances one"]


def test_the_lead_of_quality_counts_verdicts_and_names_the_worst():
    lead = by_key(everything(carded=carded()))["quality"].lead
    assert lead == "Of 3 readings under a limit 1 passes, 1 warns and 1 fails. One that fails: Fréchet distance in two."


def test_the_lead_of_the_critic_is_its_order_beside_a_score_that_knows_nothing():
    section = by_key(everything(found={"order": (order(),)}, commands={"order": "ganatomy explain gan order"}))[
        "critic"
    ]
    assert section.lead == (
        "The critic's score puts a real sample above a generated one in 70 % [60 %, 80 %] of pairs; a score that knows"
        " nothing does in 50 %."
    )
    (part,) = section.parts
    assert part.said == (f"Area 0.7 {NASTY}",)
    assert part.source == "findings/order"
    assert part.pictures[0].command == part.command == "ganatomy explain gan order"


def test_the_lead_of_training_is_the_course_and_its_alarms():
    course = Course("diverged", "loss is nan", 120, None, (("nan", 110, "the loss is no number"),))
    assert by_key(everything(course=course))["training"].lead == (
        "Its training diverged after 120 steps (loss is nan), with 1 alarm: The loss is no number."
    )


def test_networks_without_samples_give_one_reason_in_every_section_but_training():
    course = Course("diverged", "loss is nan", 120, None, ())
    missing = (Missing("samples", "its weights are no numbers", "take an earlier step"), Missing("copies", "x", "y"))
    given = everything(
        course=course, missing=missing, has_critic=False, has_data=False, why_no_samples="its weights are no numbers"
    )
    found = by_key(given)
    others = [each for key, each in found.items() if key != "training"]
    assert {each.lead for each in others} == {
        "It gives no samples, so this cannot be told: its weights are no numbers."
    }
    assert {(len(each.missing), each.missing[0].remedy) for each in others} == {(1, "take an earlier step")}
    assert found["training"].lead.startswith("Its training diverged")


def test_modes_belong_to_theory_where_the_density_is_known():
    rows = (Scored("modes", "Modes", (Measurement("modes met", 8, 100, "count", "high"),)),)
    card = Scorecard("gan", "ring8", rows, (), shipped(), Provenance.here(seed=0, digests={}))
    for known in (True, False):
        found = by_key(everything(carded=Carded(card), known_density=known))
        assert ("modes" in [each.name for each in found["theory"].parts]) is known


def test_memory_stands_in_both_its_sections_and_its_figure_in_the_first():
    told = Found("memory", "training pictures", order().record, "it knows them", "findings/memory", SVG)
    found = by_key(everything(found={"memory": (told,)}))
    parts = [found[key].parts[0] for key in ("critic", "copying")]
    assert parts[0].claims == parts[1].claims
    assert [len(each.pictures) for each in parts] == [1, 0]


def test_every_explainer_and_measure_has_a_section():
    assert {name for names in EXPLAINED.values() for name in names} == set(EXPLAINERS)
    assert {name for names in MEASURED.values() for name in names} == set(MEASURES)
    assert set(EXPLAINED) == set(MEASURED) == set(QUESTIONS)


@pytest.mark.parametrize(
    ("section", "measure"),
    [
        ("distances classifier", "distances"),
        ("answers x", "agreement"),
        ("collapse", "seeds"),
        ("off-prior", "off-prior"),
    ],
)
def test_a_section_of_a_card_belongs_to_its_measure(section, measure):
    assert measure_of(section) == measure


def test_three_figures_are_shown_the_telling_ones_first():
    names = ["units a", "film picture", "units b", "units c", "other"]
    found = [Found("activations", name, order().record, "", "", SVG) for name in names]
    assert [each.name for each in chosen("activations", found)] == ["film picture", "units a", "units b"]
    assert chosen("activations", [Found("activations", "units a", order().record, "", "", None)]) == ()


def test_a_floor_is_named_by_what_it_is():
    assert floor_of("distances", "two-sample accuracy") == "guessing"
    assert floor_of("distances", "KID") == "no distance"
    assert floor_of("nobody", "knows") == ""
    assert floor_of("smoothness", "path length, relative spread") == "the spread of the random noises alone"
    assert floor_of("smoothness", "path length") == "a constant for rounding"
    assert floor_of("smoothness", "PPL[pixels], full") == "rounding alone"
    assert floor_of("stability", "rank correlation") == "what agrees by chance"
    assert floor_of("seeds", "collapse rate") == "no run collapses"


def test_equal_input_gives_equal_sections():
    given = everything(found={"order": (order(),)}, carded=carded())
    assert [each.to_json() for each in sections(given)] == [each.to_json() for each in sections(given)]


def test_every_reason_that_is_handed_in_stands_in_a_section():
    names = [
        *dict.fromkeys(name for table in (EXPLAINED, MEASURED, GENERAL) for each in table.values() for name in each)
    ]
    missing = tuple(Missing(name, f"no {name} here", "help") for name in names)
    told = sections(everything(missing=missing, known_density=True))
    assert {each.name for section in told for each in section.missing} == set(names)
