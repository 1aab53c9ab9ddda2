"""One contract for both players of every architecture: shapes, gradients, batches, weights, sites."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.architectures import ARCHITECTURES, Architecture, configure
from ganatomy.models.evaluating import evaluating
from ganatomy.models.latent import Normal
from ganatomy.models.networks import STARTS, Critic
from ganatomy.models.r3 import Block
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

# Small enough for all sizes; the widths of the defaults are looked at in the slow tests.
SMALL: dict[str, dict[str, Any]] = {
    "mlp": {"hidden": [24, 24], "critic_hidden": [24, 24], "norm": "batch"},
    "dcgan": {"width": 8, "critic_width": 8, "critic_norm": "batch"},
    "sn-resnet": {"width": 8, "critic_width": 8},
    "r3": {"width": 8, "blocks": 2, "cardinality": 4},
    "style": {"width": 4, "critic_width": 8, "latent_width": 12, "mapping_layers": 2},
}
DIGITS = {"hidden": [128, 256], "critic_hidden": [256, 128], "norm": "batch"}
REPRESENTATIVE = {(8, 3, 4), (16, 3, 0), (28, 1, 4)}  # size, channels, classes; the others are slow
N = 12


@dataclass(frozen=True)
class Case:
    config: Architecture
    generator: nn.Module
    critic: Critic
    z: Tensor
    labels: Tensor | None

    @property
    def x(self) -> Tensor:
        """Uniform noise in the range of a tanh generator."""
        return 2 * Stream(1, "x").uniform(range(N), *self.config.format.shape) - 1


def case(name: str, size: int, channels: int, classes: int = 0, *, options: dict[str, Any] | None = None) -> Case:
    config = configure(name, options or SMALL[name], format=Format.picture(channels, size), latent=Normal(10, classes))
    critic = config.critic(0)
    assert isinstance(critic, Critic)
    labels = torch.arange(N) % classes if classes else None  # each class is there
    return Case(config, config.generator(0), critic, config.latent.sample(0, range(N)), labels)


def every_case() -> Iterator[Any]:
    for name in ARCHITECTURES:
        for size in (8, 16, 28, 32, 64):
            for channels in (1, 3):
                for classes in (0, 4):
                    marks = [] if (size, channels, classes) in REPRESENTATIVE else [pytest.mark.slow]
                    label = f"{name}-{size}-{channels}-{'conditional' if classes else 'plain'}"
                    yield pytest.param((name, size, channels, classes), marks=marks, id=label)


@pytest.fixture(params=every_case(), name="it")
def _it(request: pytest.FixtureRequest) -> Case:
    return case(*request.param)


def dropping() -> Any:
    """Dropout draws from torch's global generator, here at an address."""
    return Stream(0, "dropout").module_rng(0)


def test_shapes_range_and_features(it: Case) -> None:
    for mode in (True, False):
        it.generator.train(mode)
        it.critic.train(mode)
        with torch.no_grad(), dropping():
            samples, scores = it.generator(it.z, it.labels), it.critic(it.x, it.labels)
            features = it.critic.features(it.x, it.labels)
        assert len(samples) == N
        it.config.format.check(samples)
        assert scores.shape == (N,)
        assert features.shape == (N, it.critic.feature_width)
    if it.labels is None:
        with torch.no_grad():
            assert torch.allclose(it.critic.head(features)[:, 0], scores, atol=1e-6)


def reached(network: nn.Module, out: Tensor) -> set[str]:
    """Names of the parameters with a gradient that is more than rounding; every gradient must be finite."""
    loss = (out * Stream(2, "cotangent").normal(range(len(out)), *out.shape[1:])).sum()
    names, parameters = zip(*network.named_parameters(), strict=True)
    gradients = torch.autograd.grad(loss, parameters)
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)
    sizes = [float(gradient.abs().max()) for gradient in gradients]
    return {name for name, size in zip(names, sizes, strict=True) if size > 1e-5 * max(sizes)}


def behind_zeroed(network: nn.Module) -> set[str]:
    """r3 begins with residual branches that end in a zero convolution: nothing before these can have a gradient."""
    blocks = [name for name, module in network.named_modules() if isinstance(module, Block)]
    return {f"{block}.{conv}.{kind}" for block in blocks for conv in ("conv1", "conv2") for kind in ("weight", "bias")}


def test_gradients_reach_every_parameter(it: Case) -> None:
    for network, batch in ((it.generator, it.z), (it.critic, it.x)):
        everything = {name for name, _ in network.named_parameters()}
        with dropping():
            assert reached(network, network(batch, it.labels)) == everything - behind_zeroed(network)
        with torch.no_grad(), dropping():
            for module in network.modules():
                if isinstance(module, Block):
                    module.conv3.weight.copy_(0.1 * Stream(3, "wake").normal(range(1), *module.conv3.weight.shape)[0])
        with dropping():
            assert reached(network, network(batch, it.labels)) == everything


