"""Found again on other samples: single directions, and what equal strengths leave of them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from oracles_latent import known_gan, orthonormal
from scipy.linalg import subspace_angles

from ganatomy.errors import GanatomyError
from ganatomy.explain.latent.directions import random_directions
from ganatomy.explain.latent.pca import pca
from ganatomy.explain.latent.sefa import sefa
from ganatomy.explain.latent.stability import matched, stability, subspaces


def test_of_equal_strengths_only_the_plane_is_stable() -> None:
    gan, _ = known_gan([3.0, 3.0, 1.0, 0.4])
    found = stability(pca(gan, "out", k=3, n=1500), samples=4)
    assert found is not None
    assert float(found.each[:2].min()) < 0.95
    assert float(found.each[2]) > 0.98
    assert float(found.together[0]) < 0.95
    assert float(found.together[1:].min()) > 0.98


def test_random_directions_are_not_found_again_and_weights_need_no_samples() -> None:
    gan, _ = known_gan([3.0, 2.0, 1.0, 0.4])
    found = stability(random_directions(gan, 1, seed=0), samples=60)
    assert found is not None
    assert float(found.each) == pytest.approx(4 / (3 * math.pi), abs=0.1)  # E|cos| in four dimensions
    assert stability(sefa(gan, k=2)) is None
    with pytest.raises(GanatomyError, match="0 samples"):
        stability(random_directions(gan, 1, seed=0), samples=0)


def test_matching_is_one_to_one_and_blind_to_order_and_sign() -> None:
    rows = orthonormal(5, 3).T
    assert torch.allclose(matched(rows, -rows[[2, 0, 1]]), torch.ones(3).double())
    near = torch.stack([rows[0], (rows[0] + 0.1 * rows[1]) / math.hypot(1, 0.1)])
    assert matched(near, rows[:2]).tolist() == pytest.approx([1.0, 0.1 / math.hypot(1, 0.1)], abs=1e-9)


def test_subspaces_are_compared_by_their_largest_principal_angle() -> None:
    first, second = orthonormal(6, 3, seed=1).T, orthonormal(6, 3, seed=2).T
    ours = subspaces(first, second)
    theirs = [math.cos(subspace_angles(first[:j].T.numpy(), second[:j].T.numpy()).max()) for j in (1, 2, 3)]
    assert ours.tolist() == pytest.approx(theirs)


def test_directions_made_for_something_are_paired_by_it_and_what_is_not_found_again_is_nan() -> None:
    """A redraw in which a concept never varies gives one direction fewer."""
    gan, _ = known_gan([3.0, 2.0, 1.0, 0.4])
    found = replace(random_directions(gan, 3, seed=0), targets=("a", "b", "c"))
    fewer = replace(found.only([2, 0]), targets=("c", "a"))
    again = stability(replace(found, again=lambda seed: fewer if seed % 2 else found), samples=2)
    assert again is not None
    torch.testing.assert_close(again.each, torch.ones(3, dtype=torch.float64))
    never = stability(replace(found, again=lambda seed: fewer), samples=2)
    assert never is not None
    assert torch.isnan(never.each).tolist() == [False, True, False]
    assert torch.isnan(never.together).tolist() == [False, False, True]
