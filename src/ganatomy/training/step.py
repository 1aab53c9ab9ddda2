"""What a round of play was, for whoever watches: to be read, never written.

for step in play(...): step.count, step.critic["adversarial"], step.gradients["generator"]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.games.players import Players
from ganatomy.games.terms import Terms


@dataclass(frozen=True, eq=False)
class Step:
    """One round: rounds so far, images the critic has seen, and what happened; the modules are there to be read.

    critic, generator: the named terms of their last turns. scores: those of the critic's last turn, raw, "real" and
    "fake". gradients: of each player's last turn by weight, before they were bounded; norms: theirs as a whole.
    skipped: the weights whose gradients were not finite, for each player whose step was left out.
    """

    count: int
    seen: int
    critic: Mapping[str, Tensor]
    generator: Mapping[str, Tensor]
    scores: Mapping[str, Tensor]
    gradients: Mapping[str, Mapping[str, Tensor]]
    norms: Mapping[str, Tensor]
    skipped: Mapping[str, tuple[str, ...]]
    players: Players
    average: nn.Module


def values_of(terms: Terms) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in terms.parts.items()}


def joined_parts(found: list[tuple[float, Terms]]) -> Terms:
    """The terms of a turn that was made in parts: means over its samples, and all scores."""
    if len(found) == 1:
        return found[0][1]
    whole = sum(share for share, _ in found)
    parts = {
        name: torch.stack([share / whole * terms.parts[name].detach() for share, terms in found]).sum()
        for name in found[0][1].parts
    }
    return Terms(parts, {side: torch.cat([terms.scores[side] for _, terms in found]) for side in found[0][1].scores})
