"""Linear algebra of covariances and of Jacobians that are never formed.

    root(covariance)                                   # symmetric square root
    left, values, right = top_singular(matrix, 5)      # leading singular directions
    jacobian_singular(generator, z, 5)                 # the same of d generator / d z, by products alone

Directions come as columns, ordered by falling singular value; the entry of largest size in each right one is positive,
so that the same matrix gives the same signs everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ganatomy.errors import DivergedError, InputError, UsageError
from ganatomy.numerics.random import Stream

Map = Callable[[Tensor], Tensor]


class Singular(NamedTuple):
    """Leading singular triples: matrix ~ left @ diag(values) @ right.T."""

    left: Tensor
    values: Tensor
    right: Tensor


def root(matrix: Tensor) -> Tensor:
    """Symmetric square root of a positive semi-definite matrix, float64; rounding below zero is cut to zero."""
    values, vectors = _spectrum(matrix)
    return (vectors * values.sqrt()) @ vectors.T


def inverse_root(matrix: Tensor, *, floor: float = 1e-12) -> Tensor:
    """Symmetric inverse square root on the range; directions below floor times the largest eigenvalue map to zero."""
    values, vectors = _spectrum(matrix)
    kept = values > floor * values[-1]
    scale = torch.where(kept, values.clamp(min=1e-300).rsqrt(), torch.zeros_like(values))
    return (vectors * scale) @ vectors.T


def top_singular(matrix: Tensor, k: int) -> Singular:
    """The k leading singular triples of a matrix, float64, exact (a full decomposition)."""
    if matrix.dim() != 2 or not 1 <= k <= min(matrix.shape):
        raise UsageError(
            f"{k} singular directions of a matrix of shape {tuple(matrix.shape)} were asked for",
            "k lies between 1 and the smaller side",
        )
    left, values, right = torch.linalg.svd(_finite(matrix), full_matrices=False)
    return _signed(left[:, :k], values[:k], right[:k].T)


def jvp(f: Map, x: Tensor, direction: Tensor) -> Tensor:
    """J v: how f(x) moves when x moves along `direction`, by forward-mode differentiation."""
    moved: Tensor = torch.func.jvp(f, (x,), (direction,))[1]
    return moved


def vjp(f: Map, x: Tensor, weights: Tensor) -> Tensor:
    """J^T w: the gradient of <w, f(x)>, by reverse-mode differentiation."""
    pulled: Tensor = torch.func.vjp(f, x)[1](weights)[0]
    return pulled


def jacobian_singular(
    f: Map, x: Tensor, k: int, *, tolerance: float = 1e-9, rounds: int = 1000, seed: int = 0
) -> Singular:
    """Leading singular triples of the Jacobian of f at one flat point x, by subspace iteration on J^T J.

    f maps (inputs,) to a tensor of any shape, flattened for `left`. Two spare directions are carried along, which
    speeds up close spectra. Stops when no singular value moves by more than `tolerance` of the largest, and raises
    when `rounds` do not suffice. Works in the precision of x; take float64 for tight tolerances.
    """
    x = x.detach()

    def flat(z: Tensor) -> Tensor:
        return f(z).reshape(-1)

    outputs = flat(x).numel()
    if x.dim() != 1 or not 1 <= k <= min(len(x), outputs):
        raise UsageError(
            f"{k} Jacobian directions were asked for at a point of shape {tuple(x.shape)} with {outputs} outputs",
            "give one flat point and a k between 1 and the smaller of inputs and outputs",
        )
    tolerance = max(tolerance, 16 * torch.finfo(x.dtype).eps)
    push = torch.vmap(lambda v: jvp(flat, x, v), in_dims=1, out_dims=1)
    pull = torch.vmap(lambda w: vjp(flat, x, w), in_dims=1, out_dims=1)
    wide = min(k + 2, len(x), outputs)
    basis = torch.linalg.qr(Stream(seed, "jacobian").normal(range(len(x)), wide, dtype=x.dtype).to(x.device))[0]
    before = torch.zeros(k, dtype=x.dtype, device=x.device)
    for _ in range(rounds):
        pushed = push(basis)
        if not bool(torch.isfinite(pushed).all()):
            raise DivergedError("the Jacobian holds NaN or infinite values", "check the weights and the point")
        left, values, turn = torch.linalg.svd(pushed, full_matrices=False)
        basis = basis @ turn.T
        values_now = values[:k]
        if bool((values_now - before).abs().max() <= tolerance * values_now[0].clamp(min=1e-300)):
            return _signed(left[:, :k], values_now, basis[:, :k])
        before = values_now
        basis = torch.linalg.qr(pull(left * values))[0]
    raise DivergedError(
        f"the Jacobian's singular values still moved after {rounds} rounds", "ask for fewer, or a larger tolerance"
    )


def _spectrum(matrix: Tensor) -> tuple[Tensor, Tensor]:
    if matrix.dim() != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise UsageError(f"the root of a matrix of shape {tuple(matrix.shape)} was asked for", "give a square matrix")
    m = _finite(matrix)
    values, vectors = torch.linalg.eigh((m + m.T) / 2)
    if float(values[0]) < -1e-6 * max(float(values[-1]), 0.0) - 1e-12:
        raise UsageError(
            f"a matrix with an eigenvalue of {float(values[0]):.3g} has no real root", "give a covariance matrix"
        )
    return values.clamp(min=0), vectors


def _finite(matrix: Tensor) -> Tensor:
    if not bool(torch.isfinite(matrix).all()):
        raise InputError("a matrix holds NaN or infinite values", "check what it was computed from")
    return matrix.detach().double()


def _signed(left: Tensor, values: Tensor, right: Tensor) -> Singular:
    largest = right.gather(0, right.abs().argmax(0, keepdim=True))
    sign = torch.where(largest < 0, -torch.ones_like(largest), torch.ones_like(largest))
    return Singular(left * sign, values, right * sign)
