"""Two reports side by side: what is matched, who is better, and that the interval covers what it says."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ganatomy.numerics.statistics.interval import Interval, difference, mean_interval, mean_of, t_interval, wilson
from ganatomy.report.comparing import OWN, compared, mover
from ganatomy.report.facts import Claim, Part, Report, Section


def claim(
    effect, low=None, high=None, *, what="KID", better="low", space="pixels", method="as ever", n=400, level=0.95
):
    within = None if low is None else Interval(low, high, level, "t")
    return Claim(what, effect, within, 0.0, n=n, method=method, space=space, better=better)


BOUNDS = {"low": "passes <= 0.5, fails > 5", "high": "passes >= 5, fails < 0.1", "neither": ""}


def limited(*ends, better="low", limit=None, verdict="warn", **more):
    """Under a limit in the direction that is better."""
    bound = BOUNDS[better] if limit is None else limit
    return replace(claim(*ends, better=better, **more), limit=bound, verdict=verdict if bound else None)


def report(*claims, name="mine", part="distances", against="digits", verdict="warn", tally=""):
    section = Section("quality", "", (Part(part, "how far", claims=claims, tally=tally),))
    return Report(name, against, {}, verdict, "", (), None, (section,), (), "", {})


def one(a, b):
    (found,) = compared(report(a), report(b), {}).differences
    return found


def test_mover_by_hand():
    found = one(claim(1.0, 0.7, 1.5), claim(3.0, 2.6, 3.3))
    assert found.effect == 2.0
    assert found.interval.low == pytest.approx(2.0 - math.hypot(0.4, 0.5))
    assert found.interval.high == pytest.approx(2.0 + math.hypot(0.3, 0.3))


def test_mover_of_equal_t_intervals_is_the_t_interval_of_a_difference():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 200_0)).tolist()
    one, two = mean_of(x), mean_of(y)
    ends = t_interval(difference(two, one))
    made = mover(*(claim(m.value, *_ends(t_interval(m))) for m in (one, two)))
    assert made.low == pytest.approx(ends.low, abs=1e-4)
    assert made.high == pytest.approx(ends.high, abs=1e-4)


def _ends(within):
    return within.low, within.high


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.1, 0.3), (0.02, 0.02)])
def test_mover_covers_differences_of_shares(shares):
    """2,000 draws: the error of a coverage of 0.95 is 0.005."""
    rng = np.random.default_rng(1)
    n, draws = 150, 2000
    hits = 0
    kept = {count: wilson(count, n) for count in range(n + 1)}
    for a, b in zip(*(rng.binomial(n, share, draws) for share in shares), strict=True):
        sides = (claim(count / n, kept[count].low, kept[count].high) for count in (int(a), int(b)))
        hits += shares[1] - shares[0] in mover(*sides)
    assert 0.935 <= hits / draws <= 0.99


def test_mover_covers_means_and_is_wide_where_real_samples_are_shared():
    rng = np.random.default_rng(2)
    alone, shared = [], []
    for _ in range(400):
        mine, theirs, real = rng.normal(size=(3, 60))
        alone.append(_holds_nought(mine, theirs))
        shared.append(_holds_nought(mine + 2 * real, theirs + 2 * real))
    assert 0.92 <= np.mean(alone) <= 0.98
    assert np.mean(shared) > 0.99


def _holds_nought(x, y):
    return 0.0 in mover(*(claim(float(each.mean()), *_ends(mean_interval(each.tolist()))) for each in (x, y)))


@pytest.mark.parametrize(
    ("a", "b", "better", "verdict"),
    [
        ((1.0, 0.9, 1.1), (2.0, 1.9, 2.1), "low", "A"),
        ((1.0, 0.9, 1.1), (2.0, 1.9, 2.1), "high", "B"),
        ((2.0, 1.9, 2.1), (1.0, 0.9, 1.1), "low", "B"),
        ((2.0, 1.9, 2.1), (1.0, 0.9, 1.1), "high", "A"),
        ((1.0, 0.9, 1.1), (2.0, 1.9, 2.1), "neither", "apart"),
        ((1.0, 0.9, 1.1), (1.05, 0.9, 1.2), "low", "not told apart"),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), "low", "not told apart"),  # an exact tie
        ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "low", "A"),
        ((1.0,), (2.0,), "low", None),  # no interval
        ((1.0, 0.9, 1.1), (2.0, 2.5, 2.9), "low", None),  # not about its value
    ],
)
def test_who_is_better(a, b, better, verdict):
    found = one(limited(*a, better=better), limited(*b, better=better))
    assert found.verdict == verdict
    assert found.effect == b[0] - a[0]


@pytest.mark.parametrize("better", ["low", "high"])
def test_nothing_is_better_without_a_limit(better):
    """A collapsed GAN has short paths, maps that insert well, and a critic whose heads are calibrated."""
    a, b = claim(453, 400, 500, better=better), claim(0.1, 0.0, 0.2, better=better)
    assert one(a, b).verdict == "apart"
    for limit, verdict in (("smallest effect of interest 0.05", "present"), ("> 0.5", "present"), ("", "warn")):
        assert one(*(replace(each, limit=limit, verdict=verdict) for each in (a, b))).verdict == "apart"


@pytest.mark.parametrize(
    ("a", "b", "limit", "verdict"),
    [
        ((1.01, 0.9, 1.1), (0.15, 0.1, 0.2), "passes >= 0.8, fails < 0.6", "A"),  # a Vendi ratio
        ((0.0, 0.0, 0.01), (1.0, 0.8, 1.2), "passes >= 0.4, fails < 0.2", "B"),  # the share of a class
        ((1.05, 0.8, 1.2), (9.6, 8.0, 11.0), "passes >= 0.4, fails < 0.2", "apart"),  # more than is due is no better
        ((0.78, 0.7, 0.8), (0.0, 0.0, 0.01), "passes <= 1.2, fails > 1.5", "apart"),  # a density of none is no better
        ((0.78, 0.7, 0.8), (1.9, 1.8, 2.0), "passes <= 1.2, fails > 1.5", "A"),
    ],
)
def test_the_limit_says_what_is_better_where_the_reading_does_not(a, b, limit, verdict):
    assert one(*(limited(*each, better="neither", limit=limit) for each in (a, b))).verdict == verdict


def test_where_both_pass_the_reading_itself_must_say_what_is_better():
    ends, limit = ((0.1, 0.05, 0.15), (0.3, 0.25, 0.35)), "passes <= 0.5, fails > 5"
    for better, verdict in (("low", "A"), ("high", "apart"), ("neither", "apart")):
        assert one(*(limited(*each, better=better, limit=limit, verdict="pass") for each in ends)).verdict == verdict


def test_no_better_side_under_two_limits():
    a, b = limited(1, 0.9, 1.1), limited(2, 1.9, 2.1, limit="passes <= 0.4, fails > 5")
    assert one(a, b).verdict == "apart"


def test_a_part_in_two_sections_counts_once():
    whole = report(limited(1.0, 0.9, 1.1), part="memory")
    twice = replace(whole, sections=(replace(whole.sections[0], key="critic"), *whole.sections))
    found = compared(twice, twice, {})
    assert [each.key for each in found.differences] == ["critic"]
    assert compared(twice, whole, {}).unlike == ()


def test_readings_without_a_gan_are_left_out():
    names = ("trained on real samples", "trained on shuffled labels", "always the largest class", "gap to real")
    rows = [claim(1.0, 0.9, 1.1, what=name) for name in names]
    found = compared(report(*rows, part="usefulness"), report(*rows[:1], part="usefulness"), {})
    assert (found.differences, [each.name for each in found.unlike]) == ((), ["gap to real (usefulness)"])
    tested = claim(1.0, 0.9, 1.1, what="trained on real samples, tested on generated ones")
    noise = claim(1.0, 0.9, 1.1, what="response to noise")
    for part, row, count in (("usefulness", tested, 1), ("agreement", noise, 0)):
        assert len(compared(report(row, part=part), report(row, part=part), {}).differences) == count


def test_intervals_of_two_levels_are_not_put_together():
    assert one(claim(1, 0.9, 1.1), claim(2, 1.9, 2.1, level=0.99)).verdict is None


def test_infinite_and_missing_values():
    tie = one(claim(math.inf, 1, math.inf), claim(math.inf, 1, math.inf))
    assert (tie.effect, tie.interval, tie.verdict) == (0.0, None, None)
    far = one(claim(1.0, 0.9, 1.1), claim(math.inf, 1, math.inf))
    assert (far.effect, far.verdict) == (math.inf, None)
    open_ = one(claim(1.0, 0.9, math.inf), claim(2.0, 1.9, 2.1))
    assert open_.verdict == "not told apart"
    lost = compared(report(claim(math.nan)), report(claim(1.0)), {})
    assert lost.differences == ()
    assert "not a number" in lost.unlike[0].said
    far.to_json()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"space": "random"}, "the space differs: pixels for A, random for B"),
        ({"method": "other"}, "the method differs"),
        ({"n": 900}, "the n differs: 400 for A, 900 for B"),
    ],
)
def test_other_ways_are_unlike_with_the_reason(change, words):
    a = claim(1.0, 0.9, 1.1)
    found = compared(report(a), report(replace(a, **change)), {})
    assert found.differences == ()
    assert len(found.unlike) == 1
    assert words in found.unlike[0].said
    assert "Nothing can be compared" in found.headline


def test_read_of_one_alone_and_shown_of_one_alone():
    a, more = claim(1.0, 0.9, 1.1), claim(5.0, what="more")
    found = compared(report(a), report(a, more), {})
    assert [(each.name, each.said) for each in found.unlike] == [
        ("more (distances)", "it was read of B alone in pixels")
    ]
    assert found.unlike[0].remedy == "run the same explainers and measures for both"


CHOSEN = "Of 9 effects tested together 2 are present, 3 absent, 4 undetermined. Shown are all present ones."
WHOLE = "Of 2 effects tested together 2 are present, 0 absent, 0 undetermined."


@pytest.mark.parametrize(
    ("tallies", "chosen"),
    [((CHOSEN, CHOSEN), True), ((WHOLE, CHOSEN), True), ((CHOSEN, WHOLE), False), ((WHOLE, WHOLE), False)],
)
def test_what_is_shown_of_one_alone_may_lie_among_what_the_other_leaves_out(tallies, chosen):
    a, more = claim(1.0, 0.9, 1.1), claim(5.0, what="more")
    (found,) = compared(report(a, more, tally=tallies[0]), report(a, tally=tallies[1]), {}).unlike
    assert found.said.endswith("of A alone in pixels")
    assert ("which were chosen" in found.said) is chosen
    assert (found.remedy == "the whole of it lies in findings/ of both") is chosen


def test_what_the_other_never_looked_at_was_not_chosen():
    cues = report(claim(1.0), part="cues", tally=CHOSEN)
    (found,) = compared(cues, report(part="distances", tally=CHOSEN), {}).unlike
    assert found.remedy == "run the same explainers and measures for both"


def test_each_gan_has_a_critic_of_its_own_that_is_asked_the_same():
    a, b = (limited(x, x - 0.1, x + 0.1, what="AUC", space=f"critic-{x * 1e11:.0f}a") for x in (5.0, 7.0))
    found = compared(report(a, part="membership"), report(b, part="membership"), {})
    assert found.unlike == ()
    assert [each.verdict for each in found.differences] == ["A"]
    found = compared(report(a, part="membership"), report(replace(b, n=9), part="membership"), {})
    assert [each.said for each in found.unlike] == ["the n differs: 400 for A, 9 for B"]
    found = compared(report(a, part="membership"), report(part="membership"), {})
    assert [each.said for each in found.unlike] == ["it was read of A alone by the critic's score"]


def test_rounds_of_one_run_are_no_rounds_of_another():
    mine, theirs = (report(claim(0.6, what=what), part="account") for what in ("rounds 1 to 5", "rounds 1 to 9"))
    (found,) = compared(mine, theirs, {}).unlike
    assert found.name == "account"
    assert "about rounds of one GAN" in found.said
    assert "explain A account" in found.remedy


def test_the_same_name_twice_is_matched_in_turn():
    one, two = claim(1.0, 0.9, 1.1), claim(2.0, 1.9, 2.1)
    found = compared(report(one, two), report(one, two), {})
    assert [each.effect for each in found.differences] == [0.0, 0.0]


def test_spaces_are_matched_whatever_their_order():
    here, there = claim(1.0, 0.9, 1.1), claim(2.0, 1.9, 2.1, space="random")
    found = compared(report(here, there), report(there, here), {})
    assert [each.effect for each in found.differences] == [0.0, 0.0]
    assert found.unlike == ()


def test_other_data_leave_only_what_rests_on_none():
    a = claim(1.0, 0.9, 1.1)
    found = compared(report(a), report(a, against="faces"), {})
    assert found.differences == ()
    assert "A was held against digits, B against faces" in found.unlike[0].said
    both = compared(report(a, part="smoothness"), report(a, part="smoothness", against="faces"), {})
    assert len(both.differences) == 1


@pytest.mark.parametrize("part", OWN)
def test_units_of_two_gans_have_no_common_numbers(part):
    found = compared(report(claim(1.0, 0.9, 1.1), part=part), report(claim(9.0, 8.9, 9.1), part=part), {})
    assert found.differences == ()
    assert found.unlike[0].name == part


def test_the_headline_counts_and_says_what_chance_does():
    rows = [
        (limited(1, 0.9, 1.1, what=f"r{k}"), limited(b, b - 0.1, b + 0.1, what=f"r{k}"))
        for k, b in enumerate((2, 0, 1, 1))
    ]
    mine, theirs = zip(*rows, strict=True)
    found = compared(report(*mine, name="old"), report(*theirs, name="new", verdict=None), {})
    assert found.headline == (
        "A is usable with care, B cannot be judged. "
        "A is better in 1 of the 4 readings that have a limit, B in 1; 2 are not told apart. Each is judged at "
        "95 %: if the two did not differ, about 0.2 of the 4 would seem apart by chance alone."
    )
    free = (claim(1, 0.9, 1.1, what="x"), claim(1, what="y"))
    found = compared(report(mine[0], *free), report(theirs[0], *(replace(each, effect=1.05) for each in free)), {})
    assert found.headline.startswith(
        "A is usable with care, B is usable with care. A is better in 1 of 1 reading that has a limit, B in none. "
        "Of 2 readings without a limit 1 is not told apart, 1 is without an interval to tell by: none of them"
    )
    alone = compared(report(free[0]), report(replace(free[0], interval=Interval(0.9, 1.1, 0.9, "t"))), {})
    assert alone.headline == (
        "A is usable with care, B is usable with care. "
        "No reading that has a limit was taken of both in the same way, so nothing says which is better. Of 1 reading "
        "without a limit 1 is without an interval to tell by: none of them says better."
    )


def test_equal_reports_are_equal_bytes_and_differ_in_provenance_alone():
    a = report(claim(1.0, 0.9, 1.1))
    first, second = compared(a, a, {"at": "noon"}), compared(a, a, {"at": "night"})
    assert replace(first, provenance={}).to_json() == replace(second, provenance={}).to_json()
