"""Smoothness against closed forms, a slow loop, and generators that draw, mix, round or have no gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from shared_tiny import DIM, PIXELS, tiny
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.smoothness import Walk, hessian, perceptual, pulled, smoothness, trimmed
from ganatomy.features.space import pixels, random_projection, space
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent, Normal, Sphere, Uniform
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import t_interval
from ganatomy.results.formats import Format
from ganatomy.results.measurement import Measurement


class Made(nn.Module):
    """Points from any function of latents."""

    def __init__(self, make: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.make, self.one = make, nn.Parameter(torch.ones(1))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.one * self.make(z)


def of(make: Callable[[Tensor], Tensor], latent: Latent, width: int = 1) -> GAN:
    return GAN(Made(make), latent, Format.point(width))


def alone(found: dict[str, Measurement]) -> Measurement:
    (told,) = found.values()
    return told


def curved(z: Tensor) -> Tensor:
    return torch.stack([torch.sin(2 * z[:, 0]) * z[:, 1], z[:, 2].square()], dim=1)


@pytest.mark.parametrize("eps", [1e-4, 1e-2])
def test_of_a_linear_generator_it_is_twice_the_squared_size_of_its_matrix(eps: float) -> None:
    gan = tiny()
    told = alone(perceptual(gan, 2000, Walk(eps=eps)))
    due = 2 * float(gan.generator.weight.detach().double().square().sum())  # type: ignore[operator, union-attr]
    assert told.value == pytest.approx(due, rel=0.05)
    assert told.interval is not None
    assert due in told.interval
    assert told.floor is not None
    assert told.floor < 1e-9 * due
    assert (told.name, told.space, told.n) == ("PPL[pixels], full", pixels(gan.format).id, 2000)
    assert alone(perceptual(gan, 50, Walk(eps=eps))).value == pytest.approx(alone(perceptual(gan, 50)).value, rel=1e-8)


def test_of_the_identity_along_arcs_it_is_the_mean_squared_angle() -> None:
    dim = 128
    gan = of(lambda z: z / math.sqrt(dim), Sphere(dim), dim)
    assert alone(perceptual(gan, 150)).value == pytest.approx((math.pi / 2) ** 2, rel=0.02)


def test_of_a_constant_generator_everything_is_at_its_floor() -> None:
    for told in smoothness(of(lambda z: 0 * z[:, :2] + 1, Normal(3), 2), 40).values():
        if "relative" not in told.name:
            assert told.value == pytest.approx(told.floor, abs=1e-9)


@pytest.mark.parametrize("latent", [Normal(3), Uniform(3), Sphere(3)])
@pytest.mark.parametrize("ends", [False, True])
def test_as_a_slow_loop_reads_it(latent: Latent, ends: bool) -> None:
    eps, n = 1e-3, 20
    z = latent.sample(4, range(2 * n)).double()
    drawn = Stream(4, "smoothness/perceptual").uniform(range(n), dtype=torch.float64)
    values = []
    for i in range(n):
        a, b = z[2 * i].numpy(), z[2 * i + 1].numpy()

        def at(s: float, a: np.ndarray = a, b: np.ndarray = b) -> Tensor:  # type: ignore[type-arg]
            if latent.kind == "sphere":
                w = math.acos(float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b)))
                point = (math.sin((1 - s) * w) * a + math.sin(s * w) * b) / math.sin(w)
                point = point * math.sqrt(3) / np.linalg.norm(point)
            else:
                point = a + s * (b - a)
            return curved(torch.from_numpy(point)[None])

        t = 0.0 if ends else float(drawn[i])
        values.append(float((at(t + eps) - at(t)).square().sum()) / eps**2)
    found = alone(perceptual(of(curved, latent, 2), n, Walk(eps=eps, ends=ends), seed=4))
    assert found.value == pytest.approx(float(np.mean(values)), rel=1e-5)


def test_trimming_is_stylegans() -> None:
    values = Stream(0, "heavy").normal(range(500), dtype=torch.float64).exp()
    low, high = (np.percentile(values.numpy(), q, method=way) for q, way in ((1, "lower"), (99, "higher")))
    kept = [v for v in values.tolist() if low <= v <= high]
    assert trimmed(values).value == pytest.approx(float(np.mean(kept)))
    assert "trimmed" in alone(perceptual(tiny(), 40, Walk(trim=True))).estimator


def test_the_interval_of_a_trimmed_mean_holds_what_it_says() -> None:
    """300 worlds of a heavy tail: 95 % less three standard errors, and something for the skewness."""
    due = trimmed(Stream(0, "heavy/all").normal(range(400_000), dtype=torch.float64).exp()).value
    draws = (Stream(seed, "heavy/one").normal(range(300), dtype=torch.float64).exp() for seed in range(300))
    assert sum(due in t_interval(trimmed(each)) for each in draws) >= 273


def test_a_class_is_the_same_at_both_ends_and_noise_inside_is_drawn_alike() -> None:
    class Loud(nn.Module):
        def __init__(self, loud: float) -> None:
            super().__init__()
            self.loud, self.one = loud, nn.Parameter(torch.ones(1))

        def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
            made = self.one * curved(z) + self.loud * torch.randn(len(z), 2, dtype=z.dtype)
            return made if labels is None else made + 5 * labels[:, None]

    with Stream(0, "draws").module_rng(0):
        gans = [GAN(Loud(loud), Normal(3, k), Format.point(2)) for loud, k in ((0.0, 0), (1e-4, 0), (1e-4, 4))]
    found = [smoothness(gan, 40) for gan in gans]
    for name, told in found[0].items():
        assert found[1][name].value == pytest.approx(told.value, rel=1e-9)
        assert found[2][name].value == pytest.approx(told.value, rel=1e-9)


def test_path_lengths_of_a_linear_generator_spread_by_the_noise_alone() -> None:
    gan = tiny()
    found = pulled(gan, 600)
    weight = gan.generator.weight.detach().double()  # type: ignore[operator, union-attr]
    noise = Stream(0, "smoothness/pulled").normal(range(600), 2, 1, 6, 6, dtype=torch.float64)
    lengths = (noise.reshape(600, 2, PIXELS) @ weight / 6).norm(dim=2)  # type: ignore[operator]
    assert found["path length"].value == pytest.approx(float(lengths.mean()), rel=1e-5)
    spread = found["path length, relative spread"]
    assert spread.value == pytest.approx(float(lengths.flatten().std() / lengths.mean()), rel=1e-5)
    assert spread.interval is not None
    assert spread.floor in spread.interval  # type: ignore[operator]
    uneven = pulled(of(lambda z: z.pow(3), Normal(2), 2), 600)["path length, relative spread"]
    assert uneven.interval is not None
    assert uneven.interval.low > 1.2 * (uneven.floor or 0)


@pytest.mark.parametrize(
    ("make", "due"),
    [
        (lambda z: z[:, :1] * z[:, 1:2], 4.0),
        (lambda z: z[:, :1] ** 2 * z[:, 1:2], 16.0),  # 16 z0^2, and E z0^2 = 1
        (lambda z: (z**2).sum(1, keepdim=True), 0.0),
    ],
)
def test_golden_hessian_penalties(make: Callable[[Tensor], Tensor], due: float) -> None:
    told = alone(hessian(of(make, Normal(2)), 4000))
    assert told.interval is not None
    assert due == pytest.approx(told.value, abs=1e-12) or due in told.interval
    assert told.value == pytest.approx(due, rel=0.15, abs=1e-12)
    assert told.n == 4032  # 63 lots of 64


def test_rounding_is_told_where_there_is_no_float64() -> None:
    rough = of(lambda z: torch.tanh(z.float() @ torch.ones(3, 1)), Normal(3))
    told = alone(perceptual(rough, 40))
    assert "float32" not in told.estimator  # a product with a parameter brings it back to float64
    single = GAN(Single(), Normal(3), Format.point(1))
    told = alone(perceptual(single, 200))
    fine = alone(perceptual(of(lambda z: torch.tanh(z.sum(1, keepdim=True)), Normal(3)), 200))
    assert "float32" in told.estimator
    assert 1e-9 < (told.floor or 0) < 1e-2
    assert told.value == pytest.approx(fine.value, rel=0.05)


class Single(nn.Module):
    """Refuses any type but float32."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1))

    def forward(self, z: Tensor) -> Tensor:
        assert z.dtype == torch.float32
        return torch.tanh(self.one * z.sum(1, keepdim=True))


