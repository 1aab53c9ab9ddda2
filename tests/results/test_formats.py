"""Formats and scores: what fits, what is refused, what is converted."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import UsageError
from ganatomy.results.formats import Format, Score

TANH, SIGMOID = Format.picture(1, 2), Format.picture(1, 2, low=0.0, high=1.0)


def test_formats_know_what_they_are() -> None:
    assert (TANH.kind, TANH.shape, TANH.bounds) == ("picture", (1, 2, 2), (-1.0, 1.0))
    assert (Format.point(2).kind, Format.point(2).bounds) == ("point", None)
    assert str(Format.picture(3, (4, 5), low=0, high=1)) == "picture 3 x 4 x 5, in [0, 1]"


@given(st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4))
def test_rescaling_there_and_back(values: list[float]) -> None:
    x = torch.tensor(values).reshape(1, 1, 2, 2)
    there = TANH.rescale(x, SIGMOID)
    SIGMOID.check(there)
    assert torch.allclose(SIGMOID.rescale(there, TANH), x, atol=1e-6)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (torch.zeros(1, 1, 2, 3), "shape"),
        (torch.zeros(1, 1, 2, 2).byte(), r"type torch.uint8, .* \[-1, 1\]\n.* by samples / 255 \* 2 \+ -1"),
        (np.zeros((1, 1, 2, 2)), r"type ndarray\ngive a tensor"),
        (torch.full((1, 1, 2, 2), float("nan")), "NaN"),
        (torch.full((1, 1, 2, 2), 255.0), r"lie in \[255, 255\], wanted was picture"),
        (torch.full((1, 1, 2, 2), -1.01), "lie in"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(samples: torch.Tensor, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TANH.check(samples)


def test_a_batch_that_fits_passes_also_when_it_is_empty() -> None:
    TANH.check(torch.tensor([[[[-1.0, 1.0], [0.0, 1.00001]]]]))
    TANH.check(torch.empty(0, 1, 2, 2))
    Format.point(2).check(torch.full((1, 2), 1e6))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Format((2, 2)), "shape"),
        (lambda: Format((0,)), "at least 1"),
        (lambda: Format((2,), low=0.0), "one end"),
        (lambda: Format((2,), 1.0, 1.0), "empty"),
        (lambda: TANH.rescale(torch.zeros(1, 1, 2, 2), Format.point(2)), "cannot turn"),
        (lambda: Score("logits"), "legal are: logit"),  # type: ignore[arg-type]
        (lambda: Score("logit", "fakes"), "legal are: real"),  # type: ignore[arg-type]
        (lambda: Score("probability").logit(torch.tensor([3.0])), "declared probabilities"),
        (lambda: Score("unbounded").logit(torch.tensor([3.0])), "calibration head"),
    ],
)
def test_nonsense_is_refused(make, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()


@pytest.mark.parametrize("kind", ["logit", "probability", "unbounded"])
def test_realness_grows_with_the_belief_that_it_is_real(kind) -> None:
    raw = torch.tensor([0.1, 0.9])
    assert Score(kind, "real").realness(raw).diff() > 0
    assert Score(kind, "fake").realness(raw).diff() < 0


def test_logits_of_probabilities_stay_finite() -> None:
    logits = Score("probability").logit(torch.tensor([0.0, 0.5, 1.0]))
    assert bool(logits.isfinite().all())
    assert float(logits[1]) == 0.0
    assert torch.allclose(Score("probability", "fake").logit(torch.tensor([0.2])), torch.logit(torch.tensor([0.8])))
    assert Score("logit", "fake").logit(torch.tensor([2.0])).tolist() == [-2.0]


def test_the_logit_of_a_probability_of_fake_keeps_its_digits_near_zero() -> None:
    """1 - 1e-6 in float32 has lost two digits of the odds."""
    odds = Score("probability", "fake").logit(torch.tensor([1e-6]))
    assert float(odds) == pytest.approx(13.815510, abs=1e-4)


@pytest.mark.parametrize("true", [-40.0, -30.0, -20.2, -14.0, 3.0, 16.0])
def test_a_sure_probability_keeps_its_logit_and_its_slope(true: float) -> None:
    logit = torch.tensor([true], requires_grad=True)
    read = Score("probability").logit(torch.sigmoid(logit))
    (slope,) = torch.autograd.grad(read.sum(), logit)
    assert float(read.detach()) == pytest.approx(true, rel=0.03 if true > 10 else 1e-5)
    assert float(slope) == pytest.approx(1.0, abs=1e-4 if true < 10 else 0.5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("high", ["real", "fake"])
def test_the_ends_are_what_zero_and_one_are_read_as(dtype: torch.dtype, high) -> None:
    score = Score("probability", high)
    read = score.logit(torch.tensor([0.0, 1.0], dtype=dtype)).sort().values
    assert tuple(read.tolist()) == score.ends(dtype)


def test_a_penalty_on_the_slope_of_a_sure_probability_stays_finite() -> None:
    logit = torch.tensor([-80.0, 80.0, -44.0], requires_grad=True)
    (slope,) = torch.autograd.grad(Score("probability").logit(torch.sigmoid(logit)).sum(), logit, create_graph=True)
    (curve,) = torch.autograd.grad(slope.square().sum(), logit)
    assert bool(slope.isfinite().all() and curve.isfinite().all())
