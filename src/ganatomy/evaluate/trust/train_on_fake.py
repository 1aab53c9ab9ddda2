"""Are generated samples good enough to learn from? Train on fake, test on real, beside train on real, test on real.

    told = train_on_fake(gan, train, held_out)
    told.measured["gap to real"], told.missing, told.note
    told.classes["7"].gap                            # of the recall of one class

A small classifier learns from n generated samples, one like it from n real ones (same plan, same seed: the ceiling),
one from real samples with shuffled labels (the floor), and all are tested on held-out real samples. The fakes of a
conditional GAN carry the class that was asked for; those of any other are labelled by a judge that learned from real
samples of its own, so that its mistakes are in their labels. Over several seeds, which also draw other samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.evaluate.trust.lessons import Lesson, answers, asked, learned
from ganatomy.evaluate.trust.over_seeds import gap_within, over_seeds, share_within
from ganatomy.explain.concepts.classes import halves
from ganatomy.explain.critic.lots import class_labels, groups_of, places
from ganatomy.features.classifier import Judge
from ganatomy.features.fit import Examples, Plan
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids
from ganatomy.numerics.statistics.interval import Mean
from ganatomy.numerics.statistics.shares import share
from ganatomy.results.formats import Format
from ganatomy.results.measurement import Better, Measurement

ON_FAKE, ON_REAL, SHUFFLED = "trained on generated samples", "trained on real samples", "trained on shuffled labels"
GAP, MAJORITY, AGREES = "gap to real", "always the largest class", "trained on real samples, tested on generated ones"
MOST = 20_000  # held-out samples at most
FIT = Plan(steps=200, batch=64, rate=2e-3, every=200)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FakePlan:
    """n samples at most to learn from (as many real as generated ones); `fit` of each classifier, for each seed."""

    n: int = 1000
    seeds: int = 3
    seed: int = 0
    fit: Plan = FIT

    def __post_init__(self) -> None:
        if self.n < 2 or self.seeds < 1:
            raise UsageError(
                f"classifiers of {self.n} samples over {self.seeds} seeds were planned",
                "take 2 samples or more, and one seed or more",
            )


@dataclass(frozen=True, eq=False)
class ClassTold:
    """fakes: how many generated samples carry this label, over all seeds. gap: recall after real less after fake."""

    fakes: int
    recall: Measurement
    gap: Measurement

    @property
    def lost(self) -> bool:
        """Surely recognised less often than after learning from real samples; the intervals are Bonferroni's."""
        return self.gap.interval is not None and self.gap.interval.low > 0


@dataclass(frozen=True, eq=False)
class TrainedOnFake:
    """classes: those that the held-out samples hold, by name. hits: of each classifier, (seeds, held-out samples)."""

    measured: Readings
    classes: Mapping[str, ClassTold]
    hits: Mapping[str, Tensor]
    note: str

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name, told in self.classes.items() if told.lost)


DEFAULT = FakePlan()


def train_on_fake(
    gan: GAN,
    train: Dataset,
    held_out: Dataset,
    *,
    judge: Judge | None = None,
    plan: FakePlan = DEFAULT,
    progress: Progress | None = None,
) -> TrainedOnFake:
    """`judge` labels the fakes of a GAN without classes; it must not know `held_out`. Without one it is trained here.

    It learns from one half of the training samples, and the ceiling from the other.
    """
    train, held_out = train.in_format(gan.format), held_out.in_format(gan.format)
    _check(gan, train, held_out)
    own, pool = halves(train)
    tested = places(held_out, MOST)
    test, classes = _lesson(held_out, tested), len(train.classes)
    whose = _whose(gan, judge)
    if not gan.latent.classes and judge is None:
        judge = learned(_of(own, range(own.size), gan.format), test, classes, replace(plan.fit, seed=plan.seed))
    n, rows = min(plan.n, pool.size), []
    for turn in range(plan.seeds):
        made = asked(gan, judge, n, plan.seed + turn)
        rows.append(_turn(made, pool, test, classes=classes, fit=replace(plan.fit, seed=plan.seed + turn)))
        if progress is not None:
            progress(turn + 1, plan.seeds)
    tables = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
    said = f"{n} to learn from, {plan.fit.steps} steps, {plan.seeds} seeds, {len(tested)} held out"
    known = train.labels(places(train, MOST))
    assert known is not None, "the data have labels"
    largest = int(known.bincount().argmax())
    measured = _measured(tables, test.labels == largest, groups_of(held_out, MOST), said)
    told = _by_class(tables, test.labels, train.classes, groups=groups_of(held_out, MOST), said=said)
    hits = {name: tables[name] for name in (ON_FAKE, ON_REAL, SHUFFLED)}
    return TrainedOnFake(measured, told, hits, _said(measured, told, f"{whose}{_worth(gan, judge)}"))


def _check(gan: GAN, train: Dataset, held_out: Dataset) -> None:
    if len(train.classes) < 2 or train.labels(range(1)) is None or held_out.labels(range(1)) is None:
        raise UsageError(
            f"a classifier was to be trained beside {train.name!r}, which has no labels",
            "give training and held-out data of two classes or more",
        )
    class_labels(gan, held_out, range(1))  # refuses other classes than the GAN's


