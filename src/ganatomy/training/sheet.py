"""Samples of a generator in training as one picture: pictures side by side, or points beside their true density.

write_png("samples.png", sheet_of(step.average, setup))
"""

from __future__ import annotations

from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.data.plane import drawn
from ganatomy.data.worlds import World
from ganatomy.models.evaluating import passed
from ganatomy.pictures import Pixels, grid, pixels
from ganatomy.training.setup import Setup

PICTURES, POINTS = 64, 1000  # on a sheet
SIDE = 480  # pixels: sheets of pictures are enlarged by whole factors up to about this


def sheet_of(generator: nn.Module, setup: Setup) -> Pixels:
    """Its first samples by the recipe's seed: the same latents every time."""
    latent, seed = setup.latent, setup.recipe.seed
    indices = range(PICTURES if setup.train.format.kind == "picture" else POINTS)
    samples = passed(generator, latent.sample(seed, indices), labels=latent.labels(seed, indices))
    return sheet(samples.cpu(), setup.train)


def sheet(samples: Tensor, data: Dataset) -> Pixels:
    """Eight pictures a row; of points in a space, their first two coordinates."""
    if data.format.kind == "picture":
        tiles = pixels(samples, data.format)
        return grid(tiles, scale=max(1, SIDE // (8 * tiles.shape[1])))
    world = data.truth if isinstance(data.truth, World) and data.truth.dimensions <= 2 else None
    return drawn(samples.flatten(1)[:, :2], world)
