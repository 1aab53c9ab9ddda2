"""Augmentation: each change against a loop over pictures, addresses, gradients, and no trace left on the samples."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles_games import built, generator
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.games.augment import CHANGES, Augment, coloured, cut_out, translated
from ganatomy.games.named import GAMES
from ganatomy.games.players import Batch, Players
from ganatomy.games.presentation import FadingNoise, Presentation
from ganatomy.numerics.random import Stream
from ganatomy.numerics.schedule import Schedule

STREAM = Stream(3, "test/augment")
PICTURES = Stream(0, "pictures").uniform(range(12), 3, 8, 6, dtype=torch.float64) * 2 - 1
KINDS = list(CHANGES)


def draws(n: int = 12) -> Tensor:
    return Stream(1, "draws").uniform(range(n), 3, dtype=torch.float64)


def colour_by_hand(picture: Tensor, draw: list[float]) -> Tensor:
    channels, height, width = picture.shape
    out = picture + draw[0] - 0.5
    for row in range(height):
        for column in range(width):
            grey = float(out[:, row, column].mean())
            for channel in range(channels):
                out[channel, row, column] = grey + 2.0 * draw[1] * (out[channel, row, column] - grey)
    mean = float(out.mean())
    return (out - mean) * (draw[2] + 0.5) + mean


def translate_by_hand(picture: Tensor, draw: list[float]) -> Tensor:
    _, height, width = picture.shape
    reach = round(height / 8), round(width / 8)
    down, right = (math.floor(draw[k] * (2 * reach[k] + 1)) - reach[k] for k in (0, 1))
    out = torch.zeros_like(picture)
    for row in range(height):
        for column in range(width):
            if 0 <= row - down < height and 0 <= column - right < width:
                out[:, row, column] = picture[:, row - down, column - right]
    return out


def cut_by_hand(picture: Tensor, draw: list[float]) -> Tensor:
    _, height, width = picture.shape
    out = picture.clone()
    centre = math.floor(draw[0] * height), math.floor(draw[1] * width)
    for row in range(height):
        for column in range(width):
            rows = centre[0] - height // 4 <= row < centre[0] - height // 4 + height // 2
            columns = centre[1] - round(width / 2) // 2 <= column < centre[1] - round(width / 2) // 2 + round(width / 2)
            if rows and columns:
                out[:, row, column] = 0.0
    return out


BY_HAND = {
    "colour": (coloured, colour_by_hand),
    "translation": (translated, translate_by_hand),
    "cutout": (cut_out, cut_by_hand),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_change_against_a_loop_over_pictures(kind: str) -> None:
    change, by_hand = BY_HAND[kind]
    expected = [by_hand(p.clone(), d) for p, d in zip(PICTURES, draws().tolist(), strict=True)]
    assert torch.allclose(change(PICTURES, draws()), torch.stack(expected), atol=1e-12)
    assert not torch.equal(change(PICTURES, draws()), PICTURES)


@pytest.mark.parametrize("kind", KINDS)
def test_the_draws_that_stand_for_nothing_do_nothing(kind: str) -> None:
    change, identity = CHANGES[kind]
    assert torch.allclose(change(PICTURES, torch.full((12, 3), identity, dtype=torch.float64)), PICTURES, atol=1e-12)


def test_every_shift_is_as_likely_as_any_other() -> None:
    impulse = torch.zeros(9000, 1, 16, 16)
    impulse[:, 0, 8, 8] = 1.0
    places = translated(impulse, Stream(0, "shifts").uniform(range(9000), 3)).flatten(2).argmax(2)
    counts = torch.bincount(places.flatten(), minlength=256).view(16, 16)
    assert int((counts > 0).sum()) == 25
    expected = 9000 / 25
    assert float(((counts[6:11, 6:11] - expected) ** 2 / expected).sum()) < 52  # chi-squared, 24 degrees, p = 0.001


def test_a_hole_covers_a_quarter_of_the_picture_where_it_fits_and_may_hang_over_the_edge() -> None:
    ones = torch.ones(400, 1, 8, 8)
    gone = (cut_out(ones, Stream(0, "holes").uniform(range(400), 3)) == 0).flatten(1).sum(1)
    assert int(gone.max()) == 16
    assert int(gone.min()) == 4


@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), tuple(KINDS)])
def test_a_sample_is_changed_by_its_address_whatever_the_batch(kinds: tuple) -> None:
    augment = Augment(kinds, 0.6)
    whole = augment(PICTURES, 0, stream=STREAM, indices=range(40, 52))
    for cut in (1, 5):
        one = augment(PICTURES[:cut], 0, stream=STREAM, indices=range(40, 40 + cut))
        two = augment(PICTURES[cut:], 0, stream=STREAM, indices=range(40 + cut, 52))
        assert torch.allclose(whole, torch.cat([one, two]), atol=1e-14)
    assert not torch.allclose(whole, augment(PICTURES, 0, stream=STREAM, indices=range(60, 72)))


def test_a_probability_of_nothing_is_the_samples_themselves_and_others_are_met() -> None:
    assert Augment(probability=0.0)(PICTURES, 0, stream=STREAM, indices=range(12)) is PICTURES
    many = torch.ones(4000, 1, 4, 4)
    for probability in (0.25, 1.0):
        changed = Augment(("cutout",), probability)(many, 0, stream=STREAM, indices=range(4000))
        struck = float((changed == 0).flatten(1).any(1).double().mean())
        assert struck == pytest.approx(probability, abs=0.025)


def test_a_scheduled_probability_goes_by_images_seen() -> None:
    augment = Augment(("cutout",), Schedule(1.0, 0.0, until=100))
    many = torch.ones(4000, 1, 4, 4)
    shares = []
    for seen in (0, 50, 100):
        changed = augment(many, seen, stream=STREAM, indices=range(4000))
        shares.append(float((changed == 0).flatten(1).any(1).double().mean()))
    assert shares == pytest.approx([1.0, 0.5, 0.0], abs=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_the_change(kind: str) -> None:
    pictures = PICTURES[:3].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: CHANGES[kind][0](x, draws(3)), (pictures,))
    found = Augment((kind,))(pictures, 0, stream=STREAM, indices=range(3))  # type: ignore[arg-type]
    (slope,) = torch.autograd.grad(found.sum(), pictures)
    assert bool((slope.flatten(1).abs().sum(1) > 0).all())


def test_the_generator_learns_through_it_and_both_sides_are_changed_before_the_critic_sees_them() -> None:
    shape = (1, 4, 4)
    seen: list[Tensor] = []

    class Watching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.score = nn.Linear(16, 1)

        def forward(self, x: Tensor) -> Tensor:
            seen.append(x.detach().clone())
            return self.score(x.flatten(1))

    duo = Players(built(generator, shape), built(Watching))
    assert isinstance(duo.generator, nn.Module)
    game = replace(GAMES["non-saturating"], presentation=Presentation(augment=Augment(("colour", "cutout"))))
    real = Stream(0, "real").normal(range(8), *shape, dtype=torch.float64)
    latent = Stream(0, "z").normal(range(8), 4, dtype=torch.float64)
    batch = Batch(real, latent, stream=STREAM, indices=range(8))
    game.critic_terms(duo, batch)
    fake = duo.generator(latent).detach()
    assert not any(torch.allclose(shown, plain) for shown, plain in zip(seen, (real, fake), strict=True))
    seen.clear()
    loss = game.generator_terms(duo, batch).total
    gradients = torch.autograd.grad(loss, list(duo.generator.parameters()))
    assert all(float(gradient.abs().sum()) > 0 for gradient in gradients)
    assert not torch.allclose(seen[0], fake)


def test_real_and_fake_are_changed_by_one_law_and_separate_draws() -> None:
    """The same pictures on both sides are shown alike: simple statistics do not tell the sides apart."""
    presentation = Presentation(augment=Augment(probability=0.8))
    n = 3000
    pictures = Stream(0, "both").uniform(range(n), 1, 8, 8) * 2 - 1
    stream = STREAM.child("critic")
    sides = [
        presentation.noisy(pictures, 0, stream=stream.child(name), indices=range(n))
        for name in ("noise-real", "noise-fake")
    ]
    assert not torch.equal(*sides)
    for statistic in (
        lambda x: x.flatten(1).mean(1),
        lambda x: x.flatten(1).std(1),
        lambda x: (x == 0).flatten(1).double().mean(1),
        lambda x: x.flatten(1).amax(1),
    ):
        one, two = (statistic(side).double() for side in sides)
        error = math.sqrt((float(one.var()) + float(two.var())) / n)
        assert abs(float(one.mean() - two.mean())) < 4 * error
        assert float(one.var() / two.var()) == pytest.approx(1.0, abs=0.15)


def test_it_comes_before_noise_and_keeps_shape_and_type() -> None:
    both = Presentation(noise=FadingNoise(0.1, until=100), augment=Augment(("cutout",)))
    ones = torch.ones(4, 1, 8, 8)
    shown = both.noisy(ones, 0, stream=STREAM, indices=range(4))
    assert not bool((shown == 0).any())  # a hole is under noise, too
    for dtype in (torch.float32, torch.float64):
        changed = Augment()(PICTURES.to(dtype), 0, stream=STREAM, indices=range(12))
        assert (changed.dtype, changed.shape) == (dtype, PICTURES.shape)


@given(height=st.integers(1, 9), width=st.integers(1, 9))
def test_pictures_of_any_size_stay_finite(height: int, width: int) -> None:
    pictures = Stream(0, "any").normal(range(3), 2, height, width)
    assert bool(Augment()(pictures, 0, stream=STREAM, indices=range(3)).isfinite().all())


def test_points_and_nonsense_are_refused() -> None:
    with pytest.raises(UsageError, match=r"shape \(2,\) cannot be augmented\npictures can"):
        Augment()(torch.zeros(3, 2), 0, stream=STREAM, indices=range(3))
    with pytest.raises(UsageError, match="no augmentation called 'color'\ndid you mean 'colour'"):
        Augment(("color",))  # type: ignore[arg-type]
    for probability in (-0.1, 1.1, Schedule(0.0, 2.0, until=5), math.nan):
        with pytest.raises(UsageError, match="from 0 to 1"):
            Augment(probability=probability)


def test_a_game_says_so() -> None:
    game = replace(GAMES["hinge"], presentation=Presentation(augment=Augment(("cutout",), 0.5)))
    assert "cutout on what the critic sees, probability 0.5" in game.describe()
