"""Precision, recall, density and coverage as Measurements: with an interval, and what real samples read in their place.

    found = neighbourhoods(real, fake, space=space.id, stream=Stream(0, "prdc"), spare=more_real)
    found["coverage"].value, found["coverage"].interval, found["coverage"].floor

precision: share of fakes in a real ball. recall: share of reals in a fake ball (Kynkäänniemi et al. 2019). density:
real balls a fake lies in, over k; above 1 is a warning (fakes crowd where real samples are dense, as blurred ones do).
coverage: share of real balls that hold a fake (Naeem et al. 2020). The rim belongs to the ball.

None of the four reads 1 between two samples of one law, except density on average; that is what `floor` is for. They
hang on the number of samples, and values for other numbers do not compare.
"""

from __future__ import annotations

from torch import Tensor

from ganatomy.evaluate.quality.balls import NAMES, balls
from ganatomy.evaluate.quality.left_out import BLOCKS, jackknifed, left_out, reach
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, split, units
from ganatomy.results.measurement import Better, Measurement

K = 5
SPLITS = 4  # splits of the real samples for the floor, where there are no spare ones
BETTER: dict[str, Better] = {"precision": "high", "recall": "high", "density": "neither", "coverage": "high"}
HIGH = {"precision": 1.0, "recall": 1.0, "density": float("inf"), "coverage": 1.0}


def readings(real: Tensor, fake: Tensor, *, k: int = K, strict: bool = False) -> dict[str, float]:
    """The four numbers alone. strict leaves the rim of a ball outside, as the package prdc does."""
    return dict(zip(NAMES, balls(real, fake, k=k, strict=strict).shares()[:, 0].tolist(), strict=True))


def neighbourhoods(
    real: Tensor,
    fake: Tensor,
    *,
    space: str,
    stream: Stream,
    k: int = K,
    spare: Tensor | None = None,
    groups: Ids | None = None,
) -> dict[str, Measurement]:
    """Features of real (n, d) and generated samples (m, d); `groups` of the real ones stay in one block.

    The floor is read from `spare`, real samples that stand in for the fakes, as many as there are; without enough of
    them from halves of the real samples, each at half their number: precision and recall then read somewhat low.
    """
    sides = ((real, groups, "sample-0"), (fake, None, "sample-1"))
    alone = min(units(ids, len(x)).count for x, ids, _ in sides)
    count = min(BLOCKS, alone)
    cut = [left_out(len(x), count, stream=stream.child(name), groups=ids) for x, ids, name in sides]
    values = balls(real, fake, k=k, blocks=(cut[0][0], cut[1][0])).shares().cpu()
    shares = (cut[0][1] + cut[1][1]) / 2
    if spare is not None and len(spare) >= len(fake):
        floors, said = readings(real, spare[: len(fake)], k=k), f"{len(fake)} spare real samples"
    else:
        floors = real_floor(real, stream=stream.child("floor"), k=k, groups=groups)
        said = f"halves of the {len(real)} real samples"
    return {
        name: Measurement(
            name,
            float(values[row, 0]),
            n=len(fake),
            estimator=f"balls to the {k}th neighbour, rim inside, float64, {len(real)} real; floor from {said}",
            better=BETTER[name],
            interval=jackknifed(
                values[row], shares, low=0.0, high=HIGH[name], flat=_flat(name, float(values[row, 0]), alone, k)
            ),
            floor=floors[name],
            space=space,
        )
        for row, name in enumerate(NAMES)
    }


def real_floor(real: Tensor, *, stream: Stream, k: int = K, groups: Ids | None = None) -> dict[str, float]:
    """The mean reading of one half of the real samples against the other, over a few splits that keep groups whole."""
    parts = [split(len(real), (0.5, 0.5), stream=stream.child(str(turn)), groups=groups) for turn in range(SPLITS)]
    found = [readings(real[first], real[second], k=k) for first, second in parts]
    return {name: sum(each[name] for each in found) / SPLITS for name in NAMES}


def _flat(name: str, value: float, alone: int, k: int) -> tuple[float, float]:
    """Where no block makes a difference, as after a total collapse: of so many independent units few are otherwise.

    A share may be off by that many; density, of which a sample can add more than 1, by k times that.
    """
    off = reach(alone) * (k if name == "density" else 1)
    return value - off, value + off


def expected_coverage(n: int, m: int, *, k: int = K) -> float:
    """Of n samples by m more of the same continuous law: 1 - prod_{j<k} (n - 1 - j) / (n + m - 1 - j), in any space."""
    missed = 1.0
    for j in range(k):
        missed *= (n - 1 - j) / (n + m - 1 - j)
    return 1 - missed
