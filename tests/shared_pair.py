"""The convolutional WGAN-GP pair for MNIST of akanametov, in its authors' layout; skips where it is absent."""

from __future__ import annotations

from safetensors.torch import load_file
from shared_data import need
from torch import Tensor, nn

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


def pretrained() -> GAN:
    with Stream(0, "their constructors").module_rng(0):
        generator, critic = their_generator(), their_critic()
    generator.load_state_dict(load_file(need(PAIR) / "generator.safetensors"))
    critic.load_state_dict(load_file(need(PAIR) / "critic.safetensors"))
    return GAN(generator, Normal(64), DIGITS, critic, Score("unbounded", high="real"), data="mnist")
