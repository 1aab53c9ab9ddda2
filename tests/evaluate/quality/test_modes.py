"""Modes and parts of the data: the figures of theory.md P5, scipy's own tests, error rates on honest generators."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.modes import by_nearest, modes_counted, parts, samples_to_see
from ganatomy.numerics.random import Stream


def drawn(weights: list[float], n: int, name: str, seed: int = 0) -> Tensor:
    edges = torch.tensor(weights, dtype=torch.float64).cumsum(0) / sum(weights)
    return torch.bucketize(Stream(seed, name).uniform(range(n), dtype=torch.float64), edges, right=True)


def names(count: int) -> list[str]:
    return [f"part {place}" for place in range(count)]


def test_how_many_samples_it_takes_to_see_all_modes() -> None:
    assert [samples_to_see(k) for k in (8, 25, 100, 1000)] == [39, 153, 757, 9899]
    with pytest.raises(UsageError, match="1 modes"):
        samples_to_see(1)


P5 = [1.0] * 19 + [0.5] * 3 + [0.0] * 3


@pytest.mark.parametrize(("n", "half"), [(200, 0.14), (500, 0.37), (1000, 0.73), (2000, 0.97)])
def test_dropped_and_half_made_modes_are_named_at_the_published_rates(n: int, half: float) -> None:
    """100 runs: a rate of three modes a run has a standard error below 0.05, even if they were one."""
    dropped, halves, wrong = 0, 0, 0.0
    for seed in range(100):
        told = parts(drawn(P5, n, "modes", seed), names(25), space="judge", due=[1 / 25] * 25)
        few = {*told.missing, *told.named("too few")}
        dropped += sum(f"part {place}" in few for place in (22, 23, 24))
        halves += sum(f"part {place}" in few for place in (19, 20, 21))
        wrong += len(few - set(names(25)[19:])) / max(len(few), 1)
    assert dropped == 300 or (n == 200 and dropped >= 297)
    assert halves / 300 == pytest.approx(half, abs=0.09)
    assert wrong / 100 <= 0.05


@pytest.mark.parametrize("known", [True, False])
def test_an_honest_generator_is_seldom_blamed(known: bool) -> None:
    """Of 200 honest ones at most a tenth may have any part named, in each of two questions; 3 standard errors more."""
    weights = [4.0, 2, 1, 1, 1, 0.5, 0.5]
    due = None if not known else [w / 10 for w in weights]
    blamed = {"few": 0, "many": 0}
    for seed in range(200):
        real = None if known else drawn(weights, 300, "real", seed)
        told = parts(drawn(weights, 300, "fake", seed), names(7), space="judge", real=real, due=due)
        blamed["few"] += bool(told.missing or told.named("too few"))
        blamed["many"] += bool(told.over)
    assert max(blamed.values()) <= 200 * 0.1 + 3 * (200 * 0.09) ** 0.5


def test_tails_and_intervals_are_those_of_scipy() -> None:
    fake, real = drawn([1, 2, 3], 80, "f"), drawn([2, 2, 3], 120, "r")
    told = parts(fake, names(3), space="judge", real=real)
    p: dict[str, list[float]] = {"less": [], "greater": []}
    for place in range(3):
        ours, theirs = int((fake == place).sum()), int((real == place).sum())
        for side, found in p.items():
            found.append(stats.fisher_exact([[ours, 80 - ours], [theirs, 120 - theirs]], alternative=side).pvalue)
        ratio = told.parts[place].ratio
        assert ratio.value == pytest.approx(ours / 80 / (theirs / 120))
        assert ratio.interval is not None
        assert ratio.value in ratio.interval
        assert ratio.floor == 1.0
    assert [part.p_few for part in told.parts] == pytest.approx(stats.false_discovery_control(p["less"]).tolist())
    assert [part.p_many for part in told.parts] == pytest.approx(stats.false_discovery_control(p["greater"]).tolist())
    known = parts(fake, names(3), space="judge", due=[0.2, 0.3, 0.5])
    for side, adjusted in (("less", [x.p_few for x in known.parts]), ("greater", [x.p_many for x in known.parts])):
        dues = enumerate((0.2, 0.3, 0.5))
        exact = [stats.binomtest(int((fake == i).sum()), 80, share, side).pvalue for i, share in dues]
        assert adjusted == pytest.approx(stats.false_discovery_control(exact).tolist())


def test_a_dropped_class_and_its_stand_in() -> None:
    fake, real = drawn([1, 1, 0, 2], 600, "f"), drawn([1, 1, 1, 1], 600, "r")
    told = parts(fake, ["a", "b", "c", "d"], space="judge", real=real)
    assert told.missing == ("c",)
    assert told.over == ("d",)
    assert "missing: c; too many: d" in told.note
    assert "600 real samples" in told.note
    ratio = told.parts[2].ratio
    assert ratio.value == 0
    assert ratio.interval is not None
    assert ratio.interval.high < 0.2
    same = parts(real, ["a", "b", "c", "d"], space="judge", real=real)
    assert same.missing == same.over == ()
    assert "no part" in same.note


def test_few_patients_are_not_many_pictures() -> None:
    """One of 10 patients has all the pictures of a part: 40 of 400 pictures, but about 1 of 9 independent ones."""
    real, patients = torch.zeros(400, dtype=torch.int64), torch.arange(400) // 40
    real[:40] = 1
    fake = torch.zeros(400, dtype=torch.int64)
    alone = parts(fake, names(2), space="judge", real=real)
    kept = parts(fake, names(2), space="judge", real=real, groups=patients)
    assert alone.parts[1].p_few < 1e-9
    assert kept.parts[1].p_few == pytest.approx(2 * 9 / 409)
    single = parts(fake, names(2), space="judge", real=real, groups=torch.arange(400))
    assert [part.p_few for part in single.parts] == pytest.approx([part.p_few for part in alone.parts])


def test_parts_by_the_nearest_real_sample() -> None:
    centres = torch.tensor([[0.0, 0], [10, 0], [0, 10]])
    labels = torch.arange(3).repeat_interleave(100)
    real = centres[labels] + Stream(0, "r").normal(range(300), 2)
    fake = centres[labels[:200]] + Stream(0, "f").normal(range(200), 2)
    made, own = by_nearest(real, labels, fake)
    assert torch.equal(own, labels)
    assert torch.equal(made, labels[:200])
    assert parts(made, names(3), space="pixels", real=own).missing == ("part 2",)


def test_counts_of_modes() -> None:
    labels = drawn(P5, 2000, "modes")
    labels[:200] = -1
    labels[0] = 24
    found = modes_counted(labels, 25, space="judge", stream=Stream(0, "modes"))
    loose, strict = found["modes hit"], found["modes hit, strictly"]
    assert loose.value == 23
    assert strict.value == 22
    assert found["share on modes"].value == pytest.approx(1801 / 2000)
    assert strict.interval is not None
    assert strict.interval.low <= 22 <= strict.interval.high < 25
    assert strict.floor == pytest.approx(25, abs=1e-3)
    kl = found["reverse KL"]
    share = torch.bincount(labels[labels >= 0], minlength=25).double() / 1801
    assert kl.value == pytest.approx(float(stats.entropy(share.numpy(), [1 / 25] * 25)))
    assert kl.interval is not None
    assert kl.interval.low > (kl.floor or 0)
    assert kl.floor == pytest.approx(24 / 3602)


def test_floors_are_what_honest_samples_read() -> None:
    told = [modes_counted(drawn([1.0] * 10, 60, "f", i), 10, space="j", stream=Stream(i, "m")) for i in range(150)]
    for name in ("modes hit", "modes hit, strictly", "reverse KL"):
        values = torch.tensor([each[name].value for each in told], dtype=torch.float64)
        slack = 0.15 * (told[0][name].floor or 0) if name == "reverse KL" else 4 * float(values.std()) / 150**0.5 + 1e-3
        assert float(values.mean()) == pytest.approx(told[0][name].floor, abs=slack)
    assert sum(10 in (each["modes hit, strictly"].interval or ()) for each in told) >= 142


def test_what_is_refused() -> None:
    labels = torch.tensor([0, 1])
    with pytest.raises(UsageError, match="needed once"):
        parts(labels, names(2), space="judge")
    with pytest.raises(UsageError, match="needed once"):
        parts(labels, names(2), space="judge", due=[1.0])
    with pytest.raises(UsageError, match="outside"):
        parts(labels, names(1), space="judge", due=[1.0])
    empty = parts(labels * 0, names(2), space="judge", real=labels * 0)
    assert empty.parts[1].verdict == "not told apart"
    assert math.isfinite(empty.parts[1].ratio.value)
