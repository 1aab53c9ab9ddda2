"""Are the digits of `digits-mlp` like real ones, and does `stacked-digits` find all thousand modes?

rows = digits(progress=lambda done, total: None)

Distances are Fréchet's in the features of a classifier trained on half of the training digits: of 10,000 samples to all
real digits, and of as many samples as there are held-out digits to these, with the bias taken off, which is large for
so few. Two halves of the real digits differ, too. Copying the training digits would win, so copies are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import torch
from torch import Tensor

from ganatomy.bench.rows import Reading, Row, median
from ganatomy.bench.trained import Progress, each_seed, trained, worst
from ganatomy.data.catalogue import load_splits
from ganatomy.features.classifier import Judge
from ganatomy.numerics.distances import ModeCount, frechet, neighbours, tally_modes
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.estimate import estimate
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.statistic import Statistic
from ganatomy.training.judge import judge_of

SEEDS = range(5)
HALF = 898  # of all 1,797 digits
MANY = 10_000  # samples whose classes are counted
STACKED = 26_000  # samples for a thousand modes, as in the literature
CLOSE = 0.05  # a copy is nearer to a training digit than this share of held-out digits are
DISTANCE = Statistic("Fréchet distance", frechet, "plug-in distance", low=0.0)
Sample = Callable[[int], Tensor]


def digits(*, progress: Progress) -> list[Row]:
    found = each_seed(_measured, SEEDS, progress=progress)
    name = "digits-mlp"
    floor = _halves()
    return [
        worst(f"{name}: Fréchet distance to all digits", [f["raw"] for f in found], "", at_most=0.5),
        Row("Fréchet distance between two halves of the real digits", _exact(floor), ""),
        worst(f"{name}: to held-out digits, bias off", [f["corrected"] for f in found], "", at_most=0.5),
        worst(f"{name}: share of the rarest class", [f["rarest"] for f in found], "of samples", at_least=0.05),
        worst(
            f"{name}: nearer to training than 95 % of held-out",
            [f["copies"] for f in found],
            "of samples",
            at_most=CLOSE,
        ),
        Row(f"{name}: training", median([f["seconds"] for f in found]), "CPU seconds", at_most=20.0),
    ]


def stacked(*, progress: Progress) -> list[Row]:
    rows = []
    cases: tuple[tuple[str, tuple[str, ...], int], ...] = (
        ("stacked-digits", (), 1000),
        ("stacked-digits, critic of 1/8", ("players.options.critic_hidden=[128,64]",), 950),
    )
    for place, (name, changes, least) in enumerate(cases):
        found = each_seed(partial(_modes, changes), SEEDS, progress=partial(_part_of, progress, place, len(cases)))
        loose = [float(count.loose) for count, _ in found]
        rows.append(worst(f"{name}: modes", loose, "of 1000", at_least=least))
        rows.append(worst(f"{name}, modes by the strict count", [float(count.strict) for count, _ in found], "of 1000"))
        rows.append(Row(f"{name}, reverse KL", median([count.reverse_kl for count, _ in found]), "nats"))
        rows.append(Row(f"{name}: training", median([seconds for _, seconds in found]), "CPU seconds"))
    return rows


def _part_of(progress: Progress, place: int, parts: int, done: int, total: int) -> None:
    progress(place * total + done, parts * total)


@cache
def _judge() -> Judge:
    torch.set_num_threads(1)
    return judge_of(*load_splits("digits"), seed=0)


def _halves() -> float:
    a, b = _real_halves()
    return round(frechet(a, b), 3)


def _real_halves() -> tuple[Tensor, Tensor]:
    """Features of all digits, training and held-out, in two random halves."""
    train, held_out = load_splits("digits")
    pictures = torch.cat([train.read(range(train.size)), held_out.read(range(held_out.size))])
    order = Stream(0, "bench/digits").permutation(0, len(pictures))
    features = _judge().space()(pictures[order], train.format)
    return features[:HALF], features[HALF : 2 * HALF]


def _measured(seed: int) -> dict[str, float]:
    run = trained("digits-mlp", seed)
    train, held_out, format = run.setup.train, run.setup.held_out, run.setup.train.format
    samples, real = run.samples(MANY), held_out.read(range(held_out.size))
    space = _judge().space()
    features = space(samples, format)
    to_held_out = estimate(
        DISTANCE,
        (features[: held_out.size], space(real, format)),
        method="jackknife",
        stream=Stream(seed, "bench/blocks"),
    )
    shares = torch.bincount(_judge().predict(samples, format).argmax(1), minlength=10) / MANY
    return {
        "raw": round(frechet(features, torch.cat(_real_halves())), 3),
        "corrected": round(to_held_out.corrected, 3),
        "rarest": round(float(shares.min()), 4),
        "copies": round(_copies(samples[:HALF], real, train.read(range(train.size))), 4),
        "seconds": run.seconds,
    }


def _copies(samples: Tensor, held_out: Tensor, train: Tensor) -> float:
    """The share of samples nearer to a training digit, in pixels, than a twentieth of the held-out digits are."""
    near = [neighbours(part.flatten(1), train.flatten(1))[0][:, 0] for part in (samples, held_out)]
    return float((near[0] < near[1].quantile(CLOSE)).double().mean())


def _modes(changes: Sequence[str], seed: int) -> tuple[ModeCount, float]:
    """Each channel is read by the judge of single digits; three of them name a mode."""
    run = trained("stacked-digits", seed, changes)
    samples, format = run.samples(STACKED), load_splits("digits")[0].format
    read = [_judge().predict(samples[:, place : place + 1], format).argmax(1) for place in range(3)]
    return tally_modes(100 * read[0] + 10 * read[1] + read[2], 1000), run.seconds


def _exact(value: float) -> Reading:
    return Reading(value, Interval(value, value, 1.0, "one reading"))
