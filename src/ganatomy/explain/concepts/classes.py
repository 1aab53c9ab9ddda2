"""Class probabilities as concepts: two small classifiers, trained apart on two halves of labelled data.

    measurer = classes(data, gan.format)          # concepts: the names of the classes; with a twin
    halves(data)                                  # the two sets of examples, which share no sample and no group
    half_places(data)                             # the numbers of their samples

Pictures that were edited are unlike any that a classifier was trained on, and two classifiers that were trained apart
seldom err alike. Neither sees a generated picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import DivergedError, UsageError
from ganatomy.explain.concepts.measurer import Measure, Measurer
from ganatomy.features.classifier import Judge, train_classifier
from ganatomy.features.fit import Examples, Plan
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

PLAN = Plan(steps=400, rate=2e-3, every=200)
MOST = 20_000  # examples in a half
JUDGED = 2_000  # examples of the other half that each is measured on
Progress = Callable[[int, int], None]


def classes(
    data: Dataset, format: Format, *, seed: int = 0, plan: Plan = PLAN, progress: Progress | None = None
) -> Measurer:
    """Each classifier is measured on the half that trained the other; one no better than chance is an error."""
    first, second = judges(data, format, seed=seed, plan=plan, progress=progress)
    return Measurer("classes", data.classes, "score", _probabilities(first), twin=_probabilities(second))


def judges(
    data: Dataset, format: Format, *, seed: int = 0, plan: Plan = PLAN, progress: Progress | None = None
) -> tuple[Judge, Judge]:
    """The two classifiers, with their accuracy."""
    if data.labels(range(1)) is None or len(data.classes) < 2:
        raise UsageError(
            f"classes were asked of {data.name!r}, which has no labels", "give data of two classes or more"
        )
    parts = halves(data.in_format(format))
    trained = []
    for place, own in enumerate(parts):
        other = parts[1 - place]
        judge = train_classifier(
            own,
            format,
            classes=len(data.classes),
            held_out=Examples(other.read, min(other.size, JUDGED)),
            plan=replace(plan, seed=2 * seed + place),
            progress=_in_all(progress, place, plan.steps),
        )
        if judge.interval.low <= 1 / judge.classes:
            raise DivergedError(
                f"a classifier of {data.name!r} is right for {judge.accuracy:.0%} of {judge.n} examples, as by chance",
                "measure other concepts, give more labelled data, or check the labels",
            )
        trained.append(judge)
    return trained[0], trained[1]


def halves(data: Dataset) -> tuple[Examples, Examples]:
    """Labelled samples of both `half_places`."""
    first, second = half_places(data)
    return examples(data, first), examples(data, second)


def half_places(data: Dataset) -> tuple[Sequence[int], Sequence[int]]:
    """By chance, at most `MOST` on each side, and whole groups where samples belong together.

    Not every other sample: the files of MNIST take turns between two sources, one neater than the other.
    """
    if data.endless:
        return range(0, 2 * MOST, 2), range(1, 2 * MOST, 2)
    groups = torch.arange(data.size) if data.groups is None else data.groups
    unique, member = torch.unique(groups, return_inverse=True)
    side = Stream(0, "concepts/halves").permutation(0, len(unique))[member] % 2
    order = Stream(0, "concepts/order").permutation(0, data.size)
    first, second = (order[side[order] == each][:MOST].tolist() for each in (0, 1))
    if not (first and second):
        raise UsageError(
            f"{data.name!r} does not fall into two halves: {data.size} samples"
            + ("" if data.groups is None else f", groups: {len(torch.unique(data.groups))}"),
            "give at least two samples, of two groups where samples belong together",
        )
    return first, second


def examples(data: Dataset, places: Sequence[int]) -> Examples:
    """Samples at these places, with their labels."""

    def read(indices: Sequence[int]) -> tuple[Tensor, Tensor]:
        chosen = [places[index] for index in indices]
        labels = data.labels(chosen)
        assert labels is not None, "the data have labels"
        return data.read(chosen), labels

    return Examples(read, len(places))


def _probabilities(judge: Judge) -> Measure:
    bounds = judge.format.bounds

    def measured(pictures: Tensor) -> Tensor:
        """An edit may drive a generator out of its range by a little, or far."""
        return judge.predict(pictures if bounds is None else pictures.clamp(*bounds), judge.format)

    return measured


def _in_all(progress: Progress | None, place: int, steps: int) -> Callable[[int, int, float], None] | None:
    return None if progress is None else lambda step, _steps, _loss: progress(place * steps + step, 2 * steps)
