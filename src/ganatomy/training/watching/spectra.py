"""How much a layer can stretch what it is given: the largest singular value of its weight, and how many are like it.

largest_singular(matrix)             # float, to 1 part in 1000 at worst
spectrum_signals({"D.": critic})     # singular.D.head, ...; rank.LAYER: the squares of all over that of the largest

A convolution is read as the matrix (outputs, inputs x height x width), as spectral normalisation does. The same weights
give the same reading: the search for the largest starts at an address, so that there is nothing to remember.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganatomy.games.scores import at_least_float32
from ganatomy.models.evaluating import evaluating
from ganatomy.numerics.random import Stream
from ganatomy.training.gauge import Signals, put
from ganatomy.training.watching.layers import as_matrix, layers_of

SMALL = 128  # up to this side the whole spectrum is quicker
STEPS = 64  # of the search, at most
CHECKED = 8  # steps between two looks at how near it is
NEAR = 1e-3  # of the square of the singular value


def spectrum_signals(networks: Mapping[str, nn.Module]) -> Signals:
    """`singular.LAYER`, and `rank.LAYER` where the layer has more than one output and is not all 0."""
    signals: Signals = {}
    for prefix, network in networks.items():
        with evaluating(network), torch.no_grad():
            matrices = {
                prefix + name: at_least_float32(as_matrix(layer)).cpu() for name, layer in layers_of(network).items()
            }
        for name, matrix in matrices.items():
            top = largest_singular(matrix)
            put(signals, f"singular.{name}", top)
            if min(matrix.shape) > 1 and top > 0.0:
                put(signals, f"rank.{name}", float(matrix.double().square().sum()) / top**2)
    return signals


def largest_singular(matrix: Tensor) -> float:
    """NaN where an entry is not finite."""
    if not bool(torch.isfinite(matrix).all()):
        return math.nan
    wide, scale = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T, float(matrix.abs().max())
    if scale == 0.0:
        return 0.0
    if len(wide) > SMALL:
        return scale * math.sqrt(_lanczos(wide / scale))
    wide = wide.double() / scale
    return scale * math.sqrt(float(torch.linalg.eigvalsh(wide @ wide.T)[-1]))


def _lanczos(wide: Tensor) -> float:
    """The largest eigenvalue of W W^T, from below. Golub and Van Loan 2013, section 10.1; all bases kept orthogonal."""
    start = Stream(0, "probe/singular").normal(range(len(wide)), 1)[:, 0].to(wide.dtype)
    basis = [start / start.norm()]
    diagonal: list[float] = []
    beside: list[float] = []  # the entries next to it
    for step in range(1, min(STEPS, len(wide)) + 1):
        pushed = wide @ (basis[-1] @ wide)
        diagonal.append(float(basis[-1] @ pushed))
        known = torch.stack(basis)
        for _ in range(2):  # once more for what rounding leaves
            pushed = pushed - (known @ pushed) @ known
        left = float(pushed.norm())
        if step % CHECKED == 0 or step == STEPS or left <= NEAR**2:
            table = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
            if beside:
                table += torch.diag(torch.tensor(beside, dtype=torch.float64), -1)
            values, vectors = torch.linalg.eigh(table)  # reads the lower triangle
            if left * abs(float(vectors[-1, -1])) <= NEAR * float(values[-1]):
                break
        beside.append(left)
        basis.append(pushed / left)
    return float(values[-1])
