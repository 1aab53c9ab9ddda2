"""Evidence about a run and its game: who was ahead, what emerged when, what turns; and points beside theory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ganatomy.explain.game.emergence import NEVER
from ganatomy.explain.game.turning import ENDS, SPECTRAL
from ganatomy.numerics.statistics.interval import mean_interval, wilson
from ganatomy.report.claims.cells import Cell, Cells
from ganatomy.report.claims.limits import SURELY
from ganatomy.results.explanation import Explanation

# What a cause that is followed is beside, by the name of the result.
BESIDE = {"units": "a unit of like activation", "directions": "a random direction"}
GROWS, TURNS = ENDS.index("rightmost"), ENDS.index("rotating")


def of_lead(record: Explanation, _name: str) -> Iterator[Cells]:
    arrays = record.arrays
    yield Cells(
        "stretches of rounds",
        lambda at: record.units[at[0]],
        tuple(np.asarray(arrays[key], dtype=float) for key in ("share", "low", "high")),
        control=np.full(len(record.units), 0.5),
        controlled="two players who are even",
        method="share of pairs in which the real picture scores higher, as read during training",
        size=-np.arange(len(record.units), dtype=float),
        interval="t, neighbours taken as alike",
    )


def of_emergence(record: Explanation, name: str) -> Iterator[Cells]:
    """At the last checkpoint. Each cause is followed by its control."""
    arrays = record.arrays
    effect, since, rounds = arrays["effect"][:, -1], arrays["since"], arrays["rounds"]
    own = ~np.asarray(arrays["control"], dtype=bool)
    beside = np.full(len(effect), np.nan)
    beside[:-1] = effect[1:]

    def method(at: Cell) -> str:
        start, said = int(since[at]), "paired change of the concept, in its standard deviations"
        if start == NEVER:
            return f"{said}; not there at every checkpoint to the end"
        first = start == rounds[at[0], 0]
        return f"{said}; {'there at the first checkpoint, round' if first else 'since round'} {start}"

    yield Cells(
        "causes that were followed over checkpoints",
        lambda at: f"{record.units[at[0]]}, at the last checkpoint",
        tuple(arrays[key][:, -1] for key in ("effect", "low", "high")),
        verdict=arrays["claim"][:, -1],
        control=beside,
        controlled=BESIDE.get(name, "its control"),
        limit=SURELY,
        method=method,
        tested=own & np.isfinite(effect),
    )


def of_turning(record: Explanation, _name: str) -> Iterator[Cells]:
    """At the last checkpoint: the fastest growth, and the fastest turning. Neither has an interval."""
    if record.target == "readings":
        yield from _ranked(record)
        return
    if record.target != "rates":
        return
    arrays, last = record.arrays, record.units[-1]
    found = np.array([arrays["real"][-1, GROWS], arrays["imag"][-1, TURNS]], dtype=float)
    exact = np.array([arrays["told"][-1, GROWS], arrays["told"][-1, TURNS]], dtype=bool)
    names = ("fastest growth (below 0: all shrinks)", "fastest turning")
    yield Cells(
        "rates of the game",
        lambda at: f"{names[at[0]]} at {last}",
        (found,),
        method="eigenvalues of the Jacobian of the game's field, by products",
        tested=exact & np.isfinite(found),
    )


def _ranked(record: Explanation) -> Iterator[Cells]:
    arrays = record.arrays
    yield Cells(
        "rank correlations",
        lambda at: f"{record.units[at[0]]} goes with {SPECTRAL[at[1]]} over the checkpoints",
        (arrays["rank"],),
        control=arrays["control"],
        controlled="the round itself",
        n=np.nan_to_num(arrays["checkpoints"]).astype(int),
        method="Spearman over few checkpoints, which are alike",
    )


def of_optimum(record: Explanation, _name: str) -> Iterator[Cells]:
    """As far from the best critic as this one: the floor is the best one for another estimate of q."""
    arrays = record.arrays
    value = np.asarray(arrays["value"], dtype=float)

    def method(at: Cell) -> str:
        undecided = float(arrays["undecided"][at])
        return f"under the loss {record.target}; a critic that is undecided everywhere reads {undecided:.3g}"

    yield Cells(
        "readings beside the best critic",
        lambda at: f"{record.units[at[0]]}, of this critic beside the best one",
        tuple(np.asarray(arrays[key], dtype=float) for key in ("value", "low", "high")),
        control=np.asarray(arrays["floor"], dtype=float),
        controlled="the best critic for another estimate of the generator's density",
        method=method,
        better="low",
        size=-np.arange(len(value), dtype=float),
        interval="normal, over points",
    )


def of_pulls(record: Explanation, _name: str) -> Iterator[Cells]:
    if "cosine" not in record.arrays:
        return
    cosine = np.asarray(record.arrays["cosine"], dtype=float)
    seen = mean_interval(cosine)
    again = np.asarray(record.arrays["best_again"], dtype=float)
    yield Cells(
        "comparison of pulls",
        lambda _at: "mean cosine of where this critic pulls samples with where the best one does",
        (np.array([cosine.mean()]), np.array([seen.low]), np.array([seen.high])),
        control=np.zeros(1),
        controlled="pulls without any relation",
        n=len(cosine),
        method=f"loss {record.target}; two estimates of the best one agree to {float(again.mean()):.3g}",
        better="high",
        interval=seen.method,
    )


def of_trajectories(record: Explanation, _name: str) -> Iterator[Cells]:
    if "changed" not in record.arrays:
        return
    n = record.arrays["modes"].shape[1]
    changed = np.asarray(record.arrays["changed"], dtype=int)
    seen = [wilson(int(count), n) for count in changed]
    yield Cells(
        "checkpoints",
        lambda at: f"latents whose nearest mode changed from {record.units[at[0] - 1]} to {record.units[at[0]]}",
        (changed / n, np.array([each.low for each in seen]), np.array([each.high for each in seen])),
        n=n,
        method="share of the same latents",
        tested=np.arange(len(changed)) > 0,
        interval="Wilson",
    )


TRAINING: dict[str, Callable[[Explanation, str], Iterator[Cells]]] = {
    "lead": of_lead,
    "emergence": of_emergence,
    "turning": of_turning,
    "near the best critic": of_optimum,
    "pulls": of_pulls,
    "trajectories": of_trajectories,
}
