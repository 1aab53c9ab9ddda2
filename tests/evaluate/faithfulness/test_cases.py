"""Pictures, baselines and scores: what is refused, how labels travel, what a pixel is."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.faithfulness.cases import Bound, case_of, maps_of, pooled, scores_of
from ganatomy.numerics.random import Stream

PICTURES = Stream(0, "pictures").normal(range(5), 2, 3, 4, dtype=torch.float64)
BLACK = torch.full((1, 2, 3, 4), -1.0)


def total(x: Tensor) -> Tensor:
    return x.flatten(1).sum(1)


class Labelled(nn.Module):
    def forward(self, pictures: Tensor, labels: Tensor) -> Tensor:
        return total(pictures) + 100 * labels


def test_a_case_knows_the_scores_of_both_ends() -> None:
    case = case_of(total, PICTURES, BLACK, start=7)
    assert torch.allclose(case.scores, total(PICTURES))
    assert torch.allclose(case.change, total(PICTURES) + 24)
    assert case.addresses == range(7, 12)
    assert case.pixels == 12


def test_a_pixel_comes_and_goes_with_its_channels() -> None:
    case = case_of(total, PICTURES, BLACK)
    kept = torch.zeros(5, 12, dtype=torch.bool)
    kept[:, 5] = True
    mixed = case.mixed(kept)
    assert torch.equal(mixed[:, :, 1, 1], PICTURES[:, :, 1, 1])
    assert int((mixed == -1).sum()) == 5 * 2 * 11
    assert torch.allclose(pooled(PICTURES, channels=True), PICTURES.sum(1).flatten(1))
    points = case_of(total, PICTURES.flatten(1), torch.zeros(24))
    assert points.pixels == 24
    assert torch.equal(points.mixed(torch.zeros(5, 24, dtype=torch.bool)), torch.zeros(5, 24, dtype=torch.float64))


@pytest.mark.parametrize("count", [0, 1, 12, 13, 40])
def test_versions_are_scored_in_order_and_in_bounded_batches(count: int) -> None:
    sizes: list[int] = []

    def target(x: Tensor) -> Tensor:
        sizes.append(len(x))
        return total(x)

    case = case_of(target, PICTURES, BLACK)
    found = scores_of(case, count, lambda version: PICTURES + version)
    assert torch.allclose(found, torch.stack([total(PICTURES + j) for j in range(count)]) if count else found)
    assert found.shape == (count, 5)
    assert max(sizes) <= 64


def test_labels_go_with_their_pictures_through_every_version() -> None:
    labels = torch.arange(5)
    case = case_of(Bound(Labelled(), labels), PICTURES, BLACK)
    found = scores_of(case, 30, lambda version: PICTURES * version)
    assert torch.allclose(found[29], total(PICTURES * 29) + 100 * labels)
    with pytest.raises(UsageError, match="whole copies"):
        Bound(Labelled(), labels)(PICTURES[:3])


def spread(x: Tensor) -> Tensor:
    """One number for the whole batch, as minibatch deviation has it."""
    return x.flatten(1).std(0, unbiased=False).mean().expand(len(x))


def test_versions_of_a_critic_that_looks_at_its_batch_have_passes_of_their_own() -> None:
    case = case_of(lambda x: spread(x) + 0.1 * total(x), PICTURES, BLACK)
    assert case.coupled
    assert not case_of(total, PICTURES, BLACK).coupled
    found = scores_of(case, 7, lambda version: PICTURES * version)
    for version in range(7):
        own = PICTURES * version
        assert torch.allclose(found[version], spread(own) + 0.1 * total(own))


def test_what_cannot_be_graded_is_said() -> None:
    with pytest.raises(UsageError, match="baseline of shape"):
        case_of(total, PICTURES, torch.zeros(2, 2, 3, 4))
    with pytest.raises(UsageError, match="one number a picture"):
        case_of(lambda x: x.flatten(1), PICTURES, BLACK)
    with pytest.raises(InputError, match="NaN"):
        case_of(lambda x: total(x) / 0, PICTURES * 0, BLACK * 0)
    with pytest.raises(UsageError, match="give one or more"):
        case_of(total, PICTURES[0], BLACK)
    with pytest.raises(UsageError, match="a value for every value"):
        maps_of(lambda _, x: x.sum(1), nn.Identity(), PICTURES)
    with pytest.raises(InputError, match="attribution holds NaN"):
        maps_of(lambda _, x: x / 0, nn.Identity(), PICTURES)


def test_targets_and_methods_that_work_in_place_leave_the_pictures_alone() -> None:
    before = PICTURES.clone()
    case = case_of(lambda x: total(x.mul_(2)), PICTURES, BLACK)
    scores_of(case, 3, lambda _: PICTURES)
    maps_of(lambda _, x: x.mul_(3), nn.Identity(), PICTURES)
    assert torch.equal(PICTURES, before)
    assert torch.equal(case.baseline, BLACK.double().expand_as(PICTURES))
