"""The two turns: what is detached, what is fresh, what is left alone, what is refused, and how a batch splits."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest
import torch
from oracles_games import LabelledCritic, LabelledGenerator, batch, built, part, players
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.games.game import Game
from ganatomy.games.latent_terms import hessian_penalty, path_length
from ganatomy.games.losses import LOSSES
from ganatomy.games.named import GAMES, game_named
from ganatomy.games.penalties import consistency, gradient_penalty, r1, r2, zero_centred
from ganatomy.games.players import Players
from ganatomy.games.presentation import FadingNoise, Presentation
from ganatomy.games.terms import Term
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Score

EVERY_NAME = pytest.mark.parametrize("game", GAMES.values(), ids=list(GAMES))


def shift(samples: Tensor, stream: Stream, indices: Any) -> Tensor:
    return samples + stream.normal(indices, *samples.shape[1:], dtype=samples.dtype).to(samples)


ALL_PENALTIES = (r1(), r2(), zero_centred(), gradient_penalty(), consistency(shift, fakes=True))
LOADED = Game(
    "loaded",
    "Everything at once.",
    LOSSES["relativistic"],
    terms=(*ALL_PENALTIES, hessian_penalty(), path_length(target=1.0)),
    presentation=Presentation(FadingNoise(0.3, until=100), packing=2, deviation_group=2),
)
SPLITTING = [*GAMES.values(), LOADED]


def loaded() -> Players:
    """Points in the plane, packed by two with one number more: the critic reads five."""
    return replace(players(), critic=built(lambda: nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 1))))


@pytest.mark.parametrize("game", SPLITTING, ids=lambda game: game.name)
def test_terms_sum_to_the_total_and_repeat(game: Game) -> None:
    pair = loaded() if game is LOADED else players()
    for turn in (game.critic_terms, game.generator_terms):
        first, again = turn(pair, batch()), turn(pair, batch())
        assert next(iter(first.parts)) == "adversarial"
        assert first.total.item() == pytest.approx(sum(value.item() for value in first.parts.values()), rel=1e-12)
        assert first.total == again.total


@EVERY_NAME
def test_the_critics_turn_gives_the_generator_nothing_and_the_generators_turn_gives_it_all(game: Game) -> None:
    pair = players()
    makers = list(pair.generator.parameters())  # type: ignore[attr-defined]
    total = game.critic_terms(pair, batch()).total
    assert torch.autograd.grad(total, makers, allow_unused=True) == (None,) * len(makers)
    assert all(gradient.any() for gradient in torch.autograd.grad(game.generator_terms(pair, batch()).total, makers))


@pytest.mark.parametrize("name", ["non-saturating", "ns-r1-r2", "wasserstein-gp", "r3"])
def test_on_request_the_fakes_stay_attached_and_the_value_is_the_same(name: str) -> None:
    pair, game = players(), GAMES[name]
    makers = list(pair.generator.parameters())  # type: ignore[attr-defined]
    attached = game.critic_terms(pair, batch(), detach=False).total
    assert attached == game.critic_terms(pair, batch()).total
    assert all(gradient.any() for gradient in torch.autograd.grad(attached, makers))


def test_attached_fakes_move_the_place_where_a_penalty_looks() -> None:
    """Critic x^2 / 2: the slope at a fake is the fake, so R2 is gamma/2 E|G|^2 and its gradient that of G."""
    pair = replace(players(), critic=lambda x: x.square().sum(dim=1) / 2)
    makers = list(pair.generator.parameters())  # type: ignore[attr-defined]
    found = GAMES["r3"].critic_terms(pair, batch(), detach=False).parts["r2"]
    wanted = pair.generator(batch().latent).square().sum(dim=1).mean() / 2
    for slope, known in zip(torch.autograd.grad(found, makers), torch.autograd.grad(wanted, makers), strict=True):
        assert torch.allclose(slope, known)


@EVERY_NAME
def test_the_generators_turn_makes_fresh_fakes(game: Game) -> None:
    made: list[Tensor] = []
    pair = players()

    def counting(latent: Tensor) -> Tensor:
        made.append(pair.generator(latent))
        return made[-1]

    watched = replace(pair, generator=counting)
    game.critic_terms(watched, batch())
    assert len(made) == 1
    assert not made[0].requires_grad
    with torch.no_grad():
        for parameter in pair.generator.parameters():  # type: ignore[attr-defined]
            parameter.mul_(1.5)
    scores = game.generator_terms(watched, batch()).scores["fake"]
    assert len(made) == 2
    assert torch.equal(scores, pair.critic(made[1])[:, 0].detach())
    assert not torch.equal(made[0], made[1])


@EVERY_NAME
def test_the_callers_tensors_and_gradients_are_left_alone(game: Game) -> None:
    pair, given = players(), batch()
    assert given.real is not None
    copies = given.real.clone(), given.latent.clone()
    versions = given.real._version, given.latent._version
    game.critic_terms(pair, given)
    game.generator_terms(pair, given)
    for tensor, copy, version in zip((given.real, given.latent), copies, versions, strict=True):
        assert torch.equal(tensor, copy)
        assert (tensor.requires_grad, tensor.grad, tensor._version) == (False, None, version)
    for network in (pair.generator, pair.critic):
        assert all(parameter.grad is None for parameter in network.parameters())  # type: ignore[attr-defined]


@EVERY_NAME
def test_no_gradient_reaches_the_data_even_where_the_caller_tracks_it(game: Game) -> None:
    given = batch()
    assert given.real is not None
    tracked = replace(given, real=given.real.requires_grad_())
    game.critic_terms(players(), tracked).total.backward()
    game.generator_terms(players(), tracked).total.backward()
    assert given.real.grad is None


@pytest.mark.parametrize("game", SPLITTING, ids=lambda game: game.name)
def test_shards_average_to_the_whole_batch(game: Game) -> None:
    """Values and gradients, at the addresses of the whole: noise, mixes, packs and groups included."""
    pair = loaded() if game is LOADED else players()
    whole = batch(seen=30)
    assert game.coupled == ()
    assert len(whole.indices) % (2 * game.block) == 0
    shards = [part(whole, slice(0, 4)), part(whole, slice(4, 8))]
    for turn in (game.critic_terms, game.generator_terms):
        wanted, (one, two) = turn(pair, whole), [turn(pair, shard) for shard in shards]
        for name, value in wanted.parts.items():
            assert (one.parts[name] + two.parts[name]).item() / 2 == pytest.approx(value.item(), rel=1e-9, abs=1e-12)
        weights = [w for w in pair.critic.parameters() if w.requires_grad]  # type: ignore[attr-defined]
        whole_slope = torch.autograd.grad(wanted.total, weights)
        shard_slope = torch.autograd.grad((one.total + two.total) / 2, weights)
        assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(whole_slope, shard_slope, strict=True))


def test_what_couples_the_batch_says_so() -> None:
    coupled = replace(GAMES["hinge"], terms=(path_length(),))
    whole = batch()
    shards = [coupled.generator_terms(players(), part(whole, rows)) for rows in (slice(0, 4), slice(4, 8))]
    split = sum(shard.parts["path-length"].item() for shard in shards) / 2
    assert coupled.coupled == ("path-length",)
    assert split != pytest.approx(coupled.generator_terms(players(), whole).parts["path-length"].item(), rel=1e-3)


def test_a_lazy_term_is_due_every_so_often_and_counts_so_many_fold() -> None:
    lazy, eager = GAMES["ns-r1"].tuned("r1", every=4), GAMES["ns-r1"]
    always = eager.critic_terms(players(), batch()).parts["r1"].item()
    found = [lazy.critic_terms(players(), batch(step=step)).parts.get("r1") for step in range(9)]
    assert [step for step, value in enumerate(found) if value is not None] == [0, 4, 8]
    assert all(value.item() == pytest.approx(4 * always) for value in found if value is not None)


def test_tuning_changes_one_term_of_a_copy() -> None:
    game = GAMES["r3"].tuned("r2", strength=0.5)
    assert [(term.name, term.strength, term.every) for term in game.terms] == [("r1", 1.0, 1), ("r2", 0.5, 1)]
    assert GAMES["r3"].terms[1].strength == 1.0
    assert GAMES["r3"].tuned("r1").terms == GAMES["r3"].terms
    with pytest.raises(UsageError, match=r"no term of the game 'r3' called 'r3'\nlegal are: r1, r2"):
        GAMES["r3"].tuned("r3", strength=1.0)


def test_scores_are_handed_out_turned_and_detached() -> None:
    pair, given = players(), batch()
    assert given.real is not None
    against = replace(pair, critic=lambda x: -pair.critic(x), score=Score("unbounded", high="fake"))
    for game in (GAMES["hinge"], GAMES["ns-r1"], GAMES["wasserstein-gp"]):
        straight, turned = game.critic_terms(pair, given), game.critic_terms(against, given)
        assert torch.equal(straight.scores["real"], pair.critic(given.real)[:, 0].detach())
        assert not any(scores.requires_grad for scores in straight.scores.values())
        assert torch.equal(straight.scores["fake"], turned.scores["fake"])
        assert straight.total == turned.total
        assert set(game.generator_terms(pair, given).scores) == {"fake"}
    assert set(GAMES["r3"].generator_terms(pair, given).scores) == {"fake", "real"}


def test_labels_go_to_the_players_that_take_them() -> None:
    pair = Players(built(LabelledGenerator), built(LabelledCritic, 2), labelled_critic=True)
    given = batch(labels=torch.arange(8) % 3, fake_labels=torch.zeros(8, dtype=torch.int64))
    game = GAMES["r3"]
    found = game.critic_terms(pair, given).scores
    fakes = pair.generator(given.latent, given.fake_labels)
    assert torch.equal(found["real"], pair.critic(given.real, given.labels)[:, 0].detach())
    assert torch.equal(found["fake"], pair.critic(fakes, given.fake_labels)[:, 0].detach())
    permuted = replace(given, labels=given.labels.flip(0))  # type: ignore[union-attr]
    assert not torch.equal(game.critic_terms(pair, permuted).scores["real"], found["real"])
    assert game.generator_terms(pair, given).total.isfinite()
    with pytest.raises(UsageError, match="the critic takes labels"):
        game.critic_terms(pair, replace(given, labels=None))
    packed = replace(game, presentation=Presentation(packing=2))
    with pytest.raises(UsageError, match="takes labels was to judge packs"):
        packed.critic_terms(pair, given)


def test_noise_fades_from_what_the_critic_sees() -> None:
    game = replace(GAMES["hinge"], presentation=Presentation(FadingNoise(1.0, until=100)))
    pair, clean = players(), GAMES["hinge"].critic_terms(players(), batch()).scores
    early, late = game.critic_terms(pair, batch(seen=0)).scores, game.critic_terms(pair, batch(seen=100)).scores
    for side in ("real", "fake"):
        assert torch.equal(late[side], clean[side])
        assert not torch.allclose(early[side], clean[side])
    assert not torch.equal(early["fake"], game.generator_terms(pair, batch(seen=0)).scores["fake"])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_float32_players_under_autocast_give_finite_float32_terms(dtype: torch.dtype) -> None:
    pair = players()
    pair = replace(pair, generator=pair.generator.float(), critic=pair.critic.float())  # type: ignore[attr-defined]
    given = batch()
    assert given.real is not None
    given = replace(given, real=given.real.float(), latent=given.latent.float())
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        for turn in (GAMES["r3"].critic_terms, GAMES["r3"].generator_terms):
            total = turn(pair, given).total
            assert total.dtype == torch.float32
            assert total.isfinite()


@pytest.mark.parametrize("name", ["hinge", "least-squares", "wasserstein-gp", "r3"])
def test_a_probability_is_refused_where_the_score_is_unbounded(name: str) -> None:
    pair = players()
    for declared, said in ((Score("probability"), "needs a score without bounds"), (Score(), "ends in a probability")):
        sure = replace(pair, critic=lambda x: torch.sigmoid(pair.critic(x)), score=declared)
        with pytest.raises(UsageError, match=said):
            GAMES[name].critic_terms(sure, batch())


@pytest.mark.parametrize("name", ["minimax", "ns-r1"])
def test_a_probability_is_converted_where_it_is_declared_and_else_refused(name: str) -> None:
    pair = players()
    sure = replace(pair, critic=lambda x: torch.sigmoid(pair.critic(x)))
    with pytest.raises(UsageError, match="was declared a logit score"):
        GAMES[name].critic_terms(sure, batch())
    with pytest.raises(UsageError, match="was declared a logit score"):
        GAMES[name].generator_terms(sure, batch())


@pytest.mark.parametrize("shape", [(8, 2), (4, 1), (8, 1, 2, 2)])
def test_more_than_one_score_a_sample_is_refused(shape: tuple[int, ...]) -> None:
    patches = replace(players(), critic=lambda x: torch.zeros(shape))
    with pytest.raises(UsageError, match="one number per"):
        GAMES["hinge"].critic_terms(patches, batch())


def test_batches_that_do_not_fit_are_refused() -> None:
    given = batch()
    assert given.real is not None
    with pytest.raises(UsageError, match="8 real, 7 latent and 8 indices"):
        replace(given, latent=given.latent[1:])
    with pytest.raises(UsageError, match="0 real, 0 latent and 0 indices"):
        part(given, slice(0, 0))
    with pytest.raises(UsageError, match=r"real has type torch\.uint8"):
        replace(given, real=given.real.to(torch.uint8))
    with pytest.raises(UsageError, match="no real samples"):
        GAMES["hinge"].critic_terms(players(), replace(given, real=None))
    with pytest.raises(UsageError, match="no real samples"):
        GAMES["r3"].generator_terms(players(), replace(given, real=None))
    with pytest.raises(UsageError, match=r"gave samples \(8, 2\); the real ones are \(8, 3\)"):
        GAMES["hinge"].critic_terms(players(), replace(given, real=torch.zeros(8, 3)))
    with pytest.raises(UsageError, match="multiple of 3"):
        replace(GAMES["hinge"], presentation=Presentation(packing=3)).critic_terms(players(), given)


def test_a_generators_turn_without_reals_is_the_same_where_they_are_not_read() -> None:
    given = batch()
    bare = replace(given, real=None)
    for game in GAMES.values():
        if not game.needs_real:
            assert game.generator_terms(players(), bare).total == game.generator_terms(players(), given).total


def test_games_that_cannot_be_are_refused() -> None:
    alone = Term("alone", "Reads one.", per_sample=True)
    with pytest.raises(UsageError, match="term 'r1' twice"):
        replace(GAMES["ns-r1"], terms=(r1(), r1()))
    with pytest.raises(UsageError, match="'adversarial' twice"):
        replace(GAMES["hinge"], terms=(Term("adversarial", "No."),))
    with pytest.raises(UsageError, match="'alone' reads single samples and the game packs 2"):
        replace(GAMES["hinge"], terms=(alone,), presentation=Presentation(packing=2))


def test_a_callers_own_term_is_a_value() -> None:
    quiet = Term("quiet", "Small samples.", 0.5, generator=lambda turn: turn.noisy_fake.square().mean())
    pair, given = players(), batch()
    found = replace(GAMES["hinge"], terms=(quiet,)).generator_terms(pair, given).parts["quiet"]
    assert found.item() == pytest.approx(0.5 * pair.generator(given.latent).square().mean().item())


@EVERY_NAME
def test_named_games_say_who_they_are_and_travel(game: Game) -> None:
    assert game_named(game.name) is game
    assert game.sentence.endswith(".")
    assert game.sentence.count(".") == 1
    assert game.score.high == "real"
    assert game.equilibrium == game.loss.equilibrium
    there_and_back = pickle.loads(pickle.dumps(game))
    assert there_and_back.critic_terms(players(), batch()).total == game.critic_terms(players(), batch()).total


@pytest.mark.parametrize(
    ("wrong", "near"), [("hing", "'hinge'"), ("nonsaturating", "'non-saturating'"), ("ns_r1", "'ns-r1'")]
)
def test_a_typo_names_the_nearest_game(wrong: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"no game called '{wrong}'\n.*{near}"):
        game_named(wrong)


@EVERY_NAME
def test_a_critic_that_cannot_tell_gives_the_equilibrium(game: Game) -> None:
    undecided = replace(players(), critic=lambda x: 0.0 * x.sum(dim=1) + game.loss.undecided)
    critic, generator = game.critic_terms(undecided, batch()), game.generator_terms(undecided, batch())
    found = critic.parts["adversarial"].item(), generator.parts["adversarial"].item()
    assert found == pytest.approx(game.equilibrium)


@pytest.mark.parametrize("name", GAMES)
def test_networks_that_work_in_place_do_not_reach_the_callers_tensors(name: str) -> None:
    class InPlace(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(x.mul_(0.5))

    pair, given = players(), batch()
    assert isinstance(pair.generator, nn.Module)
    assert isinstance(pair.critic, nn.Module)
    pair = replace(pair, generator=InPlace(pair.generator), critic=InPlace(pair.critic))
    assert given.real is not None
    real, latent = given.real.clone(), given.latent.clone()
    GAMES[name].critic_terms(pair, given).total.backward()
    GAMES[name].generator_terms(pair, given).total.backward()
    assert torch.equal(given.real, real)
    assert torch.equal(given.latent, latent)
