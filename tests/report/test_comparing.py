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
    found = one(claim(*a, better=better), claim(*b, better=better))
    assert found.verdict == verdict
    assert found.effect == b[0] - a[0]


def test_no_better_side_where_the_two_do_not_agree_on_one():
    assert one(claim(1, 0.9, 1.1, better="low"), claim(2, 1.9, 2.1, better="high")).verdict == "apart"


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
    found = compared(report(a, more, tally="of 9 the 2 largest"), report(a), {})
    assert "chosen" in found.unlike[0].said
    assert "of A alone" in found.unlike[0].said


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
        (claim(1, 0.9, 1.1, what=f"r{k}"), claim(b, b - 0.1, b + 0.1, what=f"r{k}")) for k, b in enumerate((2, 0, 1, 1))
    ]
    mine, theirs = zip(*rows, strict=True)
    found = compared(report(*mine, name="old"), report(*theirs, name="new", verdict=None), {})
    assert found.headline == (
        "Of 4 readings of both A is better in 1, B in 1, 2 are not told apart (each at 95%, so that of the 4 judged "
        "about 0.2 would differ by chance alone). A (old): warn. B (new): cannot be said."
    )


def test_equal_reports_are_equal_bytes_and_differ_in_provenance_alone():
    a = report(claim(1.0, 0.9, 1.1))
    first, second = compared(a, a, {"at": "noon"}), compared(a, a, {"at": "night"})
    assert replace(first, provenance={}).to_json() == replace(second, provenance={}).to_json()
