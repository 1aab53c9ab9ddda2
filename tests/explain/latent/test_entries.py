"""Where the latent enters, found by running: house architectures, foreign layouts, and what cannot be found."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
from oracles_latent import gaussian
from torch import Tensor, nn

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.explain.latent.entries import entries, mapping, matrix
from ganatomy.explain.latent.sefa import sefa
from ganatomy.models.architectures import Architecture
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent, Normal, Sphere
from ganatomy.models.mlp import MLP
from ganatomy.models.r3 import R3
from ganatomy.models.sn_resnet import SNResNet
from ganatomy.models.style import Style
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

TINY = Format.picture(1, 8)


@pytest.mark.parametrize(
    ("gan", "site", "width"),
    [
        (GAN.fresh(MLP(TINY, Normal(5), hidden=(16,), critic_hidden=(4,)), 0), "hidden1.linear", 16),
        (GAN.fresh(MLP(TINY, Normal(5, classes=3), hidden=(16,), critic_hidden=(4,)), 0), "hidden1.linear", 16),
        (GAN.fresh(DCGAN(TINY, Normal(5), width=4, critic_width=4), 0), "start.linear", 32),
        (GAN.fresh(SNResNet(TINY, Sphere(5, classes=2), width=4, critic_width=4), 0), "start.linear", 64),
        (GAN.fresh(R3(TINY, Normal(5), width=4, cardinality=2), 0), "basis.linear", 4),
        (GAN.fresh(Style(TINY, Normal(5), width=4, critic_width=4), 0), "mapping.layer1.linear", 64),
    ],
)
def test_every_architecture_of_the_house_has_one_entry(gan: GAN, site: str, width: int) -> None:
    (entry,) = entries(gan)
    assert entry.site == site
    layer = gan.generator.get_submodule(site)
    assert isinstance(layer, nn.Linear)
    weights = layer.weight[:, :5].detach().double().T  # an embedding stands behind z
    assert matrix(entry).shape == (5, width)
    assert torch.allclose(matrix(entry), weights, atol=1e-6)
    assert not layer._forward_pre_hooks


def test_every_layer_of_a_style_network_is_entered_by_w() -> None:
    gan = GAN.fresh(Style(TINY, Normal(5), width=4, critic_width=4, latent_width=7), 0)
    found = entries(gan, "mapping")
    assert [entry.site.removeprefix("synthesis.") for entry in found] == [
        *("level1.conv1.affine", "level1.to_picture.affine"),
        *("level2.conv1.affine", "level2.conv2.affine", "level2.to_picture.affine"),
    ]
    assert {len(matrix(entry)) for entry in found} == {7}


class Foreign(nn.Module):
    """z as a picture of one pixel through a layer; the rest is a fixed reading."""

    def __init__(self, layer: nn.Module, *, pixel: bool = False, norm: bool = False, part: bool = False) -> None:
        super().__init__()
        self.layer, self.pixel, self.norm, self.part = layer, pixel, norm, part

    def forward(self, z: Tensor) -> Tensor:
        if self.norm:
            z = z / z.norm(dim=1, keepdim=True)
        if self.part:
            z = z[:, :2]
        out: Tensor = self.layer(z[:, :, None, None] if self.pixel else z)
        return out.flatten(1).tanh()


class Scaled(nn.Module):
    """Somebody's linear layer with a gain at run time."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.float())

    def forward(self, x: Tensor) -> Tensor:
        return x @ (self.weight * 0.25) + 1.0


def wrapped(generator: nn.Module, outputs: int, latent: Latent | None = None) -> GAN:
    return GAN(generator.eval(), latent or Normal(3), Format.point(outputs))


def test_a_transposed_convolution_of_one_pixel_is_an_affine_map() -> None:
    with Stream(0, "layer").module_rng(0):
        layer = nn.ConvTranspose2d(3, 2, 4)
    (entry,) = entries(wrapped(Foreign(layer, pixel=True), 32))
    assert torch.allclose(matrix(entry), layer.weight.detach().flatten(1).double(), atol=1e-6)


