"""From recipes to players: data, networks and games that fit, the same for the same seed, and GANs at the end."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import torch
from shared_data import need
from torch import nn

from ganatomy.data.catalogue import DATASETS, FETCHED, load_splits
from ganatomy.errors import UsageError
from ganatomy.models.disk import load, save
from ganatomy.numerics.fingerprint import fingerprint, named
from ganatomy.results.formats import Score
from ganatomy.training import setup as module
from ganatomy.training.play import play
from ganatomy.training.recipes.plan import parameters, plan
from ganatomy.training.recipes.read import read_recipe
from ganatomy.training.recipes.schema import Recipe
from ganatomy.training.recipes.shipped import RECIPES
from ganatomy.training.setup import Setup, as_gan, set_up

STILL = Path(__file__).parent / "recipes" / "still.yaml"  # digits by perceptrons, r3
SMALL = ["players.options.hidden=[8]", "players.options.critic_hidden=[8]", "pace.batch=8"]
FORMATS = {"mnist": (1, 28), "fashion-mnist": (1, 28), "cifar10": (3, 32)}


def setup(*overrides: str, name: str | Path = STILL) -> Setup:
    return set_up(read_recipe(name, [*(SMALL if name == STILL else []), *overrides]))


def weights(network: object) -> str:
    assert isinstance(network, nn.Module)
    return fingerprint(*named(network.state_dict()))


def stand_in(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """For data that would be downloaded: digits of the right size, in the right number of channels."""
    if recipe.data.name not in FORMATS:
        assert DATASETS[recipe.data.name].source != FETCHED
        return
    channels, size = FORMATS[recipe.data.name]
    source = "digits" if channels == 1 else "shapes"
    train, held_out = (part.resized(size) for part in load_splits(source))
    monkeypatch.setattr(module, "load_splits", lambda *_args, **_options: (train, held_out))


@pytest.mark.parametrize("name", RECIPES)
def test_every_shipped_recipe_sets_up_players_that_play_their_game(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the small: the networks of the large recipes are built narrow, the batches are of 4."""
    recipe = read_recipe(name, NARROW.get(name, []))
    stand_in(recipe, monkeypatch)
    made = set_up(recipe)
    assert [stage.end.goals() for stage in made.stages] == [stage.end.goals() for stage in recipe.all_stages()]
    assert plan(made).startswith(f"recipe     {name}, hash ")
    players = made.fresh_players()
    for stage in made.stages:
        pace = module.replace(stage.pace, batch=4)
        step = next(play(stage.game, players, made.train, made.latent, pace=pace))
        assert all(bool(value.isfinite()) for value in (*step.critic.values(), *step.generator.values()))
    assert as_gan(made, step.average, players.critic).data == made.train.name


NARROW = {
    "cifar10-dcgan": ["players.options.width=4", "players.options.critic_width=4"],
    "cifar10-sngan": ["players.options.width=4", "players.options.critic_width=4"],
    "cifar10-r3": ["players.options.width=4", "players.options.cardinality=1", "players.options.blocks=1"],
    "stacked-digits": ["players.options.hidden=[8]", "players.options.critic_hidden=[8]"],
}


def test_mnist_is_read_where_the_data_lie() -> None:
    made = set_up(read_recipe("mnist-dcgan", ["data.size=16"]), data_dir=need("mnist").parent)
    assert (made.train.size, made.train.format.shape, made.held_out.size) == (60_000, (1, 16, 16), 10_000)
    assert made.architecture.format.shape == (1, 16, 16)


def test_the_seed_decides_the_first_weights_and_nothing_else_does() -> None:
    made = setup("game.terms.rotation_head={}", "seed=3")
    one, again, other = made.fresh_players(), made.fresh_players(3), made.fresh_players(4)
    faster = setup("game.terms.rotation_head={}", "seed=3", "pace.both.rate=1e-3").fresh_players()
    for players in (again, faster):
        assert weights(players.generator) == weights(one.generator)
        assert weights(players.critic) == weights(one.critic)
        assert weights(players.heads["rotation"]) == weights(one.heads["rotation"])
    assert weights(other.generator) != weights(one.generator)
    assert weights(other.critic) != weights(one.critic)
    assert weights(other.heads["rotation"]) != weights(one.heads["rotation"])
    assert [stage.pace.seed for stage in made.stages] == [3]


@pytest.mark.parametrize(
    ("overrides", "shape"),
    [
        (["game.packing=2"], (2, 8, 8)),
        (["game.deviation_group=4"], (2, 8, 8)),
        (["game.packing=2", "game.deviation_group=4"], (3, 8, 8)),
        (["game.augment={}"], (1, 8, 8)),
    ],
)
def test_the_critic_takes_what_the_game_shows_it(overrides: list[str], shape: tuple[int, ...]) -> None:
    made = setup(*overrides)
    assert made.critic_architecture.format.shape == shape
    assert made.architecture.format.shape == (1, 8, 8)
    players = made.fresh_players()
    step = next(play(made.stages[0].game, players, made.train, made.latent, pace=made.stages[0].pace))
    assert "adversarial" in step.critic
    gan = as_gan(made, step.average, players.critic)
    if shape == (1, 8, 8):
        assert gan.critic is players.critic
    else:
        assert gan.critic is None
        assert "left out" in gan.provenance["critic"]


