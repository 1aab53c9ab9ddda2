"""Back from pictures to latents: exact where the answer is known, and the same in any company."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from oracles_geometry import Made, gan_of, linear_gan, matrix
from oracles_memory import tensors_alive

from ganatomy.errors import UsageError
from ganatomy.explain.latent.inversion import BALL, TOGETHER, Inverted, Search, evenly, inverted, kept, radius
from ganatomy.features.space import random_projection
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal, Sphere, Uniform
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format

QUICK = Search(starts=2, pool=32, steps=40, polish=10)


def gathered(parts: object) -> Inverted:
    found = list(parts)  # type: ignore[call-overload]
    return Inverted(
        *(torch.cat([getattr(part, name) for part in found]) for name in ("z", "error", "norms", "at_border"))
    )


@pytest.mark.parametrize("latent", [Normal(5), Sphere(5), Uniform(5)])
def test_a_linear_generator_of_full_rank_is_inverted_exactly(latent: object) -> None:
    assert isinstance(latent, Normal(1).__class__)
    gan = linear_gan(matrix(9, 5), latent=latent)
    z = latent.sample(3, range(10))
    found = gathered(inverted(gan, gan.decode(z), search=Search(polish=40)))
    assert abs(found.z - z).max() < 1e-4
    assert found.error.max() < 1e-4
    assert torch.allclose(found.norms, z.double().norm(dim=1) / 5**0.5, atol=1e-4)


def test_the_error_is_the_distance_to_the_range() -> None:
    weights = matrix(9, 5)
    gan = linear_gan(weights)
    basis, _ = torch.linalg.qr(weights)
    x = 0.3 * matrix(6, 9, seed=1)
    found = gathered(inverted(gan, x, search=Search(polish=40)))
    wanted = (x - x @ basis @ basis.T).square().mean(1).sqrt()
    assert torch.allclose(found.error, wanted, atol=1e-6)


def test_latents_stay_in_the_ball_and_say_when_they_lie_on_its_border() -> None:
    gan = linear_gan(torch.eye(3, dtype=torch.float64))
    found = gathered(inverted(gan, torch.tensor([[50.0, 0.0, 0.0], [0.5, 0.5, 0.5]]).double()))
    assert float(found.z[0].norm()) == pytest.approx(radius(Normal(3)), rel=1e-5)
    assert found.at_border.tolist() == [True, False]


def test_the_ball_holds_its_share_of_the_prior() -> None:
    z = Normal(6).sample(0, range(40000))
    share = float((z.norm(dim=1) <= radius(Normal(6))).double().mean())
    assert share == pytest.approx(BALL, abs=6e-4)
    assert torch.equal(kept(Normal(6), z[:5]), z[:5])
    assert radius(Uniform(3)) == math.inf
    assert float(kept(Uniform(2), torch.tensor([[3.0, -0.5]])).max()) == 1


def test_a_picture_is_inverted_alike_in_any_company() -> None:
    gan = GAN.fresh(MLP(Format.picture(1, 8), Normal(6, classes=2), hidden=(24,)), 1)
    n = TOGETHER + 3
    x, labels = gan.sample(5, range(n)), gan.latent.labels(5, range(n))
    assert labels is not None
    whole = gathered(inverted(gan, x, labels=labels, search=QUICK))
    parts = gathered(inverted(gan, iter(x.split(7)), labels=labels, search=QUICK))
    assert torch.equal(whole.z, parts.z), "however the pictures come, the batches are the same"
    last = gathered(inverted(gan, x[TOGETHER:], labels=labels[TOGETHER:], search=QUICK))
    assert torch.equal(whole.z[TOGETHER:], last.z), "each batch has its own labels"
    exact = Search(starts=2, pool=32, steps=40, polish=10, double=True)
    together = gathered(inverted(gan, x[:4], labels=labels[:4], search=exact))
    alone = gathered(inverted(gan, x[2:3], labels=labels[2:3], search=exact))
    assert abs(together.z[2] - alone.z[0]).max() < 1e-5
    assert float(together.error[2]) == pytest.approx(float(alone.error[0]), abs=1e-5)


def test_batches_are_even() -> None:
    x = torch.arange(40.0)[:, None]
    found = list(evenly(iter([x[:3], x[3:36], x[36:]])))
    assert [len(batch) for batch in found] == [16, 16, 8]
    assert torch.equal(torch.cat(found), x)


def test_an_encoder_gives_a_start() -> None:
    weights = matrix(9, 5)
    gan = linear_gan(weights)
    z = Normal(5).sample(3, range(4))
    knows = Search(steps=0, polish=0, encoder=lambda x: x.double() @ torch.linalg.pinv(weights).T)
    assert gathered(inverted(gan, gan.decode(z), search=knows)).error.max() < 1e-6
    nothing = Search(steps=0, polish=0)
    assert gathered(inverted(gan, gan.decode(z), search=nothing)).error.min() > 1e-2


def test_each_stage_helps() -> None:
    gan = GAN.fresh(DCGAN(Format.picture(1, 8), Normal(6)), 1)
    x = gan.sample(5, range(4))
    errors = []
    for steps, polish in ((0, 0), (30, 0), (30, 10)):
        found = gathered(inverted(gan, x, search=Search(pool=32, steps=steps, polish=polish)))
        errors.append(float(found.error.mean()))
        remade = gan.decode(found.z)
        assert torch.allclose((remade - x).square().mean((1, 2, 3)).sqrt().double(), found.error, atol=1e-5)
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


def test_pictures_can_be_compared_in_a_feature_space() -> None:
    gan = GAN.fresh(MLP(Format.picture(1, 8), Normal(3), hidden=(16,)), 1)
    x, there = gan.sample(5, range(3)), random_projection(Format.picture(1, 8, low=0.0, high=1.0), 12)
    found = gathered(inverted(gan, x, search=Search(pool=32, steps=60, space=there)))
    apart = there(gan.decode(found.z), gan.format) - there(x, gan.format)
    assert torch.allclose(apart.square().mean(1).sqrt().double(), found.error, atol=1e-4)
    assert found.error.max() < 1e-2


def test_memory_does_not_grow_with_the_number_of_pictures() -> None:
    """Pictures come in blocks; five more batches of 500 numbers a picture would be 160 kilobytes."""
    gan = linear_gan(matrix(500, 2))

    def peak(n: int) -> int:
        def work(look: Callable[[], None]) -> None:
            blocks = (gan.sample(1, range(first, first + TOGETHER)) for first in range(0, n, TOGETHER))
            for _ in inverted(gan, blocks, search=Search(pool=8, steps=2, polish=1)):
                look()

        return tensors_alive(work)

    few, many = peak(TOGETHER), peak(6 * TOGETHER)
    assert many < few + 2 * TOGETHER * 500 * 4


def test_nothing_is_left_behind() -> None:
    gan = linear_gan(matrix(4, 2))
    assert isinstance(gan.generator, Made)
    list(inverted(gan, gan.sample(1, range(3)), search=Search(pool=8, steps=2, polish=1)))
    assert gan.generator.weight.grad is None
    assert gan.generator.training


def test_wrong_requests_are_refused() -> None:
    gan = linear_gan(matrix(4, 2))
    with pytest.raises(UsageError, match="without gradients"):
        next(inverted(gan_of(lambda z: z.detach().round(), 2, 2), torch.zeros(1, 2)))
    with pytest.raises(UsageError, match="9 starts from a pool of 4"):
        Search(starts=9, pool=4)
    with pytest.raises(UsageError, match="pictures to invert"):
        next(inverted(gan, torch.zeros(3, 5)))
    with pytest.raises(UsageError, match="labels"):
        next(inverted(gan, torch.zeros(3, 4), labels=torch.zeros(3, dtype=torch.long)))
