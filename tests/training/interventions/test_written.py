"""Interventions as text: read, written again, and refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import UsageError
from ganatomy.training.interventions.written import KINDS, RECIPE, At, Intervention, Shake, intervention
from ganatomy.training.recipes.compare import differences
from ganatomy.training.recipes.read import read_recipe, recipe_text, to_yaml


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_each_kind_is_one(kind: str) -> None:
    assert intervention(KINDS[kind].example).kind == kind


@given(begin=st.integers(0, 10**6), length=st.none() | st.integers(1, 10**6))
def test_what_is_written_is_read_again(begin: int, length: int | None) -> None:
    until = None if length is None else begin + length
    for what, value in (("freeze", "critic"), ("game.noise", "{start: 0.3, until: 100}"), ("pace.both.rate", "1e-3")):
        made = Intervention(what, value, begin, until)
        assert intervention(str(made)) == made
        assert made.holds(begin)
        assert not made.holds(begin - 1)
        assert until is None or (made.holds(until - 1) and not made.holds(until))


def test_the_parts_of_a_value() -> None:
    assert intervention("remove=generator.up1.act:37").read == At("generator", "up1.act", 37)
    assert intervention("clamp=critic.a.b:3=-0.5 from 7 until 9").read == At("critic", "a.b", 3, -0.5)
    assert intervention("perturb=critic:0.01").read == Shake("critic", 0.01)
    assert intervention("drop-class=3, 8").read == ("3", "8")
    assert intervention("game.name=hinge").kind == RECIPE
    assert intervention("freeze=critic", begin=70).begin == 70
    assert intervention("freeze=critic from 5", begin=70).begin == 5


@pytest.mark.parametrize(
    ("text", "message"),
    {
        "freeze": "the intervention 'freeze' was given",
        "freeze=": "the intervention",
        "freeze=nobody": "the player 'nobody'",
        "thaw=critic": "no intervention called 'thaw'",
        "pace.batch=32": "no intervention called 'pace.batch'",
        "players.options.hidden=[3]": "no intervention called",
        "remove=up1:3": "the unit 'up1:3'",
        "remove=generator.up1:x": "the unit",
        "clamp=generator.up1:3": "say the value",
        "data-noise=-1": "a size of -1",
        "data-noise=much": "'much' was given for a number",
        "perturb=critic": "perturb=critic was given",
        "randomness=-1": "for a whole number",
        "freeze=critic from 9 until 9": "it would never hold",
        "critic=4 from 9 until 12": "it is done once",
    }.items(),
)
def test_what_says_nothing_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        intervention(text)


def test_a_recipe_holds_interventions_and_a_run_with_others_is_not_resumed() -> None:
    plain, changed = read_recipe("ring8"), read_recipe("ring8", ["interventions=['freeze=critic from 5 until 9']"])
    assert changed.interventions == ("freeze=critic from 5 until 9",)
    assert recipe_text(to_yaml(changed)) == changed
    assert differences(plain, changed) == ["interventions: [] -> ['freeze=critic from 5 until 9']"]
    with pytest.raises(UsageError, match="the player 'nobody'"):
        read_recipe("ring8", ["interventions=['freeze=nobody']"])
