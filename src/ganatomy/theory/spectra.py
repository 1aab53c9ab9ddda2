"""The spectrum of a game's Jacobian on real networks, by products alone, and what path between two places says of it.

    field = Field(game, players, batch)
    found = spectrum(field, field.start)            # found.rotation, found.expansion, found.contraction, found.speed
    angle = path_angle(field, first, last)          # Berard et al. 2020: between two checkpoints
    [spectrum(field, field.flat(snapshot.weights)) for snapshot in snapshots]       # along a run

Eigenvalues speak of what happens next only where |v| is small; `speed` stands beside them for that reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.theory.field import Field, Here

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Velocity = Callable[[Tensor], Tensor]
DENSE = 64  # up to so many weights the Jacobian is formed
KRYLOV = 60  # directions kept at a time: 20 miss rotations that are slow beside the fastest rate
ENDS = {"largest": "LM", "rightmost": "LR", "leftmost": "SR", "rotating": "LI"}  # ARPACK's names for them
PLACES = tuple(round(-0.5 + 0.05 * place, 2) for place in range(41))  # along a path, 0 its start and 1 its end


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues of J = dv/dw: the few farthest out on each side, and how far from rest the place is.

    `complete` is False where the iteration gave up before all were exact; those that are given are.
    """

    values: Complex  # each once, by falling size
    speed: float
    weights: int
    products: int
    complete: bool

    @property
    def rotation(self) -> float:
        """The largest |imaginary part| found: how fast the players turn around each other."""
        return float(np.abs(self.values.imag).max())

    @property
    def expansion(self) -> float:
        """The largest real part: positive where something grows."""
        return float(self.values.real.max())

    @property
    def contraction(self) -> float:
        """Minus the smallest real part: how fast the fastest dies."""
        return float(-self.values.real.min())

    @property
    def largest_rate(self) -> float:
        """The largest h at which I + hJ shrinks everything found, 2 |Re| / |lambda|^2 at its least; 0 if none does."""
        if not bool((self.values.real < 0).all()):
            return 0.0
        return float((-2 * self.values.real / np.abs(self.values) ** 2).min())

    def multipliers(self, h: float) -> Complex:
        """1 + h lambda: what a simultaneous step of size h does."""
        return 1 + h * self.values


def spectrum(field: Field, weights: Tensor, *, each: int = 4, tolerance: float = 1e-8, most: int = 200) -> Spectrum:
    """`each` eigenvalues at every end of the spectrum at `weights`, by Arnoldi iteration on J^T u.

    J^T has the eigenvalues of J, and costs a backward pass. `most` bounds the iteration's restarts. All that is found
    is an eigenvalue; a rotation a thousand times slower than the fastest rate may be missed.
    """
    here = field.at(weights)
    size = len(here.value)
    if each < 1:
        raise UsageError(f"{each} eigenvalues were asked for", "give 1 or more")
    if not bool(torch.isfinite(here.value).all()):
        raise UsageError("a spectrum was asked for where v is not finite", "take a checkpoint from before it diverged")
    if size <= max(DENSE, 4 * each):
        return Spectrum(_once(np.linalg.eigvals(here.jacobian().numpy())), here.speed, size, size, True)
    counted = _Products(here)
    found = [counted.extreme(end, each, tolerance=tolerance, most=most) for end in ENDS.values()]
    return Spectrum(_once(np.concatenate(found)), here.speed, size, counted.count, counted.complete)


class _Products:
    """Counts them."""

    def __init__(self, here: Here) -> None:
        self.here, self.count, self.complete = here, 0, True

    def times(self, vector: Floats) -> Floats:
        self.count += 1
        return self.here.pull(torch.from_numpy(np.ascontiguousarray(vector).reshape(-1))).numpy()

    def extreme(self, end: str, each: int, *, tolerance: float, most: int) -> Complex:
        from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

        size = len(self.here.value)
        operator = LinearOperator((size, size), matvec=self.times, dtype=np.float64)
        begin = Stream(0, "theory/spectrum").normal(range(1), size, dtype=torch.float64)[0].numpy()
        wide = min(size, max(8 * each, KRYLOV))
        try:
            found = eigs(
                operator,
                k=each,
                which=end,
                v0=begin,
                ncv=wide,
                tol=tolerance,
                maxiter=most,
                return_eigenvectors=False,
            )
        except ArpackNoConvergence as stopped:
            self.complete, found = False, stopped.eigenvalues
        return np.asarray(found, dtype=np.complex128)


def _once(values: Complex) -> Complex:
    """Without those that were found at two ends; by falling size, the upper of a pair first."""
    scale = float(np.abs(values).max()) if len(values) else 0.0
    kept: list[complex] = []
    for value in sorted(values, key=lambda each: (-round(abs(each), 9), -each.imag)):
        if all(abs(value - other) > 1e-6 * scale for other in kept):
            kept.append(complex(value))
    return np.array(kept, dtype=np.complex128)


@dataclass(frozen=True, eq=False)
class PathAngle:
    """Along the line through two places: the cosine between v and the way, and |v|.

    A change of sign, from + to -, is attraction: before the end v points on, beyond it back. A bump there is rotation.
    """

    places: Floats
    cosine: Floats
    speed: Floats


def path_angle(v: Velocity, first: Tensor, last: Tensor, *, places: Sequence[float] = PLACES) -> PathAngle:
    """At first + t (last - first) for each t. Single directions scatter: look at several pairs of checkpoints."""
    way = (last - first).double()
    length = float(torch.linalg.vector_norm(way))
    if not length > 0:
        raise UsageError("the path between two equal places was asked for", "give two that differ")
    pulls = torch.stack([v(first + place * way) for place in places])
    speeds = torch.linalg.vector_norm(pulls, dim=1)
    cosine = (pulls @ way) / (speeds * length).clamp(min=1e-300)
    return PathAngle(np.asarray(places, dtype=np.float64), cosine.numpy(), speeds.numpy())


@dataclass(frozen=True, eq=False)
class Turning:
    """Along a run of weights w_0 ... w_n: cosines of its updates (n) with the next one and with the way still to go."""

    next_update: Floats  # n - 1: 1 goes straight on, -1 back and forth
    way_to_end: Floats  # n: 1 heads for where the run ends


def turning(weights: Tensor) -> Turning:
    """weights: (n + 1, size), as from `trajectory` or stacked checkpoints; standing still has cosine 0."""
    if weights.ndim != 2 or len(weights) < 3:
        raise UsageError(f"the turning of weights {tuple(weights.shape)} was asked for", "give 3 rows or more")
    updates, rest = weights.diff(dim=0).double(), (weights[-1] - weights[:-1]).double()
    return Turning(_cosines(updates[:-1], updates[1:]), _cosines(updates, rest))


def _cosines(left: Tensor, right: Tensor) -> Floats:
    size = torch.linalg.vector_norm(left, dim=1) * torch.linalg.vector_norm(right, dim=1)
    return np.asarray((left * right).sum(dim=1) / size.clamp(min=1e-300), dtype=np.float64)
