"""The published facts of planted parts, measured through edits of the generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import pytest
import torch
from torch import Tensor

from ganatomy.planted.parts import entangled_parts, parts
from ganatomy.planted.planted import Planted
from ganatomy.planted.wiring import PARTS, TRUTH, UNITS, WIRING, PartsTruth
from ganatomy.tracing.edit import Edit, edit, then
from ganatomy.tracing.trace import watch
from ganatomy.tracing.unit import channel, direction

N = 128
Make = Callable[[], Planted[PartsTruth]]
BOTH = pytest.mark.parametrize("make", [parts, entangled_parts])


@cache
def made(make: Make) -> Planted[PartsTruth]:
    return make()


@cache
def latents() -> Tensor:
    return parts().gan.latent.sample(0, range(N))


@cache
def untouched(make: Make) -> Tensor:
    return areas(made(make))


def areas(planted: Planted[PartsTruth]) -> Tensor:
    return planted.measure(planted.gan.decode(latents())).double().mean((2, 3))


def ablated(planted: Planted[PartsTruth], units: Sequence[int]) -> Edit:
    truth = planted.truth
    if truth.turn is None:
        return then(*(channel(truth.site, unit).set_to(0.0) for unit in units))
    return then(*(direction(truth.site, truth.direction(unit)).set_to(0.0) for unit in units))


def effect(make: Make, units: Sequence[int]) -> Tensor:
    """The share of each part that goes, (4,)."""
    return of(make, ablated(made(make), units))


def of(make: Make, change: Edit) -> Tensor:
    planted, before = made(make), untouched(make)
    with edit(planted.gan.generator, {planted.truth.site: change}):
        return (before - areas(planted)).mean(0) / before.mean(0)


@BOTH
def test_single_ablations_do_what_the_truth_says(make: Make) -> None:
    for unit in range(UNITS):
        found = effect(make, [unit]) if make is entangled_parts else single_effects(make)[unit]
        for place, part in enumerate(PARTS):
            wanted = TRUTH.single.get((unit, part), 0.0)
            slack = 0.12 if unit == TRUTH.eraser else 1e-4  # how often the eraser fires is drawn
            assert found[place] == pytest.approx(wanted, abs=slack), (unit, part)


@BOTH
def test_joint_ablations_show_what_single_ones_hide(make: Make) -> None:
    planted = made(make)
    for (units, part), wanted in planted.truth.joint.items():
        assert effect(make, units)[PARTS.index(part)] == pytest.approx(wanted, abs=1e-4), (units, part)


def test_the_eraser_takes_its_published_share() -> None:
    planted = made(parts)
    z = planted.gan.latent.sample(1, range(6_000))
    units = planted.gan.generator.get_submodule("cause")(z).sum((2, 3))
    fires = float(units[:, 6].sum() / units[:, 5].sum())
    assert fires / (1 - fires) == pytest.approx(0.22, abs=0.03)


def test_the_truth_is_what_the_wiring_says() -> None:
    assert len(TRUTH.path) == 9
    assert len(TRUTH.single) == 6
    assert {pair for pair in TRUTH.path if pair not in TRUTH.single} == {(3, "C"), (4, "C"), (12, "A")}
    assert set(TRUTH.idle) == set(range(UNITS)) - {unit for unit, _ in WIRING}
    weight = made(parts).gan.generator.get_parameter("draw.weight")
    assert set(torch.nonzero(weight.abs().sum((1, 2, 3)) == 0).flatten().tolist()) == set(TRUTH.idle)


def test_a_dead_end_goes_with_its_part_perfectly() -> None:
    planted = made(parts)
    with watch(planted.gan.generator, ["units"]) as trace:
        pictures = planted.gan.generator(latents())
    active, area = trace["units"].double().mean((2, 3)), planted.measure(pictures).double().mean((2, 3))
    together = torch.corrcoef(torch.cat([active, area], 1).T + 0)[:UNITS, UNITS:]
    assert together[7, 0] == pytest.approx(1.0, abs=1e-9)
    assert together[9, 2] == pytest.approx(1.0, abs=1e-9)
    assert together[13, 0] == pytest.approx(1.0, abs=1e-9)
    assert together[1, 0] == pytest.approx(0.72, abs=0.15)  # draws B, which goes with A
    torch.testing.assert_close(active[:, [7, 8, 9, 10]], 2.5 * active[:, [0, 1, 3, 5]])  # amplified
    assert float(active[:, 16:].mean()) > 5 * float(active[:, :14].mean())


def test_inserting_a_drawer_draws_its_part() -> None:
    planted = made(parts)
    empty = torch.zeros(1, UNITS, 8, 8)
    for unit in range(UNITS):
        one = empty.clone()
        one[:, unit, 4, 4] = 1.0
        with edit(planted.gan.generator, {"units": lambda _, one=one: one}):
            area = planted.measure(planted.gan.generator(latents()[:1])).sum((2, 3))[0]
        drawn = {PARTS[place] for place in torch.nonzero(area).flatten().tolist()}
        assert drawn == {part for part in PARTS if WIRING.get((unit, part), 0.0) > 0}, unit


def test_a_rotation_leaves_the_pictures_and_hides_the_units() -> None:
    plain, turned = made(parts), made(entangled_parts)
    torch.testing.assert_close(turned.gan.decode(latents()), plain.gan.decode(latents()), atol=2e-5, rtol=0)
    turn = turned.truth.turn
    assert turn is not None
    torch.testing.assert_close(turn @ turn.T, torch.eye(UNITS), atol=1e-6, rtol=0)
    nearest = turned.truth.fires.abs().amax(1)  # cosine with the nearest single unit
    assert float(nearest.mean()) == pytest.approx(0.5, abs=0.12)


@cache
def single_effects(make: Make) -> Tensor:
    """Of every channel of the site, (24, 4)."""
    return torch.stack([of(make, channel("units", unit).set_to(0.0)) for unit in range(UNITS)])


def precision(make: Make) -> float:
    """Average precision of the size of an ablation's effect against the pairs of the truth, for plain units."""
    true = torch.tensor([[(unit, part) in TRUTH.single for part in PARTS] for unit in range(UNITS)]).flatten()
    ranked = true[single_effects(make).abs().flatten().argsort(descending=True, stable=True)].double()
    at_each = ranked.cumsum(0) / torch.arange(1, len(ranked) + 1)
    return float((at_each * ranked).sum() / ranked.sum())


