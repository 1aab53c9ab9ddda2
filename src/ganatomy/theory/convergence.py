"""Does it converge? Each game under each rule: by its eigenvalues, by hand, by what was published, and by a run.

    found = cell("ns-r1", "alternating", h=0.1)
    found.radius, found.apart, found.verdict, found.ran, found.published, found.agree
    table(progress=...)                                  # all cells

A linear verdict: "converges" where the update operator's radius is below 1, "leaves" where it is above, "circles" where
it is 1 and the linear part decides nothing (non-saturating then creeps in like sqrt(8 / (h rounds))).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.errors import choose
from ganatomy.theory.cases import CASES, PUBLISHED, Case, Local, Published
from ganatomy.theory.dirac import dirac
from ganatomy.theory.steps import CONSENSUS, RULES, Complex, Rule, multipliers, trajectory

RATE = 0.1  # of the published pictures
START, ROUNDS, WINDOW = 1e-3, 384, 128  # a window holds a turn of the slowest circle, 2 pi / (h / 2) rounds
EDGE = 1e-6  # how near to 1 a radius counts as 1
GROWN = 1.25  # orbits under alternating steps are ellipses, 5 % longer than wide
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Cell:
    """One game under one rule. `growth` is that of the run's last rounds, per round."""

    case: Case
    rule: Rule
    h: float
    found: Complex
    closed: Complex
    radii: NDArray[np.float64]  # |w| after 0, 1, ... rounds of a run that starts near the equilibrium
    published: Published | None

    @property
    def radius(self) -> float:
        return float(np.abs(self.found).max())

    @property
    def apart(self) -> float:
        """The largest difference to the closed form, over the closed form's largest size (or 1)."""
        return apart(self.found, self.closed)

    @property
    def verdict(self) -> str:
        return verdict(self.radius)

    @property
    def ran(self) -> str:
        first, last = float(self.radii[:WINDOW].max()), float(self.radii[-WINDOW:].max())
        if not math.isfinite(last) or last > GROWN * first or last > 2 * self.radii[0]:
            return "leaves"
        return "converges" if last < first / GROWN else "circles"

    @property
    def growth(self) -> float:
        """By the largest radius of each of the last two windows."""
        before, last = float(self.radii[-2 * WINDOW : -WINDOW].max()), float(self.radii[-WINDOW:].max())
        return float((last / before) ** (1 / WINDOW))

    @property
    def agree(self) -> bool:
        """The eigenvalues are the closed form's, and run and literature say what they say."""
        known = self.published is None or self.published.converges == (self.verdict == "converges")
        return self.apart < EDGE and self.verdict == self.ran and known


def cell(case: str, rule: str, *, h: float = RATE) -> Cell:
    """Both names as in CASES and RULES."""
    chosen, stepping = choose(CASES, case, "game of the table"), choose(RULES, rule, "rule")
    field = dirac(chosen.game)
    start = torch.full((2,), START / math.sqrt(2.0), dtype=torch.float64)
    radii = torch.linalg.vector_norm(trajectory(field, stepping, start=start, h=h, rounds=ROUNDS), dim=1).numpy()
    found, closed = multipliers(field, stepping, h), CLOSED[rule](chosen.local, h)
    return Cell(chosen, stepping, h, found, closed, radii, PUBLISHED.get((case, rule)))


def table(*, h: float = RATE, progress: Progress) -> Iterator[Cell]:
    """Every game under every rule."""
    names = list(itertools.product(CASES, RULES))
    for done, (case, rule) in enumerate(names):
        yield cell(case, rule, h=h)
        progress(done + 1, len(names))


def verdict(radius: float) -> str:
    if abs(radius - 1.0) <= EDGE:
        return "circles"
    return "converges" if radius < 1.0 else "leaves"


def apart(found: Complex, closed: Complex) -> float:
    """Between two lists of a few numbers, matched in the best order."""
    scale = max(1.0, float(np.abs(closed).max()))
    return min(float(np.abs(found - np.array(order)).max() / scale) for order in itertools.permutations(closed))


