"""Logistic regression of labels that may be wrong: the chance of a 1 is e + (1 - 2 e) / (1 + exp(-(b + w z))).

    found = logistic(z, labels)                    # found.weights, found.offset, found.auc, found.penalty, found.flips

Maximum likelihood by Fisher scoring with a ridge penalty on w. The penalty is chosen on held-out samples, the share e
of flipped labels by likelihood; then all samples are fitted. Ordinary logistic regression (e = 0) loses much of what
labels say once some are wrong, since it must believe the far ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)  # per sample, on standardised latents
FLIPS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
FOLDS = 5
ROUNDS = 50
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Logistic:
    """`auc` is over all samples, each judged by weights it had no part in."""

    weights: Tensor
    offset: float
    penalty: float
    flips: float
    auc: float


def logistic(z: Tensor, labels: Tensor) -> Logistic:
    """z is (n, d), standardised; labels are 0 and 1."""
    x = torch.cat([z.double(), torch.ones(len(z), 1, dtype=torch.float64)], dim=1)
    y = labels.double()
    if len(x) < 4 * FOLDS or not 2 <= float(y.sum()) <= len(y) - 2:
        raise InputError(
            f"{len(y)} labels with {int(y.sum())} ones were given", "take more samples, or another threshold"
        )
    fold = torch.arange(len(x)) % FOLDS
    whole: dict[float, Tensor] = {}
    for each in FLIPS:  # each starts at the one before, lest it ends in another valley
        whole[each] = fitted(x, y, penalty=PENALTIES[0], flips=each, start=next(reversed(whole.values()), None))
    flips = min(FLIPS, key=lambda each: float(deviance(x @ whole[each], y, each)))
    penalty = _chosen_penalty(x, y, fold, flips, whole[flips])
    whole[flips] = fitted(x, y, penalty=penalty, flips=flips, start=whole[flips])
    weights = whole[flips]
    seen = torch.empty_like(y)
    for each in range(FOLDS):
        out = fold == each
        seen[out] = x[out] @ fitted(x[~out], y[~out], penalty=penalty, flips=flips, start=weights)
    return Logistic(weights[:-1], float(weights[-1]), penalty, flips, auc(seen, y))


def fitted(x: Tensor, y: Tensor, *, penalty: float, flips: float, start: Tensor | None = None) -> Tensor:
    """Weights that minimise deviance / n + penalty |w|^2; the last column of x is the offset, and is not penalised."""
    ridge = torch.full((x.shape[1],), penalty * len(x), dtype=torch.float64)
    ridge[-1] = 0.0
    w = torch.zeros(x.shape[1], dtype=torch.float64) if start is None else start

    def loss(at: Tensor) -> float:
        return float(deviance(x @ at, y, flips) + (ridge * at.square()).sum())

    now = loss(w)
    for _ in range(ROUNDS):
        p, slope = _chance(x @ w, flips)
        room = (p * (1 - p)).clamp(min=TINY)
        gradient = x.T @ ((y - p) * slope / room) - ridge * w
        information = (x * (slope.square() / room)[:, None]).T @ x + torch.diag(ridge + 1e-9 * len(x))
        move, size = torch.linalg.solve(information, gradient), 1.0
        while (then := loss(w + size * move)) > now and size > 1e-4:
            size /= 2
        if then > now:
            break
        w = w + size * move
        if now - then <= 1e-9 * len(x):
            break
        now = then
    return w


def deviance(logits: Tensor, y: Tensor, flips: float) -> Tensor:
    """-2 log likelihood."""
    p = flips + (1 - 2 * flips) * torch.sigmoid(logits)
    total: Tensor = -2 * (y * p.clamp(min=TINY).log() + (1 - y) * (1 - p).clamp(min=TINY).log()).sum()
    return total


def auc(values: Tensor, y: Tensor) -> float:
    """The chance that a 1 lies above a 0, ties counted half."""
    from scipy.stats import rankdata

    ranks = torch.from_numpy(rankdata(values.numpy()))
    ones = float(y.sum())
    zeros = len(y) - ones
    return (float((ranks * y).sum()) - ones * (ones + 1) / 2) / (ones * zeros)


def _chance(logits: Tensor, flips: float) -> tuple[Tensor, Tensor]:
    """Of a 1, and its slope in the logit."""
    s = torch.sigmoid(logits)
    return flips + (1 - 2 * flips) * s, (1 - 2 * flips) * s * (1 - s)


def _chosen_penalty(x: Tensor, y: Tensor, fold: Tensor, flips: float, start: Tensor) -> float:
    """By the deviance of two folds that were left out; from the smallest on, each fit starts at the one before."""
    scores = dict.fromkeys(PENALTIES, 0.0)
    for out in (fold == 0, fold == 1):
        w = start
        for penalty in PENALTIES:
            w = fitted(x[~out], y[~out], penalty=penalty, flips=flips, start=w)
            scores[penalty] += float(deviance(x[out] @ w, y[out], flips))
    return min(PENALTIES, key=lambda penalty: scores[penalty])
