"""Intervals by resampling against scipy and closed forms, and whether they cover, 500 replicates or more each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from oracles_statistics import agrees
from scipy import stats

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.estimate import METHODS, estimate
from ganatomy.numerics.statistics.interval import mean_interval
from ganatomy.numerics.statistics.resampling import prepare, replicates, with_replacement
from ganatomy.numerics.statistics.statistic import Statistic

STREAM = Stream(12, "estimate")


def normals(name: str, trials: int, *shape: int) -> torch.Tensor:
    return Stream(13, name).normal(range(trials), *shape, dtype=torch.float64)


def frechet(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Squared Fréchet distance of stacks (draws, n, d), written out for the test."""
    means, matrices = [], []
    for sample in (x, y):
        means.append(sample.mean(1))
        centred = sample - sample.mean(1, keepdim=True)
        matrices.append(centred.mT @ centred / (sample.shape[1] - 1))
    values, vectors = torch.linalg.eigh(matrices[0])
    half = vectors * values.clamp(min=0).sqrt()[:, None, :] @ vectors.mT
    cross = torch.linalg.eigvalsh(half @ matrices[1] @ half).clamp(min=0).sqrt().sum(1)
    traces = sum(matrix.diagonal(dim1=1, dim2=2).sum(1) for matrix in matrices)
    return (means[0] - means[1]).square().sum(1) + traces - 2 * cross


def covered(real: torch.Tensor, fake: torch.Tensor, k: int = 3) -> torch.Tensor:
    """Share of real points with a fake within the distance of their k-th real neighbour, for stacks (draws, n, d)."""
    radius = torch.cdist(real, real).topk(k + 1, dim=2, largest=False).values[..., -1]  # the first is the point itself
    return (torch.cdist(real, fake).amin(2) <= radius).double().mean(1)


def covered_on_average(n: int, m: int, k: int = 3) -> float:
    """Its mean under one law: 1 - prod_j (n - 1 - j) / (n + m - 1 - j), j < k (Naeem et al. 2020)."""
    return 1 - math.prod((n - 1 - j) / (n + m - 1 - j) for j in range(k))


MEAN = Statistic("mean", lambda x: x.mean(1), "smooth", batched=True)
VARIANCE = Statistic("variance", lambda x: x.var(1, correction=0), "smooth", batched=True)
GAP = Statistic("gap", lambda x, y: x.mean(1) - y.mean(1), "smooth", batched=True)
FRECHET = Statistic("Fréchet distance", frechet, "plug-in distance", batched=True, low=0)
COVERAGE = Statistic("coverage", covered, "neighbour", batched=True, low=0, high=1)
CALLED_SMOOTH = {
    s.name: Statistic(s.name, s.function, "smooth", batched=True) for s in (FRECHET, COVERAGE)
}  # a lie, to show what is refused
SKEWED = normals("skewed", 1, 40)[0].exp()


# Oracles


@pytest.mark.parametrize(("method", "peer"), [("percentile", "percentile"), ("basic", "basic"), ("bca", "BCa")])
@pytest.mark.parametrize("samples", [(SKEWED,), (SKEWED[:15], SKEWED[15:])], ids=["one", "two"])
def test_bootstraps_are_scipys(method, peer, samples):
    """To the noise of 40,000 draws, 1 % of the width, once scipy is asked for the wider tails that few units need."""
    statistic = VARIANCE if len(samples) == 1 else GAP
    found = estimate(statistic, samples, method=method, stream=STREAM, level=0.8, repeats=40_000).interval
    function = (lambda x, axis: x.var(axis)) if len(samples) == 1 else (lambda x, y, axis: x.mean(axis) - y.mean(axis))
    n = min(len(x) for x in samples)
    level = 1 - 2 * stats.norm.sf(stats.t.ppf(0.9, n - 1) * math.sqrt(n / (n - 1)))
    plain = stats.bootstrap(
        [x.numpy() for x in samples],
        function,
        n_resamples=40_000,
        confidence_level=level,
        method=peer,
        rng=np.random.default_rng(0),
    )
    wanted = plain.confidence_interval
    width = wanted.high - wanted.low
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=0.025 * width)


@pytest.mark.parametrize("ids", [None, [i % 8 for i in range(40)], [0] * 9 + [1] * 3 + [i % 10 for i in range(28)]])
def test_the_jackknife_of_a_mean_is_the_t_interval(ids):
    found = estimate(MEAN, (SKEWED,), method="jackknife", stream=STREAM, groups=(ids,), repeats=40)
    wanted = mean_interval(SKEWED, ids)
    assert found.corrected == pytest.approx(found.value, rel=1e-12)
    assert (found.interval.low, found.interval.high) == pytest.approx((wanted.low, wanted.high), rel=1e-10)


