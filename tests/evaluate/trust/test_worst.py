"""The worst of many: brute force, slow loops, planted outliers, samples that are not finite."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from shared_tiny import DIM, SMALL, brightness, greys, linear, tiny
from torch import Tensor, nn

from ganatomy.data.dataset import stored
from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.scorecard.limits import shipped
from ganatomy.evaluate.trust.criteria import by_distance, by_function, by_score
from ganatomy.evaluate.trust.tails import clopper_pearson
from ganatomy.evaluate.trust.worst import beyond_all, expected, worst
from ganatomy.explain.critic.lots import places
from ganatomy.features.space import pixels, random_projection
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal

BRIGHT = by_function("brightness", brightness)


def test_the_worst_are_those_of_all_and_can_be_made_again() -> None:
    gan, data = tiny(size=0.1), greys(300)
    found = worst(gan, 500, by=BRIGHT, data=data, k=5, seed=3)
    values = brightness(gan.sample(3, range(500)).clamp(-1, 1)).double()
    assert found.indices.tolist() == values.argsort(descending=True, stable=True)[:5].tolist()
    assert torch.equal(found.made.values, values.sort(descending=True).values[:5])
    again = gan.sample(found.seed, found.indices.tolist()).clamp(-1, 1)
    assert torch.allclose(again, found.made.pictures, atol=1e-6)
    real = brightness(data.read(range(300))).double()
    assert found.real.indices.tolist() == real.argsort(descending=True)[:5].tolist()
    assert torch.equal(found.real.pictures, data.read(found.real.indices))
    assert found.measured["worst"].value == float(values.max())
    few = worst(gan, 20, by=BRIGHT, data=data, k=1)
    assert few.of == (20, 20)
    assert found.of == (500, 300)
    first = torch.tensor(places(data, 20))
    assert few.real.indices.tolist() == [int(first[real[first].argmax()])]
    assert few.measured["worst"].floor == pytest.approx(expected(real, 20))
    point = float(real.sort(descending=True).values[2])
    assert found.measured["beyond the real 99 %"].value == float((values > point).double().mean())
    assert found.measured["beyond the real 99 %"].floor == pytest.approx(3 / 301)
    assert found.measured["worse than the worst real"].value == float((values > real.max()).double().mean())
    assert "beyond the real 99.9 %" not in found.measured
    assert "300 real samples are too few" in found.note


def test_the_mean_of_the_largest_of_some() -> None:
    values = torch.tensor([3.0, -1, 7, 2, 2])
    for n in (1, 2, 3, 4, 5, 9):
        due = np.mean([max(some) for some in itertools.combinations(values.tolist(), min(n, 5))])
        assert expected(values, n) == pytest.approx(float(due))


def test_an_honest_generator_is_as_bad_as_real_samples() -> None:
    """200 worlds: the worst of as many real ones reads the same on average, and no tail is surely too large."""
    gan, wrong, gaps = tiny(size=0.05), 0, []
    for seed in range(200):
        made = gan.sample(seed + 1000, range(100)).clamp(-1, 1)
        kept = ((made + 1) * 127.5).round().to(torch.uint8)
        found = worst(gan, 100, by=BRIGHT, data=stored("own", "held-out", pictures=kept), k=1, seed=seed)
        tail, top = found.measured["beyond the real 99 %"], found.measured["worst"]
        assert tail.interval is not None
        assert tail.floor is not None
        wrong += tail.interval.low > tail.floor
        gaps.append(top.value - (top.floor or 0))
    assert wrong <= 10
    assert abs(float(np.mean(gaps))) < 3 * float(np.std(gaps)) / 200**0.5


def test_distance_over_radius_is_one_over_realism() -> None:
    gan, data = tiny(), greys(60, split="train")
    x = data.read(range(60)).flatten(1).double()
    apart = torch.cdist(x, x)
    radius = apart.sort(dim=1).values[:, 5]
    kept = radius <= radius.median()
    y = gan.sample(0, range(7))
    realism = (radius[kept] / torch.cdist(y.flatten(1).double(), x[kept])).max(1).values
    by = by_distance(gan, pixels(SMALL), data)
    assert torch.allclose(by.of(y, None, SMALL), 1 / realism, rtol=1e-5)
    assert pixels(SMALL).id in by.name
    assert by.space == pixels(SMALL).id
    assert by.of(data.read(range(60)), None, SMALL).min() == 0


def test_an_outlier_of_the_data_excuses_nothing() -> None:
    gan, dark = tiny(), greys(60, split="train")
    odd = torch.full((1, 1, 6, 6), 255, dtype=torch.uint8)
    pictures = ((dark.read(range(60)) + 1) * 127.5).round().to(torch.uint8)
    data = stored("with one", "train", pictures=torch.cat([pictures, odd]))
    space, near = pixels(SMALL), 0.95 * torch.ones(1, 1, 6, 6)
    plain, other = (by_distance(gan, space, each).of(near, None, SMALL) for each in (dark, data))
    assert other == pytest.approx(plain, rel=0.1)
    assert plain > 2


def test_by_score_the_lowest_are_the_worst() -> None:
    gan = tiny(linear)
    y = gan.sample(0, range(9))
    assert torch.allclose(by_score(gan).of(y, None, SMALL), -gan.realness(y).double())
    pair = tiny(linear, latent=Normal(DIM, 3), classes=("a", "b", "c"))
    found = worst(pair, 100, by=by_score(pair), data=greys(100, classes=True), k=3)
    assert torch.isfinite(found.made.values).all()


class Breaks(nn.Module):
    """Not finite where the first latent number is above 1.5, outside the range below -1.5."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1))

    def forward(self, z: Tensor) -> Tensor:
        made = self.one * 0.1 * z[:, 1, None, None, None].expand(-1, 1, 6, 6)
        made = torch.where(z[:, 0, None, None, None] < -1.5, 3.0, made)
        return torch.where(z[:, 0, None, None, None] > 1.5, float("nan"), made)


