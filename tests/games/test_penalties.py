"""Penalties against closed forms and slow loops: linear and quadratic critics, one sample at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles_games import batch, players
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.games.game import Game
from ganatomy.games.named import GAMES
from ganatomy.games.penalties import (
    consistency,
    disagreement,
    gradient_penalty,
    half_square,
    mix,
    off_target,
    r1,
    r2,
    zero_centred,
)
from ganatomy.games.players import Players
from ganatomy.games.slopes import Judge, slopes_of
from ganatomy.games.terms import Term
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Score

PICTURES = Stream(0, "pictures").normal(range(5), 2, 3, 3, dtype=torch.float64)


def linear(weights: Tensor) -> Judge:
    return lambda points: (points * weights).flatten(1).sum(dim=1)


def with_terms(*terms: Term) -> Game:
    return replace(GAMES["non-saturating"], terms=terms)


@given(scale=st.floats(-3, 3))
def test_slope_of_a_linear_critic_is_its_weights_whatever_the_picture(scale: float) -> None:
    weights = scale * PICTURES[:1]
    length = float(weights.square().sum())
    assert float(half_square(slopes_of(linear(weights), PICTURES))) == pytest.approx(length / 2)
    off = (math.sqrt(length + 1e-12) - 1) ** 2
    assert float(off_target(slopes_of(linear(weights), PICTURES))) == pytest.approx(off)


def test_penalty_at_slope_one_is_nothing_over_all_axes_of_a_picture() -> None:
    weights = PICTURES[:1] / PICTURES[:1].norm()
    assert float(off_target(slopes_of(linear(weights), PICTURES))) == pytest.approx(0.0, abs=1e-20)
    per_channel = weights.flatten(2).norm(dim=2)  # a norm over some axes only would not be 1
    assert not torch.allclose(per_channel, torch.ones_like(per_channel), atol=0.05)


def test_one_sided_forgives_the_flat_and_not_the_steep() -> None:
    unit = PICTURES[:1] / PICTURES[:1].norm()
    flat, steep = (slopes_of(linear(size * unit), PICTURES) for size in (0.5, 3.0))
    assert float(off_target(flat, one_sided=True)) == 0.0
    assert float(off_target(flat)) == pytest.approx(0.25)
    assert float(off_target(steep, one_sided=True)) == pytest.approx(4.0)
    assert float(off_target(steep, target=3.0)) == pytest.approx(0.0, abs=1e-20)


@pytest.mark.parametrize("formula", [half_square, off_target])
def test_penalties_train_the_critic_through_the_slope(formula: Callable[[Tensor], Tensor]) -> None:
    weights = torch.full((1, 2), 2.0, dtype=torch.float64, requires_grad=True)
    points = torch.ones(3, 2, dtype=torch.float64)
    with Stream(0, "gradcheck").module_rng(0):
        judge: Callable[[Tensor], Judge] = lambda w: lambda x: (x * w).sum(dim=1).tanh()  # noqa: E731
        assert torch.autograd.gradcheck(lambda w: formula(slopes_of(judge(w), points)), (weights,))


@pytest.mark.parametrize("formula", [half_square, off_target])
def test_a_flat_critic_has_a_finite_gradient(formula: Callable[[Tensor], Tensor]) -> None:
    weights = torch.zeros(1, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(formula(slopes_of(linear(weights), torch.ones(3, 2))), weights)
    assert gradient.isfinite().all()


def test_mixing_draws_one_weight_a_sample() -> None:
    real, fake = torch.ones(4, 2, 3, 3), torch.zeros(4, 2, 3, 3)
    weights = torch.tensor([0.0, 0.25, 0.5, 1.0])
    mixed = mix(real, fake, weights)
    assert torch.equal(mixed, weights.view(4, 1, 1, 1).expand(4, 2, 3, 3))
    with pytest.raises(UsageError, match="cannot be mixed"):
        mix(real, fake[:2], weights)


def test_the_games_mixes_lie_on_the_lines_between_pairs() -> None:
    """A critic that keeps what it is shown, real 1 and fake 0: every entry of a mix is the sample's own weight."""
    shown: list[Tensor] = []

    def critic(samples: Tensor) -> Tensor:
        shown.append(samples.detach())
        return samples.flatten(1).sum(dim=1)

    given = replace(batch((1, 2, 2)), real=torch.ones(8, 1, 2, 2, dtype=torch.float64))
    zero = Players(lambda latent: torch.zeros(len(latent), 1, 2, 2, dtype=torch.float64), critic)
    with_terms(gradient_penalty()).critic_terms(zero, given)
    mixed = shown[-1].flatten(1)
    assert torch.equal(mixed, mixed[:, :1].expand(8, 4))
    assert len(mixed[:, 0].unique()) == 8
    assert ((mixed >= 0) & (mixed <= 1)).all()


