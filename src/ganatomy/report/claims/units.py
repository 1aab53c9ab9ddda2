"""Evidence about units of the generator: what they cause alone and in sets, what excites them, what goes with flaws."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ganatomy.explain.generator.artifacts import LEVEL
from ganatomy.explain.generator.values import ABLATIONS
from ganatomy.report.claims.cells import Cell, Cells
from ganatomy.report.claims.limits import judged_by, largest_of
from ganatomy.results.explanation import Explanation
from ganatomy.results.record import Array

ALIKE = "median size of the effects of units of like activation"
ALONE, TOGETHER = "effects of a unit on a concept", "effects of several units together on a concept"
FLAWS = "units and readings"
SDS = "in standard deviations of the concept"
# Of a sample that is more unreal where a unit is active, and of one that is less so.
READINGS = {
    "neighbours": ("lie farther from real ones", "lie nearer to real ones"),
    "critic": ("look less real to the critic", "look more real to the critic"),
}


def of_units(record: Explanation, _name: str) -> Iterator[Cells]:
    """How many are dead; nothing is tested."""
    dead = np.asarray(record.arrays["dead"], dtype=float)
    yield Cells(
        "readings of dead units",
        lambda _at: f"units of {record.target} that are dead",
        (np.array([dead.mean()]),),
        method=f"never above zero, or never changing, over samples; {len(dead)} units",
    )


def of_effects(record: Explanation, _name: str) -> Iterator[Cells]:
    """The interval is that of setting to zero; a claim needs zero, mean and resample."""
    arrays = record.arrays
    concepts = concepts_of(record, arrays["claim"].shape[1])

    def ways(key: str) -> Array | None:
        return largest_of(arrays.get(key), len(ABLATIONS))

    yield Cells(
        ALONE,
        lambda at: f"unit {record.units[at[0]]} causes {concepts[at[1]]}",
        tuple(arrays[key][:, 0] for key in ("effect", "low", "high")),
        verdict=arrays["claim"],
        control=arrays["matched_effect"],
        controlled=ALIKE,
        limit=judged_by(record, arrays["claim"], p=ways("p"), absent=ways("p_absent")),
        method=f"paired change when the unit is set to zero, {SDS}; a claim needs zero, mean and resample",
    )


def of_sets_together(record: Explanation, _name: str) -> Iterator[Cells]:
    """Beside as many other units: sets that no others could be held against are described and not judged."""
    arrays = record.arrays
    concepts = concepts_of(record, arrays["effect"].shape[1])
    controls = np.broadcast_to(np.asarray(arrays["controls"])[:, None], arrays["effect"].shape)
    there = np.isfinite(arrays["low"])

    def beside(at: Cell) -> str:
        alike = f"{int(controls[at])} random sets of as many units, as active"
        return f"{alike} (p {float(arrays['specificity'][at]):.2g} to do as much)"

    def method(at: Cell) -> str:
        alone = float(arrays["alone"][at])
        return f"paired change when all of them are set to zero, {SDS}; one by one they add up to {alone:.3g}"

    values = tuple(arrays[key] for key in ("effect", "low", "high"))
    yield Cells(
        TOGETHER,
        lambda at: f"units {record.units[at[0]]} together cause {concepts[at[1]]}",
        values,
        verdict=arrays["verdict"],
        controlled=beside,
        limit=judged_by(record, arrays["verdict"], p=arrays.get("p")),
        method=method,
        tested=there & (controls > 0),
    )
    yield Cells(
        f"{TOGETHER}, without others to hold them against",
        lambda at: f"change of {concepts[at[1]]} when units {record.units[at[0]]} are off together",
        values,
        method=method,
        tested=there & (controls == 0),
    )


def of_exciting(record: Explanation, _name: str) -> Iterator[Cells]:
    """Random directions are rows of the same table."""
    arrays = record.arrays
    random = np.asarray(arrays["random"], dtype=bool)
    spread = np.asarray(arrays["spread"], dtype=float)
    usual = float(np.median(spread[random])) if random.any() else np.nan
    yield Cells(
        "units by how much their top pictures differ",
        lambda at: f"difference of the pictures that excite unit {record.units[at[0]]} most",
        (spread,),
        control=np.full(len(spread), usual),
        controlled="median of random directions of the same place",
        method="mean distance of the top pictures, 1 is that of any samples; the most alike first",
        size=-spread,
        tested=~random & np.isfinite(spread) & (arrays["sd"] > 0),
    )


def of_artifacts(record: Explanation, _name: str) -> Iterator[Cells]:
    """Present where its adjusted p says so, on samples that did not rank the units; absence is not tested.

    Asked is whether samples are less real where a unit is active, so that those that go the other way come last.
    """
    arrays = record.arrays
    names = [each for each in READINGS if each in arrays]

    def table(suffix: str) -> Array:
        return np.stack([arrays[f"{each}{suffix}"] for each in names], axis=1)

    p, effect = table("_p"), table("")

    def what(at: Cell) -> str:
        return f"samples in which unit {record.units[at[0]]} is active {READINGS[names[at[1]]][int(effect[at] < 0)]}"

    yield Cells(
        FLAWS,
        what,
        (effect, table("_low"), table("_high")),
        verdict=(p <= LEVEL).astype(int),
        control=np.zeros(effect.shape),
        controlled="a unit that has nothing to do with it",
        limit=lambda at: f"adjusted p {float(p[at]):.2g}, at most {LEVEL:g}",
        method="correlation of the unit's presence with how unreal a sample is; going with it is not causing it",
        size=effect,
        interval="Fisher z",
        more="Absence was not tested.",
    )


def of_gradients(record: Explanation, _name: str) -> Iterator[Cells]:
    """By the root of the sum of squares over regions, beside the median unit."""
    reach = _over_regions(np.asarray(record.arrays["per_sd"], dtype=float))
    noun = {"layers": "layers", "latent": "coordinates"}.get(record.target, "units")
    yield Cells(
        f"{noun} by how much they move samples",
        lambda at: f"{record.units[at[0]]} moves samples",
        (reach,),
        control=np.array([np.median(np.delete(reach, at)) for at in range(len(reach))]) if len(reach) > 1 else None,
        controlled=f"median of the other {noun}" if len(reach) > 1 else "",
        method="size of the gradient for one standard deviation, all regions together; of small changes only",
    )


def concepts_of(record: Explanation, count: int) -> list[str]:
    """Names as the target lists them; by number where a name holds the separator."""
    names = record.target.split("; ")
    return names if len(names) == count else [f"concept {at}" for at in range(count)]


def _over_regions(table: Array) -> Array:
    flat: Array = table.reshape(len(table), -1)
    size: Array = np.sqrt(np.square(flat).sum(1))
    return size


UNITS: dict[str, Callable[[Explanation, str], Iterator[Cells]]] = {
    "unit statistics": of_units,
    "dissection: effects": of_effects,
    "dissection: units together": of_sets_together,
    "exciting samples": of_exciting,
    "artifact units": of_artifacts,
    "region gradients": of_gradients,
}
