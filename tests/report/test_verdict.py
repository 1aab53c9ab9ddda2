"""Each rule of the verdict with a case on both sides of it, from cards and records made here."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ganatomy.evaluate.quality.agreement import agreement
from ganatomy.evaluate.scorecard.card import LeftOut, Scorecard, Section
from ganatomy.evaluate.scorecard.limits import Bound, Limit, Limits, shipped
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report.answered.words import beyond, bounds, reason, valued
from ganatomy.report.facts import Answer, Claim, Missing
from ganatomy.report.found import Carded, Course, Everything, Found
from ganatomy.report.sections import sections
from ganatomy.report.verdict import answers, overall
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance

SPACE = "pixels-0123456789ab"
MADE = Provenance("test", "2026-01-01T00:00:00+00:00", {}, {})


def measured(name, value, low=None, high=None, *, floor=None, n=400, better="low"):
    within = None if low is None else Interval(low, high, 0.95, "t")
    return Measurement(name, value, n, "as ever", better, within, floor, SPACE)


GOOD = {
    "distances pixels": (
        measured("Fréchet distance", 1.2, 1.0, 1.4, floor=1.0),
        measured("two-sample accuracy", 0.52, 0.48, 0.56, floor=0.5),
    ),
    "neighbours pixels": (
        measured("precision", 0.95, 0.93, 0.97, floor=0.96),
        measured("recall", 0.94, 0.92, 0.96, floor=0.96),
    ),
    "classes": (measured("7: share over due", 1.0, 0.8, 1.2, floor=1.0),),
    "copies": (
        measured("near-exact copies, excess", 0.0, 0.0, 0.01, floor=0.0, n=2000),
        measured("copied at least", 0.0, floor=0.0, n=2000),
    ),
}
COURSE = Course("finished", "the goal was met", 3500, 448_000, ())


def carded(changes=None, *, said=None, limits=None, left_out=()):
    sections = {**GOOD, **(changes or {})}
    kept = tuple(Section(name, name, rows, (said or {}).get(name, "")) for name, rows in sections.items() if rows)
    return Carded(Scorecard("mine", "digits", kept, left_out, limits or shipped(), MADE))


def everything(**changes):
    base = Everything("mine", FOUND, carded(), (), {}, {}, {}, COURSE)
    return replace(base, **changes)


def told(name, record, **more):
    return Found(name, name, record, "", f"findings/{name}", **more)


def explained(method, arrays, *, units=("a",), grades=None, note=""):
    return Explanation(method, "0" * 32, "score", units, arrays, grades or {}, note)


def order(auc, low, high):
    return told("order", explained("order", {"auc": [auc], "low": [low], "high": [high]}))


def calibration(ece, low, high, *, z=0.0, head="as it is", note="", floor=0.05):
    grades = {
        f"{head}: ECE": measured("ECE", ece, low, high, floor=floor),
        f"{head}: Spiegelhalter Z": measured("Spiegelhalter Z", z, z - 1, z + 1, floor=0.0, better="neither"),
    }
    return told(
        "calibration", explained("score as a probability", {"ece": [ece]}, units=(head,), grades=grades, note=note)
    )


def memory(verdict, effect=0.25):
    beside = Measurement("one half above the other", 0.01, 500, "AUC - 1/2", "neither")
    within = Interval(effect - 0.03, effect + 0.03, 0.95, "DeLong")
    finding = Finding(
        "the critic has memorised training pictures", "P - 1/2", "digits", "picture", "training", beside, beside, 0.05,
        "one claim", effect, within, 0.001, verdict,
    )  # fmt: skip
    return told("memory", finding)


def cues(verdict):
    verdicts = np.array(verdict, dtype=np.int8)
    names = [f"mark {number}" for number in range(len(verdicts))]
    return told("cues", explained("cues", {"verdict": verdicts, "cue": np.array(names)}, units=names))


FOUND = {
    "order": (order(0.8, 0.75, 0.85),),
    "calibration": (calibration(0.06, 0.03, 0.09),),
    "memory": (memory("absent", 0.0),),
    "cues": (cues([[-1, 0], [0, -1]]),),
}


def row(question, given):
    return next(each for each in answers(given) if question in each.question)


def test_six_questions_in_order_and_a_good_gan_passes():
    found = answers(everything())
    assert [each.verdict for each in found] == ["pass"] * 5 + [None]
    assert [each.key for each in found] == ["quality", "quality", "copying", "training", "critic", "units"]
    verdict, headline = overall(found)
    assert verdict == "pass"
    assert headline.startswith("Nothing measured here speaks against it")
    assert "400 samples" in headline
    assert "1 in 133" in headline


@pytest.mark.parametrize(
    ("question", "section", "rows", "verdict"),
    [
        ("like real", "distances pixels", (measured("Fréchet distance", 9, 6, 12, floor=1.0),), "fail"),
        ("like real", "distances pixels", (measured("Fréchet distance", 3, 1.5, 4, floor=1.0),), "warn"),
        ("missing", "neighbours pixels", (measured("recall", 0.1, 0.05, 0.2, floor=0.9),), "fail"),
        ("missing", "classes", (measured("7: share over due", 0.1, 0.0, 0.15, floor=1.0),), "fail"),
        ("missing", "diversity pixels", (measured("Vendi ratio", 0.7, 0.65, 0.75),), "warn"),
        ("repeat", "copies", (measured("near-exact copies, excess", 0.12, 0.09, 0.15, floor=0.0),), "fail"),
        ("like real", "worst", (measured("not finite", 0.1, 0.08, 0.2),), "fail"),
    ],
)
def test_a_row_under_its_limit_decides_its_question_and_no_other(question, section, rows, verdict):
    given = everything(carded=carded({section: rows}))
    answer = row(question, given)
    assert answer.verdict == verdict
    assert answer.claim.what == rows[0].name
    assert answer.claim.control == rows[0].floor
    others = [each.verdict for each in answers(given)[:3] if each != answer]
    assert others == ["pass", "pass"]
    assert overall(answers(given))[0] == verdict


def test_what_is_said_most_plainly_is_shown_then_what_fails_by_most_and_a_bound_without_interval_comes_last():
    worse = (
        measured("sliced Wasserstein distance", 90, 60, 120, floor=1.0),
        measured("Fréchet distance", 9, 6, 12, floor=1.0),
        measured("two-sample accuracy", 0.9, 0.85, 0.95, floor=0.5),
        measured("two-sample accuracy", 0.95, 0.93, 0.97, floor=0.5),
        measured("two-sample accuracy", 0.92, 0.90, 0.94, floor=0.5),
    )
    assert row("like real", everything(carded=carded({"distances pixels": worse}))).claim.effect == 0.95
    assert row("like real", everything(carded=carded({"distances pixels": worse[:2]}))).claim.what.startswith("Fréchet")
    copies = (measured("copied at least", 0.09), measured("near-exact copies, excess", 0.12, 0.09, 0.15, floor=0.0))
    assert row("repeat", everything(carded=carded({"copies": copies}))).claim.what.startswith("near-exact")
    low = (
        measured("precision", 0.5, 0.45, 0.55, floor=0.96),
        measured("precision", 0.1, 0.05, 0.2, floor=0.96),
    )
    assert row("like real", everything(carded=carded({"neighbours pixels": low}))).claim.effect == 0.1


def test_of_what_is_in_doubt_and_of_what_passes_the_plainest_is_shown():
    doubt = (
        measured("Fréchet distance", 2.1, 1.9, 2.3, floor=1.0),
        measured("two-sample accuracy", 0.7, 0.66, 0.74, floor=0.5),
    )
    assert row("like real", everything(carded=carded({"distances pixels": doubt}))).claim.what == "two-sample accuracy"
    assert row("like real", everything()).claim.what == "two-sample accuracy"


def test_counts_and_what_cannot_be_judged_are_said():
    rows = (
        measured("Fréchet distance", math.inf, 1, math.inf, floor=1.0),
        measured("two-sample accuracy", 0.9, 0.85, 0.95, floor=0.5),
    )
    answer = row("like real", everything(carded=carded({"distances pixels": rows})))
    assert answer.said == "No: 1 of 2 readings misses its limit; 1 could not be judged."
    assert answer.more.startswith(
        "3 readings have a limit: 1 beyond their limit, 1 within, 1 that cannot be judged (Fréchet distance)."
    )


def test_what_is_told_most_plainly_is_not_said_to_be_farthest_and_its_space_is_words():
    rows = (
        measured("sliced Wasserstein distance", 900, 600, 1200, floor=1.0),
        replace(
            measured("two-sample accuracy", 0.9, 0.85, 0.95, floor=0.5), space="random-convolution-32-aa6d17fc5cb5"
        ),
    )
    more = row("like real", everything(carded=carded({"distances pixels": rows}))).more
    assert "Told most plainly: a simple classifier" in more
    assert more.endswith("(n 400, in random convolutions).")


def test_beyond_what_passes_is_no_doubt():
    """Wholly beyond "<= 0.6" and not so far as "> 0.8", against an interval that holds the bound."""
    over = measured("two-sample accuracy", 0.657, 0.603, 0.708, floor=0.5)
    open_ = measured("two-sample accuracy", 0.65, 0.58, 0.72, floor=0.5)
    for rows, brief, said in (
        (
            (over,),
            "Not quite: 1 of 2 readings is beyond what passes.",
            "Beyond what passes, not so far as what fails: a",
        ),
        ((open_,), "It cannot be told for sure: 1 of 2 readings is in doubt.", "Cannot be told for sure: a simple"),
        (
            (over, over, open_),
            "Not quite: 2 of 4 readings are beyond what passes, 1 is in doubt.",
            "2 beyond what passes, not so far as what fails, 1 that cannot be told for sure, 1 within.",
        ),
    ):
        given = everything(carded=carded({"distances pixels": rows}))
        answer = row("like real", given)
        assert (answer.verdict, answer.said) == ("warn", brief)
        assert said in answer.more
        sure = over in rows
        assert (answer.claim.effect == 0.657) is sure
        headline = overall(answers(given))[1]
        assert headline.startswith("Usable with care: a simple classifier tells its samples from real ones 6")
        assert (", which is beyond what passes." in headline) is sure
        assert (", which may or may not pass." in headline) is not sure


def test_what_is_surely_beyond_is_shown_before_what_is_plainer_and_in_doubt():
    rows = (
        measured("two-sample accuracy", 0.65, 0.58, 0.72, floor=0.5),
        measured("Fréchet distance", 3.0, 2.5, 3.5, floor=1.0),
    )
    assert row("like real", everything(carded=carded({"distances pixels": rows}))).claim.what == "Fréchet distance"


def test_a_headline_parts_what_is_beyond_from_what_is_in_doubt():
    over = Claim("recall", 0.7, Interval(0.65, 0.75, 0.95, "t"), 1.0, verdict="warn", limit=">= 0.8 floor")
    rows = [
        answer(QUESTIONS[0], "warn"),
        answer(QUESTIONS[1], "warn", claim=over),
        answer(QUESTIONS[2], "warn", claim=replace(over, interval=Interval(0.65, 0.85, 0.95, "t"))),
        answer(QUESTIONS[3], "warn"),
    ]
    assert overall(rows)[1].endswith(
        " Also beyond what passes: what is missing. Also in doubt: whether it repeats training samples."
        " See too how its training ended."
    )


@pytest.mark.parametrize(
    ("question", "sections", "verdict"),
    [
        (
            "like real",
            {"distances pixels": (), "neighbours pixels": (), "worst": ("not finite", 0.0, 0.0, 0.001)},
            None,
        ),
        ("like real", {"distances pixels": (), "neighbours pixels": ("density", 0.9, 0.8, 1.0)}, None),
        ("like real", {"distances pixels": (), "neighbours pixels": ("precision", 0.95, 0.9, 1.0)}, "pass"),
        ("like real", {"distances pixels": ("two-sample accuracy", 0.5, 0.4, 0.55), "neighbours pixels": ()}, "pass"),
        ("like real", {"distances pixels": (), "neighbours pixels": ("density", 2.0, 1.9, 2.1)}, "fail"),
        ("missing", {"neighbours pixels": (), "classes": (), "diversity pixels": ("Vendi ratio", 1.0, 0.9, 1.1)}, None),
        ("missing", {"neighbours pixels": (), "classes": (), "diversity pixels": ("Vendi ratio", 0.1, 0, 0.2)}, "fail"),
        ("missing", {"neighbours pixels": (), "classes": ("7: share over due", 1.0, 0.8, 1.2)}, "pass"),
        ("missing", {"neighbours pixels": ("recall", 0.95, 0.9, 1.0), "classes": ()}, "pass"),
        ("repeat", {"copies": ("copied at least", 0.0)}, None),
        ("repeat", {"copies": ("exact copies, excess", 0.0, 0.0, 0.01)}, "pass"),
    ],
)
def test_nothing_passes_on_what_does_not_bear_on_it(question, sections, verdict):
    rows = {name: (measured(*each, floor=1.0),) if each else () for name, each in sections.items()}
    answer = row(question, everything(carded=carded(rows)))
    assert answer.verdict == verdict
    if verdict is None:
        assert answer.said.startswith("Not judged: ")
        assert ("does not answer the question" in answer.said) == ("worst" not in sections)


def test_finite_numbers_are_no_reading_of_likeness_but_where_they_fail():
    for share, counted in (((0.0, 0.0, 0.001), "by 3 readings"), ((0.1, 0.08, 0.2), "1 of 4 readings")):
        card = carded({"worst": (measured("not finite", *share),)})
        assert counted in row("like real", everything(carded=card)).said


def test_what_could_not_be_judged_is_not_among_those_within_their_limits():
    lost = measured("Fréchet distance", math.inf, 1, math.inf, floor=1.0)
    good = everything(carded=carded({"distances pixels": (lost, GOOD["distances pixels"][1])}))
    assert (
        row("like real", good).said == "Not told from them, by 2 readings within their limits; 1 could not be judged."
    )


def test_limits_of_ones_own_on_anything_are_not_lost():
    own = Limits("me", "2026-01-01", (*shipped().limits, Limit("gap to real", Bound("<=", 0.05), Bound(">", 0.1))))
    card = carded({"usefulness": (measured("gap to real", 0.3, 0.2, 0.4),)}, limits=own)
    assert overall(answers(everything(carded=card)))[0] == "fail"


def test_spaces_that_disagree_are_named_in_the_words_of_the_measure():
    near, far = ({"KID": measured("KID", v, v - 0.1, v + 0.1, floor=0.0)} for v in (0.0, 1.0))
    far = {"KID": replace(far["KID"], space="random-0123456789ab")}
    for pair, expected in (((near, far), True), ((far, {"KID": replace(far["KID"], space=SPACE)}), False)):
        said = agreement(pair).said
        card = carded({"agreement": (measured("none", 0.0),)}, said={"agreement": said})
        assert ("spaces disagree" in row("like real", everything(carded=card)).more) is expected


def test_membership_is_told_beside_copies_only_where_the_interval_lies_above_chance():
    for low, seen in ((0.6, True), (0.45, False)):
        area = measured("AUC", 0.7, low, 0.8, floor=0.5, better="neither")
        answer = row("repeat", everything(carded=carded({"membership critic": (area,)})))
        assert answer.verdict == "pass"
        assert ("told better than by chance from its critic's score" in answer.more) is seen
        assert answer.said.endswith("But its critic's score tells who was trained on.") is seen


def test_a_headline_parts_what_is_in_doubt_from_what_could_not_be_judged():
    verdicts = (None, "warn", None, "pass", "pass")
    rows = [answer(question, each) for question, each in zip(QUESTIONS, verdicts, strict=False)]
    assert overall(rows)[1].endswith(
        " Nor could be judged: whether it repeats training samples. Also in doubt: whether anything is missing."
    )


def test_without_data_without_a_card_and_without_a_measure():
    for change, why in (
        ({"carded": None, "has_data": False}, "no real samples were given"),
        ({"carded": None}, "nothing was measured of its samples"),
        ({"carded": None, "missing": (Missing("copies", "the disk is full.", "x"),)}, "the disk is full"),
        ({"carded": carded({"copies": ()}, left_out=(LeftOut("copies", "too few", "more"),))}, "too few"),
        ({"carded": carded({"copies": ()})}, "no limit is set for what was measured of it"),
    ):
        given = everything(**change)
        answer = row("repeat", given)
        assert answer.verdict is None
        assert answer.claim is None
        assert answer.said == f"Not judged: {why}."
        assert overall(answers(given))[0] is None
    _, headline = overall(answers(everything(carded=None, has_data=False)))
    assert headline.startswith("It cannot be said whether to trust it: no real samples were given.")


@pytest.mark.parametrize(
    ("state", "alarms", "verdict"),
    [
        ("finished", (), "pass"),
        ("finished", (("critic-saturated", 1200, "..."),), "warn"),
        ("interrupted", (), "warn"),
        ("killed", (), "warn"),
        ("running", (), "warn"),
        ("diverged", (), "fail"),
        ("failed", (("nonfinite", 3, "..."),), "fail"),
        ("underway", (), None),
        ("underway", (("critic-saturated", 1200, "..."),), "warn"),
    ],
)
def test_how_training_ended(state, alarms, verdict):
    answer = row("training end", everything(course=replace(COURSE, state=state, alarms=alarms)))
    assert answer.verdict == verdict
    assert ("round 3,500" if state == "underway" else "3,500 rounds") in answer.more
    assert len(answer.said) < 105
    assert (answer.claim is not None) == bool(alarms)
    if alarms:
        assert alarms[0][0] in answer.said
        assert answer.claim.effect == len(alarms)


def test_a_run_that_is_looked_at_before_its_end_is_not_judged_but_by_its_alarms():
    course = Course("underway", "looked at in round 512, before its end", 512, 65_536, ())
    answer = row("training end", everything(course=course))
    assert answer.said == "Not judged: it is looked at in round 512, before its end."
    assert answer.more == "It is looked at in round 512, before its end, after 65,536 images. No alarm stands."
    verdict, headline = overall(answers(everything(course=course)))
    assert verdict == "pass"
    assert "Not judged: how its training ended." in headline
    alarmed = replace(course, alarms=(("gradient-ratio", 350, "..."),))
    assert row("training end", everything(course=alarmed)).said == (
        "It is looked at in round 512, before its end; the alarm 'gradient-ratio' stands since round 350."
    )


def test_of_several_alarms_the_one_that_has_stood_longest_is_named():
    alarms = tuple((f"rule {since}", since, "...") for since in (1200, 350, 900, 2000))
    answer = row("training end", everything(course=replace(COURSE, alarms=alarms)))
    assert answer.said == "It was finished, but 4 alarms stand, the first ('rule 350') since round 350."
    assert answer.more.endswith(
        "rule 350 since round 350; rule 900 since round 900; rule 1200 since round 1,200; and 1 more."
    )


def test_training_without_a_record_says_why_and_does_not_stop_the_verdict():
    given = everything(course=None, why_no_course="a saved GAN has none")
    assert row("training end", given).said == "Not judged: a saved GAN has none."
    verdict, headline = overall(answers(given))
    assert verdict == "pass"
    assert "Not judged: how its training ended." in headline


@pytest.mark.parametrize(
    ("changed", "verdict", "words"),
    [
        ({"order": order(0.3, 0.2, 0.4)}, "fail", "puts generated samples above real ones"),
        ({"order": order(0.45, 0.4, 0.5)}, "warn", "not shown to tell"),
        ({"order": order(0.55, 0.5, 0.6)}, "warn", "not shown to tell"),
        ({"order": order(0.55, 0.501, 0.6)}, "pass", "to rank samples"),
        ({"calibration": calibration(0.2, 0.1, 0.3)}, "warn", "no probability as it is"),
        ({"calibration": calibration(0.2, 0.05, 0.3)}, "pass", "is not refuted as a probability"),
        ({"calibration": calibration(0.0, 0.0, math.inf)}, "warn", "whether it is a probability could not be told"),
        ({"calibration": calibration(0.06, 0.03, 0.09, z=9.0)}, "warn", "too sure"),
        ({"calibration": calibration(0.06, 0.03, 0.09, head="platt")}, "pass", "after a fitted head (platt)"),
        ({"memory": memory("present")}, "warn", "75.0 % [72.0, 78.0] of the time"),
        ({"memory": memory("undetermined")}, "warn", "could not be told"),
        ({"cues": cues([[-1, 1], [0, 0]])}, "warn", "'mark 0'"),
    ],
)
def test_the_critics_score(changed, verdict, words):
    given = everything(found={**FOUND, **{name: (each,) for name, each in changed.items()}})
    answer = row("critic's score", given)
    assert answer.verdict == verdict
    assert words in answer.more
    assert len(answer.said) < 130


@pytest.mark.parametrize("area", [(0.3, 0.2, 0.4), (0.5, 0.4, 0.6), (math.nan, math.nan, math.nan)])
def test_a_score_that_does_not_rank_is_no_probability(area):
    answer = row("critic's score", everything(found={**FOUND, "order": (order(*area),)}))
    assert answer.verdict in ("fail", "warn")
    assert "refuted" not in answer.said + answer.more
    assert "nor is it of use as a probability" in answer.more


def test_an_error_as_a_probability_says_what_its_verdict_hangs_on():
    lone = {**FOUND, "order": (order(0.8, 0.75, 0.85),), "calibration": (calibration(0.2, 0.1, 0.3),)}
    claim = row("critic's score", everything(found=lone)).claim
    assert claim.what == "error as a probability (ECE)"
    assert claim.limit.startswith("reaches down to the error of a calibrated score")
    assert bounds(claim.limit) == ()


def test_a_critic_that_fails_alone_is_a_warning():
    rows = answers(everything(found={**FOUND, "order": (order(0.1, 0.05, 0.2),)}))
    verdict, headline = overall(rows)
    assert rows[4].verdict == "fail"
    assert verdict == "warn"
    assert headline.startswith("Usable with care: do not rely on its critic's score (it puts generated above real")


def test_a_logit_that_is_off_and_a_head_that_mends_it():
    raw, mended = calibration(0.2, 0.1, 0.3), calibration(0.06, 0.03, 0.09, head="platt")
    grades = {**mended.record.grades, **raw.record.grades}
    note = "As it is the logit is too sure. The head is platt (3 x score)."
    both = told("calibration", explained("p", {"ece": [0, 0]}, units=("as it is", "platt"), grades=grades, note=note))
    answer = row("critic's score", everything(found={**FOUND, "calibration": (both,)}))
    assert answer.verdict == "warn"
    assert (
        "it is not refuted as a probability after a fitted head (platt); but it is no probability as it is"
        in answer.more
    )


def test_a_critic_that_was_not_looked_at_in_full_never_passes():
    for name in ("calibration", "memory", "cues"):
        answer = row("critic's score", everything(found={**FOUND, name: ()}))
        assert answer.verdict is None
        assert "Not looked at: whether" in answer.more
    gone = everything(found={}, missing=(Missing("order", "no data were named", "name some"),))
    assert row("critic's score", gone).said == "Not judged: no data were named."
    assert row("critic's score", everything(has_critic=False)).said == "Not judged: it has no critic."


def steered(beats, verdict, *, method="steering, sefa"):
    verdict = np.array(verdict)
    effect = np.where(verdict == "none", np.nan, 0.1)
    arrays = {"beats_random": np.array(beats), "verdict": verdict, "effect": effect, "low": effect, "high": effect}
    arrays |= {"concepts": np.tile(["slant", "width"], (len(beats), 1)), "p_control": np.ones(verdict.shape)}
    arrays["control_effects"] = np.zeros((len(beats), 3, 2))
    return explained(method, arrays, units=[str(number) for number in range(len(beats))])


def dissected(claim, specificity):
    """The last concept never varies."""
    claim = np.array(claim)
    effect = np.where(np.arange(4) == 3, np.nan, np.zeros((2, 3, 4)))
    arrays = {"claim": claim, "effect": effect, "low": effect, "high": effect, "matched_effect": np.zeros((2, 4))}
    arrays |= {"specificity": np.array(specificity), "controls": np.array([3, 3])}
    return explained("dissection: effects", arrays, units=("a", "b"))


def together(verdict, controls):
    effect = np.zeros((2, 4))
    arrays = {"verdict": np.array(verdict), "effect": effect, "low": effect, "high": effect, "alone": effect}
    arrays |= {"specificity": np.ones((2, 4)), "controls": np.array(controls)}
    return explained("dissection: units together", arrays, units=("a+b", "b+c"))


NO_CAUSE = dissected(np.zeros((2, 4)), np.ones((2, 4)))
CAUSES = dissected([[1, -1, 0, 0], [1, 0, -1, 0]], [[0.25, 1, 1, 1], [0.5, 1, 1, 1]])
WAYS = steered([True, False], [["present", "none"], ["absent", "undetermined"]])


def test_units_and_directions_are_counted_once_and_not_judged():
    found = {
        "dissection": (told("effects", CAUSES),),
        "directions": (told("sefa", WAYS), told("sefa effects", WAYS, aside=True)),
    }
    answer = row("units and directions", everything(found=found))
    assert answer.verdict is None
    assert "of 6 pairs of unit and concept tested together, 2 are causes (1 of them do more" in answer.more
    assert "2 are shown not to be, 2 are undetermined" in answer.more
    assert answer.said == (
        "Shown to act: 1 of 6 effects of single units above like ones (2 in all). "
        "More than random directions: 1 of 2 directions."
    )
    assert "Directions: 1 of 2 move a concept more" in answer.more
    assert "of 3 pairs of direction and concept tested, 1 are present" in answer.more


def test_what_units_do_together_is_counted_as_in_their_section():
    """Sets that no others could be held beside are not judged."""
    several = together([["present", "absent", "undetermined", "absent"], ["present"] * 4], [5, 0])
    found = {"dissection": (told("effects", NO_CAUSE), told("together", several))}
    alone = {"dissection": found["dissection"][1:]}
    ways = {"coordinates": (told("effects", steered([False] * 2, [["absent"] * 2] * 2, method="coordinates")),)}
    for given, said in (
        (found, "Shown to act: 0 of 6 effects of single units, 1 of 4 of several together."),
        (alone, "Shown to act: 1 of 4 of several together."),
        (ways, "More than random directions: 0 of 2 coordinates."),
        ({}, "Not judged: neither units nor directions were looked at."),
    ):
        full = everything(found=given)
        assert row("units and directions", full).said == said
        lead = next(each.lead for each in sections(full) if each.key == "units")
        assert ("in 1 of 4" in lead) is ("several" in said)
        assert ("Switching off several units together surely changes" in lead) is (given is alone)


def test_units_of_what_gives_no_samples_have_the_reason_of_the_other_rows():
    given = everything(found={}, carded=None, why_no_samples="its weights are not finite")
    assert {each.said for each in (*answers(given)[:3], answers(given)[5])} == {
        "Not judged: it gives no samples (its weights are not finite)."
    }


def answer(question, verdict, said="Not judged: no reason.", claim=None):
    return Answer(question, said, verdict, claim, "quality")


QUESTIONS = [each.question for each in answers(everything())]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (("pass", "pass", "pass", "pass", "pass"), "pass"),
        (("pass", "pass", "pass", None, None), "pass"),
        (("pass", "pass", "pass", "warn", None), "warn"),
        (("warn", "pass", "pass", "pass", "pass"), "warn"),
        ((None, "pass", "pass", "pass", "pass"), None),
        (("warn", None, "warn", "warn", "pass"), None),
        ((None, None, "fail", "warn", "pass"), "fail"),
        (("pass", "pass", "pass", "pass", "fail"), "warn"),
        (("pass", "pass", "pass", "fail", "pass"), "fail"),
        (("pass", "pass", "pass", "fail", "fail"), "fail"),
        (("warn", "pass", "pass", "warn", "fail"), "warn"),
        ((None, "pass", "pass", "pass", "fail"), None),
    ],
)
def test_overall(verdicts, expected):
    rows = [answer(question, each) for question, each in zip(QUESTIONS, verdicts, strict=False)]
    verdict, headline = overall(rows)
    assert verdict == expected
    starts = {"pass": "Nothing measured", "warn": "Usable with care", "fail": "Do not", None: "It cannot be said"}
    assert headline.startswith(starts[expected])


def test_a_headline_names_the_first_reason_and_the_rest():
    claim = Claim("near-exact copies, excess", 0.12, Interval(0.09, 0.15, 0.95, "t"), 0.0, verdict="fail")
    rows = [
        answer(QUESTIONS[0], "warn"),
        answer(QUESTIONS[2], "fail", claim=claim),
        answer(QUESTIONS[3], "fail", "It diverged."),
    ]
    assert overall(rows)[1] == (
        "Do not rely on its samples: it repeats training samples (12.0 % [9.0, 15.0] of its samples are near-exact "
        "copies of training samples beyond what chance gives). Nor is this all: do not rely on it: its training did "
        "not end well. Also in doubt: whether its samples are like real ones."
    )


def test_names_stand_as_they_are_and_are_never_looked_through():
    for name in ("<script>", "{floor}", "{x}", "a: b"):
        claim = Claim(f"{name}: share over due", 0.1, None, 1.0)
        assert f"samples called '{name}' are made 0.1 times" in reason(claim)
    assert reason(Claim("precision", 0.5, None, None)) == "precision is 50 %"
    assert reason(Claim("of my own", 2.0, None, 1.0)) == "of my own is 2 (floor 1)"


def test_numbers():
    assert valued(0.123456, Interval(0.1, 0.15, 0.95, "t")) == "0.123 [0.100, 0.150]"
    assert valued(0.5, Interval(0.5, 0.5, 0.95, "t"), share=True) == "50 % [50, 50]"
    assert valued(3.5, Interval(2.6, math.inf, 0.95, "t")) == "3.5 [2.6, inf]"
    assert valued(-0.0001, Interval(-1, 1, 0.95, "t")) == "0.0 [-1.0, 1.0]"


def test_rounding_never_hides_on_which_side_of_a_bound_a_number_lies():
    within = Interval(0.363, 1.42, 0.995, "t")
    assert valued(0.718, within) == "0.7 [0.4, 1.4]"
    assert valued(0.718, within, beside=[0.4]) == "0.72 [0.36, 1.42]"
    assert valued(0.718, Interval(0.4, 1.42, 0.995, "t"), beside=[0.4]) == "0.7 [0.4, 1.4]"
    accuracy = Interval(0.6034, 0.7075, 0.95, "t")
    assert valued(0.6574, accuracy, share=True, beside=[0.6, 0.8]) == "65.7 % [60.3, 70.8]"
    assert valued(0.60001, beside=[0.6]) == "0.60001"
    assert valued(math.inf, Interval(0.3996, math.inf, 0.95, "t"), beside=[0.4]) == "inf [0.3996, inf]"
    claim = Claim("7: share over due", 0.718, within, 1.0, verdict="warn", limit=">= 0.4")
    assert "made 0.72 [0.36, 1.42] times" in reason(claim)
    assert "made 0.72 [0.36, 1.42] times" in reason(replace(claim, limit="passes >= 0.8 floor, fails < 0.4 floor"))
    assert "made 0.7 [0.4, 1.4] times" in reason(replace(claim, limit="smallest effect of interest 0.4"))


def test_a_limit_is_read_from_its_words_or_not_at_all():
    assert bounds("<= 0.6") == (Bound("<=", 0.6),)
    assert bounds("passes >= 0.8 floor, fails < 0.6 floor") == (Bound(">=", 0.8, True), Bound("<", 0.6, True))
    assert bounds("adjusted p 0.02, at most 0.05") == bounds("<= 1.2.3") == bounds("") == ()
    claim = Claim("x", 1.0, None, 2.0, limit="<= 0.4 floor")
    assert beyond(claim)
    assert not beyond(replace(claim, control=None))
    assert not beyond(replace(claim, limit="<= 0.5 floor"))
    assert not beyond(replace(claim, interval=Interval(0.7, 1.2, 0.95, "t")))
