"""Edits stay in the range, go as far as was asked, and are what they are called."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.critic.cues.edits import (
    BANDS,
    CONTROLS,
    CUES,
    Address,
    Given,
    banded,
    compressed,
    corner,
    cosines,
    cues_for,
    edited,
    frame,
    in_range,
    in_unit,
    matched,
)
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

HERE = Address(0, range(6))


def textures(channels: int = 1, side: int = 12, n: int = 6, low: float = 0.2, high: float = 0.8) -> Tensor:
    return low + (high - low) * Stream(1, "textures").uniform(range(n), channels, side, side)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("cue", CUES)
def test_every_edit_keeps_the_contract(cue: str, channels: int) -> None:
    if cue not in cues_for(Format.picture(channels, 12)):
        pytest.skip("not for so many channels") if channels == 3 else None
        return
    unit = textures(channels)
    before = unit.clone()
    done = edited(cue, unit, level=0.02, address=HERE)
    assert torch.equal(unit, before)
    assert done.pictures.shape == unit.shape
    assert 0 <= float(done.pictures.min()) <= float(done.pictures.max()) <= 1
    size = (done.pictures - unit).flatten(1).square().mean(1).sqrt()
    assert torch.allclose(size, done.size, atol=1e-6)
    assert bool(done.reached.all())
    if not CUES[cue].whole:
        assert torch.allclose(size, torch.full_like(size, 0.02), rtol=0.01)
    alone = [edited(cue, unit[i : i + 1], level=0.02, address=Address(0, range(i, i + 1))) for i in range(6)]
    assert torch.allclose(torch.cat([each.pictures for each in alone]), done.pictures, atol=1e-5)


@pytest.mark.parametrize("name", CONTROLS)
def test_controls_are_random_by_address_and_without_a_mean_where_they_say_so(name: str) -> None:
    unit = textures(3, 16)
    first = CONTROLS[name](Given(unit, 0.1, HERE))
    assert torch.equal(first[2:3], CONTROLS[name](Given(unit[2:3], 0.1, Address(0, range(2, 3)))))
    assert not torch.allclose(first, CONTROLS[name](Given(unit, 0.1, Address(1, range(6)))))
    if name == "smooth":
        assert float(first.mean((2, 3)).abs().max()) < 1e-6
        spectrum = torch.fft.rfft2(first).abs().square()
        assert float(spectrum[:, :, :5, :5].sum() + spectrum[:, :, -4:, :5].sum()) > 0.85 * float(spectrum.sum())


@given(st.floats(0.005, 0.3), st.integers(0, 10**6))
def test_matching_finds_what_bisection_finds(level: float, seed: int) -> None:
    unit = Stream(seed, "unit").uniform(range(3), 1, 6, 6)
    change = Stream(seed, "change").normal(range(3), 1, 6, 6)
    done = matched(unit, change, torch.full((3,), level))
    for x, d, own, reached in zip(
        unit.double(), change.double(), done.size.tolist(), done.reached.tolist(), strict=True
    ):
        low, high = 0.0, 1e6
        for _ in range(100):
            middle = (low + high) / 2
            size = float(((x + middle * d).clamp(0, 1) - x).square().mean().sqrt())
            low, high = (middle, high) if size < level else (low, middle)
        best = float(((x + high * d).clamp(0, 1) - x).square().mean().sqrt())
        assert own <= level * (1 + 1e-3)
        assert reached == (abs(best - level) <= 0.01 * level) or abs(best - level) < 0.02 * level
        if reached:
            assert own == pytest.approx(level, rel=0.011)


def test_what_a_picture_has_no_room_for_is_said() -> None:
    flat = torch.full((2, 1, 12, 12), 0.5)
    assert not edited("high frequencies less", flat, level=0.05, address=HERE).reached.any()
    assert not edited("high frequencies more", torch.full((2, 1, 12, 12), 0.3), level=0.02, address=HERE).reached.any()
    assert not edited("compression", flat, level=1e-4, address=HERE).reached.all()
    assert not edited("brighter", torch.ones(2, 1, 12, 12), level=0.05, address=HERE).reached.any()
    assert not edited("shift", flat, level=0.0, address=HERE).reached.any()
    weak = 0.5 + 0.01 * (textures() - 0.5)
    done = edited("high frequencies less", weak, level=0.1, address=HERE)
    assert not done.reached.any()  # removed once, and not turned round
    own = banded(BANDS["high"], -1.0, Given(weak, 0.1, HERE))
    assert torch.allclose(done.pictures, weak + own, atol=1e-6)


def test_the_cosine_transform_is_scipys_and_the_bands_share_a_picture_out() -> None:
    from scipy.fft import dctn

    x = textures(1, 12)[0, 0].double()
    turn = cosines(12)
    np.testing.assert_allclose((turn @ x @ turn.T).numpy(), dctn(x.numpy(), norm="ortho"), atol=1e-12)
    unit = textures(3, 10)
    parts = sum(banded(band, 1.0, Given(unit, 0.1, HERE)) for band in BANDS.values())
    assert torch.allclose(parts, unit - unit.mean((2, 3), keepdim=True), atol=1e-5)


@pytest.mark.parametrize(("side", "block"), [(20, 8), (8, 4)])
def test_compression_rounds_the_coefficients_of_blocks(side: int, block: int) -> None:
    from scipy.fft import dctn, idctn

    unit, level = textures(1, side, n=2), 0.05
    wide = np.pad(unit.numpy(), ((0, 0), (0, 0), (0, -side % block), (0, -side % block)), mode="edge").astype(float)
    order = np.arange(block)
    steps = 4 * level * (1 + order[:, None] + order) / block
    out = np.empty_like(wide)
    for picture, told in zip(wide[:, 0], out[:, 0], strict=True):
        for i in range(0, wide.shape[2], block):
            for j in range(0, wide.shape[3], block):
                found = dctn(picture[i : i + block, j : j + block], norm="ortho")
                told[i : i + block, j : j + block] = idctn(np.round(found / steps) * steps, norm="ortho")
    wanted = out[:, :, :side, :side] - unit.numpy()
    found = compressed(Given(unit, level, HERE)).numpy()
    # A coefficient that lies half-way between two steps may be rounded either way.
    assert np.mean(np.abs(found - wanted) > 1e-4) < 0.02


def test_marks_and_frame_share_no_pixel_and_marks_stay_in_their_corner() -> None:
    for side in (5, 8, 12, 28, 64):
        unit = torch.zeros(1, 1, side, side)
        masks = [corner(down, right, unit) for down in (False, True) for right in (False, True)]
        masks.append(frame(unit))
        assert float(torch.cat(masks).sum(0).max()) == 1
        assert all(float(mask.sum()) > 0 for mask in masks)
    grey = torch.full((1, 1, 12, 12), 0.5)
    up = edited("light mark, bottom right", grey, level=0.05, address=HERE).pictures - grey
    down = edited("dark mark, bottom right", grey, level=0.05, address=HERE).pictures - grey
    assert torch.allclose(up, -down, atol=1e-6)
    assert float(up[0, 0, -2:, -2:].min()) > 0.1
    assert float(up.sum()) == pytest.approx(float(up[0, 0, -2:, -2:].sum()))
    assert not edited("light frame", torch.ones(1, 1, 12, 12), level=0.05, address=HERE).reached.any()


def test_a_moved_mark_is_as_large_and_never_where_it_was() -> None:
    unit = torch.zeros(500, 1, 8, 8)
    moved = CUES["dark mark, top left"].moved
    assert moved is not None
    found = moved(Given(unit, 0.1, Address(0, range(500))))
    assert torch.equal(-found.sum((1, 2, 3)), torch.full((500,), 4.0))
    assert not bool((-found == corner(False, False, unit)[None]).flatten(1).all(1).any())
    places = -found.mean((0, 1))
    assert float(places.min()) > 0.02  # everywhere


def test_simple_edits_are_what_they_are_called() -> None:
    unit = textures(3, 12)
    level = 0.02

    def done(cue: str) -> Tensor:
        return edited(cue, unit, level=level, address=HERE).pictures - unit

    assert torch.allclose(done("brighter"), torch.full_like(unit, level), atol=1e-4)
    assert torch.allclose(done("darker"), torch.full_like(unit, -level), atol=1e-4)
    board = done("checkerboard")
    assert torch.allclose(board[..., 1:], -board[..., :-1], atol=1e-6)
    assert torch.allclose(board[..., 1:, :], -board[..., :-1, :], atol=1e-6)
    assert torch.allclose(done("grey").mean(1), torch.zeros(6, 12, 12), atol=1e-6)
    tint = done("tint").mean((0, 2, 3))
    assert float(tint[0]) > 0 > float(tint[1])
    for sign, cue in ((1, "more contrast"), (-1, "less contrast")):
        edit = unit + done(cue)
        assert sign * float(edit.std() - unit.std()) > 0
        assert torch.allclose(edit.mean((1, 2, 3)), unit.mean((1, 2, 3)), atol=1e-4)
    assert torch.allclose(done("shift")[..., 1:] + unit[..., 1:], unit[..., :-1])
    changed = (done("salt").abs() > 0).float().mean((1, 2, 3))
    assert torch.allclose(changed, torch.full((6,), round(0.05 * 144) / 144))


def test_the_range_of_the_format_is_kept() -> None:
    format = Format.picture(1, 12, low=-3.0, high=5.0)
    unit = textures()
    assert torch.allclose(in_unit(in_range(unit, format), format), unit, atol=1e-6)
    for wrong, said in ((Format.point(2), "range"), (Format((1, 8, 8)), "range"), (Format.picture(1, 4), "5 x 5")):
        with pytest.raises(UsageError, match=said):
            cues_for(wrong)
    with pytest.raises(UsageError, match="cue"):
        edited("wattermark", unit, level=0.1, address=HERE)
