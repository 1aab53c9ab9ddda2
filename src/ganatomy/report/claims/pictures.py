"""Evidence about a critic from pictures of a special kind: strange ones, its mistakes, flips and climbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from ganatomy.explain.critic.samples.flips_told import median_of
from ganatomy.explain.critic.samples.robustness import BEYOND
from ganatomy.report.claims.cells import Cell, Cells
from ganatomy.results.explanation import Explanation
from ganatomy.results.record import Array

ODD = ("noise", "constant", "other data", "earlier generator")


def of_specials(record: Explanation, _name: str) -> Iterator[Cells]:
    """Absurd ones first, beside the share of real pictures where there are any."""
    arrays = record.arrays
    family, called = arrays["family"], np.asarray(arrays["called"], dtype=float)
    absurd = np.asarray(arrays["absurd"], dtype=bool)
    real = np.flatnonzero(family == "real")
    usual = float(called[real[0]]) if len(real) else np.nan
    yield Cells(
        "special kinds of picture",
        lambda at: f"pictures of {record.units[at[0]]} that are called real",
        tuple(np.asarray(arrays[key], dtype=float) for key in ("called", "called_low", "called_high")),
        control=np.full(len(called), usual),
        controlled="real pictures",
        n=arrays["n"],
        method="share above the score that parts real from generated",
        size=called + absurd,
        tested=np.isfinite(called) & (absurd | np.isin(family, ODD)),
        interval="Wilson, or exact where there is one picture",
    )


def of_rates(record: Explanation, _name: str) -> Iterator[Cells]:
    """Of each class beside all the other classes; the row of a whole sort is told first."""
    arrays = record.arrays
    sort, wrong, n = arrays["sort"], arrays["wrong"], arrays["n"]
    words = arrays["verdict"]
    whole = {str(sort[at]): at for at in reversed(np.flatnonzero(words == "").tolist())}
    others = np.full(len(n), np.nan)
    for at in np.flatnonzero(words != "").tolist():
        all_of = whole.get(str(sort[at]))
        if all_of is not None and n[all_of] > n[at]:
            others[at] = (wrong[all_of] - wrong[at]) / (n[all_of] - n[at])
    columns = {key: np.asarray(arrays[key], dtype=float) for key in ("rate", "low", "high")}
    yield Cells(
        "error rates",
        lambda at: record.units[at[0]],
        tuple(columns.values()),
        n=n,
        method="share of its kind",
        better="low",
        tested=words == "",
        interval="Wilson",
    )
    yield Cells(
        "classes",
        lambda at: record.units[at[0]],
        tuple(columns.values()),
        verdict=words,
        control=others,
        controlled="the other classes",
        limit=lambda at: f"p {float(arrays['p'][at]):.2g}, Holm",
        n=n,
        method="share of its class, and whether it differs from that of the other classes",
        better="low",
        tested=words != "",
        size=np.abs(columns["rate"] - others),
        interval="Wilson",
    )


def of_flips(record: Explanation, _name: str) -> Iterator[Cells]:
    """The median over the pictures of a sort; where no nearer flip was found, there may still be one."""
    arrays = record.arrays
    ways, sorts = arrays["ways"][0], list(dict.fromkeys(arrays["sort"].tolist()))
    shape = len(sorts), len(ways)
    value, low, high = (np.full(shape, np.nan) for _ in range(3))
    count = np.zeros(shape, dtype=int)
    for row, sort in enumerate(sorts):
        for column in range(len(ways)):
            mine = (arrays["sort"] == sort) & arrays["tried"][:, column]
            if mine.any():
                middle, within = median_of(torch.tensor(arrays["relative"][mine, column], dtype=torch.float64))
                value[row, column], low[row, column], high[row, column] = middle, within.low, within.high
                count[row, column] = int(mine.sum())
    yield Cells(
        "median changes that flip a verdict",
        lambda at: f"median change that flips the verdict on {sorts[at[0]]} pictures, {ways[at[1]]}",
        (value, low, high),
        n=count,
        method="nearest flip that was found, so an upper bound; as a share of the range, or in sd of a latent",
        interval="order statistics",
    )


def of_robustness(record: Explanation, _name: str) -> Iterator[Cells]:
    """At the size of the median flip, beside random changes as large."""
    arrays = record.arrays
    sorts, ways, size = arrays["sorts"][0], arrays["ways"][0], np.asarray(arrays["size"], dtype=float)
    rows = [int(np.abs(size[:, way] - size[-1, way] / BEYOND).argmin()) for way in range(len(ways))]

    def column(key: str) -> Array:
        return np.stack([arrays[key][row, :, way] for way, row in enumerate(rows)], axis=1).astype(float)

    relative = [float(arrays["relative"][row, way]) for way, row in enumerate(rows)]

    def what(at: Cell) -> str:
        return f"verdicts on {sorts[at[0]]} pictures that stand changes of {relative[at[1]]:.3g}, {ways[at[1]]}"

    yield Cells(
        "shares of verdicts that stand",
        what,
        (column("kept"), column("low"), column("high")),
        control=column("chance"),
        controlled="random changes as large",
        method="share that no flip found turns, an upper bound",
        better="high",
        interval="Wilson",
    )


def of_climbs(record: Explanation, _name: str) -> Iterator[Cells]:
    arrays = record.arrays
    yield Cells(
        "concepts",
        lambda at: f"'{record.units[at[0]]}' changes where a sample is made more real to the critic",
        tuple(np.asarray(arrays[key], dtype=float) for key in ("effect", "low", "high")),
        verdict=arrays["verdict"],
        control=np.asarray(arrays["control"], dtype=float),
        controlled="a random step as long",
        limit=f"beyond {float(arrays['smallest'][0]):g}, and that much beyond the random step",
        method="paired change along the latent way, in sd of the concept",
    )


PICTURES: dict[str, Callable[[Explanation, str], Iterator[Cells]]] = {
    "special samples": of_specials,
    "error rates": of_rates,
    "flips": of_flips,
    "robustness": of_robustness,
    "climbs: changes": of_climbs,
}