def simultaneous(local: Local, h: float) -> Complex:
    """1 + h lambda, lambda the eigenvalues of J."""
    return 1 + h * eigenvalues(local)


def alternating(local: Local, h: float, *, turns: int = 1) -> Complex:
    """(I + h J_generator)(I + h J_critic); `turns` is the product of both players' turns, for games with flat = 0.

    On the unit circle iff sqrt(turns) h sqrt(chase answer) <= 2. Mescheder et al. 2018, section 2.
    """
    product = turns * h * h * local.determinant
    return _roots(2 - h * local.flat - product, 1 - h * local.flat)


def extragradient(local: Local, h: float) -> Complex:
    """1 + h lambda + h^2 lambda^2."""
    values = eigenvalues(local)
    return 1 + h * values + (h * values) ** 2


def optimistic(local: Local, h: float) -> Complex:
    """Roots of (z (z-1) + h (2z-1) flat) z (z-1) + h^2 (2z-1)^2 chase answer z: steps in turn, each 2 u(t) - u(t-1)."""
    still, ahead = np.poly1d([1, -1, 0]), np.poly1d([2, -1])
    both = (still + h * local.flat * ahead) * still + h * h * local.determinant * ahead * ahead * np.poly1d([1, 0])
    return np.asarray(both.roots, dtype=np.complex128)


def consensus(local: Local, h: float) -> Complex:
    """1 + h mu, mu the eigenvalues of J - gamma J^T J, by its trace and determinant."""
    size = local.flat**2 + local.chase**2 + local.answer**2
    product = local.determinant * (1 - CONSENSUS * local.trace + CONSENSUS**2 * local.determinant)
    return 1 + h * _roots(local.trace - CONSENSUS * size, product)


def eigenvalues(local: Local) -> Complex:
    """-flat/2 +- sqrt(flat^2/4 - chase answer): of the flow itself."""
    return _roots(local.trace, local.determinant)


def _roots(trace: float, determinant: float) -> Complex:
    """Of z^2 - trace z + determinant; the small root by the product, where the difference would cancel."""
    root = np.sqrt(complex(trace * trace / 4 - determinant))
    large = trace / 2 + (root if trace >= 0 else -root)
    return np.array([large, determinant / large if large else 0.0], dtype=np.complex128)


CLOSED: dict[str, Callable[[Local, float], Complex]] = {
    "simultaneous": simultaneous,
    "alternating": alternating,
    "extragradient": extragradient,
    "optimistic": optimistic,
    "consensus": consensus,
}


@dataclass(frozen=True, eq=False)
class Portrait:
    """A game's field on a grid, and where runs go: places (n, 2), arrows (n, 2), paths each (rounds + 1, 2)."""

    name: str
    places: NDArray[np.float64]
    arrows: NDArray[np.float64]
    paths: dict[str, NDArray[np.float64]]


def portrait(case: str, *, rules: tuple[str, ...] = ("simultaneous", "alternating"), rounds: int = 300) -> Portrait:
    """In (theta, psi), from (1, 1) on, at the rate of the published pictures."""
    chosen = choose(CASES, case, "game of the table")
    field, ticks = dirac(chosen.game), torch.linspace(-2.2, 2.2, 11, dtype=torch.float64)
    places = torch.cartesian_prod(ticks, ticks)
    arrows = torch.stack([field(place) for place in places])
    start = torch.ones(2, dtype=torch.float64)
    paths = {rule: trajectory(field, RULES[rule], start=start, h=RATE, rounds=rounds) for rule in rules}
    return Portrait(case, _swapped(places), _swapped(arrows), {rule: _swapped(path) for rule, path in paths.items()})


def _swapped(weights: Tensor) -> NDArray[np.float64]:
    """From (psi, theta) to (theta, psi), as the pictures have it."""
    return weights.flip(1).numpy()
