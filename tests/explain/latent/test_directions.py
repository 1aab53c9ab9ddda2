"""Directions as values: unit length, one step a standard deviation, what is left after conditioning."""

from __future__ import annotations

import math

import pytest
import torch
from oracles_latent import gaussian, linear_gan
from torch import Tensor

from ganatomy.errors import GanatomyError
from ganatomy.explain.latent.directions import (
    Directions,
    axes,
    conditioned,
    in_latent,
    overlap,
    random_directions,
    random_vectors,
    signed,
    spread,
)
from ganatomy.models.latent import Latent, Normal, Sphere, Uniform


def given(rows: Tensor) -> Directions:
    names = [f"d{place}" for place in range(len(rows))]
    return in_latent(Normal(rows.shape[1]), rows, names=names, method="given", fit=torch.ones(len(rows)))


@pytest.mark.parametrize("latent", [Normal(4), Uniform(4), Sphere(4)])
def test_one_step_is_one_standard_deviation_of_the_prior(latent: Latent) -> None:
    drawn = latent.sample(0, range(20_000)).double()
    assert float(drawn.std(0).mean()) == pytest.approx(spread(latent), rel=0.02)
    found = axes(linear_gan(gaussian(6, 4), latent=latent))
    assert torch.equal(found.vectors, torch.eye(4, dtype=torch.float64))
    assert found.scales.tolist() == pytest.approx([spread(latent)] * 4)
    assert found.names == ("z0", "z1", "z2", "z3")


def test_random_directions_are_addressed_and_look_the_same_from_all_sides() -> None:
    gan = linear_gan(gaussian(6, 4))
    found = random_directions(gan, 2000, seed=3)
    assert torch.allclose(found.vectors.norm(dim=1), torch.ones(2000).double())
    assert float((found.vectors.T @ found.vectors / 2000 - torch.eye(4) / 4).abs().max()) < 0.02
    assert torch.equal(random_directions(gan, 3, seed=3).vectors, found.vectors[:3])
    assert found.again is not None
    assert not torch.equal(found.again(4).vectors, found.vectors)
    assert not torch.equal(random_vectors(3, 4, seed=3, name="control"), found.vectors[:3])


def test_conditioning_takes_the_others_away_and_says_what_is_left() -> None:
    rows = gaussian(3, 5)
    found, on = given(rows[:1]), given(rows[1:])
    rest = conditioned(found, [on.only([0]), on.only([1])])
    assert float((rest.vectors @ on.vectors.T).abs().max()) < 1e-12
    fitted = torch.linalg.lstsq(on.vectors.T, found.vectors.T).solution
    miss = (found.vectors.T - on.vectors.T @ fitted).norm()
    assert float(rest.facts["kept"]) == pytest.approx(float(miss))
    twice = conditioned(found, [on, on])  # linearly dependent conditions are one condition
    assert torch.allclose(twice.vectors, rest.vectors)
    with pytest.raises(GanatomyError, match="nothing is left of 'd0'"):
        conditioned(found, [given(rows)])
    with pytest.raises(GanatomyError, match="conditioned on none"):
        conditioned(found, [])


def test_overlap_is_the_cosine_and_some_can_be_picked() -> None:
    found = given(torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]]))
    half = math.sqrt(0.5)
    assert torch.allclose(overlap(found), torch.tensor([[1, half, 0], [half, 1, half], [0, half, 1]]).double())
    picked = found.only([2, 0])
    assert picked.names == ("d2", "d0")
    assert torch.equal(picked.vectors, torch.tensor([[0.0, 1.0], [1.0, 0.0]]).double())
    assert torch.equal(signed(torch.tensor([[1.0, -2.0]])), torch.tensor([[-1.0, 2.0]]))


@pytest.mark.parametrize("rows", [torch.zeros(1, 4), torch.full((1, 4), math.nan), torch.ones(1, 3), torch.ones(4)])
def test_what_is_no_direction_is_refused(rows: Tensor) -> None:
    with pytest.raises(GanatomyError, match="direction"):
        in_latent(Normal(4), rows, names=["d"], method="given", fit=torch.ones(1))


def test_names_and_numbers_must_agree() -> None:
    with pytest.raises(GanatomyError, match="2 names"):
        Directions("m", ("a", "b"), torch.eye(3), torch.ones(3), torch.ones(3))
    with pytest.raises(GanatomyError, match="1 targets of 3"):
        Directions("m", ("a", "b", "c"), torch.eye(3), torch.ones(3), torch.ones(3), targets=("x",))