def test_the_jackknife_takes_a_bias_of_one_over_n_off_exactly():
    """The variance with 1 / n becomes the one with 1 / (n - 1)."""
    found = estimate(VARIANCE, (SKEWED,), method="jackknife", stream=STREAM, repeats=40)
    assert found.value == pytest.approx(float(SKEWED.var(correction=0)))
    assert found.corrected == pytest.approx(float(SKEWED.var()), rel=1e-10)


def test_a_neighbour_statistic_keeps_its_value_in_the_jackknife():
    x, y = normals("kept", 2, 50, 3)
    found = estimate(COVERAGE, (x, y), method="jackknife", stream=STREAM)
    assert found.corrected == found.value
    assert found.value in found.interval


def test_half_sampling_has_the_standard_error_of_a_mean():
    found = estimate(MEAN, (normals("half", 1, 41)[0],), method="half-sampling", stream=STREAM, repeats=20_000).interval
    wanted = 2 * stats.t.ppf(0.975, 40) * float(normals("half", 1, 41)[0].std()) / math.sqrt(41)
    assert found.high - found.low == pytest.approx(wanted, rel=0.03)


# Contract


@pytest.mark.parametrize("method", METHODS)
def test_an_interval_names_its_method_is_reproducible_and_keeps_to_the_range(method):
    cut = Statistic("mean", MEAN.function, "smooth", batched=True, high=float(SKEWED.mean()) + 0.01)
    first, second = (estimate(cut, (SKEWED,), method=method, stream=STREAM, level=0.9) for _ in range(2))
    assert first == second
    assert first.interval.method == METHODS[method].says.format(METHODS[method].repeats)
    assert first.interval.level == 0.9
    assert first.interval.low < first.value < first.interval.high == cut.high
    other = estimate(cut, (SKEWED,), method=method, stream=STREAM.child("other"), level=0.9)
    assert other.interval.low != first.interval.low
    grouped = estimate(MEAN, (SKEWED,), method=method, stream=STREAM, groups=([i // 4 for i in range(40)],))
    assert grouped.interval.method.endswith("of groups")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("values", [[1.0] * 30, [0.1] * 7, [0.5]])
def test_without_spread_the_interval_is_the_whole_range(method, values):
    statistic = Statistic("share", MEAN.function, "smooth", batched=True, low=0, high=1)
    found = estimate(statistic, (values,), method=method, stream=STREAM)
    assert (found.interval.low, found.interval.high) == (0, 1)
    assert "no spread" in found.interval.method
    assert found.value == pytest.approx(values[0])


def test_faults():
    with pytest.raises(UsageError, match="did you mean 'jackknife'"):
        estimate(MEAN, (SKEWED,), method="jacknife", stream=STREAM)
    with pytest.raises(UsageError, match="take 40 or more"):
        estimate(MEAN, (SKEWED,), method="bca", stream=STREAM, repeats=39)
    with pytest.raises(UsageError, match="take 2 or more"):
        estimate(MEAN, (SKEWED,), method="jackknife", stream=STREAM, repeats=1)
    x, y = normals("biased", 2, 60, 16)
    with pytest.raises(UsageError, match="declare it a plug-in distance"):
        estimate(CALLED_SMOOTH["Fréchet distance"], (x, y), method="bca", stream=STREAM, repeats=50)
    with pytest.raises(UsageError, match="the percentile interval fails for Fréchet distance"):
        estimate(FRECHET, (x, y), method="percentile", stream=STREAM)
    with pytest.raises(UsageError, match="use half-sampling or jackknife"):
        estimate(COVERAGE, (x, y), method="bca", stream=STREAM)


# Simulations


def hits(
    statistic: Statistic,
    samples: list[tuple[torch.Tensor, ...]],
    truth: float,
    method: str,
    *,
    repeats: int,
    groups=None,
) -> int:
    found = (
        estimate(statistic, pair, method=method, stream=STREAM.child(str(trial)), repeats=repeats, groups=groups)
        for trial, pair in enumerate(samples)
    )
    return sum(truth in each.interval for each in found)


def percentile_hits(statistic: Statistic, samples: list[tuple[torch.Tensor, ...]], truth: float) -> int:
    """What plain quantiles of the resampled statistic cover; `estimate` refuses to give them."""
    covered = 0
    for trial, pair in enumerate(samples):
        subject = prepare(statistic, pair, None, STREAM.child(str(trial)))
        values = replicates(subject, with_replacement(subject), 40)
        covered += bool(values.quantile(0.025) <= truth <= values.quantile(0.975))
    return covered


@pytest.mark.parametrize(
    ("method", "n"), [*((name, 60) for name in METHODS), ("bca", 10), ("percentile", 10), ("basic", 10)]
)
def test_every_method_covers_a_mean(method, n):
    samples = [(x,) for x in normals("mean", 500, n)]
    assert agrees(hits(MEAN, samples, 0.0, method, repeats=20 if method == "jackknife" else 300), 500, 0.95)


def test_bca_covers_the_mean_of_a_skewed_law():
    samples = [(x,) for x in -torch.log1p(-Stream(13, "exponential").uniform(range(500), 60, dtype=torch.float64))]
    assert agrees(hits(MEAN, samples, 1.0, "bca", repeats=300), 500, 0.95)


@pytest.mark.parametrize("method", ["bca", "jackknife", pytest.param("half-sampling", marks=pytest.mark.slow)])
def test_by_groups_a_method_covers_where_single_samples_do_not(method):
    ids = [i // 5 for i in range(150)]
    x = normals("kin", 500, 30)[:, torch.tensor(ids)] + normals("own", 500, 150) / 2
    samples, repeats = [(row,) for row in x], 15 if method == "jackknife" else 200
    assert agrees(hits(MEAN, samples, 0.0, method, groups=(ids,), repeats=repeats), 500, 0.95)
    assert hits(MEAN, samples[:100], 0.0, method, repeats=repeats) < 75


def laws(shift: float, trials: int, n: int, d: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Pairs of samples whose population distance is d shift^2."""
    return list(zip(normals("real", trials, n, d), shift + normals("fake", trials, n, d), strict=True))


@pytest.mark.parametrize(
    ("method", "shift"),
    [("jackknife", 0.0), ("jackknife", 0.4), pytest.param("basic", 0.0, marks=pytest.mark.slow), ("basic", 0.4)],
)
def test_what_is_allowed_covers_the_frechet_distance(method, shift):
    samples = laws(shift, 500, 150, 6)
    found = hits(FRECHET, samples, 6 * shift**2, method, repeats=10 if method == "jackknife" else 100)
    # At a distance of 0 both are cautious; away from it they hold the level.
    assert agrees(found, 500, 0.95, wrong="less" if shift == 0 else "two-sided")


@pytest.mark.parametrize("shift", [pytest.param(0.0, marks=pytest.mark.slow), 0.1])
def test_the_percentile_bootstrap_never_covers_the_frechet_distance(shift):
    assert percentile_hits(CALLED_SMOOTH["Fréchet distance"], laws(shift, 500, 120, 12), 12 * shift**2) == 0


@pytest.mark.parametrize("method", ["half-sampling", "jackknife"])
def test_what_is_allowed_covers_a_neighbour_statistic(method):
    """Both are cautious: where a point has its neighbours changes with the sample."""
    samples = laws(0.0, 500, 60, 3)
    found = hits(COVERAGE, samples, covered_on_average(60, 60), method, repeats=20 if method == "jackknife" else 60)
    assert agrees(found, 500, 0.95, wrong="less")


def test_the_percentile_bootstrap_hardly_ever_covers_a_neighbour_statistic():
    """3 % at 80 points, none from 120 on."""
    samples = laws(0.0, 500, 80, 3)
    assert percentile_hits(CALLED_SMOOTH["coverage"], samples, covered_on_average(80, 80)) < 0.1 * 500


def test_a_biased_statistic_that_is_called_smooth_is_found_out():
    """The declaration is the user's; the draws show when it is wrong."""
    for samples, name in ((laws(0.1, 1, 120, 12)[0], "Fréchet distance"), (laws(0.0, 1, 80, 3)[0], "coverage")):
        with pytest.raises(UsageError, match="lie on one side of its value: it is biased"):
            estimate(CALLED_SMOOTH[name], samples, method="percentile", stream=STREAM, repeats=40)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "shift"), [("jackknife", 0.0), ("jackknife", 0.1), ("basic", 0.0), ("basic", 0.1)])
def test_the_frechet_distance_at_full_size_is_covered(method, shift):
    """32 dimensions, 1,000 samples: the case in which the percentile bootstrap was found to cover 0 %."""
    repeats = 20 if method == "jackknife" else 60
    found = hits(FRECHET, laws(shift, 500, 1000, 32), 32 * shift**2, method, repeats=repeats)
    assert agrees(found, 500, 0.95, wrong="less")
