"""How unusual a sample is among held-out real ones, as a p-value whose error rate is known: split conformal.

    p = unusual(scores, held_out_scores)             # (n,): a real sample gets p <= alpha with chance alpha at most
    p = unusual(scores, held_out_scores, patients)   # of a new patient

p = (1 + held-out samples that are as low or lower) / (1 + all of them); low scores are unusual. In groups each group
counts once, by its share of such samples: that is the mean of the p-values which one sample of each group would give
(Dunn, Wasserman & Ramdas 2022). Scores must not have been fitted to the held-out samples.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.statistics.groups import Ids, units


def unusual(scores: Tensor, held_out: Tensor, groups: Ids | None = None) -> Tensor:
    """Infinite scores are allowed: they are the least unusual."""
    own, others = scores.detach().double().cpu(), held_out.detach().double().cpu()
    if own.dim() != 1 or others.dim() != 1 or not len(others):
        raise UsageError(
            f"scores of shapes {tuple(scores.shape)} and {tuple(held_out.shape)} were given", "give (n,) and (m,)"
        )
    if bool(own.isnan().any() or others.isnan().any()):
        raise InputError("the scores hold NaN", "leave those samples out")
    order = others.argsort()
    reached = torch.cat([torch.zeros(1, dtype=torch.float64), _weights(groups, len(others))[order].cumsum(0)])
    below = reached[torch.searchsorted(others[order], own, right=True)]
    return (1 + below) / (1 + units(groups, len(others)).count)


def among_themselves(held_out: Tensor, groups: Ids | None = None) -> Tensor:
    """The p of each held-out sample among the other groups: what honest real samples read."""
    values, kin = held_out.detach().double().cpu(), units(groups, len(held_out))
    if kin.count < 2:
        raise UsageError("held-out samples of one group were given", "give samples of two groups or more")
    if bool(values.isnan().any()):
        raise InputError("the scores hold NaN", "leave those samples out")
    if groups is None:  # each sample is as low as itself: that is the 1 of the p-value
        return torch.searchsorted(values.sort().values, values, right=True).double() / kin.count
    found = torch.empty_like(values)
    for code in range(kin.count):
        mine = kin.codes == code
        found[mine] = unusual(values[mine], values[~mine], kin.codes[~mine])
    return found


def least(held_out: int) -> float:
    """The smallest p that so many held-out samples (or groups) can give."""
    return 1 / (1 + held_out)


def _weights(groups: Ids | None, n: int) -> Tensor:
    kin = units(groups, n)
    return 1 / kin.sizes[kin.codes].double()
