"""A small classifier trained by the tool on the user's labelled data, and its penultimate layer as a feature space.

    judge = train_classifier(examples, format, classes=10, held_out=others)
    judge.accuracy, judge.interval                      # on examples it never saw, Wilson
    judge.predict(samples, gan.format)                  # class probabilities
    judge.space()                                       # features for Fréchet and its kin

Train it on data disjoint from the data that a metric then compares with; `judge` never sees a generated sample.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ganatomy.errors import DivergedError, UsageError
from ganatomy.features.fit import Batch, Examples, Fitted, Plan, Progress, fit
from ganatomy.features.space import BLOCK, FeatureSpace, passed, space
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Moments
from ganatomy.numerics.statistics.interval import Interval, wilson
from ganatomy.results.formats import Format


class Classifier(nn.Module):
    """Two strided convolutions (or two dense layers for points), a penultimate layer, a linear head."""

    def __init__(self, format: Format, classes: int, width: int = 64) -> None:
        super().__init__()
        if format.kind == "picture":
            channels, height, breadth = format.shape
            inner = 2 * width * (-(-height // 4)) * (-(-breadth // 4))
            self.body = nn.Sequential(
                nn.Conv2d(channels, width, 3, stride=2, padding=1),
                nn.ReLU(),
                nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
                nn.ReLU(),
                nn.Flatten(),
                nn.Dropout(0.25),
            )
        else:
            inner = 4 * width
            self.body = nn.Sequential(nn.Linear(format.shape[0], inner), nn.ReLU())
        self.penultimate = nn.Sequential(nn.Linear(inner, width), nn.ReLU())
        self.head = nn.Linear(width, classes)

    def features(self, x: Tensor) -> Tensor:
        out: Tensor = self.penultimate(self.body(x))
        return out

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(x))
        return logits


class Scale(nn.Module):
    """Multiply by a fixed number."""

    factor: Tensor

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.register_buffer("factor", torch.tensor(factor))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


@dataclass(frozen=True, eq=False)
class Judge:
    """A trained classifier with what it is worth: accuracy on held-out examples and its Wilson interval."""

    model: Classifier
    format: Format
    classes: int
    accuracy: float
    interval: Interval
    n: int
    fitted: Fitted
    scale: float

    @torch.no_grad()
    def predict(self, samples: Tensor, given: Format) -> Tensor:
        """Class probabilities (n, classes)."""
        given.check(samples, "samples to classify")
        ready = given.rescale(samples, self.format).float()
        return passed(self.model, ready, self.classes).softmax(1).to(samples.device)

    def space(self) -> FeatureSpace:
        """The penultimate layer, where distances follow classes rather than pixels.

        Divided by one number, so that a feature has unit variance on average over the data it was fitted to: the
        scale of a ReLU layer is an accident of training, and Fréchet distances grow with its square.
        """
        layers = (self.model.body, self.model.penultimate, Scale(1 / self.scale))
        return space("classifier", nn.Sequential(*layers), self.format)


def train_classifier(
    examples: Examples,
    format: Format,
    *,
    classes: int,
    held_out: Examples,
    plan: Plan | None = None,
    folder: str | Path | None = None,
    progress: Progress | None = None,
) -> Judge:
    """Fit on (samples, labels) batches in `format`; the held-out set only measures the last weights."""
    if classes < 2:
        raise UsageError(f"a classifier of {classes} class was asked for", "labels of at least two classes are needed")
    plan = plan or Plan(steps=1500, batch=64, rate=2e-3, every=250)
    with Stream(plan.seed, "classifier/init").module_rng(0):
        model = Classifier(format, classes)
    fitted = fit(model, _cross_entropy, examples, plan=plan, folder=folder, progress=progress)
    with torch.no_grad():
        hits = sum(int((model(samples).argmax(1) == labels).sum()) for samples, labels in _blocks(held_out))
        spread = functools.reduce(operator.add, (Moments.of(model.features(batch[0])) for batch in _blocks(examples)))
    interval, scale = wilson(hits, held_out.size), float(spread.variance().mean().sqrt())
    if not scale > 0:
        raise DivergedError(
            "the classifier's features are the same for all examples", "lower the rate, or check the data"
        )
    return Judge(model, format, classes, hits / held_out.size, interval, held_out.size, fitted, scale)


def _blocks(examples: Examples) -> Iterator[Batch]:
    for first in range(0, examples.size, BLOCK):
        yield examples.read(range(first, min(first + BLOCK, examples.size)))


def _cross_entropy(model: nn.Module, batch: Batch) -> Tensor:
    """Mean over the batch, in nats."""
    samples, labels = batch
    logits = model(samples)
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < logits.shape[1]:
        classes = logits.shape[1]
        raise UsageError(
            f"labels from {int(labels.min())} to {int(labels.max())} were given to a classifier of {classes} classes",
            f"labels run from 0 to {classes - 1}",
        )
    return nn.functional.cross_entropy(logits, labels)
