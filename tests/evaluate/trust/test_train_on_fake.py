"""Train on fake, test on real: a perfect generator has no gap, one without a class loses that class."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from shared_tiny import greys
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset, stored
from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.lessons import Lesson, answers
from ganatomy.evaluate.trust.over_seeds import gap_within, over_seeds, share_within
from ganatomy.evaluate.trust.train_on_fake import (
    AGREES,
    GAP,
    MAJORITY,
    ON_FAKE,
    ON_REAL,
    SHUFFLED,
    FakePlan,
    train_on_fake,
)
from ganatomy.features.fit import Plan
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

NAMES = ("left", "right", "below")
FORMAT = Format.picture(1, 4)
PLAN = FakePlan(n=90, seeds=2, fit=Plan(steps=40, batch=32, rate=5e-3, every=40))


def patterns() -> Tensor:
    x = -0.6 * torch.ones(3, 1, 4, 4)
    x[0, :, :, :2], x[1, :, :, 2:], x[2, :, 2:] = 0.5, 0.5, 0.5
    return x


def shapes(n: int, seed: int) -> Dataset:
    labels = Stream(seed, "labels").integers(range(n), 3)
    x = (patterns()[labels] + 0.2 * Stream(seed, "x").normal(range(n), 1, 4, 4)).clamp(-1, 1)
    kept = ((x + 1) * 127.5).round().to(torch.uint8)
    return stored("shapes", "train", pictures=kept, labels=labels, classes=NAMES)


class Draws(nn.Module):
    """The classes asked for, or by the first latent; the one that is dropped is drawn as the first."""

    def __init__(self, dropped: int = -1, *, flat: bool = False) -> None:
        super().__init__()
        self.patterns, self.dropped, self.flat = nn.Parameter(patterns()), dropped, flat

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        drawn = (z[:, 0].abs() * 1e4).long() % 3 if labels is None else labels
        drawn = torch.where(drawn == self.dropped, 0, drawn) * (not self.flat)
        noise = 0.2 * z[:, 1:17].reshape(-1, 1, 4, 4) * (not self.flat)
        return (self.patterns[drawn] + noise).clamp(-1, 1)


TRAIN, HELD = shapes(240, 1), shapes(150, 2)


def test_a_perfect_generator_has_no_gap() -> None:
    gan = GAN(Draws(), Normal(20, classes=3), FORMAT, classes=NAMES)
    seen: list[tuple[int, int]] = []
    told = train_on_fake(gan, TRAIN, HELD, plan=PLAN, progress=lambda *at: seen.append(at))
    within = told.measured[GAP].interval
    assert within is not None
    assert 0 in within
    assert told.measured[ON_FAKE].value > 0.95
    assert told.measured[SHUFFLED].value < 0.7
    assert told.measured[ON_FAKE].floor == told.measured[SHUFFLED].value
    assert told.measured[AGREES].value > 0.95
    labels = HELD.labels(range(150))
    assert labels is not None
    assert told.measured[MAJORITY].value in [int(count) / 150 for count in labels.bincount()]
    assert told.missing == ()
    assert seen == [(1, 2), (2, 2)]
    assert "class that was asked for" in told.note
    assert torch.equal(told.hits[ON_REAL], train_on_fake(gan, TRAIN, HELD, plan=PLAN).hits[ON_REAL])


def test_the_dropped_class_is_named() -> None:
    """Without classes of its own: a judge says what is drawn, and never the class that is not."""
    told = train_on_fake(GAN(Draws(2), Normal(20), FORMAT), TRAIN, HELD, plan=PLAN)
    assert told.missing == ("below",)
    assert told.classes["below"].fakes < 10
    assert told.classes["below"].recall.value < 0.1
    within = told.measured[GAP].interval
    assert within is not None
    assert within.low > 0.2
    assert "Lost: below" in told.note
    assert "judge trained on the other half" in told.note


def test_samples_all_alike_teach_one_answer() -> None:
    told = train_on_fake(GAN(Draws(flat=True), Normal(20, classes=3), FORMAT), TRAIN, HELD, plan=replace(PLAN, seeds=1))
    assert told.hits[ON_FAKE].mean(1).max() < 0.5
    one = Lesson(patterns(), torch.ones(3, dtype=torch.int64), FORMAT)
    assert answers(one, (one,), 3, PLAN.fit)[0].tolist() == [1, 1, 1]


def test_errors_know_of_seeds_and_of_samples() -> None:
    table = torch.tensor([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]])
    mean = over_seeds(table)
    samples, seeds = table.mean(0).var() / 4, table.mean(1).var() / 3
    assert mean.value == pytest.approx(0.5)
    assert mean.error == pytest.approx(float(samples + seeds) ** 0.5)
    assert over_seeds(table[:1]).error == pytest.approx(float(table[0].var() / 4) ** 0.5)
    paired = over_seeds(table, torch.tensor([0, 0, 1, 1]))
    assert (paired.n, paired.error > mean.error) == (2, True)
    assert share_within(over_seeds(torch.ones(2, 50))).low < 1
    assert 0 < gap_within(over_seeds(torch.zeros(2, 50))).high < 0.2


def test_the_interval_covers_over_seeds_and_samples() -> None:
    """Shares of seeds and of samples both vary; 200 trials, of which 10 may miss."""
    covered = 0
    for trial in range(200):
        seeds = 0.3 * Stream(trial, "s").normal(range(5), 1, dtype=torch.float64)
        samples = Stream(trial, "x").normal(range(60), 1, dtype=torch.float64)[:, 0]
        noise = Stream(trial, "n").normal(range(5), 60, dtype=torch.float64)
        mean = over_seeds(samples + seeds + noise)
        covered += abs(mean.value) <= 2.1 * mean.error
    assert covered >= 182


def test_faults() -> None:
    gan = GAN(Draws(), Normal(20, classes=3), FORMAT, classes=NAMES)
    with pytest.raises(UsageError, match="has no labels"):
        train_on_fake(gan, replace(TRAIN, draw_labels=None), HELD)
    with pytest.raises(UsageError, match="conditional on 3 classes"):
        train_on_fake(gan, TRAIN, replace(HELD, classes=("a", "b", "c")))
    with pytest.raises(UsageError, match="wanted was"):
        train_on_fake(gan, greys(60), HELD)
    with pytest.raises(UsageError, match="were planned"):
        FakePlan(n=1)
