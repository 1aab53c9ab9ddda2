"""The bundle: sampling by address, eval mode always, scores in a declared direction, mismatches refused at once."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.architectures import ARCHITECTURES, configure
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.evaluating import evaluating, passed
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent, Normal
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format, Score

PICTURE = Format.picture(1, 8)
PRIOR = Normal(6, classes=3)
CONFIG = DCGAN(PICTURE, PRIOR, width=4, critic_width=4, critic_norm="batch")


@pytest.fixture(scope="module", name="gan")
def _gan() -> GAN:
    return GAN.fresh(CONFIG, 0, classes=("a", "b", "c"), data="noise")


class Foreign(nn.Module):
    """A generator of this shape by a plain function of z; no parameters."""

    def __init__(self, shape: tuple[int, ...] = (1, 8, 8), *, scale: float = 0.1, width: int = 6) -> None:
        super().__init__()
        self.shape, self.scale, self.width = shape, scale, width

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.scale * z @ torch.ones(self.width, 1)).reshape(-1, 1, 1, 1).expand(-1, *self.shape)


class Scorer(nn.Module):
    """The mean of a picture, in the shape asked for."""

    def __init__(self, shape: tuple[int, ...] = (), factor: float = 1.0) -> None:
        super().__init__()
        self.shape, self.factor = shape, factor

    def forward(self, x: Tensor) -> Tensor:
        return (self.factor * x.flatten(1).mean(1)).reshape(-1, *([1] * len(self.shape))).expand(-1, *self.shape)


def foreign(generator: nn.Module | None = None, critic: nn.Module | None = None, **changed: Any) -> GAN:
    given: dict[str, Any] = {"latent": Normal(6), "format": PICTURE} | changed
    return GAN(generator or Foreign(), critic=critic, **given)


@given(indices=st.lists(st.integers(0, 10**6), min_size=1, max_size=20), block=st.integers(1, 25))
def test_a_sample_is_a_function_of_seed_and_index(indices: list[int], block: int) -> None:
    gan = GAN.fresh(CONFIG, 0)
    whole = gan.sample(3, indices)
    one_by_one = torch.cat([gan.sample(3, [index]) for index in indices])
    assert torch.allclose(whole, one_by_one, atol=1e-5)
    assert torch.allclose(whole, gan.sample(3, indices, block=block), atol=1e-5)


def test_whole_blocks_are_equal_bit_for_bit(gan: GAN) -> None:
    whole = gan.sample(0, range(192))
    assert torch.equal(whole[64:128], gan.sample(0, range(64, 128)))
    assert torch.equal(whole, gan.sample(0, range(192)))
    assert not torch.equal(whole, gan.sample(1, range(192)))
    assert not whole.requires_grad


def test_sampling_is_decoding_of_the_prior(gan: GAN) -> None:
    z, labels = PRIOR.sample(2, range(10)), PRIOR.labels(2, range(10))
    assert torch.equal(gan.sample(2, range(10)), gan.decode(z, labels))
    ones = torch.ones(10, dtype=torch.int64)
    assert torch.equal(gan.sample(2, range(10), labels=1), gan.decode(z, ones))
    assert torch.equal(gan.sample(2, range(10), labels=ones), gan.decode(z, ones))
    assert gan.sample(0, []).shape == (0, 1, 8, 8)
    assert gan.score_of(torch.empty(0, 1, 8, 8), torch.empty(0, dtype=torch.int64)).shape == (0,)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_any_architecture_makes_a_gan_that_leaves_its_modules_as_they_were(name: str) -> None:
    config = configure(name, {}, format=PICTURE, latent=PRIOR)
    generator, critic = config.generator(0), config.critic(0)
    generator.train()
    critic.eval()
    frozen = next(module for module in generator.modules() if not list(module.children()))
    frozen.eval()
    before = {key: value.clone() for net in (generator, critic) for key, value in net.state_dict().items()}
    flags = [module.training for net in (generator, critic) for module in net.modules()]
    random = torch.get_rng_state()
    gan = GAN(generator, PRIOR, PICTURE, critic, architecture=config)
    samples = gan.sample(0, range(5))
    gan.realness(samples, PRIOR.labels(0, range(5)))
    assert flags == [module.training for net in (generator, critic) for module in net.modules()]
    after = {key: value for net in (generator, critic) for key, value in net.state_dict().items()}
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert torch.equal(random, torch.get_rng_state())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in generator.parameters())


def test_flags_come_back_after_a_failure() -> None:
    network = nn.Sequential(nn.Dropout(), nn.Identity())
    network[1].eval()
    during: list[bool] = []

    def fail() -> None:
        with evaluating(network, None):
            during.extend(module.training for module in network.modules())
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        fail()
    assert during == [False] * 3
    assert network.training
    assert network[0].training
    assert not network[1].training


def test_scores_are_flat_and_turn_with_the_declared_direction() -> None:
    samples = foreign().sample(0, range(70))
    means = samples.mean((1, 2, 3))
    for shape in ((), (1,), (1, 1, 1)):
        real = foreign(critic=Scorer(shape), score=Score("unbounded", high="real"))
        fake = foreign(critic=Scorer(shape), score=Score("unbounded", high="fake"))
        assert torch.allclose(real.score_of(samples), means, atol=1e-6)
        assert torch.equal(real.score_of(samples), fake.score_of(samples))
        assert torch.allclose(real.realness(samples), means, atol=1e-6)
        assert torch.allclose(fake.realness(samples), -means, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generator": Foreign((1, 9, 8))}, r"samples have shape \(1, 9, 8\) a sample, wanted was picture 1 x 8 x 8"),
        (
            {"generator": Foreign(), "format": Format.picture(1, 8, low=0, high=1)},
            r"lie in \[-?0.*wanted was .*\[0, 1\]\n",
        ),
        ({"generator": Foreign(scale=float("nan"))}, "samples hold NaN or infinite values"),
        (
            {"latent": Normal(5)},
            r"generator does not take a normal latent of 5 \(RuntimeError: .*\)\nit is called with z",
        ),
        ({"latent": Normal(6, classes=2)}, r"generator does not take a normal latent of 6, 2 classes \(TypeError"),
        ({"critic": Scorer((10,))}, r"critic gives \(8, 10\) for 8 samples\nwanted is one number a sample"),
        ({"critic": nn.Flatten(0)}, r"critic gives \(512,\) for 8 samples"),
        ({"critic": nn.Linear(3, 1)}, r"critic does not take samples of shape \(1, 8, 8\) \(RuntimeError"),
        ({"critic": Scorer(factor=float("inf"))}, "critic's scores hold NaN or infinite values"),
        ({"critic": Scorer(factor=1e3), "score": Score("probability")}, "declared probabilities"),
        ({"classes": ("x",)}, r"1 class names were given for a latent of 0 classes"),
        ({"architecture": CONFIG}, r"architecture is declared for normal latent of 6, 3 classes"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_does_not_fit_is_refused_when_the_gan_is_made(change: dict[str, Any], message: str) -> None:
    foreign()  # the unchanged parts do fit
    with pytest.raises(UsageError, match=message):
        foreign(**change)


class Noisy(Foreign):
    def forward(self, z: Tensor) -> Tensor:
        with torch.random.fork_rng():
            torch.seed()
            return super().forward(z + torch.randn_like(z))


class BatchBound(Foreign):
    def forward(self, z: Tensor) -> Tensor:
        return super().forward(z - z.mean(0))


class Tuples(Foreign):
    def forward(self, z: Tensor) -> Tensor:
        return (super().forward(z), z)  # type: ignore[return-value]


class Dictionary(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return {"score": x.flatten(1).mean(1)}  # type: ignore[return-value]


def test_generators_whose_sample_is_no_function_of_its_latent_are_refused() -> None:
    for generator in (Noisy(), BatchBound()):
        with pytest.raises(UsageError, match=r"one latent two different samples, alone and in a batch\nlet it draw no"):
            foreign(generator)
    with pytest.raises(UsageError, match=r"the generator returned a tuple\nwrap it to return the samples alone"):
        foreign(Tuples())
    with pytest.raises(UsageError, match=r"the critic returned a dict\nwrap it to return the score alone"):
        foreign(critic=Dictionary())


def test_the_error_of_an_own_network_is_passed_on_unchanged() -> None:
    with pytest.raises(
        UsageError, match=r"^latents of shape \(8, 6\) were given\nwanted is a batch of latents, \(n, 7\)"
    ):
        GAN(MLP(PICTURE, Normal(7)).generator(0), Normal(6), PICTURE)


def test_data_of_another_shape_or_range_are_refused(gan: GAN) -> None:
    gan.check_data(PICTURE)
    with pytest.raises(UsageError, match=r"data are picture 1 x 28 x 28.*the GAN makes picture 1 x 8 x 8"):
        gan.check_data(Format.picture(1, 28))
    with pytest.raises(UsageError, match=r"in \[0, 1\], the GAN makes .*\nrescale the data with Format.rescale"):
        gan.check_data(Format.picture(1, 8, low=0, high=1))


def test_scoring_checks_what_it_is_given(gan: GAN) -> None:
    labels = torch.zeros(4, dtype=torch.int64)
    with pytest.raises(UsageError, match="a GAN without a critic"):
        foreign().score_of(torch.zeros(4, 1, 8, 8))
    with pytest.raises(UsageError, match=r"shape \(3, 8, 8\) a sample"):
        gan.score_of(torch.zeros(4, 3, 8, 8), labels)
    with pytest.raises(UsageError, match=r"lie in \[0, 255\]"):
        gan.score_of(255 * torch.arange(256.0).reshape(4, 1, 8, 8) / 255, labels)
    with pytest.raises(UsageError, match="no labels were given"):
        gan.score_of(torch.zeros(4, 1, 8, 8))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (torch.zeros(3, dtype=torch.int64), r"labels of shape \(3,\) and type torch.int64 were given for 4 samples"),
        (torch.zeros(4), "type torch.float32 were given"),
        (torch.tensor([0, 1, 2, 3]), r"labels from 0 to 3 were given\nthe 3 classes are numbered from 0 to 2"),
        (torch.tensor([0, -1, 2, 2]), "labels from -1 to 2"),
        (7, "labels from 7 to 7"),
    ],
)
def test_labels_are_checked(gan: GAN, labels: Tensor | int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        gan.sample(0, range(4), labels=labels)


def test_labels_for_an_unconditional_gan_and_empty_blocks_are_refused() -> None:
    with pytest.raises(UsageError, match="unconditional network"):
        foreign().sample(0, range(4), labels=1)
    with pytest.raises(UsageError, match="blocks of 0 samples"):
        foreign().sample(0, range(4), block=0)
    with pytest.raises(UsageError, match=r"latents of shape \(4, 7\)"):
        foreign().decode(torch.zeros(4, 7))


def test_a_pass_uses_the_type_of_the_network() -> None:
    generator = MLP(PICTURE, Normal(6), hidden=(8,)).generator(0).double()
    gan = GAN(generator, Normal(6), PICTURE)
    assert gan.sample(0, range(3)).dtype == torch.float64
    z = torch.zeros(3, 6)
    assert passed(generator, z).dtype == torch.float64
    assert z.dtype == torch.float32


class InPlace(Scorer):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.sub_(1))


def test_a_network_that_works_in_place_does_not_touch_what_it_is_given() -> None:
    samples = foreign().sample(0, range(3))
    kept = samples.clone()
    foreign(critic=InPlace()).score_of(samples)
    assert torch.equal(samples, kept)


def test_it_is_shown_on_one_line(gan: GAN) -> None:
    shown = "GAN(Generator; normal latent of 6, 3 classes; picture 1 x 8 x 8, in [-1, 1]; "
    assert repr(gan) == shown + "critic Critic (logit, real is high); classes a, b, c; data noise)"
    assert repr(foreign()) == "GAN(Foreign; normal latent of 6; picture 1 x 8 x 8, in [-1, 1])"
    long = dataclasses.replace(gan, classes=("thing" * 9,) * 3)
    assert repr(long).endswith("classes " + "thing" * 9 + ", ...; data noise)")


def test_the_digest_sees_every_weight_and_buffer(gan: GAN) -> None:
    digest = gan.digest()
    assert len(digest) == 32
    assert digest == gan.digest() == GAN.fresh(CONFIG, 0).digest()
    assert digest != GAN.fresh(CONFIG, 1).digest()
    assert digest != dataclasses.replace(gan, critic=None).digest()
    for network in (gan.generator, gan.critic):
        assert network is not None
        for name, tensor in network.state_dict().items():
            kept = tensor.clone()
            tensor.view(-1)[0] += 1
            assert gan.digest() != digest, name
            tensor.copy_(kept)
    assert gan.digest() == digest


def test_the_bundle_is_frozen(gan: GAN) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        gan.data = "else"  # type: ignore[misc]
    assert gan.classes == ("a", "b", "c")
    assert gan.device == torch.device("cpu")
    assert Latent("normal", 6, 3) == gan.latent
