"""Spaces by name: the table, what is refused, and the random layers of points."""

from __future__ import annotations

import pytest
import torch

from ganatomy.errors import UsageError
from ganatomy.features.classifier import Judge, train_classifier
from ganatomy.features.defaults import default_spaces, named_space
from ganatomy.features.fit import Batch, Examples, Plan
from ganatomy.features.random_layers import REACH, random_layers
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

PICTURE, TINY, POINT = Format.picture(1, 8), Format.picture(1, 4), Format.point(2)


@pytest.fixture(scope="module")
def judge() -> Judge:
    def read(indices: object) -> Batch:
        places = list(indices)  # type: ignore[call-overload]
        return Stream(0, "x").uniform(places, 1, 8, 8), torch.tensor([place % 2 for place in places])

    examples = Examples(read, 40)
    return train_classifier(examples, PICTURE, classes=2, held_out=examples, plan=Plan(steps=2, batch=8))


def test_two_spaces_by_default(judge: Judge) -> None:
    def names(format: Format, by: Judge | None = None) -> list[str]:
        return [each.name for each in default_spaces(format, by)]

    assert names(PICTURE, judge) == ["classifier", "random-convolution-32"]
    assert names(PICTURE) == ["random-projection-64", "random-convolution-32"]
    assert names(TINY) == ["random-projection-16", "random-convolution-32"]
    assert names(POINT) == ["pixels", "random-layers-32"]
    assert default_spaces(PICTURE, judge)[0].id == judge.space().id
    assert len({each.id for each in default_spaces(POINT)}) == 2


@pytest.mark.parametrize(
    ("name", "format", "said"),
    [
        ("classifier", PICTURE, "it takes labels"),
        ("random-convolution", POINT, "legal are: pixels, random-projection, random-layers, classifier"),
        ("random-layers", PICTURE, "legal are: pixels, random-projection, random-convolution, classifier"),
        ("pixel", PICTURE, "did you mean 'pixels'"),
        ("sifts", POINT, "legal are"),
    ],
)
def test_a_space_that_is_not_to_be_had_is_refused(name: str, format: Format, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        named_space(name, format)


def test_a_judge_of_other_pictures_is_refused(judge: Judge) -> None:
    with pytest.raises(UsageError, match="the classifier reads"):
        named_space("classifier", TINY, judge)


def test_random_layers_are_the_formula_and_bend_where_points_are() -> None:
    space, x = random_layers(POINT, 8), Stream(0, "x").normal(range(50), 2)
    assert space.name == "random-layers-8"
    assert space.id == random_layers(POINT, 8).id != random_layers(POINT, 8, seed=1).id
    first, second = (dict(space.module.named_parameters())[f"{place}.weight"] for place in (0, 2))
    bias = dict(space.module.named_parameters())["0.bias"]
    assert torch.allclose(space(x, POINT), (second @ (first @ x.T + bias[:, None]).relu()).relu().T, atol=1e-5)
    assert float((bias.abs() / first.norm(dim=1)).max()) <= REACH  # distance of each kink from the origin
    line = torch.linspace(-3, 3, 61)[:, None] * torch.tensor([[1.0, 0.5]])
    bends = random_layers(POINT)(line, POINT).diff(n=2, dim=0).abs().amax(1) > 1e-3
    assert int(bends.sum()) > 10


def test_random_layers_are_for_points() -> None:
    with pytest.raises(UsageError, match="points have them"):
        random_layers(PICTURE)
