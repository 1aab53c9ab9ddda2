"""Each method against what it must give: linear and additive functions, interactions, captum's own answers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator

import pytest
import torch
import torch.nn.functional as F
from captum.attr import DeepLift, DeepLiftShap, IntegratedGradients, LayerGradCam, Occlusion
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.explain.attribution.attribution import attribute, ends
from ganatomy.explain.attribution.baselines import fixed, zero
from ganatomy.explain.attribution.methods import METHODS, Plan
from ganatomy.models.networks import chain
from ganatomy.numerics.random import Stream


def some(n: int, *shape: int, name: str = "samples") -> Tensor:
    return Stream(0, name).normal(range(n), *shape, dtype=torch.float64)


@pytest.fixture(autouse=True)
def _constructors_draw() -> Iterator[None]:
    with Stream(0, "constructors").module_rng(0):
        yield


class Linear(nn.Module):
    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(some(1, *shape, name="weights")[0])

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.weight).flatten(1).sum(1) + 5


class Scores(nn.Module):
    """A module that gives one number a sample."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers).double()
        for place, weight in enumerate(self.layers.parameters()):
            weight.data.copy_(0.5 * some(1, *weight.shape, name=f"weights {place}")[0])

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x).flatten(1).sum(1)
        return out


def convolutional(*, inplace: bool = False) -> Scores:
    return Scores(
        nn.Conv2d(1, 3, 4, 2, 1),
        nn.LeakyReLU(0.2, inplace=inplace),
        nn.Conv2d(3, 4, 4, 2, 1),
        nn.ELU(inplace=inplace),
        nn.Conv2d(4, 1, 2),
    )


BASE = some(1, 1, 8, 8, name="baseline")
BASES = some(8, 1, 8, 8, name="baselines")
ONE, SET = Plan(baseline=fixed("one", BASE)), Plan(baseline=fixed("set", BASES))
PLANS = {name: {"none": Plan(), "one": ONE, "set": SET}[method.baseline] for name, method in METHODS.items()}


def test_a_linear_critic_is_explained_by_its_weights() -> None:
    critic, x = Linear(1, 8, 8), some(5, 1, 8, 8)
    w = critic.weight.detach()
    wanted = {
        "gradient": w.expand_as(x),
        "input-x-gradient": w * x,
        "integrated-gradients": w * (x - BASE),
        "deeplift": w * (x - BASE),
        "deeplift-shap": w * (x - BASES.mean(0)),
        "gradient-shap": w * (x - BASES.mean(0)),  # 32 draws take each of the 8 baselines four times
    }
    for name, values in wanted.items():
        assert torch.allclose(attribute(critic, x, name, plan=PLANS[name]), values, atol=1e-6), name
    single = Plan(baseline=ONE.baseline, window=1)
    assert torch.allclose(attribute(critic, x, "occlusion", plan=single), w * (x - BASE))


@pytest.mark.parametrize(("size", "window"), [(8, 3), (8, None), (10, 4), (14, None), (5, 9)])
def test_occlusion_shares_the_effect_of_each_window_so_that_a_linear_score_is_handed_out_whole(
    size: int, window: int | None
) -> None:
    critic, x, b = Linear(2, size, size), some(3, 2, size, size), some(1, 2, size, size, name="b")
    found = attribute(critic, x, "occlusion", plan=Plan(baseline=fixed("b", b), window=window))
    parts = critic.weight.detach() * (x - b)
    assert torch.allclose(found.sum((1, 2, 3)), parts.sum((1, 2, 3)))
    side = min(size, window or max(1, round(size / 7)))
    corner = parts[:, :, :side, :side].mean((1, 2, 3))
    assert torch.allclose(found[:, 1, side - 1, 0], corner)
    last = (size - 1) // side * side
    assert torch.allclose(found[:, 0, -1, -1], parts[:, :, last:, last:].mean((1, 2, 3)))


def test_of_a_mnist_picture_seven_by_seven_windows_are_occluded() -> None:
    x = some(1, 1, 28, 28)
    found = attribute(lambda x: x.flatten(1).square().sum(1), x, "occlusion", plan=Plan(baseline=zero()))
    assert torch.allclose(found, F.avg_pool2d(x.square(), 4).repeat_interleave(4, 2).repeat_interleave(4, 3))


