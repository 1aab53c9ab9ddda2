"""Concept vectors against scikit-learn and closed forms; pooling against autograd; random sets."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.explain.critic.concepts.vectors import (
    KINDS,
    PENALTY,
    Sets,
    Vectors,
    accuracy,
    at_random,
    cells_of,
    cosine,
    extremes,
    halves,
    pooled,
    pooled_slopes,
    space_of,
    steps,
)
from ganatomy.explain.latent.logistic import fitted
from ganatomy.numerics.random import Stream

STREAM = Stream(0, "vectors")


def cloud(n: int = 200, k: int = 6) -> tuple[Tensor, Tensor]:
    """Coordinates of unequal spread."""
    spread = torch.linspace(3, 0.5, k, dtype=torch.float64)
    return STREAM.normal(range(n), k, dtype=torch.float64) * spread, spread


def pair(z: Tensor, axis: int = 1, m: int = 50) -> Sets:
    order = (z[:, axis] + 0.5 * z[:, 0]).argsort()
    return Sets(order[-m:][None], order[:m][None])


def test_logistic_normals_are_those_of_latent_logistic_and_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    z, spread = cloud()
    several = Sets(
        torch.cat([pair(z, axis).having for axis in (1, 2, 3)] * 30),
        torch.cat([pair(z, a).lacking for a in (1, 2, 3)] * 30),
    )
    found = KINDS["logistic"](z / spread, spread, several)
    assert found.along.shape == (90, 6)
    for place in (0, 1, 89):
        rows = torch.cat([several.having[place], several.lacking[place]])
        y = torch.cat([torch.ones(50), torch.zeros(50)]).double()
        x = (z / spread)[rows]
        own = fitted(torch.cat([x, torch.ones(100, 1, dtype=torch.float64)], 1), y, penalty=PENALTY, flips=0.0)
        theirs = LogisticRegression(C=1 / (PENALTY * 100), tol=1e-10, max_iter=1000).fit(x.numpy(), y.numpy())
        for weights, offset in (
            (own[:-1], own[-1]),
            (torch.tensor(theirs.coef_[0]), torch.tensor(theirs.intercept_[0])),
        ):
            wanted = weights / spread
            assert torch.allclose(found.along[place], wanted / wanted.norm(), atol=1e-4)
            assert float(found.offsets[place]) == pytest.approx(-float(offset / wanted.norm()), abs=1e-3)


def test_differences_are_of_means_and_divide_half_way() -> None:
    z, spread = cloud()
    sets = pair(z)
    found = KINDS["difference"](z / spread, spread, sets)
    having, lacking = z[sets.having[0]].mean(0), z[sets.lacking[0]].mean(0)
    assert torch.allclose(found.along[0], (having - lacking) / (having - lacking).norm())
    assert float(found.along[0] @ (having + lacking) / 2) == pytest.approx(float(found.offsets[0]))


def test_two_separable_sets_are_told_apart_which_captum_reports_as_one_half() -> None:
    z = torch.cat([torch.ones(20, 2), -torch.ones(20, 2)]).double() + 0.01 * STREAM.normal(range(40), 2).double()
    sets, unit = Sets(torch.arange(20)[None], torch.arange(20, 40)[None]), torch.ones(2, dtype=torch.float64)
    for fit in KINDS.values():
        assert accuracy(fit(z, unit, sets), z, sets) == (40, 40)
        turned = Sets(sets.lacking, sets.having)
        assert accuracy(fit(z, unit, sets), z, turned) == (0, 40)


def test_cosine_is_the_mean_over_pairs_and_steps_are_spreads() -> None:
    z, spread = cloud(2000)
    along = torch.nn.functional.normalize(STREAM.normal(range(5), 6, dtype=torch.float64), dim=1)
    found = Vectors(along, torch.zeros(5))
    each = [float(along[i] @ along[j]) for i in range(5) for j in range(5) if i != j]
    assert cosine(found) == pytest.approx(sum(each) / len(each))
    assert torch.allclose(steps(found, spread), (z @ along.T).std(0), rtol=0.1)


@pytest.mark.parametrize("shape", [(5,), (3, 7, 5), (600, 4, 4), (2, 9, 9), (4, 6)])
def test_a_slope_is_that_of_moving_cells_as_one(shape: tuple[int, ...]) -> None:
    cells = cells_of(shape)
    activation = STREAM.normal(range(4), *shape).double().requires_grad_()
    weight = STREAM.normal(range(1), *shape).double()[0]

    def score(a: Tensor) -> Tensor:
        return ((a * weight).flatten(1).sum(1)).square()

    (gradient,) = torch.autograd.grad(score(activation).sum(), activation)
    values, slopes = pooled(activation, cells), pooled_slopes(gradient, cells)
    assert values.shape == slopes.shape
    assert values.shape[1] <= max(512, shape[0])
    move = STREAM.normal(range(1), values.shape[1]).double()[0]
    moved = activation.detach().clone()
    grid = move.reshape(shape[0], -1)
    for place in range(moved[0, 0].numel()):
        if len(shape) == 3:
            i, j = divmod(place, shape[2])
            moved[:, :, i, j] += 1e-6 * grid[:, i * cells[0] // shape[1] * cells[1] + j * cells[1] // shape[2]]
        elif len(shape) == 2:
            moved[:, :, place] += 1e-6 * grid[:, 0]
        else:
            moved += 1e-6 * grid[:, 0]
    assert torch.allclose(pooled(moved, cells) - values, 1e-6 * move.expand_as(values), atol=1e-10)
    rise = (score(moved) - score(activation)) / 1e-6
    assert torch.allclose(rise.detach(), slopes @ move, rtol=1e-3, atol=1e-2)


def test_a_space_keeps_leading_components_and_none_of_what_stands_still() -> None:
    values = STREAM.normal(range(100), 40).double() * torch.linspace(5, 0.01, 40).double()
    space = space_of(values, most=8)
    assert space is not None
    z = space.coordinates(values)
    assert torch.allclose(z.std(0), space.spread)
    assert torch.allclose(torch.corrcoef(z.T), torch.eye(8, dtype=torch.float64), atol=1e-8)
    assert torch.allclose(space.slopes(values[:3]), values[:3] @ space.axes)
    assert space_of(torch.ones(50, 7, dtype=torch.float64)) is None


def test_extremes_take_equal_shares_of_every_sort() -> None:
    values = torch.cat([torch.arange(40.0), 1000 + torch.arange(20.0)])
    sets = extremes(values, [range(40), range(40, 60)], 0.25, stream=STREAM)
    assert sets is not None
    assert sorted(sets.having[0].tolist()) == [*range(30, 40), *range(55, 60)]
    assert sorted(sets.lacking[0].tolist()) == [*range(10), *range(40, 45)]
    assert extremes((values > 58).double(), [range(40), range(40, 60)], 0.25, stream=STREAM) is None
    some = extremes((torch.arange(40) >= 28).double(), [range(40)], 0.25, stream=STREAM)
    assert some is not None
    assert min(some.having[0].tolist()) >= 28
    assert some.having[0].tolist() != list(range(30, 40))  # ties are broken at random


def test_random_sets_are_disjoint_pairs_of_every_sort_that_favour_nobody() -> None:
    sets = at_random([range(12), range(12, 32)], 0.25, 2000, stream=STREAM)
    assert sets.having.shape == sets.lacking.shape == (2000, 8)
    both = torch.cat([sets.having, sets.lacking], 1)
    assert all(len(set(row.tolist())) == 16 for row in both[:200])
    assert torch.equal((sets.having < 12).sum(1), torch.full((2000,), 3))
    times = torch.bincount(sets.having.flatten(), minlength=32) / 2000
    assert float((times - 0.25).abs().max()) < 0.05
    half = halves(Sets(sets.having[:1], sets.lacking[:1]), 6, stream=STREAM)
    assert half.having.shape == (6, 4)
    assert set(half.having.flatten().tolist()) <= set(sets.having[0].tolist())
    assert set(half.lacking.flatten().tolist()) <= set(sets.lacking[0].tolist())
