"""A planted unit that is switched on at a known checkpoint is told to be there since then; likeness; film-strips."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from ganatomy.errors import UsageError
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.game.emergence import Emergence, _spread_over, emergence, since
from ganatomy.explain.game.likeness import centred, cka, likenesses
from ganatomy.explain.game.strips import farthest, filmstrip, spaced
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.effects import mean_effect
from ganatomy.results.formats import Format

PLAN = Emergence(64, 64, units=1, directions=2)
CORNER = Measurer("corner", ("corner",), "score", lambda pictures: pictures[:, 0, :2, :2].mean((1, 2))[:, None])


def _gan(strength: float) -> GAN:
    """Six units; the second alone draws the corner, as strongly as is said; the others draw elsewhere."""
    body, draw = skip_init(nn.Linear, 6, 6, bias=False), skip_init(nn.Linear, 6, 16)
    body.weight.data = torch.eye(6)
    weight = torch.zeros(4, 4, 6)
    weight[:2, :2, 1] = strength
    weight[2:, 2:, [0, 2, 3, 4, 5]] = 0.3
    draw.weight.data, draw.bias.data = weight.reshape(16, 6), torch.zeros(16)
    layers = OrderedDict(body=body, act=nn.ReLU(), draw=draw, shape=nn.Unflatten(1, (1, 4, 4)))
    return GAN(nn.Sequential(layers).eval(), Normal(6), Format((1, 4, 4)))


def _film() -> dict[int, GAN]:
    return {16: _gan(0.0), 32: _gan(0.001), 64: _gan(0.5), 128: _gan(0.7), 256: _gan(1.0)}


def test_a_unit_is_there_since_it_was_switched_on_and_its_control_never() -> None:
    film = _film()
    found = emergence(film, [CORNER], plan=PLAN)
    assert found.units.units[0] == "act:1 and corner"
    assert found.units.arrays["since"].tolist() == [64, -1]
    assert found.units.arrays["control"].tolist() == [False, True]
    assert found.units.arrays["claim"][0].tolist() == [-1, -1, 1, 1, 1]
    assert "since round 64" in found.units.note
    assert found.directions is not None
    assert found.directions.arrays["effect"].shape == (4, 5)


def test_what_is_there_at_the_first_checkpoint_is_told_so() -> None:
    film = _film()
    found = emergence({number: film[number] for number in (64, 128, 256)}, [CORNER], plan=PLAN)
    assert "act:1 and corner already at the first checkpoint, round 64 (effect" in found.units.note


def test_every_concept_has_a_unit_before_one_has_two() -> None:
    ranked = [(0, 4, 1), (0, 2, 1), (1, 7, 0), (0, 9, 1)]
    assert _spread_over(ranked, replace(PLAN, units=1)) == [(0, 4, 1)]
    assert _spread_over(ranked, replace(PLAN, units=3)) == [(0, 4, 1), (1, 7, 0), (0, 2, 1)]
    assert len(_spread_over(ranked, replace(PLAN, units=9))) == 4


def test_more_units_than_concepts_are_followed_where_they_do_something() -> None:
    whole = Measurer("whole", ("whole",), "score", lambda pictures: pictures.mean((1, 2, 3))[:, None])
    found = emergence(_film(), [whole], plan=replace(PLAN, units=3))
    assert len(found.units.units) == 6


def test_effects_are_those_of_a_slow_count() -> None:
    film = _film()
    found = emergence(film, [CORNER], plan=PLAN)
    z = film[256].latent.sample(0, range(2**20, 2**20 + 64))
    spread = CORNER.measure(film[256].sample(0, range(256))).double().std()
    slow = [-gan * z[:, 1].clamp(min=0).double().mean() / spread for gan in (0.0, 0.001, 0.5, 0.7, 1.0)]
    assert torch.as_tensor(found.units.arrays["effect"][0].copy()) == pytest.approx(torch.stack(slow), rel=1e-4)


def test_what_goes_away_is_not_there() -> None:
    strong, none = torch.ones(50) + 0.1 * torch.arange(50), torch.zeros(50)
    rows = [mean_effect(values, smallest=0.1) for values in (strong, none, strong, -strong, strong)]
    assert since(rows) == 4
    assert since(rows[:3]) == 2
    assert since(rows[:2]) is None


def test_emergence_wants_a_concept_and_a_past() -> None:
    with pytest.raises(UsageError, match="checkpoint"):
        emergence({16: _gan(1.0)}, [CORNER], plan=PLAN)


def test_cka_is_1_for_rotations_and_near_0_for_noise() -> None:
    first, second = Stream(0, "cka").normal(range(2), 60, 80, dtype=torch.float64)
    turn = torch.linalg.qr(Stream(1, "cka").normal(range(1), 80, 80, dtype=torch.float64)[0])[0]

    def gram(table: Tensor) -> Tensor:
        return centred(table @ table.T)

    assert cka(gram(first), gram(3 * first @ turn)) == pytest.approx(1)
    assert abs(cka(gram(first), gram(second))) < 0.15  # the plain estimate is above 0.5 here
    assert cka(gram(first), torch.zeros(60, 60)) == 0.0
    assert gram(first).sum(1) == pytest.approx(torch.zeros(60), abs=1e-9)  # what makes it unbiased


def test_likeness_to_the_end_ends_at_1() -> None:
    found = likenesses(_film(), ["act", "draw"], n=64, seed=0)
    assert found.arrays["cka"][:, -1] == pytest.approx(1)
    assert found.arrays["cka"][0] == pytest.approx(1)  # the units are the same all along; what they draw is not
    assert found.arrays["cka"][1, 0] < 0.9


def test_a_strip_shows_the_same_latents_at_every_checkpoint() -> None:
    film = _film()
    found = filmstrip(film, 3, frames=3)
    assert found.units == ("round 16", "round 64", "round 256")
    latents = found.arrays["latents"][0].tolist()
    assert torch.equal(torch.as_tensor(found.arrays["samples"][1].copy()), film[64].sample(0, latents))
    assert found.arrays["moved"][-1] == 0
    assert spaced([1, 2, 3], 5) == [1, 2, 3]


def test_latents_are_picked_by_spread() -> None:
    line = torch.tensor([0.0, 0.1, 5.0, 10.0, 9.9])[:, None]
    assert set(farthest(line, 3)) == {0, 3, 2}
    assert len(farthest(line, 9)) == 5


def test_pictures_are_picked_and_points_are_many() -> None:
    flat = GAN(nn.Identity(), Normal(2), Format((2,)))
    assert filmstrip({1: _gan(1.0), 2: _gan(1.0)}, 4).arrays["samples"].shape == (2, 4, 1, 4, 4)
    assert filmstrip({1: flat}, 4).arrays["samples"].shape == (1, 512, 2)
