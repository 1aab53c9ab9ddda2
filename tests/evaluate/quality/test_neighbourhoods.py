"""Precision, recall, density and coverage against slow loops, hand cases, closed forms, prdc and a plain jackknife."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality import balls as module
from ganatomy.evaluate.quality.balls import NAMES, balls, radii
from ganatomy.evaluate.quality.neighbourhoods import expected_coverage, neighbourhoods, readings, real_floor
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.estimate import estimate
from ganatomy.numerics.statistics.statistic import Statistic


def normal(n: int, d: int, name: str = "x", seed: int = 0) -> Tensor:
    return Stream(seed, name).normal(range(n), d, dtype=torch.float64)


def slowly(real: Tensor, fake: Tensor, k: int) -> dict[str, float]:
    """The definitions over whole tables, distances from differences."""
    own = [torch.sort((x[:, None] - x[None]).norm(dim=2), dim=1).values[:, k] for x in (real, fake)]
    table = (real[:, None] - fake[None]).norm(dim=2)
    in_real, in_fake = table <= own[0][:, None], table <= own[1][None]
    return {
        "precision": float(in_real.any(0).double().mean()),
        "recall": float(in_fake.any(1).double().mean()),
        "density": float(in_real.double().sum()) / (k * len(fake)),
        "coverage": float(in_real.any(1).double().mean()),
    }


@pytest.mark.parametrize("chunk", [16, 1000, 2**21])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_against_whole_tables(chunk: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", chunk)
    real, fake = normal(150, 6).to(dtype), (1.1 * normal(120, 6, "y") + 3).to(dtype)
    fake[:40] -= 3
    told = readings(real, fake, k=3)
    assert told == pytest.approx(slowly(real.double(), fake.double(), 3), abs=1e-12)
    assert 0 < told["precision"] < 1
    assert 0 < told["recall"] < 1
    assert 0 < told["coverage"] < 1


@pytest.mark.parametrize(
    ("by", "golden"),
    [("torch", (0.5664, 2785 / 3000, 0.4376, 0.788)), ("numpy", (0.5364, 2812 / 3000, 0.4136, 2299 / 3000))],
)
def test_the_values_of_prdc(by: str, golden: tuple[float, ...]) -> None:
    """Golden values of prdc 0.2 on R ~ N(0, I_32) x 3000 and F = 1.1 N x 2500, seed 0 (the first of metrics.md)."""
    generator, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
    drawn = [
        torch.randn(n, 32, generator=generator) if by == "torch" else torch.from_numpy(rng.normal(size=(n, 32)))
        for n in (3000, 2500)
    ]
    told = readings(drawn[0], 1.1 * drawn[1], k=5, strict=True)
    assert [told[name] for name in NAMES] == pytest.approx(golden, abs=1e-9)


def test_the_package_prdc(capsys: pytest.CaptureFixture[str]) -> None:
    prdc = pytest.importorskip("prdc")
    real, fake = normal(300, 8), 1.2 * normal(250, 8, "y")
    theirs = prdc.compute_prdc(real.numpy(), fake.numpy(), nearest_k=5)
    assert readings(real, fake, k=5, strict=True) == pytest.approx(theirs, abs=1e-9)


def test_a_hand_case() -> None:
    """Recall and coverage are blind to outliers."""
    real = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
    fake = torch.tensor([[0.5], [2.5], [10.0], [11.0]])
    assert readings(real, fake, k=1) == {"precision": 0.5, "recall": 1.0, "density": 1.0, "coverage": 1.0}


@pytest.mark.parametrize("width", [2, 64])
def test_identical_and_disjoint_sets(width: int) -> None:
    """Copies lie exactly on rims: no rounding may push one out, also far from the origin."""
    real = normal(200, width) + 100
    order = Stream(0, "order").permutation(0, 200)
    same = readings(real, real[order], k=5)
    assert same == dict.fromkeys(NAMES, 1.0) | {"density": 1.2}  # itself, and the fifth neighbour on the rim
    assert readings(real, real[order], k=5, strict=True) == dict.fromkeys(NAMES, 1.0)
    assert readings(real, real + 1000, k=5) == dict.fromkeys(NAMES, 0.0)


def test_collapse_to_one_point_near_a_real_one() -> None:
    real = normal(300, 16)
    fake = real[:1].expand(300, -1) + 1e-9
    told = readings(real, fake, k=5)
    assert told["precision"] == 1.0
    assert told["recall"] < 0.01
    assert told["coverage"] < 0.3
    same = torch.ones(20, 3)
    assert readings(same, same) == dict.fromkeys(NAMES, 1.0) | {"density": 4.0}
    assert readings(same, same, strict=True) == dict.fromkeys(NAMES, 0.0)


def test_coverage_of_one_law_is_known() -> None:
    assert expected_coverage(1000, 1000, k=5) == pytest.approx(0.96898, abs=1e-5)
    values = [readings(normal(60, 3, f"r{i}"), normal(60, 3, f"f{i}"), k=3) for i in range(150)]
    coverage = torch.tensor([each["coverage"] for each in values], dtype=torch.float64)
    density = torch.tensor([each["density"] for each in values], dtype=torch.float64)
    assert abs(float(coverage.mean()) - expected_coverage(60, 60, k=3)) < 4 * float(coverage.std()) / 150**0.5
    assert abs(float(density.mean()) - 1) < 4 * float(density.std()) / 150**0.5
    floor = real_floor(normal(400, 3), stream=Stream(0, "f"), k=3)
    assert floor["coverage"] == pytest.approx(expected_coverage(200, 200, k=3), abs=0.04)


@pytest.mark.parametrize("grouped", [False, True])
def test_all_leave_outs_of_one_pass_are_the_plain_jackknife(grouped: bool) -> None:
    """The slow way evaluates the statistic anew without each block, from the same addresses."""
    real, fake = normal(120, 4), 1.3 * normal(90, 4, "y")
    ids = torch.arange(120) // 12 if grouped else None
    if grouped:  # near duplicates, one of them of another group: it loses all its near neighbours with their block
        real = real[::12].repeat_interleave(12, 0).roll(1, 0) + 0.01 * real
    stream = Stream(3, "prdc")
    found = neighbourhoods(real, fake, space="points", stream=stream, k=4, groups=ids)
    for name in NAMES:
        high = float("inf") if name == "density" else 1.0
        plain = Statistic(name, lambda x, y, name=name: slowly(x, y, 4)[name], "neighbour", low=0, high=high)
        told = estimate(plain, (real, fake), method="jackknife", stream=stream, groups=(ids, None), repeats=20)
        mine = found[name].interval
        assert mine is not None
        assert found[name].value == pytest.approx(told.value, abs=1e-12)
        if "agree" in mine.method:  # where the plain one knows nothing
            assert (told.interval.low, told.interval.high) == (0, high)
            continue
        assert (mine.low, mine.high) == pytest.approx((told.interval.low, told.interval.high), abs=1e-12)


def test_a_total_collapse_is_told_for_sure() -> None:
    """All fakes one and the same, far from all: no block makes a difference; patients count as one."""
    real, fake = normal(300, 4), torch.full((200, 4), 50.0)
    found = neighbourhoods(real, fake, space="points", stream=Stream(0, "c"))
    for name in NAMES:
        within = found[name].interval
        assert within is not None
        assert (found[name].value, within.low) == (0, 0)
        due = 1 - 0.025 ** (1 / 200)
        assert within.high == pytest.approx(5 * due if name == "density" else due)
        assert within.high < 0.6 * (found[name].floor or 0)
    few = neighbourhoods(real, fake, space="points", stream=Stream(0, "c"), groups=torch.arange(300) // 30)
    assert few["coverage"].interval is not None
    assert few["coverage"].interval.high == pytest.approx(1 - 0.025 ** (1 / 10))


def test_radii_among_those_kept() -> None:
    """Also of a point that loses more of its nearest ones than were looked up at first."""
    points = normal(40, 2)
    table = (points[:, None] - points[None]).norm(dim=2)
    kept = torch.ones(40, 2, dtype=torch.bool)
    kept[table[0].argsort()[1:31], 1] = False
    found = radii(points, kept, k=3)
    for column in range(2):
        mine = kept[:, column]
        assert torch.allclose(found[mine, column], table[mine][:, mine].sort(dim=1).values[:, 3])
    assert found[~kept].eq(-1).all()


def test_intervals_cover_the_mean_at_this_number_of_samples() -> None:
    """60 repeats at 95 %: the mean over all of them stands for the truth; 1 in 1,000 honest ones has fewer than 51."""
    told = [
        neighbourhoods(
            normal(100, 3, f"a{i}"), 0.8 * normal(100, 3, f"b{i}"), space="p", stream=Stream(i, "c"), spare=SPARE
        )
        for i in range(60)
    ]
    for name in NAMES:
        truth = sum(each[name].value for each in told) / len(told)
        assert sum(truth in (each[name].interval or ()) for each in told) >= 51


def test_a_dropped_part_shows_in_coverage_and_recall_only() -> None:
    real, spare, fake = normal(400, 2), normal(400, 2, "s"), normal(1600, 2, "y")
    fake = fake[fake[:, 0] > 0][:400]
    found = neighbourhoods(real, fake, space="points", stream=Stream(0, "drop"), spare=spare)
    for name, seen in (("precision", False), ("recall", True), ("coverage", True)):
        assert found[name].interval is not None
        assert found[name].floor is not None
        assert (found[name].interval.high < found[name].floor) is seen  # type: ignore[union-attr,operator]
    assert found["density"].better == "neither"
    assert "spare" in found["density"].estimator
    other = neighbourhoods(real, fake, space="pixels", stream=Stream(0, "drop"), spare=spare)
    with pytest.raises(UsageError, match="space"):
        found["recall"].comparable(other["recall"])


class Watched(torch.utils._python_dispatch.TorchDispatchMode):
    """The size of the largest tensor that any operation made."""

    largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        for each in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(each, Tensor):
                self.largest = max(self.largest, each.numel())
        return out


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(module, "CHUNK", 2**13)
    monkeypatch.setattr("ganatomy.numerics.distances.CHUNK", 2**13)
    return 2**13


@pytest.mark.parametrize("collapsed", [False, True])
def test_no_table_of_all_pairs_is_ever_made(small: int, collapsed: bool) -> None:
    """What is live is a few chunks and a few numbers a sample; also where each fake lies in very many balls."""
    real, fake = normal(300, 8), normal(300, 8, "y") * (1e-3 if collapsed else 1.0)
    with Watched() as seen:  # type: ignore[no-untyped-call]
        balls(real, fake, k=5)
    assert seen.largest <= max(2 * small, 20 * 300) < 300 * 300 / 5


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda x: readings(x[:5], x, k=5), UsageError, "5th neighbours of 5"),
        (lambda x: readings(x, x[:, :1]), UsageError, "3 and 1 features"),
        (lambda x: readings(x, torch.full_like(x, torch.nan)), InputError, "NaN"),
    ],
)
def test_what_is_refused(make: Callable[[Tensor], object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        make(normal(30, 3))


SPARE = normal(100, 3, "spare")
