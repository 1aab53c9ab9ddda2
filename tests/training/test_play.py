"""Play: the same call plays the same game, each player learns alone, and the caller stays in charge."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from oracles_training import (
    CASES,
    Case,
    advance,
    assert_same,
    both,
    sgd,
    started,
    with_terms,
)
from torch import Tensor, nn

from ganatomy.data.catalogue import load
from ganatomy.errors import DivergedError, UsageError
from ganatomy.games.named import GAMES, game_named
from ganatomy.games.penalties import r1
from ganatomy.games.players import Players
from ganatomy.games.terms import Term, Turn
from ganatomy.games.weights import WeightClip
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.schedule import Schedule
from ganatomy.results.formats import Format
from ganatomy.training.descent import Descent
from ganatomy.training.pace import Optimiser, Pace, Role
from ganatomy.training.play import PATIENCE, Play, play
from ganatomy.training.step import Step
from ganatomy.training.supply import Supply

DIGITS, LATENT, CLIP = load("digits"), Normal(8), WeightClip(0.02)


def players(latent=LATENT, data=DIGITS, seed: int = 0) -> Players:
    config = MLP(data.format, latent, hidden=(16, 16), critic_hidden=(16,), norm="batch")
    return Players(config.generator(seed), config.critic(seed), labelled_critic=latent.classes > 0)


def rounds(n: int, *, game: str = "ns-r1", pace: Pace | None = None, latent=LATENT, data=DIGITS) -> list[Step]:
    steps = play(game_named(game), players(latent, data), data, latent, pace=pace or Pace(batch=16))
    return list(itertools.islice(steps, n))


def parameters(duo: Players, role: str) -> list[nn.Parameter]:
    network = getattr(duo, role)
    assert isinstance(network, nn.Module)
    return list(network.parameters())


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
    moved = []
    duo = players()

    def watched(self, gradients, seen):
        before = [[w.detach().clone() for w in network.parameters()] for network in (duo.generator, duo.critic)]
        norm = step(self, gradients, seen)
        after = [list(network.parameters()) for network in (duo.generator, duo.critic)]
        pairs = zip(before, after, strict=True)
        moved.append(tuple(any(not torch.equal(a, b) for a, b in zip(x, y, strict=True)) for x, y in pairs))
        return norm

    step = Descent.step
    monkeypatch.setattr(Descent, "step", watched)
    next(play(game_named("r3"), duo, DIGITS, LATENT, pace=Pace(batch=16)))
    assert moved == [(False, True), (True, False)]


@pytest.mark.parametrize("role", ["critic", "generator"])
@pytest.mark.parametrize("extragradient", [False, True])
def test_a_player_that_is_not_trained_keeps_its_weights_bit_for_bit(role: Role, extragradient: bool) -> None:
    duo, start = players(), players()
    pace = Pace(batch=16, trains=(role,), extragradient=extragradient)
    last = advance(Play(GAMES["wasserstein-clip"], duo, DIGITS, LATENT, pace=pace), 3)
    still, moved = ("generator", "critic") if role == "critic" else ("critic", "generator")
    same = [torch.equal(*pair) for pair in zip(parameters(duo, still), parameters(start, still), strict=True)]
    assert all(same)
    assert not any(torch.equal(*pair) for pair in zip(parameters(duo, moved), parameters(start, moved), strict=True))
    assert set(next(last).norms) == {"critic", "generator"}


def test_the_turns_of_a_round_in_their_order_and_the_images_that_schedules_go_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = []

    def watched(self, turn, seen):
        turns.append((self.stream.name.split("/")[1], turn, seen))
        return call(self, turn, seen)

    call = Supply.__call__
    monkeypatch.setattr(Supply, "__call__", watched)
    last = rounds(2, game="wasserstein-gp", pace=Pace(batch=16, critic_turns=3, generator_turns=2))[-1]
    one = [("critic", 0, 0), ("critic", 1, 16), ("critic", 2, 32), ("generator", 0, 0), ("generator", 1, 0)]
    two = [("critic", 3, 48), ("critic", 4, 64), ("critic", 5, 80), ("generator", 2, 48), ("generator", 3, 48)]
    assert turns == one + two
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


def trap(bad: Callable[[int], bool]) -> Case:
    """NaN for one weight of the critic in the turns that are bad."""

    def value(turn: Turn) -> Tensor:
        assert isinstance(turn.players.critic, nn.Module)
        head = turn.players.critic.get_parameter("head.bias").sum()
        return head * (math.nan if bad(turn.batch.step) else 0.0)

    return Case(with_terms(r1(0.1), Term("trap", "NaN now and then.", critic=value)))


@pytest.mark.parametrize("extragradient", [False, True])
def test_a_step_with_nan_is_left_out_named_and_counted(extragradient: bool) -> None:
    how = both(Optimiser(rate=1e-2, clip=1.0), extragradient=extragradient)
    game = advance(started(trap(lambda step: step == 2), how), 2)
    before = game.snapshot()
    step = next(game)
    after = game.snapshot()
    assert step.skipped == {"critic": ("D.head.bias",)}
    assert math.isnan(float(step.critic["trap"]))
    assert not math.isfinite(float(step.norms["critic"]))
    critics = [name for name in before.weights if name.startswith("D.")]
    assert all(torch.equal(before.weights[name], after.weights[name]) for name in critics)
    kept = [name for name in before.moments if name.startswith("D.")]
    assert len(kept) == 3 * len(critics)
    assert all(torch.equal(before.moments[name], after.moments[name]) for name in kept)
    assert any(not torch.equal(before.weights[name], after.weights[name]) for name in before.weights if name[0] == "G")
    assert after.counters["skipped/critic"] == (2 if extragradient else 1)
    assert after.counters["skipped/generator"] == 0
    assert next(game).skipped == {}
    assert game.streaks == {"critic": 0, "generator": 0}


def test_a_skipped_step_does_not_clip_weights() -> None:
    case = replace(trap(lambda step: step == 0), game=replace(trap(lambda step: step == 0).game, clip=CLIP))
    game = started(case, both(sgd()))
    before = [weight.detach().clone() for weight in parameters(game.players, "critic")]
    next(game)
    assert all(torch.equal(*pair) for pair in zip(before, parameters(game.players, "critic"), strict=True))
    next(game)
    assert max(float(weight.detach().abs().max()) for weight in parameters(game.players, "critic")) <= CLIP.bound


def test_too_many_in_a_row_end_the_game_with_the_weights_of_before() -> None:
    game = advance(started(trap(lambda step: step >= 3), both(Optimiser(rate=1e-2))), 3)
    before = game.snapshot()
    advance(game, PATIENCE - 1)
    assert game.skips["critic"] == PATIENCE - 1
    with pytest.raises(
        DivergedError, match=rf"{PATIENCE} steps of the critic in a row .* at D.head.bias; .*trap"
    ) as caught:
        next(game)
    assert caught.value.exit_code == 5
    for name, value in game.snapshot().weights.items():
        assert not name.startswith("D.") or torch.equal(value, before.weights[name])


def test_a_good_step_between_bad_ones_gives_patience_anew() -> None:
    game = started(trap(lambda step: step % PATIENCE != PATIENCE - 1), both(sgd()))
    advance(game, 2 * PATIENCE)
    assert game.skips["critic"] == 2 * PATIENCE - 2
    assert game.count == 2 * PATIENCE


def test_rates_follow_their_schedules_by_images_seen() -> None:
    """To nothing at 36 images: three rounds of 12 move the critic, a fourth does not."""
    fading = both(sgd(Schedule(0.1, 0.0, until=36)), generator=sgd())
    game = advance(started(CASES["hinge"], fading), 3)
    before = game.snapshot().weights
    after = advance(game, 1).snapshot().weights
    still = {name for name in before if torch.equal(before[name], after[name])}
    assert {name for name in before if name.startswith("D.")} == still
    half = advance(started(CASES["hinge"], both(sgd(Schedule(0.1, 0.0, until=24)), generator=sgd())), 1).snapshot()
    again = advance(started(CASES["hinge"], both(sgd(0.1), generator=sgd())), 1).snapshot()
    assert all(torch.equal(half.weights[n], again.weights[n]) for n in half.weights if n.startswith("D."))


def test_the_step_tells_raw_scores_and_norms() -> None:
    step = next(started(CASES["ns-r1"], both(sgd())))
    assert {side: tuple(scores.shape) for side, scores in step.scores.items()} == {"real": (12,), "fake": (12,)}
    assert not any(scores.requires_grad for scores in step.scores.values())
    assert not any(value.requires_grad for value in (*step.critic.values(), *step.generator.values()))
    assert set(step.critic) == {"adversarial", "r1"}
    assert all(float(norm) > 0 for norm in step.norms.values())
    assert step.skipped == {}


def test_a_step_does_not_change_the_caller_s_data_or_hang_on_who_looks() -> None:
    """Snapshots on the way are free."""
    calm = advance(started(CASES["class"], both(Optimiser())), 6).snapshot()
    game = started(CASES["class"], both(Optimiser()))
    for _ in range(6):
        next(game)
        game.snapshot()
    assert_same(game.snapshot(), calm)


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


def test_a_function_cannot_be_trained() -> None:
    with pytest.raises(UsageError, match="function cannot be trained"):
        next(play(game_named("hinge"), Players(lambda z: z, lambda x: x), DIGITS, LATENT, pace=Pace()))


@pytest.mark.thorough
def test_a_small_game_finds_the_modes_of_the_ring() -> None:
    """Games, models, data and play together: most samples of a one-minute game lie near the ring's eight modes."""
    from ganatomy.numerics.distances import count_modes

    data, latent = load("ring8"), Normal(2)
    config = MLP(data.format, latent, hidden=(64, 64), critic_hidden=(64, 64), dropout=0.0)
    duo = Players(config.generator(1), config.critic(1))
    game = game_named("ns-r1-r2").tuned("r1", strength=0.1).tuned("r2", strength=0.1)
    how = Optimiser(rate=2e-3, betas=(0.0, 0.99))
    steps = play(game, duo, data, latent, pace=Pace(batch=128, critic=how, generator=how, seed=1))
    last = next(itertools.islice(steps, 1500, None))
    with torch.no_grad():
        samples = last.average(latent.sample(0, range(2000)))
    start = config.generator(1)(latent.sample(0, range(2000))).detach()
    wide = 0.05  # the modes' own 0.01 takes longer than a test may
    assert count_modes(start, data.truth.centres, wide).high_quality < 0.05  # type: ignore[union-attr]
    found = count_modes(samples, data.truth.centres, wide)  # type: ignore[union-attr]
    assert found.loose == 8
    assert found.high_quality > 0.6
