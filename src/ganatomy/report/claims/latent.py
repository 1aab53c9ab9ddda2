"""Evidence about the latent space: what coordinates and directions move, beside random ones, and whether it jumps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from ganatomy.explain.latent.in_range import verdicts
from ganatomy.numerics.statistics.interval import wilson
from ganatomy.report.claims.cells import Cell, Cells
from ganatomy.report.claims.limits import judged_by
from ganatomy.results.explanation import Explanation

COORDINATE = re.compile(r"z\[?(\d+)\]?")
DIRECTIONS, COORDINATES = "effects of a direction on a concept", "effects of a coordinate"
AHEAD = 1e6  # of standard deviations: more than any effect
IN_RANGE = {"in range": 1, "not in range": -1, "undetermined": 0}


def of_steering(record: Explanation, _name: str) -> Iterator[Cells]:
    """Beside the root mean square of what random directions of the same length do to the same concept.

    Those that change more than random ones do come first.
    """
    arrays = record.arrays
    concepts, others = arrays["concepts"][0], np.asarray(arrays["control_effects"], dtype=float)
    beats = np.asarray(arrays["beats_random"], dtype=bool)

    way = record.method.removeprefix("steering, ")

    def method(at: Cell) -> str:
        beside = f"p {float(arrays['p_control'][at]):.2g} beside random directions, not corrected"
        return f"{way}: half the difference of a step forwards and backwards, in sd of the concept; {beside}"

    yield Cells(
        DIRECTIONS if record.method != "coordinates" else COORDINATES,
        lambda at: f"{_named(record, at[0])} moves '{concepts[at[1]]}'",
        tuple(arrays[key] for key in ("effect", "low", "high")),
        verdict=arrays["verdict"],
        control=np.sqrt(np.square(others).mean(1)),
        controlled=f"{others.shape[1]} random directions (root mean square)",
        limit=judged_by(record, arrays["verdict"], p=arrays.get("p_present"), absent=arrays.get("p_absent")),
        method=method,
        size=np.abs(arrays["effect"]) + AHEAD * beats[:, None],
        tested=np.isfinite(arrays["effect"]),
        beside=(int(beats.sum()), len(beats)),
        more=f"{_called(record)}: {int(beats.sum())} of {len(beats)} change more than random directions do.",
    )


def _called(record: Explanation) -> str:
    name = record.method.removeprefix("steering, ")
    return name[:1].upper() + name[1:]


def _named(record: Explanation, row: int) -> str:
    unit = record.units[row]
    found = COORDINATE.fullmatch(unit)
    if found:
        return f"latent coordinate {found[1]}"
    made_for = unit in set(record.arrays["concepts"][0].tolist())
    return f"the direction for '{unit}'" if made_for else f"direction {unit}"


def of_continuity(record: Explanation, _name: str) -> Iterator[Cells]:
    jumping = np.asarray(record.arrays["jumps"]) > 0
    seen = wilson(int(jumping.sum()), len(jumping))
    open_ = int((np.asarray(record.arrays["undetermined"]) > 0).sum())
    yield Cells(
        "reading of continuity",
        lambda _at: "share of paths through the latent space that jump",
        (np.array([jumping.mean()]), np.array([seen.low]), np.array([seen.high])),
        n=len(jumping),
        method="steps that stay as large however finely the path is cut",
        better="low",
        interval=seen.method,
        more=f"On {open_} of {len(jumping)} paths something could not be told." if open_ else "",
    )


def of_idle(record: Explanation, _name: str) -> Iterator[Cells]:
    """Coordinates come first, then as many directions."""
    idle, width = np.asarray(record.arrays["idle"], dtype=float), record.arrays["vectors"].shape[1]
    rows = np.array([idle[:width].mean(), idle[width:].mean() if len(idle) > width else np.nan])
    yield Cells(
        "readings of what does nothing",
        lambda at: f"share of the latent's {('coordinates', 'directions')[at[0]]} that do nothing",
        (rows,),
        method="no more than the rounding of the pictures",
        space=record.target,
    )


def of_geodesics(record: Explanation, _name: str) -> Iterator[Cells]:
    arrays = record.arrays
    yield Cells(
        "shortest paths",
        lambda at: f"length that the shortest path from sample {record.units[at[0]]} saves on the straight one",
        (np.asarray(arrays["saved"], dtype=float),),
        control=np.asarray(arrays["floor"], dtype=float),
        controlled="what the optimiser itself may add or take",
        method="discrete geodesic between two latents",
        space=record.target,
    )


def of_inversion(record: Explanation, _name: str) -> Iterator[Cells]:
    """Present means that the picture can be made, each judged by itself. The easiest to make come first.

    The control is what the search leaves of pictures that can surely be made; results without it are described.
    """
    error = np.asarray(record.arrays["error"], dtype=float)
    own, elsewhere, usual = (record.arrays.get(key) for key in ("p_own", "p_elsewhere", "own_error"))
    if own is None or elsewhere is None or usual is None:
        yield Cells(
            "held-out pictures",
            lambda at: f"error of held-out {record.units[at[0]]} made as well as can be",
            (error,),
            method="error of the best latent that was found",
            space=record.target,
            better="low",
            size=-error,
        )
        return

    def limit(at: Cell) -> str:
        return f"p {float(own[at]):.2g} to be one of its own samples, {float(elsewhere[at]):.2g} to be none"

    yield Cells(
        "held-out pictures (present: the generator can make it)",
        lambda at: f"held-out {record.units[at[0]]} can be made",
        (error,),
        verdict=np.array([IN_RANGE[word] for word in verdicts(record)]),
        control=np.asarray(usual, dtype=float),
        controlled="95 % of the generator's own samples come out below",
        limit=limit,
        method="error of the best latent that was found",
        space=record.target,
        better="low",
        size=-error,
        together=False,
    )


LATENT: dict[str, Callable[[Explanation, str], Iterator[Cells]]] = {
    "coordinates": of_steering,
    "steering, *": of_steering,
    "continuity": of_continuity,
    "idle": of_idle,
    "geodesics": of_geodesics,
    "inversion": of_inversion,
}
