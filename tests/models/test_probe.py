"""What a few samples tell of a foreign pair: an undeclared sigmoid, latents of another shape, parts of a wrong type."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score

PICTURE, PRIOR = Format.picture(1, 8), Normal(6)
SIGMOID = Format.picture(1, 8, low=0.0, high=1.0)


class Ending(nn.Module):
    """A fixed picture, brighter or darker with each latent, through a last function; `bias` moves its logits."""

    def __init__(
        self, end: Callable[[Tensor], Tensor], *, bias: float = 0.0, shape: tuple[int, ...] = (1, 8, 8)
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, 6 * 64).reshape(6, 64))
        self.end, self.bias, self.shape = end, bias, shape

    def forward(self, z: Tensor) -> Tensor:
        x = self.end(z @ self.weight[:, : int(np.prod(self.shape))] + self.bias)
        return x.reshape(-1, *self.shape)


@torch.no_grad()
def untracked(x: Tensor) -> Tensor:
    return torch.sigmoid(x)


SIGMOIDS = {
    "sigmoid": torch.sigmoid,
    "module": nn.Sigmoid(),
    "halved tanh": lambda x: (torch.tanh(x) + 1) / 2,
    "clamped": lambda x: x.clamp(0, 1),
    "without a graph": untracked,
}


@pytest.mark.parametrize("end", SIGMOIDS)
@pytest.mark.parametrize("frozen", [False, True])
def test_a_generator_in_0_1_that_was_declared_to_reach_below_is_refused(end: str, *, frozen: bool) -> None:
    generator = Ending(SIGMOIDS[end])
    generator.requires_grad_(not frozen)
    GAN(generator, PRIOR, SIGMOID)
    said = r"samples lie in \[0\S*, \S+\], declared was \[-1, 1\]\nif it ends in a sigmoid, say low=0.0, high=1.0"
    with pytest.raises(UsageError, match=said):
        GAN(generator, PRIOR, PICTURE)


def test_a_sigmoid_is_seen_though_its_samples_are_dark_or_points() -> None:
    with pytest.raises(UsageError, match="declared was"):
        GAN(Ending(torch.sigmoid, bias=-99.0), PRIOR, PICTURE)
    with pytest.raises(UsageError, match="declared was"):
        GAN(Ending(torch.sigmoid, shape=(2,)), PRIOR, Format((2,), -1.0, 1.0))


@pytest.mark.parametrize("bias", [-99.0, 0.0, 99.0])
def test_a_tanh_is_believed_wherever_its_samples_lie(bias: float) -> None:
    GAN(Ending(torch.tanh, bias=bias), PRIOR, PICTURE)


def test_what_is_no_sign_of_a_sigmoid_passes() -> None:
    GAN(Ending(lambda x: torch.sigmoid(x) * 2 - 1), PRIOR, PICTURE)
    GAN(Ending(lambda x: 0 * x), PRIOR, PICTURE)
    GAN(Ending(lambda x: x.square() / 99), PRIOR, PICTURE)  # above 0, not far
    GAN(Ending(lambda x: x.square().clamp(0, 1), shape=(2,)), PRIOR, Format((2,), -1.0, 1.0))
    GAN(Ending(torch.sigmoid, shape=(2,)), PRIOR, Format.point(2))


@pytest.mark.parametrize("seed", range(20))
def test_fresh_tanh_generators_in_the_usual_initialisation_pass(seed: int) -> None:
    with Stream(seed, "fresh").module_rng(0):
        layers = [nn.Unflatten(1, (6, 1, 1)), nn.ConvTranspose2d(6, 8, 2), nn.ReLU(), nn.ConvTranspose2d(8, 1, 4, 4)]
    GAN(nn.Sequential(*layers, nn.Tanh()), PRIOR, PICTURE)


@pytest.mark.parametrize("score", [Score("logit"), Score("unbounded", high="fake")])
@pytest.mark.parametrize("frozen", [False, True])
def test_a_critic_that_ends_in_a_sigmoid_must_say_so(score: Score, *, frozen: bool) -> None:
    with Stream(0, "critic").module_rng(0):
        critic = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Sigmoid())
    critic.requires_grad_(not frozen)
    GAN(Ending(torch.tanh), PRIOR, PICTURE, critic, Score("probability"))
    GAN(Ending(torch.tanh), PRIOR, PICTURE, critic[:2], score)
    with pytest.raises(UsageError, match=r"ends in a probability but was .*\n.*declare Score\('probability'\)"):
        GAN(Ending(torch.tanh), PRIOR, PICTURE, critic, score)
    assert all(parameter.grad is None for parameter in critic.parameters())


def test_a_network_that_only_runs_without_gradients_is_taken_as_it_is() -> None:
    class InPlace(Ending):
        def forward(self, z: Tensor) -> Tensor:
            self.weight.mul_(1.0)
            return super().forward(z)

    GAN(InPlace(torch.tanh), PRIOR, PICTURE)


def test_a_generator_that_wants_pictures_of_one_pixel_is_told_how_to_be_wrapped() -> None:
    with Stream(0, "conv").module_rng(0):
        bare = nn.Sequential(nn.ConvTranspose2d(6, 1, 8), nn.Tanh())
    hint = r"\nganatomy hands over \(n, 6\): wrap it, as in forward = lambda z: g\(z\[:, :, None, None\]\)$"
    with pytest.raises(UsageError, match=hint):
        GAN(bare, PRIOR, PICTURE)
    with pytest.raises(UsageError, match=r"\nit is called with z of shape \(n, 5\)"):
        GAN(bare, Normal(5), PICTURE)


class Unmade(nn.Module):
    pass


GIVEN: dict[str, tuple[dict[str, Any], str]] = {
    "path": ({"generator": Path("g.pt")}, "the generator is a PosixPath\ngive an nn.Module with its weights loaded"),
    "text": ({"generator": "g.pt"}, "the generator is a str\n"),
    "state": ({"generator": nn.Linear(1, 1).state_dict}, "the generator is a method\n"),
    "weights": ({"critic": Ending(torch.tanh).state_dict()}, "the critic is an OrderedDict\n"),
    "class": ({"generator": Unmade}, r"the generator is the class Unmade\nmake one: Unmade\(...\)"),
    "number": ({"latent": 64}, r"latent = 64 was given\ngive a prior, as in Normal\(64\)"),
    "swapped": (
        {"latent": PICTURE, "format": PRIOR},
        r"the latent is a Format\n.*come latent, format, critic and score",
    ),
    "shape": ({"format": (1, 8, 8)}, r"the format is a tuple\n.*Format.picture\(1, 28\)"),
    "score": ({"score": "unbounded"}, r"the score is a str\n.*Score\('unbounded'\)"),
    "score as critic": ({"critic": Score("logit")}, "the critic is a Score\n.*or None"),
    "classes": ({"classes": "cat"}, "classes = 'cat' was given\ngive their names"),
    "count": ({"classes": 10}, "classes = 10 was given"),
    "numbers": ({"classes": (0, 1)}, r"classes = \(0, 1\) was given"),
    "data": ({"data": torch.zeros(1)}, "the data is a Tensor\ngive the name of the data"),
    "provenance": ({"provenance": "mine"}, "the provenance is a str"),
}


@pytest.mark.parametrize("case", GIVEN)
def test_parts_of_a_wrong_type_are_named(case: str) -> None:
    changed, message = GIVEN[case]
    given: dict[str, Any] = {"generator": Ending(torch.tanh), "latent": PRIOR, "format": PICTURE}
    with pytest.raises(UsageError, match=message) as caught:
        GAN(**{**given, **changed})
    assert str(caught.value).count("\n") == 1


def critic(x: Tensor) -> Tensor:
    return x.flatten(1).mean(1)


class Judge(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return critic(x)


ASKED: dict[str, tuple[Callable[[GAN], object], str]] = {
    "a count": (lambda gan: gan.sample(0, 64), r"^indices = 64 was given\ngive range\(64\) for the first 64$"),  # type: ignore[arg-type]
    "halves": (lambda gan: gan.sample(0, [0.5, 1]), "^0.5 was given as an index\n"),  # type: ignore[list-item]
    "a mask": (lambda gan: gan.sample(0, [True, False]), "^True was given as an index\n"),
    "text": (lambda gan: gan.sample(0, "12"), "^'1' was given as an index\n"),  # type: ignore[arg-type]
    "a set": (lambda gan: gan.sample(0, {1, 2}), "^indices of type set were given\n"),  # type: ignore[arg-type]
    "a tensor": (lambda gan: gan.sample(0, torch.arange(3)), "^indices of type Tensor were given"),  # type: ignore[arg-type]
    "half a seed": (lambda gan: gan.sample(0.5, range(2)), "seed 0.5.*\na seed is a whole number"),  # type: ignore[arg-type]
    "an array": (lambda gan: gan.decode(np.zeros((2, 6))), "^latents of type ndarray were given\ngive a tensor"),  # type: ignore[arg-type]
    "NaN": (lambda gan: gan.decode(torch.full((2, 6), float("nan"))), "^the latents hold NaN or infinite values\n"),
    "pixels": (lambda gan: gan.score_of(np.zeros((2, 1, 8, 8))), "^samples are of type ndarray\n"),  # type: ignore[arg-type]
    "bytes": (lambda gan: gan.score_of(torch.zeros(2, 1, 8, 8).byte()), "^samples are of type torch.uint8"),
}


@pytest.mark.parametrize("case", ASKED)
def test_what_no_sample_can_be_made_of_is_named(case: str) -> None:
    ask, message = ASKED[case]
    with pytest.raises(UsageError, match=message):
        ask(GAN(Ending(torch.tanh), PRIOR, PICTURE, Judge()))


def test_labels_are_a_tensor() -> None:
    prior = Normal(6, classes=2)

    class Labelled(Ending):
        def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
            return super().forward(z)

    gan = GAN(Labelled(torch.tanh), prior, PICTURE)
    assert prior.labels(0, np.arange(3)) is not None  # type: ignore[arg-type]
    for ask in (partial(gan.sample, 0, range(2)), partial(gan.decode, torch.zeros(2, 6))):
        with pytest.raises(UsageError, match="labels of type list were given\ngive a tensor"):
            ask(labels=[0, 1])  # type: ignore[operator]
    with pytest.raises(UsageError, match=r"give range\(5\)"):
        prior.labels(0, 5)  # type: ignore[arg-type]


def test_any_whole_seed_will_do() -> None:
    assert torch.equal(PRIOR.sample(-3, [np.int64(4)]), PRIOR.sample(-3, range(4, 5)))  # type: ignore[list-item]
