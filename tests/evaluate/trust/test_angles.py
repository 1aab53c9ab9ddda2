"""Subspaces and directions found again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from shared_tiny import tiny

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.trust.angles import (
    principal_cosines,
    same_directions,
    same_span,
    spans_apart,
    squared,
    what_they_do,
)
from ganatomy.numerics.random import Stream

STREAM = Stream(0, "angles/tests")


def test_cosines_are_those_of_scipy() -> None:
    one, other = STREAM.normal(range(4), 9, dtype=torch.float64), STREAM.normal(range(9, 12), 9, dtype=torch.float64)
    oracle = np.sort(np.cos(subspace_angles(one.T.numpy(), other.T.numpy())))[::-1]
    assert np.allclose(principal_cosines(one, other).numpy(), oracle, atol=1e-12)
    mixed = STREAM.child("mix").normal(range(4), 4, dtype=torch.float64) @ one
    assert squared(one, torch.cat([mixed, mixed[:1]])) == pytest.approx(1)


def test_random_subspaces_read_k_of_d() -> None:
    k, d = 3, 10
    spans = STREAM.normal(range(400 * k), d, dtype=torch.float64).reshape(400, k, d)
    drawn = torch.tensor([squared(a, b) for a, b in zip(spans[::2], spans[1::2], strict=True)])
    found = same_span(list(spans[:4]))["mean squared cosine"]
    assert found.floor == k / d
    assert abs(float(drawn.mean()) - k / d) < 4 * float(drawn.std()) / 200**0.5
    lines = [same_span([s[:1] for s in spans[at : at + 3]])["least cosine"] for at in range(0, 390, 3)]
    assert lines[0].floor == pytest.approx(sum(each.value for each in lines) / len(lines), abs=0.03)


def test_whole_space_has_no_room_to_differ() -> None:
    found = same_span([STREAM.normal(range(at, at + 4), 4) for at in (0, 4, 8)])
    assert found["mean squared cosine"].floor == 1
    assert found["least cosine"].value == pytest.approx(1)
    assert found["least cosine"].floor == 1


def test_directions_with_a_name_keep_their_sign() -> None:
    one = torch.eye(3, 5, dtype=torch.float64)
    found = same_directions([one, one, -one])["cosine"]
    assert found.value == pytest.approx((1 - 1 - 1) / 3)


def test_what_directions_do_in_a_linear_generator() -> None:
    gan = tiny()
    vectors = torch.eye(5, dtype=torch.float64)[:2]
    found = what_they_do(gan, vectors, n=70)
    weight = dict(gan.generator.named_parameters())["weight"].detach().double()
    assert torch.allclose(found, 2 * weight.T[:2], atol=1e-6)
    bright = what_they_do(gan, vectors, n=70, look=lambda pictures: pictures.mean((2, 3)))
    assert torch.allclose(bright[:, 0], found.mean(1), atol=1e-6)


def test_two_gans_stand_beside_random_directions() -> None:
    spans = [STREAM.normal(range(at, at + 2), 8, dtype=torch.float64) for at in range(0, 12, 2)]
    found = spans_apart(spans[0], spans[0], [(spans[1], spans[2]), (spans[3], spans[4])], space="pixels")
    assert found.value == pytest.approx(1)
    assert found.floor == pytest.approx((squared(spans[1], spans[2]) + squared(spans[3], spans[4])) / 2)
    with pytest.raises(UsageError, match="controls"):
        spans_apart(spans[0], spans[0], [], space="pixels")


def test_unusable_directions() -> None:
    with pytest.raises(InputError, match="finite"):
        principal_cosines(torch.full((1, 3), torch.nan), torch.eye(3))
    with pytest.raises(InputError, match="length 0"):
        principal_cosines(torch.zeros(1, 3), torch.eye(3))
    with pytest.raises(UsageError, match="widths"):
        same_span([torch.eye(3), torch.eye(4)])
    with pytest.raises(UsageError, match="latent"):
        what_they_do(tiny(), torch.eye(3))
