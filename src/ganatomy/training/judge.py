"""A small classifier of a labelled data set, to read generated samples with.

judge = judge_of(train, held_out, seed=0)          # trained on the first half of `train`, measured on `held_out`
judge.space(), judge.predict(samples, format)

The second half of `train` is left out, so that there are real samples which neither judge nor accuracy has seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.features.classifier import Judge, train_classifier
from ganatomy.features.fit import Examples, Plan

STEPS = 1000


def judge_of(
    train: Dataset, held_out: Dataset, *, seed: int, progress: Callable[[int, int], None] | None = None
) -> Judge:
    """The same data and seed give the same judge."""
    return train_classifier(
        replace(labelled(train), size=train.size // 2),
        train.format,
        classes=len(train.classes),
        held_out=labelled(held_out),
        plan=Plan(steps=STEPS, rate=2e-3, seed=seed),
        progress=None if progress is None else lambda step, steps, _loss: progress(step, steps),
    )


def labelled(data: Dataset) -> Examples:
    """Samples with their labels."""

    def read(indices: range | list[int]) -> tuple[Tensor, Tensor]:
        labels = data.labels(indices)
        assert labels is not None, "the data have labels"
        return data.read(indices), labels

    return Examples(read, data.size)  # type: ignore[arg-type]
