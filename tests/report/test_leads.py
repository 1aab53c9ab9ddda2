"""Leads are two sentences at most, in words that need no measure to be known, and say of how many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganatomy.evaluate.scorecard.card import Scorecard, Section
from ganatomy.evaluate.scorecard.limits import shipped
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report.answered.limited import like_real
from ganatomy.report.claims.cells import Cells, Evidence, family_of, merged
from ganatomy.report.claims.latent import AHEAD, DIRECTIONS
from ganatomy.report.claims.spaces import in_words
from ganatomy.report.claims.units import ALONE, TOGETHER
from ganatomy.report.facts import Claim, Part
from ganatomy.report.found import Carded, Course, Everything
from ganatomy.report.leads import NOTHING, lead_of
from ganatomy.report.measured import parts_of
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance

SPACE = "random-convolution-32-aa6d17fc5cb5"
EVERYTHING = Everything("gan", {}, None, (), {}, {}, {}, None)


def claim(what: str, value: float, space: str = SPACE, **more) -> Claim:
    given = {"n": 2000, "control": 0.05, "controlled": "held-out real samples", **more}
    return Claim(what, value, Interval(value - 0.1, value + 0.1, 0.95, "Wilson"), space=space, **given)


def lead(key: str, *claims: Claim, **gathered: Evidence) -> str:
    return lead_of(key, (Part("x", "", claims=claims),), gathered=gathered, everything=EVERYTHING)


def test_samples_say_of_how_few_and_where_they_were_compared():
    said = lead("samples", claim("looks real", 0.7, n=24), claim("unlike real ones", 0.3, n=24))
    assert said == (
        "Of only 24 samples 70 % [60 %, 80 %] look like real ones, compared in random convolutions; of held-out real"
        " samples 5 % do. 30 % [20 %, 40 %] are surely unlike real ones; of held-out real samples 5 % seem to be."
    )


def test_copying_says_by_what_members_are_told():
    said = lead(
        "copying",
        claim("near-exact copies, excess", 0.2, verdict="fail"),
        claim("AUC", 0.75, "critic-1e5918c057e8"),
        claim("AUC", 0.55),
    )
    assert (
        "in 75 % [65 %, 85 %] of pairs by the critic's score and in 55 % [45 %, 65 %] by the generated samples" in said
    )
    assert said.count(". ") == 1
    assert ": fail." in said


def test_failures_do_not_boast_of_finite_numbers():
    finite = claim("not finite", 0.0, "", verdict="pass"), claim("not finite at least", 0.0, "", verdict="pass")
    assert "under a limit" not in lead("failures", claim("beyond the real 99 %", 0.1), *finite)
    assert "Of 3 readings under a limit" in lead("failures", claim("collapse rate", 0.5, verdict="fail"), *finite)


@pytest.mark.parametrize("first", ["two-sample accuracy", "recall"])
def test_one_that_fails_is_the_one_that_the_first_screen_tells(first):
    """Not the first of the table; none where the first screen tells of another section."""
    space = "pixels-0123456789ab"
    rows = {
        "Fréchet distance": Measurement("Fréchet distance", 9.0, 400, "", "low", ends(6, 12), 1.0, space),
        "recall": Measurement("recall", 0.1, 400, "", "high", ends(0.05, 0.2), 0.9, space),
        "two-sample accuracy": Measurement("two-sample accuracy", 0.9, 400, "", "low", ends(0.85, 0.95), 0.5, space),
    }
    names = {"recall": "neighbours pixels"}
    kept = [rows["Fréchet distance"], rows[first]] if first == "recall" else list(rows.values())
    sections = tuple(
        Section(where, where, tuple(each for each in kept if names.get(each.name, "distances pixels") == where), "")
        for where in ("distances pixels", "neighbours pixels")
    )
    card = Scorecard("gan", "digits", sections, (), shipped(), Provenance("x", "2026-01-01T00:00:00+00:00", {}, {}))
    everything = replace(EVERYTHING, carded=Carded(card))
    told = like_real(everything).claim.what
    parts = tuple(parts_of(Carded(card), {}, {}).values())
    assert lead_of("quality", parts, gathered={}, everything=everything).endswith(f" One that fails: {told} in pixels.")
    only = tuple(replace(part, claims=part.claims[-1:]) for part in parts[:1])
    left = [claim.what for part in only for claim in part.claims]
    assert ("One that" in lead_of("quality", only, gathered={}, everything=everything)) is (told in left)


def ends(low: float, high: float) -> Interval:
    return Interval(low, high, 0.95, "t")


ALARMS = (("late", 900, "the critic won."), ("early", 350, "gradients are uneven."))


@pytest.mark.parametrize(
    ("state", "alarms", "said"),
    [
        ("underway", (), "Its training was underway in round 512: no alarm stood."),
        ("underway", ALARMS[:1], "Its training was underway in round 512: 1 alarm: The critic won."),
        ("underway", ALARMS, "Its training was underway in round 512: 2 alarms, the first: Gradients are uneven."),
        ("finished", ALARMS, "Its training was finished after 512 steps, with 2 alarms, the first: Gradients are"),
        ("finished", (), "Its training was finished after 512 steps, with no alarm."),
    ],
)
def test_training_tells_the_alarm_that_has_stood_longest(state, alarms, said):
    reason = "looked at in round 512, before its end" if state == "underway" else ""
    course = Course(state, reason, 512, 4096, alarms)
    assert lead_of("training", (), gathered={}, everything=replace(EVERYTHING, course=course)).startswith(said)


def family(noun: str, present: int, *, size: float = 1.0, beside: tuple[int, int] = (0, 0)) -> Evidence:
    found = np.array([1] * present + [0] * (5 - present))
    values = size * np.arange(5.0, 0.0, -1.0)
    return merged(
        [family_of(Cells(noun, lambda at: f"row {at[0]}", (values,), verdict=found, size=values, beside=beside))]
    )


def test_units_count_what_several_do_together():
    several = merged((*family(ALONE, 0).families, *family(TOGETHER, 2).families))
    assert lead("units", dissection=several) == (
        "Switching off a single unit surely changes what samples show in 0 of 5 pairs of unit and concept; switching"
        " off several of them together does in 2 of 5 (the strongest: row 0)."
    )


@pytest.mark.parametrize(("beats", "size"), [(0, 1.0), (2, AHEAD)])
def test_the_strongest_direction_is_named_only_where_it_beats_random_ones(beats, size):
    said = lead("directions", directions=family(DIRECTIONS, 3, size=size, beside=(beats, 4)))
    assert said.startswith(f"{beats} of 4 directions change samples more than random directions")
    assert ("strongest" in said) is (beats > 0)


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (SPACE, "in random convolutions"),
        ("classifier-0f02bac7a49d", "in the features of a classifier"),
        ("pixels-43cfbc426f9a", "in pixels"),
        ("critic-1e5918c057e8", "by the critic's score"),
        ("somebody-else-0f02bac7a49d", "in somebody-else"),
        ("", ""),
    ],
)
def test_spaces_are_words_without_digests(space, said):
    assert in_words(space) == said


def test_without_anything_it_is_said():
    assert lead_of("units", (), gathered={}, everything=EVERYTHING) == NOTHING
