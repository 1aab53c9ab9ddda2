"""What is kept is what would be made again, for one tensor as it is, and no longer than the tensor lives."""

from __future__ import annotations

import gc
import weakref

import torch
from torch import Tensor

from ganatomy.explain.concepts.catalogue import measurers_for
from ganatomy.explain.concepts.looks import widest
from ganatomy.explain.concepts.measurer import scores
from ganatomy.explain.concepts.remembered import remembered
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format


def test_it_is_made_once_for_a_tensor_and_again_when_that_is_written_into() -> None:
    calls: list[float] = []

    def summed(x: Tensor) -> float:
        calls.append(float(x.detach().sum()))
        return calls[-1]

    kept, x = remembered(summed), torch.ones(3)
    assert (kept(x), kept(x), len(calls)) == (3.0, 3.0, 1)
    x[0] = 5
    assert kept(x) == 7.0
    assert kept(x.clone()) == 7.0
    assert len(calls) == 3
    with torch.enable_grad():
        wanted = torch.ones(2, requires_grad=True)
        assert (kept(wanted), kept(wanted), len(calls)) == (2.0, 2.0, 5)


def test_nothing_outlives_its_tensor() -> None:
    kept, x = remembered(lambda x: x + 1), torch.ones(3)
    made = weakref.ref(kept(x))
    assert made() is not None
    del x
    gc.collect()
    assert made() is None


def test_measurers_say_the_same_side_by_side_and_alone() -> None:
    for channels in (1, 3):
        format = Format.picture(channels, 16)
        pictures = Stream(0, "pictures").uniform(range(6), channels, 16, 16) * 2 - 1
        beside = [scores(each, pictures) for each in measurers_for(format)]
        other = pictures.flip(0)
        for each, told in zip(measurers_for(format), beside, strict=True):
            assert torch.equal(scores(each, pictures.clone()), told)
            assert torch.equal(scores(each, other), told.flip(0))
            assert torch.equal(scores(each, pictures), told)


def test_the_widest_is_that_of_pooling() -> None:
    x = Stream(0, "maps").normal(range(3), 2, 9, 7)
    for side in (3, 5):
        assert torch.equal(widest(x, side), torch.nn.functional.max_pool2d(x, side, 1, side // 2))