def test_a_conditional_recipe_has_the_classes_of_its_data_and_a_critic_that_is_told() -> None:
    made = setup("latent.conditional=true")
    assert (made.latent.classes, made.labelled_critic, made.plain_critic) == (10, True, True)
    players = made.fresh_players()
    assert players.labelled_critic
    gan = as_gan(made, players.generator, players.critic)
    assert gan.classes == made.train.classes
    assert gan.critic is not None


@pytest.mark.parametrize("term", ["categorical_code", "class_head"])
def test_a_critic_that_reads_the_label_off_is_not_told_it(term: str) -> None:
    made = setup("latent.conditional=true", f"game.terms.{term}={{}}")
    assert (made.latent.classes, made.labelled_critic) == (10, False)
    players = made.fresh_players()
    step = next(play(made.stages[0].game, players, made.train, made.latent, pace=made.stages[0].pace))
    assert len(step.critic) == 4
    gan = as_gan(made, step.average, players.critic)
    assert gan.critic is None
    assert gan.classes == (made.train.classes if term == "class_head" else ())


def test_each_head_has_as_many_outputs_as_its_term_reads() -> None:
    made = setup(
        "latent.conditional=true",
        "game.terms={rotation_head: {}, categorical_code: {}, continuous_code: {first: 1, last: 4}}",
    )
    assert made.heads == {"rotation": 4, "categorical-code": 10, "continuous-code": 6}
    shapes = {name: tuple(head.weight.shape) for name, head in made.fresh_players().heads.items()}  # type: ignore[attr-defined]
    assert shapes == {name: (outputs, 8) for name, outputs in made.heads.items()}
    assert setup("game.terms.rotation_head.strength=0").heads == {}


def test_each_stage_has_its_own_game_pace_learners_and_seed() -> None:
    stages = "stages=[{name: a, players: [critic], pace: {batch: 4}}, {name: b, game: {name: hinge}, end: {images: 9}}]"
    a, b = setup(stages).stages
    assert (a.name, a.pace.trains, a.pace.batch, a.game.name, a.end.steps) == ("a", ("critic",), 4, "r3", 3000)
    assert (b.name, b.pace.trains, b.pace.batch, b.game.name, b.end.images) == (
        "b",
        ("critic", "generator"),
        8,
        "hinge",
        9,
    )
    assert a.pace.seed == 0
    assert b.pace.seed not in (0, setup(stages, "seed=1").stages[1].pace.seed)
    assert b.pace.seed == setup(stages).stages[1].pace.seed


