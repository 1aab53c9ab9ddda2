"""All distances between real and generated samples in one feature space.

found = distances(both, progress=print)            # Measurements by name
found["Fréchet distance"].comparable(other)        # an error where spaces, sizes or estimators differ
"""

from __future__ import annotations

from collections.abc import Callable

from ganatomy.evaluate.quality.frechet import frechet
from ganatomy.evaluate.quality.kernels import kid, mmd
from ganatomy.evaluate.quality.pairs import Pair, Readings
from ganatomy.evaluate.quality.sliced import sliced
from ganatomy.evaluate.quality.two_sample import two_sample

DISTANCES: dict[str, Callable[[Pair], Readings]] = {
    "Fréchet distance": frechet,
    "KID": kid,
    "RBF-MMD": mmd,
    "sliced Wasserstein distance": sliced,
    "two-sample accuracy": two_sample,
}


def distances(both: Pair, *, progress: Callable[[str], None] | None = None) -> Readings:
    """`progress` is told the name of each before it is measured."""
    found: Readings = {}
    for name, measured in DISTANCES.items():
        if progress is not None:
            progress(name)
        found |= measured(both)
    return found
