"""Priors: addressed draws, their laws and densities."""

from __future__ import annotations

import math

import pytest
import scipy.integrate
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import UsageError
from ganatomy.models.latent import LAWS, Latent, Normal, Sphere, Uniform
from ganatomy.numerics.random import Stream

PRIORS = [Normal(7, classes=3), Uniform(7, classes=3), Sphere(7, classes=3)]


@pytest.mark.parametrize("prior", PRIORS, ids=str)
@given(indices=st.lists(st.integers(0, 10**6), min_size=1, max_size=30), cut=st.integers(0, 30))
def test_any_split_gives_the_same_latents_bit_for_bit(prior: Latent, indices: list[int], cut: int) -> None:
    whole, labels = prior.sample(5, indices), prior.labels(5, indices)
    parts = [prior.sample(5, indices[:cut]), prior.sample(5, indices[cut:])]
    one_by_one = torch.cat([prior.sample(5, [index]) for index in indices])
    assert torch.equal(whole, torch.cat(parts))
    assert torch.equal(whole, one_by_one)
    assert labels is not None
    assert torch.equal(labels, torch.cat([prior.labels(5, [index]) for index in indices]))  # type: ignore[misc]


@pytest.mark.parametrize("prior", [Normal(64), Uniform(64), Sphere(300)], ids=str)
def test_a_long_run_holds_its_short_ones_bit_for_bit(prior: Latent) -> None:
    whole = prior.sample(0, range(5000))
    assert torch.equal(whole[4321:4322], prior.sample(0, range(4321, 4322)))
    assert torch.equal(whole[17:1000], prior.sample(0, range(17, 1000)))


@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_seeds_and_indices_give_different_latents(prior: Latent) -> None:
    both = torch.cat([prior.sample(0, range(200)), prior.sample(1, range(200))])
    assert len(both.unique(dim=0)) == 400
    assert not torch.equal(prior.labels(0, range(200)), prior.labels(1, range(200)))  # type: ignore[arg-type]
    assert both.dtype == torch.float32


def test_float64_draws_round_to_the_float32_ones() -> None:
    for prior in PRIORS:
        assert torch.equal(prior.sample(0, range(9), dtype=torch.float64).float(), prior.sample(0, range(9)))


def test_the_draws_follow_their_laws() -> None:
    n = 20_000
    normal = Normal(3).sample(0, range(n)).numpy()
    assert scipy.stats.kstest(normal[:, 1], "norm").pvalue > 1e-3
    uniform = Uniform(3).sample(0, range(n)).numpy()
    assert scipy.stats.kstest(uniform[:, 1], "uniform", args=(-1, 2)).pvalue > 1e-3
    sphere = Sphere(3).sample(0, range(n)).numpy()
    # Archimedes: a coordinate of a point on the 2-sphere is uniform in +-radius.
    assert scipy.stats.kstest(sphere[:, 1], "uniform", args=(-(3**0.5), 2 * 3**0.5)).pvalue > 1e-3


def test_labels_are_equally_likely_and_independent_of_the_latents() -> None:
    prior = Normal(2, classes=4)
    labels, z = prior.labels(0, range(20_000)), prior.sample(0, range(20_000))
    assert labels is not None
    assert labels.dtype == torch.int64
    assert scipy.stats.chisquare(labels.bincount(minlength=4).numpy()).pvalue > 1e-3
    assert abs(torch.corrcoef(torch.stack([labels.double(), z[:, 0].double()]))[0, 1]) < 0.03
    assert Normal(2).labels(0, range(3)) is None


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_log_densities_against_scipy(dim: int) -> None:
    z = Normal(dim).sample(0, range(20), dtype=torch.float64)
    want = scipy.stats.multivariate_normal(mean=[0] * dim).logpdf(z.numpy())
    assert Normal(dim).log_density(z).tolist() == pytest.approx([*want.reshape(-1)])
    u = Uniform(dim).sample(0, range(20), dtype=torch.float64)
    want = scipy.stats.uniform(-1, 2).logpdf(u.numpy()).sum(1)
    assert Uniform(dim).log_density(u).tolist() == pytest.approx([*want])


def test_log_density_of_the_sphere_is_minus_its_log_area() -> None:
    circle = 2 * math.pi * math.sqrt(2)
    ball_surface = 4 * math.pi * 3
    assert Sphere(2).log_density(Sphere(2).sample(0, range(3))).tolist() == pytest.approx([-math.log(circle)] * 3)
    assert Sphere(3).log_density(Sphere(3).sample(0, range(3))).tolist() == pytest.approx([-math.log(ball_surface)] * 3)
    # Any dimension: slices of height t are spheres of one dimension less; d = 5 from the 4-dimensional one.
    radius = math.sqrt(5)
    slices = scipy.integrate.quad(lambda t: 2 * math.pi**2 * (radius**2 - t**2) ** 1.5 * radius / math.sqrt(radius**2 - t**2), -radius, radius)[0]  # fmt: skip  # noqa: E501
    assert float(Sphere(5).log_density(Sphere(5).sample(0, range(1)))) == pytest.approx(-math.log(slices))


def test_off_the_support_the_density_is_zero() -> None:
    assert Uniform(2).log_density(torch.tensor([[0.5, 1.5]])).tolist() == [-math.inf]
    assert Sphere(2).log_density(torch.tensor([[0.5, 1.5]])).tolist() == [-math.inf]


@pytest.mark.parametrize("kind", LAWS)
def test_projection_reaches_the_support_keeps_it_and_leaves_the_input(kind: str) -> None:
    prior = Latent(kind, 6)  # type: ignore[arg-type]
    inside = prior.sample(0, range(50))
    assert torch.allclose(prior.project(inside), inside, atol=1e-6)
    outside = 3 * Normal(6).sample(1, range(50))
    before = outside.clone()
    reached = prior.project(outside)
    assert bool(torch.isfinite(prior.log_density(reached)).all())
    assert torch.equal(outside, before)
    assert torch.allclose(prior.project(reached), reached, atol=1e-6)


def test_what_is_no_latent_is_refused() -> None:
    with pytest.raises(UsageError, match=r"shape \(3, 4\) were given\nwanted is a batch of latents, \(n, 5\)"):
        Normal(5).project(torch.zeros(3, 4))
    with pytest.raises(UsageError, match=r"shape \(5,\) were given"):
        Normal(5).log_density(torch.zeros(5))
    with pytest.raises(UsageError, match="latent of 0 dimensions"):
        Normal(0)
    with pytest.raises(UsageError, match="-1 classes"):
        Normal(3, classes=-1)
    with pytest.raises(UsageError, match=r"no latent prior called 'gaussian'\nlegal are: normal, uniform, sphere"):
        Latent("gaussian", 3)  # type: ignore[arg-type]


def test_no_indices_give_no_latents() -> None:
    assert Sphere(4).sample(0, range(0)).shape == (0, 4)


def test_training_draws_from_its_own_stream_by_the_same_law() -> None:
    prior = Sphere(6, classes=4)
    assert torch.equal(prior.draw(Stream(3, "latent"), range(5)), prior.sample(3, range(5)))
    assert not torch.equal(prior.draw(Stream(3, "play"), range(5)), prior.sample(3, range(5)))
    labels = prior.draw_labels(Stream(3, "label"), range(5))
    assert labels is not None
    assert torch.equal(labels, prior.labels(3, range(5)))
    assert Sphere(6).draw_labels(Stream(3, "label"), range(5)) is None
