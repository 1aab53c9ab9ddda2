"""r3: what its blocks are at the beginning, and the arithmetic of its gains and resampling."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganatomy.models.initialise import GAIN
from ganatomy.models.latent import Normal
from ganatomy.models.r3 import R3, Block
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

CONFIG = R3(Format.picture(3, 32), Normal(16), width=32, blocks=2, cardinality=4)


def blocks(network: nn.Module) -> list[Block]:
    return [module for module in network.modules() if isinstance(module, Block)]


def test_every_block_begins_as_the_identity() -> None:
    x = Stream(0, "x").normal(range(2), 32, 5, 5)
    found = blocks(CONFIG.generator(0)) + blocks(CONFIG.critic(0))
    assert len(found) == 2 * 4 * 2  # players, stages of sizes 4 to 32, blocks a stage
    assert all(torch.equal(block(x), x) for block in found)


def test_the_gain_falls_with_the_depth() -> None:
    """Three convolutions a block: L^(-1/4) of the leaky ReLU's gain over the root of the fan-in."""
    block = blocks(CONFIG.generator(0))[0]
    for conv, fan_in in ((block.conv1, 32), (block.conv2, 16 * 9)):
        assert float(conv.weight.detach().std()) == pytest.approx(GAIN * 8**-0.25 / fan_in**0.5, rel=0.05)
    assert block.conv2.groups == 4


def test_there_is_no_normalisation() -> None:
    for network in (CONFIG.generator(0), CONFIG.critic(0)):
        assert not [m for m in network.modules() if "Norm" in type(m).__name__ or "Dropout" in type(m).__name__]
        assert not list(network.buffers())


def test_the_basis_is_a_picture_a_channel_scaled_by_the_latent() -> None:
    generator = CONFIG.generator(0)
    basis, z = generator.get_submodule("basis"), CONFIG.latent.sample(0, range(3))
    want = torch.einsum("nd,cd,cyx->ncyx", z, basis.linear.weight, basis.pictures)  # type: ignore[union-attr, arg-type]
    assert torch.allclose(basis(z), want, atol=1e-5)


def test_halving_is_bilinear_resampling() -> None:
    x = Stream(0, "x").normal(range(2), 3, 8, 8)
    want = nn.functional.interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False)
    assert torch.allclose(CONFIG.critic(0).get_submodule("stage1.down")(x), want, atol=1e-6)
