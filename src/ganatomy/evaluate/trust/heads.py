"""From a critic's score to a probability, by a head fitted on held-out samples: unbounded scores cannot do without.

    head = fitted("platt", real_scores, made_scores)       # or "temperature", "isotonic", "as it is"
    head(scores)                                           # logits of real
    head = chosen(real_scores, made_scores, kind=gan.score.kind, stream=Stream(0, "head"))

Hinge, Wasserstein and relativistic critics give no ratio of densities, and penalties, smoothed labels and augmentation
bend the logits of others (see `HEADS` for what each head can mend). No head can tell apart what the score does not: all
are functions of it. Fit on one part of the held-out samples and judge on another.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError, choose
from ganatomy.evaluate.trust.calibration import SURE, SUREST, balanced, capped
from ganatomy.evaluate.trust.formulas import log_loss, spiegelhalter
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, split

Map = Callable[[Tensor], Tensor]  # scores (n,) -> logits (n,), both float64
ROUNDS = 100
AS_IT_IS = "as it is"


@dataclass(frozen=True, eq=False)
class Head:
    """A fitted head, which never falls: `falls` says that a higher score came out as less likely real, or no likelier.

    Such a head gives one half to all. A score that surely is the wrong way round is to be turned first (`order`).
    """

    name: str
    said: str
    map: Map = field(repr=False)
    falls: bool = False

    def __call__(self, scores: Tensor) -> Tensor:
        """Logits of real, float64, on the CPU, cut at -+36."""
        if not bool(torch.isfinite(scores).all()):
            raise InputError("the critic's scores hold NaN or infinite values", "check its weights, and the pictures")
        return self.map(scores.detach().double().cpu()).clamp(-SUREST, SUREST)


@dataclass(frozen=True)
class Kind:
    """fit: scores (n,) and whether each is real -> a head. free: needs no zero, so that any unbounded score will do."""

    says: str
    fit: Callable[[Tensor, Tensor], Head]
    free: bool


def fitted(name: str, real: Tensor, made: Tensor) -> Head:
    """The head of that name, fitted to equally many real and generated scores."""
    kind = choose(HEADS, name, "head")
    balanced(real, made)
    scores = torch.cat([real, made]).detach().double().cpu()
    if not bool(torch.isfinite(scores).all()):
        raise InputError("the critic's scores hold NaN or infinite values", "check its weights, and the pictures")
    return kind.fit(scores, torch.arange(len(scores)) < len(real))


def names_for(kind: str) -> tuple[str, ...]:
    """The heads that make sense: an unbounded score has no zero that means one half."""
    return tuple(name for name, head in HEADS.items() if head.free or kind != "unbounded")


def chosen(real: Tensor, made: Tensor, *, kind: str, stream: Stream, groups: Ids | None = None) -> Head:
    """A logit as it is unless Spiegelhalter's Z refutes it; else the head of least log-loss on left-out halves."""
    if kind != "unbounded" and abs(float(spiegelhalter(capped(real)[None], capped(made)[None]))) <= SURE:
        return fitted(AS_IT_IS, real, made)
    sides = (
        split(len(real), (0.5, 0.5), stream=stream.child("real"), groups=groups),
        split(len(made), (0.5, 0.5), stream=stream.child("made")),
    )
    names = [name for name in names_for(kind) if name != AS_IT_IS]
    return fitted(min(names, key=lambda name: _left_out(name, (real, made), sides)), real, made)


def _left_out(name: str, scores: tuple[Tensor, Tensor], sides: tuple[tuple[Tensor, ...], tuple[Tensor, ...]]) -> float:
    """The log-loss of either half under the head of the other, averaged."""
    total = 0.0
    for fit, out in ((0, 1), (1, 0)):
        parts = [each[side[fit]] for each, side in zip(scores, sides, strict=True)]
        fewest = min(map(len, parts))
        head = fitted(name, parts[0][:fewest], parts[1][:fewest])
        real, made = (head(each[side[out]])[None] for each, side in zip(scores, sides, strict=True))
        total += float(log_loss(real, made)) / 2
    return total


def _as_it_is(_scores: Tensor, _real: Tensor) -> Head:
    return Head(AS_IT_IS, "the logit as it is", lambda s: s)


