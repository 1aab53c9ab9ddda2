"""Real and generated samples in one feature space: what every distance of this folder is given.

    both = pair(space(real, format), space(made, format), space=space.id, stream=Stream(0, "quality"))
    found = frechet(both)                          # Measurements by name

Features are taken to float64. Blocks of samples, groups whole, serve intervals and floors; their addresses hang on the
stream, so that the same pair gives the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, blocks, units
from ganatomy.results.measurement import Measurement

BLOCKS = 20  # as for the jackknife elsewhere
FEWEST = 20  # samples of each kind

Readings = dict[str, Measurement]


@dataclass(frozen=True, eq=False)
class Pair:
    """Tables (n, d) and (m, d), float64. `groups` has an id for each real sample, where some belong together."""

    real: Tensor
    made: Tensor
    space: str
    stream: Stream
    groups: Ids | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        return len(self.real), len(self.made)

    @property
    def width(self) -> int:
        return self.real.shape[1]

    def blocks(self, count: int = BLOCKS) -> tuple[Tensor, Tensor]:
        """The block of each real and of each generated sample; fewer blocks where there are fewer groups."""
        kin = units(self.groups, len(self.real)), units(None, len(self.made))
        count = min(count, kin[0].count, kin[1].count)
        if count < 2:
            raise UsageError("real samples of one group were to be measured", "give samples of two groups or more")
        names = ("blocks/real", "blocks/made")
        real, made = (blocks(k, count, stream=self.stream.child(name)) for k, name in zip(kin, names, strict=True))
        return real.to(self.real.device), made.to(self.real.device)

    def split(self, real: Tensor, made: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Tables with a row for each sample, cut into the blocks."""
        first, second = self.blocks()
        count = range(int(first.max()) + 1)
        return [real[first == j] for j in count], [made[second == j] for j in count]

    def says(self, how: str) -> str:
        """The estimator in words; both sizes are in it, since most estimates lean by an amount that hangs on them."""
        return f"{how}, float64, {len(self.real)} real and {len(self.made)} generated"


def pair(real: Tensor, made: Tensor, *, space: str, stream: Stream, groups: Ids | None = None) -> Pair:
    """`space` is the id of the feature space, which holds the hash of its weights."""
    tables = []
    for table, name in ((real, "real"), (made, "generated")):
        if table.dim() != 2 or len(table) < FEWEST or not table.shape[1]:
            raise UsageError(
                f"features of {name} samples have shape {tuple(table.shape)}",
                f"give (samples, features), {FEWEST} samples or more",
            )
        if not bool(torch.isfinite(table).all()):
            raise InputError(f"features of {name} samples hold NaN or infinite values", "leave those samples out")
        tables.append(table.detach().double())
    if tables[0].shape[1] != tables[1].shape[1]:
        raise UsageError(
            f"{tables[0].shape[1]} features of real samples and {tables[1].shape[1]} of generated ones were given",
            "take both in one feature space",
        )
    return Pair(tables[0], tables[1].to(tables[0].device), space, stream, groups)


def standardised(both: Pair) -> Pair:
    """By mean and spread of the real samples alone; a feature that never varies there is only centred."""
    mean, spread = both.real.mean(0), both.real.std(0)
    spread = torch.where(spread > 1e-12 * both.real.abs().amax(0), spread, torch.ones_like(spread))
    return Pair((both.real - mean) / spread, (both.made - mean) / spread, both.space, both.stream, both.groups)
