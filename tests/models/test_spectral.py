"""Spectral norms: one after some passes in train mode, untouched in eval mode, addressed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ganatomy.models.architectures import configure
from ganatomy.models.evaluating import evaluating
from ganatomy.models.initialise import built
from ganatomy.models.latent import Normal
from ganatomy.models.spectral import spectrally_normalised
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

PICTURE = Format.picture(1, 16)
CASES = [("sn-resnet", {}), ("dcgan", {"critic_norm": "spectral"}), ("mlp", {"critic_norm": "spectral"})]


def critic_of(name: str, options: dict[str, object], seed: int = 0) -> nn.Module:
    return configure(name, options, format=PICTURE, latent=Normal(8, classes=3)).critic(seed)


def norms(network: nn.Module) -> dict[str, float]:
    """The largest singular value of each normalised weight, by the full decomposition in float64."""
    layers = {name: module for name, module in network.named_modules() if parametrize.is_parametrized(module)}
    with evaluating(network):
        weights = {name: module.weight for name, module in layers.items()}
    assert all(isinstance(weight, Tensor) for weight in weights.values())
    return {
        name: float(torch.linalg.svdvals(weight.detach().double().flatten(1))[0])  # type: ignore[operator]
        for name, weight in weights.items()
    }


@pytest.mark.parametrize(("name", "options"), CASES)
def test_every_weight_has_spectral_norm_one(name: str, options: dict[str, object]) -> None:
    critic = critic_of(name, options)
    weighted = [module for module in critic.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    at_first = norms(critic)
    assert len(at_first) == len(weighted)
    assert all(value == pytest.approx(1, abs=0.2) for value in at_first.values())
    with torch.no_grad(), torch.random.fork_rng():
        for _ in range(150):
            critic(torch.zeros(2, 1, 16, 16), torch.tensor([0, 1]))
    assert all(value == pytest.approx(1, abs=0.01) for value in norms(critic).values())


def test_train_mode_follows_the_weights_and_eval_mode_does_not() -> None:
    critic = critic_of("sn-resnet", {})
    batch, labels = torch.zeros(2, 1, 16, 16), torch.tensor([0, 1])
    vectors = {name: buffer.clone() for name, buffer in critic.named_buffers()}
    assert vectors
    with evaluating(critic):
        critic(batch, labels)
    assert all(torch.equal(buffer, vectors[name]) for name, buffer in critic.named_buffers())
    critic(batch, labels)
    assert not all(torch.equal(buffer, vectors[name]) for name, buffer in critic.named_buffers())


def test_the_first_vectors_depend_on_the_seed_alone() -> None:
    def first(seed: int) -> Tensor:
        layer = built(lambda: nn.Linear(50, 40), Stream(0, "the same weights"), scheme="he")
        return spectrally_normalised(layer, Stream(seed, "vectors")).state_dict()["parametrizations.weight.0._u"]

    assert torch.equal(first(0), first(0))
    assert not torch.equal(first(0), first(1))
