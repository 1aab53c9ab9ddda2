"""The critic's score as a function of pictures alone that gradients flow through: what all questions to it are about.

    score = Scorer(gan)
    score(pictures)                              # (n,), larger is more real; a logit where the critic's score is one
    score(pictures, labels)                      # of a conditional GAN
    score.critic                                 # its module, whose sites can be watched and edited

A probability is turned into its logit, since a sigmoid that is sure has no slope left. The critic runs in eval mode:
dropout is off, batch normalisation and spectral norms stand still. Its weights get no gradients.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.evaluating import evaluating, home
from ganatomy.models.gan import GAN
from ganatomy.results.formats import Score


class Scorer(nn.Module):
    """`unit` names what the numbers are: "logit", or "score" for an unbounded one."""

    def __init__(self, gan: GAN) -> None:
        super().__init__()
        self.critic, self.declared = critic_of(gan), gan.score
        self.unit = "score" if gan.score.kind == "unbounded" else "logit"

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
        device, dtype = home(self.critic)
        given = () if labels is None else (labels.to(device),)
        with evaluating(self.critic):
            # A new tensor, since a foreign critic may work in place on what it is given.
            raw = self.critic(pictures.to(device, dtype).clone(), *given)
        return real_side(self.declared, raw.reshape(len(pictures)))


def real_side(score: Score, raw: Tensor) -> Tensor:
    """Larger is more real; probabilities as logits."""
    return score.realness(raw) if score.kind == "unbounded" else score.logit(raw)


def critic_of(gan: GAN) -> nn.Module:
    if gan.critic is None:
        raise UsageError(
            "the critic of a GAN without one was asked for", "give the GAN its critic: GAN(..., critic=module)"
        )
    return gan.critic


def coupled(gan: GAN, pictures: Tensor, labels: Tensor | None = None) -> float:
    """The largest change of a picture's score when it is scored alone, in standard deviations of the scores.

    More than rounding where the critic looks at a batch as a whole (minibatch deviation): its score then belongs to the
    batch.
    """
    scorer = Scorer(gan)
    with torch.no_grad():
        together = scorer(pictures, labels)
        alone = torch.cat(
            [scorer(pictures[i : i + 1], None if labels is None else labels[i : i + 1]) for i in range(len(pictures))]
        )
    return float((together - alone).abs().max() / together.std().clamp(min=1e-12))
