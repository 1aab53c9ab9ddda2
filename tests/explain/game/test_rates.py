"""The ends of a spectrum equal those of the dense Jacobian, and their residuals say how far off they are."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.game.rates import Rate, rates
from ganatomy.numerics.random import Stream

SIZE = 120


class Known:
    """What a `Here` offers, of a matrix that is given."""

    def __init__(self, matrix: Tensor) -> None:
        self.matrix, self.value, self.calls = matrix, torch.ones(len(matrix), dtype=torch.float64), 0

    def pull(self, weights: Tensor) -> Tensor:
        self.calls += 1
        return self.matrix.T @ weights


def planted(*blocks: Tensor) -> Tensor:
    """These blocks and a cloud near -1, behind a change of basis that is not orthogonal."""
    rest = -1 - 0.1 * Stream(0, "rest").uniform(range(1), SIZE, dtype=torch.float64)[0]
    table = torch.diag(rest)
    whole = torch.block_diag(*blocks).double()
    table[: len(whole), : len(whole)] = whole
    basis = torch.eye(SIZE, dtype=torch.float64)
    basis += 0.3 * Stream(0, "basis").normal(range(1), SIZE, SIZE, dtype=torch.float64)[0] / SIZE**0.5
    found: Tensor = basis @ table @ torch.linalg.inv(basis)
    return found


MATRIX = planted(torch.tensor([[-9.0]]), torch.tensor([[2.5]]), torch.tensor([[-0.5, 4.0], [-4.0, -0.5]]))


def test_planted_ends_are_found_from_fewer_products_than_weights() -> None:
    known = Known(MATRIX)
    found = rates(known)  # type: ignore[arg-type]
    assert found.largest.value == pytest.approx(-9, abs=1e-7)
    assert found.rightmost.value == pytest.approx(2.5, abs=1e-7)
    assert found.rotating.value == pytest.approx(-0.5 + 4j, abs=1e-7)
    assert found.products < SIZE
    assert known.calls == found.products + 6
    assert all(end.told for end in (found.largest, found.rightmost, found.rotating))
    assert found.rotating.ratio == pytest.approx(8)


def test_a_short_budget_is_told_by_the_residual() -> None:
    found = rates(Known(MATRIX), budget=3)  # type: ignore[arg-type]
    assert not found.rotating.told
    assert found.products == 3


def test_an_exhausted_space_ends_the_search() -> None:
    turn = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)
    known = Known(torch.block_diag(*[turn] * 20))  # two directions are all that the start reaches
    found = rates(known)  # type: ignore[arg-type]
    assert found.products == 2
    assert found.rotating.value == pytest.approx(1j, abs=1e-12)


def test_a_rate_without_size_is_not_told() -> None:
    assert not Rate(1e-17, 1e-12).told
    assert Rate(2j, 0.019).told


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(UsageError, match="not finite"):
        rates(SimpleNamespace(value=torch.tensor([1.0, torch.nan])))  # type: ignore[arg-type]
