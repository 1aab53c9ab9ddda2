"""Latents off the prior: what they are, what planted generators do with them, how often an honest one is blamed."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats
from shared_tiny import DIM, SMALL, brightness, greys, tiny
from torch import Tensor, nn

from ganatomy.errors import DivergedError, UsageError
from ganatomy.evaluate.trust.criteria import by_distance, by_function
from ganatomy.evaluate.trust.departures import Looked, by_chance, compared, exchanged
from ganatomy.evaluate.trust.off_prior import ON, WAYS, off_prior, typical
from ganatomy.features.classifier import Judge
from ganatomy.features.fit import Fitted
from ganatomy.features.space import pixels
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent, Normal, Sphere, Uniform
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import wilson

PRIORS = [Normal(DIM), Uniform(DIM), Sphere(DIM)]
BRIGHT = by_function("brightness", lambda x: brightness(x).abs())


class Halves(nn.Module):
    """Class 1 where a picture is brighter than grey."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.penultimate = nn.Flatten(), nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        mean = brightness(x)
        return 50 * torch.stack([-mean, mean], dim=1)


def judge() -> Judge:
    return Judge(Halves(), SMALL, 2, 1.0, wilson(50, 50), 50, Fitted((), 0), 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("latent", PRIORS)
def test_what_the_ways_are(latent: Latent) -> None:
    z = latent.sample(0, range(2000))
    moved = {name: way(z, latent, Stream(0, name)) for name, way in WAYS.items()}
    assert all(each.shape == z.shape and bool(torch.isfinite(each).all()) for each in moved.values())
    assert torch.equal(moved["norm x 2"], 2 * z)
    assert not moved["norm x 0"].any()
    assert bool((moved["constant"] == z[:, :1]).all())
    assert bool((moved["truncated"].abs() <= 0.5 * typical(latent) + 1e-6).all())
    assert bool(((moved["truncated"] > 0) == (z > 0)).all())
    changed = moved["one number huge"] != z
    assert changed.sum(1).tolist() == [1] * 2000
    assert moved["one number huge"][changed].unique().tolist() == pytest.approx([100 * typical(latent)])
    share = moved["through the origin"][:, 0] / z[:, 0]
    assert float(share.min()) < -0.99
    assert float(share.max()) > 0.99
    assert z.double().square().mean().sqrt() == pytest.approx(typical(latent), rel=0.02)


def test_truncated_is_the_prior_within_bounds() -> None:
    told = WAYS["truncated"](Normal(4).sample(1, range(1000)), Normal(4), Stream(0, ""))
    assert stats.kstest(told.flatten().numpy(), stats.truncnorm(-0.5, 0.5).cdf).pvalue > 0.01


class Explodes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1))

    def forward(self, z: Tensor) -> Tensor:
        size = z.norm(dim=1)[:, None, None, None]
        made = (self.one * 0.1 * z[:, :1, None, None]).expand(-1, 1, 6, 6)
        return torch.where(size > 50, float("nan"), made)


def test_what_breaks_is_named_and_what_does_not_is_not() -> None:
    gan = GAN(Explodes(), Normal(DIM), SMALL)
    found = off_prior(gan, 200, by=BRIGHT, judge=judge())
    assert found.rows["one number huge"]["not finite"].value == 1
    assert set(found.rows["one number huge"]) == {"not finite", "outside the range"}
    assert found.worse("not finite") == ("one number huge",)
    assert found.worse("outside the range") == ()
    assert "norm x 4" in found.worse("how bad")
    assert "norm x 0.5" not in found.worse("how bad")
    assert found.worse("classes exchanged") == ("norm x 0",)  # all grey
    assert list(found.rows) == [ON, *WAYS] == list(found.pictures)
    assert found.pictures["one number huge"].shape == (12, 1, 6, 6)
    assert bool(torch.isfinite(found.pictures["one number huge"]).all())
    assert found.norms["norm x 4"] == pytest.approx(4 * found.norms[ON])
    assert "not finite, more than on the prior: one number huge;" in found.note
    assert found.measured["norm x 4: how bad"].floor == pytest.approx(found.rows[ON]["how bad"].floor)


