"""The direction along which a concept grows: regression of its scores on the latents, on all samples.

    found = boundaries(gan, [brightness, classes])                 # least squares; found.fit: out-of-fold R^2
    found = boundaries(gan, [classes], method="logistic")          # scores above their median; found.fit: AUC
    from_scores(gan, z, told, names=["smile"], method="logistic")  # latents that somebody else scored
    conditioned(found.only([0]), [found.only([1])])                # 0 without 1

Least squares is efficient for scores with normal noise, logistic regression for labels, also where some are wrong
(`logistic`). A classifier of the extreme 2 %, as is common, throws most of what the samples say away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError, choose
from ganatomy.explain.concepts.measurer import Measurer, labels, scores
from ganatomy.explain.latent.directions import Directions, in_latent, spread
from ganatomy.explain.latent.logistic import logistic
from ganatomy.explain.passes import Progress, draws, made
from ganatomy.explain.spread import varies
from ganatomy.models.gan import GAN
from ganatomy.numerics.running import Covariance

FOLDS = 5
PENALTIES = (0.0, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # per sample, on standardised latents
PARTS = 500  # rows that are added to the moments at once
Rows = Callable[[range], Tensor]  # the latents of these samples, standardised, float64


@dataclass(frozen=True, eq=False)
class Fitted:
    """For each of c concepts: slopes (c, d) in standard deviations, quality out of fold, and what was chosen."""

    slopes: Tensor
    quality: Tensor
    facts: Mapping[str, Tensor]


def boundaries(
    gan: GAN,
    measurers: Sequence[Measurer],
    *,
    method: str = "least squares",
    n: int = 4000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Directions:
    """One direction a concept, named after it, in the order of `labels(measurers)`; not for one that never varies.

    Of every sample its scores are kept, 8 bytes a concept, and once more standardised; least squares keeps no latents.
    """
    if not measurers:
        raise UsageError("no measurers were given", "give at least one, as in measurers_for(gan.format)")
    told = torch.cat(
        [
            torch.cat([scores(measurer, samples) for measurer in measurers], dim=1)
            for draw in draws(gan, n, seed=seed, progress=progress)
            for samples in [made(gan.generator, draw)]
        ]
    )

    varied = varies(told.mean(0), told.std(0)).nonzero()[:, 0].tolist()
    if not varied:
        raise InputError(f"no concept of {', '.join(labels(measurers))} varies over {n} samples", "name others")
    names = [labels(measurers)[place] for place in varied]

    def rows(part: range) -> Tensor:
        return gan.latent.sample(seed, part).double()

    def again(other: int) -> Directions:
        return boundaries(gan, measurers, method=method, n=n, seed=other)

    return replace(from_scores(gan, rows, told[:, varied], names=names, method=method), again=again)


def from_scores(gan: GAN, z: Tensor | Rows, told: Tensor, *, names: Sequence[str], method: str) -> Directions:
    """The same from latents that somebody else scored, (n, d) and (n, c); they need not follow the prior."""
    way, scale = choose(METHODS, method, "regression"), spread(gan.latent)
    if len(told) < 4 * FOLDS or (isinstance(z, Tensor) and len(z) != len(told)):
        raise UsageError(f"a boundary of {len(told)} scored samples was asked for", f"take {4 * FOLDS} or more")
    if told.ndim != 2 or told.shape[1] != len(names) or not bool(torch.isfinite(told).all()):
        raise InputError(f"scores of shape {tuple(told.shape)} were given for {len(names)} concepts", "give (n, c)")
    flat = [name for name, sd in zip(names, told.double().std(0).tolist(), strict=True) if sd == 0]
    if flat:
        raise InputError(f"no sample differs from another in {flat[0]!r}", "leave that concept out")

    def standardised(part: range) -> Tensor:
        return (z[part.start : part.stop].double() if isinstance(z, Tensor) else z(part)) / scale

    fitted = way.fit(standardised, told.double())
    found = in_latent(gan.latent, fitted.slopes, names=names, method=f"boundary, {method}", fit=fitted.quality)
    note = f"{method.capitalize()} on {len(told)} samples."
    return replace(found, fit_says=way.says, facts=fitted.facts, targets=tuple(names), note=note)


def least_squares(rows: Rows, told: Tensor) -> Fitted:
    """Ridge regression of standardised scores; the penalty by out-of-fold error, then all samples are fitted."""
    y = (told.double() - told.mean(0)) / told.std(0)
    folds = _folds(rows, y)
    dim = len(folds[0].mean) - y.shape[1]
    errors = torch.stack([_out_of_fold(folds, dim, penalty) for penalty in PENALTIES])
    best = errors.argmin(0)
    whole = _total(folds)
    fits = [_slopes(whole, dim, penalty) for penalty in PENALTIES]
    slopes = torch.stack([fits[int(place)][concept] for concept, place in enumerate(best)])
    unexplained = errors.gather(0, best[None])[0] / whole.scatter.diagonal()[dim:]
    penalty = torch.tensor(PENALTIES, dtype=torch.float64)[best]
    return Fitted(slopes, 1 - unexplained, {"penalty": penalty, "slope": slopes.norm(dim=1)})


def by_labels(rows: Rows, told: Tensor) -> Fitted:
    """Logistic regression of whether a score lies above its median (a 0 or 1, above one half). Keeps all latents."""
    z, found = rows(range(len(told))), []
    for column in told.T:
        two = len(column.unique()) == 2
        threshold = float(column.min() + column.max()) / 2 if two else float(column.median())
        found.append(logistic(z, column > threshold))
    slopes = torch.stack([each.weights for each in found])
    numbers = {
        "penalty": [each.penalty for each in found],
        "flips": [each.flips for each in found],
        "slope": slopes.norm(dim=1).tolist(),
    }
    facts = {name: torch.tensor(values, dtype=torch.float64) for name, values in numbers.items()}
    return Fitted(slopes, torch.tensor([each.auc for each in found], dtype=torch.float64), facts)


@dataclass(frozen=True)
class Regression:
    fit: Callable[[Rows, Tensor], Fitted]
    says: str


METHODS: dict[str, Regression] = {
    "least squares": Regression(least_squares, "out-of-fold R^2"),
    "logistic": Regression(by_labels, "out-of-fold AUC"),
}


def _folds(rows: Rows, y: Tensor) -> list[Covariance]:
    """Joint moments of latents and scores; sample i is in fold i mod FOLDS, and PARTS is a multiple of it."""
    parts: list[list[Covariance]] = [[] for _ in range(FOLDS)]
    for first in range(0, len(y), PARTS):
        part = range(first, min(first + PARTS, len(y)))
        both = torch.cat([rows(part), y[part.start : part.stop]], dim=1)
        for fold in range(min(FOLDS, len(both))):
            parts[fold].append(Covariance.of(both[fold::FOLDS]))
            if len(parts[fold]) > 1:
                parts[fold] = [_total(parts[fold])]
    return [_total(fold) for fold in parts]


def _total(parts: Sequence[Covariance]) -> Covariance:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole


def _slopes(moments: Covariance, dim: int, penalty: float) -> Tensor:
    """(concepts, d); with fewer samples than dimensions, those of least length."""
    within = moments.scatter[:dim, :dim] + penalty * moments.n * torch.eye(dim, dtype=torch.float64)
    found: Tensor = torch.linalg.lstsq(within, moments.scatter[:dim, dim:], driver="gelsd").solution
    return found.T


def _out_of_fold(folds: Sequence[Covariance], dim: int, penalty: float) -> Tensor:
    """Sum of squared errors of each fold, predicted from the others; from moments alone."""
    total = torch.zeros(len(folds[0].mean) - dim, dtype=torch.float64)
    for place, out in enumerate(folds):
        rest = _total([fold for other, fold in enumerate(folds) if other != place])
        slopes = _slopes(rest, dim, penalty)
        across = (slopes * out.scatter[dim:, :dim]).sum(1)
        explained = ((slopes @ out.scatter[:dim, :dim]) * slopes).sum(1)
        off = (out.mean - rest.mean)[dim:] - slopes @ (out.mean - rest.mean)[:dim]
        total += out.scatter.diagonal()[dim:] - 2 * across + explained + out.n * off.square()
    return total
