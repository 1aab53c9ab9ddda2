"""Divergences from a trained generator, which has no density that is known: from its samples, with what that costs.

    found = from_samples(p, samples, stream=Stream(0, "floor"))
    found["TV"].value, found["TV"].floor            # and what as many samples of p itself read
    kernel_estimate(samples).note                   # "kernel estimate of 500 samples, bandwidth 0.08: ..."

A kernel estimate is one of the blurred density, without bias. So p is blurred as much, exactly, and the two are
compared: of the sharp densities that is at most the divergence (blurring brings no two densities further apart), while
too few samples make it too high, by about the floor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.theory.densities import Density
from ganatomy.theory.divergences import divergences, rule_for
from ganatomy.theory.quadrature import Integral

BOUNDED = ("JSD", "TV", "triangular", "Hellinger")  # where an estimate that misses a tail is not infinitely wrong
LADDER = torch.logspace(-2.5, 0.25, 23, dtype=torch.float64)  # bandwidths tried, in std of the samples
REPEATS, MOST = 3, 5000
MISS = 0.05


@dataclass(frozen=True)
class Estimate:
    """A divergence between blurred densities, one of them estimated; `floor` is what a perfect generator would read.

    within: only of TV, how far the value lies at most from that of the true blurred densities, 95 times in 100.
    """

    value: float
    floor: float
    bandwidth: float
    n: int
    within: float | None = None


def kernel_estimate(samples: Tensor, *, bandwidth: float | None = None) -> Density:
    """A round Gaussian on each sample; the bandwidth under which one half of them is likeliest given the other."""
    points = _checked(samples)
    width = likeliest_bandwidth(points) if bandwidth is None else bandwidth
    if not width > 0:
        raise UsageError(f"a bandwidth of {width} was given", "give one above 0, or none")
    n, d = points.shape
    roots = (width * torch.eye(d, dtype=torch.float64)).expand(n, d, d)
    note = f"kernel estimate of {n} samples, bandwidth {width:.3g}: of the density blurred by as much, never exact"
    return Density("kernel estimate", points, roots, torch.full((n,), 1 / n, dtype=torch.float64), note)


def likeliest_bandwidth(samples: Tensor) -> float:
    points = _checked(samples)
    first, second = points[::2], points[1::2]
    scale = float(points.var(0).mean().sqrt())
    tried = [scale * float(step) for step in LADDER]
    worth = [float(kernel_estimate(first, bandwidth=h).log_density(second).mean()) for h in tried]
    return tried[worth.index(max(worth))]


def from_samples(
    p: Density,
    samples: Tensor,
    *,
    stream: Stream,
    names: Sequence[str] = BOUNDED,
    bandwidth: float | None = None,
) -> dict[str, Estimate]:
    """Between p and what made the samples. The stream draws the samples of p that give the floor."""
    if strange := [name for name in names if name not in BOUNDED]:
        raise UsageError(
            f"an estimate of {strange[0]!r} from samples was asked for",
            "where samples are missing it says nothing; legal are: " + ", ".join(BOUNDED),
        )
    made = kernel_estimate(samples, bandwidth=bandwidth)
    width, n = float(made.roots[0, 0, 0]), len(made.centres)
    blurred = p.blurred(width)
    values = divergences(blurred, made, names=names)
    own = [p.sample(stream.child(f"floor {k}"), range(n)) for k in range(REPEATS)]
    floors = [divergences(blurred, kernel_estimate(each, bandwidth=width), names=names) for each in own]
    return {
        name: Estimate(
            values[name].value,
            sum(each[name].value for each in floors) / REPEATS,
            width,
            n,
            total_variation_error(made).high + values[name].error if name == "TV" else None,
        )
        for name in names
    }


def total_variation_error(made: Density) -> Integral:
    """At most TV between a kernel estimate and the blurred density it estimates, 95 times in 100.

    The mean is at most half the integral of sqrt(Var K / n), put in from the estimate; one sample changes it by at most
    1 / n, so it exceeds its mean by sqrt(log(1 / 0.05) / 2n) in 5 of 100 (McDiarmid 1989).
    """
    n, width = len(made.centres), float(made.roots[0, 0, 0])
    sharp = Density("squared kernel", made.centres, made.roots / math.sqrt(2), made.weights)
    rule = rule_for(made, sharp)
    peak = -0.5 * made.dimensions * math.log(4 * math.pi * width**2)
    square = (sharp.log_density(rule.points) + peak).exp()
    spread = (square - (2 * made.log_density(rule.points)).exp()).clamp(min=0)
    mean = rule.integral((spread / n).sqrt()).scaled(0.5)
    return mean.scaled(1.0, math.sqrt(math.log(1 / MISS) / (2 * n)))


def _checked(samples: Tensor) -> Tensor:
    points = samples.detach().double().cpu()
    if points.dim() != 2 or points.shape[1] not in (1, 2) or not 10 <= len(points) <= MOST:
        raise UsageError(
            f"a density was to be estimated from samples of shape {tuple(samples.shape)}",
            f"give 10 to {MOST} points of the line or the plane, (n, 1) or (n, 2)",
        )
    return points
