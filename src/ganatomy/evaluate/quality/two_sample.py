"""Classifier two-sample test: how often a small classifier tells generated from real samples it has not seen.

    two_sample(both)["two-sample accuracy"]        # 1/2: it cannot; 1: always (Lopez-Paz & Oquab 2017)

Ridge logistic regression on features and their squares, in five folds of whole groups: each sample is judged by weights
it had no part in. Both kinds count for a half, however many there are of each. It sees means and spreads, not more.
Folds share most of what they learn from, so that their accuracies are not independent; counted as if they were, a 95 %
interval holds 1/2 of equal laws 87 % of the time. Errors are therefore taken 1.5 times (Nadeau & Bengio 2003).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganatomy.evaluate.quality.pairs import Pair, Readings, standardised
from ganatomy.explain.latent.logistic import fitted
from ganatomy.numerics.statistics.interval import Interval, Mean, mean_of, wilson
from ganatomy.numerics.statistics.shares import on_logits
from ganatomy.results.measurement import Measurement

NAME = "two-sample accuracy"
FOLDS = 5
PENALTY = 1e-3  # per sample, on standardised features
FAR = 5.0  # spreads; farther features are cut, since a square would outweigh all others
SHARED = 1 + FOLDS / (FOLDS - 1)  # variance over that of independent folds: 1 + folds * tested / learnt from


def two_sample(both: Pair, *, squares: bool = True) -> Readings:
    """The interval is about the accuracy of weights learnt from four fifths of so many samples."""
    hits = judged(both, squares=squares)
    real, made = mean_of(hits[0].double(), both.groups), mean_of(hits[1].double())
    how = "features and their squares" if squares else "features"
    said = both.says(f"ridge logistic regression on {how}, {FOLDS} folds, balanced")
    value = (real.value + made.value) / 2
    return {NAME: Measurement(NAME, value, min(both.sizes), said, "low", _interval(real, made), 0.5, both.space)}


def judged(both: Pair, *, squares: bool) -> tuple[Tensor, Tensor]:
    """Whether each real and each generated sample was told right."""
    sides, parts = _inputs(both, squares=squares), both.blocks(FOLDS)
    x, part = torch.cat(sides), torch.cat(parts).to(sides[0].device)
    y = torch.cat([torch.ones(len(sides[0])), torch.zeros(len(sides[1]))]).double()
    right = torch.zeros(len(x), dtype=torch.bool)
    for fold in range(int(part.max()) + 1):
        out = part == fold
        weights = fitted(x[~out], y[~out], penalty=PENALTY, flips=0.0)
        even = math.log(float(y[~out].sum()) / float((1 - y[~out]).sum()))  # the logit at which both are as likely
        right[out] = (x[out] @ weights > even) == (y[out] == 1)
    return right[: len(sides[0])], right[len(sides[0]) :]


def _inputs(both: Pair, *, squares: bool) -> list[Tensor]:
    """Standardised by real and generated together, so that no label shows in them; a column of ones at the end."""
    pool = torch.cat([both.real, both.made])
    once = standardised(Pair(pool, pool, both.space, both.stream)).real.clamp(-FAR, FAR).cpu()
    wide = torch.cat([once, once.square()], dim=1) if squares else once
    wide = standardised(Pair(wide, wide, both.space, both.stream)).real
    full = torch.cat([wide, torch.ones(len(wide), 1, dtype=torch.float64)], dim=1)
    return [full[: len(both.real)], full[len(both.real) :]]


def _interval(real: Mean, made: Mean) -> Interval:
    """t on the logit scale; Wilson's where every sample, or none, was told right and nothing spreads."""
    value, error = (real.value + made.value) / 2, math.sqrt(SHARED) * math.hypot(real.error, made.error) / 2
    n = real.n + made.n
    if 0 < value < 1 and 0 < error < math.inf:
        return on_logits(Mean(value, error, 2 * min(real.n, made.n) - 2, n))
    alike = round(n / SHARED)
    return wilson(round(value * alike), alike)