def test_every_class_vector_learns() -> None:
    for name in ARCHITECTURES:
        it = case(name, 8, 1, 4)
        for network, batch in ((it.generator, it.z), (it.critic, it.x)):
            with dropping():
                network(batch, it.labels).square().sum().backward()
            tables = [p.grad for n, p in network.named_parameters() if re.search(r"embedding|gain|shift|projection", n)]
            assert tables
            assert all(grad is not None and bool((grad != 0).any(1).all()) for grad in tables)


def test_the_gradient_penalty_can_be_differentiated(it: Case) -> None:
    """R1 needs the gradient of |grad_x D|^2 with respect to the weights."""
    x = it.x.requires_grad_()
    with dropping():
        scores = it.critic(x, it.labels)
    (gradient,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    gradient.square().sum().backward()
    gradients = [weight.grad for weight in it.critic.parameters() if weight.grad is not None]
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)
    assert max(float(gradient.abs().max()) for gradient in gradients) > 0


def test_a_batch_equals_its_parts_and_nothing_changes(it: Case) -> None:
    for network, batch in ((it.generator, it.z), (it.critic, it.x)):
        before, kept = {name: tensor.clone() for name, tensor in network.state_dict().items()}, batch.clone()
        with evaluating(network), torch.no_grad():
            whole = network(batch, it.labels)
            parts = [network(batch[i : i + 5], None if it.labels is None else it.labels[i : i + 5]) for i in (0, 5, 10)]
        assert torch.allclose(torch.cat(parts), whole, atol=1e-5, rtol=1e-5)
        assert torch.equal(batch, kept)
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, before[name]), f"eval mode moved {name}"


def test_the_seed_alone_decides_the_weights(it: Case) -> None:
    before = torch.get_rng_state()
    for build, network in ((it.config.generator, it.generator), (it.config.critic, it.critic)):
        with torch.random.fork_rng():
            torch.manual_seed(12345)  # a disturbance
            again = build(0).state_dict()
        other = build(1).state_dict()
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, again[name]), name
        assert any(not torch.equal(tensor, other[name]) for name, tensor in network.state_dict().items())
        assert all(module.training for module in network.modules())
    assert torch.equal(before, torch.get_rng_state())


def test_the_players_share_no_weights(it: Case) -> None:
    values = [p.detach().flatten()[:8] for net in (it.generator, it.critic) for p in net.parameters() if p.ndim > 1]
    drawn = Counter(tuple(value.tolist()) for value in values if bool(value.any()) and not bool((value == 1).all()))
    assert max(drawn.values()) == 1


def test_sites_have_words_for_names_run_once_and_are_never_in_place(it: Case) -> None:
    for network, batch in ((it.generator, it.z), (it.critic, it.x)):
        leaves = {name: m for name, m in network.named_modules() if not list(m.children()) and "parametriz" not in name}
        names, ran = {module: name for name, module in leaves.items()}, []
        seen = ran.append
        hooks = [module.register_forward_hook(lambda module, *_, seen=seen: seen(module)) for module in names]
        with torch.no_grad(), evaluating(network):
            network(batch, it.labels)
        for hook in hooks:
            hook.remove()
        containers = {name for name, m in leaves.items() if isinstance(m, nn.Sequential)}  # an empty shortcut
        assert [names[module] for module, times in Counter(ran).items() if times > 1] == []
        assert set(leaves) - {names[module] for module in ran} <= containers
        assert all(re.fullmatch(r"[a-z][a-z_]*\d?(\.[a-z][a-z_]*\d?)*", name) for name in leaves)
        assert not [name for name, m in network.named_modules() if getattr(m, "inplace", False)]
        activations = [m for m in leaves.values() if isinstance(m, nn.ReLU | nn.LeakyReLU)]
        assert len(activations) >= 2


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_labels_are_needed_exactly_with_classes(name: str) -> None:
    plain, conditional = case(name, 8, 1), case(name, 8, 1, 4)
    for network, batch in ((plain.generator, plain.z), (plain.critic, plain.x)):
        with pytest.raises(UsageError, match="labels were given to an unconditional network"):
            network(batch, torch.zeros(N, dtype=torch.int64))
    for network, batch in ((conditional.generator, conditional.z), (conditional.critic, conditional.x)):
        with pytest.raises(UsageError, match="no labels were given to a conditional network\ngive one label below 4"):
            network(batch)
    with pytest.raises(UsageError, match=r"latents of shape \(12, 9\) were given"):
        plain.generator(torch.zeros(12, 9))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_label_changes_score_and_sample(name: str) -> None:
    it = case(name, 8, 1, 4)
    assert it.labels is not None
    turned = (it.labels + 1) % 4
    with torch.no_grad():
        for module in it.generator.modules():
            if type(module).__name__ == "ConditionalNorm":  # begins as the plain normalisation, the same for all
                module.shift.weight.copy_(Stream(0, "shift").normal(range(4), module.shift.weight.shape[1]))  # type: ignore[union-attr]
        with evaluating(it.generator, it.critic):
            assert float((it.generator(it.z, it.labels) - it.generator(it.z, turned)).abs().max()) > 1e-4
            assert float((it.critic(it.x, it.labels) - it.critic(it.x, turned)).abs().max()) > 1e-4


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_output_follows_the_range(name: str) -> None:
    z = 1000 * Normal(10).sample(0, range(N))
    for format in (Format.picture(1, 8, low=0, high=1), Format((1, 8, 8))):
        generator = configure(name, SMALL[name], format=format, latent=Normal(10)).generator(0)
        with torch.no_grad(), evaluating(generator):
            samples = generator(z)
        format.check(samples)
        assert float(samples.max()) > 0.5
        assert float(samples.min()) < 0.5 if format.bounds else float(samples.min()) < -1


