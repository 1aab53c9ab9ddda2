"""One refusal for critics that say the same of everything, which lets those through that only say little."""

from __future__ import annotations

import pytest
import torch
from shared_marked import gan_of, linear, marked
from torch import Tensor, nn

from ganatomy.errors import InputError
from ganatomy.explain.critic.constant import refuse_constant, refuse_constant_critic
from ganatomy.explain.critic.credit.credit import CreditPlan, credit
from ganatomy.explain.critic.inside.probes import ProbePlan, probes
from ganatomy.models.gan import GAN
from ganatomy.results.formats import Score


class Collapsed(nn.Module):
    """Always the same picture."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.zeros(len(z), 1, 6, 6)


def flat(weight: float, offset: float = 3.0) -> nn.Module:
    return nn.Sequential(nn.Flatten(), linear(torch.full((1, 36), weight), torch.tensor([offset])))


@pytest.mark.parametrize("level", [0.0, 1e-3, -7.5, 1e6])
def test_scores_that_differ_by_rounding_are_the_same(level: float) -> None:
    scores = torch.full((50,), level)
    scores[3] = torch.nextafter(scores[3], torch.tensor(torch.inf))
    if level:
        with pytest.raises(InputError, match="all 50 samples the same score"):
            refuse_constant(scores)
    with pytest.raises(InputError, match="same score"):
        refuse_constant(torch.full((2,), level))
    refuse_constant(torch.full((1,), level))
    scores[3] = level + 1e-4 * (abs(level) or 1.0)
    refuse_constant(scores)


def test_a_blind_critic_is_refused_whatever_the_generator_makes() -> None:
    with pytest.raises(InputError, match="take that away and declare"):
        refuse_constant_critic(gan_of(flat(0.0)))
    refuse_constant_critic(gan_of(flat(1.0), Collapsed()))
    sure = nn.Sequential(flat(1.0, 60.0), nn.Sigmoid())
    base = gan_of(flat(1.0))
    refuse_constant_critic(GAN(base.generator, base.latent, base.format, sure, Score("probability")))


@pytest.mark.parametrize(
    "ask",
    [
        lambda gan: probes(gan, marked(60), plan=ProbePlan(n=60)),
        lambda gan: credit(gan, plan=CreditPlan(n=32)),
    ],
)
def test_explainers_refuse_it(ask) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match="same score"):
        ask(gan_of(flat(0.0)))
