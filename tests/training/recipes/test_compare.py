"""The hash that names a recipe, and what a resumed run may differ in."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganatomy.training.recipes.compare import allowed, differences, digest, flattened
from ganatomy.training.recipes.read import read_recipe, recipe_text, to_yaml
from ganatomy.training.recipes.schema import Recipe
from ganatomy.training.recipes.shipped import RECIPES

STILL = Path(__file__).with_name("still.yaml")
FREE = ["cadence.log=7", "threads=2", "health={asleep: false}", "name=other", "summary=Other.", "end.steps=6000"]
DECISIVE = [
    "data.name=stacked-digits",
    "latent.dim=33",
    "latent.conditional=true",
    "players.options.hidden=[8]",
    "game.terms.r1.strength=0.1",
    "game.terms.r1.every=2",
    "game.packing=2",
    "game.augment={}",
    "pace.batch=32",
    "pace.critic.rate=1e-3",
    "pace.precision=bfloat16",
    "pace.half_life=5",
]


def recipe(*overrides: str, name: str | Path = STILL) -> Recipe:
    return read_recipe(name, overrides)


def test_the_hash_is_a_short_name_that_differs_between_shipped_recipes() -> None:
    hashes = [digest(read_recipe(name)) for name in RECIPES]
    assert len(set(hashes)) == len(RECIPES)
    assert all(len(one) == 12 and set(one) <= set("0123456789abcdef") for one in hashes)


def test_the_hash_is_the_same_today_and_on_every_machine() -> None:
    text = "name: x\nsummary: X.\ndata: {name: ring8}\nlatent: {dim: 2}\nplayers: {architecture: mlp}\n"
    assert digest(recipe_text(text + "game: {name: r3}\nend: {steps: 3}\n")) == "63a2c57e15ce"


@pytest.mark.parametrize("override", [*FREE, "seed=3"])
def test_what_does_not_decide_the_weights_at_a_step_is_not_in_the_hash(override: str) -> None:
    assert digest(recipe(override)) == digest(recipe())


@pytest.mark.parametrize("override", DECISIVE)
def test_what_decides_the_weights_is_in_the_hash_and_forbids_a_resume(override: str) -> None:
    assert digest(recipe(override)) != digest(recipe())
    assert any(line.startswith(override.partition("=")[0]) for line in differences(recipe(), recipe(override)))


@pytest.mark.parametrize("override", FREE)
def test_a_run_can_be_resumed_with_what_is_free(override: str) -> None:
    assert differences(recipe(), recipe(override)) == []
    assert len(allowed(recipe(), recipe(override))) == 1


def test_the_seed_is_no_part_of_the_name_and_yet_forbids_a_resume() -> None:
    assert differences(recipe(), recipe("seed=3")) == ["seed: 0 -> 3"]


def test_equal_recipes_do_not_differ_also_after_yaml() -> None:
    again = recipe_text(to_yaml(recipe()))
    assert differences(recipe(), again) == allowed(recipe(), again) == []
    assert digest(again) == digest(recipe())


def test_each_difference_says_what_it_was_and_what_it_is() -> None:
    new = recipe("game.terms.r1.strength=0.1", "pace.critic.rate={start: 1, end: 0, until: 9}", "pace.critic.clip=2")
    assert differences(recipe(), new) == [
        "game.terms.r1.strength: 0.05 -> 0.1",
        "pace.critic.rate: 0.0005 -> 1.0 to 0.0 (linear, images 0 to 9)",
        "pace.critic.clip: none -> 2.0",
    ]
    assert differences(new, recipe())[2] == "pace.critic.clip: 2.0 -> none"
    exchanged = differences(recipe(), recipe("game.name=ns-r1"))
    assert "game.terms.r2.strength: 0.05 -> nothing" in exchanged
    assert allowed(recipe(), recipe("end={images: 10, steps: null}")) == [
        "end.steps: 3000 -> nothing",
        "end.images: nothing -> 10",
    ]


def test_the_end_of_the_last_stage_is_free_and_those_before_are_not() -> None:
    old = recipe(name="mnist-two-stage")
    last, first = (recipe(f"stages.{place}.end.steps=9", name="mnist-two-stage") for place in (1, 0))
    assert (differences(old, last), allowed(old, last)) == ([], ["stages.1.end.steps: 2500 -> 9"])
    assert (differences(old, first), allowed(old, first)) == (["stages.0.end.steps: 1500 -> 9"], [])
    assert digest(old) == digest(last) != digest(first)


def test_another_stage_is_a_difference() -> None:
    one = recipe("stages=[{end: {steps: 1}}]", "end=null")
    two = recipe("stages=[{end: {steps: 1}}, {end: {steps: 2}}]", "end=null")
    lines = differences(one, two)
    assert "stages.0.end.steps: 1 -> 1" not in lines
    assert "stages.1.name: nothing -> stage-2" in lines


def test_values_are_found_under_their_dotted_keys() -> None:
    flat = flattened(recipe("pace.critic.rate={start: 1, end: 0, until: 9}"))
    assert flat["players.options.hidden"] == [128, 256]
    assert flat["pace.critic.rate"]["until"] == 9
    assert flat["game.terms.r1.strength"] == 0.05
