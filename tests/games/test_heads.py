"""Class, code and rotation heads against slow formulas; who is trained by which; what is missing is said at once."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles_games import batch, built, players
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.games.game import Game
from ganatomy.games.heads import (
    categorical_code,
    class_head,
    class_loss,
    continuous_code,
    continuous_code_loss,
    feature_distance,
    feature_matching,
    rotated,
    rotation_head,
)
from ganatomy.games.named import GAMES
from ganatomy.games.players import Batch, Players
from ganatomy.games.terms import Term
from ganatomy.numerics.random import Stream

SHAPE = (1, 4, 4)
HEADS = {"class": 3, "continuous-code": 4, "categorical-code": 3, "rotation": 4}
TERMS = {
    "class": class_head(),
    "continuous-code": continuous_code(0, 2),
    "categorical-code": categorical_code(),
    "rotation": rotation_head(),
}
NORMAL = Stream(0, "heads").normal(range(6), 4, dtype=torch.float64)


def with_terms(*terms: Term) -> Game:
    return replace(GAMES["hinge"], terms=terms)


def headed() -> Players:
    heads = {name: built(nn.Linear, 6, width, seed=9) for name, width in HEADS.items()}
    return players(SHAPE, heads=heads)


def unlabelled_generator(pair: Players) -> Players:
    """The shared generator takes no labels: let it be asked and ignore them."""
    return replace(pair, generator=lambda latent, _labels=None: pair.generator(latent))


def labelled(n: int = 8) -> Batch:
    return batch(SHAPE, n=n, labels=torch.arange(n) % 3, fake_labels=(torch.arange(n) + 1) % 3)


def cross_entropy(rows: list[list[float]], targets: list[int]) -> float:
    each = [math.log(sum(map(math.exp, row))) - row[target] for row, target in zip(rows, targets, strict=True)]
    return sum(each) / len(each)


def test_class_loss_written_out_and_of_a_head_that_knows_nothing() -> None:
    labels = torch.tensor([0, 3, 1, 1, 2, 0])
    assert float(class_loss(NORMAL, labels)) == pytest.approx(cross_entropy(NORMAL.tolist(), labels.tolist()))
    assert float(class_loss(torch.zeros(6, 4), labels)) == pytest.approx(math.log(4))


def test_continuous_code_loss_written_out() -> None:
    code, total = NORMAL[:, :2].flip(0), 0.0
    for row, wanted in zip(NORMAL.tolist(), code.tolist(), strict=True):
        for k in range(2):
            variance = math.exp(row[2 + k])
            total += 0.5 * math.log(2 * math.pi * variance) + (wanted[k] - row[k]) ** 2 / (2 * variance)
    assert float(continuous_code_loss(NORMAL, code)) == pytest.approx(total / 6)


def test_a_code_that_is_not_read_costs_its_entropy() -> None:
    code = Stream(0, "code").normal(range(20_000), 1, dtype=torch.float64)
    entropy = 0.5 * math.log(2 * math.pi * math.e)
    assert float(continuous_code_loss(torch.zeros(20_000, 2), code)) == pytest.approx(entropy, rel=0.01)


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_code_losses_stay_finite(size: float) -> None:
    outputs = torch.full((2, 2), size, requires_grad=True)
    for value in (
        continuous_code_loss(outputs, torch.zeros(2, 1)),
        class_loss(outputs * torch.tensor([1.0, -1.0]), torch.tensor([0, 0])),
    ):
        (gradient,) = torch.autograd.grad(value, outputs)
        assert value.isfinite()
        assert gradient.isfinite().all()


@given(quarters=st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_each_picture_is_turned_by_its_own_quarters(quarters: list[int]) -> None:
    pictures = torch.arange(3 * 2 * 9).reshape(3, 2, 3, 3).float()
    turned = rotated(pictures, torch.tensor(quarters))
    for picture, found, times in zip(pictures, turned, quarters, strict=True):
        slow = picture.clone()
        for _ in range(times):  # a quarter to the left: entry (i, j) comes from (j, last - i)
            slow = torch.stack([torch.stack([slow[:, j, 2 - i] for j in range(3)], dim=1) for i in range(3)], dim=1)
        assert torch.equal(found, slow)


def test_only_square_pictures_turn() -> None:
    for wrong in (torch.zeros(2, 1, 3, 4), torch.zeros(2, 5)):
        with pytest.raises(UsageError, match="square pictures"):
            rotated(wrong, torch.zeros(2, dtype=torch.int64))


def test_feature_distance_written_out() -> None:
    real, fake = NORMAL, NORMAL.flip(1) * 2
    slow = sum((sum(real[:, k].tolist()) / 6 - sum(fake[:, k].tolist()) / 6) ** 2 for k in range(4))
    assert float(feature_distance(real, fake)) == pytest.approx(slow)
    assert float(feature_distance(real, real.flip(0))) == pytest.approx(0.0, abs=1e-30)


@pytest.mark.parametrize("name", TERMS)
def test_a_head_is_trained_in_the_critics_turn_and_asks_in_the_generators(name: str) -> None:
    original, given = headed(), labelled()
    game, pair = with_terms(TERMS[name]), unlabelled_generator(original)
    head, body = list(pair.heads[name].parameters()), list(pair.critic.body.parameters())  # type: ignore[attr-defined]
    makers = list(original.generator.parameters())  # type: ignore[attr-defined]
    critic = game.critic_terms(pair, given).parts[name]
    generator = game.generator_terms(pair, given).parts[name]
    assert all(gradient.any() for gradient in torch.autograd.grad(critic, head + body, retain_graph=True))
    assert torch.autograd.grad(critic, makers, allow_unused=True) == (None,) * len(makers)
    assert all(gradient.any() for gradient in torch.autograd.grad(generator, makers))


def test_class_term_reads_real_and_fake_for_the_critic_fake_for_the_generator() -> None:
    pair, given = unlabelled_generator(headed()), labelled()

    def slow(samples: Tensor, labels: Tensor | None) -> float:
        assert labels is not None
        rows = pair.heads["class"](pair.critic.features(samples))  # type: ignore[attr-defined]
        return cross_entropy(rows.tolist(), labels.tolist())

    assert given.real is not None
    fake = slow(pair.generate(given.latent, None), given.fake_labels)
    game = with_terms(class_head(2.0))
    critic, generator = game.critic_terms(pair, given), game.generator_terms(pair, given)
    assert critic.parts["class"].item() == pytest.approx(2 * (slow(given.real, given.labels) + fake))
    assert generator.parts["class"].item() == pytest.approx(2 * fake)


def test_code_terms_read_their_columns_of_the_latent() -> None:
    pair, given = headed(), batch(SHAPE)
    outputs = pair.heads["continuous-code"](pair.critic.features(pair.generate(given.latent, None)))  # type: ignore[attr-defined]
    wanted = 0.1 * continuous_code_loss(outputs, given.latent[:, 1:3])
    for terms in (with_terms(continuous_code(1, 3)).critic_terms, with_terms(continuous_code(1, 3)).generator_terms):
        assert terms(pair, given).parts["continuous-code"].item() == pytest.approx(wanted.item())


def test_a_categorical_code_reads_the_generators_label_off_the_fakes_and_off_nothing_else() -> None:
    pair, given = unlabelled_generator(headed()), labelled()
    assert given.fake_labels is not None
    outputs = pair.heads["categorical-code"](pair.critic.features(pair.generate(given.latent, None)))  # type: ignore[attr-defined]
    wanted = cross_entropy(outputs.tolist(), given.fake_labels.tolist())
    game = with_terms(categorical_code(0.5))
    for terms in (game.critic_terms, game.generator_terms):
        assert terms(pair, given).parts["categorical-code"].item() == pytest.approx(0.5 * wanted)
    with pytest.raises(UsageError, match="asked of no labels"):
        game.critic_terms(headed(), batch(SHAPE))
    with pytest.raises(UsageError, match="labels that the critic is given"):
        game.critic_terms(replace(pair, labelled_critic=True), given)


def test_rotations_are_drawn_by_address() -> None:
    pair, given, game = headed(), batch(SHAPE), with_terms(rotation_head())
    first, again = (game.critic_terms(pair, given).parts["rotation"] for _ in range(2))
    elsewhere = game.critic_terms(pair, replace(given, indices=range(100, 108))).parts["rotation"]
    assert first == again
    assert first != elsewhere


def test_feature_matching_moves_the_generator_towards_the_real_features() -> None:
    pair, given = headed(), batch(SHAPE)
    game = with_terms(feature_matching(0.5))
    features = pair.critic.features  # type: ignore[attr-defined]
    wanted = 0.5 * feature_distance(features(given.real), features(pair.generate(given.latent, None)))
    assert game.generator_terms(pair, given).parts["feature-matching"].item() == pytest.approx(wanted.item())
    assert "feature-matching" not in game.critic_terms(pair, given).parts
    assert game.coupled == ("feature-matching",)
    assert game.needs_real


@pytest.mark.parametrize("name", TERMS)
def test_a_missing_head_is_said_in_the_first_turn(name: str) -> None:
    pair = replace(unlabelled_generator(headed()), heads={name[:-1]: nn.Identity()})
    with pytest.raises(UsageError, match=f"no head called '{name}'\ndid you mean"):
        with_terms(TERMS[name]).critic_terms(pair, labelled())


@pytest.mark.parametrize("term", [*TERMS.values(), feature_matching()], ids=lambda term: term.name)
def test_a_critic_without_features_is_said_in_the_first_turn(term: Term) -> None:
    pair = replace(unlabelled_generator(headed()), critic=lambda x: x.flatten(1).sum(dim=1))
    with pytest.raises(UsageError, match=r"offers none\ngive the critic a method features"):
        with_terms(term).critic_terms(pair, labelled())


def test_features_that_are_maps_are_refused() -> None:
    class Maps(nn.Module):
        def features(self, samples: Tensor) -> Tensor:
            return samples

        def forward(self, samples: Tensor) -> Tensor:
            return samples.flatten(1).sum(dim=1)

    pair = replace(headed(), critic=Maps())
    with pytest.raises(UsageError, match=r"features have shape \(8, 1, 4, 4\)"):
        with_terms(feature_matching()).generator_terms(pair, batch(SHAPE))


@pytest.mark.parametrize("name", TERMS)
def test_a_head_of_the_wrong_width_is_refused(name: str) -> None:
    pair = replace(
        unlabelled_generator(headed()), heads={name: built(lambda: nn.Sequential(nn.Linear(6, 7), nn.Flatten(0)))}
    )
    with pytest.raises(UsageError, match="a head put out shape"):
        with_terms(TERMS[name]).critic_terms(pair, labelled())


def test_missing_labels_and_columns_are_said() -> None:
    with pytest.raises(UsageError, match="reads classes"):
        with_terms(class_head()).critic_terms(headed(), batch(SHAPE))
    for first, last in ((2, 2), (3, 5), (-1, 2)):
        with pytest.raises(UsageError, match=f"columns {first} to {last}"):
            with_terms(continuous_code(first, last)).critic_terms(headed(), batch(SHAPE))
