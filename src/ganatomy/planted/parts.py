"""A generator whose 24 units draw four parts, each in a channel of its own: known drawers, dead ends and decoys.

    planted = parts()                              # sites: "cause", "units", "draw", "clamp"
    planted.gan.sample(0, range(8))                # (8, 5, 32, 32) in [0, 1]: A, B, C, D, background
    entangled_parts()                              # the same pictures; the units stand behind a random rotation

A latent of 20 numbers says which parts there are (each in half of the pictures; A and B mostly together) and where.
Each part has one stamp, so an effect on its area is the same wherever it lies. Published: theory.md, section 4.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import torch
from torch import Tensor, nn

from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.planted.planted import Planted
from ganatomy.planted.wiring import CHANNELS, COPIES, ERASED, PARTS, TRUTH, UNITS, PartsTruth, reads
from ganatomy.results.formats import Format

CELLS, STAMP, STRIDE = 8, 12, 4
SIDE = CELLS * STRIDE
TOGETHER = 0.9  # correlation of what decides on A and on B
LOUD = 2.5  # how much larger the blurred copies are than what they copy
LATENT = 20  # 0-3 presence, 4-11 places, 12 eraser, 13 and 14 background, 15-19 noise


class Cause(nn.Module):
    """From latents (n, 20) to what each of the 24 units does, (n, 24, 8, 8), none of it negative.

    A part lies in one of the inner 6 x 6 cells, so that neither its stamp nor a blur is cut off.
    """

    blur: Tensor
    waves: Tensor

    def __init__(self) -> None:
        super().__init__()
        bell = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("blur", torch.outer(bell, bell)[None, None])
        self.register_buffer("waves", Stream(0, "planted/parts/waves").normal(range(8 * CELLS * CELLS), 5))

    def forward(self, z: Tensor) -> Tensor:
        there = _presence(z)
        spots = {part: there[part][:, None, None] * _spot(z, place) for place, part in enumerate(PARTS)}
        share = torch.special.ndtr(z[:, 12])
        erased = (share < ERASED).to(z)[:, None, None] * spots["D"]
        drawn = [spots[part] for part in "ABBCCD"]
        copies = [LOUD * self._blurred(drawn[unit]) for unit in COPIES.values()]
        everywhere = there["A"][:, None, None].expand_as(erased)
        ramp = torch.linspace(0.5, 1.5, CELLS, device=z.device, dtype=z.dtype)
        grounds = [torch.sigmoid(z[:, 13, None, None]) * ramp, torch.sigmoid(z[:, 14, None, None]) * ramp[:, None]]
        wide = [ground.expand_as(erased) for ground in grounds]
        units = [*drawn, erased, *copies, spots["A"], spots["A"], everywhere, *wide, *self._noise(z[:, 15:])]
        return torch.stack(units, 1)

    def _blurred(self, spots: Tensor) -> Tensor:
        return nn.functional.conv2d(spots[:, None], self.blur, padding=1)[:, 0]

    def _noise(self, z: Tensor) -> list[Tensor]:
        """Eight maps, large and smooth in z."""
        waves = (z @ self.waves.T).reshape(-1, 8, CELLS, CELLS)
        return list((4 * (1 + waves.sin())).unbind(1))


def parts() -> Planted[PartsTruth]:
    weight = torch.einsum("cu,cij->ucij", reads(), stamps())
    layers = OrderedDict(cause=Cause(), units=nn.Identity(), draw=_draw(weight), clamp=nn.Hardtanh(0.0, 1.0))
    return _planted("parts", nn.Sequential(layers), TRUTH)


def entangled_parts(seed: int = 0) -> Planted[PartsTruth]:
    """Units h' = Q h, drawn by what reads Q^T: no single unit does anything that the truth knows; directions do."""
    turn = torch.linalg.qr(Stream(seed, "planted/parts/turn").normal(range(UNITS), UNITS, dtype=torch.float64))[0]
    weight = torch.einsum("vu,cu,cij->vcij", turn, reads().double(), stamps().double()).float()
    rotate = nn.utils.skip_init(nn.Conv2d, UNITS, UNITS, 1, bias=False)  # nothing is drawn from torch's generator
    rotate.weight.data = turn.float()[:, :, None, None]
    layers = OrderedDict(
        cause=Cause(), turn=rotate, units=nn.Identity(), draw=_draw(weight), clamp=nn.Hardtanh(0.0, 1.0)
    )
    truth = replace(TRUTH, reads=(reads() @ turn.T.float()), fires=TRUTH.fires @ turn.T.float(), turn=turn.float())
    return _planted("entangled-parts", nn.Sequential(layers), truth)


def stamps() -> Tensor:
    """What one unit at one draws about its cell, for each channel, (5, 12, 12): disc, square, cross, triangle, all."""
    mark = torch.arange(STAMP) - (STAMP - 1) / 2
    across, down = mark[None, :].expand(STAMP, STAMP), mark[:, None].expand(STAMP, STAMP)
    disc = across.square() + down.square() <= 4.5**2
    square = (across.abs() <= 4) & (down.abs() <= 4)
    cross = (across.abs() <= 1) | (down.abs() <= 1)
    triangle = (down <= 4) & (down >= 2 * across.abs() - 5)
    tile = (across.abs() < STRIDE / 2) & (down.abs() < STRIDE / 2)  # the cell itself: neighbours do not overlap
    return torch.stack([disc, square, cross, triangle, tile]).float()


def _planted(name: str, generator: nn.Module, truth: PartsTruth) -> Planted[PartsTruth]:
    format = Format.picture(len(CHANNELS), SIDE, low=0.0, high=1.0)
    gan = GAN(generator.eval().requires_grad_(False), Normal(LATENT), format, data=f"planted {name}")
    return Planted(name, gan, truth, PARTS, "mask", lambda pictures: pictures[:, : len(PARTS)])


def _draw(weight: Tensor) -> nn.ConvTranspose2d:
    draw: nn.ConvTranspose2d = nn.utils.skip_init(
        nn.ConvTranspose2d, UNITS, len(CHANNELS), STAMP, stride=STRIDE, padding=STRIDE, bias=False
    )
    draw.weight.data = weight
    return draw


def _presence(z: Tensor) -> dict[str, Tensor]:
    with_a = TOGETHER * z[:, 0] + (1 - TOGETHER**2) ** 0.5 * z[:, 1]
    return dict(zip(PARTS, ((each > 0).to(z) for each in (z[:, 0], with_a, z[:, 2], z[:, 3])), strict=True))


def _spot(z: Tensor, part: int) -> Tensor:
    """A map of zeros with a one at the part's cell, (n, 8, 8)."""
    share = torch.special.ndtr(z[:, 4 + 2 * part : 6 + 2 * part])
    cell = 1 + (share * (CELLS - 2)).long().clamp(0, CELLS - 3)
    row, column = nn.functional.one_hot(cell, CELLS).to(z).unbind(1)
    return row[:, :, None] * column[:, None, :]
