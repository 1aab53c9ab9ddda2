"""Each optimiser against its formula written out; bounds, schedules, memory; and what turns circles into spirals."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.games.game import Game
from ganatomy.games.losses import LOSSES
from ganatomy.games.players import Players
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.numerics.schedule import Schedule, at
from ganatomy.results.formats import Format
from ganatomy.training.descent import Descent
from ganatomy.training.pace import Optimiser, Pace
from ganatomy.training.play import Play

SHAPES = {"a": (3, 4), "b": (5,), "c": (2, 3, 2, 2)}
NORMAL = Stream(0, "descent")
FALLING = Schedule(0.1, 0.01, until=40, shape="geometric")


def weights(dtype: torch.dtype = torch.float64) -> dict[str, nn.Parameter]:
    return {
        name: nn.Parameter(NORMAL.child(name).normal(range(1), *shape)[0].to(dtype)) for name, shape in SHAPES.items()
    }


def gradients(turn: int) -> list[Tensor]:
    return [
        NORMAL.child(f"{name}/g").normal(range(turn, turn + 1), *shape, dtype=torch.float64)[0]
        for name, shape in SHAPES.items()
    ]


def adam(how: Optimiser, turn: int, g: Tensor, kept: dict[str, Tensor], seen: int) -> Tensor:
    """Kingma and Ba 2015, algorithm 1; the decays of now stand in the corrections."""
    one, two = at(how.betas[0], seen), at(how.betas[1], seen)
    kept["m"] = one * kept.get("m", torch.zeros_like(g)) + (1 - one) * g
    kept["v"] = two * kept.get("v", torch.zeros_like(g)) + (1 - two) * g * g
    mean, square = kept["m"] / (1 - one**turn), kept["v"] / (1 - two**turn)
    return -at(how.rate, seen) * mean / (square.sqrt() + 1e-8)


def rmsprop(how: Optimiser, _turn: int, g: Tensor, kept: dict[str, Tensor], seen: int) -> Tensor:
    kept["v"] = how.smoothing * kept.get("v", torch.zeros_like(g)) + (1 - how.smoothing) * g * g
    kept["b"] = how.momentum * kept.get("b", torch.zeros_like(g)) + g / (kept["v"].sqrt() + 1e-8)
    return -at(how.rate, seen) * kept["b"]


def momentum(how: Optimiser, _turn: int, g: Tensor, kept: dict[str, Tensor], seen: int) -> Tensor:
    kept["b"] = how.momentum * kept.get("b", torch.zeros_like(g)) + g
    return -at(how.rate, seen) * kept["b"]


FORMULAS: dict[str, Callable[..., Tensor]] = {"adam": adam, "rmsprop": rmsprop, "sgd": momentum}
WAYS = {
    "adam": Optimiser(rate=0.1, betas=(0.5, 0.9)),
    "adam without memory of the slope": Optimiser(rate=0.1, betas=(0.0, 0.99)),
    "adam scheduled": Optimiser(rate=FALLING, betas=(Schedule(0.9, 0.3, until=30), Schedule(0.9, 0.99, until=60))),
    "rmsprop": Optimiser("rmsprop", rate=0.1, smoothing=0.8),
    "rmsprop momentum": Optimiser("rmsprop", rate=FALLING, smoothing=0.8, momentum=0.6),
    "sgd": Optimiser("sgd", rate=FALLING),
    "sgd momentum": Optimiser("sgd", rate=0.1, momentum=0.9),
    "clipped": Optimiser("sgd", rate=0.1, clip=2.0),
    "normalised": Optimiser(rate=0.1, normalise=True),
    "optimistic sgd": Optimiser("sgd", rate=0.1, optimistic=True),
    "optimistic adam": Optimiser(rate=FALLING, optimistic=True, clip=3.0),
}


def written_out(how: Optimiser, turns: int) -> list[Tensor]:
    found = [weight.detach().clone() for weight in weights().values()]
    kept: list[dict[str, Tensor]] = [{} for _ in found]
    last = [torch.zeros_like(weight) for weight in found]
    for turn in range(1, turns + 1):
        pulls = gradients(turn)
        length = math.sqrt(sum(float(pull.square().sum()) for pull in pulls))
        if how.normalise:
            pulls = [pull / length for pull in pulls]
        elif how.clip is not None:
            pulls = [pull * min(1.0, how.clip / length) for pull in pulls]
        for place, pull in enumerate(pulls):
            step = FORMULAS[how.kind](how, turn, pull, kept[place], 10 * turn)
            found[place] = found[place] + (2 * step - last[place] if how.optimistic else step)
            last[place] = step
    return found


@pytest.mark.parametrize("name", WAYS)
def test_steps_against_the_formula_written_out(name: str) -> None:
    how, own = WAYS[name], weights()
    descent = Descent(own, how)
    for turn in range(1, 8):
        descent.step(gradients(turn), seen=10 * turn)
    for weight, expected in zip(own.values(), written_out(how, 7), strict=True):
        assert float((weight.detach() - expected).abs().max()) < 1e-12
        assert weight.grad is None


@pytest.mark.parametrize("kind", FORMULAS)
@pytest.mark.parametrize("layout", ["turned", "channels last", "expanded"])
def test_the_layout_of_a_gradient_in_memory_does_not_matter(kind: str, layout: str) -> None:
    """Penalties give convolutions gradients whose memory is in another order than the weight's."""
    shape = (4, 3, 2, 2)
    start, pull = NORMAL.normal(range(2), *shape, dtype=torch.float64).unbind()
    odd = {
        "turned": lambda: pull.transpose(0, 1).contiguous().transpose(0, 1),
        "channels last": lambda: pull.contiguous(memory_format=torch.channels_last),
        "expanded": lambda: pull[:1].expand(shape),
    }[layout]()
    found = []
    for gradient in (odd, odd.contiguous()):
        for memory in (torch.contiguous_format, torch.channels_last):
            weight = nn.Parameter(start.clone(memory_format=memory))
            descent = Descent({"w": weight}, Optimiser(kind, rate=0.1))  # type: ignore[arg-type]
            descent.step([gradient], seen=0)
            descent.step([gradient], seen=0)
            found.append(weight.detach())
    assert all(torch.equal(found[0], other) for other in found[1:])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e200])
