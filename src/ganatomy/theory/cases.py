"""The games of the convergence table, each with its Jacobian at the equilibrium worked out by hand.

    CASES["ns-r1"].game, CASES["ns-r1"].local          # J = [[-flat, -chase], [answer, 0]] in (psi, theta)
    PUBLISHED["ns-r1", "alternating"]                  # what was published of its method, where; was it read

All losses and penalties of `games` are here but for what a game of two numbers has no use for (`ELSEWHERE`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from ganatomy.games.game import Game
from ganatomy.games.losses import LOSSES, smoothed
from ganatomy.games.named import GAMES
from ganatomy.games.penalties import consistency, gradient_penalty, r1, r2, zero_centred
from ganatomy.games.presentation import FadingNoise, Presentation
from ganatomy.games.terms import Term
from ganatomy.numerics.random import Stream

ROOT = 1e-6  # the root of the 1e-12 in `off_target`: the width of the tip of |psi|
ELSEWHERE = {
    "class, continuous-code, categorical-code, rotation, feature-matching": "read features, labels or pictures",
    "path-length, hessian, orthogonal": "act on the generator alone, which has no latent and no filters here",
    "packing, deviation, augmentation": "show the critic more than a number",
    "least squares with labels 0 and 1": "want a score of 1/2 at the data, and psi * 0 is 0",
    "least squares with aim 0": "gives no slope to the generator at rest: a double eigenvalue of 0 decides nothing",
}


@dataclass(frozen=True)
class Local:
    """J = [[-flat, -chase], [answer, 0]]: the critic's pull back to 0, its pursuit of the fakes, the fakes' answer."""

    flat: float
    chase: float
    answer: float

    @property
    def trace(self) -> float:
        return -self.flat

    @property
    def determinant(self) -> float:
        return self.chase * self.answer


@dataclass(frozen=True)
class Case:
    """A game and what its Jacobian is by hand.

    tip: it has none, since the critic's loss has a tip at rest; `local` is then that of the tip as it is rounded here.
    """

    name: str
    game: Game
    local: Local
    tip: bool = False


@dataclass(frozen=True)
class Published:
    """A verdict on a method, of which the game is one: it converges, or it need not. Remembered, if not confirmed."""

    method: str
    converges: bool
    source: str
    confirmed: bool = True

    def __str__(self) -> str:
        said = f"{self.method} {'converges' if self.converges else 'need not converge'}, {self.source}"
        return f"published: {said}" if self.confirmed else f"remembered, not confirmed: {said}"


def shifted(samples: Tensor, stream: Stream, indices: Sequence[int], *, by: float) -> Tensor:
    """A change for `consistency`: noise of standard deviation `by`."""
    return samples + by * stream.normal(indices, *samples.shape[1:], dtype=samples.dtype)


def noisy(name: str, std: float) -> Game:
    """A named game under noise that does not fade."""
    return replace(GAMES[name], presentation=Presentation(noise=FadingNoise(std, until=10**12)))


def _with(name: str, *terms: Term) -> Game:
    return replace(GAMES[name], terms=terms)


SHIFT = partial(shifted, by=0.2)
WGAN = _with("wasserstein-gp")
SOFT, HARD = (0.5, 0.5), (1.0, 1.0)  # slopes of the logistic losses at 0, and of the others

# gamma/2 psi^2 has the curvature gamma; strength * psi^2 twice its strength; noise adds f''(0) std^2 for each side.
_LIST: list[tuple[str, Game, float, tuple[float, float]]] = [
    ("minimax", GAMES["minimax"], 0.0, SOFT),
    ("non-saturating", GAMES["non-saturating"], 0.0, SOFT),
    ("minimax, smoothed", replace(GAMES["minimax"], loss=smoothed(LOSSES["minimax"], 0.1)), 0.0, SOFT),
    ("relativistic", GAMES["relativistic"], 0.0, SOFT),
    ("least-squares", GAMES["least-squares"], 0.0, HARD),
    ("hinge", GAMES["hinge"], 0.0, HARD),
    ("wasserstein", WGAN, 0.0, HARD),
    ("wasserstein-clip", GAMES["wasserstein-clip"], 0.0, HARD),
    ("wasserstein-gp", GAMES["wasserstein-gp"].tuned("gradient-penalty", strength=0.5), 1 - 1 / ROOT, HARD),
    ("wasserstein-gp, one-sided", _with("wasserstein-gp", gradient_penalty(1.0, one_sided=True)), 0.0, HARD),
    ("wasserstein-gp, target 0", _with("wasserstein-gp", gradient_penalty(0.5, target=0.0)), 1.0, HARD),
    ("minimax, noise 0.5", noisy("minimax", 0.5), 0.125, SOFT),
    ("minimax, noise 1", noisy("minimax", 1.0), 0.5, SOFT),
    ("non-saturating, noise 1", noisy("non-saturating", 1.0), 0.5, SOFT),
    ("relativistic, noise 1", noisy("relativistic", 1.0), 0.5, SOFT),
    ("least-squares, noise 0.5", noisy("least-squares", 0.5), 0.5, HARD),
    ("wasserstein, noise 1", replace(noisy("wasserstein-gp", 1.0), terms=()), 0.0, HARD),
    ("minimax, R1 0.3", _with("minimax", r1(0.3)), 0.3, SOFT),
    ("ns-r1", GAMES["ns-r1"], 1.0, SOFT),
    ("non-saturating, R2", _with("non-saturating", r2(1.0)), 1.0, SOFT),
    ("non-saturating, zero-centred", _with("non-saturating", zero_centred(1.0)), 1.0, SOFT),
    ("ns-r1-r2", GAMES["ns-r1-r2"], 2.0, SOFT),
    ("relativistic, R1", _with("relativistic", r1(1.0)), 1.0, SOFT),
    ("r3", GAMES["r3"], 2.0, SOFT),
    ("least-squares, R1", _with("least-squares", r1(1.0)), 1.0, HARD),
    ("hinge, R1", _with("hinge", r1(1.0)), 1.0, HARD),
    ("wasserstein, R1", _with("wasserstein-gp", r1(1.0)), 1.0, HARD),
    ("non-saturating, consistency", _with("non-saturating", consistency(SHIFT)), 20 * 0.2**2, SOFT),
    ("non-saturating, balanced", _with("non-saturating", consistency(SHIFT, fakes=True)), 40 * 0.2**2, SOFT),
]
TIPS = ("wasserstein-gp",)
CASES: dict[str, Case] = {
    name: Case(name, game, Local(flat, *turn), tip=name in TIPS) for name, game, flat, turn in _LIST
}
# Mean |theta| of the game with a tip, under (|psi| - 1)^2 / 2 at h = 0.1, as another program found it.
CYCLES = {"simultaneous": 0.971, "alternating": 0.89}

GRADIENT = ("simultaneous", "alternating")
_MESCHEDER = "Mescheder et al. 2018"  # read: abstract and project page, which judge methods, not cells
# Noise and penalties were judged with the logistic losses.
_NOISY = ("minimax, noise 0.5", "minimax, noise 1", "non-saturating, noise 1")
_CENTRED = ("minimax, R1 0.3", "ns-r1", "non-saturating, R2", "non-saturating, zero-centred", "ns-r1-r2")
_VERDICTS: list[tuple[str, tuple[str, ...], tuple[str, ...], bool, str]] = [
    ("GAN", ("minimax",), GRADIENT, False, _MESCHEDER),
    ("NSGAN", ("non-saturating",), GRADIENT, False, _MESCHEDER),
    ("WGAN", ("wasserstein", "wasserstein-clip"), GRADIENT, False, _MESCHEDER),
    ("WGAN-GP", ("wasserstein-gp",), GRADIENT, False, _MESCHEDER),
    ("instance noise", _NOISY, GRADIENT, True, _MESCHEDER),
    ("a zero-centred penalty", _CENTRED, GRADIENT, True, _MESCHEDER),
]
_REMEMBERED: list[tuple[str, tuple[str, ...], tuple[str, ...], bool, str]] = [
    ("consensus", ("minimax",), ("consensus",), True, _MESCHEDER),
    ("the relativistic game", ("relativistic",), GRADIENT, False, "Huang et al. 2024"),
    ("the relativistic game with R1", ("relativistic, R1", "r3"), GRADIENT, True, "Huang et al. 2024"),
    ("extragradient", ("wasserstein",), ("extragradient",), True, "Gidel et al. 2019"),
    ("optimistic steps", ("wasserstein",), ("optimistic",), True, "Daskalakis et al. 2018"),
]
PUBLISHED: dict[tuple[str, str], Published] = {
    (name, rule): Published(method, converges, source, confirmed)
    for verdicts, confirmed in ((_VERDICTS, True), (_REMEMBERED, False))
    for method, names, rules, converges, source in verdicts
    for name in names
    for rule in rules
}
