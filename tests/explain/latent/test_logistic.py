"""Logistic regression with wrong labels: scikit-learn without any, the efficient estimator with."""

from __future__ import annotations

import math

import pytest
import torch
from oracles_latent import gaussian
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch import Tensor

from ganatomy.errors import GanatomyError
from ganatomy.explain.latent.logistic import auc, deviance, fitted, logistic
from ganatomy.numerics.random import Stream

DIM, N = 12, 1200


def labelled(seed: int, *, steep: float, flips: float) -> tuple[Tensor, Tensor]:
    """Labels whose chance rises along the first axis, some of them turned over."""
    z = gaussian(N, DIM, seed=seed)
    chance = flips + (1 - 2 * flips) * torch.sigmoid(steep * z[:, 0])
    return z, Stream(seed, "labels").uniform(range(N), 1, dtype=torch.float64)[:, 0] < chance


def efficient(steep: float, flips: float) -> float:
    """Cramer-Rao bound of the angle's tangent (root mean square): Fisher information along each of DIM - 1 axes."""
    t = torch.linspace(-8, 8, 8001, dtype=torch.float64)
    weight = torch.exp(-t * t / 2) / math.sqrt(2 * math.pi) * (t[1] - t[0])
    s = torch.sigmoid(steep * t)
    p, slope = flips + (1 - 2 * flips) * s, (1 - 2 * flips) * s * (1 - s)
    information = float((weight * slope.square() / (p * (1 - p)).clamp(min=1e-300)).sum())
    return math.sqrt((DIM - 1) / (N * information)) / steep


@pytest.mark.parametrize(("steep", "flips"), [(3.0, 0.0), (4.0, 0.1), (8.0, 0.2)])
def test_the_angle_to_the_truth_is_at_most_a_fifth_above_the_efficient_one(steep: float, flips: float) -> None:
    tangents = []
    for seed in range(8):
        w = logistic(*labelled(seed, steep=steep, flips=flips)).weights
        tangents.append(float(w[1:].norm() / w[0]))
    assert math.sqrt(sum(each**2 for each in tangents) / 8) <= 1.2 * efficient(steep, flips)


def test_the_share_of_wrong_labels_is_found() -> None:
    assert logistic(*labelled(0, steep=8.0, flips=0.2)).flips == pytest.approx(0.2, abs=0.06)
    assert logistic(*labelled(0, steep=4.0, flips=0.0)).flips <= 0.02


def test_without_flips_it_is_scikit_learns() -> None:
    z, y = labelled(1, steep=2.0, flips=0.0)
    x = torch.cat([z, torch.ones(N, 1)], 1)
    penalty = 0.01
    ours = fitted(x, y.double(), penalty=penalty, flips=0.0)
    theirs = LogisticRegression(C=1 / (penalty * N), tol=1e-10, max_iter=1000).fit(z.numpy(), y.numpy())
    assert ours[:-1].numpy() == pytest.approx(theirs.coef_[0], abs=1e-4)
    assert float(ours[-1]) == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_with_flips_the_likelihood_has_no_slope_left() -> None:
    z, y = labelled(1, steep=4.0, flips=0.1)
    x = torch.cat([z, torch.ones(N, 1)], 1)
    w = fitted(x, y.double(), penalty=1e-3, flips=0.1).requires_grad_()
    loss = deviance(x @ w, y.double(), 0.1) / N + 1e-3 * w[:-1].square().sum()
    (slope,) = torch.autograd.grad(loss, w)
    assert float(slope.abs().max()) < 1e-4


def test_the_area_under_the_curve_is_scikit_learns_and_out_of_fold() -> None:
    values, y = (gaussian(200, 1)[:, 0] * 4).round(), gaussian(200, 1, seed=1)[:, 0] > 0
    assert auc(values, y.double()) == pytest.approx(roc_auc_score(y.numpy(), values.numpy()))
    noise = logistic(gaussian(60, 20), gaussian(60, 1, seed=1)[:, 0] > 0)
    assert noise.auc < 0.75, "in sample it would be near 1"


def test_one_sided_labels_are_refused() -> None:
    with pytest.raises(GanatomyError, match="100 labels with 1 ones"):
        logistic(gaussian(100, 2), torch.arange(100) == 0)