@pytest.mark.parametrize(
    ("term", "side"), [(r1(0.7), "real"), (r2(0.7), "fake"), (zero_centred(0.7), "mix"), (gradient_penalty(0.7), "mix")]
)
def test_where_each_penalty_looks_and_what_it_weighs(term: Term, side: str) -> None:
    """A critic x^2 / 2 has the slope x: the penalty is a moment of the points it was taken at."""
    pair = Players(players().generator, lambda points: points.square().sum(dim=1) / 2)
    given = batch()
    fake = pair.generate(given.latent, None).detach()
    weights = given.stream.child("critic/mix").uniform(given.indices, 1, dtype=torch.float64)
    points = {"real": given.real, "fake": fake, "mix": weights * given.real + (1 - weights) * fake}[side]
    norms = [math.sqrt(sum(float(entry) ** 2 for entry in point)) for point in points]
    off = term.name == "gradient-penalty"
    slow = 0.7 * sum((norm - 1) ** 2 if off else norm**2 / 2 for norm in norms) / len(norms)
    found = with_terms(term).critic_terms(pair, given).parts[term.name]
    assert found.item() == pytest.approx(slow, rel=1e-9)


def test_penalties_see_the_logit_of_a_critic_that_ends_in_a_probability() -> None:
    logit = players()
    probability = Players(logit.generator, lambda x: torch.sigmoid(logit.critic(x)), score=Score("probability"))
    game, given = GAMES["ns-r1"], batch()
    wanted = game.critic_terms(logit, given).parts
    found = game.critic_terms(probability, given).parts
    for name in ("adversarial", "r1"):
        assert found[name].item() == pytest.approx(wanted[name].item(), rel=1e-9)


def shifted(samples: Tensor, stream: Stream, indices: Sequence[int]) -> Tensor:
    return samples + stream.normal(indices, *samples.shape[1:], dtype=samples.dtype)


@pytest.mark.parametrize("fakes", [False, True])
def test_consistency_is_the_squared_gap_under_the_change(fakes: bool) -> None:
    pair, given = players(), batch()
    sides = [("real", given.real)] + ([("fake", pair.generate(given.latent, None))] if fakes else [])
    slow = 0.0
    for name, samples in sides:
        assert samples is not None
        change = given.stream.child(f"critic/change-{name}").normal(given.indices, 2, dtype=torch.float64)
        for sample, moved in zip(samples, samples + change, strict=True):
            slow += 3.0 * float((pair.critic(sample[None]) - pair.critic(moved[None])).detach() ** 2) / 8
    found = with_terms(consistency(shifted, 3.0, fakes=fakes)).critic_terms(pair, given).parts["consistency"]
    assert found.item() == pytest.approx(slow, rel=1e-9)


def test_no_change_no_disagreement() -> None:
    scores = linear(PICTURES[:1])(PICTURES)
    assert float(disagreement(scores, scores)) == 0.0
    assert float(disagreement(scores, scores + 2.0)) == 4.0


@pytest.mark.parametrize("strength", [-1.0, math.nan, math.inf])
def test_nonsense_strengths_are_refused(strength: float) -> None:
    with pytest.raises(UsageError, match="r1 of strength"):
        r1(strength)
    with pytest.raises(UsageError, match="every 0 turns"):
        r1(1.0, every=0)
