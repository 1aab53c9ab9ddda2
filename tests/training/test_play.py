"""Play: the same call plays the same game, each player learns alone, and the caller stays in charge."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from ganatomy.data.catalogue import load
from ganatomy.data.order import batch_indices
from ganatomy.errors import DivergedError, UsageError
from ganatomy.games.named import GAMES, game_named
from ganatomy.games.players import Players
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.training.average import Average
from ganatomy.training.play import Pace, Step, play

DIGITS, LATENT = load("digits"), Normal(8)


def players(latent=LATENT, data=DIGITS, seed: int = 0) -> Players:
    config = MLP(data.format, latent, hidden=(16, 16), critic_hidden=(16,), norm="batch")
    return Players(config.generator(seed), config.critic(seed), labelled_critic=latent.classes > 0)


def rounds(n: int, *, game: str = "ns-r1", pace: Pace | None = None, latent=LATENT, data=DIGITS) -> list[Step]:
    steps = play(game_named(game), players(latent, data), data, latent, pace=pace or Pace(batch=16))
    return list(itertools.islice(steps, n))


def weights(network: object) -> list[torch.Tensor]:
    assert isinstance(network, nn.Module)
    return list(network.state_dict().values())


@pytest.mark.parametrize("game", list(GAMES))
def test_every_named_game_can_be_played_and_moves_both_players(game: str) -> None:
    last = rounds(3, game=game)[-1]
    start = players()
    for trained, untrained in ((last.players.generator, start.generator), (last.players.critic, start.critic)):
        assert all(bool(w.isfinite().all()) for w in weights(trained))
        assert any(not torch.equal(a, b) for a, b in zip(weights(trained), weights(untrained), strict=True))
    assert (last.count, last.seen) == (3, 48)
    assert "adversarial" in last.critic
    assert "adversarial" in last.generator


def test_the_same_call_plays_the_same_game_and_another_seed_another() -> None:
    one, again, other = (rounds(5, pace=Pace(batch=16, seed=seed))[-1] for seed in (3, 3, 4))
    assert all(
        torch.equal(a, b) for a, b in zip(weights(one.players.critic), weights(again.players.critic), strict=True)
    )
    assert all(torch.equal(a, b) for a, b in zip(weights(one.average), weights(again.average), strict=True))
    assert one.critic == again.critic
    assert one.critic != other.critic


def test_what_the_caller_draws_between_rounds_changes_nothing() -> None:
    calm = rounds(4)[-1]
    steps = play(game_named("ns-r1"), players(), DIGITS, LATENT, pace=Pace(batch=16))
    with torch.random.fork_rng():
        for step in steps:
            torch.randn(7)
            if step.count == 4:
                break
    assert step.critic == calm.critic


def test_a_turn_leaves_no_gradient_and_no_flag_on_either_player() -> None:
    last = rounds(2)[-1]
    for network in (last.players.generator, last.players.critic):
        assert isinstance(network, nn.Module)
        assert all(weight.grad is None and weight.requires_grad for weight in network.parameters())


def test_a_turn_moves_its_own_player_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from ganatomy.training import play as module

    seen = []
    descend = module._descend

    def watched(optimizer, terms, count):
        before = (
            [w.detach().clone() for w in duo.generator.parameters()],
            [w.detach().clone() for w in duo.critic.parameters()],
        )
        descend(optimizer, terms, count)
        after = list(duo.generator.parameters()), list(duo.critic.parameters())
        seen.append(
            tuple(
                any(not torch.equal(a, b) for a, b in zip(x, y, strict=True))
                for x, y in zip(before, after, strict=True)
            )
        )

    monkeypatch.setattr(module, "_descend", watched)
    duo = players()
    next(play(game_named("r3"), duo, DIGITS, LATENT, pace=Pace(batch=16)))
    assert seen == [(False, True), (True, False)]


def test_each_picture_comes_once_an_epoch_and_the_players_read_different_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ganatomy.training import play as module

    drawn: dict[str, list[int]] = {"critic": [], "generator": []}

    def watched(stream, step, *, batch, size):
        places = batch_indices(stream, step, batch=batch, size=size)
        drawn[stream.name.split("/")[1]] += places
        return places

    monkeypatch.setattr(module, "batch_indices", watched)
    rounds(DIGITS.size // 32 + 1, game="relativistic", pace=Pace(batch=32))
    for places in drawn.values():
        assert len(set(places[: DIGITS.size])) == DIGITS.size
    assert drawn["critic"] != drawn["generator"]


def test_a_critic_of_several_turns_reads_on_and_the_generator_moves_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from ganatomy.training import play as module

    turns = []

    def watched(stream, step, *, batch, size):
        turns.append((stream.name.split("/")[1], step))
        return batch_indices(stream, step, batch=batch, size=size)

    monkeypatch.setattr(module, "batch_indices", watched)
    last = rounds(2, game="wasserstein-gp", pace=Pace(batch=16, critic_turns=3))[-1]
    one, two = [("critic", k) for k in (0, 1, 2)], [("critic", k) for k in (3, 4, 5)]
    assert turns == [*one, ("generator", 0), *two, ("generator", 1)]
    assert (last.count, last.seen) == (2, 96)


def test_a_conditional_game_gives_labels_to_both() -> None:
    last = rounds(3, latent=Normal(8, classes=10))[-1]
    assert isinstance(last.players.generator, nn.Module)
    assert last.players.generator(torch.zeros(2, 8), torch.tensor([1, 2])).shape == (2, 1, 8, 8)


def test_a_critic_of_nan_is_refused_before_the_first_round() -> None:
    duo = players()
    assert isinstance(duo.critic, nn.Module)
    with torch.no_grad():
        next(duo.critic.parameters()).fill_(float("nan"))
    before = weights(duo.generator)[0].clone()
    with pytest.raises(UsageError, match="scores hold NaN"):
        next(play(game_named("hinge"), duo, DIGITS, LATENT, pace=Pace(batch=16)))
    assert torch.equal(weights(duo.generator)[0], before)


def test_a_term_that_stops_being_finite_ends_the_game_before_the_step() -> None:
    duo = players()
    steps = play(game_named("hinge"), duo, DIGITS, LATENT, pace=Pace(batch=16))
    next(steps)
    assert isinstance(duo.critic, nn.Module)
    with torch.no_grad():
        next(duo.critic.parameters()).fill_(float("nan"))
    before = weights(duo.generator)[0].clone()
    with pytest.raises(DivergedError, match="'adversarial' of round 1 is nan"):
        next(steps)
    assert torch.equal(weights(duo.generator)[0], before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": DIGITS.in_format(Format.picture(1, 8, low=0.0, high=1.0))}, "samples lie in"),
        ({"data": load("shapes")}, r"have shape \(1, 8, 8\) a sample, wanted was picture 3 x 32 x 32"),
        ({"latent": Normal(9)}, r"latents of shape \(8, 9\)"),
        ({"latent": Normal(8, classes=5)}, "5 classes was given with data of 10"),
        ({"players": Players(players().generator, torch.nn.Flatten())}, r"the critic gives \(2, 64\) for 2 samples"),
        ({"players": Players(players().critic, players().generator)}, "the generator does not take"),
    ],
)
def test_what_does_not_fit_is_an_error_before_the_first_round(change: dict, message: str) -> None:
    given = {"players": players(), "data": DIGITS, "latent": LATENT, **change}
    with pytest.raises(UsageError, match=message):
        next(play(game_named("ns-r1"), given["players"], given["data"], given["latent"], pace=Pace()))


def test_a_name_in_place_of_a_game_is_refused() -> None:
    with pytest.raises(UsageError, match="the game is a str\ngive a Game"):
        next(play("hinge", players(), DIGITS, LATENT, pace=Pace()))  # type: ignore[arg-type]


def test_a_sigmoid_generator_does_not_meet_data_for_a_tanh() -> None:
    config = MLP(Format.picture(1, 8, low=0.0, high=1.0), LATENT, hidden=(16,), critic_hidden=(16,))
    with pytest.raises(UsageError, match=r"low=0\.0, high=1\.0"):
        next(play(game_named("hinge"), Players(config.generator(0), config.critic(0)), DIGITS, LATENT, pace=Pace()))


@pytest.mark.parametrize("pace", ["batch", "rate", "critic_speed", "critic_turns", "half_life"])
def test_a_pace_of_nothing_is_refused(pace: str) -> None:
    with pytest.raises(UsageError, match=f"{pace} = 0"):
        Pace(**{pace: 0})


def test_a_function_cannot_be_trained() -> None:
    with pytest.raises(UsageError, match="function cannot be trained"):
        next(play(game_named("hinge"), Players(lambda z: z, lambda x: x), DIGITS, LATENT, pace=Pace()))


def test_the_average_against_its_formula_and_buffers_are_copied() -> None:
    with Stream(0, "test/average").module_rng(0):
        network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    average = Average(network, half_life=100.0)
    expected, seen = network[0].weight.detach().clone().double(), 0
    for turn in range(1, 6):
        with torch.no_grad():
            network[0].weight.add_(turn)
            network[1].running_mean.fill_(turn)
        average.follow(network, images=50)
        seen += 50
        kept = 0.5 ** (50 / min(100.0, 0.05 * seen))
        expected = kept * expected + (1 - kept) * network[0].weight.detach().double()
        assert torch.allclose(average.network[0].weight.double(), expected, atol=1e-5)  # type: ignore[index,union-attr]
        assert torch.equal(average.network[1].running_mean, network[1].running_mean)  # type: ignore[index,union-attr]
    assert not average.network.training


@pytest.mark.thorough
def test_a_small_game_finds_the_modes_of_the_ring() -> None:
    """Games, models, data and play together: most samples of a one-minute game lie near the ring's eight modes."""
    from ganatomy.numerics.distances import count_modes

    data, latent = load("ring8"), Normal(2)
    config = MLP(data.format, latent, hidden=(64, 64), critic_hidden=(64, 64), dropout=0.0)
    duo = Players(config.generator(1), config.critic(1))
    game = game_named("ns-r1-r2").tuned("r1", strength=0.1).tuned("r2", strength=0.1)
    steps = play(game, duo, data, latent, pace=Pace(batch=128, rate=2e-3, betas=(0.0, 0.99), seed=1))
    last = next(itertools.islice(steps, 1500, None))
    with torch.no_grad():
        samples = last.average(latent.sample(0, range(2000)))
    start = config.generator(1)(latent.sample(0, range(2000))).detach()
    wide = 0.05  # the modes' own 0.01 takes longer than a test may
    assert count_modes(start, data.truth.centres, wide).high_quality < 0.05  # type: ignore[union-attr]
    found = count_modes(samples, data.truth.centres, wide)  # type: ignore[union-attr]
    assert found.loose == 8
    assert found.high_quality > 0.6