@pytest.mark.parametrize("name", ["adam", "sgd momentum", "optimistic adam", "normalised"])
def test_a_gradient_that_is_not_finite_moves_nothing_and_is_named(name: str, bad: float) -> None:
    own = weights()
    descent = Descent(own, WAYS[name])
    descent.step(gradients(1), seen=0)
    before, kept = [weight.detach().clone() for weight in own.values()], descent.moments()
    pulls = gradients(2)
    pulls[1][2] = bad
    norm = descent.step(pulls, seen=0)
    assert not float(norm) < math.inf
    assert descent.odd(pulls) == ("b",)
    assert all(torch.equal(*pair) for pair in zip(own.values(), before, strict=True))
    assert all(torch.equal(value, kept[key]) for key, value in descent.moments().items())
    assert float(pulls[1][2]) != 0.0  # never silently zeroed


def test_the_norm_is_that_of_the_whole_gradient_before_it_was_bounded() -> None:
    for how in (Optimiser(clip=0.1), Optimiser(normalise=True), Optimiser()):
        expected = math.sqrt(sum(float(pull.square().sum()) for pull in gradients(3)))
        assert float(Descent(weights(), how).step(gradients(3), seen=0)) == pytest.approx(expected, rel=1e-12)


def test_a_gradient_of_zero_stays_zero_when_it_is_normalised() -> None:
    own = weights()
    before = [weight.detach().clone() for weight in own.values()]
    Descent(own, Optimiser("sgd", rate=0.1, normalise=True)).step([torch.zeros_like(w) for w in before], seen=0)
    assert all(torch.equal(*pair) for pair in zip(own.values(), before, strict=True))


@given(clip=st.floats(1e-3, 1e3), scale=st.floats(1e-3, 1e3))
def test_a_clipped_step_is_no_longer_than_the_bound_and_points_the_same_way(clip: float, scale: float) -> None:
    own = weights()
    before = [weight.detach().clone() for weight in own.values()]
    pulls = [scale * pull for pull in gradients(1)]
    Descent(own, Optimiser("sgd", rate=1.0, clip=clip)).step(pulls, seen=0)
    moved = torch.cat([(a - b.detach()).flatten() for a, b in zip(before, own.values(), strict=True)])
    whole = torch.cat([pull.flatten() for pull in pulls])
    assert float(moved.norm()) == pytest.approx(min(clip, float(whole.norm())), rel=1e-6)
    assert float(torch.cosine_similarity(moved, whole, dim=0)) == pytest.approx(1.0)


@pytest.mark.parametrize("name", WAYS)
def test_moments_are_copies_that_carry_on_elsewhere(name: str) -> None:
    how, own = WAYS[name], weights()
    descent = Descent(own, how)
    for turn in (1, 2, 3):
        descent.step(gradients(turn), seen=10 * turn)
    kept = descent.moments()
    copies = {key: value.clone() for key, value in kept.items()}
    here = {key: nn.Parameter(weight.detach().clone()) for key, weight in own.items()}
    other = Descent(here, how)
    other.check_moments(kept, begun=True)
    other.remember(kept, made=descent.made)
    for turn in (4, 5):
        descent.step(gradients(turn), seen=10 * turn)
        other.step(gradients(turn), seen=10 * turn)
    assert all(torch.equal(own[key], here[key]) for key in own)
    assert all(torch.equal(kept[key], copies[key]) for key in kept)


