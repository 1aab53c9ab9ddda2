"""Disturbances: each by its rule, at severity 0 nothing, harsher ones go on where milder ones stopped."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganatomy.data.catalogue import load
from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.disturbances import DISTURBANCES, Reals, clusters, fitting
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

AT = Stream(0, "disturbed")
GREY, POINT = Format.picture(1, 8), Format.point(2)


def pictures(n: int = 40) -> Reals:
    samples = 1.6 * Stream(0, "x").uniform(range(n), 1, 8, 8) - 0.8
    return Reals(samples, GREY, torch.arange(n) % 5)


def points(n: int = 60) -> Reals:
    return Reals(Stream(0, "p").normal(range(n), 2) @ torch.tensor([[1.0, 0.9], [0.0, 0.3]]), POINT)


CASES = [(name, each) for each in (pictures(), points()) for name in fitting(each)]


@pytest.mark.parametrize(("name", "real"), CASES)
def test_at_0_nothing_happens_and_inputs_stay(name: str, real: Reals) -> None:
    apply, before = DISTURBANCES[name].apply, real.samples.clone()
    assert torch.equal(apply(real, 0.0, AT), real.samples)
    last = fitting(real)[name][-1]
    harsh = apply(real, last, AT)
    assert not torch.equal(harsh, real.samples)
    assert torch.equal(harsh, apply(real, last, AT))
    assert torch.equal(real.samples, before)
    real.format.check(harsh)


def test_noise_has_the_sd_it_says_of_range_or_spread() -> None:
    real = Reals(torch.zeros(500, 1, 8, 8), GREY)
    mild, harsh = (DISTURBANCES["noise"].apply(real, sd, AT) for sd in (0.05, 0.1))
    assert float(mild.std()) == pytest.approx(0.1, rel=0.02)  # the range is 2 wide
    assert torch.allclose(2 * mild, harsh)
    flat = points(4000)
    added = DISTURBANCES["noise"].apply(flat, 0.5, AT) - flat.samples
    assert float(added.std()) == pytest.approx(0.5 * float(flat.samples.std(0).mean()), rel=0.03)


def test_blur_is_the_gaussian_and_leaves_flat_pictures_flat() -> None:
    dot = torch.zeros(1, 1, 21, 21)
    dot[..., 10, 10] = 1.0
    made = DISTURBANCES["blur"].apply(Reals(dot, Format.picture(1, 21)), 1.5, AT)
    assert float(made.sum()) == pytest.approx(1.0, abs=1e-5)
    assert float(made[0, 0, 10, 12] / made[0, 0, 10, 10]) == pytest.approx(math.exp(-4 / (2 * 1.5**2)), rel=1e-4)
    assert torch.allclose(made, made.transpose(2, 3), atol=1e-7)
    flat = torch.full((1, 1, 8, 8), 0.3)
    assert torch.allclose(DISTURBANCES["blur"].apply(Reals(flat, GREY), 2.0, AT), flat, atol=1e-6)


def test_classes_go_whole_and_one_after_the_other() -> None:
    real = pictures()
    assert real.labels is not None

    def left(count: float) -> set[int]:
        kept = DISTURBANCES["dropped classes"].apply(real, count, AT)
        same = (kept[:, None] == real.samples[None]).all((2, 3, 4)).any(0)
        there = {int(label) for label in real.labels[same]}  # type: ignore[index]
        assert len(kept) == 8 * len(there)
        return there

    assert len(left(1)) == 4
    assert left(3) < left(2) < left(1)
    with pytest.raises(UsageError, match="at least one must stay"):
        left(5)


def test_pixels_trade_places_within_a_picture_and_all_of_them_move() -> None:
    real = Reals(torch.arange(3 * 64).reshape(3, 1, 8, 8) / 200.0, GREY)
    for share, moved in ((0.25, 16), (1.0, 64)):
        made = DISTURBANCES["shuffled pixels"].apply(real, share, AT)
        assert torch.equal(made.flatten(1).sort(1).values, real.samples.flatten(1))
        assert (made != real.samples).flatten(1).sum(1).tolist() == [moved] * 3
    ranks = [row.argsort() for row in made.flatten(1)]
    assert not torch.equal(ranks[0], ranks[1])  # other places in every picture
    colour = torch.cat([real.samples, real.samples / 2, real.samples / 4], 1)
    three = DISTURBANCES["shuffled pixels"].apply(Reals(colour, Format.picture(3, 8)), 1.0, AT)
    assert torch.equal(three[:, 1], three[:, 0] / 2)  # a place keeps its colour


def test_coordinates_lose_their_tie_and_keep_their_values() -> None:
    real = points(2000)
    made = DISTURBANCES["shuffled coordinates"].apply(real, 1.0, AT)
    assert torch.equal(made.sort(0).values, real.samples.sort(0).values)
    assert abs(float(torch.corrcoef(made.T)[0, 1])) < 0.05 < 0.9 < float(torch.corrcoef(real.samples.T)[0, 1])
    assert fitting(Reals(torch.zeros(30, 1), Format.point(1))).keys() == {"noise", "dropped clusters"}


def test_clusters_are_the_modes_of_a_world() -> None:
    centres = torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0], [5.0, 5.0]])
    truth = torch.arange(80) % 4
    samples: Tensor = centres[truth] + 0.1 * Stream(0, "w").normal(range(80), 2)
    found = clusters(samples, stream=AT, count=4)
    assert len({(int(a), int(b)) for a, b in zip(found, truth, strict=True)}) == 4


def test_what_fits_depends_on_labels_and_their_number() -> None:
    assert fitting(pictures())["dropped classes"] == (1.0, 2.0, 4.0)
    assert "dropped clusters" in fitting(Reals(pictures().samples, GREY))
    assert "dropped classes" not in fitting(Reals(pictures().samples, GREY, torch.zeros(40, dtype=torch.int64)))


def test_real_samples_come_from_a_data_set_and_halves_keep_groups_whole() -> None:
    digits = load("digits")
    real = Reals.of(digits, 50, stream=AT)
    assert real.samples.shape == (50, 1, 8, 8)
    assert real.labels is not None
    grouped = Reals(real.samples, real.format, real.labels, torch.arange(50) // 7)
    one, other = grouped.halves(stream=AT)
    assert len(one.samples) + len(other.samples) == 50
    assert one.groups is not None
    assert other.groups is not None
    assert not {int(each) for each in one.groups} & {int(each) for each in other.groups}
    with pytest.raises(UsageError, match="give one each"):
        Reals(real.samples, real.format, real.labels[:3])
    with pytest.raises(UsageError, match="NaN"):
        Reals(real.samples * math.nan, real.format)
