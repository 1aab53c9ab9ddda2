"""Keeping the better samples of a generator, by the density ratio that its critic implies; addresses are kept.

    found = rejection(gan, p.logits, 2500, seed=0)                        # rejection.py: Azadi et al. 2019
    found = metropolis(gan, p.logits, 2500, seed=0, real=p.real)          # metropolis.py: Turner et al. 2019
    found.samples(gan), found.indices, found.measured["acceptance"]
    at_random(2500, seed=0, share=0.1), unselected(2500, seed=0)          # the controls

Both give the law of the data if the ratio is true and the generator misses no part of it; neither can bring back what
is missing, and a wrong ratio makes samples worse. Logits are of real, after a head (`heads`). Sample i of a seed is the
same whether it is selected or not, and whether it is, hangs on its address alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.ratio import TINY, effective_size
from ganatomy.explain.critic.lots import Lot
from ganatomy.explain.passes import BLOCK
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.results.measurement import Measurement

LogitsOf = Callable[[Lot], Tensor]  # samples -> log p / q, (n,)
LOOKED_AT = 2000  # of those tried, for their effective sample size


@dataclass(frozen=True, eq=False)
class Selection:
    """The addresses of the samples that were kept, in order; a chain may end at one that another ended at.

    logits: of all that were tried, one number each.
    """

    method: str
    seed: int
    indices: Tensor
    tried: int
    measured: dict[str, Measurement] = field(default_factory=dict)
    logits: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.float64), repr=False)
    note: str = ""

    def samples(self, gan: GAN) -> Tensor:
        return gan.sample(self.seed, self.indices.tolist())


def selection(
    method: str, indices: Tensor, *, seed: int, tried: Tensor, rate: Measurement, said: list[str]
) -> Selection:
    """With the effective sample size of the first that were tried, and a warning where it is tiny."""
    size = effective_size(tried[:LOOKED_AT], stream=Stream(seed, f"selection/{method}"))
    if size.value < TINY:
        said = [
            *said,
            f"The effective sample size is {size.value:.2%} of the tried: a few samples decide what is kept.",
        ]
    measured = {each.name: each for each in (rate, size)}
    return Selection(method, seed, indices, len(tried), measured, tried, " ".join(said))


def finite(logits: Tensor) -> Tensor:
    found = logits.detach().double().cpu()
    if found.ndim != 1 or not bool(torch.isfinite(found).all()):
        raise UsageError(
            f"logits of shape {tuple(found.shape)} were given, or some are not finite",
            "give one finite logit for each sample",
        )
    return found


def at_random(n: int, *, seed: int, share: float) -> Selection:
    """Each sample kept with this chance, whatever it looks like: n of them."""
    if not 0 < share <= 1:
        raise UsageError(f"a share of {share} was to be kept", "a share is above 0 and at most 1")
    kept: list[Tensor] = []
    for block in _blocks():
        draws = Stream(seed, "selection/random").uniform(block, dtype=torch.float64)
        kept.append(torch.arange(block.start, block.stop)[draws < share])
        if sum(map(len, kept)) >= n:
            break
    indices = torch.cat(kept)[:n]
    return Selection("at random", seed, indices, int(indices[-1]) + 1)


def unselected(n: int, *, seed: int) -> Selection:
    """The first n."""
    return Selection("none", seed, torch.arange(n), n)


def _blocks() -> Iterator[range]:
    first = 0
    while True:
        yield range(first, first + BLOCK)
        first += BLOCK
