"""The switches on the critic's input: noise that fades, packs, and the deviation of a group."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import UsageError
from ganatomy.games.presentation import FadingNoise, Presentation, pack, with_deviation
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

STREAM = Stream(0, "noise")
PICTURES = STREAM.child("pictures").normal(range(12), 2, 3, 3, dtype=torch.float64)


def test_noise_falls_linearly_to_nothing() -> None:
    noise = FadingNoise(0.4, until=100)
    assert [noise.std(seen) for seen in (0, 25, 50, 100, 1000)] == pytest.approx([0.4, 0.3, 0.2, 0.0, 0.0])
    assert noise.add(PICTURES, 100, stream=STREAM, indices=range(12)) is PICTURES


def test_noise_has_its_size_and_its_addresses() -> None:
    noise, zeros = FadingNoise(0.5, until=10), torch.zeros(4000, 3)
    noisy = noise.add(zeros, 0, stream=STREAM, indices=range(4000))
    assert float(noisy.std()) == pytest.approx(0.5, rel=0.03)
    half = noise.add(zeros[:2000], 0, stream=STREAM, indices=range(2000, 4000))
    assert torch.equal(half, noisy[2000:])
    assert not zeros.any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_noise_keeps_the_type(dtype: torch.dtype) -> None:
    assert FadingNoise(0.5, until=10).add(PICTURES.to(dtype), 0, stream=STREAM, indices=range(12)).dtype == dtype


@pytest.mark.parametrize(("start", "until"), [(-1.0, 10), (math.nan, 10), (1.0, 0)])
def test_nonsense_noise_is_refused(start: float, until: int) -> None:
    with pytest.raises(UsageError, match="at least 1 image"):
        FadingNoise(start, until)


def test_a_pack_holds_consecutive_samples_channel_after_channel() -> None:
    packed = pack(PICTURES, 3)
    assert packed.shape == (4, 6, 3, 3)
    assert torch.equal(packed[1], torch.cat([PICTURES[3], PICTURES[4], PICTURES[5]]))
    assert pack(torch.zeros(4, 2), 2).shape == (2, 4)
    with pytest.raises(UsageError, match=r"12 samples cannot be packed by 5\ngive a multiple of 5"):
        pack(PICTURES, 5)


def test_deviation_written_out() -> None:
    shown = with_deviation(PICTURES, 4)
    assert shown.shape == (12, 3, 3, 3)
    assert torch.equal(shown[:, :2], PICTURES)
    for first in range(0, 12, 4):
        group = PICTURES[first : first + 4].flatten(1).tolist()
        spreads = []
        for feature in zip(*group, strict=True):
            middle = sum(feature) / 4
            spreads.append(math.sqrt(sum((value - middle) ** 2 for value in feature) / 4 + 1e-8))
        wanted = torch.full((4, 1, 3, 3), sum(spreads) / len(spreads), dtype=torch.float64)
        assert torch.allclose(shown[first : first + 4, 2:], wanted, rtol=1e-12)
    with pytest.raises(UsageError, match="groups of 5"):
        with_deviation(PICTURES, 5)


def test_deviation_of_equal_samples_is_small_with_a_finite_gradient() -> None:
    same = torch.ones(4, 2, requires_grad=True)
    shown = with_deviation(same, 4)
    (gradient,) = torch.autograd.grad(shown.sum(), same)
    assert float(shown[0, 2].detach()) == pytest.approx(1e-4)
    assert gradient.isfinite().all()


@given(packing=st.sampled_from([1, 2, 3]), group=st.sampled_from([0, 2]))
def test_the_critics_format_is_what_the_critic_is_handed(packing: int, group: int) -> None:
    shown = Presentation(packing=packing, deviation_group=group)
    for sample in (Format.picture(2, 3), Format.point(2)):
        handed = shown.scored(shown.packed(PICTURES if sample.kind == "picture" else PICTURES[..., 0, 0]))
        wanted = shown.critic_format(sample)
        assert tuple(handed.shape[1:]) == wanted.shape
        assert wanted.bounds == sample.bounds


@given(packing=st.sampled_from([1, 2, 3]), group=st.sampled_from([0, 2]))
def test_cutting_a_batch_between_blocks_changes_nothing(packing: int, group: int) -> None:
    shown = Presentation(packing=packing, deviation_group=group)
    whole = shown.scored(shown.packed(PICTURES))
    parts = [shown.scored(shown.packed(PICTURES[i : i + shown.block])) for i in range(0, 12, shown.block)]
    assert torch.equal(torch.cat(parts), whole)
    assert shown.block == packing * max(1, group)


def test_the_default_shows_the_samples_themselves() -> None:
    shown = Presentation()
    assert shown.scored(shown.packed(shown.noisy(PICTURES, 0, stream=STREAM, indices=range(12)))) is PICTURES


@pytest.mark.parametrize(("packing", "group"), [(0, 0), (1, 1), (1, -2)])
def test_nonsense_is_refused(packing: int, group: int) -> None:
    with pytest.raises(UsageError, match="at least 2 members"):
        Presentation(packing=packing, deviation_group=group)
