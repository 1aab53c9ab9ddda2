"""Somebody else's GAN: a convolutional WGAN-GP pair for MNIST, wrapped in a few lines, against its recorded outputs."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from shared_data import need
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models import disk
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.networks import chain
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score

PAIR = "gan_mnist_wgangp_akanametov"
DIGITS = Format.picture(1, 28)


class Theirs(nn.Module):
    """The authors' layout, whose generator wants latents of shape (n, 64, 1, 1)."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, batch: Tensor) -> Tensor:
        out: Tensor = self.model(batch[:, :, None, None] if batch.ndim == 2 else batch)
        return out


def block(conv: nn.Module, channels: int, act: nn.Module) -> nn.Module:
    return chain({"block": nn.Sequential(conv, nn.BatchNorm2d(channels), act)})


def their_generator() -> Theirs:
    shapes = [(64, 256, 3, 2), (256, 128, 4, 1), (128, 64, 3, 2)]
    blocks = [block(nn.ConvTranspose2d(i, o, k, stride), o, nn.ReLU()) for i, o, k, stride in shapes]
    return Theirs([*blocks, nn.ConvTranspose2d(64, 1, 4, 2), nn.Tanh()])


def their_critic() -> Theirs:
    blocks = [block(nn.Conv2d(i, o, 4, 2), o, nn.LeakyReLU(0.2)) for i, o in ((1, 64), (64, 128))]
    return Theirs([*blocks, nn.Conv2d(128, 1, 4, 2)])


@pytest.fixture(scope="module", name="golden")
def _golden() -> dict[str, Tensor]:
    with np.load(need(PAIR) / "golden.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


@pytest.fixture(scope="module", name="gan")
def _gan() -> GAN:
    with Stream(0, "their constructors").module_rng(0):
        generator, critic = their_generator(), their_critic()
    generator.load_state_dict(load_file(need(PAIR) / "generator.safetensors"))
    critic.load_state_dict(load_file(need(PAIR) / "critic.safetensors"))
    return GAN(generator, Normal(64), DIGITS, critic, Score("unbounded", high="real"), data="mnist")


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
