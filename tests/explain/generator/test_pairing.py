"""Moments of permutations against all permutations, counts against loops, p-values against simulated nulls."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from ganatomy.explain.generator import pairing
from ganatomy.explain.generator.pairing import GROUP, Cross, Overlap, link_of
from ganatomy.numerics.random import Stream


def masks(name: str, n: int, k: int, *, rate: float = 0.3, pixels: int = 25) -> Tensor:
    return (Stream(0, name).uniform(range(n), k, pixels) < rate).float()


def test_the_three_moments_are_those_of_all_permutations() -> None:
    meet = Stream(0, "meet").normal(range(2), 3, 6, 6, dtype=torch.float64)  # units, concepts, g, g
    link = pairing._moments(meet)
    orders = torch.tensor(list(permutations(range(6))))
    sums = meet[:, :, torch.arange(6), orders].sum(-1)  # units, concepts, permutations
    centred = sums - sums.mean(-1, keepdim=True)
    assert torch.allclose(link.excess, meet.diagonal(dim1=2, dim2=3).sum(-1) - sums.mean(-1))
    assert torch.allclose(link.variance, centred.square().mean(-1))
    assert torch.allclose(link.third, centred.pow(3).mean(-1))


def test_products_have_the_same_moments() -> None:
    a, b = Stream(0, "a").normal(range(40), 2), Stream(0, "b").normal(range(40), 3)
    link = link_of(a, b)
    parts = [(a[:16], b[:16]), (a[16:], b[16:])]
    slow = [pairing._moments(torch.einsum("iu,jc->ucij", x, y)) for x, y in parts]
    total = slow[0] + slow[1]
    for name in ("excess", "variance", "third", "squares"):
        assert torch.allclose(getattr(link, name), getattr(total, name), atol=1e-4), name


def test_overlap_counts_pixels_whatever_the_blocks() -> None:
    on, seen = masks("on", 40, 3), masks("seen", 40, 2)
    whole, parts = Overlap.of(on, seen), Overlap.of(on[:32], seen[:32]) + Overlap.of(on[32:], seen[32:])
    for u in range(3):
        for c in range(2):
            both = float((on[:, u] * seen[:, c]).sum())
            either = float(on[:, u].maximum(seen[:, c]).sum())
            assert float(whole.iou()[u, c]) == both / either
            rates = sorted([float(on[:, u].sum()), float(seen[:, c].sum())])
            assert float(whole.ceiling()[u, c]) == rates[0] / rates[1]
    assert torch.equal(whole.iou(), parts.iou())
    assert whole.pixels == parts.pixels == 40 * 25


def test_the_ceiling_is_reached_by_the_best_placed_and_by_none_better() -> None:
    seen = masks("seen", 32, 1)
    inside = seen * masks("some", 32, 1, rate=0.5)
    found = Overlap.of(inside, seen)
    assert torch.allclose(found.iou(), found.ceiling())
    assert bool((Overlap.of(masks("on", 32, 4), seen).iou() <= Overlap.of(masks("on", 32, 4), seen).ceiling()).all())


def test_correlations_are_numpys_whatever_the_blocks() -> None:
    a, b = 1e3 + Stream(0, "a").normal(range(50), 3), Stream(0, "b").normal(range(50), 2)
    cross = Cross.of(a[:7], b[:7]) + Cross.of(a[7:30], b[7:30]) + Cross.of(a[30:], b[30:])
    wanted = np.corrcoef(a.T.double(), b.T.double())[:3, 3:]
    assert np.allclose(cross.correlation(), wanted)
    flat = Cross.of(torch.full((9, 1), 0.1), b[:9])
    assert bool((flat.correlation() == 0).all())


def test_what_goes_together_is_found_and_what_is_constant_is_not() -> None:
    on = masks("on", 16 * GROUP, 2)
    on[:, 1] = 1.0  # always on everywhere
    p = Overlap.of(on, on[:, :1]).link.p("greater")
    assert float(p[0, 0]) < 1e-12
    assert float(p[1, 0]) == 1.0
    assert float(Overlap.of(1 - on[:, :1], on[:, :1]).link.p("greater")[0, 0]) > 0.999


def test_p_is_rarely_small_for_pictures_that_met_by_chance() -> None:
    """Uneven maps: some pictures full, most nearly empty, so that sums are skewed."""
    loud = (Stream(0, "loud").uniform(range(40 * GROUP), 40, 1) < 0.1).float()
    quiet = (Stream(0, "quiet").uniform(range(40 * GROUP), 10, 1) < 0.2).float()
    p = Overlap.of(masks("on", 40 * GROUP, 40) * loud, masks("seen", 40 * GROUP, 10) * quiet).link.p("greater")
    for alpha in (0.05, 0.01):
        share = float((p <= alpha).double().mean())
        assert alpha / 4 < share < 2 * alpha
    two = link_of(loud[..., 0], quiet[..., 0]).p("two-sided")
    assert 0.01 < float((two <= 0.05).double().mean()) < 0.09


def test_a_handful_of_pictures_decides_nothing() -> None:
    on = torch.zeros(40 * GROUP, 1, 9)
    on[:5] = 1.0
    assert float(Overlap.of(on, on).link.p("greater")[0, 0]) == 1.0
    assert float(link_of(torch.ones(2, 1), torch.ones(2, 1)).p("two-sided")[0, 0]) == 1.0
