"""Pictures that excite units: the top of all samples by brute force, and the optimum of a linear generator."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import chi2
from torch import nn

from ganatomy.errors import UsageError
from ganatomy.explain.generator.features import WITHIN, exciting_latents, exciting_samples
from ganatomy.models.architectures import configure
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent, Normal, Sphere, Uniform
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.tracing.trace import watch


@pytest.fixture(scope="module", name="gan")
def _gan() -> GAN:
    return GAN.fresh(configure("dcgan", {"width": 4}, format=Format.picture(1, 8), latent=Normal(4, 3)), seed=0)


def linear(latent: Latent) -> tuple[GAN, torch.Tensor]:
    weight = 0.01 * Stream(0, "weight").normal(range(3), latent.dim)  # small: the steps must not shrink with it
    with Stream(0, "overwritten").module_rng(0):
        layers = nn.Sequential(nn.Linear(latent.dim, 3, bias=False), nn.Linear(3, 2))
    layers[0].weight.data = weight
    return GAN(layers, latent, Format.point(2)), weight


def test_the_top_samples_are_the_top_of_all(gan: GAN) -> None:
    found = exciting_samples(gan, "up1.act", 150, seed=2, k=4, randoms=3)
    with watch(gan.generator, ["up1.act"]) as trace:
        gan.sample(2, range(150), block=150)
    peaks = trace["up1.act"].flatten(2).amax(2)
    values, indices = peaks.topk(4, dim=0)
    assert found.units == (*(f"up1.act:{unit}" for unit in range(4)), *(f"up1.act:random{i}" for i in range(3)))
    assert np.allclose(found.arrays["values"][:4], values.T, atol=1e-5)
    assert np.array_equal(found.arrays["indices"][:4], indices.T)
    assert np.allclose(found.arrays["sd"][:4], peaks.std(0, correction=0), atol=1e-5)
    again = gan.sample(2, found.arrays["indices"][1].tolist())
    distance = torch.pdist(again.flatten(1)).mean() / torch.pdist(gan.sample(2, range(64)).flatten(1)).mean()
    assert found.arrays["spread"][1] == pytest.approx(float(distance), rel=1e-5)
    assert found.arrays["random"].tolist() == [False] * 4 + [True] * 3


def test_random_directions_are_weighted_by_the_spread_of_the_channels() -> None:
    gan, weight = linear(Normal(5))
    found = exciting_samples(gan, "0", 64, seed=0, k=2, randoms=6)
    activation = gan.latent.sample(0, range(64)) @ weight.T
    drawn = Stream(0, "features/random/0").normal(range(6), 3)
    told = activation / activation.std(0, correction=0) @ (drawn / drawn.norm(dim=1, keepdim=True)).T
    assert np.allclose(found.arrays["values"][3:], told.topk(2, dim=0).values.T, atol=1e-4)


class Bumps(nn.Module):
    """Unit 0 is the brightness of the picture, the others do not show."""

    def __init__(self) -> None:
        super().__init__()
        self.units = nn.Tanh()

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        maps = self.units(z[:, :, None, None].expand(-1, -1, 8, 8))
        picture: torch.Tensor = 0.9 * maps[:, :1]
        return picture


def test_top_pictures_of_the_unit_that_shows_are_more_alike() -> None:
    gan = GAN(Bumps(), Normal(8), Format.picture(1, 8))
    found = exciting_samples(gan, "units", 500, seed=0, k=9, randoms=19)
    spread, rank = found.arrays["spread"], found.arrays["spread_rank"]
    assert (spread[1:8] > spread[0] * 3).all()
    assert np.allclose(rank[:8], [(1 + (spread[8:] <= each).sum()) / 20 for each in spread[:8]])
    assert f"those of {(rank[:8] <= 0.1).sum()} of 8 units are more alike than all but 10%" in found.note


def test_of_a_generator_that_draws_one_picture_no_likeness_is_told() -> None:
    gan, _ = linear(Normal(4))
    gan.generator[1].weight.data.zero_()
    found = exciting_samples(gan, "0", 40, seed=0, k=3, randoms=4)
    assert np.isnan(found.arrays["spread"]).all()
    assert np.isnan(found.arrays["spread_rank"]).all()
    assert found.note == (
        "peaks of 40 samples, top 3. All samples are the same picture, so that none are more alike than others."
    )


def test_how_far_optimisation_gets_is_told_on_either_side() -> None:
    gan, _ = linear(Normal(4))
    best = exciting_samples(gan, "0", 400, seed=0)
    short = exciting_latents(gan, "0", [0, 1, 2], seed=0, best=best, restarts=1, steps=0)
    gain = float(np.median(short.arrays["gain"]))
    assert gain < 0
    assert short.note.endswith(f"The best of them lie {-gain:.2g} standard deviations below the best sample (median).")
    far = exciting_latents(gan, "0", [0, 1, 2], seed=0, best=best)
    assert far.note.endswith("standard deviations above the best sample (median).")


def test_optimisation_reaches_the_closed_form_on_each_prior() -> None:
    for latent in (Normal(6), Uniform(6), Sphere(6)):
        gan, weight = linear(latent)
        best = exciting_samples(gan, "0", 200, seed=0, k=2, randoms=0)
        found = exciting_latents(gan, "0", [2, 0], seed=0, best=best, steps=150)
        row = weight[[2, 0]]
        radius = math.sqrt(chi2.ppf(WITHIN, 6))
        limit = {
            "normal": radius * row.norm(dim=1),
            "uniform": row.abs().sum(1),
            "sphere": math.sqrt(6) * row.norm(dim=1),
        }[latent.kind]
        assert found.units == ("0:2", "0:0")
        assert np.allclose(found.arrays["value"], limit, rtol=0.01), latent
        z = torch.from_numpy(found.arrays["z"].copy())
        assert torch.allclose(latent.project(z), z, atol=1e-5)
        assert (z.norm(dim=1) <= radius * 1.0001).all()
        assert np.allclose(found.arrays["value"], (z * row).sum(1), atol=1e-6)
        rows = [best.units.index(unit) for unit in found.units]
        gain = (found.arrays["value"] - best.arrays["values"][rows, 0]) / best.arrays["sd"][rows]
        assert np.allclose(found.arrays["gain"], gain)
        assert (found.arrays["gain"] > 0).all()
        assert (found.arrays["value"] >= found.arrays["start"]).all()


class Ripples(nn.Module):
    """So narrow that a step is as likely to end lower as higher."""

    def __init__(self) -> None:
        super().__init__()
        self.units = nn.Identity()

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.units(torch.cos(40 * z)) * 1
        return out


def test_the_best_of_all_steps_is_kept_with_its_latent() -> None:
    found = exciting_latents(GAN(Ripples(), Normal(2), Format.point(2)), "units", [0, 1], seed=0, restarts=2, steps=7)
    z = torch.from_numpy(found.arrays["z"].copy())
    assert np.allclose(found.arrays["value"], torch.cos(40 * z)[[0, 1], [0, 1]], atol=1e-5)


def test_how_rare_the_norm_is() -> None:
    gan, _ = linear(Normal(6))
    found = exciting_latents(gan, "0", [1], seed=0, restarts=3, steps=100)
    assert found.arrays["norm_rank"][0] == pytest.approx(WITHIN, abs=0.01)
    assert found.arrays["restart_values"].shape == (1, 3)


def test_labels_are_kept_with_the_latents_and_nothing_stays(gan: GAN) -> None:
    gan.generator.train()
    found = exciting_latents(gan, "up1.act", [3, 1], seed=0, restarts=2, steps=5)
    z, labels = (torch.from_numpy(found.arrays[name].copy()) for name in ("z", "labels"))
    with watch(gan.generator, ["up1.act"]) as trace:
        gan.decode(z, labels)
    peaks = trace["up1.act"].flatten(2).amax(2)
    assert np.allclose(found.arrays["value"], peaks[[0, 1], [3, 1]], atol=1e-5)
    assert gan.generator.training
    assert all(p.grad is None for p in gan.generator.parameters())
    same = exciting_latents(gan, "up1.act", [3, 1], seed=0, restarts=2, steps=5)
    assert np.array_equal(found.arrays["z"], same.arrays["z"])


def test_refusals(gan: GAN) -> None:
    with pytest.raises(UsageError, match="top 1 of 10"):
        exciting_samples(gan, "up1.act", 10, seed=0, k=1)
    with pytest.raises(UsageError, match=r"units \[4\] of 'up1.act'.*\nits units are 0 to 3"):
        exciting_latents(gan, "up1.act", [4], seed=0)
