"""Rounding is told from spread, of large numbers and of a nothing that large ones make."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.explain.spread import rounding, varies
from ganatomy.numerics.random import Stream

EPS = torch.finfo(torch.float32).eps


@given(st.floats(1e-20, 1e20), st.booleans())
def test_eight_steps_of_float32_are_the_border(size: float, negative: bool) -> None:
    mean = torch.tensor([-size if negative else size], dtype=torch.float64)
    assert varies(mean, mean.abs() * 9 * EPS).all()
    assert not varies(mean, mean.abs() * 7 * EPS).any()


def test_nothing_does_not_vary_and_what_is_no_number_neither() -> None:
    mean, sd = torch.tensor([0.0, 0.0, 3.0, float("nan")]), torch.tensor([0.0, 1e-6, float("nan"), 1.0])
    assert varies(mean, sd).tolist() == [False, True, False, False]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_last_digits_of_large_pixels_are_no_spread_of_their_mean(dtype: torch.dtype) -> None:
    """Pictures of mean 0: their brightness is rounding, their contrast is not."""
    pictures = Stream(0, "pictures").normal(range(64), 1, 8, 8)
    pictures = (pictures - pictures.mean((1, 2, 3), keepdim=True)).to(dtype)
    found = _looks(pictures)
    digits = rounding(_looks, pictures)
    assert float(digits[0]) == pytest.approx(EPS / 8 * float(pictures.square().mean().sqrt()), rel=0.5)
    assert varies(found.mean(0), found.std(0)).tolist() == [True, True], "of a mean near 0 alone it cannot be seen"
    assert varies(found.mean(0), found.std(0), rounding=digits).tolist() == [False, True]


def _looks(pictures: torch.Tensor) -> torch.Tensor:
    return torch.stack([pictures.mean((1, 2, 3)), pictures.std((1, 2, 3))], 1).double()
