"""First weights: their address, the law of each scheme, what architectures prescribe."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import get_args

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganatomy.errors import UsageError
from ganatomy.models.initialise import GAIN, SCHEMES, SchemeName, built, fans, initialise, orthogonal
from ganatomy.numerics.random import Stream

STREAM = Stream(0, "test")


Layer = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


def weight(make: Callable[[], Layer], scheme: SchemeName) -> Tensor:
    return built(make, STREAM, scheme=scheme).weight.detach()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_weight_depends_on_seed_and_name_only(scheme: SchemeName) -> None:
    def small() -> nn.Module:
        return nn.ModuleDict({"first": nn.Linear(4, 3), "second": nn.Conv2d(3, 5, 3)})

    def turned_round() -> nn.Module:
        return nn.ModuleDict({"new": nn.Linear(9, 9), "second": nn.Conv2d(3, 5, 3), "first": nn.Linear(4, 3)})

    one, other = built(small, STREAM, scheme=scheme), built(turned_round, STREAM, scheme=scheme)
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name
    again = built(small, Stream(1, "test"), scheme=scheme).state_dict()
    assert not torch.equal(one.state_dict()["first.weight"], again["first.weight"])


@pytest.mark.parametrize(
    ("scheme", "deviation"),
    [
        ("normal-0.02", 0.02),
        ("he", GAIN / 400**0.5),
        ("lecun", 1 / 400**0.5),
        ("xavier", (2 / 1000) ** 0.5),
        ("fan-uniform", 1 / 1200**0.5),
    ],
)
def test_the_spread_of_each_scheme(scheme: SchemeName, deviation: float) -> None:
    drawn = weight(lambda: nn.Linear(400, 600), scheme)
    assert float(drawn.std()) == pytest.approx(deviation, rel=0.01)
    assert abs(float(drawn.mean())) < 4 * deviation / drawn.numel() ** 0.5


def test_fan_uniform_is_the_law_torch_uses() -> None:
    layer = built(lambda: nn.Linear(100, 5000), STREAM, scheme="fan-uniform")
    for values in (layer.weight, layer.bias):
        assert 0.099 < float(values.detach().abs().max()) <= 0.1 + 1e-7
    assert bool((built(lambda: nn.Linear(3, 3), STREAM, scheme="he").bias == 0).all())


@pytest.mark.parametrize("shape", [(5, 8), (8, 5), (6, 2, 3, 3)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    drawn = orthogonal(STREAM, shape).flatten(1)
    small = drawn @ drawn.T if drawn.shape[0] <= drawn.shape[1] else drawn.T @ drawn
    assert torch.allclose(small, torch.eye(len(small)), atol=1e-5)


def test_orthogonal_is_spread_evenly() -> None:
    """Haar: the trace of a random rotation has mean 0 and variance 1; QR without the sign correction does not."""
    traces = torch.stack([orthogonal(Stream(seed, "haar"), (4, 4)).trace() for seed in range(2000)])
    assert abs(float(traces.mean())) < 0.1
    assert float(traces.var()) == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize(
    "make",
    [
        partial(nn.Conv2d, 3, 5, 3, padding=1),
        partial(nn.Conv2d, 4, 6, 3, padding=1, groups=2),
        partial(nn.Conv2d, 3, 5, 4, stride=2, padding=1),
        partial(nn.ConvTranspose2d, 3, 5, 4, stride=2, padding=1),
        partial(nn.ConvTranspose2d, 4, 6, 4, stride=2, padding=1, groups=2),
    ],
    ids=str,
)
def test_fans_count_what_feeds_an_output(make: Callable[[], nn.Conv2d | nn.ConvTranspose2d]) -> None:
    """With all weights one and all inputs one, an inner output is the number of its inputs; backwards likewise."""
    layer = built(make, STREAM, scheme="he")
    with torch.no_grad():
        layer.weight.fill_(1)
    x = torch.ones(1, layer.in_channels, 32, 32, requires_grad=True)
    out = layer(x)
    out.sum().backward()
    assert x.grad is not None
    inner = out[..., 4:-4, 4:-4].mean(), x.grad[..., 4:-4, 4:-4].mean()
    assert fans(layer) == pytest.approx(tuple(float(value.detach()) for value in inner), rel=1e-4)


def test_he_keeps_the_size_of_signals_through_leaky_layers() -> None:
    def deep() -> nn.Module:
        return nn.Sequential(*(layer for _ in range(8) for layer in (nn.Linear(512, 512), nn.LeakyReLU(0.2))))

    network = built(deep, STREAM, scheme="he")
    out = network(Stream(1, "x").normal(range(256), 512))
    assert float(out.detach().square().mean()) == pytest.approx(1.0, rel=0.15)


def test_normalisations_and_embeddings_begin_afresh() -> None:
    network = built(
        lambda: nn.ModuleDict({"norm": nn.BatchNorm2d(3), "embedding": nn.Embedding(200, 50)}), STREAM, scheme="lecun"
    )
    norm = network["norm"]
    assert isinstance(norm, nn.BatchNorm2d)
    with torch.no_grad():
        norm.weight.fill_(7)
        norm(torch.arange(48.0).reshape(1, 3, 4, 4))
    initialise(network, STREAM, scheme="he")
    assert norm.weight.tolist() == [1, 1, 1]
    assert norm.running_mean is not None
    assert norm.running_mean.tolist() == [0, 0, 0]
    embedded = network["embedding"].weight
    assert isinstance(embedded, Tensor)
    assert float(embedded.detach().std()) == pytest.approx(1, abs=0.03)


class Prescribed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)
        self.constant = nn.Parameter(torch.empty(3))

    def begin(self, stream: Stream) -> None:
        self.inner.weight.zero_()
        self.constant.copy_(stream.normal(range(1), 3)[0])


def test_what_a_module_prescribes_comes_last() -> None:
    outer = built(lambda: nn.ModuleDict({"own": Prescribed()}), STREAM, scheme="he")
    state = outer.state_dict()
    assert state["own.inner.weight"].abs().sum() == 0
    assert torch.equal(state["own.constant"], STREAM.child("own").normal(range(1), 3)[0])


def test_unknown_parameters_and_schemes_are_refused() -> None:
    with pytest.raises(UsageError, match=r"no scheme knows the parameters of PReLU\ngive it a method begin"):
        initialise(nn.Sequential(nn.PReLU()), STREAM, scheme="he")
    with pytest.raises(UsageError, match=r"no weight scheme called 'xaver'\ndid you mean 'xavier'"):
        initialise(nn.Identity(), STREAM, scheme="xaver")  # type: ignore[arg-type]
    with torch.random.fork_rng():
        normed = spectral_norm(nn.Linear(2, 2))
    with pytest.raises(UsageError, match="initialise first, then add spectral normalisation"):
        initialise(normed, STREAM, scheme="he")


def test_the_declared_names_are_the_schemes() -> None:
    assert set(get_args(SchemeName)) == set(SCHEMES)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_gives_finite_weights_in_every_layer(scheme: SchemeName) -> None:
    layers = partial(nn.Linear, 3, 4), partial(nn.Conv2d, 3, 4, 3), partial(nn.ConvTranspose2d, 3, 4, 4, stride=2)
    for make in layers:
        drawn = weight(make, scheme)
        assert bool(torch.isfinite(drawn).all())
        assert float(drawn.std()) > 0
