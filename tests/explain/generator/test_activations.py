"""Film strips and statistics of units, against the same numbers taken at once in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.explain.generator.activations import SHARES, film_strip, unit_statistics
from ganatomy.models.architectures import configure
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import wilson
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.tracing.trace import watch


@pytest.fixture(scope="module", name="gan")
def _gan() -> GAN:
    return GAN.fresh(configure("dcgan", {"width": 4}, format=Format.picture(1, 8), latent=Normal(4, 3)), seed=0)


def maps_of(gan: GAN, site: str, indices: range, seed: int = 0) -> Tensor:
    with watch(gan.generator, [site]) as trace:
        gan.sample(seed, indices, block=len(indices))
    return trace[site]


def test_a_strip_runs_from_noise_to_picture(gan: GAN) -> None:
    strip = film_strip(gan, [3, 7], seed=5, units=3)
    assert [part.target for part in strip] == ["latent", "start.act", "up1.act", "picture"]
    assert [part.arrays["maps"].shape for part in strip] == [(4, 2), (4, 2, 2, 2), (4, 2, 4, 4), (1, 2, 8, 8)]
    assert np.allclose(strip[0].arrays["maps"].T, gan.latent.sample(5, [3, 7]))
    assert np.allclose(strip[3].arrays["maps"][0], gan.sample(5, [3, 7])[:, 0], atol=1e-6)
    with watch(gan.generator, ["up1.act"]) as trace:
        gan.sample(5, [3, 7])
    seen = trace["up1.act"]
    assert np.allclose(strip[2].arrays["maps"][0], seen.mean(1), atol=1e-6)
    variance = seen.transpose(0, 1).flatten(1).double().var(1)
    best = variance.argsort(descending=True)[:3].tolist()
    assert strip[2].units == ("up1.act:mean", *(f"up1.act:{unit}" for unit in best))
    assert np.allclose(strip[2].arrays["maps"][1:], seen[:, best].transpose(0, 1), atol=1e-6)


def test_units_by_name_and_flat_places(gan: GAN) -> None:
    (_, place, _) = film_strip(gan, range(2), seed=0, sites=["up1.act"], units={"up1.act": (2, 0)})
    assert place.units == ("up1.act:mean", "up1.act:2", "up1.act:0")
    flat = GAN.fresh(configure("mlp", {"hidden": (5,)}, format=Format.point(2), latent=Normal(3)), seed=0)
    assert [part.arrays["maps"].shape for part in film_strip(flat, range(4), seed=0)] == [(3, 4), (6, 4), (2, 4)]
    with pytest.raises(UsageError, match=r"unit 4 of 'up1.act'.*\nits units are 0 to 3"):
        film_strip(gan, range(2), seed=0, units={"up1.act": (4,)})
    with pytest.raises(UsageError, match="no samples"):
        film_strip(gan, [], seed=0)


def test_statistics_are_those_of_all_maps_at_once(gan: GAN) -> None:
    (found,) = unit_statistics(gan, 150, seed=1, sites=["up1.act"])
    maps = torch.cat([maps_of(gan, "up1.act", range(a, min(a + 64, 150)), 1) for a in (0, 64, 128)]).double()
    flat = maps.movedim(1, -1).reshape(-1, 4)
    assert np.allclose(found.arrays["mean"], flat.mean(0), rtol=1e-12)
    assert np.allclose(found.arrays["sd"], flat.std(0, correction=0), rtol=1e-10)
    exact = torch.stack([flat.quantile(q, dim=0, interpolation="lower") for q in SHARES], dim=1)
    assert np.allclose(found.arrays["quantiles"], exact, rtol=0.011, atol=1e-9)
    assert np.allclose(found.arrays["sparsity"], 1 - flat.abs().mean(0) ** 2 / flat.square().mean(0))
    on = (maps.flatten(2) > 0).any(2).double().mean(0)
    assert np.allclose(found.arrays["on_rate"], on)
    assert np.allclose(found.arrays["on_rate_places"], (flat > 0).double().mean(0))
    assert found.arrays["on_rate_high"][0] == pytest.approx(wilson(round(float(on[0]) * 150), 150).high)
    assert np.isnan(found.arrays["bound_rate"]).all()


def test_the_split_into_blocks_does_not_matter_and_memory_does_not_grow(gan: GAN) -> None:
    one, two = (unit_statistics(gan, 100, seed=1, block=block)[1] for block in (64, 17))
    for name, values in one.arrays.items():
        assert np.allclose(values, two.arrays[name], atol=1e-5, equal_nan=True), name
    assert {values.nbytes for values in one.arrays.values()} == {
        values.nbytes for values in unit_statistics(gan, 20, seed=1)[1].arrays.values()
    }


class Oddities(nn.Module):
    """Units that never come on, never change, come on in 2 % of the samples, and hang at either end of a tanh."""

    def __init__(self, act: nn.Module, first: Tensor) -> None:
        super().__init__()
        self.first, self.act, self.last = nn.Linear(2, len(first)), act, nn.Linear(len(first), 2)
        with torch.no_grad():
            self.first.weight.copy_(torch.tensor([[1.0, 0.0]]).expand(len(first), 2) * first[:, :1])
            self.first.bias.copy_(first[:, 1])
            self.last.weight.fill_(0.1)
            self.last.bias.zero_()

    def forward(self, z: Tensor) -> Tensor:
        out: Tensor = self.last(self.act(self.first(z)))
        return out


def odd(act: nn.Module, rows: list[tuple[float, float]], n: int = 500) -> Explanation:
    with Stream(0, "overwritten").module_rng(0):
        generator = Oddities(act, torch.tensor(rows))
    (found,) = unit_statistics(GAN(generator, Normal(2), Format.point(2)), n, seed=0)
    return found


def test_dead_units_and_how_sure() -> None:
    found = odd(nn.ReLU(), [(0.1, -9.0), (0.0, 3.0), (1.0, -2.05), (1.0, 0.0)])
    assert found.arrays["dead"].tolist() == [True, True, False, False]
    assert found.arrays["constant"].tolist() == [True, True, False, False]
    assert found.arrays["on_rate_high"][0] == pytest.approx(wilson(0, 500).high)
    assert 0 < found.arrays["on_rate"][2] < 0.05
    assert "500 samples. 2 of 4 units are dead" in found.note
    assert f"{wilson(0, 500).high:.2g} of the samples" in found.note
    leaky = odd(nn.LeakyReLU(0.2), [(0.1, -9.0), (1.0, 0.0)])
    assert leaky.arrays["dead"].tolist() == [False, False], "what leaks below zero still changes the picture"
    assert leaky.arrays["constant"].tolist() == [False, False]
    assert odd(nn.Tanh(), [(0.1, -1.0), (1.0, 0.0)]).arrays["dead"].tolist() == [False, False]


def test_saturated_units_hang_at_an_end() -> None:
    tanh = odd(nn.Tanh(), [(0.1, 9.0), (0.1, -9.0), (1.0, 0.0)])
    assert tanh.arrays["saturated"].tolist() == [True, True, False]
    assert tanh.arrays["stuck_rate"].tolist()[:2] == [1.0, 1.0]
    assert tanh.arrays["stuck_rate_low"][0] == pytest.approx(wilson(500, 500).low)
    assert "2 are saturated" in tanh.note
    gates = odd(nn.Sigmoid(), [(0.1, 9.0), (0.1, -9.0), (1.0, 0.0)])
    assert gates.arrays["saturated"].tolist() == [True, True, False]
    assert not gates.arrays["dead"].any()
    capped = odd(nn.ReLU6(), [(0.1, 9.0), (0.1, -9.0), (1.0, 3.0)])
    assert capped.arrays["saturated"].tolist() == [True, False, False], "the zero of a rectifier is off"
    assert capped.arrays["dead"].tolist() == [True, True, False]


def test_a_single_sample_shows_no_change_and_no_death() -> None:
    assert not odd(nn.ReLU(), [(1.0, 3.0)], n=1).arrays["constant"].any()