def test_moments_of_another_optimiser_or_of_none_are_refused() -> None:
    descent = Descent(weights(), WAYS["adam"])
    descent.step(gradients(1), seen=0)
    kept = descent.moments()
    for how in (WAYS["sgd momentum"], WAYS["rmsprop"], WAYS["optimistic adam"]):
        with pytest.raises(InputError, match="the optimiser keeps"):
            Descent(weights(), how).check_moments(kept, begun=True)
    with pytest.raises(InputError, match=r"as a/exp_avg, the snapshot holds nothing \(9 tensors differ\)"):
        descent.check_moments({}, begun=True)
    with pytest.raises(InputError, match="keeps nothing as a/exp_avg"):
        descent.check_moments(kept, begun=False)


class Still(nn.Module):
    """Every sample is one point."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.tensor([start], dtype=torch.float64))

    def forward(self, z: Tensor) -> Tensor:
        return self.place.expand(len(z), 1)


class Lever(nn.Module):
    """The score is a slope times the sample."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor([start], dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return (self.slope * x).sum(1)


def _origin(indices: Any) -> Tensor:
    return torch.zeros(len(indices), 1)


POINT = Format.point(1)
ORIGIN = Dataset("origin", "train", 8, POINT, POINT, draw=_origin, fingerprint="origin")
DIRAC = Game("dirac", "One point against a line through it.", LOSSES["wasserstein"])
RATE = 0.2


def path(pace: Pace, rounds: int) -> list[tuple[float, float]]:
    """Slope and place after each round; the game is slope * place, one wants it small and the other large."""
    duo = Players(Still(1.0), Lever(0.5))
    game = Play(DIRAC, duo, ORIGIN, Normal(1), pace=pace)
    found = []
    for _ in range(rounds):
        next(game)
        found.append((duo.critic.slope.item(), duo.generator.place.item()))  # type: ignore[attr-defined]
    return found


def dirac(**fields: Any) -> Pace:
    own = {name: fields.pop(name) for name in ("optimistic", "momentum") if name in fields}
    how = Optimiser("sgd", rate=RATE, **own)
    return Pace(batch=4, critic=how, generator=how, half_life=0, **fields)


def radius(point: tuple[float, float]) -> float:
    return math.hypot(*point)


def test_gradients_in_turn_circle_as_written_out_and_do_not_settle() -> None:
    slope, place, expected = 0.5, 1.0, []
    for _ in range(300):
        slope -= RATE * place
        place += RATE * slope
        expected.append((slope, place))
    found = path(dirac(), 300)
    assert found == [pytest.approx(point, abs=1e-12) for point in expected]
    assert min(map(radius, found[200:])) > 0.5


def test_gradients_at_once_drift_apart() -> None:
    slope, place = (nn.Parameter(torch.tensor([value], dtype=torch.float64)) for value in (0.5, 1.0))
    critic, generator = (Descent({"w": weight}, Optimiser("sgd", rate=RATE)) for weight in (slope, place))
    for _ in range(100):
        up, down = place.detach().clone(), -slope.detach().clone()
        critic.step([up], seen=0)
        generator.step([down], seen=0)
    assert radius((slope.item(), place.item())) > 5 * radius((0.5, 1.0))


def test_optimistic_steps_follow_the_recursion_and_settle() -> None:
    slope, place, expected = 0.5, 1.0, []
    last = [0.0, 0.0]
    for _ in range(400):
        step = -RATE * place
        slope, last[0] = slope + 2 * step - last[0], step
        step = RATE * slope
        place, last[1] = place + 2 * step - last[1], step
        expected.append((slope, place))
    found = path(dirac(optimistic=True), 400)
    assert found == [pytest.approx(point, abs=1e-12) for point in expected]
    assert radius(found[-1]) < 1e-3


def test_extragradient_follows_the_recursion_and_settles() -> None:
    slope, place, expected = 0.5, 1.0, []
    for _ in range(400):
        ahead = (slope - RATE * place, place + RATE * slope)
        slope, place = slope - RATE * ahead[1], place + RATE * ahead[0]
        expected.append((slope, place))
    found = path(dirac(extragradient=True), 400)
    assert found == [pytest.approx(point, abs=1e-12) for point in expected]
    assert radius(found[-1]) < 1e-2


def test_a_player_that_is_not_trained_stays_while_the_other_looks_ahead() -> None:
    found = path(dirac(extragradient=True, trains=("generator",)), 3)
    assert found == [pytest.approx((0.5, 1.0 + RATE * 0.5 * k)) for k in (1, 2, 3)]
    moved = replace(dirac(), trains=("critic",))
    assert path(moved, 2)[-1] == pytest.approx((0.5 - 2 * RATE, 1.0))
