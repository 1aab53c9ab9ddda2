"""f-divergences as games: the function, its conjugate, the best critic, and the density ratio read back from it.

    dual = DUALS["Pearson"]
    dual.critic(u), dual.ratio(dual.critic(u))          # T* = f'(u) at u = p / q, and u again
    # D_f(p|q) = sup_T E_p T - E_q f*(T), reached at T*: Nowozin et al. 2016, eq. 4 and 5

"GAN" is the game of `losses` in this form, 2 JSD - log 4, with T = log D; "JS" is 2 JSD.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Dual:
    """f(u), its conjugate f*(t), the critic f'(u), and back; `ratio` is None where critics do not tell."""

    f: Function
    conjugate: Function
    critic: Function
    ratio: Function | None


DUALS: dict[str, Dual] = {
    "KL": Dual(lambda u: u * u.log(), lambda t: (t - 1).exp(), lambda u: 1 + u.log(), lambda t: (t - 1).exp()),
    "reverse KL": Dual(lambda u: -u.log(), lambda t: -1 - (-t).log(), lambda u: -1 / u, lambda t: -1 / t),
    "JS": Dual(
        lambda u: u * u.log() - (u + 1) * ((u + 1) / 2).log(),
        lambda t: -(2 - t.exp()).log(),
        lambda u: (2 * u / (1 + u)).log(),
        lambda t: 1 / (2 * (-t).exp() - 1),
    ),
    "GAN": Dual(
        lambda u: u * u.log() - (u + 1) * torch.log1p(u),
        lambda t: -torch.log(-torch.expm1(t)),
        lambda u: u.log() - torch.log1p(u),
        lambda t: 1 / torch.expm1(-t),
    ),
    "Pearson": Dual(
        lambda u: (u - 1).square(), lambda t: t.square() / 4 + t, lambda u: 2 * (u - 1), lambda t: t / 2 + 1
    ),
    "Hellinger": Dual(
        lambda u: (u.sqrt() - 1).square(), lambda t: t / (1 - t), lambda u: 1 - u.rsqrt(), lambda t: (1 - t).pow(-2)
    ),
    "TV": Dual(
        lambda u: (u - 1).abs() / 2,
        lambda t: torch.where(t.abs() <= 0.5, t, math.inf),
        lambda u: torch.sign(u - 1) / 2,
        None,
    ),
}
