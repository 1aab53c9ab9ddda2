"""Which concepts apply to what."""

from __future__ import annotations

import pytest
import torch

from ganatomy.data.catalogue import load
from ganatomy.errors import UsageError
from ganatomy.explain.concepts.catalogue import measurers_for
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.results.formats import Format


def names(format: Format, data: str | None = None) -> list[str]:
    return [each.name for each in measurers_for(format, None if data is None else load(data))]


def test_grey_pictures_have_no_colours() -> None:
    assert "colour" not in names(Format.picture(1, 28))
    assert {"colour", "saturation", "channels"} < set(names(Format.picture(3, 28)))
    assert "channels" in names(Format.picture(5, 28))


def test_shapes_are_told_by_their_factors() -> None:
    shapes = load("shapes")
    assert names(shapes.format, "shapes")[:3] == ["object", "factors", "shape"]
    assert "classes" not in names(shapes.format, "shapes")  # the kind is read from pixels without error


def test_pictures_without_a_range_have_only_their_owners_concepts() -> None:
    mine = Measurer("mine", ("mine",), "score", lambda x: torch.zeros(len(x), 1))
    assert measurers_for(Format((1, 8, 8)), own=[mine]) == (mine,)


def test_two_of_one_name_are_refused() -> None:
    mine = Measurer("ink", ("ink",), "score", lambda x: torch.zeros(len(x), 1))
    with pytest.raises(UsageError, match="two measurers are called 'ink'"):
        measurers_for(Format.picture(1, 8), own=[mine])