def test_an_additive_function_is_taken_apart() -> None:
    def critic(x: Tensor) -> Tensor:
        return (x**3 + torch.sin(x)).flatten(1).sum(1)

    x = some(4, 6)
    b = some(1, 6, name="b")
    parts = (x**3 + torch.sin(x)) - (b**3 + torch.sin(b))
    plan = Plan(baseline=fixed("b", b))
    assert torch.allclose(attribute(critic, x, "occlusion", plan=plan), parts)
    assert torch.allclose(attribute(critic, x, "integrated-gradients", plan=plan), parts, atol=1e-5)


def test_integrated_gradients_halve_an_interaction() -> None:
    """f = x0 x1: from b to x the first gets (x0 - b0)(x1 + b1) / 2; f = x0 + x1 - 2 x0 x1 is exclusive or."""
    x = torch.tensor([[1.0, 1.0], [1.0, 0.0], [2.0, -3.0]]).double()
    b = torch.tensor([[0.0, 0.0]]).double()
    shifted = Plan(baseline=fixed("b", b - 0.5))
    found = attribute(lambda x: x[:, 0] * x[:, 1], x, "integrated-gradients", plan=shifted)
    assert torch.allclose(found, (x + 0.5) * (x.flip(1) - 0.5) / 2, atol=1e-6)
    either = attribute(
        lambda x: x.sum(1) - 2 * x.prod(1), x, "integrated-gradients", plan=Plan(baseline=fixed("b", b), steps=3)
    )
    assert torch.allclose(either, x - (x[:, 0] * x[:, 1])[:, None], atol=1e-6)


def test_gradient_shap_is_integrated_gradients_averaged_over_the_set() -> None:
    def critic(x: Tensor) -> Tensor:
        return x[:, 0] * x[:, 1]

    x, bases = some(3, 2), some(8, 2, name="bases")
    exact = torch.stack([(x - b) * (x + b).flip(1) / 2 for b in bases]).mean(0)
    seeds = [
        attribute(critic, x, "gradient-shap", plan=Plan(baseline=fixed("set", bases), seed=seed, draws=64))
        for seed in range(60)
    ]
    error = torch.stack(seeds) - exact
    assert bool((error.mean(0).abs() < 4 * error.std(0) / 60**0.5).all())
    assert bool((error.std(0) < 0.2).all())


def test_integrated_gradients_miss_less_with_more_steps() -> None:
    critic = Scores(nn.Conv2d(1, 3, 4, 2, 1), nn.Tanh(), nn.Conv2d(3, 1, 4))
    x = some(4, 1, 8, 8)
    score, without = ends(critic, x, plan=ONE)
    assert without is not None
    missed = []
    for steps in (1, 4, 16, 48):
        plan = Plan(baseline=ONE.baseline, steps=steps)
        sums = attribute(critic, x, "integrated-gradients", plan=plan).sum((1, 2, 3))
        missed.append(float((sums - (score - without)).abs().max()))
    assert missed[0] > 10 * missed[1] > 20 * missed[2]
    assert missed[-1] < 1e-6


