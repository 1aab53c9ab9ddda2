"""Feature spaces: one contract for all, and what each is by its formula."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.features.classifier import Classifier
from ganatomy.features.space import BLOCK, FeatureSpace, digest, pixels, random_convolution, random_projection, space
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

GREY, COLOUR, POINT = Format.picture(1, 8), Format.picture(3, 16, low=0.0, high=1.0), Format.point(2)


def classifier_space(format: Format) -> FeatureSpace:
    with Stream(0, "test/classifier").module_rng(0):
        model = Classifier(format, 4)
    return space("classifier", nn.Sequential(model.body, model.penultimate), format)


SPACES = {
    "pixels": pixels,
    "projection": lambda format: random_projection(format, 2),
    "convolution": random_convolution,
    "classifier": classifier_space,
}
CASES = [
    (name, format) for name in SPACES for format in (GREY, COLOUR, POINT) if (name, format) != ("convolution", POINT)
]


def samples(format: Format, n: int) -> Tensor:
    noise = Stream(1, "test/features").uniform(range(n), *format.shape)
    return noise if format.bounds is None else format.bounds[0] + noise * (format.bounds[1] - format.bounds[0])


@pytest.mark.parametrize(("name", "format"), CASES)
def test_every_space_keeps_the_contract(name: str, format: Format) -> None:
    made, again = SPACES[name](format), SPACES[name](format)
    x = samples(format, BLOCK + 7)
    before = x.clone()
    features = made(x, format)
    assert features.shape == (BLOCK + 7, made.width)
    assert not features.requires_grad
    assert bool(features.isfinite().all())
    assert features.std(0).max() > 0  # it answers to its input
    assert torch.equal(x, before)
    assert torch.equal(again(x, format), features)
    assert again.id == made.id
    assert torch.equal(made(x[:BLOCK], format), features[:BLOCK])  # whole blocks are bit-exact
    assert torch.allclose(made(x[:3], format), features[:3], atol=1e-5)
    assert made(x[:0], format).shape == (0, made.width)
    assert torch.allclose(made(x.double(), format), features, atol=1e-5)  # whatever type a generator works in


@pytest.mark.parametrize("name", ["pixels", "projection", "convolution"])
def test_the_range_of_the_data_does_not_matter(name: str) -> None:
    tanh, sigmoid = Format.picture(1, 8), Format.picture(1, 8, low=0.0, high=1.0)
    made, x = SPACES[name](tanh), samples(tanh, 5)
    assert torch.allclose(made(x, tanh), made((x + 1) / 2, sigmoid), atol=1e-5)


def test_a_projection_is_orthonormal_so_distances_only_shrink() -> None:
    made, x = random_projection(GREY, 20), samples(GREY, 30)
    directions = dict(made.module.named_parameters())["directions"]
    assert torch.allclose(directions @ directions.T, torch.eye(20), atol=1e-5)
    assert bool((torch.pdist(made(x, GREY)) <= torch.pdist(x.flatten(1)) + 1e-4).all())
    full = random_projection(GREY, 64)
    assert torch.allclose(torch.pdist(full(x, GREY)), torch.pdist(x.flatten(1)), atol=1e-4)


def test_random_convolutions_are_blind_to_a_flat_change_of_brightness_and_see_texture() -> None:
    made = random_convolution(Format.picture(1, 16))
    inner = torch.zeros(2, 1, 16, 16)
    inner[1] = 0.5
    stripes = torch.zeros(1, 1, 16, 16)
    stripes[..., ::2] = 0.5
    flat, bright = made(inner, Format.picture(1, 16))
    assert float((made(stripes, Format.picture(1, 16)) - flat).norm()) > 2 * float((bright - flat).norm())


def test_the_digest_names_the_weights() -> None:
    one, other = random_projection(GREY, 4, seed=0), random_projection(GREY, 4, seed=1)
    assert one.id != other.id
    assert random_projection(GREY, 4, seed=0).id == one.id
    assert pixels(GREY).id != pixels(Format.picture(1, 9)).id  # the same module, other samples
    nudged = nn.utils.skip_init(nn.Linear, 2, 2, bias=False)
    nudged.load_state_dict({"weight": torch.zeros(2, 2)})
    plain = digest(nudged)
    nudged.weight.data[0, 0] = math.ldexp(1, -149)  # the smallest change there is
    assert digest(nudged) != plain


def test_a_users_module_is_copied_and_frozen_not_touched() -> None:
    with Stream(0, "test").module_rng(0):
        mine = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.Dropout(0.5)).train()
    made = space("mine", mine, GREY)
    assert mine.training
    assert all(parameter.requires_grad for parameter in mine.parameters())
    x = samples(GREY, 4)
    assert torch.equal(made(x, GREY), made(x, GREY))  # no dropout
    with torch.no_grad():
        mine[1].weight.zero_()
    assert made(x, GREY).std() > 0


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: random_projection(GREY, 65), "64 numbers to 65"),
        (lambda: random_convolution(POINT), "random convolutions of a point"),
        (lambda: pixels(GREY)(samples(COLOUR, 2), COLOUR), "reads picture 1 x 8 x 8"),
        (lambda: pixels(GREY)(samples(GREY, 2) * 255, GREY), "lie in"),
        (lambda: space("maps", nn.Identity(), GREY), r"to shape \(2, 1, 8, 8\)"),
    ],
)
def test_misuse_is_refused(ask, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ask()
