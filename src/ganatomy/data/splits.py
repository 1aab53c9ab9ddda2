"""The two parts of every data set: `train` for fitting, `held-out` for judging. They share nothing, and never change.

    parts = cut(1797, "digits")                       # {"train": 1438 places, "held-out": 359 places}
    parts = cut_groups(groups, "folder:scans")        # whole groups (patients, writers) fall on one side

Official test files are used where a set has them; these functions serve the sets that have none.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from ganatomy.errors import UsageError, nearest
from ganatomy.numerics.random import Stream

Split = Literal["train", "held-out"]
HELD_OUT_SHARE = 0.2


def check_split(split: str) -> None:
    """Refuse a name that is no split."""
    if split not in get_args(Split):
        raise UsageError(f"there is no split called {split!r}", nearest(split, get_args(Split)))


def cut(n: int, name: str) -> dict[Split, Tensor]:
    """Places of 0 .. n-1 in either part, ascending: a fifth, and at least one of two, is held out."""
    order = Stream(0, f"data/{name}/split").permutation(0, n)
    held_out = max(round(HELD_OUT_SHARE * n), 1) if n > 1 else 0
    return {"train": order[held_out:].sort().values, "held-out": order[:held_out].sort().values}


def cut_groups(groups: Tensor, name: str) -> dict[Split, Tensor]:
    """The same for group ids, one a sample: a fifth of the groups is held out, each with all its samples."""
    unique, member = torch.unique(groups, return_inverse=True)
    parts = cut(len(unique), name)
    return {split: torch.nonzero(torch.isin(member, chosen)).flatten() for split, chosen in parts.items()}


def joined(groups: Tensor, copies: Tensor) -> Tensor:
    """Group ids in which groups that share a copy, straight or by way of further groups, are one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = max(int(groups.max()), int(copies.max())) + 1
    links = coo_array((torch.ones(len(groups)).numpy(), (groups.numpy(), n + copies.numpy())), shape=(2 * n, 2 * n))
    component = torch.from_numpy(connected_components(links, directed=False)[1]).long()
    return component[groups]
