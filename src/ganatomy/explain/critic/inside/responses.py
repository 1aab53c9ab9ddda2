"""What units respond to: correlations with concepts within real and within generated pictures, and both together.

    arrays = responses(units_real, concepts_real, units_fake, concepts_fake, smallest=0.1, level=0.95)
    arrays["within"], arrays["partial"]            # (units, concepts, 2) real and generated; (units, concepts)
    arrays["response"]                             # 1 present, -1 absent, 0 undetermined

The partial correlation centres units and concepts in each sort. p comes from permutations of pictures within their
sort (see `generator.pairing`); intervals from the spread of each picture's influence x y - r (x^2 + y^2) / 2. A
response is present where p, over all pairs, and the interval both say so.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.explain.critic.inside.verdicts import family
from ganatomy.explain.generator.pairing import Cross, link_of
from ganatomy.numerics.statistics.interval import Mean
from ganatomy.numerics.statistics.multiplicity import benjamini_hochberg


def responses(
    real: Tensor, real_told: Tensor, fake: Tensor, fake_told: Tensor, *, smallest: float, level: float
) -> dict[str, Tensor]:
    within = torch.stack([Cross.of(real, real_told).correlation(), Cross.of(fake, fake_told).correlation()], 2)
    x = torch.cat([real - real.mean(0), fake - fake.mean(0)])
    y = torch.cat([real_told - real_told.mean(0), fake_told - fake_told.mean(0)])
    partial, error = correlated(x, y)
    link = link_of(real, real_told) + link_of(fake, fake_told)
    p = benjamini_hochberg(link.p("two-sided").flatten()).reshape(partial.shape)
    n = len(x)
    means = [Mean(r, e, n - 3, n) for r, e in zip(partial.flatten().tolist(), error.flatten().tolist(), strict=True)]
    told = family(means, tuple(partial.shape), smallest=smallest, level=level)
    verdict = torch.where((told["verdict"] > 0) & (p > 1 - level), 0, told["verdict"])
    bounds = {"partial_low": told["low"].clamp(-1, 1), "partial_high": told["high"].clamp(-1, 1)}
    return {"within": within, "partial": partial, **bounds, "p_response": p, "response": verdict.to(torch.int8)}


def correlated(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Pearson's r of every column of centred tables, and its standard error; 0 of what is constant."""
    n = len(x)
    x, y = (_standard(each.double()) for each in (x, y))
    r = x.T @ y / n
    x2, y2 = x.square(), y.square()
    fourth = (x2.square().mean(0)[:, None] + y2.square().mean(0)[None] + 2 * x2.T @ y2 / n) / 4
    cubic = ((x2 * x).T @ y + x.T @ (y2 * y)) / n
    spread = (x2.T @ y2 / n - r * cubic + r.square() * fourth).clamp(min=0)
    return r, (spread / n).sqrt()


def _standard(x: Tensor) -> Tensor:
    sd = x.square().mean(0).sqrt()
    return torch.where(sd > 1e-10 * x.abs().amax().clamp(min=1e-300), x / sd.clamp(min=1e-300), 0.0)
