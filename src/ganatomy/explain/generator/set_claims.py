"""What the measured effects of a set come to: a verdict that zero, mean and resample share, and all off-target effects.

    found = set_claims(done, at, concept, smallest=0.1)
    found.verdict, found.p                        # of the concept asked about
    found.arrays["effect"], found.arrays["claim"] # (3, concepts) and (concepts,): on and off target

The concept asked about is one claim that needs all three ways, and the twin measurer where there is one: then the
largest p stands for it, and nothing is corrected. The effects on all other concepts are a family of their own
(Benjamini-Hochberg).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.explain.generator.conclude import IN_WORDS
from ganatomy.explain.generator.joint import CODES
from ganatomy.explain.generator.panel_at import PanelAt, SetEffects
from ganatomy.explain.generator.values import ABLATIONS
from ganatomy.numerics.statistics.effects import Effect, judged_together, mean_effect
from ganatomy.results.record import Array

COLUMNS = ("effect", "low", "high", "p", "p_absent", "verdict")
BLANK = (torch.nan, torch.nan, torch.nan, 1.0, 1.0, 0.0)


@dataclass(frozen=True, eq=False)
class Claims:
    """`own` by way; `p_present` and `p_absent` are the largest over the ways and measurers."""

    own: tuple[Effect, ...]
    verdict: str
    p_present: float
    p_absent: float
    twinned: bool
    arrays: Mapping[str, Array]
    note: str

    @property
    def p(self) -> float:
        return self.p_absent if self.verdict == "absent" else self.p_present


def set_claims(done: SetEffects, at: PanelAt, concept: int, *, smallest: float) -> Claims:
    names, twinned = at.panel.names, at.panel.twinned
    told = done.changes.shape[2]
    mine = [concept, *([len(names) + twinned.index(concept)] if concept in twinned else [])]
    each = {
        (way, place): mean_effect(done.changes[:, way, place], smallest=smallest)
        for way in range(len(ABLATIONS))
        for place in range(told)
        if float(at.spread[place]) > 0  # what never varies is not tested
    }
    others = [key for key in each if key[1] not in mine]
    if others:
        each |= dict(zip(others, judged_together([each[key] for key in others]), strict=True))
    table = torch.tensor(BLANK, dtype=torch.float64).repeat(len(ABLATIONS), told, 1)
    for (way, place), e in each.items():
        row = [e.value, e.interval.low, e.interval.high, e.p_present, e.p_absent, CODES[e.verdict]]
        table[way, place] = torch.tensor(row, dtype=torch.float64)
    claim = _claimed(table, names=len(names), twinned=twinned)
    arrays = {name: table[:, : len(names), column].numpy() for column, name in enumerate(COLUMNS)}
    arrays |= {"claim": claim.numpy(), "concept": torch.tensor(concept).numpy(), "off_manifold": done.unlike.numpy()}
    own = tuple(each.get((way, concept), _unknown(smallest)) for way in range(len(ABLATIONS)))
    return Claims(
        own,
        IN_WORDS[int(claim[concept])],
        float(table[:, mine, COLUMNS.index("p")].max()),
        float(table[:, mine, COLUMNS.index("p_absent")].max()),
        len(mine) > 1,
        arrays,
        _ways(own, done.unlike, at, concept) + " " + _off_target(table, claim, concept, at),
    )


def _claimed(table: Tensor, *, names: int, twinned: list[int]) -> Tensor:
    """(concepts,): 1 or -1 where all ways say so, present ones to one side, and the twin says the same."""
    verdict, sides = table[..., COLUMNS.index("verdict")], table[..., 0].nan_to_num().sign()
    present = (verdict > 0).all(0) & (sides == sides[:1]).all(0)
    claim = present.double() - (verdict < 0).all(0).double()
    own, twins = claim[:names].clone(), claim[names:]
    same = (own[twinned] == twins) & ((own[twinned] <= 0) | (sides[0, twinned] == sides[0, names:]))
    own[twinned] = torch.where(same, own[twinned], 0.0)
    return own.to(torch.int8)


def _unknown(smallest: float) -> Effect:
    """Of a concept that never varies: nothing can be said in its standard deviations."""
    return mean_effect(torch.zeros(1), smallest=smallest)


def _ways(own: tuple[Effect, ...], unlike: Tensor, at: PanelAt, concept: int) -> str:
    if not float(at.spread[concept]) > 0:
        return "The concept is the same in all natural samples, so that no effect on it can be measured."
    parts = [
        f"{way} {effect.value:.3g} {effect.verdict} (farther out than {share:.0%} of natural ones)"
        for way, effect, share in zip(ABLATIONS, own, unlike.tolist(), strict=True)
    ]
    agree = _one([CODES[effect.verdict] for effect in own], [effect.value for effect in own])
    return "By " + "; ".join(parts) + "." + ("" if agree else " The ablations disagree.")


def _off_target(table: Tensor, claim: Tensor, concept: int, at: PanelAt) -> str:
    names = at.panel.names
    others = [place for place in range(len(names)) if place != concept and float(at.spread[place]) > 0]
    if not others:
        return "No other concept was measured."
    present = sum(int(claim[place]) > 0 for place in others)
    absent = sum(int(claim[place]) < 0 for place in others)
    most = max(others, key=lambda place: abs(float(table[0, place, 0])))
    effect, low, high = table[0, most, :3].tolist()
    verdicts = table[..., COLUMNS.index("verdict")]
    apart = [names[at] for at in others if not _one(verdicts[:, at].tolist(), table[:, at, 0].tolist())]
    said = (
        f"Off target: {present} of {len(others)} other concepts change, {absent} are shown not to; the most by zero:"
        f" {names[most]!r} {effect:.3g} [{low:.3g}, {high:.3g}] {IN_WORDS[int(claim[most])]}."
    )
    return said + (f" The ablations disagree on {len(apart)}: {_few(apart)}." if apart else "")


def _one(verdicts: Sequence[float], values: Sequence[float]) -> bool:
    """Whether all ways say the same, and present to one side."""
    return len(set(verdicts)) == 1 and (verdicts[0] <= 0 or len({value > 0 for value in values}) == 1)


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
