"""Which side a critic holds for real, and what batch statistics do to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from shared_data import SHARED
from shared_pair import pretrained
from torch import Tensor, nn

from ganatomy.data.catalogue import load_splits
from ganatomy.data.dataset import Dataset
from ganatomy.explain.critic.order import normalising, order, oriented, with_batch_statistics
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score

DIGIT = Format.picture(1, 8)


@pytest.fixture(scope="module", name="data")
def _data() -> Dataset:
    return load_splits("digits")[0].in_format(DIGIT)


class Level(nn.Module):
    """Brighter scores higher; with batch normalisation only its slope hangs on the batch."""

    def __init__(self, sign: float, *, norm: bool = False) -> None:
        super().__init__()
        self.sign, self.norm = sign, nn.BatchNorm1d(1) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        level: Tensor = self.norm(x.mean((1, 2, 3))[:, None])
        return self.sign * level


def gan_with(critic: nn.Module | None = None, high: str = "real") -> GAN:
    networks = DCGAN(DIGIT, Normal(4), width=4, critic_width=4)
    score = Score("unbounded", high)  # type: ignore[arg-type]
    return GAN(networks.generator(0), networks.latent, DIGIT, critic or networks.critic(0), score)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_score_that_is_the_wrong_way_round_is_found_and_turned(data: Dataset, sign: float) -> None:
    darker = bool(data.read(range(200)).mean() < gan_with().sample(0, range(200)).mean())
    right = "real" if (sign < 0) == darker else "fake"
    wrong = "fake" if right == "real" else "real"
    good = order(gan_with(Level(sign), right), data, 200, seed=0)
    bad = order(gan_with(Level(sign), wrong), data, 200, seed=0)
    assert good.arrays["auc"][0] == pytest.approx(1 - bad.arrays["auc"][0])
    assert good.arrays["auc"][0] > 0.9
    same, silent = oriented(gan_with(Level(sign), right), good)
    turned, said = oriented(gan_with(Level(sign), wrong), bad)
    assert (same.score.high, silent) == (right, "")
    assert turned.score.high == right
    assert "other way round" in said
    assert "say the reverse" in bad.note


def test_batch_statistics_are_run_beside_and_leave_the_critic_alone(data: Dataset) -> None:
    critic = Level(1.0, norm=True).train()
    gan = gan_with(critic)
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    found = order(gan, data, 100, seed=0)
    assert found.units == ("as it stands", "statistics of each sort", "statistics of mixed batches")
    assert all(torch.equal(value, before[name]) for name, value in critic.state_dict().items())
    assert critic.norm.training
    assert normalising(critic)
    # Each batch is centred by itself, so nothing between the sorts is left.
    assert found.arrays["low"][1] < 0.5 < found.arrays["high"][1]
    assert found.arrays["auc"][2] == pytest.approx(found.arrays["auc"][0], abs=0.1)
    x = gan.sample(0, range(64))
    level = x.mean((1, 2, 3))
    wanted = (level - level.mean()) / (level.var(correction=0) + 1e-5).sqrt()
    assert torch.allclose(Scorer(with_batch_statistics(gan))(x), wanted, atol=1e-4)


def test_a_critic_without_batch_statistics_has_one_row(data: Dataset) -> None:
    found = order(gan_with(), data, 100, seed=0)
    assert found.units == ("as it stands",)
    assert np.isfinite(found.arrays["real_sd"]).all()


def test_the_pretrained_pair_is_sure_with_running_statistics_and_not_with_those_of_batches() -> None:
    """Its scores jump by tens from batch to batch: a few batches are the witnesses, not hundreds of pictures."""
    gan = pretrained()
    data = load_splits("mnist", data_dir=SHARED)[1]
    found = order(gan, data, 256, seed=0)
    assert found.arrays["low"][0] > 0.95
    assert found.arrays["low"][1] < 0.5 < found.arrays["high"][1]
    assert found.arrays["high"][1] - found.arrays["low"][1] > 0.3
    assert "the other way round" not in found.note


def test_pictures_of_one_group_are_no_independent_witnesses(data: Dataset) -> None:
    """A score that tells nothing but the group: of ten people, some bright by chance."""
    gan = gan_with(Level(1.0))
    brightness = data.read(range(data.size)).mean((1, 2, 3))
    people = brightness.argsort().argsort() * 10 // data.size
    alone, whole = order(gan, data, 200, seed=0), order(gan, replace(data, groups=people), 200, seed=0)
    assert alone.arrays["auc"] == whole.arrays["auc"]
    wide, narrow = (float(each.arrays["high"][0] - each.arrays["low"][0]) for each in (whole, alone))
    assert wide > 1.5 * narrow


def test_sentences_of_points_say_points() -> None:
    world = load_splits("ring8")[1]
    with Stream(0, "weights").module_rng(0):
        critic, generator = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)), nn.Linear(2, 2)
    found = order(GAN(generator, Normal(2), world.format, critic), world, 60, seed=0)
    assert "picture" not in found.note
