"""A unit without which the critic tells the sorts apart better is not said to carry its verdict."""

from __future__ import annotations

import pytest
from shared_marked import Units, gan_of, marked, sees, weighed

from ganatomy.explain.critic.inside.carriers import _claim, concluded, removed_set
from ganatomy.explain.critic.inside.removal import RemovalPlan, removal

PLAN = RemovalPlan(n=100)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_unit_that_works_against_the_verdict_is_called_so(side: float) -> None:
    rows = [sees(2.0), sees(2.0), sees(1.0, of=2)]
    gan = gan_of(Units(rows, [1.0, 1.0, 1.0], weighed(side, -0.4 * side, 0.02)))
    told = removal(gan, marked(), plan=PLAN)
    carries, against = concluded(told)
    assert carries.claim == "the critic's verdict hangs on unit body.act:0"
    gap, effect = float(told.arrays["gap"][1]), against.effect
    assert gap * side > 0
    assert effect * side > 0, "without it the gap is wider"
    assert against.claim.startswith("unit body.act:1 works against the critic's verdict")
    assert f"is {gap:+.3g} with it and {gap + effect:+.3g} without it" in str(against)
    assert (carries.verdict, against.verdict) == ("present", "present")
    assert removed_set(gan, marked(), "body.act", (1,), plan=PLAN).claim.startswith("unit body.act:1 works against")
    assert removed_set(gan, marked(), "body.act", (0,), plan=PLAN).claim.endswith("hangs on unit body.act:0")


def test_only_what_is_present_and_has_a_share_works_against() -> None:
    for code, share in ((0, -0.5), (-1, -0.5), (1, 0.5), (1, float("nan"))):
        assert "hangs on" in _claim("unit a:1", code, gap=2.0, effect=1.0, share=share)
    assert "works against" in _claim("the set of units a:1, a:2", 1, gap=2.0, effect=1.0, share=-0.5)