def _temperature(scores: Tensor, real: Tensor) -> Head:
    """logit = score / T (Guo et al. 2017)."""
    spread = float(scores.square().mean().sqrt()) or 1.0
    slope = float(_logistic(scores[:, None] / spread, real)[0]) / spread
    if slope <= 0:
        return _level("temperature", falls=slope < 0)
    return Head("temperature", f"temperature {1 / slope:.3g}", lambda s: slope * s)


def _platt(scores: Tensor, real: Tensor) -> Head:
    """logit = a score + b (Platt 1999)."""
    middle, spread = float(scores.mean()), float(scores.std()) or 1.0
    columns = torch.stack([(scores - middle) / spread, torch.ones_like(scores)], 1)
    steep, offset = _logistic(columns, real).tolist()
    a, b = steep / spread, offset - steep * middle / spread
    if a <= 0:
        return _level("platt", falls=a < 0)
    return Head("platt", f"{a:.3g} x score {'-' if b < 0 else '+'} {abs(b):.3g}", lambda s: a * s + b)


def _level(name: str, *, falls: bool) -> Head:
    """The most likely one that does not fall, where the most likely one would: half of the samples are real."""
    return Head(name, "one half for all, since higher scores are no likelier to be real", torch.zeros_like, falls=falls)


def _isotonic(scores: Tensor, real: Tensor) -> Head:
    """A rising step function, linear between steps (Zadrozny & Elkan 2002).

    Its ends are 0 and 1 where the extreme samples are of one kind; k of them allow 1 / (k + 2) only (Laplace). A ratio
    of densities, and so what is selected by it, would else hang on the single most extreme sample.
    """
    from sklearn.isotonic import IsotonicRegression

    found = IsotonicRegression(out_of_bounds="clip").fit(scores.numpy(), real.double().numpy())
    levels, counts = torch.unique(torch.from_numpy(found.predict(scores.numpy())).double(), return_counts=True)
    least, most = 1 / (float(counts[0]) + 2), 1 - 1 / (float(counts[-1]) + 2)

    def logits(s: Tensor) -> Tensor:
        p = torch.from_numpy(found.predict(s.numpy())).double()
        return torch.logit(p.clamp(min(least, most), max(least, most)))

    return Head("isotonic", f"a rising function of {len(levels)} steps", logits, falls=len(levels) == 1)


def _logistic(columns: Tensor, real: Tensor) -> Tensor:
    """Weights of the largest likelihood by Newton's method, with Platt's targets: (n + 1) / (n + 2) and 1 / (n + 2).

    Thanks to these, n the number of one kind, the weights stay finite where a score tells all samples apart.
    """
    n = float(real.sum())
    target = torch.where(real, (n + 1) / (n + 2), 1 / (len(real) - n + 2)).double()
    weights = torch.zeros(columns.shape[1], dtype=torch.float64)

    def loss(at: Tensor) -> float:
        logits = columns @ at
        return float(torch.nn.functional.softplus(logits).sum() - (target * logits).sum())

    now = loss(weights)
    for _ in range(ROUNDS):
        p = torch.sigmoid(columns @ weights)
        information = (columns * (p * (1 - p))[:, None]).T @ columns + 1e-9 * torch.eye(len(weights)).double()
        move, size = torch.linalg.solve(information, columns.T @ (target - p)), 1.0
        while (then := loss(weights + size * move)) > now and size > 1e-6:
            size /= 2
        if then >= now or not math.isfinite(then):
            break
        weights, now = weights + size * move, then
    return weights


HEADS: dict[str, Kind] = {
    AS_IT_IS: Kind("nothing: of a critic trained by cross-entropy without penalties", _as_it_is, free=False),
    "temperature": Kind("a logit that is too sure, or not sure enough, by one factor", _temperature, free=False),
    "platt": Kind("a score on a scale of its own: one factor and one offset", _platt, free=True),
    "isotonic": Kind("any rising score, with more samples: a step function", _isotonic, free=True),
}


def declared(name: str, kind: str) -> str:
    """The name of a head that suits this kind of score, or an error."""
    choose(HEADS, name, "head")
    if name not in names_for(kind):
        raise UsageError(
            f"the head {name!r} was asked for an unbounded score", "use one of: " + ", ".join(names_for(kind))
        )
    return name
