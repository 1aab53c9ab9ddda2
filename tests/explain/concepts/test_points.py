"""What is told of points."""

from __future__ import annotations

import pytest
import torch

from ganatomy.data.catalogue import load
from ganatomy.data.worlds import WORLDS, mixture
from ganatomy.explain.concepts.catalogue import measurers_for
from ganatomy.explain.concepts.measurer import labels, scores
from ganatomy.explain.concepts.points import coordinates, modes, radius
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

PLANE = Format.point(2)
POINTS = torch.tensor([[3.0, 4.0], [0.0, 0.0], [-1.0, 0.0]])


def test_coordinates_and_distance() -> None:
    torch.testing.assert_close(scores(coordinates(PLANE), POINTS), POINTS.double())
    assert scores(radius(PLANE), POINTS)[:, 0].tolist() == [5, 0, 1]


def test_the_centre_of_a_world_is_its_mean() -> None:
    world = mixture("two", [[0.0, 0.0], [6.0, 8.0]], std=1.0)
    assert scores(radius(PLANE, world), POINTS)[:, 0].tolist() == pytest.approx([0, 5, 32**0.5])


@pytest.mark.parametrize("name", WORLDS)
def test_the_mode_a_point_was_drawn_from_is_the_nearest(name: str) -> None:
    world, stream = WORLDS[name](), Stream(0, "tests/modes")
    points, true = world.sample(stream, range(200)).float(), world.labels(stream, range(200))
    found = scores(modes(world), points)
    assert found.sum(1).tolist() == [1.0] * 200
    if world.mode_std is not None:  # round modes far apart; curves run into each other
        assert float((found.argmax(1) == true).double().mean()) > 0.97


def test_nearest_is_counted_in_standard_deviations_and_by_mode() -> None:
    centres = [[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]]
    world = mixture("uneven", centres, std=[3.0, 1.0, 1.0], modes=torch.tensor([1, 0, 0]))
    points = torch.tensor([[6.0, 0.0], [8.0, 0.0], [19.0, 0.0]])
    assert scores(modes(world), points).argmax(1).tolist() == [1, 0, 0]


def test_worlds_bring_their_modes() -> None:
    ring = load("ring8")
    assert labels(measurers_for(ring.format, ring))[:4] == (
        "coordinates: coordinate 0",
        "coordinates: coordinate 1",
        "radius",
        "modes: mode 0",
    )
    assert len(measurers_for(Format.point(3), ring)) == 2  # a world of another plane is left out
