"""The generators of blobs do what their truth says, and nothing else."""

from __future__ import annotations

import pytest
import torch

from ganatomy.errors import UsageError
from ganatomy.planted.blobs import CLASSES, GRAIN, copying, dropping, honest
from ganatomy.planted.catalogue import PLANTED

MANY = range(4000)


def test_an_honest_one_draws_from_the_law_of_its_data() -> None:
    planted = honest()
    made = planted.gan.sample(0, MANY)
    shares = torch.bincount(planted.measure(made).argmax(1), minlength=len(CLASSES)) / len(MANY)
    assert torch.allclose(shares, torch.full((len(CLASSES),), 0.2), atol=0.03)
    truth = planted.truth
    law = truth.world.log_density(made.flatten(1)).mean()
    data = truth.world.log_density(truth.train.read(range(100)).flatten(1)).mean()
    assert float(law) == pytest.approx(float(data), abs=2.5)  # 64 pixels: sd of a mean of 100 is 0.57
    assert truth.copied(planted.gan.latent.sample(0, MANY)).eq(-1).all()
    labels = truth.train.labels(range(100))
    assert torch.equal(planted.measure(truth.train.read(range(100))).argmax(1), labels)
    assert not torch.equal(truth.train.read(range(100)), truth.held_out.read(range(100)))
    assert torch.equal(honest().gan.sample(3, range(5)), planted.gan.sample(3, range(5)))


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_copies_are_those_that_the_truth_names(noise: float) -> None:
    planted = copying(0.1, noise=noise)
    z = planted.gan.latent.sample(0, MANY)
    which = planted.truth.copied(z)
    at = (which >= 0).nonzero()[:, 0]
    assert len(at) / len(MANY) == pytest.approx(0.1, abs=0.02)
    assert len(which[at].unique()) > 90
    away = (planted.gan.decode(z[at]) - planted.truth.train.read(which[at])).flatten(1)
    assert float(away.std()) == pytest.approx(noise, abs=0.01)
    rest = (which < 0).nonzero()[:500, 0]
    near = torch.cdist(planted.gan.decode(z[rest]).flatten(1), planted.truth.train.read(range(100)).flatten(1))
    assert float(near.min()) > 5 * GRAIN


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_a_class_is_made_as_seldom_as_it_says(rate: float) -> None:
    planted = dropping(2, rate=rate)
    share = (planted.measure(planted.gan.sample(0, MANY)).argmax(1) == 2).double().mean()
    assert float(share) == pytest.approx(planted.truth.made[2], abs=0.01)
    assert planted.truth.made[2] == pytest.approx(rate / (4 + rate))
    assert planted.truth.weights[2] == pytest.approx(0.2)


def test_the_catalogue_and_what_is_refused() -> None:
    assert [PLANTED[name]().name for name in ("honest", "copies", "dropped-class")] == [
        "honest",
        "copies",
        "dropped-class",
    ]
    with pytest.raises(UsageError, match="share 0 of copies"):
        copying(0.0)
    with pytest.raises(UsageError, match="class 9"):
        dropping(9)
