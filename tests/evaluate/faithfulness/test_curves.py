"""Insertion and deletion: the additive identities, the null value of random orders, the best order, ties, cuts."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.faithfulness.cases import Case, case_of
from ganatomy.evaluate.faithfulness.curves import area, curves, cuts, places, random_places
from ganatomy.numerics.random import Stream

STREAM = Stream(0, "curves")
PICTURES = STREAM.normal(range(6), 2, 5, 6, dtype=torch.float64)
BASELINE = torch.full((1, 2, 5, 6), -1.0, dtype=torch.float64)
WEIGHTS = STREAM.normal(range(99, 100), 2, 5, 6, dtype=torch.float64)


def additive(x: Tensor) -> Tensor:
    return (torch.sin(x) * WEIGHTS).flatten(1).sum(1)


def tangled(x: Tensor) -> Tensor:
    """No additive score: products of neighbours."""
    flat = (x * WEIGHTS).flatten(1)
    return (flat[:, 1:] * flat[:, :-1]).sum(1).tanh() + flat.amax(1)


def terms() -> Tensor:
    return WEIGHTS * (torch.sin(PICTURES) - torch.sin(BASELINE))


def ordered(maps: Tensor, case: Case) -> Tensor:
    return places(maps, stream=STREAM.child("ties"), addresses=case.addresses)


@pytest.mark.parametrize("steps", [1, 2, 7, 15, 30, 99])
@pytest.mark.parametrize("maps", [PICTURES, -PICTURES, torch.zeros_like(PICTURES)])
def test_areas_of_an_additive_score_add_up_to_both_ends_in_any_order(maps: Tensor, steps: int) -> None:
    case = case_of(additive, PICTURES, BASELINE)
    insertion, deletion = curves(case, ordered(maps, case), steps=steps).areas()
    assert torch.allclose(insertion + deletion, case.scores + case.blank, atol=1e-12)


def test_curves_are_those_of_pixels_moved_one_after_the_other() -> None:
    case = case_of(tangled, PICTURES, BASELINE)
    found = curves(case, ordered(terms(), case), steps=10)
    for picture in range(len(case)):
        order = terms()[picture].sum(0).flatten().argsort(descending=True)
        for column, count in enumerate(found.counts.tolist()):
            for curve, start, end in (
                (found.insertion, BASELINE[0], PICTURES[picture]),
                (found.deletion, PICTURES[picture], BASELINE[0]),
            ):
                changed = start.clone().flatten(1)
                changed[:, order[:count]] = end.flatten(1)[:, order[:count]]
                assert float(curve[picture, column]) == pytest.approx(float(tangled(changed.reshape(1, 2, 5, 6))))


def test_the_area_is_numpys_over_the_share_of_pixels() -> None:
    import numpy as np

    case = case_of(tangled, PICTURES, BASELINE)
    found = curves(case, ordered(terms(), case), steps=7)
    share = found.counts.numpy() / 30
    assert np.allclose(area(found.insertion, found.counts), np.trapezoid(found.insertion.numpy(), share, axis=1))


@pytest.mark.parametrize("score", [additive, tangled])
def test_random_orders_insert_and_delete_equally_well_on_average(score: object) -> None:
    case = case_of(score, PICTURES, BASELINE)  # type: ignore[arg-type]
    gaps, sums = [], []
    for draw in range(400):
        order = random_places(30, stream=STREAM.child("orders"), addresses=range(draw * 6, draw * 6 + 6))
        insertion, deletion = curves(case, order, steps=6).areas()
        gaps.append(insertion - deletion)
        sums.append(insertion)
    gap = torch.stack(gaps)
    assert bool((gap.mean(0).abs() < 4 * gap.std(0) / 20).all())
    if score is additive:
        mean, half = torch.stack(sums).mean(0), (case.scores + case.blank) / 2
        assert bool(((mean - half).abs() < 4 * torch.stack(sums).std(0) / 20).all())


def test_turning_an_order_round_turns_the_sign_whatever_the_score() -> None:
    case = case_of(tangled, PICTURES, BASELINE)
    order = ordered(terms(), case)
    insertion, deletion = curves(case, order, steps=9).areas()
    turned = curves(case, 29 - order, steps=9).areas()
    assert torch.allclose(insertion - deletion, turned[1] - turned[0])


def test_the_order_of_the_terms_is_the_best() -> None:
    case = case_of(additive, PICTURES, BASELINE)
    best, least = curves(case, ordered(terms(), case)).areas()
    for draw in range(50):
        order = random_places(30, stream=STREAM.child("others"), addresses=range(draw * 6, draw * 6 + 6))
        insertion, deletion = curves(case, order).areas()
        assert bool((best > insertion).all())
        assert bool((least < deletion).all())


@given(st.integers(1, 900), st.integers(1, 60))
def test_cuts_are_symmetric_from_none_to_all(pixels: int, steps: int) -> None:
    counts = cuts(pixels, steps).tolist()
    assert counts[0] == 0
    assert counts[-1] == pixels
    assert counts == sorted(set(counts))
    assert [pixels - count for count in reversed(counts)] == counts
    assert len(counts) <= steps + 2
    assert max(after - before for before, after in pairwise(counts)) <= -(-pixels // steps) + 1


def test_equal_values_stand_in_a_seeded_order_of_their_own() -> None:
    flat = torch.zeros(400, 8)
    flat[:, 3] = 1
    order = places(flat, stream=STREAM, addresses=range(400))
    assert bool((order[:, 3] == 0).all())
    assert torch.equal(order.sort(1).values, torch.arange(8).expand(400, 8))
    others = order[:, [0, 1, 2, 4, 5, 6, 7]].double()
    assert bool((others.mean(0) - 4).abs().max() < 0.5)
    assert torch.equal(order, places(flat, stream=STREAM, addresses=range(400)))
    assert torch.equal(order[7:9], places(flat[7:9], stream=STREAM, addresses=range(7, 9)))


def test_thirty_two_passes_a_picture_with_both_ends_twice() -> None:
    seen = [0]

    def counted(x: Tensor) -> Tensor:
        seen[0] += len(x)
        return additive(x)

    case = case_of(counted, PICTURES, BASELINE)
    curves(case, ordered(terms(), case))
    assert seen[0] <= 32 * len(case)
    with pytest.raises(UsageError, match="0 steps"):
        curves(case, ordered(terms(), case), steps=0)