def test_without_gradients_what_needs_none_is_told() -> None:
    blunt = of(lambda z: z.detach().square()[:, :1], Normal(2))
    blunt.generator.one.requires_grad_(False)  # type: ignore[union-attr, operator]
    assert not any(name.startswith("path length") for name in smoothness(blunt, 40))
    with pytest.raises(UsageError, match="without gradients"):
        pulled(blunt, 40)


def test_what_cannot_be_measured_is_refused() -> None:
    gan = tiny()
    bytes_ = space("bytes", Bytes(), gan.format)
    with pytest.raises(UsageError, match="no gradients come"):
        perceptual(gan, 40, space=bytes_)
    with pytest.raises(UsageError, match="at 5 latents"):
        hessian(gan, 5)
    with pytest.raises(UsageError, match="step of 0"):
        Walk(eps=0)
    broken = of(lambda z: torch.where(z[:, :1] > 2, z[:, :1] * float("inf"), z[:, :1]), Normal(2))
    with pytest.raises(InputError, match="NaN or infinite"):
        perceptual(broken, 400)


class Bytes(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (255 * x).flatten(1).to(torch.uint8).float()


def test_nothing_is_left_on_the_generator_and_the_same_comes_again() -> None:
    with Stream(0, "layers").module_rng(0):
        layers = nn.Sequential(nn.Linear(DIM, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3))
    gan = GAN(layers.train(), Normal(DIM), Format.point(3))
    before = {name: value.clone() for name, value in layers.state_dict().items()}
    seen: list[tuple[int, int]] = []
    found = smoothness(gan, 70, space=random_projection(gan.format, 2), progress=lambda a, b: seen.append((a, b)))
    assert layers.training
    assert all(torch.equal(before[name], value) for name, value in layers.state_dict().items())
    assert all(each.grad is None for each in layers.parameters())
    assert seen == sorted(seen) or [a / b for a, b in seen] == sorted(a / b for a, b in seen)
    assert seen[-1][0] == seen[-1][1]
    assert smoothness(gan, 70, space=random_projection(gan.format, 2)) == found
    assert set(found) == {
        "PPL[random-projection-2], full",
        "PPL[random-projection-2], ends",
        "Hessian penalty",
        "path length",
        "path length, relative spread",
    }
