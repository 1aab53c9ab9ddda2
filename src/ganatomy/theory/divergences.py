"""How far two known densities lie apart: every divergence that a game is about, with a bound on its error.

    found = divergences(p, q)                       # on the line and in the plane
    found["JSD"].value, found["JSD"].error          # nats
    found["V"]                                      # the value of the game at its best critic; log 4 + V = 2 JSD
    divergence("Pearson", p, q).value               # inf where it is infinite

Formulas take log p and log q, so that nothing overflows and p + q never cancels. Wasserstein distances: `transport`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.theory.densities import Density
from ganatomy.theory.quadrature import Integral, Rule, refined
from ganatomy.theory.tails import Box, Weighed, box, entropy_outside, mass_outside

SMOOTH, KINKED = {1: 1e-10, 2: 1e-8}, {1: 1e-10, 2: 1e-4}  # tolerances; in the plane a kink is a curve, and costs

Formula = Callable[[Tensor, Tensor], Tensor]
Tail = Callable[[Density, Density, Box], float]


@dataclass(frozen=True)
class Divergence:
    """The integral of formula(log p, log q) dx; `tail` bounds what lies outside a box."""

    sentence: str
    formula: Formula
    tail: Tail
    kinked: bool = False  # where p = q
    weighed: tuple[bool, bool] = (False, False)  # whether it needs p^2 / q, and q^2 / p, to be integrable


def divergences(
    p: Density, q: Density, *, names: Sequence[str] | None = None, tolerance: float | None = None, most: int = 3_000_000
) -> dict[str, Integral]:
    """Those of `names` (all), by name; each on the same points. `most` is how many points may be used.

    tolerance: of the bounds on the errors, which are themselves far above the errors of smooth formulas.
    """
    wanted = {name: choose(DIVERGENCES, name, "divergence") for name in (DIVERGENCES if names is None else names)}
    finite = {name: each for name, each in wanted.items() if _finite(each, p, q)}
    rule = rule_for(p, q, names=tuple(finite) or ("V",), tolerance=tolerance, most=most)
    log_p, log_q = p.log_density(rule.points), q.log_density(rule.points)
    found = {name: Integral(math.inf) for name in wanted}
    limits = rule.low.amin(0), (rule.low + rule.sides).amax(0)
    for name, each in finite.items():
        turning = log_p - log_q if each.kinked else None
        tail = each.tail(p, q, limits)
        found[name] = rule.integral(each.formula(log_p, log_q), turning=turning, tail=tail)
    return found


def divergence(name: str, p: Density, q: Density, *, most: int = 3_000_000) -> Integral:
    return divergences(p, q, names=(name,), most=most)[name]


def rule_for(
    p: Density, q: Density, *, names: Sequence[str] = ("V",), tolerance: float | None = None, most: int = 3_000_000
) -> Rule:
    """Points fine enough for these divergences, and so for other integrals over p and q of like smoothness."""
    if p.dimensions != q.dimensions:
        raise UsageError(
            f"{p.name!r} has {p.dimensions} dimensions, {q.name!r} has {q.dimensions}", "compare like with like"
        )
    chosen = [DIVERGENCES[name] for name in names if _finite(DIVERGENCES[name], p, q)]
    kept = [p, q]
    for first, second, place in ((p, q, 0), (q, p, 1)):
        bell = Weighed(first, second).bell() if any(each.weighed[place] for each in chosen) else None
        kept += [bell] if bell is not None else []

    def integrands(points: Tensor) -> tuple[Tensor, Tensor]:
        log_p, log_q = p.log_density(points), q.log_density(points)
        return torch.stack([each.formula(log_p, log_q) for each in chosen], 1), log_p - log_q

    smooth = SMOOTH[p.dimensions] if tolerance is None else tolerance
    kinked = max(smooth, KINKED[p.dimensions])
    allowed = torch.tensor([kinked if each.kinked else smooth for each in chosen], dtype=torch.float64)
    narrow = torch.cat([each.centres for each in kept]), torch.cat([each.spreads for each in kept])
    return refined(integrands, box(*kept), narrow=narrow, tolerance=allowed, most=most)


def dropped(kept: float) -> Mapping[str, float]:
    """Disjoint equal modes of which a share r is kept: JSD, TV, KL(q|p) in closed form; KL(p|q) is infinite."""
    if not 0 < kept <= 1:
        raise UsageError(f"a share of {kept} modes kept was given", "it lies above 0 and up to 1")
    rest = (1 - kept) * math.log(2)
    jsd = 0.5 * (kept * math.log(2 * kept / (1 + kept)) + rest) + 0.5 * math.log(2 / (1 + kept))
    reverse = -math.log(kept) + 0.0
    return {"JSD": jsd, "TV": 1 - kept, "KL(q|p)": reverse, "KL(p|q)": math.inf if kept < 1 else 0.0}


def _finite(each: Divergence, p: Density, q: Density) -> bool:
    return (not each.weighed[0] or Weighed(p, q).finite) and (not each.weighed[1] or Weighed(q, p).finite)


def log_gap(log_p: Tensor, log_q: Tensor) -> Tensor:
    """log |p - q|."""
    high, low = torch.maximum(log_p, log_q), torch.minimum(log_p, log_q)
    return high + torch.log(-torch.expm1(low - high))


def _value(log_p: Tensor, log_q: Tensor) -> Tensor:
    ratio = log_p - log_q
    return -log_p.exp() * F.softplus(-ratio, threshold=100) - log_q.exp() * F.softplus(ratio, threshold=100)


def _jensen_shannon(log_p: Tensor, log_q: Tensor) -> Tensor:
    middle = torch.logaddexp(log_p, log_q) - math.log(2)
    return 0.5 * (log_p.exp() * (log_p - middle) + log_q.exp() * (log_q - middle))


def _kullback_leibler(log_p: Tensor, log_q: Tensor) -> Tensor:
    return log_p.exp() * (log_p - log_q) - log_p.exp() + log_q.exp()  # the last two add 0, and no value is negative


def _mean_outside(factor: float) -> Tail:
    """For formulas that are at most factor (p + q)."""
    return lambda p, q, limits: factor * (mass_outside(p, limits) + mass_outside(q, limits))


def _weighed_outside(p: Density, q: Density, limits: Box) -> float:
    return Weighed(p, q).outside(limits) + mass_outside(q, limits)


DIVERGENCES: dict[str, Divergence] = {
    "V": Divergence("E_p log D* + E_q log(1 - D*), D* = p / (p + q): -log 4 + 2 JSD", _value, _mean_outside(1.0)),
    "JSD": Divergence("1/2 KL(p|m) + 1/2 KL(q|m), m = (p + q) / 2: 0 to log 2", _jensen_shannon, _mean_outside(0.35)),
    "KL(p|q)": Divergence("E_p log p/q: dear where q leaves out what p holds", _kullback_leibler, entropy_outside),
    "KL(q|p)": Divergence(
        "E_q log q/p: dear where q puts what p does not hold",
        lambda log_p, log_q: _kullback_leibler(log_q, log_p),
        lambda p, q, limits: entropy_outside(q, p, limits),
    ),
    "TV": Divergence(
        "1/2 integral of |p - q|: 0 to 1",
        lambda log_p, log_q: 0.5 * (log_p.exp() - log_q.exp()).abs(),
        _mean_outside(0.5),
        kinked=True,
    ),
    "Pearson": Divergence(
        "integral of (p - q)^2 / q",
        lambda log_p, log_q: (2 * log_gap(log_p, log_q) - log_q).exp(),
        _weighed_outside,
        weighed=(True, False),
    ),
    "Neyman": Divergence(
        "integral of (p - q)^2 / p",
        lambda log_p, log_q: (2 * log_gap(log_p, log_q) - log_p).exp(),
        lambda p, q, limits: _weighed_outside(q, p, limits),
        weighed=(False, True),
    ),
    "triangular": Divergence(
        "integral of (p - q)^2 / (p + q): 0 to 2; least squares with labels -1, 1 and aim 0 is half of it",
        lambda log_p, log_q: (2 * log_gap(log_p, log_q) - torch.logaddexp(log_p, log_q)).exp(),
        _mean_outside(1.0),
    ),
    "Hellinger": Divergence(
        "integral of (sqrt p - sqrt q)^2, squared and without a half: 0 to 2",
        lambda log_p, log_q: (2 * log_gap(0.5 * log_p, 0.5 * log_q)).exp(),
        _mean_outside(1.0),
    ),
}
