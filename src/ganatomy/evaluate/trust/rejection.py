"""Discriminator rejection sampling (Azadi et al. 2019): a sample stays with a chance that rises with its density ratio.

    found = rejection(gan, probability.logits, 2500, seed=0, plan=Rejection(percentile=None))

The chance is ratio / M, M the largest ratio met: in the burn-in, or later, when it is raised. `percentile` trades
exactness for speed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.evaluate.trust.selection import LogitsOf, Selection, finite, selection
from ganatomy.explain.critic.lots import fakes
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import wilson
from ganatomy.results.measurement import Measurement


@dataclass(frozen=True)
class Rejection:
    """burn_in: samples whose largest logit is the first M. most: samples tried for each one wanted, then it ends.

    percentile: of F over the burn-in, taken off F (gamma; 95 in the authors' code): more is accepted and less gained.
    None is exact for the true ratio, and slow where the ratio has a tail.
    """

    burn_in: int = 1000
    epsilon: float = 1e-6
    percentile: float | None = 95.0
    most: int = 200


def rejection(
    gan: GAN,
    logits_of: LogitsOf,
    n: int,
    *,
    seed: int,
    plan: Rejection = Rejection(),
    progress: Progress | None = None,
) -> Selection:
    """Samples from the burn-in on, in order, until n are kept; fewer if `most` is reached."""
    burnt = torch.cat([finite(logits_of(lot)) for lot in fakes(gan, plan.burn_in, seed=seed)])
    top, raised, kept, seen = float(burnt.max()), 0, [], []
    draws, first, count = Stream(seed, "rejection"), plan.burn_in, 0
    for lot in fakes(gan, plan.most * n, seed=seed, start=first):
        logits = finite(logits_of(lot))
        if float(logits.max()) > top:
            top, raised = float(logits.max()), raised + 1
        indices = torch.arange(first, first + len(lot))
        chance = acceptance(logits, top, burnt, plan=plan)
        fine = draws.uniform(range(first, first + len(lot)), dtype=torch.float64) < chance
        kept.append(indices[fine][: n - count])
        count, first = count + len(kept[-1]), first + len(lot)
        # What comes after the last one kept was not tried.
        seen.append(logits if count < n else logits[: int(kept[-1][-1]) - int(indices[0]) + 1])
        if progress is not None:
            progress(count, n)
        if count == n:
            break
    tried = torch.cat(seen)
    said = [] if count == n else [f"Only {count} of {n} were found in {len(tried)} samples."]
    if raised:
        said.append(f"The largest ratio was raised {raised} times after the burn-in: what was kept before is too much.")
    rate = Measurement(
        "acceptance", count / len(tried), len(tried), "share of the tried", "high", wilson(count, len(tried))
    )
    return selection("rejection", torch.cat(kept), seed=seed, tried=tried, rate=rate, said=said)


def acceptance(logits: Tensor, top: float, burnt: Tensor, *, plan: Rejection) -> Tensor:
    """sigma(F), F = d - log(1 - exp(d - epsilon)) - gamma, d = logit - M (Azadi et al. 2019); exp(d) at gamma = 0."""
    gamma = 0.0
    if plan.percentile is not None:
        gamma = float(_margin(burnt, top, plan.epsilon).quantile(plan.percentile / 100))
    return torch.sigmoid(_margin(logits, top, plan.epsilon) - gamma)


def _margin(logits: Tensor, top: float, epsilon: float) -> Tensor:
    """d - log(1 - exp(d - epsilon)), d = logit - M at most 0."""
    d = (logits - top).clamp(max=0.0)
    return d - torch.log(-torch.expm1(d - epsilon))
