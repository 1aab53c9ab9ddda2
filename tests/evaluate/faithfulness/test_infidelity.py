"""Infidelity, sensitivity, completeness and correlation: closed forms of linear scores, and captum's numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from ganatomy.evaluate.faithfulness.cases import Case, case_of
from ganatomy.evaluate.faithfulness.completeness import completeness
from ganatomy.evaluate.faithfulness.correlation import faithfulness_correlation
from ganatomy.evaluate.faithfulness.infidelity import (
    best_scale,
    infidelity,
    noise_drops,
    noise_told,
    share,
    shares_of,
    square_drops,
    square_told,
    squares_of,
)
from ganatomy.evaluate.faithfulness.sensitivity import nudge, sensitivity
from ganatomy.numerics.random import Stream

STREAM = Stream(0, "infidelity")
PICTURES = STREAM.normal(range(3), 2, 7, 6, dtype=torch.float64)
BASELINE = torch.full((1, 2, 7, 6), -1.0, dtype=torch.float64)
WEIGHTS = STREAM.normal(range(99, 100), 2, 7, 6, dtype=torch.float64)
SLOPES = WEIGHTS.expand_as(PICTURES)
SD, DRAWS = 0.3, 8


def linear(x: Tensor) -> Tensor:
    return (x * WEIGHTS).flatten(1).sum(1) + 5


def curved(x: Tensor) -> Tensor:
    return torch.tanh(linear(x) / 8) + (x**3 * WEIGHTS).flatten(1).mean(1)


def slopes(score: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        return torch.autograd.grad(score(x).sum(), x)[0]


def noisy(case: Case, maps: Tensor, draws: int = DRAWS) -> tuple[Tensor, Tensor]:
    told = noise_told(case, maps, sd=SD, draws=draws, stream=STREAM)
    return told, noise_drops(case, sd=SD, draws=draws, stream=STREAM)


def drawn(case: Case, place: int) -> Tensor:
    return SD * STREAM.normal(case.draw(place), 2, 7, 6, dtype=torch.float64)


def test_a_linear_score_is_told_by_its_gradient_alone() -> None:
    case = case_of(linear, PICTURES, BASELINE)
    told, seen = noisy(case, SLOPES)
    nothing = infidelity(told * 0, seen)
    assert float(infidelity(told, seen).max()) < 1e-24
    assert torch.allclose(infidelity(*noisy(case, 3 * SLOPES)), 4 * nothing)
    assert float(infidelity(*noisy(case, 3 * SLOPES), scaled=True).max()) < 1e-24
    assert torch.allclose(best_scale(*noisy(case, 3 * SLOPES)), torch.tensor(1 / 3, dtype=torch.float64))
    assert torch.allclose(infidelity(*noisy(case, -SLOPES), scaled=True), nothing)  # the sign matters
    assert torch.allclose(share(nothing, seen), torch.ones(3, dtype=torch.float64))


def test_a_map_of_zeros_has_the_variance_of_the_score_under_the_noise() -> None:
    case = case_of(linear, PICTURES, BASELINE)
    told, seen = noisy(case, SLOPES * 0, draws=3000)
    assert torch.allclose(infidelity(told, seen), SD**2 * WEIGHTS.square().sum(), rtol=0.15)


def test_each_picture_has_its_own_noise_and_several_maps_are_told_at_once() -> None:
    case = case_of(linear, PICTURES, BASELINE, start=4)
    maps = slopes(curved, PICTURES)
    told, _ = noisy(case, torch.stack([maps, SLOPES]))
    by_hand = torch.stack([(drawn(case, place) * maps).flatten(1).sum(1) for place in range(DRAWS)])
    assert torch.allclose(told[:, 0], by_hand)
    single = case_of(linear, PICTURES[1:2], BASELINE, start=5)
    assert torch.allclose(noisy(single, maps[1:2])[0][:, 0], told[:, 0, 1])
    assert not torch.allclose(drawn(case, 0)[0], drawn(case, 0)[1])


@pytest.mark.parametrize("scaled", [False, True])
def test_infidelity_is_captums(scaled: bool) -> None:
    from captum.metrics import infidelity as theirs

    case = case_of(curved, PICTURES, BASELINE)
    maps, places = slopes(curved, PICTURES), iter(range(DRAWS))

    def perturb(x: Tensor) -> tuple[Tensor, Tensor]:
        noise = drawn(case, next(places))
        return noise, x - noise

    told, seen = noisy(case, maps)
    assert float((told * seen).mean(0).min()) > 0, "captum's scale may be below 0"
    wanted = theirs(
        curved, perturb, PICTURES, maps, n_perturb_samples=DRAWS, max_examples_per_batch=3, normalize=scaled
    )
    assert torch.allclose(infidelity(told, seen, scaled=scaled), wanted.double())


def test_squares_are_squares_of_all_sizes_and_places_inside_the_picture() -> None:
    big = case_of(lambda x: x.flatten(1).sum(1), torch.ones(2, 1, 28, 21), torch.zeros(1, 1, 28, 21))
    squares = squares_of(big, draws=600, stream=STREAM).reshape(1200, 28, 21)
    rows, columns = squares.any(2).sum(1), squares.any(1).sum(1)
    assert torch.equal(rows, columns)
    assert torch.equal(rows * columns, squares.flatten(1).sum(1))
    assert sorted(set(rows.tolist())) == list(range(3, 11))
    assert bool(squares.any(0).all())


def test_shares_tell_what_goes_with_a_square() -> None:
    case = case_of(linear, PICTURES, BASELINE)
    squares = squares_of(case, draws=20, stream=STREAM)
    seen = square_drops(case, squares)
    shares = SLOPES * (PICTURES - BASELINE)
    told = square_told(case.pooled(shares), squares)
    assert torch.allclose(told, seen, atol=1e-12)
    assert torch.allclose(square_told(shares_of(case, SLOPES), squares), seen, atol=1e-12)
    for draw in range(20):
        hidden = squares[draw].reshape(3, 1, 7, 6)
        gone = linear(torch.where(hidden, BASELINE, PICTURES))
        assert torch.allclose(seen[draw], linear(PICTURES) - gone)
    assert torch.allclose(faithfulness_correlation(told, seen), torch.ones(3, dtype=torch.float64))
    wanted = [np.corrcoef(told[:, i] ** 2, seen[:, i])[0, 1] for i in range(3)]
    assert np.allclose(faithfulness_correlation(told**2, seen), wanted)
    assert torch.equal(faithfulness_correlation(told * 0, seen), torch.zeros(3, dtype=torch.float64))


def test_points_lose_random_halves() -> None:
    points = PICTURES.flatten(1)
    case = case_of(lambda x: x.sum(1), points, torch.zeros(84))
    squares = squares_of(case, draws=200, stream=STREAM)
    assert squares.shape == (200, 3, 84)
    assert abs(float(squares.double().mean()) - 0.5) < 0.02


def test_a_score_that_never_moves_leaves_nothing_to_tell() -> None:
    case = case_of(lambda x: x.flatten(1).sum(1) * 0, PICTURES, BASELINE)
    told, seen = noisy(case, SLOPES)
    assert torch.equal(share(infidelity(told, seen, scaled=True), seen), torch.ones(3, dtype=torch.float64))


def test_completeness_of_shares_zeros_and_small_changes() -> None:
    change = case_of(linear, PICTURES, BASELINE).change
    shares = SLOPES * (PICTURES - BASELINE)
    assert float(completeness(shares, change).max()) < 1e-12
    assert torch.equal(completeness(shares * 0, change), torch.ones(3, dtype=torch.float64))
    assert torch.allclose(completeness(3 * shares, change), torch.full((3,), 2.0, dtype=torch.float64))
    small = completeness(torch.ones(1, 4), torch.tensor([0.01], dtype=torch.float64), least=0.5)
    assert float(small) == pytest.approx(3.99 / 0.5)


def test_sensitivity_is_captums() -> None:
    from captum.metrics import sensitivity_max

    case, draws = case_of(curved, PICTURES, BASELINE), iter(range(5))

    def explain(x: Tensor) -> Tensor:
        return slopes(curved, x)

    def tuples(x: Tensor | tuple[Tensor]) -> Tensor | tuple[Tensor]:  # captum hands over one or the other
        return explain(x) if isinstance(x, Tensor) else (explain(x[0]),)

    def perturb(x: Tensor, _: float) -> Tensor:
        return x + nudge(case, next(draws), radius=0.1, stream=STREAM)

    found = sensitivity(explain, case, explain(PICTURES), radius=0.1, draws=5, stream=STREAM)
    wanted = sensitivity_max(tuples, PICTURES, perturb, n_perturb_samples=5, max_examples_per_batch=3)
    assert torch.allclose(found, wanted.double())
    assert float(found.min()) > 1e-3


def test_sensitivity_is_0_for_what_stays_and_finite_for_zeros() -> None:
    case = case_of(linear, PICTURES, BASELINE)
    for explain in (torch.ones_like, torch.zeros_like, lambda x: slopes(linear, x)):
        found = sensitivity(explain, case, explain(PICTURES), radius=0.1, draws=3, stream=STREAM)
        assert float(found.max()) == 0
    moves = [nudge(case, place, radius=0.1, stream=STREAM) for place in range(200)]
    assert float(torch.stack(moves).abs().max()) <= 0.1
    assert float(torch.stack(moves).abs().mean()) == pytest.approx(0.05, abs=0.002)
