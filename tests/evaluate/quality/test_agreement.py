"""Two spaces: a GAN that drops classes but is sharp, a noisy one, an honest one; and the order of two GANs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality import sanity as under
from ganatomy.evaluate.quality.agreement import Agreement, agreement, order, ratio
from ganatomy.evaluate.quality.disturbances import Reals, dropped, noise
from ganatomy.evaluate.quality.frechet import frechet
from ganatomy.evaluate.quality.pairs import Readings, pair
from ganatomy.evaluate.quality.sanity import Curve, Equivalent, sanity_curve
from ganatomy.features.space import FeatureSpace, space
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.formats import Format
from ganatomy.results.measurement import Measurement

FORMAT = Format.picture(1, 8)


class Texture(nn.Module):
    """Sizes of the steps between neighbours: noise is in them, and of the classes next to nothing."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([(x.diff(dim=2) ** 2).mean((1, 2, 3)), (x.diff(dim=3) ** 2).mean((1, 2, 3))], 1)


SPACES = (space("places", nn.Sequential(nn.AvgPool2d(2), nn.Flatten()), FORMAT), space("texture", Texture(), FORMAT))


def pictures(n: int, *, seed: int) -> Reals:
    """Six classes: a bright square of 2 x 2 at one of six places, on faint texture."""
    labels = Stream(seed, "labels").integers(range(n), 6)
    x = -0.5 + 0.08 * Stream(seed, "texture").normal(range(n), 1, 8, 8)
    for place in range(6):
        row, column = 1 + 3 * (place // 3), 1 + 2 * (place % 3)
        x[labels == place, :, row : row + 2, column : column + 2] += 0.8
    return Reals(x.clamp(-1, 1), FORMAT, labels)


@pytest.fixture(scope="module")
def curves() -> list[tuple[Curve, ...]]:
    steps = {"noise": (0.01, 0.03, 0.1, 0.3), "dropped classes": (1, 2, 3, 4)}
    real = pictures(1200, seed=0)
    return [sanity_curve(each, real, stream=Stream(0, "s"), steps=steps) for each in SPACES]


def readings(samples: Tensor, *, spaces: tuple[FeatureSpace, ...] = SPACES) -> list[Readings]:
    real = pictures(600, seed=1).samples
    return [
        frechet(pair(each(real, FORMAT), each(samples, FORMAT), space=each.id, stream=Stream(0, "p")))
        for each in spaces
    ]


def told(samples: Tensor, curves: list[tuple[Curve, ...]]) -> Agreement:
    return agreement(readings(samples), curves=curves)


def test_a_sharp_gan_that_drops_classes_divides_the_spaces(curves: list[tuple[Curve, ...]]) -> None:
    found = told(dropped(pictures(900, seed=2), 2, Stream(0, "d")), curves)
    assert not found.agree
    assert SPACES[0].id in found.said
    assert SPACES[1].id in found.said
    assert found.said.startswith("Spaces disagree: ")
    assert any("tells the samples from real ones" in each for each in found.differ)


def test_a_noisy_one_unites_them_and_is_read_as_noisy(curves: list[tuple[Curve, ...]]) -> None:
    found = told(noise(pictures(600, seed=2), 0.2, Stream(0, "n")), curves)
    assert found.agree
    assert found.nearest == "noise"
    assert found.said == (
        "2 spaces agree: each tells the samples from real ones;"
        " both read the samples most alike as real ones with noise."
    )


def test_an_honest_one_is_told_apart_by_neither(curves: list[tuple[Curve, ...]]) -> None:
    found = told(pictures(600, seed=3).samples, curves)
    assert found == Agreement(True, (), None, "2 spaces agree: none tells the samples from real ones.")


def made(name: str, value: float, half: float, where: str) -> Measurement:
    return Measurement(name, value, 100, "e", "low", Interval(value - half, value + half, 0.95, "t"), 0.0, where)


def one(value: float, where: str, half: float = 0.1, *, name: str = "KID") -> Readings:
    return {name: made(name, value, half, where)}


def test_without_curves_only_what_is_told_apart_counts() -> None:
    assert agreement([one(1.0, "a"), one(9.0, "b")]).agree
    found = agreement([one(1.0, "a"), one(0.05, "b"), one(1.0, "c")])
    assert found.differ == (
        "by KID a tells the samples from real ones, b does not",
        "by KID c tells the samples from real ones, b does not",
    )


def drawn(where: str) -> Curve:
    """Distance = severity squared."""
    readings = [one(severity**2, where, 0.01)["KID"] for severity in (0.0, 0.2, 0.4, 0.8)]
    return under._curve("noise", (0.0, 0.2, 0.4, 0.8), readings, stream=Stream(0, "t"))


def test_equivalents_that_differ_by_more_than_the_factor_are_a_disagreement() -> None:
    curves = [[drawn("a")], [drawn("b")]]
    read = [one(0.09, "a", 0.01), one(0.49, "b", 0.01)]
    found = agreement(read, curves=curves)
    assert found.differ == ("a reads the distance as noise of sd 0.3, b as noise of sd 0.7",)
    assert found.nearest == "noise"
    assert agreement(read, curves=curves, factor=2.5).agree
    assert agreement(read, curves=curves, kind="blur").agree  # no curve of it
    beyond = agreement([one(0.09, "a", 0.01), one(9.0, "b", 0.01)], curves=curves)
    assert "b as none that was tried" in beyond.said


def test_where_the_bias_is_off_in_both_the_plain_value_has_no_say() -> None:
    less = "KID less its bias"
    here = {**one(1.0, "a"), **one(1.0, "a", name=less)}
    there = {**one(0.0, "b"), **one(1.0, "b", name=less)}
    assert agreement([here, there]).agree
    assert not agreement([one(1.0, "a"), there]).agree  # nothing else is shared


def test_a_blind_space_is_excused_where_it_would_not_have_seen_so_little(curves: list[tuple[Curve, ...]]) -> None:
    coarse, fine = curves[0][0], curves[1][0]
    assert fine.verdict == coarse.verdict == "responds"
    blind = replace(coarse, first=0.3)
    mild, honest = (noise(pictures(600, seed=2), sd, Stream(0, "n")) for sd in (0.03, 0.0))
    mixed = [readings(honest)[0], readings(mild)[1]]
    assert (
        "nor would it tell apart so little noise (it does from noise of sd 0.3 on)"
        in agreement(mixed, curves=[[blind], [fine]]).said
    )
    sharp = replace(coarse, first=0.01)
    assert (
        "though noise of sd 0.01, which is no more, it tells apart" in agreement(mixed, curves=[[sharp], [fine]]).said
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((0.1, 0.2), (0.3, 0.4), 1.5),
        ((0.3, 0.4), (0.1, 0.2), 1.5),
        ((0.1, 0.3), (0.2, 0.4), 1.0),
        ((0.1, 0.2), (None, None), math.inf),
        ((0.1, None), (None, None), 1.0),
        ((0.0, 0.0), (0.1, 0.2), math.inf),
    ],
)
def test_the_ratio_is_between_the_near_ends(
    first: tuple[float | None, ...], second: tuple[float | None, ...], expected: float
) -> None:
    one, other = (Equivalent("noise", 0.2, low, high, "") for low, high in (first, second))
    assert ratio(one, other) == pytest.approx(expected)


