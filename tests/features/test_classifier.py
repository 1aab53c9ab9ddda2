"""The small classifier on the embedded digits: good, measured on what it never saw, and a feature space."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_digits

from ganatomy.errors import DivergedError, UsageError
from ganatomy.features.classifier import Judge, train_classifier
from ganatomy.features.fit import Examples, Plan
from ganatomy.numerics.distances import frechet
from ganatomy.results.formats import Format

FORMAT = Format.picture(1, 8, low=0.0, high=1.0)


def digits(*thirds: int) -> tuple[torch.Tensor, torch.Tensor]:
    bunch = load_digits()
    kept = torch.isin(torch.arange(1797) % 3, torch.tensor(thirds))
    return torch.tensor(bunch.images[kept], dtype=torch.float32).unsqueeze(1) / 16, torch.tensor(bunch.target[kept])


def as_examples(pictures: torch.Tensor, labels: torch.Tensor) -> Examples:
    return Examples(lambda indices: (pictures[list(indices)], labels[list(indices)]), len(pictures))


@pytest.fixture(scope="module")
def judge() -> Judge:
    train, held_out = as_examples(*digits(0, 1)), as_examples(*digits(2))
    return train_classifier(train, FORMAT, classes=10, held_out=held_out, plan=Plan(steps=300, rate=2e-3, every=100))


def test_it_reads_digits_it_never_saw(judge: Judge) -> None:
    assert judge.accuracy > 0.95
    assert judge.accuracy in judge.interval
    assert judge.interval.method == "Wilson"
    assert judge.n == 599
    pictures, labels = digits(2)
    probabilities = judge.predict(pictures, FORMAT)
    assert torch.allclose(probabilities.sum(1), torch.ones(599), atol=1e-5)
    assert float((probabilities.argmax(1) == labels).float().mean()) == pytest.approx(judge.accuracy)
    tanh = Format.picture(1, 8)
    assert torch.allclose(judge.predict(FORMAT.rescale(pictures, tanh), tanh), probabilities, atol=1e-4)


def test_its_space_separates_classes_more_than_halves_of_the_data(judge: Judge) -> None:
    pictures, labels = digits(2)
    features = judge.space()(pictures, FORMAT)
    halves = frechet(features[::2], features[1::2])
    classes = frechet(features[labels < 5], features[labels >= 5])
    assert classes > 10 * halves
    assert float(features.var(0).mean()) == pytest.approx(1, rel=0.3)  # one scale for every training


def test_labels_beyond_the_classes_and_features_that_do_not_vary_are_refused() -> None:
    with pytest.raises(UsageError, match=r"labels from 0 to 9 were given to a classifier of 5 classes"):
        train_classifier(as_examples(*digits(0)), FORMAT, classes=5, held_out=as_examples(*digits(1)))
    pictures, labels = digits(0)
    blank = as_examples(torch.zeros_like(pictures), labels)
    with pytest.raises(DivergedError, match="same for all examples"):
        train_classifier(blank, FORMAT, classes=10, held_out=blank, plan=Plan(steps=2))


def test_one_class_is_refused() -> None:
    with pytest.raises(UsageError, match="at least two classes"):
        train_classifier(as_examples(*digits(0)), FORMAT, classes=1, held_out=as_examples(*digits(1)))
