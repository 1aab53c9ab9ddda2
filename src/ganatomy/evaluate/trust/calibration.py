"""Is a score a probability? Of samples of which half are real, as many as it says must be real.

    judged = calibration(real_logits, made_logits, stream=Stream(0, "trust"))      # Measurements by name
    judged["Spiegelhalter Z"].value                # beyond -+3: not calibrated; above 0: too sure of itself
    curve = reliability(real_logits, made_logits)  # per bin: said, seen, low, high, count

Logits of real, held-out against generated, in equal numbers; they are cut at -+36, where float64 knows no surer
probability. Bins hold equally many samples, equal scores share a bin. Z tests (Spiegelhalter 1986; Turner et al. 2019)
ask whether the deviations could be chance; Turner's sums them and misses a score that is too sure on both sides alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.trust.formulas import (
    binned,
    brier,
    debiased_ece,
    ece,
    log_loss,
    places,
    spiegelhalter,
    turner,
)
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.estimate import estimate
from ganatomy.numerics.statistics.groups import Ids
from ganatomy.numerics.statistics.interval import Interval, wilson
from ganatomy.numerics.statistics.statistic import Statistic
from ganatomy.results.measurement import Better, Measurement

SUREST = 36.0  # the largest logit: sigmoid(36) is 1 but for the last bit
BINS = 15  # Guo et al. 2017
SIMULATED = 200  # sets of labels drawn from the probabilities themselves, for the floor of the ECE
REPEATS = 400  # of each bootstrap
SURE = 3.0  # |Z| beyond which a score is not calibrated

Function = Callable[[Tensor, Tensor], Tensor]  # logits of real and of made, (draws, n) and (draws, m) -> (draws,)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Of each bin: the mean probability said, the share of real ones seen with its Wilson interval, and the count."""

    said: Tensor
    seen: Tensor
    low: Tensor
    high: Tensor
    count: Tensor


def reliability(real: Tensor, made: Tensor, *, bins: int = BINS, level: float = 0.95) -> Reliability:
    """Equal-mass bins from the lowest probability up; those that equal scores leave empty are not there."""
    count, said, seen = (each[0] for each in binned(capped(real)[None], capped(made)[None], bins))
    there = count > 0
    count, said, seen = count[there], said[there] / count[there], seen[there] / count[there]
    pairs = zip(seen * count, count, strict=True)
    bounds = [wilson(round(float(real_ones)), int(n), level=level) for real_ones, n in pairs]
    low, high = (torch.tensor([getattr(each, end) for each in bounds], dtype=torch.float64) for end in ("low", "high"))
    return Reliability(said, seen, low, high, count.long())


def calibration(
    real: Tensor, made: Tensor, *, stream: Stream, bins: int = BINS, groups: Ids | None = None
) -> dict[str, Measurement]:
    """Each with its interval, and as floor what a perfectly calibrated score with these very probabilities reads.

    `groups` says which real ones belong together. The intervals of the ECE are about its mean for this many samples and
    bins, those of "ECE less its bias" about the binned error of the population.
    """
    balanced(real, made)
    samples, spaces = (capped(real), capped(made)), f"{bins} bins of equal mass"
    floors = floors_of(torch.cat(samples), bins, stream=stream.child("floor"))
    found = {}
    for name, each in _graded(bins).items():
        statistic = Statistic(name, each.function, "smooth", batched=True, low=each.low)
        given = None if groups is None else (groups, None)
        seen = estimate(
            statistic, samples, method=each.method, stream=stream.child(name), groups=given, repeats=REPEATS
        )
        found[name] = Measurement(
            name, seen.value, len(real) + len(made), each.says.format(spaces), each.better, seen.interval, floors[name]
        )
    return found


@dataclass(frozen=True)
class _Graded:
    function: Function
    method: str
    says: str
    better: Better
    low: float = -math.inf


def _graded(bins: int) -> Mapping[str, _Graded]:
    """Z grows with the root of n, so that halves of a sample would not show its spread."""
    return {
        "Spiegelhalter Z": _Graded(spiegelhalter, "percentile", "sum (y - p)(1 - 2p) over its spread", "neither"),
        "Turner Z": _Graded(turner, "percentile", "sum (y - p) over its spread", "neither"),
        "ECE": _Graded(lambda r, m: ece(r, m, bins), "half-sampling", "mean |seen - said|, {}", "low", 0.0),
        "ECE less its bias": _Graded(
            lambda r, m: debiased_ece(r, m, bins), "half-sampling", "ECE, {}, debiased", "low"
        ),
        "Brier score": _Graded(brier, "percentile", "mean (y - p)^2", "low", 0.0),
        "log-loss": _Graded(log_loss, "percentile", "mean -log p of what it was, nats", "low", 0.0),
    }


def floors_of(logits: Tensor, bins: int, *, stream: Stream) -> dict[str, float]:
    """What each reads on average when labels are drawn from the probabilities said.

    They are drawn freely; real and generated ones in equal numbers are steadier, so the floor of the ECE is some per
    cent too high.
    """
    p, room = torch.sigmoid(logits), torch.sigmoid(logits) * torch.sigmoid(-logits)
    drawn = stream.uniform(range(SIMULATED), len(logits), dtype=torch.float64) < p
    place, bin_count = places(logits[None], bins)
    gaps = torch.zeros(SIMULATED, bin_count, dtype=torch.float64)
    gaps.scatter_add_(1, place.expand(SIMULATED, -1), drawn.double() - p)
    return {
        "Spiegelhalter Z": 0.0,
        "Turner Z": 0.0,
        "ECE": float(gaps.abs().sum(1).mean()) / len(logits),
        "ECE less its bias": 0.0,
        "Brier score": float(room.mean()),
        "log-loss": float((p * softplus(-logits) + (1 - p) * softplus(logits)).mean()),
    }


def capped(logits: Tensor) -> Tensor:
    """As float64 on the CPU, no surer than float64 can tell; NaN is refused."""
    found = logits.detach().double().cpu()
    if found.ndim != 1 or not bool(torch.isfinite(found).all()):
        raise InputError(
            f"logits of shape {tuple(found.shape)} were given, or some are not finite",
            "give one finite logit for each sample",
        )
    return found.clamp(-SUREST, SUREST)


def balanced(real: Tensor, made: Tensor) -> None:
    if len(real) != len(made) or len(real) < 2:
        raise UsageError(
            f"{len(real)} real and {len(made)} generated samples were to be judged",
            "give two or more of each, equally many: probabilities are about a half of either",
        )


def uncalibrated(found: Mapping[str, Measurement]) -> str:
    """What Spiegelhalter's Z says in a word: "too sure", "not sure enough", or nothing against the score."""
    z = found["Spiegelhalter Z"].value
    return "" if abs(z) <= SURE else "too sure" if z > 0 else "not sure enough"


def bounds(measured: Measurement) -> Interval:
    """The interval that all Measurements of this folder have."""
    assert measured.interval is not None
    return measured.interval
