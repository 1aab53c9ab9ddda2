"""Metropolis-Hastings selection (Turner et al. 2019): a chain whose proposals are the generator's own samples.

    found = metropolis(gan, probability.logits, 2500, seed=0, real=probability.real, length=640)

Of every chain the end is kept, so that a sample costs `length` of them; the chain's law tends to that of the data.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.selection import LogitsOf, Selection, finite, selection
from ganatomy.explain.critic.lots import fakes
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import mean_interval
from ganatomy.results.measurement import Measurement

CHAINS = 64  # chains that run side by side


def metropolis(
    gan: GAN,
    logits_of: LogitsOf,
    n: int,
    *,
    seed: int,
    real: Tensor,
    length: int = 640,
    progress: Progress | None = None,
) -> Selection:
    """The end of each of n chains of `length` samples, each begun at a held-out real one of these logits.

    Chain c proposes samples c length to (c + 1) length - 1, and takes one if log u < its logit less the present one.
    A chain that never moved would give the real sample itself, and is left out.
    """
    if length < 1 or not len(real):
        raise UsageError(f"chains of {length} from {len(real)} real samples were asked for", "give one or more of each")
    ends, moves, seen = [], [], []
    begin = finite(real)[Stream(seed, "metropolis/start").integers(range(n), len(real))]
    for first in range(0, n, CHAINS):
        chains = range(first, min(first + CHAINS, n))
        proposed = range(chains.start * length, chains.stop * length)
        lots = fakes(gan, len(proposed), seed=seed, start=proposed.start)
        logits = torch.cat([finite(logits_of(lot)) for lot in lots]).reshape(len(chains), length)
        u = Stream(seed, "metropolis").uniform(proposed, dtype=torch.float64).reshape(len(chains), length)
        end, moved = chain(logits, u, begin[chains.start : chains.stop])
        place = torch.arange(chains.start, chains.stop) * length
        ends.append(torch.where(end >= 0, place + end, -1))
        moves.append(moved)
        seen.append(logits.flatten())
        if progress is not None:
            progress(chains.stop, n)
    indices, share = torch.cat(ends), torch.cat(moves).double() / length
    stuck = int((indices < 0).sum())
    said = [f"{stuck} of {n} chains never left their real sample and were left out."] if stuck else []
    rate = Measurement("acceptance", float(share.mean()), n, "share of proposals taken", "high", mean_interval(share))
    return selection("metropolis", indices[indices >= 0], seed=seed, tried=torch.cat(seen), rate=rate, said=said)


def chain(logits: Tensor, u: Tensor, begin: Tensor) -> tuple[Tensor, Tensor]:
    """Independence chains (c, length) side by side: the place each ends at (-1: where it began), and its moves."""
    present, place, moves = begin.clone(), torch.full((len(begin),), -1), torch.zeros(len(begin), dtype=torch.int64)
    for step in range(logits.shape[1]):
        goes = u[:, step].log() < logits[:, step] - present
        present = torch.where(goes, logits[:, step], present)
        place = torch.where(goes, step, place)
        moves += goes
    return place, moves
