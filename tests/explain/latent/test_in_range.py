"""Is a picture in the range of the generator? Judged against its own samples and pictures from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles_geometry import digits, gan_of, linear_gan, matrix, pretrained

from ganatomy.errors import UsageError
from ganatomy.explain.latent.in_range import Yardsticks, exchanged, invert, judged, share_beyond, verdicts
from ganatomy.explain.latent.inversion import Search
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

QUICK = Search(starts=1, pool=32, steps=60, polish=10)


def test_own_pictures_are_in_range_and_noise_is_not() -> None:
    gan = GAN.fresh(MLP(Format.picture(1, 8), Normal(3), hidden=(32,)), 1)
    noise = 0.2 * (2 * Stream(0, "noise").uniform(range(8), 1, 8, 8) - 1)
    found = invert(gan, torch.cat([gan.sample(7, range(16)), noise]), search=QUICK)
    said = verdicts(found)
    assert said[:16].count("in range") >= 14, "one in twenty may be refused"
    assert said[16:] == ("not in range",) * 8
    assert found.arrays["p_elsewhere"][:16].max() <= 0.05 < np.median(found.arrays["p_elsewhere"][16:])
    assert found.arrays["p_own"][16:].max() <= 0.05
    assert found.arrays["picture"].shape == (24, 1, 8, 8)
    assert found.units[3] == "picture 3"
    assert "come out at" in found.note
    usual = found.arrays["own_error"]
    assert usual.shape == (24,)
    assert len(set(usual.tolist())) == 1
    assert f"95% below {usual[0]:.3g}" in found.note.replace(" %", "%")
    assert (found.arrays["error"][16:] > usual[16:]).all()


def test_what_comes_back_to_rounding_is_in_range_whatever_the_yardsticks() -> None:
    """x = z reaches every point: own samples and others come back alike, and ranks of rounding errors mean nothing."""
    gan = linear_gan(torch.eye(2, dtype=torch.float64))
    found = invert(gan, gan.sample(3, range(20)), search=QUICK, yardsticks=Yardsticks(own=20))
    assert verdicts(found) == ("in range",) * 20
    assert found.arrays["p_elsewhere"].min() > 0.05, "the yardsticks alone would have left it open"


def test_shares_count_ties_and_themselves() -> None:
    p = share_beyond(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, 2.0, 9.0]))
    assert p.tolist() == [1.0, 0.75, 0.25]


def test_verdicts_from_shares() -> None:
    own, elsewhere = torch.tensor([0.5, 0.01, 0.5, 0.01]), torch.tensor([0.01, 0.01, 0.5, 0.9])
    no = torch.zeros(4, dtype=torch.bool)
    assert judged(own, elsewhere, level=0.05, exact=no).tolist() == [0, 1, 2, 1]
    assert judged(own, elsewhere, level=0.05, exact=~no).tolist() == [0, 0, 0, 0]


def test_exchanged_pictures_keep_each_pixels_values() -> None:
    gan = GAN.fresh(MLP(Format.picture(1, 8), Normal(3), hidden=(32,)), 1)
    mixed = exchanged(gan, 30, seed=0)
    plain = gan.sample(0, range(10_000_030, 10_000_060))
    assert torch.equal(mixed.sort(dim=0).values, plain.sort(dim=0).values)
    assert not torch.equal(mixed, plain)


def test_too_few_yardsticks_say_so() -> None:
    gan = linear_gan(matrix(6, 2))
    far = torch.full((1, 6), 30.0)
    found = invert(gan, far, search=QUICK, yardsticks=Yardsticks(own=5))
    assert verdicts(found) == ("undetermined",)
    assert "With 5 own samples nothing can be called not in range" in found.note
    assert "With 5 pictures from elsewhere nothing can be called in range" in found.note
    assert "lie at the border" in found.note


def test_given_pictures_from_elsewhere_are_the_yardstick() -> None:
    gan = GAN.fresh(MLP(Format.picture(1, 8), Normal(3, classes=2), hidden=(32,)), 1)
    labels = gan.latent.labels(7, range(20))
    others = gan.sample(8, range(20))  # not from elsewhere at all
    asked = Yardsticks(elsewhere=others, labels=gan.latent.labels(8, range(20)))
    poor = Search(starts=1, pool=32, steps=5, polish=0)
    found = invert(gan, gan.sample(7, range(20)), labels=labels, search=poor, yardsticks=asked)
    assert verdicts(found).count("undetermined") >= 15
    assert found.arrays["latent"].shape == (20, 3)


def test_own_samples_come_out_better_than_real_digits_and_those_better_than_noise() -> None:
    gan = pretrained()
    noise = 2 * Stream(0, "noise").uniform(range(4), 1, 28, 28) - 1
    found = invert(
        gan,
        torch.cat([gan.sample(7, range(4)), digits(4), noise]),
        search=Search(starts=1, pool=64, steps=40, polish=4),
        yardsticks=Yardsticks(own=9, elsewhere=noise[:1], level=0.1),
    )
    own, real, noisy = found.arrays["error"].reshape(3, 4)
    assert own.max() < real.min()
    assert real.max() < noisy.min()
    assert verdicts(found)[8:] == ("not in range",) * 4
    assert verdicts(found)[4:8].count("not in range") >= 2, "so short a search leaves plain digits open"


def test_progress_and_wrong_requests() -> None:
    gan = linear_gan(matrix(6, 2))
    said: list[tuple[int, int]] = []
    fast, few = Search(steps=1, polish=0, pool=4), Yardsticks(own=2)
    invert(
        gan, gan.sample(0, range(20)), search=fast, yardsticks=few, progress=lambda done, of: said.append((done, of))
    )
    assert said == [(2, 24), (4, 24), (20, 24), (24, 24)], "two yardsticks of two, then twenty pictures"
    with pytest.raises(UsageError, match="no pictures"):
        invert(gan, iter([]), search=fast, yardsticks=few)
    with pytest.raises(UsageError, match="0 own samples"):
        Yardsticks(own=0)
    with pytest.raises(UsageError, match="without gradients"):
        invert(gan_of(lambda z: z.detach().round(), 2, 2), torch.zeros(1, 2))