def _lesson(data: Dataset, chosen: Sequence[int]) -> Lesson:
    labels = data.labels(chosen)
    assert labels is not None, "the data have labels"
    return Lesson(data.read(chosen), labels, data.format)


def _of(examples: Examples, chosen: Sequence[int], format: Format) -> Lesson:
    samples, labels = examples.read(chosen)
    return Lesson(samples, labels, format)


def _turn(made: Lesson, pool: Examples, test: Lesson, *, classes: int, fit: Plan) -> dict[str, Tensor]:
    """Hits of the three classifiers of one seed, where real and generated samples agree, and the labels of fakes."""
    stream = Stream(fit.seed, "train on fake")
    chosen = stream.child("real").permutation(0, pool.size)[: len(made.labels)].tolist()
    real = _of(pool, chosen, made.format)
    mixed = replace(real, labels=real.labels[stream.child("shuffled").permutation(0, len(real.labels))])
    found = {ON_FAKE: answers(made, (test,), classes, fit)[0] == test.labels}
    here, there = answers(real, (test, made), classes, fit)
    found |= {ON_REAL: here == test.labels, AGREES: there == made.labels}
    found[SHUFFLED] = answers(mixed, (test,), classes, fit)[0] == test.labels
    return {name: hit.double() for name, hit in found.items()} | {"labels": made.labels}


def _measured(tables: dict[str, Tensor], largest: Tensor, ids: Ids | None, said: str) -> Readings:
    floor = float(tables[SHUFFLED].mean())
    rows: dict[str, tuple[Mean, Better, float | None]] = {
        ON_FAKE: (over_seeds(tables[ON_FAKE], ids), "high", floor),
        ON_REAL: (over_seeds(tables[ON_REAL], ids), "high", floor),
        SHUFFLED: (over_seeds(tables[SHUFFLED], ids), "neither", None),
        GAP: (over_seeds(tables[ON_REAL] - tables[ON_FAKE], ids), "low", 0.0),
        AGREES: (over_seeds(tables[AGREES]), "high", None),
    }
    found = {
        name: Measurement(
            name,
            mean.value,
            n=mean.n,
            estimator=f"accuracy of a small classifier, {said}",
            better=better,
            interval=gap_within(mean) if name == GAP else share_within(mean),
            floor=least,
        )
        for name, (mean, better, least) in rows.items()
    }
    value, within = share(largest, ids)
    found[MAJORITY] = Measurement(MAJORITY, value, len(largest), "share of held-out samples", "neither", within)
    return found


def _by_class(
    tables: dict[str, Tensor], labels: Tensor, names: tuple[str, ...], *, groups: Tensor | None, said: str
) -> dict[str, ClassTold]:
    """Classes without a held-out sample are left out; intervals hold for all classes at once."""
    present = labels.unique().tolist()
    level, counts = 1 - 0.05 / len(present), tables["labels"].flatten().bincount(minlength=len(names))
    told = {}
    for place in present:
        rows = labels == place
        ids = None if groups is None else groups[rows]
        fake, real = (tables[name][:, rows] for name in (ON_FAKE, ON_REAL))
        recall, gap = over_seeds(fake, ids), over_seeds(real - fake, ids)
        floor = float(tables[SHUFFLED][:, rows].mean())
        how = f"recall, {said}; Bonferroni over {len(present)} classes"
        told[names[place]] = ClassTold(
            int(counts[place]),
            Measurement(
                f"{names[place]}: recall", recall.value, recall.n, how, "high", share_within(recall, level=level), floor
            ),
            Measurement(f"{names[place]}: gap", gap.value, gap.n, how, "low", gap_within(gap, level=level), 0.0),
        )
    return told


def _whose(gan: GAN, judge: Judge | None) -> str:
    if gan.latent.classes:
        return "Generated samples are labelled by the class that was asked for"
    if judge is None:
        return "Generated samples are labelled by a judge trained on the other half of the training samples"
    return "Generated samples are labelled by the judge that was given"


def _worth(gan: GAN, judge: Judge | None) -> str:
    return "." if judge is None or gan.latent.classes else f" (right for {judge.accuracy:.1%} of {judge.n} real ones)."


def _said(measured: Readings, classes: dict[str, ClassTold], whose: str) -> str:
    fake, real, gap, floor = (measured[name] for name in (ON_FAKE, ON_REAL, GAP, SHUFFLED))
    assert gap.interval is not None, "every gap has an interval"
    lost = [
        f"{name} (recall {told.recall.value:.0%} against {told.recall.value + told.gap.value:.0%}, {told.fakes} fakes)"
        for name, told in classes.items()
        if told.lost
    ]
    return (
        f"Right for {fake.value:.1%} of held-out real samples after generated ones, {real.value:.1%} after as many real"
        f" ones: a gap of {gap.value:.1%} [{gap.interval.low:.1%}, {gap.interval.high:.1%}]; {floor.value:.1%} after"
        f" shuffled labels, {measured[MAJORITY].value:.1%} by always naming the largest class."
        f" {'Lost: ' + ', '.join(lost) if lost else 'No class is surely lost'}. {whose}"
    )
