"""The rule that picks places: every architecture, a real generator, and what foreign networks do."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from shared_data import need
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.explain.generator.sites import generator_sites, named_sites, sites_within
from ganatomy.explain.passes import draws
from ganatomy.models.architectures import ARCHITECTURES, configure
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.networks import chain
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.tracing.trace import watch

DIGIT = Format.picture(1, 8)
OPTIONS = {"mlp": {"hidden": (5, 6)}, "r3": {"width": 8, "cardinality": 4}}
EXPECTED = {
    "mlp": {"hidden1.act": (5,), "hidden2.act": (6,)},
    "dcgan": {"start.act": (8, 2, 2), "up1.act": (4, 4, 4)},
    "sn-resnet": {"up1.act1": (4, 4, 4), "up1.act2": (4, 8, 8), "output.act": (4, 8, 8)},
    "r3": {f"stage{s}.block1.act{a}": (16, 4 * s, 4 * s) for s in (1, 2) for a in (1, 2)},
    "style": {
        **{f"mapping.layer{number}.act": (64,) for number in (1, 2, 3, 4)},
        "synthesis.level1.act1": (8, 4, 4),
        "synthesis.level2.act1": (4, 8, 8),
        "synthesis.level2.act2": (4, 8, 8),
    },
}


def wrapped(generator: nn.Module, format: Format = DIGIT, latent: int = 4) -> GAN:
    return GAN(generator, Normal(latent), format)


def told(gan: GAN) -> dict[str, tuple[int, ...]]:
    return {str(place.site): place.shape for place in generator_sites(gan, next(draws(gan, 3, seed=0)))}


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_is_seen_after_its_nonlinearities(name: str, classes: int) -> None:
    options = OPTIONS.get(name, {"width": 4})
    gan = GAN.fresh(configure(name, options, format=DIGIT, latent=Normal(4, classes)), seed=0)
    assert told(gan) == EXPECTED[name]
    sites = generator_sites(gan, next(draws(gan, 3, seed=0)))
    with watch(gan.generator, [place.site for place in sites]) as trace:
        gan.sample(0, range(3))
    assert all(tuple(trace[place.site].shape[1:]) == place.shape for place in sites)
    assert all(place.spatial == (len(place.shape) == 3) and place.rectified for place in sites)


def test_a_real_pretrained_generator() -> None:
    def block(channels: int, out: int, kernel: int, stride: int) -> nn.Module:
        conv = nn.ConvTranspose2d(channels, out, kernel, stride)
        return chain({"block": nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU())})

    class Theirs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            blocks = [block(64, 256, 3, 2), block(256, 128, 4, 1), block(128, 64, 3, 2)]
            self.model = nn.Sequential(*blocks, nn.ConvTranspose2d(64, 1, 4, 2), nn.Tanh())

        def forward(self, z: Tensor) -> Tensor:
            out: Tensor = self.model(z[:, :, None, None])
            return out

    with Stream(0, "constructors").module_rng(0):
        generator = Theirs()
    generator.load_state_dict(load_file(need("gan_mnist_wgangp_akanametov") / "generator.safetensors"))
    assert told(wrapped(generator, Format.picture(1, 28), 64)) == {
        "model.0.block.2": (256, 3, 3),
        "model.1.block.2": (128, 6, 6),
        "model.2.block.2": (64, 13, 13),
    }


class Foreign(nn.Module):
    """Functions for non-linearities, a constant factor behind one, in-place work, one layer called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.scaled = Scaled()
        self.inplace = nn.Sequential(nn.Linear(16, 16), nn.ReLU(inplace=True))
        self.twice = nn.Sequential(nn.Linear(16, 16), nn.ReLU6())
        self.shape = nn.Unflatten(1, (1, 4, 4))
        self.last = nn.Upsample(scale_factor=2)

    def forward(self, z: Tensor) -> Tensor:
        x: Tensor = self.twice(self.twice(self.inplace(self.scaled(z))))
        return torch.tanh(self.last(self.shape(x)))


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 16)

    def forward(self, z: Tensor) -> Tensor:
        return torch.relu(self.linear(z)) * 2**0.5


def foreign() -> GAN:
    with Stream(1, "foreign").module_rng(0):
        return wrapped(Foreign())


def test_functions_factors_inplace_work_and_repeated_calls() -> None:
    # The last ReLU6 is handed on by Unflatten, which has height and width.
    assert told(foreign()) == {"scaled": (16,), "inplace.1": (16,), "twice.1#0": (16,), "shape": (1, 4, 4)}


def test_bounds_are_those_of_the_nonlinearity_unless_a_factor_moved_them() -> None:
    gan = foreign()
    by_name = {str(place.site): place for place in generator_sites(gan, next(draws(gan, 3, seed=0)))}
    assert by_name["twice.1#0"].bounds == (0.0, 6.0)
    assert by_name["scaled"].after == "Relu"
    assert by_name["scaled"].bounds is None
    (named,) = named_sites(gan, next(draws(gan, 3, seed=0)), ["twice.1#1"])
    assert (named.shape, named.after) == ((16,), "Hardtanh")


