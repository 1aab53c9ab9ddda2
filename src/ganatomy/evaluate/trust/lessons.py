"""What a small classifier answers after learning from a table of labelled samples, real or generated.

    made = asked(gan, judge, 1000, seed)             # generated samples, labelled
    here, there = answers(made, (test, others), 10, plan)      # class numbers that it gives to the samples of each

Samples that all look alike, or carry one label, teach one answer: nothing is fitted to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.lots import fakes, together
from ganatomy.features.classifier import Judge, train_classifier
from ganatomy.features.fit import Examples, Plan
from ganatomy.models.gan import GAN
from ganatomy.results.formats import Format


@dataclass(frozen=True, eq=False)
class Lesson:
    """Samples (n, ...) in memory, with a class number for each."""

    samples: Tensor
    labels: Tensor
    format: Format

    def examples(self) -> Examples:
        def read(indices: Sequence[int]) -> tuple[Tensor, Tensor]:
            chosen = torch.as_tensor(indices)
            return self.samples[chosen], self.labels[chosen]

        return Examples(read, len(self.labels))


def asked(gan: GAN, judge: Judge | None, n: int, seed: int) -> Lesson:
    """Generated samples 0 to n - 1 of a seed, with the class that was asked for, or what the judge says of them."""
    lot = together(fakes(gan, n, seed=seed))
    if not bool(torch.isfinite(lot.pictures).all()):
        raise InputError("generated samples hold NaN or infinite values", "check the generator's weights")
    if lot.labels is not None:
        return Lesson(lot.pictures, lot.labels.long(), gan.format)
    if judge is None:
        raise UsageError("samples of a GAN without classes were to be labelled", "give a judge")
    return Lesson(lot.pictures, judge.predict(lot.pictures, gan.format).argmax(1), gan.format)


def learned(lesson: Lesson, test: Lesson, classes: int, plan: Plan) -> Judge:
    return train_classifier(lesson.examples(), lesson.format, classes=classes, held_out=test.examples(), plan=plan)


def answers(lesson: Lesson, asked_of: Sequence[Lesson], classes: int, plan: Plan) -> list[Tensor]:
    """The same lesson and plan give the same answers."""
    alike = bool((lesson.samples == lesson.samples[:1]).all())
    if alike or len(lesson.labels.unique()) == 1:
        most = int(lesson.labels.bincount().argmax())
        return [torch.full_like(each.labels, most) for each in asked_of]
    judge = learned(lesson, asked_of[0], classes, plan)
    return [judge.predict(each.samples, each.format).argmax(1) for each in asked_of]