def test_the_order_of_two_gans() -> None:
    near, far = 1.0, 2.0
    same = order([one(near, "a"), one(near, "b")], [one(far, "a"), one(far, "b")])
    assert same.agree
    turned = order([one(near, "a"), one(far, "b")], [one(far, "a"), one(near, "b")])
    assert turned.differ == ("by KID the first GAN is nearer in a, the second in b",)
    back = order([one(far, "a"), one(near, "b")], [one(near, "a"), one(far, "b")])
    assert back.differ == ("by KID the second GAN is nearer in a, the first in b",)
    unclear = order([one(near, "a"), one(far, "b", 0.6)], [one(far, "a"), one(near, "b", 0.6)])
    assert unclear.agree  # the intervals touch in b


def test_what_cannot_be_held_side_by_side_is_refused() -> None:
    with pytest.raises(UsageError, match="two spaces or more"):
        agreement([one(1.0, "a")])
    with pytest.raises(UsageError, match="two different spaces"):
        agreement([one(1.0, "a"), one(1.0, "a")])
    with pytest.raises(UsageError, match="no distance in common"):
        agreement([one(1.0, "a"), one(1.0, "b", name="MMD")])
    with pytest.raises(UsageError, match="same two or more"):
        order([one(1.0, "a")], [one(1.0, "a"), one(1.0, "b")])
    with pytest.raises(UsageError, match="differ in space"):
        order([one(1.0, "a"), one(1.0, "b")], [one(1.0, "b"), one(1.0, "a")])
