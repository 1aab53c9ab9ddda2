"""A batch in parts, precision, layout: the gradient is that of the whole, and of a bare loop written out."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from oracles_training import (
    CASES,
    DATA,
    Case,
    advance,
    both,
    case_players,
    furthest,
    numbers,
    sgd,
    started,
    with_terms,
)
from torch import Tensor, nn

from ganatomy.data.catalogue import load
from ganatomy.errors import UsageError
from ganatomy.games.heads import feature_matching
from ganatomy.games.named import game_named
from ganatomy.games.penalties import r1, r2
from ganatomy.games.players import Players
from ganatomy.games.terms import Term, Turn
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.latent import Normal
from ganatomy.training.pace import Optimiser, Pace
from ganatomy.training.play import Play, play
from ganatomy.training.supply import Supply
from ganatomy.training.team import ALONE

DIGITS, LATENT = load("digits"), Normal(8)


@pytest.mark.parametrize("name", CASES)
def test_micro_batches_give_the_gradient_of_the_whole(name: str) -> None:
    """Four uneven parts of 14 samples (in blocks of two where the game needs them) against one."""
    whole, cut = (advance(started(CASES[name], both(sgd(), batch=14, micro_batches=count)), 7) for count in (1, 4))
    one, two = whole.snapshot(), cut.snapshot()
    assert furthest(one.weights, two.weights) < 1e-12
    steps = next(whole), next(cut)
    for role in ("critic", "generator"):
        terms = [numbers(getattr(step, role)) for step in steps]
        assert terms[0] == pytest.approx(terms[1], abs=1e-10)
        assert float(steps[0].norms[role]) == pytest.approx(float(steps[1].norms[role]), rel=1e-10)  # type: ignore[index]
    for side, scores in steps[0].scores.items():
        assert torch.allclose(scores, steps[1].scores[side], atol=1e-10)


@pytest.mark.parametrize("how", [both(Optimiser(rate=1e-2, optimistic=True), extragradient=True), both(sgd(clip=0.1))])
def test_micro_batches_with_other_steps(how: Pace) -> None:
    one, two = (advance(started(CASES["r1 lazy"], replace(how, micro_batches=count)), 8).snapshot() for count in (1, 5))
    assert furthest(one.weights, two.weights) < 1e-10


def test_one_tensor_as_the_gradient_of_two_weights_is_not_added_up_twice() -> None:
    """Autograd gives both summands one tensor; parts of a batch are added to it."""

    def value(turn: Turn) -> Tensor:
        critic = turn.players.critic
        assert isinstance(critic, nn.Module)
        return (critic.get_parameter("twin1") + critic.get_parameter("twin2")).square().sum()

    case = Case(with_terms(Term("twins", "Two weights that are only added.", critic=value)))
    found = []
    for count in (1, 3):
        duo = case_players(case)
        assert isinstance(duo.critic, nn.Module)
        for name in ("twin1", "twin2"):
            duo.critic.register_parameter(name, nn.Parameter(torch.ones(3, dtype=torch.float64)))
        advance(play(case.game, duo, DATA, case.latent, pace=both(sgd(), micro_batches=count)), 3)
        found.append(duo.critic.get_parameter("twin1").detach().clone())
    assert torch.allclose(*found, atol=1e-12)


def test_terms_of_the_whole_batch_are_refused_in_parts() -> None:
    case = Case(with_terms(feature_matching()))
    with pytest.raises(UsageError, match="feature-matching need the whole batch at once"):
        started(case, both(sgd(), micro_batches=2))
    advance(started(case, both(sgd())), 1)


def test_a_round_against_a_bare_loop_with_convolutions_and_penalties() -> None:
    """The oracle: torch's own optimiser and backward(), losses written out, the batches of the same addresses."""
    data, latent = DIGITS, Normal(4)
    config = DCGAN(data.format, latent, width=8, critic_width=8, dropout=0.0)
    game = replace(game_named("non-saturating"), terms=(r1(0.5, every=2), r2(0.25)))
    pace = Pace(batch=8, half_life=0, critic=Optimiser(rate=1e-2), generator=Optimiser(rate=5e-3), seed=4)
    ours = Players(config.generator(1).double(), config.critic(1).double())
    advance(play(game, ours, data, latent, pace=pace), 5)
    generator, critic = config.generator(1).double().train(), config.critic(1).double().train()
    of_critic = torch.optim.Adam(critic.parameters(), lr=1e-2, betas=(0.5, 0.99), foreach=False)
    of_generator = torch.optim.Adam(generator.parameters(), lr=5e-3, betas=(0.5, 0.99), foreach=False)
    supplies = [Supply(role, data, latent, pace=pace, team=ALONE, block=1) for role in ("critic", "generator")]  # type: ignore[arg-type]
    for supply in supplies:
        supply.bring_to(torch.device("cpu"), torch.float64)
    for turn in range(5):
        ((_, batch),) = supplies[0](turn, 0)
        real, fake = batch.real.clone().requires_grad_(), generator(batch.latent).detach().requires_grad_()  # type: ignore[union-attr]
        scores = critic(real), critic(fake)
        slopes = [
            torch.autograd.grad(s.sum(), x, create_graph=True)[0] for s, x in zip(scores, (real, fake), strict=True)
        ]
        sizes = [slope.square().flatten(1).sum(1).mean() / 2 for slope in slopes]
        loss = nn.functional.softplus(-scores[0]).mean() + nn.functional.softplus(scores[1]).mean() + 0.25 * sizes[1]
        of_critic.zero_grad()
        (loss + (2 * 0.5 * sizes[0] if turn % 2 == 0 else 0.0)).backward()
        of_critic.step()
        ((_, batch),) = supplies[1](turn, 0)
        of_generator.zero_grad()
        nn.functional.softplus(-critic(generator(batch.latent))).mean().backward()
        of_generator.step()
    for mine, bare in ((ours.generator, generator), (ours.critic, critic)):
        assert isinstance(mine, nn.Module)
        assert furthest(mine.state_dict(), bare.state_dict()) < 1e-9


