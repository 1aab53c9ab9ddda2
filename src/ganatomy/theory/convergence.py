"""Does it converge? Each game under each rule: by its eigenvalues, by hand, by what was published, and by a run.

    found = cell("ns-r1", "alternating", h=0.1)
    found.radius, found.apart, found.verdict, found.ran, found.published, found.agree
    table(progress=...)                                  # all cells
    by_method((each.published, each.verdict) for each in cells)      # {"GAN": True, ...}: does it do what was published

A linear verdict: "converges" where the update operator's radius is below 1, "leaves" where it is above, "circles" where
it is 1 and the linear part decides nothing (non-saturating then creeps in like sqrt(8 / (h rounds))). A game without a
Jacobian at rest has no eigenvalues there: it "cycles", which runs from within and from without have to bear out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.errors import choose
from ganatomy.theory.cases import CASES, PUBLISHED, Case, Local, Published
from ganatomy.theory.dirac import dirac
from ganatomy.theory.field import Field
from ganatomy.theory.steps import CONSENSUS, RULES, Complex, Rule, multipliers, trajectory

RATE = 0.1  # of the published pictures
START, ROUNDS, WINDOW = 1e-3, 384, 128  # a window holds a turn of the slowest circle, 2 pi / (h / 2) rounds
EDGE = 1e-6  # how near to 1 a radius counts as 1
GROWN = 1.25  # orbits under alternating steps are ellipses, 5 % longer than wide
WITHIN, WITHOUT, SAME = 0.1, 2.0, 0.02  # where runs to a cycle start; how near to each other they have to end
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Cycle:
    """The largest radii of the last rounds of a run from within and one from without, and the mean |theta| of both."""

    inner: float
    outer: float
    size: float

    @property
    def ran(self) -> str:
        if not math.isfinite(self.inner + self.outer) or max(self.inner, self.outer) > WITHOUT * math.sqrt(2):
            return "leaves"
        if max(self.inner, self.outer) < WITHIN:
            return "converges"
        return "cycles" if abs(self.inner / self.outer - 1) < SAME else "wanders"


@dataclass(frozen=True, eq=False)
class Cell:
    """One game under one rule. `growth` is that of the run's last rounds, per round.

    Without a Jacobian at rest there is a `cycle`, and no eigenvalues: radius and apart are NaN.
    """

    case: Case
    rule: Rule
    h: float
    found: Complex
    closed: Complex
    radii: NDArray[np.float64]  # |w| after 0, 1, ... rounds of a run that starts near the equilibrium
    published: Published | None
    cycle: Cycle | None = None

    @property
    def radius(self) -> float:
        return float(np.abs(self.found).max()) if self.cycle is None else math.nan

    @property
    def apart(self) -> float:
        """The largest difference to the closed form, over the closed form's largest size (or 1)."""
        return apart(self.found, self.closed) if self.cycle is None else math.nan

    @property
    def verdict(self) -> str:
        return verdict(self.radius) if self.cycle is None else "cycles"

    @property
    def ran(self) -> str:
        if self.cycle is not None:
            return self.cycle.ran
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
    def held(self) -> str:
        """What is held against a publication: the linear verdict, or the run where there is none."""
        return self.verdict if self.cycle is None else self.ran

    @property
    def decided(self) -> bool:
        return self.verdict != "circles"

    @property
    def agree(self) -> bool:
        """The eigenvalues are the closed form's, and run and literature, where they can, say what they say."""
        by_hand = self.cycle is not None or self.apart < EDGE
        return by_hand and self.verdict == self.ran and as_published(self.published, self.held) is not False


def cell(case: str, rule: str, *, h: float = RATE) -> Cell:
    """Both names as in CASES and RULES."""
    chosen, stepping = choose(CASES, case, "game of the table"), choose(RULES, rule, "rule")
    field, published = dirac(chosen.game), PUBLISHED.get((case, rule))
    if chosen.tip:
        nothing = np.array([], dtype=np.complex128)
        return Cell(chosen, stepping, h, nothing, nothing, np.array([]), published, cycle(field, stepping, h))
    start = torch.full((2,), START / math.sqrt(2.0), dtype=torch.float64)
    radii = torch.linalg.vector_norm(trajectory(field, stepping, start=start, h=h, rounds=ROUNDS), dim=1).numpy()
    found, closed = multipliers(field, stepping, h), CLOSED[rule](chosen.local, h)
    return Cell(chosen, stepping, h, found, closed, radii, published)


def cycle(field: Field, rule: Rule, h: float = RATE) -> Cycle:
    """Where runs from within and from without end up."""
    starts = (torch.full((2,), each, dtype=torch.float64) for each in (WITHIN, WITHOUT))
    inner, outer = (trajectory(field, rule, start=start, h=h, rounds=ROUNDS) for start in starts)
    radii = [float(torch.linalg.vector_norm(run[-WINDOW:], dim=1).max()) for run in (inner, outer)]
    return Cycle(radii[0], radii[1], float(torch.cat([run[-2 * WINDOW :, 1] for run in (inner, outer)]).abs().mean()))


def as_published(published: Published | None, verdict: str) -> bool | None:
    """None where nothing was published, or the linear part decides nothing."""
    if published is None or verdict == "circles":
        return None
    return published.converges == (verdict == "converges")


def by_method(judged: Iterable[tuple[Published | None, str]]) -> dict[str, bool | None]:
    """What was read of a method against the verdicts on its cells; remembered ones are left out.

    "Converges" is of all its cells, "need not converge" of one at least. None where no cell is decided.
    """
    cells: dict[str, list[bool]] = {}
    converges: dict[str, bool] = {}
    for published, verdict in judged:
        if published is not None and published.confirmed:
            agrees = as_published(published, verdict)
            cells.setdefault(published.method, []).extend([] if agrees is None else [agrees])
            converges[published.method] = published.converges
    return {method: (all if converges[method] else any)(agree) if agree else None for method, agree in cells.items()}


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
