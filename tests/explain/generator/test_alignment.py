"""Cells on pixels: measured on networks whose geometry is known on paper, and upsampling against torch's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from ganatomy.explain.generator.alignment import Axis, grid_of, tiling
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format


def built(layers: Callable[[], Sequence[nn.Module]], *, side: int) -> GAN:
    """A generator with random weights, the latent reshaped to 1 x 1."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Unflatten(1, (4, 1, 1)), *layers(), nn.Tanh()).eval()
        for p in network.parameters():
            nn.init.normal_(p)
    return GAN(network, Normal(4), Format.picture(1, side))


def test_a_cell_lies_where_an_unpadded_network_puts_it() -> None:
    convs = ((4, 3, 6), (3, 3, 3, 2), (3, 1, 4, 2))
    gan = built(lambda: [nn.ConvTranspose2d(*conv) for conv in convs], side=28)
    six, thirteen, one = (grid_of(gan, name) for name in ("1", "2", "0"))
    assert [six.rows.centre(i) for i in range(6)] == [4 * i + 4 for i in range(6)]  # pixels 4 i to 4 i + 7
    assert [thirteen.columns.centre(i) for i in range(13)] == [2 * i + 2 for i in range(13)]
    assert six.measured
    assert thirteen.measured
    assert torch.equal(one.up(torch.tensor([[[[3.0]]]])), torch.full((1, 1, 28, 28), 3.0))


@pytest.mark.parametrize(
    ("side", "cells"), [(28, {"start.act": 7, "up1.act": 14}), (8, {"start.act": 2, "up1.act": 4})]
)
def test_padded_doublings_tile_the_picture(side: int, cells: dict[str, int]) -> None:
    arch = DCGAN(Format.picture(1, side), Normal(4), width=2)
    gan = GAN(arch.generator(0), Normal(4), arch.format)
    for site, count in cells.items():
        axis = grid_of(gan, site).rows
        assert (axis.cells, axis.first, axis.stride) == (count, side / count / 2, side / count)


@pytest.mark.parametrize("stride", [2, 4])
@pytest.mark.parametrize("padding", [0, 1])
def test_a_one_cell_unit_lands_on_its_pixels_to_the_pixel(stride: int, padding: int) -> None:
    """Bilinear maps cut at the right share, and nearest cells, are the very pixels that the cell paints."""
    cells, side = 5, 5 * stride - 2 * padding
    convs = ((4, 1, 5), (1, 1, stride, stride, padding))
    gan = built(lambda: [nn.ConvTranspose2d(*conv) for conv in convs], side=side)
    grid = grid_of(gan, "1")
    paint = gan.generator[2]
    with torch.no_grad():
        paint.weight.fill_(1.0)
        paint.bias.zero_()
    for row, column in product(range(cells), repeat=2):
        unit = torch.zeros(1, 1, cells, cells)
        unit[0, 0, row, column] = 1
        with torch.no_grad():
            painted = paint(unit)[0, 0] > 0
        up = grid.up(unit)[0, 0]
        assert torch.equal(up > up.flatten().sort().values[-int(painted.sum()) - 1], painted)
        nearest = torch.zeros_like(painted)
        nearest[slice(*grid.rows.extent(row)), slice(*grid.columns.extent(column))] = True
        assert torch.equal(nearest, painted)


@given(st.integers(1, 9), st.integers(1, 20))
def test_tiling_is_bilinear_without_aligned_corners(cells: int, pixels: int) -> None:
    maps = torch.arange(cells, dtype=torch.float32).square()[None, None]
    wanted = nn.functional.interpolate(maps, pixels, mode="linear", align_corners=False)[0, 0]
    matrix = tiling(cells, pixels).matrix()
    assert torch.allclose(matrix @ maps[0, 0], wanted, atol=1e-4)
    assert torch.allclose(matrix.sum(1), torch.ones(pixels))


def test_nearest_cells_share_out_all_pixels() -> None:
    axis = Axis(6, 28, 4.0, 4.0, measured=True)
    assert [axis.extent(i) for i in range(6)] == [(0, 6), (6, 10), (10, 14), (14, 18), (18, 22), (22, 28)]


class Nosy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if not bool(torch.isfinite(x).all()):
            raise ValueError("not a number")
        return x


@pytest.mark.parametrize("layer", [nn.InstanceNorm2d(3), Nosy()])
def test_where_the_reach_cannot_be_measured_the_cells_tile(layer: nn.Module) -> None:
    gan = built(lambda: [nn.ConvTranspose2d(4, 3, 4), layer, nn.ConvTranspose2d(3, 1, 4, 4)], side=16)
    grid = grid_of(gan, "1")
    assert not grid.measured
    assert grid.rows == tiling(4, 16)


def test_sites_without_places_are_the_same_all_over() -> None:
    arch = MLP(Format.picture(1, 6), Normal(2), hidden=(5,))
    gan = GAN(arch.generator(0), Normal(2), arch.format)
    grid = grid_of(gan, "hidden1.act")
    up = grid.up(torch.tensor([[1.0, 2.0]]))
    assert torch.equal(up, torch.tensor([1.0, 2.0]).view(1, 2, 1, 1).expand(1, 2, 6, 6))
    assert torch.equal(grid.up(torch.tensor([[[1.0, 3.0]]])), torch.full((1, 1, 6, 6), 2.0))