def convolutional(**fields: object) -> Play:
    config = DCGAN(DIGITS.format, LATENT, width=8, critic_width=8, dropout=0.0)
    duo = Players(config.generator(0), config.critic(0))
    pace = replace(Pace(batch=16, critic=Optimiser(rate=1e-3), generator=Optimiser(rate=1e-3)), **fields)
    return play(game_named("r3"), duo, DIGITS, LATENT, pace=pace)


def test_channels_last_is_the_same_but_for_rounding() -> None:
    plain, last = (advance(convolutional(channels_last=way), 4) for way in (False, True))
    weight = last.modules["D."].get_parameter("down1.conv.weight")
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert furthest(plain.snapshot().weights, last.snapshot().weights) < 1e-3
    one, two = next(plain), next(last)
    assert numbers(one.critic) == pytest.approx(numbers(two.critic), rel=1e-2, abs=1e-3)


def test_bfloat16_rounds_the_networks_and_not_losses_slopes_or_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, torch.dtype] = {}

    def watched(slope: Tensor) -> Tensor:
        seen["slope"] = slope.dtype
        return half_square(slope)

    from ganatomy.games import penalties

    half_square = penalties.half_square
    monkeypatch.setattr(penalties, "half_square", watched)
    full, half = convolutional(), convolutional(precision="bfloat16")
    inside = half.modules["G."].get_submodule("up1.conv")
    inside.register_forward_hook(lambda _m, _i, output: seen.__setitem__("layer", output.dtype))
    one, two = next(full), next(half)
    assert seen == {"layer": torch.bfloat16, "slope": torch.float32}
    assert {value.dtype for terms in (two.critic, two.generator) for value in terms.values()} == {torch.float32}
    assert all(bool(value.isfinite()) for terms in (two.critic, two.generator) for value in terms.values())
    assert numbers(one.critic) == pytest.approx(numbers(two.critic), rel=0.05, abs=0.02)
    assert one.generator != two.generator
    advance(half, 3)
    assert {value.dtype for value in half.snapshot().weights.values()} <= {torch.float32, torch.int64}
    assert all(bool(value.isfinite().all()) for value in half.snapshot().weights.values())