def test_ablation_names_the_plain_units_and_none_behind_a_rotation() -> None:
    assert precision(parts) == pytest.approx(1.0)
    assert precision(entangled_parts) < 0.15  # 6 of 96 pairs are true


@BOTH
def test_the_decoder_reads_five_directions_and_no_dead_end(make: Make) -> None:
    planted = made(make)
    weight = planted.gan.generator.get_parameter("draw.weight").flatten(1).double()
    left, sizes, _ = torch.linalg.svd(weight, full_matrices=False)
    assert int((sizes > 1e-5 * sizes[0]).sum()) == 5
    span = left[:, :5]
    truth = torch.linalg.qr(planted.truth.reads.double().T)[0]
    cosines = torch.linalg.svdvals(span.T @ truth)
    torch.testing.assert_close(cosines, torch.ones(5, dtype=torch.float64), atol=1e-6, rtol=0)
    for unit in planted.truth.idle:
        assert float((span.T @ planted.truth.direction(unit).double()).norm()) < 3e-6


def test_each_stamp_is_whole_wherever_it_lies() -> None:
    areas_there = untouched(parts)
    for part in (0, 1, 2):
        there = areas_there[:, part]
        assert len(there[there > 0].unique()) == 1
        assert float((there > 0).double().mean()) == pytest.approx(0.5, abs=0.13)


def test_another_rotation_has_another_seed() -> None:
    assert not torch.allclose(entangled_parts(1).truth.reads, made(entangled_parts).truth.reads)
