"""Several methods on the same pictures of one critic, graded as one family."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganatomy.data.catalogue import load_splits
from ganatomy.errors import UsageError
from ganatomy.evaluate.faithfulness.attributions import graded_attributions
from ganatomy.evaluate.faithfulness.planned import GradePlan
from ganatomy.explain.attribution.attributed import choose_pictures
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format, Score

DIGIT = Format.picture(1, 8)
QUICK = GradePlan(steps=4, orders=3, noise=4, squares=4, nudges=1, stages=1, redraws=1)


class Corner(nn.Module):
    """The brightness of the upper left quarter."""

    def __init__(self) -> None:
        super().__init__()
        self.head = torch.nn.utils.skip_init(nn.Linear, 64, 1)
        weight = torch.zeros(8, 8)
        weight[:4, :4] = 1
        self.head.weight.data, self.head.bias.data = weight.reshape(1, 64), torch.zeros(1)

    def forward(self, x: Tensor) -> Tensor:
        scored: Tensor = self.head(x.flatten(1))
        return scored[:, 0]


def test_a_corner_is_found_graded_and_what_cannot_be_made_is_told() -> None:
    made = MLP(DIGIT, Normal(4), hidden=(8,)).generator(0)
    gan = GAN(made, Normal(4), DIGIT, Corner(), Score("unbounded"))
    train, held_out = load_splits("digits")
    shown = choose_pictures(gan, samples=range(6), seed=0, data=held_out, reals=range(6))
    found = graded_attributions(gan, shown, ("input-x-gradient", "occlusion", "grad-cam"), data=train, plan=QUICK)
    assert [each.method for each in found.made] == ["attribution, input-x-gradient", "attribution, occlusion"]
    assert list(found.refused) == ["grad-cam"]
    for each in found.made:
        maps = np.abs(each.arrays["maps"])
        assert maps[:, :, 4:].max() < 1e-6 < maps[:, :, :4, :4].max()
        assert "random weights" in " ".join(each.grades)
        assert "random attributions" in each.note
    assert found.made[1].grades["completeness"].value < 1e-5


def test_without_data_and_with_labels() -> None:
    networks = DCGAN(DIGIT, Normal(4, 3), width=4, critic_width=4, dropout=0.0)
    gan = GAN(networks.generator(0), networks.latent, DIGIT, networks.critic(0))
    shown = choose_pictures(gan, samples=range(4), seed=0)
    (found,) = graded_attributions(gan, shown, ("integrated-gradients",), plan=QUICK).made
    assert "blurred" in found.note
    with pytest.raises(UsageError, match="no method"):
        graded_attributions(gan, shown, (), plan=QUICK)
