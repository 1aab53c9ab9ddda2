"""How much each layer is, at every checkpoint, like what it is at the end: linear CKA over the same latents.

    likenesses({16: early, 3500: gan}, ["body.act1", "body.act2"], n=256, seed=0).arrays["cka"]

CKA (Kornblith et al. 2019) compares what two networks tell apart, up to a rotation: 1 is the same. The plain estimate
is far from 0 even for noise where there are as many units as samples, so the unbiased one is taken (Song et al. 2012).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ganatomy.explain.latent.explained import explained
from ganatomy.explain.passes import draws, made
from ganatomy.models.gan import GAN
from ganatomy.results.explanation import Explanation
from ganatomy.tracing.trace import watch


def likenesses(film: Mapping[int, GAN], sites: Sequence[str], *, n: int, seed: int) -> Explanation:
    """One unit a layer."""
    rounds = sorted(film)
    grams = {number: _grams(film[number], sites, n, seed) for number in rounds}
    last = grams[rounds[-1]]
    table = torch.tensor(
        [[cka(grams[number][site], last[site]) for number in rounds] for site in sites], dtype=torch.float64
    )
    arrays = {"cka": table, "rounds": torch.tensor(rounds).expand(len(sites), -1)}
    half = [next(number for number, value in zip(rounds, row, strict=True) if value >= 0.5) for row in table.tolist()]
    said = "; ".join(f"{site} from round {number}" for site, number in zip(sites, half, strict=True))
    note = f"Likeness to the end of at least one half: {said}. Linear CKA, unbiased, over {n} latents."
    return explained(film[rounds[-1]], "likeness", "layers", units=sites, arrays=arrays, note=note, seed=seed)


def _grams(gan: GAN, sites: Sequence[str], n: int, seed: int) -> dict[str, Tensor]:
    """Inner products of all pairs of samples, with nothing on the diagonal."""
    kept: dict[str, list[Tensor]] = {site: [] for site in sites}
    for draw in draws(gan, n, seed=seed):
        with watch(gan.generator, list(sites)) as trace:
            made(gan.generator, draw)
        for site in sites:
            kept[site].append(trace[site].flatten(1).double().cpu())
    flat = {site: torch.cat(parts) for site, parts in kept.items()}
    return {site: centred((table - table.mean(0)) @ (table - table.mean(0)).T) for site, table in flat.items()}


def centred(gram: Tensor) -> Tensor:
    """So that products of two are unbiased: rows and columns add up to 0 without the diagonal."""
    n = len(gram)
    bare = gram.clone().fill_diagonal_(0.0)
    rows = bare.sum(1, keepdim=True) / (n - 2)
    out: Tensor = (bare - rows - rows.T + bare.sum() / ((n - 1) * (n - 2))).fill_diagonal_(0.0)
    return out


def cka(first: Tensor, second: Tensor) -> float:
    """Of two centred tables; 0 where one of them is constant."""
    size = float((first.square().sum() * second.square().sum()).sqrt())
    return float((first * second).sum()) / size if size > 0 else 0.0
