"""The critic's score as a function of pictures alone that gradients flow through: what all questions to it are about.

    score = Scorer(gan)
    score(pictures)                              # (n,), larger is more real; a logit where the critic's score is one
    score(pictures, labels)                      # of a conditional GAN
    score.critic                                 # its module, whose sites can be watched and edited

A probability is turned into its logit, since a sigmoid that is sure has no slope left: what entered the sigmoid that
the score comes out of is read where it can be seen, since a probability in float32 rounds to 1 from a logit of 17 on.
The critic runs in eval mode: dropout is off, batch normalisation and spectral norms stand still. Its weights get no
gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, get_args

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ganatomy.errors import UsageError
from ganatomy.models.evaluating import evaluating, home
from ganatomy.models.gan import GAN
from ganatomy.results.formats import Score, Side


class Scorer(nn.Module):
    """`unit` names what the numbers are: "logit", or "score" for an unbounded one."""

    def __init__(self, gan: GAN) -> None:
        super().__init__()
        self.critic, self.declared = critic_of(gan), gan.score
        self.unit = "score" if gan.score.kind == "unbounded" else "logit"

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
        device, dtype = home(self.critic)
        given = () if labels is None else (labels.to(device),)
        ending = Ending() if self.declared.kind == "probability" else None
        with evaluating(self.critic), ending or nullcontext():
            # A new tensor, since a foreign critic may work in place on what it is given.
            raw = self.critic(pictures.to(device, dtype).clone(), *given)
        entered = None if ending is None else ending.before(raw)
        if entered is not None:
            return LOGIT[self.declared.high].realness(entered.reshape(len(pictures)))
        return real_side(self.declared, raw.reshape(len(pictures)))


class Ending(TorchFunctionMode):
    """Remembers what entered the last sigmoid, be it a module or a function, while it is on."""

    def __init__(self) -> None:
        super().__init__()
        self.last: tuple[Tensor, Tensor] | None = None

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        out = func(*args, **given)
        if func in SIGMOIDS:
            self.last = (args[0] if args else given["input"], out)
        return out

    def before(self, raw: Tensor) -> Tensor | None:
        """The logits of these probabilities; None where they are not just what came out of the last sigmoid."""
        if self.last is None:
            return None
        entered, left = self.last
        own = raw.numel() == left.numel() and raw.data_ptr() == left.data_ptr()
        # Either may have been changed in place since.
        own = own and torch.equal(torch.sigmoid(entered.detach()).reshape(raw.shape), raw.detach())
        return entered if own else None


SIGMOIDS = (torch.sigmoid, Tensor.sigmoid, torch.special.expit)
LOGIT = {side: Score("logit", side) for side in get_args(Side)}


def real_side(score: Score, raw: Tensor) -> Tensor:
    """Larger is more real; probabilities as logits, as far as they can be told from probabilities alone."""
    return score.realness(raw) if score.kind == "unbounded" else score.logit(raw)


def saturated(gan: GAN, scores: Tensor) -> int:
    """How many of these scores are as large or small as the type of a probability lets them be: cut, not measured."""
    if gan.score.kind != "probability":
        return 0
    ends = torch.tensor(gan.score.ends(home(critic_of(gan))[1]), dtype=scores.dtype)
    return int(torch.isin(scores.detach().cpu(), ends).sum())


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