@pytest.mark.parametrize("critic_norm", ["none", "batch", "layer", "spectral"])
@pytest.mark.parametrize("name", ["mlp", "dcgan"])
def test_every_critic_norm(name: str, critic_norm: str) -> None:
    it = case(name, 16, 1, 4, options={**SMALL[name], "critic_norm": critic_norm, "dropout": 0.0})
    assert reached(it.critic, it.critic(it.x, it.labels)) == {name for name, _ in it.critic.named_parameters()}
    kinds = {type(module).__name__ for module in it.critic.modules()}
    expected = {"none": set(), "batch": {"BatchNorm1d", "BatchNorm2d"}, "layer": {"LayerNorm", "GroupNorm"}}
    assert len(kinds & expected.get(critic_norm, {"ParametrizedLinear"})) == (critic_norm != "none")
    assert "Dropout" not in kinds


def count(network: nn.Module) -> float:
    return sum(parameter.numel() for parameter in network.parameters()) / 1e6


@pytest.mark.parametrize(
    ("name", "options", "format", "latent", "millions"),
    [
        ("mlp", {}, Format.picture(1, 28), Normal(100), (1.49, 1.46)),
        ("mlp", DIGITS, Format.picture(1, 8), Normal(32), (0.054, 0.050)),
        ("dcgan", {}, Format.picture(1, 28), Normal(100), (0.77, 0.14)),
        ("dcgan", {}, Format.picture(3, 32), Normal(100), (1.07, 0.66)),
        ("sn-resnet", {}, Format.picture(3, 32), Normal(128), (0.37, 0.26)),
    ],
    ids=["mlp", "digits-mlp", "dcgan28", "dcgan32", "sn-resnet32"],
)
def test_parameter_counts(
    name: str, options: dict[str, Any], format: Format, latent: Any, millions: tuple[float, float]
) -> None:
    """Against networks of the same widths whose speed was measured."""
    config = configure(name, options, format=format, latent=latent)
    assert count(config.generator(0)) == pytest.approx(millions[0], rel=0.02)
    assert count(config.critic(0)) == pytest.approx(millions[1], rel=0.04)


def test_the_mlp_makes_points_and_the_wide_dcgan_starts_at_256_channels() -> None:
    points = configure("mlp", {"hidden": [16], "critic_hidden": [16]}, format=Format.point(2), latent=Normal(2))
    assert points.generator(0)(points.latent.sample(0, range(3))).shape == (3, 2)
    with dropping():
        assert points.critic(0)(torch.zeros(3, 2)).shape == (3,)
    linear = configure("mlp", {"hidden": [], "critic_hidden": []}, format=Format.point(2), latent=Normal(2))
    assert [name for name, _ in linear.generator(0).named_parameters()] == [
        "output.linear.weight",
        "output.linear.bias",
    ]
    wide = configure("dcgan", {"width": 128}, format=Format.picture(1, 28), latent=Normal(4)).generator(0)
    assert wide.get_submodule("start.norm").num_features == 256


@pytest.mark.slow
@pytest.mark.parametrize("size", [8, 28, 64])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_default_widths_start_with_sound_samples_and_scores(name: str, size: int) -> None:
    """Samples vary with the latent and are not saturated; scores are of order one or less."""
    config = configure(name, {}, format=Format.picture(1, size), latent=Normal(64))
    generator, critic = config.generator(0), config.critic(0)
    with torch.no_grad(), dropping():  # train mode: batch statistics, as in the first step
        samples = generator(config.latent.sample(0, range(32)))
        scores = critic(samples)
    assert 0.01 < float(samples.std(0).mean()) < 0.8
    assert float((samples.abs() > 0.99).float().mean()) < 0.2
    assert float(scores.abs().max()) < 20


@pytest.mark.parametrize("size", sorted(STARTS))
@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "mlp"])
def test_every_size_that_is_called_legal_comes_out_at_that_size(name: str, size: int) -> None:
    config = configure(name, SMALL[name], format=Format.picture(1, size), latent=Normal(4))
    generator, critic = config.generator(0), config.critic(0)
    with evaluating(generator, critic), torch.no_grad():
        samples = generator(config.latent.sample(0, range(2)))
        assert samples.shape == (2, 1, size, size)
        assert critic(samples).shape == (2,)
