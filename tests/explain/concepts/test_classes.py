"""Two classifiers trained apart: halves that share nothing, probabilities, and no claim from chance."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from shared_data import need

from ganatomy.data.catalogue import load
from ganatomy.data.dataset import Dataset, stored
from ganatomy.errors import DivergedError, UsageError
from ganatomy.explain.concepts.classes import classes, halves
from ganatomy.explain.concepts.measurer import scores
from ganatomy.features.fit import Plan
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

SHORT = Plan(steps=100, rate=2e-3, every=100)


def numbered(n: int) -> Dataset:
    """Pictures of one pixel that say their own number."""
    x = torch.arange(n, dtype=torch.uint8)[:, None, None, None]
    return stored("numbered", "train", pictures=x, labels=torch.arange(n) % 2, classes=("even", "odd"))


def read_all(data: Dataset) -> list[set[int]]:
    same = replace(data, format=data.native)
    return [set(half.read(range(half.size))[0].flatten().int().tolist()) for half in halves(same)]


def test_halves_share_nothing_and_are_drawn_by_chance() -> None:
    first, second = read_all(numbered(201))
    assert not first & second
    assert {len(first), len(second)} == {100, 101}
    assert 30 < sum(number % 2 for number in first) < 70  # not every other one


def test_groups_are_not_torn_apart() -> None:
    groups = torch.arange(200) // 7
    first, second = read_all(replace(numbered(200), groups=groups))
    assert first | second == set(range(200))
    assert not {number // 7 for number in first} & {number // 7 for number in second}
    assert 60 < len(first) < 140


def test_endless_data_have_halves_too() -> None:
    first, second = halves(load("shapes"))
    assert first.size == second.size
    assert not torch.equal(first.read(range(2))[0], second.read(range(2))[0])


def test_one_group_has_no_halves() -> None:
    with pytest.raises(UsageError, match="groups: 1"):
        halves(replace(numbered(50), groups=torch.zeros(50, dtype=torch.int64)))


def test_two_judges_of_digits_agree_on_what_neither_has_seen() -> None:
    train, held_out = load("digits"), load("digits", split="held-out")
    format = Format.picture(1, 8, low=0.0, high=1.0)
    steps: list[tuple[int, int]] = []
    measurer = classes(train, format, plan=SHORT, progress=lambda done, of: steps.append((done, of)))
    assert steps == [(100, 200), (200, 200)]
    other = measurer.other()
    assert other is not None
    x, wanted = held_out.in_format(format).read(range(held_out.size)), held_out.labels(range(held_out.size))
    first, second = scores(measurer, x), scores(other, x)
    assert measurer.concepts == tuple("0123456789")
    torch.testing.assert_close(first.sum(1), torch.ones(len(x), dtype=torch.float64), atol=1e-5, rtol=0)
    for found in (first, second):
        assert float((found.argmax(1) == wanted).double().mean()) > 0.9
    assert float((first - second).abs().max()) > 0.1  # they are not one and the same
    torch.testing.assert_close(scores(measurer, x[:1]), first[:1], atol=1e-5, rtol=0)
    far = scores(measurer, 3 * x[:4] - 1)  # an edit may leave the range
    torch.testing.assert_close(far, scores(measurer, (3 * x[:4] - 1).clamp(0, 1)))


def test_both_halves_of_mnist_are_of_one_kind() -> None:
    """Its training file takes turns between two sources: halves by parity differ by 6 % in how well they train."""
    need("mnist")
    data = load("mnist", data_dir=need("mnist").parent)
    first, second = halves(data)
    inks = [half.read(range(2000))[0].flatten(1).double().mean(1) for half in (first, second)]
    gap = abs(float(inks[0].mean() - inks[1].mean()))
    assert gap < 4 * float((inks[0].var() / 2000 + inks[1].var() / 2000).sqrt())


def test_labels_that_mean_nothing_are_found_out() -> None:
    x = (255 * Stream(0, "noise").uniform(range(300), 1, 8, 8)).to(torch.uint8)
    y = Stream(1, "noise").integers(range(300), 2)
    data = stored("noise", "train", pictures=x, labels=y, classes=("a", "b"))
    with pytest.raises(DivergedError, match="as by chance"):
        classes(data, data.format, plan=SHORT)


def test_data_without_labels_have_no_classes() -> None:
    data = stored("bare", "train", pictures=torch.zeros(4, 1, 8, 8, dtype=torch.uint8))
    with pytest.raises(UsageError, match="'bare', which has no labels"):
        classes(data, data.format)


def test_data_of_another_shape_are_refused() -> None:
    with pytest.raises(UsageError, match="wanted was"):
        classes(load("digits"), Format.picture(1, 28))
