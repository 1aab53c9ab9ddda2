"""From names and files to recipes: inheritance, overrides, one error for each fault, and the way back to YAML."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.errors import InputError, UsageError
from ganatomy.training.recipes.read import read_recipe, recipe_text, to_plain, to_yaml
from ganatomy.training.recipes.shipped import RECIPES, shipped_path
from ganatomy.training.recipes.values import Changing

SMALL = """
summary: A test.
data: {name: digits}
latent: {dim: 8}
players: {architecture: mlp, options: {hidden: [8], critic_hidden: [8], dropout: 0.0}}
game: {name: r3, terms: {r1: {strength: 5e-2}}}
pace: {both: {rate: 5e-4}}
end: {steps: 3}
"""


def small(folder: Path, more: str = "", name: str = "small") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(SMALL + more)
    return path


@pytest.mark.parametrize("name", RECIPES)
def test_every_shipped_recipe_is_read_under_its_name_and_comes_back_from_yaml(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    text = to_yaml(recipe)
    again = recipe_text(text)
    assert again == recipe
    assert to_yaml(again) == text


@pytest.mark.parametrize("name", RECIPES)
def test_every_shipped_recipe_says_why(name: str) -> None:
    comments = [line for line in shipped_path(name).read_text().splitlines() if "#" in line]
    assert len(comments) >= 3
    assert "Expect" in "".join(comments)


def test_nothing_is_hidden_in_the_complete_recipe(tmp_path: Path) -> None:
    plain = to_plain(read_recipe(small(tmp_path)))
    assert plain["name"] == "small"
    assert plain["players"]["options"]["norm"] == "none"
    assert plain["game"]["terms"] == {"r1": {"strength": 0.05, "every": 1}, "r2": {"strength": 1.0, "every": 1}}
    assert plain["game"]["clip"] == 0.0
    assert plain["pace"]["critic"] == plain["pace"]["generator"]
    assert plain["end"] == {"steps": 3}
    assert plain["cadence"]["keep"] == 3


def test_the_bound_of_a_named_game_is_written_out_and_can_be_taken_away(tmp_path: Path) -> None:
    path = small(tmp_path)
    assert read_recipe(path, ["game.name=wasserstein-clip"]).game.clip == 0.01
    free = read_recipe(path, ["game.name=wasserstein-clip", "game.clip=0"])
    assert free.game.clip == 0.0
    assert recipe_text(to_yaml(free)) == free


def test_a_recipe_inherits_from_a_shipped_one_or_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("inherit: digits-mlp\nsummary: One.\npace: {batch: 32}\n")
    (tmp_path / "two.yaml").write_text("inherit: ./one.yaml\ngame: {terms: {r1: {every: 7}}}\n")
    two, shipped = read_recipe(tmp_path / "two.yaml"), read_recipe("digits-mlp")
    assert (two.name, two.summary, two.pace.batch) == ("two", "One.", 32)
    assert two.game.terms.r1.every == 7
    assert two.game.terms.r1.strength == shipped.game.terms.r1.strength
    assert two.players == shipped.players


def test_recipes_that_inherit_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("inherit: ./two.yaml\n")
    (tmp_path / "two.yaml").write_text("inherit: ./one.yaml\n")
    with pytest.raises(UsageError, match="in a circle: one -> two -> one\ntake one `inherit` out"):
        read_recipe(tmp_path / "one.yaml")


@pytest.mark.parametrize(
    ("inherit", "message"),
    [
        ("digit-mlp", "no recipe called 'digit-mlp'\ndid you mean 'digits-mlp'"),
        ("[a]", r"inherit = \['a'\] was given\ngive the name of a recipe, or a file beside it"),
    ],
)
def test_what_cannot_be_inherited_is_refused(inherit: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(f"inherit: {inherit}\n")
    with pytest.raises(UsageError, match=message):
        read_recipe(tmp_path / "one.yaml")


def test_names_and_files_that_do_not_exist_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no recipe called 'grid52'\ndid you mean 'grid25'"):
        read_recipe("grid52")
    with pytest.raises(InputError, match=r"none\.yaml cannot be read: No such file or directory\ngive a YAML file, or"):
        read_recipe(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_recipe(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plainfile").write_text("")
    with pytest.raises(UsageError, match=r"no recipe called 'plainfile'\na file is given by a path: \./plainfile"):
        read_recipe("plainfile")


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "just text"])
def test_a_file_that_holds_no_recipe_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(content)
    with pytest.raises(InputError, match="holds no recipe\na recipe is `key: value` lines"):
        read_recipe(tmp_path / "x.yaml")
    with pytest.raises(InputError, match="it holds no recipe"):
        recipe_text(content, source="it")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read: "):
        read_recipe(tmp_path / "x.yaml")


FAULTS = {
    "gama=1": "there is no key 'gama'\ndid you mean 'game'?",
    "batch=3": "there is no key 'batch'\ndid you mean 'pace.batch'?",
    "strength=3": "there is no key 'strength'\ndid you mean 'game.terms.r1.strength' or",
    "pace.bach=3": "there is no key 'pace.bach'\ndid you mean 'pace.batch'?",
    "pace.bot={}": "there is no key 'pace.bot'\ndid you mean 'pace.both'?",
    "inherits=x": "there is no key 'inherits'\ndid you mean 'inherit'?",
    "pace.batch=0": "pace.batch: 0 was given\na whole number, at least 1",
    "pace.both.rate=-1": "pace.critic.rate: -1.0 was given (also wrong: pace.generator.rate)\na rate is above 0",
    "pace.critic.rate={start: 1, end: 0, til: 3}": "no key 'pace.critic.rate.til' (also wrong: pace.critic.rate.until)",
    "pace.critic.rate={start: 1, end: 0}": "the key 'pace.critic.rate.until' is missing\ngive the number of images",
    "pace.critic.rate={start: 1, end: 0, until: 3, shape: linea}": "'linea' was given\ndid you mean 'linear'?",
    "pace.critic.kind=Adam": "pace.critic.kind = 'Adam' was given\ndid you mean 'adam'?",
    "pace.critic.betas=[1, 2, 3]": "pace.critic.betas = [1, 2, 3] was given\n",
    "pace.critic.betas=[0.5, 1]": "pace.critic.betas.1: 1.0 was given\na beta lies in [0, 1)",
    "pace.micro_batches=3": "pace: a batch of 64 in 3 micro-batches was asked for\n",
    "pace={extragradient: true, critic_turns: 2}": "pace: extragradient with 2 and 1 turns a round was asked for\n",
    "pace.precision=half": "pace.precision = 'half' was given\nlegal are: auto, float32, bfloat16",
    "pace.channels_last=3": "pace.channels_last: 3 was given\nauto, true or false",
    "threads=some": "threads: 'some' was given\nauto, or a whole number, at least 1",
    "players.architecture=mpl": "players.architecture: there is no architecture called 'mpl'\ndid you mean 'mlp'?",
    "players.options.hiden=[3]": "players.options: there is no option of mlp called 'hiden'\ndid you mean 'hidden'?",
    "players.options.norm=bach": "players.options: norm='bach' was asked for in MLP\ndid you mean 'batch'?",
    "players.options.format=3": "players.options: the option 'format' was given\nthe data decide the format",
    "game.name=hing": "game.name: there is no game called 'hing'\ndid you mean 'hinge'?",
    "game.name=wgan": "game.name: there is no game called 'wgan'\nhere it is called 'wasserstein-clip'",
    "game.smoothing=0.1": "game.smoothing: the loss 'relativistic' has no label to smooth\nlegal are",
    "game.terms.r3.strength=1": "there is no key 'game.terms.r3'\nlegal are: ",
    "game.terms.ortogonal={}": "there is no key 'game.terms.ortogonal'\ndid you mean 'game.terms.orthogonal'?",
    "game.terms.r1.target=1": "there is no key 'game.terms.r1.target'\ndid you mean 'game.terms.gradient",
    "game.terms.r1.strength=-1": "game.terms.r1.strength: -1.0 was given\na strength is at least 0",
    "game.terms.continuous_code={}": "the key 'game.terms.continuous_code.last' is missing\ngive the columns",
    "game.terms.hessian_penalty.directions=1": "game.terms.hessian_penalty: 1 directions with step 0.1 were",
    "game.terms.consistency.kinds=[color]": "game.terms.consistency.kinds.0 = 'color' was given\ndid you mean",
    "game.terms.consistency.kinds=[]": "game.terms.consistency.kinds: [] was given\none or more of",
    "game={packing: 2, terms: {rotation_head: {}}}": "game: the term 'rotation' reads single samples and",
    "game.deviation_group=1": "game: packing 1 and a deviation group of 1 were asked for\n",
    "game.noise.start=0.2": "the key 'game.noise.until' is missing\ngive the number of images",
    "game.augment.probability=2": "game.augment.probability: 2.0 was given\na probability lies in [0, 1]",
    "end=3": "end = 3 was given\ngive a section: `key: value` lines",
    "end=null": "the key 'end' is missing\ngive a goal, as in end: {steps: 3000}",
    "end={steps: null}": "end: no goal was given\ngive one or more of steps, images, seconds, gap, plateau",
    "stages=[{end: {steps: 3}}]": "the recipe was given an end, and each of its stages has its own\n",
    "stages=[{players: [critc]}]": "stages.0.players.0 = 'critc' was given\ndid you mean 'critic'?",
    "stages=[{players: []}]": "stages.0.players: [] was given\ncritic, generator, or both, each once",
    "stages=[{name: a}, {name: a}]": "the stages ['a', 'a'] were given\neach stage has a name of its own",
    "stages=[{pace: {bach: 3}}]": "there is no key 'stages.0.pace.bach'\ndid you mean 'stages.0.pace.batch'?",
    "stages=[{game: {name: hing}}]": "stages.0.game.name: there is no game called 'hing'\n",
    "stages=3": "stages = 3 was given\ngive a list",
    "data=digits": "data = 'digits' was given\ngive a section",
    "data.name=digit": "data.name: there is no data set called 'digit'\ndid you mean 'digits'?",
    "data.options.channels=3": "data.options: channels cannot be chosen for 'digits'\n",
    "data={name: 'folder:x', options: {chanels: 3}}": "data.options: there is no option of a folder called 'chanels'\n",
    "latent=null": "latent = None was given\ngive a section",
    "name=a b": "name: 'a b' was given\na name of letters, digits",
    "summary=''": "summary: '' was given\none sentence",
    "seed=-1": "seed: -1 was given\na whole number, at least 0",
    "health.asleep=abc": "health.asleep: 'abc' was given\ntrue, false, or a number as the threshold",
    "health=3": "health = 3 was given\ngive a section",
    "cadence.keep=0": "cadence.keep: 0 was given\na whole number, at least 1",
}


@pytest.mark.parametrize("override", list(FAULTS))
def test_a_fault_is_one_error_with_the_key_and_what_would_work(override: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_recipe(small(tmp_path), [override])
    assert re.search(r"small\.yaml: ", caught.value.said)
    assert FAULTS[override] in str(caught.value)


def test_an_override_must_not_lead_into_a_number(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"no key 'seed\.x': seed is 3, without parts\nset it as a whole: -o seed=VALUE"
    ):
        read_recipe(small(tmp_path, "seed: 3\n"), ["seed.x=1"])


def test_what_is_missing_in_a_file_is_named_with_an_example(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("summary: A test.\n")
    said = "the key 'data' is missing (also wrong: latent, players, game)\ngive a data set, as in data: {name: digits}"
    with pytest.raises(UsageError, match=re.escape(said)):
        read_recipe(tmp_path / "x.yaml")


def test_an_override_counts_over_the_file_and_a_game_can_be_exchanged(tmp_path: Path) -> None:
    recipe = read_recipe(small(tmp_path), ["game.terms.r1.strength=0.2", "game.name=hinge", "pace.both.rate=1e-3"])
    assert list(recipe.game.terms.given()) == ["r1"]  # r2 was the other game's
    assert recipe.game.terms.r1.strength == 0.2
    assert recipe.pace.critic.rate == recipe.pace.generator.rate == 1e-3


def test_a_term_of_strength_zero_is_taken_away_and_stays_so(tmp_path: Path) -> None:
    recipe = read_recipe(small(tmp_path), ["game.terms.r2.strength=0"])
    assert recipe_text(to_yaml(recipe)) == recipe
    assert to_plain(recipe)["game"]["terms"]["r2"] == {"strength": 0.0, "every": 1}


numbers = st.floats(1e-9, 1e9)
images = st.integers(1, 10**12)
schedules = st.builds(
    lambda start, end, begin, more, shape: {
        "start": start,
        "end": end,
        "begin": begin,
        "until": begin + more,
        "shape": shape,
    },
    numbers,
    numbers,
    images,
    images,
    st.sampled_from(["linear", "cosine", "geometric"]),
)
OVERRIDES = {
    "seed": st.integers(0, 2**63),
    "pace.batch": st.integers(1, 10_000),
    "pace.both.rate": numbers | schedules,
    "pace.critic.betas": st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)).map(list),
    "pace.generator.clip": st.none() | numbers,
    "pace.extragradient": st.booleans(),
    "game.terms.r2.strength": numbers | schedules,
    "game.terms.gradient_penalty.target": numbers,
    "game.noise": st.none() | st.fixed_dictionaries({"start": numbers, "until": images}),
    "game.augment": st.none() | st.fixed_dictionaries({"probability": st.floats(0, 1)}),
    "players.options.hidden": st.lists(st.integers(1, 4096), min_size=1, max_size=3),
    "end": st.fixed_dictionaries({}, optional={"images": images, "gap": numbers}).filter(bool),
    "health": st.dictionaries(st.text("abc-", min_size=1, max_size=4), st.booleans() | numbers, max_size=2),
    "threads": st.just("auto") | st.integers(1, 64),
}


@settings(max_examples=15)
@given(st.fixed_dictionaries({}, optional=OVERRIDES))
def test_whatever_was_overridden_comes_back_from_yaml(chosen: dict) -> None:
    recipe = read_recipe("digits-mlp", [f"{key}={json.dumps(value)}" for key, value in chosen.items()])
    assert recipe_text(to_yaml(recipe)) == recipe
    if "seed" in chosen:
        assert recipe.seed == chosen["seed"]
    if isinstance(rate := chosen.get("pace.both.rate"), dict):
        assert isinstance(recipe.pace.critic.rate, Changing)
        assert recipe.pace.critic.rate.until == rate["until"]
    elif rate is not None:
        assert recipe.pace.generator.rate == rate


def test_a_recipe_cannot_be_changed() -> None:
    recipe = read_recipe("ring8")
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 3
