"""Copies: planted ones are found; honest and truncated generators and fitted Gaussians are not blamed (P5)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality import beside
from ganatomy.evaluate.quality.among_real import among_real, near_of
from ganatomy.evaluate.quality.beside import NAMES, by_relabelling, depth, fitted_gaussian, looked_up, nearest
from ganatomy.evaluate.quality.copies import Copies, copies, near_duplicates
from ganatomy.evaluate.scorecard.limits import shipped
from ganatomy.numerics.random import Stream

Law = Callable[[int, str, int], Tensor]
CENTRES = 4 * Stream(0, "centres").normal(range(20), 8, dtype=torch.float64)


def mixture(n: int, name: str, seed: int, *, spread: float = 1.0) -> Tensor:
    """The world of P5: 20 modes in eight dimensions."""
    stream = Stream(seed, name)
    return CENTRES[stream.integers(range(n), 20)] + spread * stream.child("noise").normal(
        range(n), 8, dtype=torch.float64
    )


def world(
    seed: int, n: int = 150, *, copied: float = 0.0, spread: float = 1.0, noise: float = 0.05
) -> tuple[Tensor, ...]:
    train, held_out = (mixture(n, name, seed) for name in ("train", "held"))
    fake = mixture(n, "fake", seed, spread=spread)
    count = round(copied * n)
    fake[:count] = train[:count] + noise * Stream(seed, "jitter").normal(range(count), 8, dtype=torch.float64)
    return fake, train, held_out


def judged(seed: int, *, draws: int = 199, **what: float) -> Copies:
    return copies(*world(seed, **what), space="points", stream=Stream(seed, "c"), draws=draws)  # type: ignore[arg-type]


def test_distances_under_any_labelling() -> None:
    fake, train, held_out = world(0, 40)
    side = looked_up(fake, train, held_out)
    labels = Stream(0, "l").uniform(range(80)) < 0.5
    pool = torch.cat([train, held_out])
    table = (fake[:, None] - pool[None]).norm(dim=2)
    mine, other = side.distances(labels)
    known = labels[side.where].any(1) & ~labels[side.where].all(1)
    assert known.double().mean() > 0.9
    assert torch.allclose(mine[known], table[:, labels].amin(1)[known])
    assert torch.allclose(other[known], table[:, ~labels].amin(1)[known])
    assert torch.equal(side.cut_short(labels), ~known)
    value = side.values(side.own)
    assert torch.equal(value["nearer to training"], (table[:, :40].amin(1) < table[:, 40:].amin(1)).double())


def test_a_label_beyond_the_depth_is_cut_in_every_arrangement_but_never_as_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(beside, "depth", lambda *sizes: 3)
    monkeypatch.setattr(beside, "DEPTH", 3)
    monkeypatch.setattr(beside, "ENTRIES", 3)
    train, held_out = torch.zeros(5, 1), torch.full((5, 1), 9.0)
    for fake, far in ((1.0, [1.0, 8.0]), (7.0, [7.0, 2.0])):
        made = torch.tensor([[fake]])
        side = looked_up(made, train, held_out)
        assert side.distances(side.own) == (torch.tensor([min(far)]), torch.tensor([min(far)]))
        assert side.cut_short(side.own).all()
        found = side.exactly(made, train, held_out)
        assert found.far.tolist() == [far]
        assert bool((found.where < torch.tensor([5, 10])).all() and found.where[0, 1] >= 5)


def test_the_depth_follows_from_the_sizes() -> None:
    """All of the nearest of a fake carry one label in less than 1 of 1000 relabellings."""
    assert depth(100, 100) == 32
    assert (30 / 31) ** depth(30_000, 1000) <= 1e-3 < (30 / 31) ** (depth(30_000, 1000) - 2)
    patients = torch.arange(310) // 10
    assert depth(300, 10, (patients[:300], patients[300:])) >= 10 * depth(30, 1) - 10
    train, held_out, fake = (mixture(n, name, 0) for n, name in ((3000, "t"), (100, "h"), (300, "f")))
    side = looked_up(fake, train, held_out)
    shuffled = side.own[torch.randperm(3100, generator=torch.Generator().manual_seed(0))]
    assert side.cut_short(shuffled).double().mean() < 0.01
    table = torch.stack([torch.cdist(fake, each).amin(1) for each in (train, held_out)], dim=1)
    assert torch.allclose(side.exactly(fake, train, held_out).far, table)
    assert torch.allclose(nearest(fake, train, held_out).far, table)


@pytest.mark.parametrize("spread", [1.0, 0.6])
def test_honest_and_truncated_generators_are_not_caught(spread: float) -> None:
    """60 runs at 5 %: 9 rejections or more have a chance of 1 in 400; none may be called a copier but by them."""
    told = [judged(seed, spread=spread, n=100, draws=39) for seed in range(60)]
    assert sum(each.p <= 0.05 for each in told) <= 8
    assert sum(each.verdict == "copies" for each in told) <= 3
    rate = torch.tensor([each.measured["near-exact copies"].value for each in told], dtype=torch.float64)
    assert abs(float(rate.mean())) < 4 * float(rate.std()) / 60**0.5 + 1e-9
    halves = torch.tensor([each.measured["nearer to training"].value for each in told], dtype=torch.float64)
    assert abs(float(halves.mean()) - 0.5) < 4 * float(halves.std()) / 60**0.5


def test_planted_copies_are_found_and_counted() -> None:
    told = [judged(seed, copied=0.1, draws=59) for seed in range(10)]
    assert sum(each.verdict == "copies" for each in told) >= 9
    rate = sum(each.measured["near-exact copies"].value for each in told) / 10
    assert rate == pytest.approx(0.1, abs=0.02)
    sloppy = [judged(seed, copied=0.2, noise=0.5, draws=59) for seed in range(4)]
    assert all(each.p <= 0.05 for each in sloppy)
    assert sum(each.measured["near-exact copies"].value for each in sloppy) / 4 < 0.15


def test_exact_copies_and_the_closest_pairs() -> None:
    told = judged(3, copied=0.04, noise=0.0)
    exact = told.measured["exact copies"]
    assert exact.value == pytest.approx(6 / 150)
    assert exact.floor == 0.0
    assert exact.interval is not None
    assert exact.value in exact.interval
    assert {tuple(pair) for pair in told.pairs[:6, :2].tolist()} == {(i, i) for i in range(6)}
    fake, _, held_out = world(3, copied=0.04, noise=0.0)
    apart = torch.cdist(fake[told.pairs[:, 0]], held_out)
    assert told.pairs[:, 2].tolist() == apart.argmin(1).tolist()
    assert told.distances[:6, 0].eq(0).all()
    assert (told.distances[:, 0] <= told.distances[:, 1]).sum() >= 6
    assert "not a privacy claim" in told.note
    assert "exact ones 4.00%" in told.note


def test_one_picture_for_ever_is_a_copy_though_labels_cannot_tell() -> None:
    _, train, held_out = world(0)
    told = copies(train[:1].expand(50, -1), train, held_out, space="points", stream=Stream(0, "c"), draws=39)
    assert told.p > 0.05
    assert told.verdict == "copies"
    assert told.measured["exact copies"].value == 1.0


def test_no_copy_at_all_is_not_known_to_be_none() -> None:
    fake, train, held_out = world(0)
    found = copies(fake + 9, train + 0, held_out, space="points", stream=Stream(0, "c"), draws=39)
    within = found.measured["near-exact copies"].interval
    assert within is not None
    assert within.low < 0 < within.high
    assert "units that agree" in within.method
    half = found.measured["nearer to training"].interval
    assert half is not None
    assert 0 <= half.low < half.high <= 1


def test_a_gaussian_is_caught_by_the_labels_but_has_no_excess() -> None:
    """Few samples in many dimensions: the fitted Gaussian leans to them, and copies nothing."""
    caught = blamed = 0
    for seed in range(10):
        train, held_out = (Stream(seed, name).normal(range(60), 40, dtype=torch.float64) for name in "th")
        fake = fitted_gaussian(train, 200, stream=Stream(seed, "another"))
        told = copies(fake, train, held_out, space="points", stream=Stream(seed, "c"), draws=39)
        caught += told.p <= 0.05
        blamed += told.verdict != "no copies seen"
    assert caught >= 9
    assert blamed <= 2


@pytest.mark.parametrize("width", [3, 300])
def test_the_fitted_gaussian_has_the_moments_of_the_samples(width: int) -> None:
    train = Stream(0, "t").normal(range(50), width, dtype=torch.float64) * torch.arange(1, width + 1) / width + 1
    drawn = fitted_gaussian(train, 20000, stream=Stream(0, "g"))
    assert torch.allclose(drawn.mean(0), train.mean(0), atol=0.05)
    assert torch.allclose(drawn.T.cov()[:3, :3], train.T.cov()[:3, :3], atol=0.05)


def test_groups_are_relabelled_whole() -> None:
    """Five patients with near-identical samples a side; fakes near one patient: labels of samples mean much, of groups
    little."""
    groups = torch.arange(10)
    samples = (5 * Stream(0, "p").normal(groups.tolist(), 8, dtype=torch.float64)).repeat_interleave(20, 0)
    samples = samples + 0.1 * Stream(0, "n").normal(range(200), 8, dtype=torch.float64)
    ids = groups.repeat_interleave(20)
    fake = samples[:20] + 0.1 * Stream(0, "f").normal(range(20), 8, dtype=torch.float64)
    ask = {"space": "points", "stream": Stream(0, "c"), "draws": 299}
    alone = copies(fake, samples[:100], samples[100:], **ask)  # type: ignore[arg-type]
    whole = copies(fake, samples[:100], samples[100:], groups=(ids[:100], ids[100:]), **ask)  # type: ignore[arg-type]
    assert alone.p <= 0.01
    assert whole.p >= 0.4
    assert whole.relabelled.far.exact
    with pytest.raises(UsageError, match="both x and y"):
        copies(fake, samples[:90], samples[90:], groups=(ids[:90], ids[90:]), **ask)  # type: ignore[arg-type]


def test_floors_are_the_mean_over_labellings() -> None:
    """All 20 ways to call three of six samples training ones; unequal sides have no floor of one half."""
    side = looked_up(*(mixture(n, name, 1) for n, name in ((30, "f"), (3, "t"), (3, "h"))))
    told = by_relabelling(side, stream=Stream(0, "r"))
    assert told.far.exact
    assert told.far.arrangements == 20
    assert [told.floors[name] for name in NAMES] == pytest.approx([0.5, 0.0, 0.0], abs=1e-12)
    uneven = looked_up(*(mixture(n, name, 1) for n, name in ((300, "f"), (90, "t"), (30, "h"))))
    floors = by_relabelling(uneven, stream=Stream(0, "r"), draws=99).floors
    assert floors["nearer to training"] == pytest.approx(0.75, abs=0.02)


def test_the_joint_p_is_of_the_smaller_of_two() -> None:
    """By hand over all labellings, and not below 5 % more often than it says."""
    side = looked_up(*(mixture(n, name, 4) for n, name in ((30, "f"), (3, "t"), (3, "h"))))
    rows = []
    for picks in itertools.combinations(range(6), 3):
        labels = torch.zeros(6, dtype=torch.bool)
        labels[list(picks)] = True
        rows.append([float(each.mean()) for each in list(side.values(labels).values())[1:]])
    table = torch.tensor(rows, dtype=torch.float64)
    p = (table[None] >= table[:, None] - 1e-12).double().mean(1)
    told = by_relabelling(side, stream=Stream(0, "r"))
    assert (told.far.p, told.near.p) == pytest.approx(tuple(p[0].tolist()))
    assert told.p == pytest.approx(float((p.amin(1) <= p[0].min() + 1e-12).double().mean()))


def test_near_duplicates_nearest_first() -> None:
    y = torch.arange(10.0)[:, None]
    pairs, far = near_duplicates(torch.tensor([[3.5], [4.25], [7.0], [99.0]]), y, within=0.4)
    assert pairs.tolist() == [[2, 7], [1, 4]]
    assert far.tolist() == [0.0, 0.25]
    assert near_duplicates(y, y, within=0.0)[0].tolist() == [[i, i] for i in range(10)]
    with pytest.raises(UsageError, match="within -1"):
        near_duplicates(y, y, within=-1.0)
    with pytest.raises(UsageError, match="two samples"):
        copies(y, y[:1], y, space="p", stream=Stream(0, "c"))
    with pytest.raises(UsageError, match="one feature space"):
        copies(y, y, torch.ones(4, 2), space="p", stream=Stream(0, "c"))


@pytest.mark.parametrize("symbols", [100 * 70, 100 * 200])
def test_chance_hits_among_data_that_repeat_themselves_are_no_copies(symbols: int) -> None:
    """Fakes of the law itself; a rule that looks at held-out samples alone blames a quarter of them."""
    blamed = 0
    for seed in range(60):
        tables = (
            Stream(seed, name).integers(range(100), symbols)[:, None].double() * torch.tensor([[1.0, 3.0]])
            for name in ("fake", "train", "held")
        )
        told = copies(*tables, space="symbols", stream=Stream(seed, "c"), draws=19)  # type: ignore[misc]
        blamed += told.verdict == "copies"
    assert blamed <= 8  # of 60 at 5 %: a chance of 1 in 150


def test_exact_copies_beyond_chance_need_no_p() -> None:
    """c pictures of 100 are a third to the power of c; a picture that both sides hold is one coincidence of others."""
    _, train, held_out = world(0, 100)
    fake = mixture(100, "other", 9, spread=1.0)

    def verdict(count: int, kept: Tensor) -> str:
        tables = torch.cat([train[:1].expand(count, -1), fake[count:]]), train, kept
        told = copies(*tables, space="points", stream=Stream(0, "c"), draws=19)
        judged = {shipped().verdict(told.excess[name]) for name in ("near-exact copies", "exact copies")}
        judged.add(shipped().verdict(told.excess["copied at least"]))
        assert ("fail" in judged) is (told.verdict == "copies")
        return told.verdict

    assert [verdict(count, held_out) for count in (0, 3, 4)] == ["no copies seen", "no copies seen", "copies"]
    twice = torch.cat([train[5:6], held_out[1:]])
    assert [verdict(count, twice) for count in (4, 9)] == ["no copies seen", "copies"]
    assert verdict(9, torch.cat([train[:1], held_out[1:]])) == "no copies seen"


def ring(n: int, name: str, seed: int) -> Tensor:
    """Eight modes in the plane, and nothing between them."""
    angle = Stream(seed, name).integers(range(n), 8).double() * math.pi / 4
    noise = Stream(seed, f"{name}/noise").normal(range(n), 2, dtype=torch.float64)
    return torch.stack([angle.cos(), angle.sin()], dim=1) + 0.02 * noise


def gaussian(n: int, name: str, seed: int) -> Tensor:
    return Stream(seed, name).normal(range(n), 8, dtype=torch.float64)


@pytest.mark.parametrize(("law", "n", "m"), [(ring, 500, 100), (ring, 1500, 50), (gaussian, 500, 100)])
def test_honest_draws_are_no_copies_where_training_samples_are_many(law: Law, n: int, m: int) -> None:
    told = []
    for seed in range(20):
        tables = (law(count, name, seed) for count, name in ((200, "f"), (n, "t"), (m, "h")))
        told.append(copies(*tables, space="p", stream=Stream(seed, "c"), draws=39))  # type: ignore[misc]
    assert sum(each.verdict == "copies" for each in told) <= 2
    assert sum(each.measured["near-exact copies"].value for each in told) / 20 < 0.04


def test_noisy_copies_are_found_where_training_samples_are_many() -> None:
    found = 0
    for seed in range(6):
        train, held_out, fake = (gaussian(n, name, seed) for n, name in ((2000, "t"), (400, "h"), (600, "f")))
        fake[:60] = train[:60] + 0.1 * gaussian(60, "n", seed)
        told = copies(fake, train, held_out, space="p", stream=Stream(seed, "c"), draws=39)
        found += told.verdict == "copies"
        assert told.measured["near-exact copies"].value == pytest.approx(0.1, abs=0.03)
    assert found >= 5


def test_how_near_a_copy_is_follows_from_real_samples() -> None:
    """In the plane 30 : 1 brings 1 in 100 of the law below sqrt(.01 / .99 / 30) of the other distance."""
    usual = among_real(ring(6000, "t", 0), ring(200, "h", 0), stream=Stream(0, "r"))
    assert usual is not None
    first, second = near_of(usual)
    assert first == pytest.approx((0.01 / 0.99 / 30) ** 0.5, rel=0.6)
    assert second == pytest.approx(1 / 3)
    assert near_of(among_real(gaussian(200, "t", 0), gaussian(200, "h", 0), stream=Stream(0, "r")))[0] == 1 / 3
    two = torch.tensor([0, 1]).repeat_interleave(50)
    few = among_real(ring(50, "t", 0), ring(50, "h", 0), (two[:50], two[50:]), stream=Stream(0, "r"))
    assert (few, near_of(few)) == (None, (1 / 3, 1 / 3))
