"""Calibration against closed forms, slow formulas and scikit-learn, where the truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.trust.calibration import BINS, calibration, floors_of, reliability, uncalibrated
from ganatomy.evaluate.trust.formulas import brier, debiased_ece, ece, log_loss, spiegelhalter, turner
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import wilson


def shifted(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """True logits, x - 1/2, of N(1, 1) as real and N(0, 1) as generated."""
    stream = Stream(seed, "test")
    real = 1 + stream.normal(range(n), 1, dtype=torch.float64)[:, 0]
    return real - 0.5, stream.child("made").normal(range(n), 1, dtype=torch.float64)[:, 0] - 0.5


def probabilities(real: Tensor, made: Tensor) -> tuple[list[float], list[int]]:
    p = [1 / (1 + math.exp(-float(s))) for s in torch.cat([real, made])]
    return p, [1] * len(real) + [0] * len(made)


def test_formulas_are_the_slow_ones_over_one_sample() -> None:
    real, made = shifted(90, 1)
    p, y = probabilities(real, made)
    room = [q * (1 - q) for q in p]
    wanted_s = sum((b - q) * (1 - 2 * q) for q, b in zip(p, y, strict=True)) / math.sqrt(
        sum((1 - 2 * q) ** 2 * r for q, r in zip(p, room, strict=True))
    )
    wanted_t = sum(b - q for q, b in zip(p, y, strict=True)) / math.sqrt(sum(room))
    a, b = real[None], made[None]
    assert float(spiegelhalter(a, b)) == pytest.approx(wanted_s, abs=1e-10)
    assert float(turner(a, b)) == pytest.approx(wanted_t, abs=1e-10)
    order = np.argsort(p)
    wanted = sum(abs(sum(y[i] for i in part) - sum(p[i] for i in part)) for part in np.array_split(order, 6)) / len(p)
    assert float(ece(a, b, 6)) == pytest.approx(wanted, abs=1e-12)


def test_brier_and_log_loss_are_scikit_learns() -> None:
    from sklearn.metrics import brier_score_loss
    from sklearn.metrics import log_loss as theirs

    real, made = shifted(200, 2)
    p, y = probabilities(real, made)
    assert float(brier(real[None], made[None])) == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert float(log_loss(real[None], made[None])) == pytest.approx(theirs(y, p), abs=1e-12)


@pytest.mark.parametrize("function", [spiegelhalter, turner, brier, log_loss, lambda r, m: debiased_ece(r, m, 8)])
def test_a_stack_of_draws_equals_one_by_one(function) -> None:  # type: ignore[no-untyped-def]
    pairs = [shifted(60, seed) for seed in range(3)]
    real, made = (torch.stack(side) for side in zip(*pairs, strict=True))
    single = torch.cat([function(r[None], m[None]) for r, m in pairs])
    assert torch.allclose(function(real, made), single, atol=1e-12)


def test_of_scaled_logits_spiegelhalter_finds_what_turner_misses() -> None:
    """The golden simulation: T = 1 calibrated, T = 2 too sure, T = 1/2 not sure enough."""
    real, made = shifted(10_000, 0)
    z = {t: float(spiegelhalter(t * real[None], t * made[None])) for t in (1.0, 2.0, 0.5)}
    assert abs(z[1.0]) < 3
    assert z[2.0] > 30
    assert z[0.5] < -15
    assert abs(float(turner(2 * real[None], 2 * made[None]))) < 3


def test_the_ece_is_its_floor_when_calibrated_and_the_debiased_one_nothing() -> None:
    found, less, floors = [], [], []
    for seed in range(60):
        real, made = shifted(300, seed)
        found.append(float(ece(real[None], made[None], BINS)))
        less.append(float(debiased_ece(real[None], made[None], BINS)))
    for seed in range(3):
        floors.append(floors_of(torch.cat(shifted(300, seed)), BINS, stream=Stream(seed, "floor"))["ECE"])
    floor = sum(floors) / 3
    assert sum(found) / 60 == pytest.approx(0.94 * floor, rel=0.06)  # in equal numbers labels are steadier
    assert abs(sum(less) / 60) < 0.2 * floor


def test_far_from_calibrated_the_debiased_ece_is_that_of_the_population() -> None:
    many = [2 * side for side in shifted(200_000, 99)]
    truth = float(ece(many[0][None], many[1][None], BINS))
    less = [float(debiased_ece(2 * r[None], 2 * m[None], BINS)) for r, m in (shifted(400, s) for s in range(60))]
    assert sum(less) / 60 == pytest.approx(truth, rel=0.06)


def test_measurements_have_intervals_and_floors_and_name_the_fault() -> None:
    real, made = shifted(250, 3)
    good = calibration(real, made, stream=Stream(0, "test"))
    assert uncalibrated(good) == ""
    assert good["ECE less its bias"].interval is not None
    assert 0.0 in good["ECE less its bias"].interval
    assert good["Brier score"].floor in good["Brier score"].interval
    assert good["log-loss"].floor in good["log-loss"].interval
    bad = calibration(2 * real, 2 * made, stream=Stream(0, "test"))
    assert uncalibrated(bad) == "too sure"
    assert bad["ECE less its bias"].interval.low > 0.01
    assert bad["log-loss"].floor < bad["log-loss"].interval.low
    assert uncalibrated(calibration(real / 3, made / 3, stream=Stream(0, "test"))) == "not sure enough"
    again = calibration(real, made, stream=Stream(0, "test"))
    assert {name: each.to_dict() for name, each in again.items()} == {n: e.to_dict() for n, e in good.items()}


def test_groups_widen_the_interval() -> None:
    real, made = shifted(40, 4)
    copied, fresh = real.repeat_interleave(10), torch.cat([made] * 10)
    ids = torch.arange(40).repeat_interleave(10)
    alone, whole = (
        calibration(copied, fresh, stream=Stream(0, "test"), groups=groups)["log-loss"].interval
        for groups in (None, ids)
    )
    assert whole.high - whole.low > 1.5 * (alone.high - alone.low)


def test_the_curve_counts_everything_once_and_keeps_ties_together() -> None:
    real, made = shifted(300, 5)
    curve = reliability(real, made, bins=10)
    assert int(curve.count.sum()) == 600
    assert curve.count.tolist() == [60] * 10
    assert bool((curve.said.diff() > 0).all())
    interval = wilson(round(float(curve.seen[0]) * 60), 60)
    assert (float(curve.low[0]), float(curve.high[0])) == (interval.low, interval.high)
    tied = reliability(torch.zeros(50), torch.zeros(50), bins=10)
    assert tied.count.tolist() == [100]
    assert tied.seen.tolist() == [0.5]
    assert float(ece(torch.zeros(1, 50), torch.zeros(1, 50), 10)) == 0.0


def test_a_score_that_always_says_a_half_breaks_nothing() -> None:
    found = calibration(torch.zeros(40), torch.zeros(40), stream=Stream(0, "test"))
    assert found["Spiegelhalter Z"].value == 0.0
    assert found["log-loss"].value == pytest.approx(math.log(2))
    assert found["ECE"].value == 0.0


def test_logits_without_bound_are_cut_and_stay_finite() -> None:
    real, made = torch.linspace(-1e6, 1e6, 60), torch.linspace(-1e6, 1e6, 60)
    found = calibration(real, made, stream=Stream(0, "test"))
    assert all(math.isfinite(each.value) for each in found.values())
    assert uncalibrated(found) == "too sure"


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(UsageError, match="5 real and 4 generated"):
        calibration(torch.zeros(5), torch.zeros(4), stream=Stream(0, "test"))
    with pytest.raises(InputError, match="not finite"):
        calibration(torch.full((40,), math.nan), torch.zeros(40), stream=Stream(0, "test"))
    with pytest.raises(UsageError, match="15 bins for 20 samples"):
        calibration(torch.zeros(10), torch.zeros(10), stream=Stream(0, "test"))
