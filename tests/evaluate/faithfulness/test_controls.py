"""Maps that explain nothing and maps that are true: edges by SciPy, random maps by picture, oracles that add up."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ganatomy.evaluate.faithfulness.cases import case_of
from ganatomy.evaluate.faithfulness.completeness import completeness
from ganatomy.evaluate.faithfulness.controls import constant, edges, of_parts, of_weights, random_map
from ganatomy.numerics.random import Stream

PICTURES = Stream(0, "pictures").normal(range(4), 3, 7, 9)
NOBODY = nn.Identity()


def test_edges_are_the_sobel_magnitude_of_each_channel() -> None:
    from scipy.ndimage import sobel

    found = edges(NOBODY, PICTURES.double()).flatten(0, 1)
    for plane, edge in zip(PICTURES.double().flatten(0, 1).numpy(), found.numpy(), strict=True):
        assert np.allclose(edge, np.hypot(sobel(plane, axis=0, mode="nearest"), sobel(plane, axis=1, mode="nearest")))
    assert float(edges(NOBODY, torch.ones(1, 1, 5, 5)).abs().max()) == 0
    assert edges(NOBODY, PICTURES.flatten(1)).shape == (4, 189)


def test_a_random_map_belongs_to_its_picture() -> None:
    draw = random_map(seed=3)
    maps = draw(NOBODY, PICTURES)
    assert torch.equal(maps[2:3], draw(NOBODY, PICTURES[2:3]))
    assert torch.equal(maps, draw(nn.Flatten(), PICTURES))
    assert not torch.equal(maps, random_map(seed=4)(NOBODY, PICTURES))
    assert abs(float(np.corrcoef(maps[0].flatten(), maps[1].flatten())[0, 1])) < 0.25
    assert maps.shape == PICTURES.shape
    assert torch.equal(constant(NOBODY, PICTURES), torch.ones_like(PICTURES))


def test_oracles_are_complete_and_have_the_right_slopes() -> None:
    weights, baseline = PICTURES[:1].double(), torch.full((1, 3, 7, 9), -1.0, dtype=torch.float64)

    def parts(x: Tensor) -> Tensor:
        return weights * x**3

    x = PICTURES.double()
    change = case_of(lambda x: parts(x).flatten(1).sum(1), x, baseline).change
    assert float(completeness(of_parts(parts, baseline)(NOBODY, x), change).max()) < 1e-12
    assert torch.equal(of_weights(weights)(NOBODY, x), weights.expand_as(x))
