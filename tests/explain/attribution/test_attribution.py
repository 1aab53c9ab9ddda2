"""What every method keeps: batches equal one by one, nothing stays, rows are bounded; places, targets, explanations."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import (
    LayerDeepLift,
    LayerGradientXActivation,
    LayerIntegratedGradients,
    NeuronGradient,
    NeuronIntegratedGradients,
)
from safetensors.torch import load_file
from shared_data import need
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset, stored
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.attribution import receptive
from ganatomy.explain.attribution.attributed import choose_pictures, explanation
from ganatomy.explain.attribution.attribution import attribute, ends
from ganatomy.explain.attribution.baselines import baseline, fixed, zero
from ganatomy.explain.attribution.methods import METHODS, ROWS, Plan
from ganatomy.explain.attribution.receptive import grid_over
from ganatomy.explain.attribution.targets import Explained, Target, class_logit, target_of, through
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN, LOGIT
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.explanation import Explanation
from ganatomy.results.folder import load, save
from ganatomy.results.formats import Format, Score
from ganatomy.tracing.unit import Unit, channel, direction

DIGIT = Format.picture(2, 8)
SITE = "down1.act"


@pytest.fixture(autouse=True)
def _no_global_draws_and_no_warnings() -> Iterator[None]:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def gan_with(classes: int = 0, critic: nn.Module | None = None, score: Score = LOGIT) -> GAN:
    latent = Normal(4, classes) if classes else Normal(4)
    networks = DCGAN(DIGIT, latent, width=4, critic_width=4, dropout=0.5)
    return GAN(networks.generator(0), latent, DIGIT, critic or networks.critic(0), score)


def plan_of(name: str, *shape: int) -> Plan:
    bases = Stream(5, "baselines").normal(range(8), *shape)
    made = {"none": None, "one": fixed("one", bases[:1]), "set": fixed("set", bases)}[METHODS[name].baseline]
    return Plan(baseline=made, steps=12, draws=16)


def real() -> Dataset:
    return stored("noise", "train", pictures=Stream(0, "pixels").integers(range(40), 256, 2, 8, 8).to(torch.uint8))


def asked(gan: GAN, n: int) -> tuple[Tensor, Tensor | None]:
    return gan.sample(0, range(n)), gan.latent.labels(0, range(n))


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(("place", "classes"), [(None, 3), (SITE, 0)])
def test_a_batch_equals_one_by_one_and_comes_again(name: str, place: str | None, classes: int) -> None:
    gan = gan_with(classes)
    x, labels = asked(gan, 70)
    scorer, plan = Scorer(gan), plan_of(name, 2, 8, 8)
    found = attribute(scorer, x, name, labels=labels, at=place, plan=plan)
    assert found.shape == (x.shape if place is None or METHODS[name].lifts else (70, 4, 4, 4))
    assert torch.equal(found, attribute(scorer, x, name, labels=labels, at=place, plan=plan))
    for number in (0, 33, 69):
        few = slice(number, number + 1)
        alone = attribute(scorer, x[few], name, labels=None if labels is None else labels[few], at=place, plan=plan)
        assert torch.allclose(found[few], alone, atol=1e-5 * float(found.abs().max()))
    if METHODS[name].complete:
        score, without = ends(scorer, x, labels=labels, at=place, plan=plan)
        assert without is not None
        loose = 0.3 if name == "gradient-shap" else 0.02 if name == "integrated-gradients" else 1e-4
        missed = found.flatten(1).sum(1) - (score - without)
        assert float(missed.abs().mean()) < loose * float((score - without).abs().mean())


class Broken(nn.Module):
    """Of a critic: fails in its n-th pass."""

    def __init__(self, critic: nn.Module, passes: int) -> None:
        super().__init__()
        self.critic, self.left = critic, passes

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.critic(x)
        self.left -= 1
        if self.left < 0:
            raise ArithmeticError("half-way")
        return out


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("fails", [None, 0, 1])
def test_nothing_stays(name: str, fails: int | None) -> None:
    gan = gan_with()
    assert gan.critic is not None
    critic = gan.critic if fails is None else Broken(gan.critic, fails)
    critic.train()
    next(critic.parameters()).requires_grad_(False)
    weight = list(critic.parameters())[1]
    weight.grad = torch.ones_like(weight)
    modules = list(critic.modules())
    before = [(set(vars(module)), module.training) for module in modules]
    flags = [each.requires_grad for each in critic.parameters()]
    x, _ = asked(gan, 70)
    kept, place, plan = x.clone(), SITE if fails is None else f"critic.{SITE}", plan_of(name, 2, 8, 8)
    for at in (None, place):
        if fails is None:
            attribute(critic, x, name, at=at, plan=plan)
        elif fails == 0 or at is not None or METHODS[name].lifts:
            critic.left = fails  # type: ignore[assignment]
            with pytest.raises(ArithmeticError, match="half-way"):
                attribute(critic, x, name, at=at or (place if METHODS[name].lifts else None), plan=plan)
        assert [(set(vars(module)), module.training) for module in modules] == before
        for module in modules:
            assert not [*module._forward_hooks, *module._forward_pre_hooks, *module._backward_hooks]
        assert [each.requires_grad for each in critic.parameters()] == flags
        assert [each.grad is not None for each in critic.parameters()].count(True) == 1
        assert torch.equal(weight.grad, torch.ones_like(weight))
        assert torch.equal(x, kept)
        assert not x.requires_grad
        assert x.grad is None


@pytest.mark.parametrize("name", METHODS)
def test_rows_are_bounded_and_gradients_are_found_where_the_caller_has_none(name: str) -> None:
    gan = gan_with()
    assert gan.critic is not None
    x, _ = asked(gan, 66)
    largest = []
    hook = gan.critic.register_forward_hook(lambda module, given, out: largest.append(len(out)))
    plan = plan_of(name, 2, 8, 8)
    found = attribute(Scorer(gan), x, name, plan=plan)
    hook.remove()
    assert max(largest) <= (2 if METHODS[name].needs_modules else 1) * ROWS
    with torch.inference_mode():
        assert torch.equal(attribute(Scorer(gan), x.clone(), name, plan=plan), found)
    with torch.no_grad():
        assert torch.allclose(attribute(Scorer(gan), x[:2], name, plan=plan), found[:2], atol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_only_the_seed_of_the_draws_changes_a_map(name: str) -> None:
    gan = gan_with()
    x, _ = asked(gan, 3)
    plans = [replace(plan_of(name, 2, 8, 8), seed=seed) for seed in (0, 1)]
    first, second = (attribute(Scorer(gan), x, name, plan=plan) for plan in plans)
    assert torch.equal(first, second) == (not METHODS[name].drawn)


def quietly(function: object, *given: object) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out: Tensor = function(*given)  # type: ignore[operator]
    return out


def test_a_site_is_explained_as_captums_layers_and_a_unit_as_its_neurons() -> None:
    gan = gan_with()
    assert gan.critic is not None
    critic = gan.critic.eval()
    layer = dict(critic.named_modules())[SITE]
    x, _ = asked(gan, 5)
    base = plan_of("deeplift", 2, 8, 8).baseline
    assert base is not None
    held, plan = base.of(x)[:, 0], Plan(baseline=base, steps=50)
    layers = {
        "input-x-gradient": lambda: LayerGradientXActivation(critic, layer).attribute(x),
        "integrated-gradients": lambda: LayerIntegratedGradients(critic, layer).attribute(x, held),
        "deeplift": lambda: LayerDeepLift(critic, layer).attribute(x.clone(), held),
    }
    for name, theirs in layers.items():
        assert torch.allclose(attribute(Scorer(gan), x, name, at=SITE, plan=plan), quietly(theirs), atol=1e-5), name
    unit = channel(SITE, 2)

    def mean(activation: Tensor) -> Tensor:
        return activation[:, 2].mean((1, 2))

    neuron = quietly(lambda: NeuronGradient(critic, layer).attribute(x, mean))
    assert torch.allclose(attribute(Scorer(gan), x, "gradient", of=unit), neuron, atol=1e-6)
    theirs = quietly(lambda: NeuronIntegratedGradients(critic, layer).attribute(x, mean, held))
    assert torch.allclose(attribute(Scorer(gan), x, "integrated-gradients", of=unit, plan=plan), theirs, atol=1e-6)


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if not method.lifts])
def test_one_unit_is_attributed_alone(name: str) -> None:
    """Where only one unit differs from the baseline the whole change is its own."""
    gan = gan_with()
    x, _ = asked(gan, 4)
    plan = plan_of(name, 2, 8, 8)
    found = attribute(Scorer(gan), x, name, at=channel(SITE, 2), plan=plan)
    assert found.shape == (4, 4, 4)
    along = torch.tensor([0.0, 0.0, 1.0, 0.0])
    same = attribute(Scorer(gan), x, name, at=direction(SITE, along), plan=plan)
    assert torch.allclose(found, same, atol=1e-5)
    if name == "gradient":
        assert torch.allclose(found, attribute(Scorer(gan), x, name, at=SITE)[:, 2], atol=1e-6)
    if METHODS[name].complete and not METHODS[name].drawn:
        score, without = ends(Scorer(gan), x, at=channel(SITE, 2), plan=plan)
        assert without is not None
        assert torch.allclose(found.sum((1, 2)), score - without, atol=2e-3)


class Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        with Stream(0, "dense").module_rng(0):
            self.first, self.act, self.last = nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(self.act(self.first(x)))
        return out


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if not method.lifts])
def test_a_dense_unit_is_one_number_and_a_logit_is_chosen(name: str) -> None:
    net, x = Dense(), Stream(0, "x").normal(range(4), 6)
    plan = plan_of(name, 6)
    found = attribute(class_logit(net, 1), x, name, at=channel("act", 3), plan=plan)
    values = net.act(net.first(x))[:, 3].detach()
    slope = float(net.last.weight.detach()[1, 3])
    if not METHODS[name].needs_baseline:
        wanted = slope * (values if name == "input-x-gradient" else torch.ones(4))
    else:
        assert plan.baseline is not None
        held = plan.baseline.of(x)
        wanted = slope * (values - net.act(net.first(held))[:, :, 3].detach().mean(1))
    assert torch.allclose(found, wanted, atol=1e-5)
    with pytest.raises(UsageError, match=r"of shape \(\d+, 3\) for \d+ samples\n.*class_logit"):
        attribute(net, x, name, plan=plan)


def test_scores_are_attributed_to_latents_through_the_generator() -> None:
    gan = gan_with(3)
    z, labels = gan.latent.sample(0, range(5)), gan.latent.labels(0, range(5))
    plan = Plan(baseline=zero())
    for name in ("integrated-gradients", "deeplift", "occlusion"):
        found = attribute(through(gan), z, name, labels=labels, plan=plan)
        score, without = ends(through(gan), z, labels=labels, plan=plan)
        assert without is not None
        assert torch.allclose(score, gan.realness(gan.decode(z, labels), labels), atol=1e-5)
        if name != "occlusion":
            assert torch.allclose(found.sum(1), score - without, atol=1e-3)
    inner = attribute(through(gan), z, "gradient", labels=labels, at="start.act")
    assert inner.shape[0] == 5
    assert inner.ndim == 4


def test_maps_lie_where_the_critic_looks() -> None:
    """Unpadded layers of kernel 4 and stride 2 on 28 pixels: cell i of the second sees 4 i to 4 i + 9."""
    with Stream(0, "weights").module_rng(0):
        critic = nn.Sequential(nn.Conv2d(1, 2, 4, 2), nn.ReLU(), nn.Conv2d(2, 3, 4, 2), nn.Flatten(), nn.Linear(75, 1))
    x = Stream(0, "x").normal(range(1), 1, 28, 28)
    grid = grid_over(Explained(target_of(critic), "2", None), x)
    assert grid.measured
    assert (grid.rows.cells, grid.rows.first, grid.rows.stride) == (5, 5.0, 4.0)
    assert grid.rows == grid.columns


@pytest.fixture(scope="module", name="pair")
def _pair() -> GAN:
    """The critic of akanametov with the generator of nobody."""

    def block(i: int, o: int) -> nn.Module:
        return nn.ModuleDict({"block": nn.Sequential(nn.Conv2d(i, o, 4, 2), nn.BatchNorm2d(o), nn.LeakyReLU(0.2))})

    class Theirs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = nn.ModuleList([block(1, 64), block(64, 128), nn.Conv2d(128, 1, 4, 2)])

        def forward(self, x: Tensor) -> Tensor:
            for part in self.model[:2]:
                x = part["block"](x)
            out: Tensor = self.model[2](x)
            return out

    format = Format.picture(1, 28)
    with Stream(0, "their constructors").module_rng(0):
        critic = Theirs()
    critic.load_state_dict(load_file(need("gan_mnist_wgangp_akanametov") / "critic.safetensors"))
    generator = DCGAN(format, Normal(4), width=4, critic_width=4).generator(0)
    return GAN(generator, Normal(4), format, critic, Score("unbounded", high="real"))


@pytest.mark.parametrize("name", ["gradient", "integrated-gradients", "deeplift", "occlusion"])
def test_the_pretrained_critic_is_blind_to_the_last_six_rows_and_columns(pair: GAN, name: str) -> None:
    """Its last layer, 4 x 4 with stride 2, leaves out the fifth row and column of 5 x 5 cells."""
    plan = Plan(baseline=baseline("blurred", pair.format), window=2)
    found = attribute(Scorer(pair), pair.sample(0, range(3)), name, plan=plan)
    assert float(found[:, :, 22:].abs().max()) == float(found[:, :, :, 22:].abs().max()) == 0.0
    assert float(found[:, :, 21].abs().max()) > 0


def test_an_explanation_names_pictures_baseline_and_what_is_missed(tmp_path: Path) -> None:
    gan = gan_with()
    shown = choose_pictures(gan, samples=(0, 3), seed=7, data=real(), reals=range(2))
    assert shown.names == ("real 0", "real 1", "sample 0", "sample 3")
    assert torch.allclose(shown.pictures[2:], gan.sample(7, (0, 3)), atol=1e-6)
    plan = Plan(baseline=baseline("mean", gan.format, real()), steps=12)
    found = explanation(gan, shown, "integrated-gradients", plan=plan)
    assert found.units == shown.names
    assert found.method == "attribution, integrated-gradients"
    assert found.target == "logit"
    assert {name: values.shape for name, values in found.arrays.items()} == {
        "maps": (4, 2, 8, 8),
        "pictures": (4, 2, 8, 8),
        "score": (4,),
        "baseline_score": (4,),
        "missed": (4,),
    }
    sums = found.arrays["maps"].sum((1, 2, 3)) - found.arrays["score"] + found.arrays["baseline_score"]
    assert np.allclose(found.arrays["missed"], sums, atol=1e-6)
    assert "Baseline: mean of 40 real. 12 steps. The maps miss the change" in found.note
    assert found.provenance is not None
    assert found.provenance.digests["gan"] == gan.digest()
    assert not found.grades
    loaded = load(save(found, tmp_path / "maps"))
    assert isinstance(loaded, Explanation)
    assert np.array_equal(loaded.arrays["maps"], found.arrays["maps"])
    cam = explanation(gan, shown, "grad-cam")
    assert "at down" in cam.note
    assert set(cam.arrays) == {"maps", "pictures", "score"}
    unit = explanation(gan, shown, "gradient", of=channel(SITE, 1), at=None)
    assert unit.target == f"{SITE}:1"
    inner = explanation(gan, shown, "deeplift", at=SITE, plan=plan)
    assert np.allclose(inner.arrays["missed"], 0, atol=1e-4)


@pytest.mark.parametrize("of", [None, channel("0", 1)])
def test_layers_that_work_in_place_are_no_trouble(of: Unit | None) -> None:
    with Stream(0, "weights").module_rng(0):
        first, last = nn.BatchNorm2d(2), nn.Conv2d(2, 1, 8)
    first.running_mean = torch.tensor([0.5, -0.5])
    x = Stream(0, "x").normal(range(3), 2, 8, 8)

    def critics() -> Iterator[nn.Module]:
        for inplace in (False, True):
            yield nn.Sequential(first, nn.LeakyReLU(0.2, inplace=inplace), last, nn.Flatten())
            yield nn.Sequential(nn.LeakyReLU(0.2, inplace=inplace), last, nn.Flatten())

    plain, headless, inplace, begins = critics()
    for name in ("gradient", "integrated-gradients"):
        plan = Plan(baseline=zero())
        wanted = attribute(plain, x, name, of=of, plan=plan)
        assert torch.allclose(attribute(inplace, x, name, of=of, plan=plan), wanted, atol=1e-6)
        if of is None:
            wanted = attribute(headless, x, name, plan=plan)
            assert torch.allclose(attribute(begins, x, name, plan=plan), wanted, atol=1e-6)
        else:  # the mean of the second channel before the leak
            assert float(wanted[:, 0].abs().max()) == 0.0
            slope = torch.full((3, 8, 8), 1 / 64) * (x[:, 1] if name == "integrated-gradients" else 1)
            assert torch.allclose(wanted[:, 1], slope, atol=1e-5)


def test_where_cells_look_is_measured_once_for_a_network_and_a_site(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[object] = []
    monkeypatch.setattr(receptive, "grid_over", lambda *given: (measured.append(given[0]), grid_over(*given))[1])
    gan, other = gan_with(), gan_with()
    x = gan.sample(0, range(2))
    assert gan.critic is not None
    first = attribute(Scorer(gan), x, "grad-cam")
    assert torch.equal(attribute(Scorer(gan), x, "grad-cam"), first)
    attribute(gan.critic, x, "grad-cam")
    assert len(measured) == 1
    attribute(Scorer(other), x, "grad-cam")
    assert len(measured) == 2
    shifting = Target(lambda pictures: gan.critic(pictures.flip(2)), gan.critic)  # type: ignore[misc]
    attribute(shifting, x, "grad-cam")
    attribute(shifting, x, "grad-cam")
    assert len(measured) == 4


def test_the_channels_of_grad_cam_sum_to_its_map() -> None:
    gan = gan_with()
    x, _ = asked(gan, 3)
    scorer, site = Scorer(gan), SITE
    found = attribute(scorer, x, "grad-cam", at=site)
    product = attribute(scorer, x, "gradient", at=site).mean((2, 3), keepdim=True)
    activation = Explained(target_of(scorer), site, None)
    with torch.no_grad():
        scorer.critic.eval()
        cells = (product * activation.read(x)).sum(1, keepdim=True)
    wanted = grid_over(activation, x[:1]).up(cells)
    assert torch.allclose(found.sum(1, keepdim=True), wanted, atol=1e-5 * float(wanted.abs().max()))
    assert torch.equal(found[:, 0], found[:, 1])


class Deviation(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((1, 2, 3)) + x.std(0, correction=0).mean()


def test_a_critic_of_whole_batches_is_told_of() -> None:
    gan = gan_with(critic=Deviation())
    shown = choose_pictures(gan, samples=range(4))
    assert "looks at its batch as a whole" in explanation(gan, shown, "gradient").note
    assert "looks at its batch" not in explanation(gan_with(), shown, "gradient").note


def test_a_probability_is_explained_as_its_logit() -> None:
    class Sure(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.end = nn.Sigmoid()

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.end(9 * x.mean((1, 2, 3)))
            return out

    gan = gan_with(critic=Sure(), score=Score("probability"))
    x = gan.sample(0, range(2))
    assert torch.allclose(attribute(Scorer(gan), x, "gradient"), torch.full_like(x, 9 / 128), rtol=1e-3)
    plan = Plan(baseline=zero())
    assert torch.allclose(attribute(Scorer(gan), x, "deeplift", plan=plan), x * 9 / 128, rtol=1e-3, atol=1e-6)


def test_what_cannot_be_attributed_is_said() -> None:
    gan = gan_with()
    scorer, (x, _) = Scorer(gan), asked(gan, 2)
    one = plan_of("deeplift", 2, 8, 8)
    cases: list[tuple[str, dict[str, object], str]] = [
        ("gradeint", {}, "did you mean 'gradient'"),
        ("deeplift", {}, "without a baseline\n.*mean, blurred, black"),
        ("deeplift", {"plan": plan_of("deeplift-shap", 2, 8, 8)}, "with 8 baselines"),
        ("gradient-shap", {"plan": Plan(baseline=zero(), draws=999)}, "each is at most 256"),
        ("gradient", {"at": "down9.act"}, "no site called 'down9.act'"),
        ("gradient", {"of": "down1.act"}, "give a unit"),
        ("gradient", {"of": channel(SITE, 99)}, "channels are counted"),
        ("gradient", {"at": "down2.act", "of": channel(SITE, 1)}, f"{SITE}:1 has no slope towards 'down2.act'"),
        ("grad-cam", {"at": channel(SITE, 1)}, "asked of a unit"),
        ("grad-cam", {"at": "head"}, "Grad-CAM was asked for at a place of shape"),
        ("deeplift", {"plan": Plan(baseline=fixed("odd", torch.zeros(1, 3)))}, "'odd' has shape"),
    ]
    for name, given, said in cases:
        with pytest.raises(UsageError, match=said):
            attribute(scorer, x, name, **given)  # type: ignore[arg-type]
    for bad in (x[:0], x.long(), torch.tensor(1.0), x * float("nan")):
        with pytest.raises(UsageError, match="samples"):
            attribute(scorer, bad, "gradient", plan=one)
    with pytest.raises(UsageError, match="say which network it calls"):
        attribute(lambda x: scorer(x), x, "gradient", at=SITE)
    assert attribute(Target(lambda x: scorer(x), scorer.critic), x, "gradient", at=SITE).shape == (2, 4, 4, 4)
    with pytest.raises(InputError, match="NaN or infinite"):
        attribute(lambda x: x.mean((1, 2, 3)) / 0, x, "gradient")
    with pytest.raises(UsageError, match="without data"):
        choose_pictures(gan, reals=range(3))
    with pytest.raises(UsageError, match="no pictures were chosen"):
        choose_pictures(gan)
    with pytest.raises(UsageError, match="0 steps"):
        Plan(steps=0)
