"""The density ratio that a calibrated logit implies, p(x) / q(x) = exp(logit), and what can be told from it.

    found = density_ratio(real_logits, made_logits, stream=Stream(0, "ratio"))
    found["mean ratio"].value                   # of generated samples: 1 where the ratio is right
    found["effective sample size"].value        # as a share of the samples: 1 where all weigh the same
    found["JSD, at least"].value                # nats, between 0 and log 2

Logits are those of held-out real and of fresh generated samples, in equal numbers. Any score, right or wrong, bounds
the Jensen-Shannon divergence from below, if it saw neither; on its own training samples it would claim too much.
`refitted_mean` is the mean ratio with an interval that also holds the error of a fitted head.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor

from ganatomy.evaluate.trust.calibration import REPEATS, balanced, capped
from ganatomy.evaluate.trust.formulas import log_loss
from ganatomy.evaluate.trust.heads import fitted
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.estimate import estimate
from ganatomy.numerics.statistics.groups import Ids
from ganatomy.numerics.statistics.statistic import Statistic
from ganatomy.results.measurement import Better, Measurement

TINY = 0.05  # an effective share below which a few samples decide whatever is weighted or selected


def weights(logits: Tensor) -> Tensor:
    """exp(logit) (..., n), over the largest of its row: every use below is of shares."""
    return (logits - logits.amax(-1, keepdim=True)).exp()


def effective_share(logits: Tensor) -> Tensor:
    """(sum w)^2 / (n sum w^2), (draws,); for the true ratio it tends to 1 / E_q[w^2] (Kish 1965)."""
    w = weights(logits)
    return w.sum(-1).square() / (w.square().sum(-1) * w.shape[-1])


def mean_ratio(logits: Tensor) -> Tensor:
    """Of generated samples: E_q[p / q] = 1 where q is above 0 wherever p is."""
    return logits.exp().mean(-1)


def divergence_bound(real: Tensor, made: Tensor) -> Tensor:
    """log 2 + E_p[log D] / 2 + E_q[log (1 - D)] / 2 <= JSD(p, q), nats (Goodfellow et al. 2014)."""
    return math.log(2) - log_loss(real, made)


def density_ratio(real: Tensor, made: Tensor, *, stream: Stream, groups: Ids | None = None) -> dict[str, Measurement]:
    """Measurements with intervals; floors are what D = 1/2 reads, which knows nothing."""
    balanced(real, made)
    p, q = capped(real), capped(made)
    ids = None if groups is None else (groups, None)
    return {
        MEAN.name: _read(MEAN, (q,), None, stream=stream),
        SIZE.name: _read(SIZE, (q,), None, stream=stream),
        BOUND.name: _read(BOUND, (p, q), ids, stream=stream),
    }


def refitted_mean(
    name: str, fit: tuple[Tensor, Tensor], made: Tensor, *, stream: Stream, groups: Ids | None = None
) -> Measurement:
    """The mean ratio under the head of this name; in each draw the head is fitted anew, on other samples to fit.

    `fit`: scores of real and generated samples; `made`: those of other generated ones. Taken on a log scale, since a
    ratio is skewed.
    """

    def logged(real: Tensor, fake: Tensor, judged: Tensor) -> float:
        fewest = min(len(real), len(fake))  # of groups some draws hold more
        return float(mean_ratio(fitted(name, real[:fewest], fake[:fewest])(judged)).log())

    samples = tuple(each.detach().double().cpu() for each in (*fit, made))
    seen = estimate(
        Statistic(MEAN.name, logged, "smooth"),
        samples,
        method="jackknife",
        stream=stream.child(f"refitted {MEAN.name}"),
        groups=None if groups is None else (groups, None, None),
    )
    value, low, high = (math.exp(each) for each in (seen.value, seen.interval.low, seen.interval.high))
    interval = replace(seen.interval, low=min(low, value), high=max(high, value), method=f"{seen.interval.method}, log")
    return Measurement(MEAN.name, value, len(made), f"{MEAN.says}, head refitted", MEAN.better, interval, MEAN.floor)


def effective_size(made: Tensor, *, stream: Stream) -> Measurement:
    """The effective share alone, of the logits of generated samples, which may be of any size."""
    return _read(SIZE, (made.double(),), None, stream=stream)


@dataclass(frozen=True)
class _Ratio:
    name: str
    function: Callable[..., Tensor]
    says: str
    better: Better
    floor: float
    low: float = -math.inf
    high: float = math.inf
    unit: str | None = None


MEAN = _Ratio("mean ratio", mean_ratio, "mean exp(logit) of generated samples", "neither", 1.0, 0.0)
SIZE = _Ratio(
    "effective sample size",
    effective_share,
    "(sum w)^2 / (n sum w^2), w = exp(logit) of generated samples",
    "high",
    1.0,
    0.0,
    1.0,
    "of the samples",
)
BOUND = _Ratio(
    "JSD, at least",
    divergence_bound,
    "log 2 + E log D / 2 + E log (1 - D) / 2, held out",
    "low",
    0.0,
    high=math.log(2),
    unit="nats",
)


def _read(
    each: _Ratio, samples: tuple[Tensor, ...], groups: tuple[Ids | None, ...] | None, *, stream: Stream
) -> Measurement:
    statistic = Statistic(each.name, each.function, "smooth", batched=True, low=each.low, high=each.high)
    own = stream.child(each.name)
    seen = estimate(statistic, samples, method="half-sampling", stream=own, groups=groups, repeats=REPEATS)
    n = len(samples[-1])
    return Measurement(each.name, seen.value, n, each.says, each.better, seen.interval, each.floor, unit=each.unit)