def test_samples_that_are_not_finite_are_the_worst_of_all() -> None:
    gan, data = GAN(Breaks(), Normal(DIM), SMALL), greys(200)
    first = gan.latent.sample(0, range(300))[:, 0]
    found = worst(gan, 300, by=BRIGHT, data=data, k=4)
    broken = int((first > 1.5).sum())
    assert found.measured["not finite"].value == broken / 300
    assert found.measured["outside the range"].value == int((first < -1.5).sum()) / 300
    assert bool(torch.isinf(found.made.values).all())
    assert found.indices.tolist() == (first > 1.5).nonzero()[:4, 0].tolist()
    assert found.measured["beyond the real 99 %"].value >= broken / 300
    apart = by_distance(gan, random_projection(SMALL, 8), greys(50, split="train"))
    assert worst(gan, 100, by=apart, data=data).measured["not finite"].value > 0


def test_what_cannot_be_is_refused() -> None:
    gan, data = tiny(), greys(100)
    with pytest.raises(UsageError, match="distance to themselves"):
        worst(gan, 100, by=by_distance(gan, pixels(SMALL), data), data=data)
    with pytest.raises(UsageError, match="worst 16 of 5"):
        worst(gan, 5, by=BRIGHT, data=data)
    with pytest.raises(UsageError, match="5 real samples"):
        worst(gan, 50, by=BRIGHT, data=greys(5))
    with pytest.raises(InputError, match="gives NaN"):
        worst(gan, 50, by=by_function("nan", lambda x: brightness(x) * float("nan")), data=data)
    with pytest.raises(UsageError, match="wanted is a number for each"):
        worst(gan, 50, by=by_function("shape", lambda x: x.mean((2, 3))), data=data)
    same = stored("same", "train", pictures=torch.zeros(30, 1, 6, 6, dtype=torch.uint8))
    with pytest.raises(UsageError, match="5 copies"):
        by_distance(gan, pixels(SMALL), same)


def test_groups_of_the_real_ones_are_heeded() -> None:
    base = greys(40).read(range(40)).repeat_interleave(5, 0)
    alone = stored("alone", "held-out", pictures=((base + 1) * 127.5).round().to(torch.uint8))
    data = replace(alone, groups=torch.arange(200) // 5, group_names=tuple(f"patient {i}" for i in range(40)))
    widths, dark = [], by_function("dark", lambda x: -brightness(x))
    for each in (data, alone):
        gan = tiny(size=0.1)
        within = worst(gan, 400, by=dark, data=each).measured["beyond the real 99 %"].interval
        assert within is not None
        widths.append(within.high - within.low)
    assert widths[0] > widths[1]


def test_the_same_comes_again_and_nothing_is_left() -> None:
    gan, data = tiny(), greys(100)
    seen: list[int] = []
    first, again = (
        worst(gan, 200, by=by_score(gan), data=data, progress=lambda done, of: seen.append(done)) for _ in range(2)
    )
    assert first.measured == again.measured
    assert seen[:4] == [64, 128, 192, 200]
    assert all(each.grad is None for each in gan.generator.parameters())


@pytest.mark.parametrize(("m", "n"), [(359, 2000), (2000, 2000), (359, 50_000)])
def test_the_worst_real_one_is_by_chance_where_it_is(m: int, n: int) -> None:
    """An honest generator: the share beyond the largest of m is Beta(1, m); 5 % of 400 misses are 20."""
    rng, wrong, naive = np.random.default_rng(0), 0, 0
    for _ in range(400):
        count = int(rng.binomial(n, rng.beta(1, m)))
        told = beyond_all(count, n, (m, m))
        assert told.interval is not None
        assert told.floor is not None
        assert told.value in told.interval
        wrong += told.floor not in told.interval
        naive += clopper_pearson(count, n).low > told.floor
    assert wrong <= 20
    assert naive > 20
    all_of, few = (beyond_all(n, n, (m, alone)).interval for alone in (m, m // 10))
    assert all_of is not None
    assert few is not None
    assert all_of.low > 0.2
    assert few.high == 1


def test_one_that_is_not_finite_is_sure_and_none_is_a_bound() -> None:
    broken = worst(GAN(Breaks(), Normal(DIM), SMALL), 300, by=BRIGHT, data=greys(200)).measured
    assert broken["not finite at least"].value > 0
    assert shipped().verdict(broken["not finite at least"]) == "fail"
    clean = worst(tiny(), 2000, by=BRIGHT, data=greys(200)).measured
    assert [shipped().verdict(clean[name]) for name in ("not finite", "not finite at least")] == ["pass", "pass"]
