"""Kinds are what they are called, and what a planted critic says of each is what must come out."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from shared_data import need
from shared_pair import pretrained
from shared_tiny import DIM, SMALL, Linear, brightness, greys, tiny
from torch import Tensor, nn

from ganatomy.data.catalogue import load
from ganatomy.data.dataset import stored
from ganatomy.errors import UsageError
from ganatomy.explain.critic.samples.boundary import judged_places
from ganatomy.explain.critic.samples.specials import SpecialsPlan, specials
from ganatomy.explain.critic.samples.strange import KINDS, Sources, fitted, kinds_for
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.roc import auc
from ganatomy.results.formats import Format, Score

PLAN = SpecialsPlan(n=40, blends=(0.25, 0.5))


def sources(n: int = 3000) -> Sources:
    real = greys(n).read(range(n))
    moments = (real.mean((0, 2, 3)), real.std((0, 2, 3)))
    return Sources(real, real.flip(0), -real, SMALL, moments, Stream(0, "t"), range(n))


def test_noise_has_the_law_it_claims() -> None:
    given = sources()
    flat = KINDS["uniform noise"].make(given).flatten()
    assert float(flat.min()) >= -1
    assert abs(float(flat.mean())) < 0.01
    assert abs(float(flat.std()) - 2 / 12**0.5) < 0.01
    normal = KINDS["Gaussian noise"].make(given)
    assert abs(float(normal.mean() - given.own.mean())) < 0.005
    assert abs(float(normal.std() - given.own.std())) < 0.005
    assert float(normal.abs().max()) <= 1


def test_shuffling_keeps_each_pictures_values_and_no_place() -> None:
    given = sources(50)
    done = KINDS["shuffled pixels"].make(given)
    assert torch.equal(done.flatten(1).sort(1).values, given.own.flatten(1).sort(1).values)
    assert float((done == given.own).double().mean()) < 0.1


def test_constants_mirrors_negatives_and_blends() -> None:
    given = sources(4)
    assert [float(KINDS[name].make(given).mean()) for name in ("black", "grey", "white")] == [-1, 0, 1]
    assert torch.equal(KINDS["mirrored"].make(given)[0, 0, 0], given.own[0, 0, 0].flip(0))
    assert torch.equal(KINDS["upside down"].make(given)[0, 0, :, 0], given.own[0, 0, :, 0].flip(0))
    assert torch.allclose(KINDS["negative"].make(given), -given.own)
    blends = kinds_for(SMALL, (0.25,), real=True)
    assert given.real is not None
    assert torch.allclose(blends["0.25 generated"].make(given), 0.75 * given.real + 0.25 * given.fake)
    assert torch.allclose(blends["0.25 another real"].make(given), 0.75 * given.real + 0.25 * given.real.flip(0))


def test_noise_of_points_has_their_mean_and_sd() -> None:
    moments = (torch.tensor([3.0, -1.0]), torch.tensor([0.5, 2.0]))
    blank = torch.zeros(4000, 2)
    given = Sources(blank, blank, blank, Format.point(2), moments, Stream(0, "t"), range(4000))
    for name in ("uniform noise", "Gaussian noise"):
        made = KINDS[name].make(given)
        assert torch.allclose(made.mean(0), moments[0], atol=0.1)
        assert torch.allclose(made.std(0), moments[1], rtol=0.05)


def test_points_have_no_mirrors_and_no_real_data_no_blends() -> None:
    assert set(kinds_for(Format.point(2), (0.5,), real=False)) == {"uniform noise", "Gaussian noise"}
    assert not any(kind.of_real for kind in kinds_for(SMALL, (0.5,), real=False).values())


def test_other_data_come_in_size_colour_and_range() -> None:
    shapes = fitted(load("shapes"), Format.picture(1, 6, low=0.0), range(3))
    assert shapes.shape == (3, 1, 6, 6)
    assert 0 <= float(shapes.min()) <= float(shapes.max()) <= 1
    white = stored("w", "train", pictures=torch.full((2, 1, 4, 4), 255, dtype=torch.uint8))
    assert torch.allclose(fitted(white, Format.picture(3, 6), range(2)), torch.ones(2, 3, 6, 6))
    with pytest.raises(UsageError, match="same kind"):
        fitted(white, Format.point(2), range(2))


def test_a_critic_of_brightness_calls_white_real_and_black_fake() -> None:
    gan = tiny(brightness)
    older = tiny(brightness, size=0.05)
    bright = stored("lamps", "train", pictures=torch.full((30, 3, 9, 9), 250, dtype=torch.uint8))
    found = specials(gan, greys(100), others={"lamps": bright}, earlier={"step 1": older}, plan=PLAN)
    row = {name: at for at, name in enumerate(found.units)}
    arrays = found.arrays
    assert [arrays["called"][row[name]] for name in ("white", "black", "lamps")] == [1, 0, 1]
    assert arrays["rank"][row["white"]] == 1
    assert arrays["called_low"][row["white"]] == arrays["called_high"][row["white"]] == 1
    assert "all white is called real" in found.note
    assert "lamps 100 % [" in found.note
    assert arrays["n"][row["white"]] == 1
    assert arrays["mean"][row["white"]] == pytest.approx(2)
    assert arrays["mean"][row["shuffled pixels"]] == pytest.approx(arrays["mean"][row["real"]], abs=1e-5)
    half = arrays["mean"][row["0.5 generated"]]
    assert half == pytest.approx((arrays["mean"][row["real"]] + arrays["mean"][row["generated"]]) / 2, abs=1e-5)
    assert arrays["quantiles"].shape[0] == arrays["example"].shape[0] == len(found.units)
    assert np.all((arrays["low"] <= arrays["mean"]) & (arrays["mean"] <= arrays["high"]))


def test_the_rank_is_the_area_and_a_rerun_is_the_same() -> None:
    gan = tiny()
    found, again = (specials(gan, greys(100), plan=PLAN) for _ in range(2))
    numbers = [name for name in found.arrays if name != "family"]
    assert all(np.array_equal(found.arrays[name], again.arrays[name], equal_nan=True) for name in numbers)
    at = found.units.index("negative")
    data = greys(100).read(judged_places(greys(100), 40))
    score = Scorer(gan)
    with torch.no_grad():
        area = auc(score(-data).double(), score(data).double())
    assert found.arrays["rank"][at] == pytest.approx(area.value)


def test_without_real_data_and_for_classes() -> None:
    gan = tiny(brightness, score=Score("logit"), latent=Normal(DIM, 3), classes=("a", "b", "c"))
    found = specials(gan, plan=PLAN)
    assert "no real data" in found.note
    assert found.units[0] == "generated"
    assert found.arrays["n"][found.units.index("white")] == 3
    assert math.isnan(found.arrays["rank"][0])
    open_ = specials(tiny(brightness), plan=PLAN)
    assert np.isnan(open_.arrays["called"]).all()
    full = specials(gan, greys(100, classes=True), plan=PLAN)
    assert full.units[0] == "real"


@pytest.mark.parametrize("wrong", [{"n": 3}, {"blends": (0.0,)}])
def test_bad_plans_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        SpecialsPlan(**wrong)  # type: ignore[arg-type]


def test_an_earlier_generator_of_another_range_is_read_in_this_one() -> None:
    class Shifted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.own = Linear()

        def forward(self, z: Tensor) -> Tensor:
            made: Tensor = self.own(z)
            return (made + 1) / 2

    other = GAN(Shifted(), Normal(DIM), Format.picture(1, 6, low=0.0))
    same = specials(tiny(), greys(100), earlier={"a": other, "b": tiny()}, plan=PLAN).arrays["mean"]
    assert same[-2] == pytest.approx(same[-1], abs=1e-4)


def test_the_pretrained_critic_calls_shuffled_digits_and_blank_paper_real() -> None:
    held_out = load("mnist", split="held-out", data_dir=need("mnist").parent)
    found = specials(pretrained(), held_out, plan=SpecialsPlan(n=30, blends=()))
    called = dict(zip(found.units, found.arrays["called"].tolist(), strict=True))
    assert called["shuffled pixels"] == called["black"] == 1
    assert called["uniform noise"] == called["grey"] == 0
    assert called["real"] > 0.8 > 0.2 > called["generated"]
    assert "Of pictures of shuffled pixels 100 %" in found.note


def test_a_generator_of_another_format_is_refused() -> None:
    other = tiny(latent=Normal(DIM, 3))
    with pytest.raises(UsageError, match="critic can read"):
        specials(tiny(), greys(100), earlier={"old": other}, plan=PLAN)


def test_groups_widen_what_is_said_of_real_pictures_and_of_other_data() -> None:
    data = greys(100)
    bright = data.read(range(100)).mean((1, 2, 3)).argsort().argsort() // 10
    known = replace(data, groups=bright)
    alone = specials(tiny(brightness), data, others={"twin": data}, plan=PLAN)
    whole = specials(tiny(brightness), known, others={"twin": known}, plan=PLAN)
    for name in ("real", "mirrored", "twin"):
        at = whole.units.index(name)
        assert whole.arrays["mean"][at] == alone.arrays["mean"][at]
        wide, narrow = (float(each.arrays["high"][at] - each.arrays["low"][at]) for each in (whole, alone))
        assert wide > 1.2 * narrow, name
    for name in ("mirrored", "0.5 generated", "generated", "grey"):
        at = whole.units.index(name)
        assert whole.arrays["rank"][at] == pytest.approx(alone.arrays["rank"][at])
        assert whole.arrays["rank_high"][at] != alone.arrays["rank_high"][at], name
    at = whole.units.index("generated")
    assert whole.arrays["high"][at] == alone.arrays["high"][at]


def test_other_data_that_are_sorted_by_class_are_seen_whole() -> None:
    half = torch.zeros(400, 1, 6, 6, dtype=torch.uint8)
    half[200:] = 255
    lamps = stored("lamps", "train", pictures=half)
    found = specials(tiny(brightness), greys(100), others={"lamps": lamps}, plan=PLAN)
    assert 0.2 < found.arrays["called"][found.units.index("lamps")] < 0.8


def test_points_are_called_points() -> None:
    world = load("ring8")
    with Stream(0, "weights").module_rng(0):
        critic, generator = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)), nn.Linear(2, 2)
    gan = GAN(generator, Normal(2), world.format, critic)
    note = specials(gan, world, others={"ring": world}, plan=SpecialsPlan(n=40)).note
    assert "picture" not in note
    assert "points" in note
