"""Sliced Wasserstein distance: what sorting tells along directions that are drawn once, by address.

    sliced(both)["sliced Wasserstein distance"]        # d * mean over directions of W2^2

Times d, so that it stands beside the Fréchet distance: a shift by v reads |v|^2, and N(0, I) against N(0, s^2 I) reads
d (s - 1)^2. MIND (2026) is three times this. No covariance is needed, and more than two moments are seen. Directions
come in orthonormal sets of d, which read a shift exactly; between sets they are independent and uniform.

Of laws in separate modes the bias falls as n^(-1/2) only, since whole modes weigh too much or too little; the value
"less its bias" then keeps about half of it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.pairs import Pair, Readings
from ganatomy.evaluate.quality.plug_in import Form, Parts, Said, plug_in
from ganatomy.numerics.random import Stream

NAME = "sliced Wasserstein distance"
DIRECTIONS = 128


def sliced(both: Pair, *, count: int = DIRECTIONS, seed: int = 0) -> Readings:
    """Directions hang on the width, their count and the seed alone, so that values of several GANs can be compared."""
    along = directions(both.width, count, stream=Stream(seed, "sliced")).to(both.real.device)
    width, (real, made) = both.width, both.split(both.real @ along, both.made @ along)
    form: Form[Tensor] = Form(lambda parts: torch.cat(list(parts)), lambda x, y: width * float(squared(x, y).mean()))
    parts = Parts(real, made, [len(table) for table in real], [len(table) for table in made])
    said = Said(both.says(f"{along.shape[1]} directions of seed {seed}, times {width}"), both.space, both.stream)
    return plug_in(NAME, form, parts, said)


def directions(width: int, count: int, *, stream: Stream) -> Tensor:
    """Unit vectors (width, at least count): whole orthonormal sets, or one part of a set where width exceeds count."""
    if count < 1 or width < 1:
        raise UsageError(f"{count} directions of {width} features were asked for", "both are at least 1")
    each = min(width, count)
    noise = stream.normal(range(-(-count // each)), width, each, dtype=torch.float64)
    found: Tensor = torch.linalg.qr(noise)[0].movedim(0, 1).reshape(width, -1)
    return found


def squared(x: Tensor, y: Tensor) -> Tensor:
    """W2^2 of each column of (n, k) and (m, k): the integral of the squared difference of the quantile functions."""
    x, y = x.sort(0).values, y.sort(0).values
    if len(x) == len(y):
        return (x - y).square().mean(0)
    n, m = len(x), len(y)
    # In units of 1 / (n m), where both steps are whole numbers.
    ends = torch.cat([torch.arange(1, n + 1) * m, torch.arange(1, m + 1) * n]).unique()
    widths = torch.diff(ends, prepend=torch.zeros(1, dtype=ends.dtype)).double() / (n * m)
    apart = x[((ends - 1) // m).to(x.device)] - y[((ends - 1) // n).to(x.device)]
    return widths.to(x.device) @ apart.square()
