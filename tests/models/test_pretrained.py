"""Somebody else's GAN: a convolutional WGAN-GP pair for MNIST, wrapped in a few lines, against its recorded outputs."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from shared_data import need
from shared_pair import PAIR, pretrained, their_critic, their_generator
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.models import disk
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score

DIGITS = Format.picture(1, 28)


@pytest.fixture(scope="module", name="golden")
def _golden() -> dict[str, Tensor]:
    with np.load(need(PAIR) / "golden.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


@pytest.fixture(scope="module", name="gan")
def _gan() -> GAN:
    return pretrained()


def pictures(n: int) -> Tensor:
    raw = gzip.decompress(need("mnist/t10k-images-idx3-ubyte.gz").read_bytes())[16 : 16 + n * 784]
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8).reshape(n, 1, 28, 28).float() / 127.5 - 1


def test_samples_and_scores_are_the_recorded_ones(gan: GAN, golden: dict[str, Tensor]) -> None:
    assert gan.generator.training, "no test of eval mode otherwise"
    z = golden["z"].reshape(64, 64)
    samples = gan.decode(z)
    assert torch.allclose(samples[:16], golden["x16"], atol=1e-5)
    assert torch.allclose(samples.double().mean((1, 2, 3)), golden["x64_mean_per_image"].flatten(), atol=1e-5)
    assert torch.allclose(gan.score_of(samples), golden["d_fake64"].flatten(), atol=1e-3)
    assert torch.allclose(gan.score_of(pictures(16)), golden["d_real16"].flatten(), atol=1e-3)


def test_real_digits_score_higher_though_the_networks_were_left_in_train_mode(gan: GAN) -> None:
    real, fake = gan.realness(pictures(200)), gan.realness(gan.sample(0, range(200)))
    assert float((real[:, None] > fake[None]).float().mean()) > 0.98


def test_the_pair_goes_to_disk_and_back(gan: GAN, tmp_path: Path) -> None:
    with Stream(0, "their constructors").module_rng(0):
        players = their_generator(), their_critic()
    back = disk.load(disk.save(gan, tmp_path), generator=players[0], critic=players[1])
    assert back.digest() == gan.digest()
    assert torch.equal(back.sample(1, range(4)), gan.sample(1, range(4)))


def test_declaring_it_wrongly_is_refused(gan: GAN) -> None:
    with pytest.raises(UsageError, match=r"lie in \[-.*wanted was picture 1 x 28 x 28, in \[0, 1\]"):
        GAN(gan.generator, Normal(64), Format.picture(1, 28, low=0, high=1))
    with pytest.raises(UsageError, match=r"does not take a normal latent of 100"):
        GAN(gan.generator, Normal(100), DIGITS)
    with pytest.raises(UsageError, match="declared probabilities"):
        GAN(gan.generator, Normal(64), DIGITS, gan.critic, Score("probability"))