def test_a_factor_behind_a_bounded_function_leaves_its_name_but_not_its_bounds() -> None:
    class Doubled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate, self.last = Gate(), nn.Linear(4, 2)

        def forward(self, z: Tensor) -> Tensor:
            out: Tensor = self.last(self.gate(z))
            return out

    class Gate(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return 2 * torch.sigmoid(z)

    with Stream(0, "doubled").module_rng(0):
        gan = wrapped(Doubled(), Format.point(2))
    (place,) = generator_sites(gan, next(draws(gan, 3, seed=0)))
    assert (str(place.site), place.after, place.bounds, place.rectified) == ("gate", "Sigmoid", None, False)


class Ungraded(nn.Module):
    """Only runs without gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.act, self.shape = nn.Linear(4, 64), nn.Hardtanh(-2, 3), nn.Unflatten(1, DIGIT.shape)

    def forward(self, z: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            raise RuntimeError("no gradients here")
        return torch.tanh(self.shape(self.act(self.linear(z))) / 3)


def test_without_a_graph_the_modules_own_names_do() -> None:
    with Stream(1, "foreign").module_rng(0):
        gan = wrapped(Ungraded())
    (place,) = generator_sites(gan, next(draws(gan, 3, seed=0)))
    assert (str(place.site), place.shape, place.bounds) == ("shape", DIGIT.shape, (-2.0, 3.0))


def test_without_nonlinearities_all_places_and_without_places_the_picture() -> None:
    with Stream(0, "linear").module_rng(0):
        two = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
        one = nn.Sequential(nn.Linear(4, 2))
    assert told(wrapped(two, Format.point(2))) == {"0": (3,)}
    assert told(wrapped(one, Format.point(2))) == {"0": (2,)}


def test_nothing_stays_and_wrong_names_are_errors() -> None:
    gan = foreign()
    draw = next(draws(gan, 3, seed=0))
    gan.generator.train()
    generator_sites(gan, draw)
    assert gan.generator.training
    assert all(p.grad is None and p.requires_grad for p in gan.generator.parameters())
    assert not any(module._forward_hooks for module in gan.generator.modules())
    with pytest.raises(UsageError, match=r"'twice.1' gave no floating.*\nits places are twice.1#0, twice.1#1"):
        named_sites(gan, draw, ["twice.1"])
    with pytest.raises(UsageError, match="no site called 'twices'"):
        named_sites(gan, draw, ["twices"])


class Steps(nn.Module):
    """An LSTM, whose (n, steps, features) could be read either way; `flat` by a module or by a function."""

    def __init__(self, *, flat: bool) -> None:
        super().__init__()
        self.lstm, self.out = nn.LSTM(4, 8, batch_first=True), nn.Linear(32, 64)
        self.flat = nn.Flatten() if flat else None
        self.shape = nn.Unflatten(1, DIGIT.shape)

    def forward(self, z: Tensor) -> Tensor:
        steps = self.lstm(z[:, None].expand(-1, 4, -1))[0]
        return torch.tanh(self.shape(self.out(steps.flatten(1) if self.flat is None else self.flat(steps))))


class Tokens(nn.Module):
    """Nothing but three axes inside, and none at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 32))

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.tokens(z)).reshape(-1, *DIGIT.shape)


@pytest.mark.parametrize(
    ("flat", "sites"), [(True, {"flat": (32,), "shape": DIGIT.shape}), (False, {"shape": DIGIT.shape})]
)
def test_steps_and_tokens_are_no_units(flat: bool, sites: dict[str, tuple[int, ...]]) -> None:
    """A module that flattens them makes units; without one the next best places stand."""
    with Stream(0, "steps").module_rng(0):
        gan = wrapped(Steps(flat=flat))
    assert told(gan) == sites
    said = r"site 'lstm\[0\]' gives \(n, 4, 8\): which axis counts the units cannot be told\n"
    usable = "flat, out, shape" if flat else "out, shape"
    with pytest.raises(UsageError, match=rf"{said}name a module that gives \(n, units\) or .*: {usable}"):
        named_sites(gan, next(draws(gan, 3, seed=0)), ["out", "lstm[0]"])


def test_where_all_have_three_axes_the_picture_stands_or_it_is_said() -> None:
    with Stream(0, "tokens").module_rng(0):
        gan = wrapped(Tokens())
    assert told(gan) == {"": DIGIT.shape}  # its own output
    with Stream(0, "tokens").module_rng(0):
        lines = nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Linear(2, 8), nn.ReLU())
    with pytest.raises(UsageError, match=r"is like '0', \(n, 2, 2\): which axis.*\nlet one .* such as an nn.Flatten"):
        sites_within(lines, torch.zeros(3, 4), None)


def test_a_script_shows_nothing_and_its_wrap_shows_the_picture() -> None:
    with Stream(0, "script").module_rng(0):
        inner = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, DIGIT.shape))
    script = torch.jit.script(inner)
    gan = wrapped(script)
    draw = next(draws(gan, 3, seed=0))
    assert generator_sites(gan, draw) == ()
    with pytest.raises(UsageError, match=r"nothing can be seen inside of a Recurs.*TorchScript.*\n.*nn.Sequential\(it"):
        named_sites(gan, draw, None)
    assert told(wrapped(nn.Sequential(script))) == {"": DIGIT.shape}