def test_precision_and_layout_are_decided_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    conv = read_recipe("digits-conv")

    def decided(recipe: Recipe, device: str) -> tuple[str, bool]:
        pace = set_up(recipe, device=device).stages[0].pace
        return pace.precision, pace.channels_last

    assert decided(conv, "cpu") == ("float32", False)
    assert decided(conv, "cuda") == ("bfloat16", True)
    assert decided(read_recipe("digits-mlp"), "cuda") == ("float32", False)
    asked = read_recipe("digits-conv", ["pace.precision=float32", "pace.channels_last=false"])
    assert decided(asked, "cuda") == ("float32", False)
    assert decided(read_recipe("digits-conv", ["pace.channels_last=true"]), "cpu") == ("float32", True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert decided(conv, "cuda") == ("float32", True)


def test_small_networks_want_one_thread_and_large_ones_as_many_as_there_are() -> None:
    assert setup().threads == 1
    assert setup(name="ring8").threads == 1
    assert setup(name="shapes-dcgan").threads is None
    assert setup("threads=3").threads == 3


def test_pictures_are_made_as_large_as_the_recipe_says() -> None:
    made = setup("data.size=16")
    assert made.train.format.shape == made.held_out.format.shape == made.architecture.format.shape == (1, 16, 16)
    assert setup("data.size=8").train.fingerprint == setup().train.fingerprint


def test_a_folder_is_read_with_its_options(tmp_path: Path) -> None:
    from ganatomy.pictures import write_png

    for number in range(4):
        write_png(tmp_path / f"{number}.png", torch.full((24, 24, 3), 60 * number, dtype=torch.uint8).numpy())
    made = setup(f"data.name=folder:{tmp_path}", "data.size=12", "data.options.channels=1")
    assert made.train.format.shape == (1, 12, 12)
    assert made.train.size + made.held_out.size == 4


FAULTS = [
    (["data.name=spiral", "latent.conditional=true"], "latent.conditional: the data 'spiral' have no classes\nset "),
    (["data.name=ring8", "data.size=8"], "data: 'ring8' cannot be resized to 8\n"),
    (["data.name=folder:/nowhere"], "nowhere"),
    (["game.terms.class_head={}"], "the term 'class' reads classes and the latent has none\nset latent.conditional"),
    (
        ["game.terms.continuous_code={first: 4, last: 33}"],
        "game.terms.continuous_code: columns 4 to 33 of a latent of 32",
    ),
    (["game.terms.continuous_code={first: 4, last: 4}"], "the columns lie inside the latent: first < last"),
    (["latent.conditional=true", "game.packing=2"], "game.packing: a critic that takes labels was to judge packs\n"),
    (
        ["stages=[{name: a}, {name: b, game: {packing: 2}}]"],
        "stages: their critics take different inputs (a: picture 1 x 8 x 8, in [-1, 1], b: picture 2 x 8 x 8",
    ),
    (
        ["stages=[{game: {terms: {continuous_code: {last: 2}}}}, {game: {terms: {continuous_code: {last: 3}}}}]"],
        "the stages read codes of different lengths\ngive all stages the same columns",
    ),
]


@pytest.mark.parametrize(("overrides", "message"), FAULTS)
def test_what_does_not_fit_together_is_an_error_that_names_the_key(overrides: list[str], message: str) -> None:
    with pytest.raises(Exception, match=re.escape(message)) as caught:
        setup(*overrides)
    assert isinstance(caught.value, UsageError) or "nowhere" in message


def test_networks_that_do_not_fit_the_data_are_an_error_under_players() -> None:
    with pytest.raises(UsageError, match="players: dcgan cannot make a point 2, unbounded\nit makes square pictures"):
        set_up(read_recipe("ring8", ["players.architecture=dcgan"]))


def test_the_trained_networks_become_a_gan_that_can_be_saved(tmp_path: Path) -> None:
    made = setup()
    players = made.fresh_players()
    steps = play(made.stages[0].game, players, made.train, made.latent, pace=made.stages[0].pace)
    step = next(itertools.islice(steps, 2, None))
    gan = as_gan(made, step.average, players.critic, provenance={"steps": 3})
    again = load(save(gan, tmp_path / "gan"))
    assert again.digest() == gan.digest()
    assert (again.data, again.score, again.provenance) == ("digits", Score("unbounded"), {"steps": 3})
    assert as_gan(made, step.average).critic is None


def test_the_plan_says_what_would_be_done() -> None:
    lines = plan(setup("pace.critic_turns=2", "end.steps=900", "pace.generator.clip=3")).splitlines()
    assert lines[0].startswith("recipe     still, hash ")
    assert "data       digits: 1,438 to train on, 359 held out; picture 1 x 8 x 8, in [-1, 1]" in lines
    assert "latent     normal latent of 32" in lines
    text = "\n".join(lines)
    assert "r1, strength 0.05, every turn" in text
    assert "critic     adam, rate 0.0005, betas 0.5 and 0.99\n" in text
    assert "generator  adam, rate 0.0005, betas 0.5 and 0.99, gradients clipped at 3\n" in text
    assert "until      steps: 900 (900 steps, 14,400 images, 179.8 batches an epoch, 10.0 epochs)" in text
    assert re.search(r"memory     about \d+ MiB", text)
    made = setup()
    generator, critic = (
        parameters(network) for network in (made.fresh_players().generator, made.fresh_players().critic)
    )
    assert (generator, critic) == (32 * 8 + 16 + 8 * 64 + 64, 64 * 8 + 8 + 8 + 1)
    assert f"critic     mlp, {critic:,} parameters, {critic / generator:.2f} times the generator's" in plan(made)


def test_the_plan_of_endless_data_and_of_open_ends_says_no_more_than_is_known() -> None:
    text = plan(setup("end={steps: null, images: 1_000}", name="ring8"))
    assert "data       ring8: endless; point 2, unbounded" in text
    assert "until      images: 1000 (8 steps, 1,000 images)" in text
    assert "until      seconds: 9\n" in plan(setup("end={steps: null, seconds: 9}"))
    text = plan(setup("stages=[{name: a}, {name: b, game: {name: hinge}}]", "latent.conditional=true", "threads=auto"))
    assert text.count("\nstage  ") == 2
    assert ", told the labels" in text


def test_a_later_stage_that_cannot_be_played_is_an_error_before_the_first_round() -> None:
    stages = """stages=
- {name: first, game: {name: ns-r1}, pace: {batch: 16}, end: {steps: 4}}
- {name: second, game: {name: ns-r1, deviation_group: 4}, pace: {batch: 15}, end: {steps: 3}}
"""
    with pytest.raises(UsageError, match=r"stages\.1.*a batch of 15"):
        set_up(
            read_recipe(
                "ring8",
                [
                    stages.replace("first, game: {name: ns-r1}", "first, game: {name: ns-r1, deviation_group: 4}"),
                    "end=null",
                ],
            )
        )
