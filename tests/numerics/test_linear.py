"""Roots and singular directions against numpy and against full Jacobians."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.errors import DivergedError, InputError, UsageError
from ganatomy.numerics.linear import inverse_root, jacobian_singular, jvp, root, top_singular, vjp
from ganatomy.numerics.random import Stream


def normal(*shape: int, seed: int = 0) -> Tensor:
    return Stream(seed, "linear").normal(range(shape[0]), *shape[1:], dtype=torch.float64)


def curved(z: Tensor) -> Tensor:
    """A small smooth map from 8 numbers to a 4 x 5 picture."""
    return torch.tanh(normal(20, 8) @ torch.sin(z) + 0.3 * z.square().sum()).reshape(4, 5)


def test_roots() -> None:
    half = normal(6, 4, seed=1)
    matrix = half @ half.T  # rank 4 of 6
    assert torch.allclose(root(matrix) @ root(matrix), matrix, atol=1e-10)
    assert torch.equal(root(matrix), root(matrix).T) or torch.allclose(root(matrix), root(matrix).T, atol=1e-12)
    projector = inverse_root(matrix) @ matrix @ inverse_root(matrix)
    assert torch.allclose(projector @ projector, projector, atol=1e-8)
    assert float(projector.trace()) == pytest.approx(4, abs=1e-8)


def test_top_singular_rebuilds_the_matrix_with_falling_values_and_fixed_signs() -> None:
    matrix = normal(7, 5, seed=2)
    found = top_singular(matrix, 5)
    assert torch.allclose(found.left @ found.values.diag() @ found.right.T, matrix, atol=1e-10)
    assert bool((found.values.diff() <= 0).all())
    again = top_singular(-matrix, 5)
    assert torch.allclose(again.right, found.right, atol=1e-9)
    assert torch.allclose(again.left, -found.left, atol=1e-9)
    assert bool((found.right.gather(0, found.right.abs().argmax(0, keepdim=True)) > 0).all())


def test_jacobian_products_equal_the_full_jacobian() -> None:
    z, v, w = normal(8), normal(8, seed=3), normal(4, 5, seed=4)
    full = torch.func.jacrev(curved)(z)
    assert torch.allclose(jvp(curved, z, v), full @ v, atol=1e-12)
    assert torch.allclose(vjp(curved, z, w), torch.einsum("ij,ijk->k", w, full), atol=1e-12)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_jacobian_directions_equal_those_of_the_full_jacobian(k: int) -> None:
    z = normal(8, seed=5)
    exact = top_singular(torch.func.jacrev(curved)(z).reshape(20, 8), k)
    found = jacobian_singular(curved, z, k, tolerance=1e-13)
    assert torch.allclose(found.values, exact.values, atol=1e-9)
    assert torch.allclose(found.right, exact.right, atol=1e-4)
    assert torch.allclose(found.left, exact.left, atol=1e-4)


def test_a_linear_map_gives_its_own_singular_directions_and_z_is_not_touched() -> None:
    matrix, z = normal(30, 6, seed=6), normal(6)
    before = z.clone()
    found, exact = jacobian_singular(lambda x: matrix @ x, z, 2), top_singular(matrix, 2)
    assert torch.allclose(found.values, exact.values, atol=1e-9)
    assert torch.equal(z, before)
    assert not z.requires_grad


def test_single_precision_converges_and_rank_one_is_no_trouble() -> None:
    u, v = normal(9, seed=7).float(), normal(5, seed=8).float()
    found = jacobian_singular(lambda x: u * (v @ x), torch.zeros(5), 3)
    assert found.values.tolist() == pytest.approx([float(u.norm() * v.norm()), 0, 0], abs=1e-5)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: root(torch.ones(2, 3)), UsageError, "square"),
        (lambda: root(torch.tensor([[1.0, 0], [0, -1]])), UsageError, "no real root"),
        (lambda: root(torch.tensor([[float("nan")]])), InputError, "NaN"),
        (lambda: top_singular(torch.ones(2, 3), 3), UsageError, "3 singular directions"),
        (lambda: jacobian_singular(curved, normal(8), 9), UsageError, "9 Jacobian directions"),
        (lambda: jacobian_singular(lambda x: x[:2], torch.zeros(8), 3), UsageError, "2 outputs"),
        (lambda: jacobian_singular(lambda x: x / 0, torch.ones(3), 1), DivergedError, "NaN"),
        (lambda: jacobian_singular(curved, normal(8), 4, rounds=1), DivergedError, "after 1 rounds"),
    ],
)
def test_bad_input_is_refused(ask, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ask()
