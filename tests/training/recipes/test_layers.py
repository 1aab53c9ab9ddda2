"""Layers of a recipe: what is merged, what is replaced, what is left behind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import UsageError
from ganatomy.training.recipes.layers import check_reach, layer_of, merged, spread, staged


def test_sections_are_merged_and_all_else_is_replaced() -> None:
    below = {"pace": {"batch": 64, "critic": {"rate": 1, "betas": [0, 1]}}, "seed": 0}
    above = {"pace": {"critic": {"betas": [0.5, 0.9]}}, "seed": 3}
    assert merged(below, above) == {"pace": {"batch": 64, "critic": {"rate": 1, "betas": [0.5, 0.9]}}, "seed": 3}
    assert below["pace"]["critic"]["betas"] == [0, 1]


plain = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "terms", "name"]), inner, max_size=3),
)


@given(plain, plain)
def test_merging_again_changes_nothing(below, above) -> None:
    once = merged(below, above)
    assert merged(once, above) == once


@given(plain)
def test_an_empty_layer_changes_nothing(below) -> None:
    if isinstance(below, dict):
        assert merged(below, {}) == below
    assert merged({}, below) == below


@pytest.mark.parametrize(
    ("section", "below", "above", "left"),
    [
        (
            "players",
            {"architecture": "mlp", "options": {"norm": "batch"}},
            {"architecture": "r3"},
            {"architecture": "r3"},
        ),
        ("game", {"name": "r3", "terms": {"r1": {}}, "packing": 2}, {"name": "hinge"}, {"name": "hinge", "packing": 2}),
        ("data", {"name": "digits", "size": 16}, {"name": "mnist"}, {"name": "mnist"}),
    ],
)
def test_another_name_leaves_the_former_options_behind(section, below, above, left) -> None:
    assert merged({section: below}, {section: above}) == {section: left}
    same = {key: below[key] for key in above}
    assert merged({section: below}, {section: same}) == {section: below}


def test_both_stands_for_critic_and_generator_and_each_may_differ() -> None:
    found = spread({"pace": {"batch": 8, "both": {"rate": 1, "clip": 2}, "critic": {"rate": 5}}, "seed": 1})
    assert found == {
        "pace": {"batch": 8, "critic": {"rate": 5, "clip": 2}, "generator": {"rate": 1, "clip": 2}},
        "seed": 1,
    }
    stage = {"pace": {"both": {"rate": 1}}}
    each = {"pace": {"critic": {"rate": 1}, "generator": {"rate": 1}}}
    assert spread({"stages": [stage]}) == {"stages": [each]}
    assert spread({"stages": {"0": stage}}) == {"stages": {"0": each}}


def test_both_over_a_recipe_reaches_both_players() -> None:
    below = spread({"pace": {"critic": {"rate": 5, "clip": 1}, "generator": {"rate": 6}}})
    above = spread(layer_of(["pace.both.rate=1e-3"]))
    assert merged(below, above) == {"pace": {"critic": {"rate": 1e-3, "clip": 1}, "generator": {"rate": 1e-3}}}


def test_both_without_parts_is_refused() -> None:
    with pytest.raises(UsageError, match=r"pace\.both = 3 was given\ngive what critic and generator share"):
        spread({"pace": {"both": 3}})


def test_overrides_become_a_layer_and_the_later_counts() -> None:
    given_keys = ["a.b=1e-3", "a.c=[1, 2]", "a.b=2", "d=text", "e=", "f={x: 1}", "f.y=2"]
    assert layer_of(given_keys) == {"a": {"b": 2, "c": [1, 2]}, "d": "text", "e": None, "f": {"x": 1, "y": 2}}


@pytest.mark.parametrize("wrong", ["x", "=3", ".a=3", "a..b=3", "a.=3"])
def test_an_override_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match=r"-o .* was given\ngive key=value, as in -o pace.batch=32"):
        layer_of([wrong])


def test_an_item_of_a_list_is_reached_by_its_number() -> None:
    below = {"stages": [{"end": {"steps": 1}}, {"end": {"steps": 2}}]}
    assert merged(below, layer_of(["stages.1.end.steps=9"])) == {
        "stages": [{"end": {"steps": 1}}, {"end": {"steps": 9}}]
    }
    with pytest.raises(UsageError, match="item 2 of 'stages' was asked for\nthere are 2, counted from 0"):
        merged(below, layer_of(["stages.2.end.steps=9"]))


def test_a_dotted_key_must_not_lead_into_a_number() -> None:
    below = {"pace": {"critic": {"rate": 2e-4}}, "stages": [{"seed": 1}]}
    with pytest.raises(
        UsageError, match=r"no key 'pace.critic.rate.end': pace.critic.rate is 0.0002, without parts\nset"
    ):
        check_reach(below, ["pace.critic.rate.end=1"])
    with pytest.raises(UsageError, match=r"stages\.0\.seed is 1"):
        check_reach(below, ["stages.0.seed.x=1"])
    check_reach(below, ["pace.critic.rate=1", "pace.generator.rate=2", "stages.0.seed=3", "game.noise.start=1"])


def test_a_stage_has_what_it_does_not_say_from_the_recipe() -> None:
    whole = {
        "game": {"name": "r3", "terms": {"r1": {"strength": 1}}, "packing": 2},
        "pace": {"batch": 64, "critic": {"rate": 1}},
        "end": {"steps": 5},
        "stages": [{"pace": {"critic": {"rate": 2}}}, {"name": "last", "game": {"name": "hinge"}, "end": {"steps": 6}}],
    }
    first, last = staged(whole)["stages"]
    assert first == {
        "name": "stage-1",
        "game": whole["game"],
        "pace": {"batch": 64, "critic": {"rate": 2}},
        "end": {"steps": 5},
    }
    assert last == {"name": "last", "game": {"name": "hinge", "packing": 2}, "pace": whole["pace"], "end": {"steps": 6}}
    assert staged(whole)["end"] is None


def test_an_end_that_no_stage_would_use_is_refused() -> None:
    with pytest.raises(UsageError, match=r"each of its stages has its own\nset those of the stages, with -o end=null"):
        staged({"end": {"steps": 5}, "stages": [{"end": {"steps": 6}}]})


def test_without_stages_nothing_changes() -> None:
    assert staged({"end": {"steps": 5}, "stages": []}) == {"end": {"steps": 5}, "stages": []}
