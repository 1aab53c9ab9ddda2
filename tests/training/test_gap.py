"""The gap: the formula, its floor, and that it rises with every way of being wrong that it is there to see."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ganatomy.data.catalogue import load_splits
from ganatomy.data.dataset import Rows
from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.training.gap import Ruler, chosen

DIGITS, GRID = load_splits("digits"), load_splits("grid25")


@pytest.fixture(scope="module")
def digits() -> Ruler:
    return Ruler.between(*DIGITS, seed=0)


@pytest.fixture(scope="module")
def grid() -> Ruler:
    return Ruler.between(*GRID, seed=0)


def fresh(data, n: int, block: int = 0) -> Tensor:
    """Samples the ruler was not made from; digits are few, so theirs may be."""
    return (
        data.read(range(10**6 + block * n, 10**6 + (block + 1) * n))
        if data.endless
        else chosen(data, Stream(9, "x"), n)
    )


def test_the_gap_is_the_formula_pair_by_pair() -> None:
    ruler = Ruler.between(*GRID, seed=1, n=7)
    x, y = fresh(GRID[0], 5).double(), ruler.reference[:, :]

    def phi(a: Tensor, b: Tensor) -> float:
        return math.log(1 + float((a - b).norm()) / ruler.scale)

    cross = sum(phi(a, b) for a in x for b in y[:300]) / (5 * 300)
    own = sum(phi(x[i], x[j]) for i in range(5) for j in range(5) if i != j) / 20
    small = replace(ruler, reference=y[:300], radii=ruler.radii[:300])
    assert small.gap(x.float()) == pytest.approx((2 * cross - own) / ruler.within - 1, abs=1e-6)
    inside = [[float((a - b).norm()) <= r for b, r in zip(y[:300], ruler.radii[:300], strict=True)] for a in x]
    reading = small.read(x.float())
    assert reading.fidelity == sum(any(row) for row in inside) / 5
    assert reading.coverage == sum(any(column) for column in zip(*inside, strict=True)) / 300


def test_samples_of_the_same_law_stay_below_the_floor_in_about_95_of_100_cases(grid: Ruler) -> None:
    gaps = [grid.gap(fresh(GRID[0], grid.n, block)) for block in range(60)]
    assert sum(gap > grid.floor.upper for gap in gaps) <= 8  # 3 are expected; 9 or more have a chance below 1 in 200
    assert abs(sum(gaps) / 60 - grid.floor.mean) < 3 * (grid.floor.upper - grid.floor.mean) / 1.6 / math.sqrt(20)


def broken(x: Tensor, labels: Tensor, centres: Tensor, n: int) -> dict[str, Tensor]:
    lost = (labels != 3) & (labels != 7) & (labels != 12) & (labels != 21)
    near = centres[labels].float()
    return {
        "four modes of 25 lost": x[lost][:n],
        "modes four times too wide": (near + 4 * (x - near))[:n],
        "modes ten times too narrow": (near + 0.1 * (x - near))[:n],
        "a grid moved by one std": x[:n] + 0.05,
        "all in one mode": x[labels == 5].repeat(25, 1)[:n],
    }


def test_points_wrong_in_modes_width_or_place_lie_above_the_floor(grid: Ruler) -> None:
    places = range(10**6, 10**6 + 2 * grid.n)
    x, labels, world = GRID[0].read(places), GRID[0].labels(places), GRID[0].truth
    assert labels is not None
    for name, samples in broken(x, labels, world.centres, grid.n).items():  # type: ignore[union-attr]
        assert len(samples) == grid.n
        assert grid.gap(samples) > grid.floor.upper, name


def test_pictures_gap_grows_with_noise_blur_and_lost_classes(digits: Ruler) -> None:
    x = fresh(DIGITS[0], 2 * digits.n)
    noise = Stream(0, "noise").normal(range(digits.n), *x.shape[1:])
    blurred = torch.nn.functional.avg_pool2d(x, 3, 1, 1)
    everything, n = DIGITS[0].read(range(DIGITS[0].size)), digits.n
    labels = DIGITS[0].labels(range(DIGITS[0].size))
    rows = [
        [x[:n], *[(x[:n] + s * noise).clamp(-1, 1) for s in (0.1, 0.3, 1.0)]],
        [x[:n], *[(1 - s) * x[:n] + s * blurred[:n] for s in (0.1, 0.3, 1.0)]],
        [x[:n], *[everything[labels < kept][:n] for kept in (8, 5, 2)]],
    ]
    for row in rows:
        gaps = [digits.gap(samples) for samples in row]
        assert gaps == sorted(gaps)
        assert gaps[1] > digits.floor.upper


def test_data_sorted_by_class_are_not_taken_from_their_first_class_alone(digits: Ruler) -> None:
    def sorted_by_class(data):
        labels = data.labels(range(data.size))
        order = labels.argsort(stable=True)
        return replace(data, draw=Rows(data.draw(range(data.size))[order]), draw_labels=Rows(labels[order]))

    ruler = Ruler.between(*[sorted_by_class(part) for part in DIGITS], seed=0, n=100)
    assert ruler.gap(fresh(DIGITS[0], 100)) < 0.02
    assert abs(ruler.floor.mean) < 0.01


def test_copies_among_the_held_out_samples_leave_the_gap_finite() -> None:
    train, held_out = DIGITS
    copies = replace(held_out, draw=Rows(held_out.draw(range(5)).repeat(20, 1, 1, 1)), size=100)
    ruler = Ruler.between(train, copies, seed=0)
    assert ruler.scale > 0.0
    assert math.isfinite(ruler.gap(fresh(train, ruler.n)))


def test_the_same_call_gives_the_same_ruler_and_too_few_samples_are_an_error() -> None:
    first, again = (Ruler.between(*DIGITS, seed=2, n=50) for _ in range(2))
    assert first.floor == again.floor
    with pytest.raises(UsageError, match="gap"):
        Ruler.between(DIGITS[0], replace(DIGITS[1], size=4), seed=0)