@pytest.mark.parametrize("inplace", [False, True])
def test_captum_gives_the_same(inplace: bool) -> None:
    critic, x = convolutional(), some(5, 1, 8, 8)
    own = convolutional(inplace=inplace)
    found = {name: attribute(own, x, name, plan=plan) for name, plan in PLANS.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        base = BASE.expand_as(x)
        assert torch.allclose(found["deeplift"], DeepLift(critic).attribute(x.clone(), base))
        assert torch.allclose(found["deeplift-shap"], DeepLiftShap(critic).attribute(x.clone(), BASES))
        assert torch.allclose(found["integrated-gradients"], IntegratedGradients(critic).attribute(x, base))
        # In single precision whatever it is given.
        single = Occlusion(critic).attribute(x, (1, 1, 1), baselines=base).double()
        assert torch.allclose(found["occlusion"], single, atol=1e-6)
        cells = LayerGradCam(critic, critic.layers[3]).attribute(x)
    # Cell i of the second layer sees ten pixels from 4 i - 3 on: they are centred on 4 i + 2, as two of 4 pixels are.
    wanted = F.interpolate(cells, size=(8, 8), mode="bilinear", align_corners=False)
    assert torch.allclose(attribute(own, x, "grad-cam", at="layers.3"), wanted, atol=1e-5)


def test_the_rescale_rule_in_closed_form() -> None:
    critic, x = Scores(nn.Linear(6, 1), nn.ReLU()), some(9, 6)
    b = some(1, 6, name="b")
    linear = critic.layers[0]
    before, base = linear(x)[:, 0], linear(b)[:, 0]
    slope = (before.relu() - base.relu()) / (before - base)
    wanted = slope[:, None] * linear.weight[0] * (x - b)
    assert torch.allclose(attribute(critic, x, "deeplift", plan=Plan(baseline=fixed("b", b))), wanted.detach())


class Residual(nn.Module):
    """captum hooks the input of the activation, which the shortcut shares."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.conv = nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 8)
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x.flatten(1))
        return (h + self.conv(self.act(h))).sum(1)


def test_a_shortcut_keeps_its_own_slope() -> None:
    critic = Residual()
    x = some(6, 1, 8, 8)
    found = attribute(critic, x, "deeplift", plan=ONE)
    score, without = ends(critic, x, plan=ONE)
    assert without is not None
    assert torch.allclose(found.sum((1, 2, 3)), score - without)


def test_deeplift_runs_on_frozen_weights_split_at_a_site() -> None:
    critic = convolutional().requires_grad_(False)
    x = some(3, 1, 8, 8)
    found = attribute(critic, x, "deeplift", at="layers.1", plan=ONE)
    score, without = ends(critic, x, at="layers.1", plan=ONE)
    assert without is not None
    assert torch.allclose(found.sum((1, 2, 3)), score - without)


class Functional(nn.Module):
    def __init__(self, act: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.inner, self.act = nn.Linear(64, 8).double(), act

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.act(self.inner(x.flatten(1)))).sum(1)


def spread(x: Tensor) -> Tensor:
    return x * x.std(0, keepdim=True)


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (F.softplus, "'body' (Functional) calls softplus, which is no module that DeepLIFT knows"),
        (F.leaky_relu, "'body' (Functional) calls leaky_relu, which"),
        (nn.GELU(), "'body.act' (GELU) calls gelu, which"),
        (nn.ELU(alpha=3.0), "the module 'body.act' (ELU) is used more than once"),
        (spread, "'body' (Functional) calls std, which"),
        (lambda x: x * x, "something in it is not linear"),
    ],
)
def test_where_modules_do_not_allow_deeplift_the_module_is_named(act: Callable[[Tensor], Tensor], reason: str) -> None:
    critic = chain({"body": Functional(act)})
    x = some(4, 1, 8, 8)
    with pytest.raises(UsageError, match=re.escape(reason)) as raised:
        attribute(critic, x, "deeplift", plan=ONE)
    assert "integrated-gradients" in raised.value.remedy
    assert all("input" not in vars(module) and "output" not in vars(module) for module in critic.modules())


def test_a_function_without_modules_is_not_for_deeplift() -> None:
    with pytest.raises(UsageError, match="Target calls sigmoid"):
        attribute(lambda x: x.sigmoid().sum(1), some(2, 4), "deeplift", plan=Plan(baseline=zero()))


class Corner(nn.Module):
    """Looks at the lower right 4 x 4 pixels of 12 x 12 only, through unpadded layers."""

    def __init__(self) -> None:
        super().__init__()
        self.look, self.act = nn.Conv2d(1, 2, 4, stride=2, bias=False).double(), nn.ReLU()
        nn.init.constant_(self.look.weight, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.look(x))[:, 0, -1, -1]


def test_grad_cam_before_a_layer_that_works_in_place() -> None:
    x = some(3, 1, 8, 8)
    plain, own = (attribute(convolutional(inplace=inplace), x, "grad-cam", at="layers.2") for inplace in (False, True))
    assert torch.equal(plain, own)
    assert plain.abs().max() > 0


def test_grad_cam_of_a_critic_that_looks_at_one_corner() -> None:
    x = torch.zeros(2, 1, 12, 12, dtype=torch.float64)
    x[:, :, 8:, 8:] = 1.0
    found = attribute(Corner(), x, "grad-cam", at="act")
    assert bool((found[0, 0] <= found[0, 0, -1, -1] + 1e-12).all())
    # The cells' centres lie at 2, 4, ..., 10: the corner's own cell is constant beyond 10 and gone at 6.
    line = found[0, 0, 11]
    assert torch.allclose(line[10:], line[11].expand(2))
    assert float(line[9]) < float(line[10])
    assert torch.allclose(line[:6], torch.zeros(6).double())
    # One cell of 25 has a slope, of 1, in one of two channels; it shows 16.
    assert abs(float(line[11]) - 16 / 25) < 1e-6