def test_layers_of_other_makes_are_measured_as_they_act() -> None:
    weight = gaussian(3, 4)
    (entry,) = entries(wrapped(Foreign(Scaled(weight)), 4))
    assert torch.allclose(matrix(entry), weight / 4, atol=1e-6)
    with Stream(0, "layer").module_rng(0):
        normed = nn.utils.parametrizations.weight_norm(nn.Linear(3, 4))
    (entry,) = entries(wrapped(Foreign(normed), 4))
    assert torch.allclose(matrix(entry), normed.weight.detach().double().T, atol=1e-6)


def test_a_scaled_latent_and_a_part_of_one_are_recognised() -> None:
    weight = gaussian(3, 4)
    (entry,) = entries(wrapped(Foreign(Scaled(weight), norm=True), 4))
    assert torch.equal(entry.gains, torch.eye(3).double())
    assert entry.varies is not None
    assert entry.varies[1] > 1.2 * entry.varies[0], "the norms of normal latents differ"
    (entry,) = entries(wrapped(Foreign(Scaled(weight[:2]), part=True), 4))
    assert torch.equal(entry.gains, torch.eye(3).double()[:, :2])
    assert entry.varies is None
    assert torch.allclose(matrix(entry)[:2], weight[:2] / 4, atol=1e-6)
    assert float(matrix(entry)[2].abs().max()) == 0.0


def test_a_generator_that_multiplies_weights_itself_is_refused_with_a_remedy() -> None:
    class Bare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3, 4))

        def forward(self, z: Tensor) -> Tensor:
            return z.square() @ self.weight

    with pytest.raises(GanatomyError, match="no module was found that is affine in the latent"):
        entries(wrapped(nn.Sequential(Bare()), 4))
    with pytest.raises(GanatomyError, match="what '0' puts out"):
        entries(wrapped(nn.Sequential(nn.Identity(), Bare()), 4), "0")


@pytest.mark.parametrize(
    ("build", "wanted"),
    [
        (lambda: Style(TINY, Normal(5), width=4, critic_width=4, latent_width=7), "mapping"),
        (lambda: Style(TINY, Normal(5, classes=3), width=4, critic_width=4, latent_width=7), "mapping"),
        (lambda: DCGAN(TINY, Normal(4, classes=3), width=4, critic_width=4), None),
        (lambda: MLP(TINY, Normal(4), hidden=(8, 8)), None),
    ],
)
def test_w_is_found_where_there_is_one(build: Callable[[], Architecture], wanted: str | None) -> None:
    gan = GAN.fresh(build(), 0)
    assert mapping(gan) == wanted
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in gan.generator.modules())


class Conditioned(nn.Module):
    """Label and latent each enter two layers, and so does what is made of the latent where `made` says so."""

    def __init__(self, made: bool) -> None:
        super().__init__()
        self.made = made
        self.same, self.named, self.path = nn.Identity(), nn.Embedding(3, 4), nn.Sequential(nn.Linear(4, 4), nn.ELU())
        self.first, self.second = nn.Linear(4, 6), nn.Linear(4, 6)
        self.third, self.fourth = nn.Linear(4, 6), nn.Linear(4, 6)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        z, told = self.same(z), self.named(labels)
        w = self.path(z) if self.made else z
        out: Tensor = self.first(w) * self.second(w) + self.third(told) + self.fourth(told)
        return out


@pytest.mark.parametrize(("made", "wanted"), [(True, "path"), (False, None)])
def test_neither_labels_nor_the_latent_itself_are_taken_for_w(made: bool, wanted: str | None) -> None:
    with Stream(0, "weights").module_rng(0):
        generator = Conditioned(made)
    assert mapping(GAN(generator, Normal(4, classes=3), Format.point(6))) == wanted


class Before(nn.Module):
    """What is done to z before a linear layer without a bias, and one more layer behind a ReLU."""

    def __init__(self, change: Callable[[Tensor], Tensor], weight: Tensor) -> None:
        super().__init__()
        with Stream(0, "layers").module_rng(0):
            self.change, self.first, self.second = change, nn.Linear(*weight.shape, bias=False), nn.Linear(4, 4)
        self.first.weight.data = weight.T.float()

    def forward(self, z: Tensor) -> Tensor:
        out: Tensor = self.second(self.first(self.change(z)).relu())
        return out


