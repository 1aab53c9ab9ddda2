"""The samples of a report, uncurated and by address, and real ones beside them.

shown(gan, seed=0)                                      # samples 0 to 63, row by row
parts(gan, held_out, seed=0, command=...)               # more of them, each class, as many real ones
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.data.plane import drawn
from ganatomy.data.worlds import WORLDS, World
from ganatomy.explain.critic.lots import places
from ganatomy.models.gan import GAN
from ganatomy.pictures import Pixels, grid, pixels
from ganatomy.report.facts import Part, Picture
from ganatomy.report.figures import picture_of
from ganatomy.results.formats import Format

ACROSS, FIRST, MORE = 8, 64, 192  # in a row; shown first; shown at all
POINTS = 2000
TILE = 64  # pixels of a larger picture's side, as it is shown
CLASSES = 20  # rows of classes at most


def shown(gan: GAN, *, seed: int, command: Callable[[str], str] = lambda _numbers: "") -> Picture:
    """The first ones, of which none is left out. `command`: what draws the samples of these numbers, as `0-63`."""
    if gan.format.kind == "point":
        said = f"Samples 0 to {POINTS - 1} of seed {seed}, none left out{_beside(gan)}."
        points = drawn(gan.sample(seed, range(POINTS)), _world(gan))
        return picture_of(points, name="samples", said=said, command=command(f"0-{POINTS - 1}"))
    said = f"Samples 0 to {FIRST - 1} of seed {seed}, row by row, none chosen, none left out{_size(gan.format)}."
    tiles = _tiles(gan.sample(seed, range(FIRST)), gan.format)
    return picture_of(tiles, name="samples", said=said, command=command(f"0-{FIRST - 1}"))


def parts(
    gan: GAN, held_out: Dataset | None, *, seed: int, command: Callable[[str], str], whole: str = ""
) -> list[Part]:
    """`command`: as above; `whole`: what makes the report, for what is drawn nowhere else."""
    found = []
    if gan.format.kind == "picture":
        found.append(_more(gan, seed=seed, command=command))
    if gan.latent.classes and gan.format.kind == "picture":
        found.append(replace(_of_classes(gan, seed=seed), command=whole))
    if held_out is not None:
        found.append(replace(_real(gan.format, held_out), command=whole))
    return found


def _more(gan: GAN, *, seed: int, command: Callable[[str], str]) -> Part:
    made = gan.sample(seed, range(FIRST, FIRST + MORE))
    said = f"Samples {FIRST} to {FIRST + MORE - 1} of seed {seed}, {2 * ACROSS} a row{_size(gan.format)}."
    drawing = picture_of(_tiles(made, gan.format, across=2 * ACROSS), name="more", said=said)
    addressed = f"Sample i of seed {seed} is the same here, on the command line and in Python."
    again = command(f"{FIRST}-{FIRST + MORE - 1}")
    return Part("more", "What do the next ones look like?", (addressed,), pictures=(drawing,), command=again)


def _of_classes(gan: GAN, *, seed: int) -> Part:
    """A row for each class, from the same latents in all rows."""
    numbers = range(min(gan.latent.classes, CLASSES))
    names = [gan.classes[number] if number < len(gan.classes) else str(number) for number in numbers]
    rows = torch.cat([gan.sample(seed, range(ACROSS), labels=number) for number in numbers])
    more = f", the first {CLASSES} of {gan.latent.classes}" if gan.latent.classes > CLASSES else ""
    said = f"A row for each class, from above: {', '.join(names)}{more}; the same latents in each row."
    drawing = picture_of(_tiles(rows, gan.format), name="classes", said=said)
    return Part("classes", "What does it make of each class?", pictures=(drawing,))


def _real(format: Format, held_out: Dataset) -> Part:
    """In the one random order in which they are read everywhere."""
    if format.kind == "point":
        real = held_out.read(places(held_out, POINTS))
        drawing = picture_of(drawn(real, None), name="real", said=f"{len(real)} held-out real points.")
    else:
        real = held_out.read(places(held_out, FIRST))
        said = f"{len(real)} held-out real samples of {held_out.name}, in random order{_size(format)}."
        drawing = picture_of(_tiles(real, format), name="real", said=said)
    return Part("real", "What do real ones look like?", pictures=(drawing,))


def _tiles(samples: Tensor, format: Format, *, across: int = ACROSS) -> Pixels:
    tiles = pixels(samples, format)
    side = max(tiles.shape[1:3])
    return grid(tiles if side <= TILE else _reduced(tiles, TILE / side), columns=across)


def _reduced(tiles: Pixels, share: float) -> Pixels:
    from PIL import Image

    size = max(1, round(tiles.shape[2] * share)), max(1, round(tiles.shape[1] * share))
    return np.stack([np.asarray(Image.fromarray(tile).resize(size, Image.Resampling.BOX)) for tile in tiles])


def _size(format: Format) -> str:
    side = max(format.shape[1:])
    return f", at {TILE} of {side} pixels" if side > TILE else ""


def _world(gan: GAN) -> World | None:
    world = WORLDS[gan.data]() if gan.data in WORLDS else None
    return world if world is not None and gan.format.shape == (world.dimensions,) else None


def _beside(gan: GAN) -> str:
    return "; to the right the density that they should have" if _world(gan) is not None else ""
