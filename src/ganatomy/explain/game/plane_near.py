"""Theory against practice in the plane: how near a critic is to the best critic of its loss, where the data are known.

    against = estimated(gan, of_world(world))       # p, and the generator's q: exact, or a kernel estimate and a second
    near(gan, loss, against)                        # regret and errors of log p/q, each with its floor
    near_map(gan, loss, against)                    # the critic, the best one, and where the loss is left lying

What `theory.regret` integrates is here a mean over drawn points: a kernel estimate makes integrals slow, and its own
error is larger than that of the mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.game.plane_mesh import require_plane
from ganatomy.explain.latent.explained import explained
from ganatomy.games.losses import Loss
from ganatomy.models.evaluating import evaluating, home
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.results.explanation import Explanation
from ganatomy.theory.densities import Density, of_generator
from ganatomy.theory.estimates import kernel_estimate
from ganatomy.theory.optimal import Optimum, costs, optimum
from ganatomy.theory.regret import DEPTH, ratio_map, regret_density, scored

KERNELS = 1000  # samples behind an estimate
WIDE = 1.96  # standard errors to either side
READINGS = ("regret", "share of the loss left", "mean |D - D*|", "log ratio, weighted", "log ratio, unweighted")
DISC = 4.0  # std of a component: where densities are looked at unweighted
ROOM = 0.08  # around the points, of their extent
BULK = 0.005  # of the points at either end may lie outside the picture

Critic = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Against:
    """The data's density and the generator's, blurred alike; `other` is a second estimate of q, from other samples.

    width: of the blur; 0 where q is exact, and then `other` is q. n: samples behind each estimate.
    """

    sharp: Density  # of the data, as it is
    p: Density
    q: Density
    other: Density
    width: float
    n: int

    @property
    def exact(self) -> bool:
        return self.width == 0

    @property
    def told(self) -> float:
        """The log of the largest ratio p / q that can be told."""
        return math.inf if self.exact else math.log(self.n)

    @property
    def said(self) -> str:
        if self.exact:
            return "The generator is affine, so that its density is known exactly."
        return (
            f"The generator's density q is a kernel estimate of {self.n} samples, bandwidth {self.width:.3g}, and the "
            "data's p is blurred as much: what is finer is not compared. The floor is what the best critic for a "
            "second estimate reads, from other samples."
        )


def estimated(gan: GAN, p: Density, *, n: int = KERNELS, seed: int = 0) -> Against:
    require_plane(gan)
    try:
        with evaluating(gan.generator):
            q = of_generator(lambda z: gan.generator(z.to(*home(gan.generator))).cpu(), gan.latent)
    except UsageError:  # not affine, or not of a normal latent
        first, second = (gan.sample(seed, range(k * n, (k + 1) * n)) for k in (0, 1))
        q = kernel_estimate(first)
        width = float(q.roots[0, 0, 0])
        return Against(p, p.blurred(width), q, kernel_estimate(second, bandwidth=width), width, n)
    return Against(p, p, q, q, 0.0, n)


def near(gan: GAN, loss: Loss, against: Against, *, n: int = 4000, seed: int = 0) -> Explanation:
    """A row for each reading: of the critic, what it reads for the other estimate, floor, and a critic that says 0.

    Means over n points drawn from each density, with 95 % intervals; ratios are cut at as many to one as q has samples.
    """
    best, most = _pointwise(loss), against.told
    points = _drawn(against, n, seed)
    again = points if against.exact else _drawn(replace(against, q=against.other, other=against.q), n, seed)
    asked: dict[str, tuple[Critic, tuple[_Points, _Points]]] = {
        "value": (Scorer(gan), points),
        "second_estimate": (Scorer(gan), again),
        "floor": (best_for(best, against.p, against.other, most=most), points),
        "undecided": (lambda x: torch.full_like(x[:, 0], loss.undecided), points),
    }
    tables = {name: _readings(loss, critic, points=given, most=most) for name, (critic, given) in asked.items()}
    arrays = {name: table[:, 0] for name, table in tables.items()}
    arrays |= {"low": tables["value"][:, 1], "high": tables["value"][:, 2]}
    value, second, floor, silent = (arrays[name].tolist() for name in asked)
    won, says = _fresh(gan, loss, against, n=n, seed=seed)
    arrays["won_on_fresh"] = won.expand(len(READINGS), 3)
    said = (
        f"Its loss ({loss.name}) is higher than that of the best critic by {value[0]:.4g} [{arrays['low'][0]:.4g}, "
        f"{arrays['high'][0]:.4g}]; {second[0]:.4g} by a second estimate of q, floor {floor[0]:.2g}; of a critic that "
        f"is undecided everywhere {silent[0]:.3g}. {says} Mean |D - D*| {value[2]:.3f} (floor {floor[2]:.3f}). "
        f"{_ratio_said(best, against, value, floor)}{against.said}"
    )
    return explained(gan, "near the best critic", loss.name, units=READINGS, arrays=arrays, note=said, seed=seed)


def _ratio_said(best: Optimum, against: Against, value: list[float], floor: list[float]) -> str:
    if best.ratio is None:
        return "The score of this loss does not tell the ratio of densities. "
    return (
        f"Error of log p/q {value[3]:.2f} where the mass is (floor {floor[3]:.2f}), {value[4]:.2f} evenly over where "
        f"there is any (floor {floor[4]:.2f}){'' if against.exact else f', ratios beyond {against.n} to 1 cut'}. "
    )


def best_for(best: Optimum, p: Density, q: Density, *, most: float) -> Critic:
    """The best critic for an estimate, sure of nothing beyond e^most to one: a place that one sample of q came to is
    not without density because another sample did not.
    """

    def scores(x: Tensor) -> Tensor:
        ratio = (p.log_density(x) - q.log_density(x)).clamp(-most, most)
        return best.scores(ratio, torch.zeros_like(ratio))

    return scores


def _pointwise(loss: Loss) -> Optimum:
    best = optimum(loss)
    if not best.pointwise:
        raise UsageError(
            f"how near a critic of {loss.name!r} is to the best one was asked for",
            "its loss is of pairs, which is not integrated over the plane; losses of single scores are",
        )
    return best


@dataclass(frozen=True, eq=False)
class _Points:
    """Drawn from p and q, as many of each, or evenly where there is mass; with log p, log q, log (p + q) / 2."""

    x: Tensor
    log_p: Tensor
    log_q: Tensor
    density: Tensor

    @classmethod
    def at(cls, x: Tensor, against: Against) -> _Points:
        log_p, log_q = against.p.log_density(x), against.q.log_density(x)
        return cls(x, log_p, log_q, torch.logaddexp(log_p, log_q) - math.log(2))


def _drawn(against: Against, n: int, seed: int) -> tuple[_Points, _Points]:
    drawn = Stream(seed, "plane/near")
    parts = [each.sample(drawn.child(name), range(n)) for name, each in (("p", against.p), ("q", against.q))]
    even = _Points.at(evenly(against, drawn.child("even"), n), against)
    inside = even.density > even.density.max() - DEPTH
    return _Points.at(torch.cat(parts), against), _Points(*(each[inside] for each in vars(even).values()))


def _readings(loss: Loss, critic: Critic, *, points: tuple[_Points, _Points], most: float) -> Tensor:
    """(readings, 3): each with its interval. Under (p + q) / 2 all but the last are bounded, and some thousands do."""
    best, (of_both, even) = optimum(loss), points
    n = len(of_both.x) // 2
    scores = scored(critic, of_both.x)
    logs = of_both.log_p - of_both.density, of_both.log_q - of_both.density
    undecided = regret_density(loss, torch.full_like(scores, loss.undecided), *logs).mean().clamp(min=1e-300)
    lost = _mean(regret_density(loss, scores, *logs), n)
    ratio = of_both.log_p - of_both.log_q
    if best.ratio is None:
        gap = _mean((scores - best.scores(of_both.log_p, of_both.log_q)).abs(), n)
        return torch.stack([lost, lost / undecided, gap, *[torch.full_like(gap, math.nan)] * 2])
    found, evenly = best.ratio(scores), best.ratio(scored(critic, even.x))
    gap = _mean((found.sigmoid() - ratio.sigmoid()).abs(), n)
    weighted = _mean((found.clamp(-most, most) - ratio.clamp(-most, most)).square(), n)
    apart = evenly.clamp(-most, most) - (even.log_p - even.log_q).clamp(-most, most)
    roots = [each.clamp(min=0).sqrt() for each in (weighted, _mean(apart.square(), 0))]
    return torch.stack([lost, lost / undecided, gap, *roots])


def _fresh(gan: GAN, loss: Loss, against: Against, *, n: int, seed: int) -> tuple[Tensor, str]:
    """On unblurred samples that no estimate has seen: what the best critic for an estimate wins over this one.

    Any critic's loss is at least the least, so what it wins is left lying for certain. (value, low, high)
    """
    best = best_for(optimum(loss), against.p, against.q, most=against.told)
    real = against.sharp.sample(Stream(seed, "plane/fresh"), range(n))
    points = torch.cat([real, gan.sample(seed, range(2 * against.n, 2 * against.n + n)).double().cpu()])
    each = [costs(loss, scored(critic, points)) for critic in (Scorer(gan), best)]
    won = _mean(torch.cat([each[0][0][:n] - each[1][0][:n], each[0][1][n:] - each[1][1][n:]]), n) * 2
    low, high = won[1:].tolist()
    said = f"On {n} fresh, unblurred samples of each the best critic as estimated has less loss by {float(won[0]):.3g}"
    sure = f"at least {low:.2g} is left" if low > 0 else "it is no guide" if high < 0 else "what is left cannot be told"
    return won, f"{said} [{low:.3g}, {high:.3g}]: {sure}."


def _mean(values: Tensor, n: int) -> Tensor:
    """Value, low and high. The first n are of p, the rest of q; 0 where they are of one law."""
    parts = [values] if n == 0 else [values[:n], values[n:]]
    means = torch.stack([part.mean() for part in parts]).mean()
    error = sum(float(part.var()) / len(part) for part in parts) ** 0.5 / len(parts)
    return torch.stack([means, means - WIDE * error, means + WIDE * error])


def evenly(against: Against, stream: Stream, n: int) -> Tensor:
    """Evenly over the union of discs around the components of p and q; places in k discs are kept once in k."""
    centres = torch.cat([against.p.centres, against.q.centres])
    radii = DISC * torch.cat([against.p.spreads, against.q.spreads]).amax(1)
    chosen = torch.searchsorted((radii.square() / radii.square().sum()).cumsum(0)[:-1], _uniform(stream, "disc", 8 * n))
    angle, far = 2 * math.pi * _uniform(stream, "angle", 8 * n), _uniform(stream, "far", 8 * n).sqrt()
    points = centres[chosen] + (radii[chosen] * far)[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    covering = torch.cat([(torch.cdist(part, centres) <= radii).sum(1) for part in points.split(4096)])
    kept: Tensor = points[_uniform(stream, "kept", 8 * n) * covering <= 1]
    return kept


def _uniform(stream: Stream, name: str, n: int) -> Tensor:
    return stream.child(name).uniform(range(n), dtype=torch.float64)


def near_map(gan: GAN, loss: Loss, against: Against, *, side: int = 121, seed: int = 0) -> Explanation:
    """The critic, the best critic and the regret as tables, as `theory.regret.ratio_map` makes them."""
    _pointwise(loss)
    points = torch.cat([against.p.sample(Stream(seed, "plane/map"), range(KERNELS)), against.q.centres])
    ends = ticks_over(points, 2)
    limits = torch.stack([each[0] for each in ends]), torch.stack([each[-1] for each in ends])
    shown = ratio_map(loss, Scorer(gan), against.p, against.q, limits=limits, side=side)
    arrays = {"x": shown.ticks[0], "y": shown.ticks[1], "found": shown.found, "best": shown.best}
    arrays |= {"regret": shown.regret, "log_p": shown.log_p, "log_q": shown.log_q}
    return explained(gan, "best critic", loss.name, units=(), arrays=arrays, note=against.said, seed=seed)


def ticks_over(points: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Even, over a square that holds the bulk of the points."""
    ends = torch.quantile(points, torch.tensor([BULK, 1 - BULK], dtype=points.dtype), dim=0)
    half = (0.5 + ROOM) * (ends[1] - ends[0]).max().clamp(min=1e-6)
    first, second = (torch.linspace(float(m - half), float(m + half), side, dtype=torch.float64) for m in ends.mean(0))
    return first, second