def test_leaving_the_range_is_seen() -> None:
    found = off_prior(tiny(size=0.1), 200, by=BRIGHT, ways=["norm x 0.5", "norm x 4"])
    assert found.worse("outside the range") == ("norm x 4",)
    assert found.p["norm x 4"]["outside the range"] < 1e-3


def test_an_honest_lot_is_seldom_blamed() -> None:
    """400 worlds of two lots of one law: each test at 5 % in at most 5 %, and three standard errors."""
    wrong = {"not finite": 0, "outside the range": 0, "how bad": 0}
    for seed in range(400):
        lots = []
        for name in ("one", "other"):
            drawn = Stream(seed, name)
            x = drawn.normal(range(100), dtype=torch.float64)
            rare = drawn.child("rare").uniform(range(100)) < 0.1
            lots.append(Looked(torch.zeros(1), torch.ones(100, dtype=torch.bool), rare, x.exp(), None))
        for name, p in compared(lots[0], lots[1], stream=Stream(seed, "test")).items():
            wrong[name] += p <= 0.05
    assert wrong["not finite"] == 0
    assert max(wrong.values()) <= 33


def test_classes_exchanged_and_what_chance_exchanges() -> None:
    labels = torch.tensor([0, 0, 1, 2]), torch.tensor([0, 1, 1, 1])
    assert exchanged(*labels, 3) == pytest.approx(0.5)
    law, n, m = torch.tensor([0.5, 0.3, 0.2]), 200, 150
    edges = law.cumsum(0)
    read = []
    for seed in range(300):
        drawn = [
            torch.bucketize(Stream(seed, name).uniform(range(k)), edges).clamp(max=2)
            for name, k in (("a", n), ("b", m))
        ]
        read.append(exchanged(drawn[0], drawn[1], 3))
    assert by_chance(law, n, m) == pytest.approx(sum(read) / 300, rel=0.08)
    one, other = (
        Looked(
            torch.zeros(1), torch.ones(100, dtype=torch.bool), torch.zeros(100, dtype=torch.bool), torch.zeros(100), x
        )
        for x in (torch.arange(100) % 4, torch.zeros(100, dtype=torch.int64))
    )
    assert compared(one, other, stream=Stream(0, "test"))["classes exchanged"] == pytest.approx(1 / 2000)


def test_conditional_ones_keep_their_classes_and_the_same_comes_again() -> None:
    gan = tiny(latent=Normal(DIM, 3), classes=("a", "b", "c"))
    by, seen = by_distance(gan, pixels(SMALL), greys(60, split="train")), []
    first, again = (off_prior(gan, 40, by=by, progress=lambda a, b: seen.append((a, b))) for _ in range(2))
    assert first.measured == again.measured
    assert first.note == again.note
    assert seen[-1] == (len(WAYS) + 1, len(WAYS) + 1)
    grey = first.pictures["norm x 0"].flatten(1).mean(1)
    due = 0.02 * gan.latent.labels(0, range(12)).float()  # type: ignore[union-attr]
    assert torch.allclose(grey, due, atol=1e-6)


def test_what_cannot_be_is_refused() -> None:
    gan = tiny()
    with pytest.raises(UsageError, match="'sideways'"):
        off_prior(gan, 40, by=BRIGHT, ways=["sideways"])
    with pytest.raises(UsageError, match="3 latents off"):
        off_prior(gan, 3, by=BRIGHT)
    for value in (math.nan, math.inf):
        with pytest.raises(UsageError, match="NaN or infinite"):
            gan.decode(torch.full((1, DIM), value))

    class Sick(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Parameter(torch.ones(1))

        def forward(self, z: Tensor) -> Tensor:
            made = (self.one * 0.1 * z[:, :1, None, None]).expand(-1, 1, 6, 6)
            return torch.where(z[:, :1, None, None] > 1.8, float("inf"), made)

    with pytest.raises(DivergedError, match="on its own prior"):
        off_prior(GAN(Sick(), Normal(DIM), SMALL), 100, by=BRIGHT)
