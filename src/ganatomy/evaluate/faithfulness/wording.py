"""One sentence under a map: which floors it beats, which it does not, and whether the critic's weights matter to it.

said(claims, signed, absolute)
# "Beats random attributions at insertion and deletion and at removed squares; does not beat edges at insertion and
#  deletion and at removed squares; stays similar (rho = 0.80) when the critic's weights are random."
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganatomy.numerics.statistics.effects import Effect


@dataclass(frozen=True)
class Claim:
    """That a map does better at a criterion than a floor; the effect is its advantage, larger is better."""

    criterion: str
    floor: str
    effect: Effect

    @property
    def holds(self) -> bool:
        return self.effect.verdict == "present" and self.effect.value > 0


def said(claims: Sequence[Claim], signed: Effect, absolute: Effect) -> str:
    """`signed` and `absolute`: the correlation of the maps with those of the critic whose weights are all random.

    Their verdicts are about correlations above 0: a map that is turned round has changed.
    """
    if all(claim.effect.n < 2 for claim in claims):
        return "Graded on one picture, which decides nothing."
    beaten = _listed([claim for claim in claims if claim.holds], "; and ")
    missed = _listed([claim for claim in claims if not claim.holds], "; nor ")
    parts = [f"beats {beaten}"] * bool(beaten) + [f"does not beat {missed}"] * bool(missed)
    sentence = "; ".join([*parts, _weights(signed, absolute)]) + "."
    return sentence[0].upper() + sentence[1:]


def _listed(claims: Sequence[Claim], link: str) -> str:
    """random attributions and edges at insertion and deletion; and random attributions at noise"""
    floors: dict[str, list[str]] = {}
    for claim in claims:
        floors.setdefault(claim.criterion, []).append(claim.floor)
    criteria: dict[str, list[str]] = {}
    for criterion, named in floors.items():
        criteria.setdefault(" and ".join(named), []).append(criterion)
    return link.join(f"{named} at {' and at '.join(each)}" for named, each in criteria.items())


def _weights(signed: Effect, absolute: Effect) -> str:
    when = "when the critic's weights are random"
    if signed.verdict == "present":
        return f"stays similar (rho = {signed.value:.2f}) {when}"
    if absolute.verdict == "present":
        return f"its absolute values stay similar (rho = {absolute.value:.2f}, signed {signed.value:.2f}) {when}"
    if signed.verdict == absolute.verdict == "absent":
        return f"changes (rho = {signed.value:.2f}) {when}"
    return f"it is open whether it changes (rho = {signed.value:.2f}, absolute {absolute.value:.2f}) {when}"
