"""style: W and the style space, and the modulation against explicit weights for each sample."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.initialise import GAIN, built
from ganatomy.models.latent import Normal
from ganatomy.models.style import ModulatedConv, Style
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

CONFIG = Style(Format.picture(3, 28), Normal(10, classes=4), width=4, latent_width=12)
Z, LABELS = CONFIG.latent.sample(0, range(5)), torch.tensor([0, 1, 2, 3, 0])


def explicit(layer: ModulatedConv, x: Tensor, w: Tensor) -> Tensor:
    """The definition (Karras et al. 2020, equations 1 to 3), one sample at a time in float64."""
    out = []
    for sample, latent in zip(x.double(), w.double(), strict=True):
        style = layer.affine.weight.double() @ latent + layer.affine.bias.double()
        weight = layer.conv.weight.double() * style[None, :, None, None]
        if layer.demodulate:
            weight = GAIN * weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        padding = layer.conv.kernel_size[0] // 2
        out.append(nn.functional.conv2d(sample[None], weight, layer.bias.double(), padding=padding))
    return torch.cat(out)


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("kernel", [1, 3])
def test_modulation_equals_weights_of_its_own_for_each_sample(kernel: int, demodulate: bool) -> None:
    layer = built(
        lambda: ModulatedConv(6, before=5, after=7, kernel=kernel, demodulate=demodulate),
        Stream(0, "layer"),
        scheme="he",
    )
    with torch.no_grad():
        layer.bias.copy_(torch.arange(7.0))
        x, w = Stream(0, "x").normal(range(4), 5, 8, 8), Stream(0, "w").normal(range(4), 6)
        assert torch.allclose(layer(x, w).double(), explicit(layer, x, w), atol=1e-5)


def test_demodulation_keeps_the_size_of_activations() -> None:
    layer = built(lambda: ModulatedConv(6, before=64, after=64, kernel=3), Stream(0, "layer"), scheme="he")
    x, w = Stream(0, "x").normal(range(8), 64, 16, 16), 5 * Stream(0, "w").normal(range(8), 6)
    with torch.no_grad():
        out = nn.functional.leaky_relu(layer(x, w)[..., 1:-1, 1:-1], 0.2)
    assert float(out.square().mean()) == pytest.approx(1, rel=0.1)


def test_synthesis_of_the_mapping_is_the_generator() -> None:
    generator = CONFIG.generator(0)
    with torch.no_grad():
        w = generator.mapping(Z, LABELS)
        whole = generator(Z, LABELS)
        assert w.shape == (5, 12)
        assert torch.equal(generator.synthesis(w), whole)
        each = w[:, None].repeat(1, generator.synthesis.layers, 1)
        assert torch.equal(generator.synthesis(each), whole)


def test_each_layer_has_a_w_of_its_own_in_the_order_of_the_modules() -> None:
    generator = CONFIG.generator(0)
    modulated = [(n, m) for n, m in generator.synthesis.named_modules() if isinstance(m, ModulatedConv)]
    assert len(modulated) == generator.synthesis.layers == 2 + 3 + 3
    assert modulated[1][0] == "level1.to_picture"
    seen: dict[str, Tensor] = {}
    hooks = [
        module.affine.register_forward_pre_hook(lambda _, given, name=name: seen.update({name: given[0]}))  # type: ignore[misc]
        for name, module in modulated
    ]
    each = Stream(0, "w").normal(range(5), len(modulated), 12)
    with torch.no_grad():
        generator.synthesis(each)
    for hook in hooks:
        hook.remove()
    for place, (name, _) in enumerate(modulated):
        assert torch.equal(seen[name], each[:, place]), name


def test_styles_start_around_one() -> None:
    generator = CONFIG.generator(0)
    with torch.no_grad():
        w = generator.mapping(CONFIG.latent.sample(0, range(256)), torch.arange(256) % 4)
        styles = torch.cat([m.affine(w) for m in generator.modules() if isinstance(m, ModulatedConv)], dim=1)
    assert float(styles.mean()) == pytest.approx(1, abs=0.15)
    assert float(styles.square().mean()) == pytest.approx(2, abs=0.5)


def test_the_style_vectors_decide_the_picture() -> None:
    """Replacing every affine output by that of another sample gives the other sample's picture."""
    generator = CONFIG.generator(0)
    affines = [m.affine for m in generator.modules() if isinstance(m, ModulatedConv)]
    with torch.no_grad():
        want = generator(Z, LABELS)
        hooks = [affine.register_forward_hook(lambda _, __, style: style.flip(0)) for affine in affines]
        got = generator(Z, LABELS)
        for hook in hooks:
            hook.remove()
    assert torch.allclose(got, want.flip(0), atol=1e-5)


def test_the_mapping_sees_the_direction_of_the_latent_only() -> None:
    generator = Style(Format.picture(1, 8), Normal(10)).generator(0)
    with torch.no_grad():
        assert torch.allclose(generator.mapping(Z), generator.mapping(7 * Z), atol=1e-5)
        assert bool(torch.isfinite(generator.mapping(torch.zeros(2, 10))).all())


@pytest.mark.parametrize("shape", [(5, 11), (5, 7, 12), (5, 12, 1, 1)])
def test_style_latents_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"style latents of shape .*\nwanted is \(n, 12\) or \(n, 8, 12\)"):
        CONFIG.generator(0).synthesis(torch.zeros(*shape))
