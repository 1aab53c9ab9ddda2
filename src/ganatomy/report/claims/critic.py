"""Evidence about a critic: on which side it holds real pictures, what carries its verdict, and what moves its score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ganatomy.explain.critic.concepts.concept_claims import TESTED
from ganatomy.explain.critic.cues.cue_claims import CONTROL_NAMES
from ganatomy.explain.critic.inside.removal import GAP
from ganatomy.report.claims.cells import Cell, Cells
from ganatomy.report.claims.limits import judged_by
from ganatomy.report.claims.units import ALIKE
from ganatomy.results.explanation import Explanation
from ganatomy.results.record import Array

ORDER = "chance that a real sample scores above a generated one"
# How the critic was run, by the names of the rows.
RUN = {
    "as it stands": "score as it stands",
    "statistics of each sort": "critic with the batch statistics of each sort",
    "statistics of mixed batches": "critic with the statistics of mixed batches",
}
EDITS, REMOVALS = "edits, levels and sorts of picture", "removals of a unit of the critic"
REMOVED = "change of the gap between real and generated when set to the mean"
WHOLE = 1e-4  # of the gap: a layer whose removal leaves less of it carries all
SCORE = "in standard deviations of the score"
CONTROLS = {"noise": "white noise", "smooth": "a smooth random field", "moved": "the same at another place"}


def of_order(record: Explanation, _name: str) -> Iterator[Cells]:
    """The score as it stands comes first, whatever the other ways of running the critic read."""
    arrays = record.arrays
    yield Cells(
        "readings of order",
        lambda at: f"{ORDER}, {RUN.get(record.units[at[0]], record.units[at[0]])}",
        tuple(np.asarray(arrays[key], dtype=float) for key in ("auc", "low", "high")),
        control=np.full(len(arrays["auc"]), 0.5),
        controlled="a score that knows nothing",
        method="area under the ROC curve",
        size=-np.arange(len(arrays["auc"]), dtype=float),
        interval="as told with the area",
    )


def of_probes(record: Explanation, _name: str) -> Iterator[Cells]:
    """The verdict is of the gain over random weights; the pixels themselves have no such gain to test.

    Of a layer without maps the pooled features are the full ones, and are not counted again.
    """
    arrays = record.arrays
    features, contrasts = arrays["features"][0], arrays["contrasts"][0]
    tested = np.ones(arrays["accuracy"].shape, dtype=bool)
    tested[0] = False
    gain, columns = arrays["gain"], features.tolist()
    if {"pooled", "full"} <= set(columns):
        pooled, full = columns.index("pooled"), columns.index("full")
        same = [_equal(arrays[key][:, pooled], arrays[key][:, full]) for key in ("accuracy", "twin_accuracy", "gain")]
        tested[np.logical_and.reduce(same), pooled] = False

    def limit(at: Cell) -> str:
        return f"gain over random weights {_span(arrays['gain'], arrays['gain_low'], arrays['gain_high'], at)}"

    yield Cells(
        "gains of a layer over random weights",
        lambda at: f"{record.units[at[0]]} tells {contrasts[at[2]]} ({features[at[1]]} features)",
        tuple(arrays[f"accuracy{end}"] for end in ("", "_low", "_high")),
        verdict=arrays["gain_verdict"],
        control=arrays["twin_accuracy"],
        controlled="the same critic with random weights",
        limit=limit,
        method="accuracy of a linear probe on pictures it was not fitted to",
        size=np.where((features == "full")[None, :, None], np.abs(gain), -1.0),  # pooled ones are part of them
        tested=tested,
        interval="Wilson",
    )


def of_areas(record: Explanation, _name: str) -> Iterator[Cells]:
    arrays = record.arrays
    summaries = arrays["summaries"][0]
    yield Cells(
        "readings of a critic's unit",
        lambda at: f"unit {record.units[at[0]]} of the critic tells real from generated (by its {summaries[at[1]]})",
        tuple(arrays[f"area{end}"] for end in ("", "_low", "_high")),
        verdict=arrays["verdict"],
        control=np.full(arrays["area"].shape, 0.5),
        controlled="a unit that tells nothing",
        limit=judged_by(record, arrays["verdict"], p=arrays.get("p"), absent=arrays.get("p_absent")),
        method="area under the ROC curve; that the verdict hangs on it is another question",
        size=_apart(arrays["area"]),
        interval="one at a time",
    )


def of_removal(record: Explanation, _name: str) -> Iterator[Cells]:
    """Of the gap between the sorts, set to the mean; a claim needs all ways."""
    arrays = record.arrays
    effect, gap, claim = arrays["effect"][:, 0, GAP], arrays["gap"], arrays["claim"][:, GAP]

    def what(at: Cell) -> str:
        named = f"unit {record.units[at[0]]}"
        widens = float(effect[at] * gap[at]) > 0
        return f"{named} works against the critic's verdict" if widens else f"the critic's verdict hangs on {named}"

    p, absent = (None if key not in arrays else arrays[key][..., GAP].max(1) for key in ("p", "p_absent"))
    yield Cells(
        REMOVALS,
        what,
        tuple(arrays[key][:, 0, GAP] for key in ("effect", "low", "high")),
        verdict=claim,
        control=arrays["matched"],
        controlled=ALIKE,
        limit=judged_by(record, claim, p=p, absent=absent),
        n=arrays["n"],
        method=lambda at: f"{REMOVED}, {SCORE}; a claim needs three ways; the gap is {float(gap[at]):.3g}",
    )


def of_layers(record: Explanation, _name: str) -> Iterator[Cells]:
    """Described: nothing like a layer stands beside it, and in a chain each carries all, whatever it does."""
    arrays = record.arrays
    effect, gap = arrays["effect"][:, 0, GAP], arrays["gap"]
    whole = np.isclose(effect, -gap, rtol=WHOLE, atol=0.0)
    many = int(whole.sum())
    left = (
        f"Layers that carry all of the verdict, as in a plain chain each must, are left out ({many} of {len(whole)})."
    )
    yield Cells(
        "removals of a whole layer of the critic",
        lambda at: f"change of the critic's gap without layer {record.units[at[0]]}",
        tuple(arrays[key][:, 0, GAP] for key in ("effect", "low", "high")),
        n=arrays["n"],
        method=lambda at: f"{REMOVED}, {SCORE}; the gap is {float(gap[at]):.3g}; described, nothing stands beside it",
        tested=~whole,
        more=left if many else "",
    )


def of_sensitivity(record: Explanation, _name: str) -> Iterator[Cells]:
    """Slopes along the logistic normal. Random sets give a p, and no size that was kept."""
    arrays = record.arrays
    sites, sorts = arrays["sites"][0], arrays["sorts"][0]

    def beside(at: Cell) -> str:
        return f"vectors of random sets (p {float(arrays['p_slope'][at[0], at[1], TESTED, at[2]]):.2g})"

    def method(at: Cell) -> str:
        why = str(arrays["reason"][at])
        return f"slope along the concept's vector, {SCORE} for one along the vector" + (f"; {why}" if why else "")

    yield Cells(
        "slopes of the score along a concept",
        lambda at: f"at {sites[at[1]]} the score of {sorts[at[2]]} pictures hangs on '{record.units[at[0]]}'",
        tuple(arrays[key][:, :, TESTED] for key in ("slope", "slope_low", "slope_high")),
        verdict=arrays["verdict"],
        controlled=beside,
        limit=judged_by(record, arrays["verdict"], p=arrays.get("p"), absent=arrays.get("p_absent")),
        method=method,
        interval="t, one at a time",
    )


def of_cues(record: Explanation, _name: str) -> Iterator[Cells]:
    """Beside the control that moves the score most: a claim must exceed each of them."""
    arrays = record.arrays
    sorts, control = arrays["sorts"][0], np.asarray(arrays["control"], dtype=float)
    size = np.where(np.isnan(control), -1.0, np.abs(control))
    strongest = size.argmax(-1)
    beside = np.take_along_axis(control, strongest[..., None], -1)[..., 0]

    def what(at: Cell) -> str:
        way = "raises" if arrays["effect"][at] > 0 else "lowers"
        return f"{record.units[at[0]]}: {way} the score of {sorts[at[1]]} pictures"

    yield Cells(
        EDITS,
        what,
        tuple(arrays[key] for key in ("effect", "low", "high")),
        verdict=arrays["verdict"],
        control=beside,
        controlled=lambda at: f"{_control(CONTROL_NAMES[int(strongest[at])])}, the strongest control of equal size",
        limit=f"beyond each control by {float(arrays['smallest'][0]):g}",
        method=f"paired change of the score, {SCORE} over these pictures",
    )


def of_credit(record: Explanation, _name: str) -> Iterator[Cells]:
    """Beside units that were drawn at random among all."""
    arrays = record.arrays
    baselines, credit = arrays["baselines"][0], np.asarray(arrays["credit"], dtype=float)
    random = np.asarray(arrays["random"], dtype=bool)
    usual = np.median(np.abs(credit[random]), axis=0) if random.any() else np.full(credit.shape[1], np.nan)

    def what(at: Cell) -> str:
        return f"the critic {'rewards' if credit[at] > 0 else 'punishes'} unit {record.units[at[0]]}"

    yield Cells(
        "credits of a unit",
        what,
        tuple(arrays[f"credit{end}"] for end in ("", "_low", "_high")),
        verdict=arrays["credit_verdict"],
        control=np.broadcast_to(usual, credit.shape),
        controlled="median size of units drawn at random",
        limit=judged_by(
            record, arrays["credit_verdict"], p=arrays.get("credit_p"), absent=arrays.get("credit_p_absent")
        ),
        n=arrays["n"][:, None].repeat(credit.shape[1], axis=1),
        method=lambda at: f"gradient of the score times the activation less {baselines[at[1]]}, {SCORE}",
    )


def _equal(one: Array, other: Array) -> Array:
    """Of each row whether all of it is the same."""
    same: Array = ((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=1)
    return same


def _apart(area: Array) -> Array:
    """From 1/2; a maximum that is the mean, of units without a map, is not said twice."""
    away = np.abs(np.asarray(area, dtype=float) - 0.5)
    away[:, 1:] = np.where(area[:, 1:] == area[:, :1], -1.0, away[:, 1:])
    return away


def _control(name: str) -> str:
    return CONTROLS.get(name, name)


def _span(value: Array, low: Array, high: Array, at: Sequence[int]) -> str:
    place = tuple(at)
    return f"{float(value[place]):.3g} [{float(low[place]):.3g}, {float(high[place]):.3g}]"


CRITIC: dict[str, Callable[[Explanation, str], Iterator[Cells]]] = {
    "order": of_order,
    "probes of the critic": of_probes,
    "units of the critic": of_areas,
    "removal of units": of_removal,
    "removal of layers": of_layers,
    "concepts of the critic": of_sensitivity,
    "cues": of_cues,
    "credit of the generator": of_credit,
}