@pytest.mark.parametrize(
    ("change", "times", "latent"),
    [
        (lambda z: torch.cat([z, z], 1), (1, 1), Normal(3)),
        (lambda z: torch.cat([z, -0.5 * z], 1), (1, -0.5), Normal(3)),
        (lambda z: 2 * z, (2,), Normal(3)),
        (lambda z: z / z.norm(dim=1, keepdim=True), (3**-0.5,), Sphere(3)),
        (lambda z: torch.cat([z.new_ones(len(z), 2), 4 * z, z.new_zeros(len(z), 1)], 1), (0, 4, 0), Normal(3)),
    ],
)
def test_all_copies_of_the_latent_count_with_their_factors(
    change: Callable[[Tensor], Tensor], times: tuple[float, ...], latent: Latent
) -> None:
    wide = change(latent.sample(0, range(2))).shape[1]
    weight = gaussian(wide, 4)
    (entry,) = entries(GAN(Before(change, weight).eval(), latent, Format.point(4)))
    assert entry.site == "first"
    assert entry.varies is None
    cuts = [2, 3, 1] if len(times) == 3 else [3] * len(times)
    wanted = sum(factor * part for factor, part in zip(times, weight.split(cuts), strict=True) if factor)
    assert torch.allclose(matrix(entry), torch.as_tensor(wanted), atol=1e-5)


@pytest.mark.parametrize("between", [nn.Softplus(), nn.Identity()])
def test_of_one_coordinate_only_the_first_layer_is_an_entry(between: nn.Module) -> None:
    """Any nowhere-zero column is in proportion to one coordinate, and behind a layer without a bias by one factor."""
    with Stream(0, "layers").module_rng(0):
        layers = nn.Sequential(nn.Linear(1, 8, bias=False), between, nn.Linear(8, 5, bias=False), nn.Linear(5, 4))
    (entry,) = entries(GAN(layers.eval(), Normal(1), Format.point(4)))
    assert entry.site == "0"
    assert not any(module._forward_hooks for module in layers.modules())


def test_behind_a_learnt_gain_the_gain_is_the_entry() -> None:
    class Gain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.tensor(1.5))

        def forward(self, z: Tensor) -> Tensor:
            return self.gain * z

    with Stream(0, "layers").module_rng(0):
        layers = nn.Sequential(Gain(), nn.Linear(3, 4))
    (entry,) = entries(wrapped(layers, 4))
    assert entry.site == "0"
    assert torch.allclose(matrix(entry), 1.5 * torch.eye(3).double())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_networks_of_half_precision_are_read_as_they_are(dtype: torch.dtype) -> None:
    with Stream(0, "layers").module_rng(0):
        layers = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 4)).to(dtype)
    (entry,) = entries(GAN(layers.eval(), Normal(4), Format.point(4)))
    assert entry.site == "0"
    weight = layers[0].weight.detach().double().T
    assert torch.allclose(matrix(entry), weight, atol=1e-4)
    assert layers[0].weight.dtype == dtype


def test_what_a_function_makes_of_one_coordinate_is_not_that_coordinate() -> None:
    with Stream(0, "layers").module_rng(0):
        generator = Before(lambda z: nn.functional.softplus(z), gaussian(1, 4))
    with pytest.raises(GanatomyError, match="no module was found that is affine in the latent"):
        entries(GAN(generator.eval(), Normal(1), Format.point(4)))


def test_a_script_has_no_entries_that_can_be_seen() -> None:
    with Stream(0, "script").module_rng(0):
        network = nn.Sequential(nn.Linear(4, 9), nn.Unflatten(1, (1, 3, 3)), nn.Tanh())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(network)
    gan = GAN(scripted, Normal(4), Format.picture(1, 3))
    assert mapping(gan) is None
    with pytest.raises(UsageError, match="affine"):
        sefa(gan, k=2)
