"""What real samples read among other real ones, labelled training and held-out at random in the numbers there are.

    usual = among_real(train, held_out, groups, stream=Stream(0, "real"))     # None where groups are too few
    near = near_of(usual)                 # how much nearer a copy is than what lies so near by chance

Where training samples are thirty times as many, or lie in a plane, the nearest of them is often far nearer than the
nearest held-out one, for any sample of their law. No Gaussian shows that: it misses where the law is thin.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.beside import NEAR, TINY, Near, Nearest, nearest, pooled
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, split

ASKED = 0.1  # of all real samples, taken out of both sides
MOST = 2000
ENOUGH, TURNS = 200, 10  # samples asked about, in so many turns at most
CHANCE = 0.01  # of real samples may count as copies, if there are fewer below a third


def among_real(
    train: Tensor, held_out: Tensor, groups: tuple[Ids, Ids] | None = None, *, stream: Stream
) -> Nearest | None:
    """Some are taken out, with their groups, and set beside the rest; nothing hangs on how all are labelled."""
    n, m = len(train), len(held_out)
    pool, ids = torch.cat([train.double(), held_out.double()]), pooled(groups, n, m)
    asked = min(ASKED, MOST / (n + m))
    shares = asked, (1 - asked) * n / (n + m), (1 - asked) * m / (n + m)
    found: list[Nearest] = []
    for turn in range(TURNS):
        try:
            rows, first, second = split(n + m, shares, stream=stream.child(str(turn)), groups=ids)
        except UsageError:  # too few groups for three parts
            return None
        beside = nearest(pool[rows], pool[first], pool[second])
        found.append(Nearest(beside.far, torch.cat([first, second])[beside.where]))
        if sum(len(each.far) for each in found) >= ENOUGH:
            break
    return Nearest(torch.cat([each.far for each in found]), torch.cat([each.where for each in found]))


def near_of(usual: Nearest | None) -> Near:
    """A third, or the ratio that 1 % of real samples are below if that is less; of the one side and of the other."""
    if usual is None:
        return NEAR, NEAR
    ratio = usual.ratio()
    first, second = (float(each.quantile(CHANCE, interpolation="lower")) for each in (ratio, 1 / ratio))
    return min(NEAR, max(first, TINY)), min(NEAR, max(second, TINY))
