"""Fréchet distance, neighbours and mode counts against closed forms, slow loops and peer packages."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics import distances
from ganatomy.numerics.distances import (
    count_modes,
    frechet,
    frechet_floor,
    frechet_gaussian,
    frechet_thin,
    neighbours,
    tally_modes,
)
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Covariance


def normal(n: int, d: int, seed: int = 0, scale: float = 1.0) -> Tensor:
    return Stream(seed, "distances").normal(range(n), d, dtype=torch.float64) * scale


def correlated(n: int, d: int, seed: int) -> Tensor:
    return normal(n, d, seed) @ normal(d, d, seed + 100) + normal(1, d, seed + 200)


def gaussian(mean: Tensor, covariance: Tensor) -> Covariance:
    """Exact moments, as if from very many samples."""
    n = 10**9
    return Covariance(n, mean, covariance * (n - 1))


def test_commuting_covariances_have_a_closed_form() -> None:
    zero, one = torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    eye = torch.eye(4, dtype=torch.float64)
    assert frechet_gaussian(gaussian(zero, eye), gaussian(one, 4 * eye)) == pytest.approx(8, rel=1e-9)
    first, second = torch.tensor([1.0, 4.0, 9.0, 0.0]).double(), torch.tensor([4.0, 1.0, 0.25, 0.0]).double()
    expected = float((first.sqrt() - second.sqrt()).square().sum())
    assert frechet_gaussian(gaussian(zero, first.diag()), gaussian(zero, second.diag())) == pytest.approx(expected)


def test_the_plane_case_of_the_literature() -> None:
    a = gaussian(torch.zeros(2).double(), torch.tensor([[1, 0.5], [0.5, 2]]).double())
    b = gaussian(torch.tensor([1.0, -1.0]).double(), torch.tensor([[2, -0.3], [-0.3, 0.5]]).double())
    assert frechet_gaussian(a, b) == pytest.approx(2.928835644, abs=1e-8)


@pytest.mark.parametrize(("n", "m", "d"), [(400, 300, 8), (60, 50, 40), (30, 20, 50)])
def test_against_the_matrix_root_of_the_product(n: int, m: int, d: int) -> None:
    x, y = correlated(n, d, 1), correlated(m, d, 2)
    first, second = np.cov(x.numpy().T), np.cov(y.numpy().T)
    values = scipy.linalg.eigvals(first @ second).real.clip(0)
    slow = np.square(x.numpy().mean(0) - y.numpy().mean(0)).sum() + np.trace(first + second) - 2 * np.sqrt(values).sum()
    assert frechet(x, y) == pytest.approx(slow, rel=1e-6)


def test_the_thin_and_the_symmetric_form_agree() -> None:
    x, y = correlated(30, 50, 1), correlated(20, 50, 2)
    assert frechet_thin(x, y) == pytest.approx(frechet_gaussian(Covariance.of(x), Covariance.of(y)), rel=1e-6)
    x, y = correlated(100, 20, 1), correlated(90, 20, 2)
    assert frechet_thin(x, y) == pytest.approx(frechet_gaussian(Covariance.of(x), Covariance.of(y)), rel=1e-9)


def test_invariances() -> None:
    x, y = correlated(200, 6, 3), correlated(150, 6, 4)
    rotation = torch.linalg.qr(normal(6, 6, 5))[0]
    value = frechet(x, y)
    assert frechet(x, x) == pytest.approx(0, abs=1e-8)
    assert frechet(y, x) == pytest.approx(value, rel=1e-9)
    assert frechet(x + 7, y + 7) == pytest.approx(value, rel=1e-9)
    assert frechet(x @ rotation, y @ rotation) == pytest.approx(value, rel=1e-9)
    assert frechet(3 * x, 3 * y) == pytest.approx(9 * value, rel=1e-9)
    assert frechet(x.flip(0), y) == pytest.approx(value, rel=1e-9)


def test_against_torchmetrics() -> None:
    from torchmetrics.image.fid import _compute_fid

    x, y = correlated(200, 12, 7), correlated(180, 12, 8)
    peer = _compute_fid(x.mean(0), torch.cov(x.T), y.mean(0), torch.cov(y.T))
    assert frechet(x, y) == pytest.approx(float(peer), rel=1e-9)


@pytest.mark.parametrize(("d", "n"), [(4, 300), (16, 500)])
def test_the_floor_is_what_two_samples_of_one_law_measure(d: int, n: int) -> None:
    spectrum = torch.linspace(0.2, 3, d, dtype=torch.float64)
    drawn = [
        frechet(normal(n, d, 2 * seed) * spectrum.sqrt(), normal(n, d, 2 * seed + 1) * spectrum.sqrt())
        for seed in range(120)
    ]
    error = np.std(drawn) / math.sqrt(len(drawn))
    expected = frechet_floor(spectrum, n, n)
    assert abs(np.mean(drawn) - expected) < 4 * error + 0.05 * expected  # first order in 1/n
    assert frechet_floor(torch.ones(d), n, n) == pytest.approx(2 * d / n + d * (d + 1) / (2 * n))


@pytest.mark.parametrize("chunk", [1, 64, 2**22])
@pytest.mark.parametrize("skip_self", [False, True])
def test_neighbours_against_a_full_table(chunk: int, skip_self: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "CHUNK", chunk)
    points = normal(40, 3, 1) + 5
    queries = points if skip_self else normal(25, 3, 2) + 5
    table = np.linalg.norm(queries.numpy()[:, None] - points.numpy()[None], axis=2)
    if skip_self:
        np.fill_diagonal(table, np.inf)
    found, where = neighbours(queries, points, 4, skip_self=skip_self)
    assert np.array_equal(where.numpy(), table.argsort(1)[:, :4])
    assert np.allclose(found.numpy(), np.sort(table, axis=1)[:, :4], rtol=1e-14)


def test_an_exact_copy_is_at_distance_exactly_zero() -> None:
    """float32 tables with a large mean put copies up to 0.1 apart in the expanded square."""
    points = (normal(50, 512, 3) + 5).float()
    found, where = neighbours(points[[7, 30]], points)
    assert found.flatten().tolist() == [0.0, 0.0]
    assert where.flatten().tolist() == [7, 30]


def test_a_far_outlier_does_not_hide_the_copies_of_others() -> None:
    points = normal(201, 8)
    points[0] = 1e10
    found, where = neighbours(points, points)
    assert found.flatten().tolist() == [0.0] * 201
    assert where.flatten().tolist() == list(range(201))


def test_mode_counts_of_a_known_sample() -> None:
    centres = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])
    samples = torch.cat(
        [centres[0].repeat(60, 1), centres[1].repeat(39, 1) + 0.05, centres[2:3] + 0.29, centres[3:] + 1]
    )
    found = count_modes(samples, centres, std=0.15)
    assert (found.n, found.modes, found.loose, found.strict) == (101, 4, 3, 2)
    assert found.counts.tolist() == [60, 39, 1, 0]
    assert found.high_quality == pytest.approx(100 / 101)
    share = np.array([60, 39, 1]) / 100
    assert found.reverse_kl == pytest.approx(float((share * np.log(share * 4)).sum()))


def test_mode_counts_at_the_extremes() -> None:
    perfect = tally_modes(torch.arange(25).repeat(10), 25)
    assert (perfect.loose, perfect.strict, perfect.high_quality) == (25, 25, 1.0)
    assert perfect.reverse_kl == pytest.approx(0)
    lost = tally_modes(torch.full((9,), -1), 25)
    assert (lost.loose, lost.strict, lost.high_quality, lost.reverse_kl) == (0, 0, 0.0, math.inf)
    collapsed = tally_modes(torch.zeros(9, dtype=torch.int64), 25)
    assert collapsed.reverse_kl == pytest.approx(math.log(25))


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda x: frechet(x, x[:, :2]), UsageError, "4 and 2 features"),
        (lambda x: frechet(x[:1], x), UsageError, "two or more"),
        (lambda x: frechet_gaussian(Covariance.of(x), Covariance.of(x[:, :2])), UsageError, "4 and 2 features"),
        (lambda x: frechet(x * float("nan"), x), InputError, "NaN"),
        (lambda x: neighbours(x, x, 10), UsageError, "10 neighbours among 9"),
        (lambda x: neighbours(x, x, 9, skip_self=True), UsageError, "9 neighbours"),
        (lambda x: neighbours(x[:0], x), UsageError, "at least one row"),
        (lambda x: neighbours(x[:3], x, skip_self=True), UsageError, "same table"),
        (lambda x: count_modes(x, x, 0.0), UsageError, "std"),
        (lambda x: tally_modes(torch.tensor([5]), 3), UsageError, "outside"),
        (lambda x: tally_modes(torch.tensor([], dtype=torch.int64), 3), UsageError, "no samples"),
    ],
)
def test_bad_input_is_refused(ask, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ask(normal(9, 4))
