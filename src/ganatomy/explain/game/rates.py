"""The ends of the spectrum of a game's Jacobian, each with its residual, on a budget of products.

    found = rates(field.at(weights))
    found.largest.value, found.rightmost.value, found.rotating.value      # lambda
    found.rightmost.residual                                             # |J^T u - lambda u| for |u| = 1, measured

One Arnoldi factorisation of J^T, all bases kept orthogonal, grows until all three are exact enough or the budget is
spent: three runs with restarts, as in theory.spectra, take five times the products on networks of 100,000 weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.theory.field import Here

BUDGET = 160  # products; as many vectors are kept
CHECKED, LEAST = 20, 60  # so many products lie between two looks, and before the first: slow turning shows late
EXACT = 1e-7  # residuals, in units of the largest eigenvalue found: at these the search ends
TRUSTED = 0.01  # residual over |lambda| of what is told
LOST = 1e-12  # what is left of a vector when the space is exhausted, relative to the largest


@dataclass(frozen=True)
class Rate:
    """An eigenvalue, the upper of a pair, and how far it is from being one."""

    value: complex
    residual: float

    @property
    def told(self) -> bool:
        """Whether it is exact enough to be spoken of, and its sign, too."""
        return self.residual <= TRUSTED * abs(self.value)

    @property
    def ratio(self) -> float:
        """|Im| / |Re|: above 1 it turns faster than it grows or dies."""
        return abs(self.value.imag) / max(abs(self.value.real), 1e-300)


@dataclass(frozen=True)
class Rates:
    """Of largest modulus, with the largest real part, with the largest imaginary part; all from one search."""

    largest: Rate
    rightmost: Rate
    rotating: Rate
    products: int


def rates(here: Here, *, budget: int = BUDGET, seed: int = 0) -> Rates:
    size = len(here.value)
    if not bool(torch.isfinite(here.value).all()):
        raise UsageError("a spectrum was asked for where v is not finite", "take a checkpoint from before it diverged")
    start = Stream(seed, "explain/rates").normal(range(1), size, dtype=torch.float64)[0]
    krylov, products = _Krylov(here, start), 0
    for products in range(1, min(budget, size) + 1):
        krylov.grow()
        if krylov.done or (products >= LEAST and products % CHECKED == 0 and krylov.exact()):
            break
    largest, rightmost, rotating = (krylov.rate(place) for place in krylov.ends())
    return Rates(largest, rightmost, rotating, products)


class _Krylov:
    """An orthonormal basis of start, J^T start, ..., and J^T within it (Golub and Van Loan 2013, section 10.5)."""

    def __init__(self, here: Here, start: Tensor) -> None:
        self.here, self.basis = here, (start / start.norm())[None]
        self.columns: list[Tensor] = []
        self.left = self.scale = 0.0

    def grow(self) -> None:
        count = len(self.columns)
        if count + 1 > len(self.basis) - 1:  # room for more, CHECKED at a time
            self.basis = torch.cat([self.basis, self.basis.new_empty(CHECKED, self.basis.shape[1])])
        known, pushed = self.basis[: count + 1], self.here.pull(self.basis[count])
        self.scale = max(self.scale, float(pushed.norm()))
        column = torch.zeros(count + 1, dtype=torch.float64)
        for _ in range(2):  # once more for what rounding leaves
            part = known @ pushed
            pushed, column = pushed - part @ known, column + part
        self.left = float(pushed.norm())
        self.columns.append(torch.cat([column, torch.tensor([self.left], dtype=torch.float64)]))
        if not self.done:
            self.basis[count + 1] = pushed / self.left

    @property
    def done(self) -> bool:
        return self.left <= LOST * self.scale

    def within(self) -> tuple[Tensor, Tensor]:
        """Eigenvalues and vectors of the small table."""
        count = len(self.columns)
        table = torch.zeros(count, count, dtype=torch.float64)
        for place, column in enumerate(self.columns):
            table[: min(place + 2, count), place] = column[:count]
        values, vectors = torch.linalg.eig(table)
        return values, vectors

    def exact(self) -> bool:
        values, vectors = self.within()
        off = self.left * vectors[-1].abs()
        return all(float(off[place]) <= EXACT * float(values.abs().max()) for place in self.ends())

    def ends(self) -> tuple[int, int, int]:
        values, _ = self.within()
        upper = torch.where(values.imag >= 0, 1.0, 1.0 - 1e-12)  # of a pair
        largest = (values.abs() * upper).argmax()
        right = (values.real - (1 - upper) * values.abs().max()).argmax()
        return int(largest), int(right), int(values.imag.argmax())

    def rate(self, place: int) -> Rate:
        """Its residual from two products with the vector itself."""
        values, vectors = self.within()
        value, known = complex(values[place]), self.basis[: len(self.columns)]
        real, imag = vectors[:, place].real @ known, vectors[:, place].imag @ known
        pulled = torch.complex(self.here.pull(real), self.here.pull(imag))
        vector = torch.complex(real, imag)
        return Rate(value, float((pulled - value * vector).norm() / vector.norm()))
