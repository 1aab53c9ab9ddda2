"""How a dissection is done: how many samples, what counts as an effect, to what units are set.

    Plan()                                            # about a minute for a small generator
    Plan(samples=10_000, images=1000, smallest=0.05)  # thorough

Samples of one seed are taken in turn: the reference, the label pass, the images of the causal pass, their donors.
"""

from __future__ import annotations

from dataclasses import dataclass

from ganatomy.errors import UsageError
from ganatomy.explain.passes import BLOCK

REFERENCE = 512  # samples from which sizes are taken; half of them for the manifold, half to judge distances by
RATES = (0.5, 0.2, 0.08, 0.03, 0.01)  # shares of pixels a unit may be on in; the best is chosen on one sample
SMALLEST = 0.1  # of a concept's standard deviation over natural samples


@dataclass(frozen=True)
class Plan:
    """`samples`: of the label pass, half to choose and half to judge. `images`: of the causal pass.

    smallest: the smallest effect of interest, in standard deviations of a concept over natural samples.
    peak: a unit is switched on to this quantile of its largest activation in a picture. place: in one cell, drawn by
    address ("random"), in all ("all"), or in a given (row, column).
    """

    samples: int = 1024
    images: int = 128
    seed: int = 0
    smallest: float = SMALLEST
    level: float = 0.95
    peak: float = 0.9
    place: str | tuple[int, int] = "random"

    def __post_init__(self) -> None:
        if self.samples < 4 or self.images < 2:
            raise UsageError(
                f"a dissection of {self.samples} samples and {self.images} images was asked for",
                "take at least 4 and 2; claims need some hundreds",
            )
        if not 0 <= self.peak <= 1:
            raise UsageError(f"units were to be set to the {self.peak}-quantile", "a quantile lies between 0 and 1")
        if isinstance(self.place, str) and self.place not in ("random", "all"):
            raise UsageError(f"units were to be set at {self.place!r}", "legal are: random, all, or (row, column)")

    @property
    def choosing(self) -> range:
        return self._blocks(REFERENCE, self.samples // 2)

    @property
    def judging(self) -> range:
        return self._blocks(self.choosing.stop, self.samples - self.samples // 2)

    @property
    def causal(self) -> range:
        return self._blocks(self.judging.stop, self.images)

    @property
    def donors(self) -> range:
        return self._blocks(self.causal.stop, self.images)

    @staticmethod
    def _blocks(after: int, n: int) -> range:
        """From the beginning of a block on."""
        first = -(-after // BLOCK) * BLOCK
        return range(first, first + n)
