"""Paired effects against plain edits one by one; blocks, memory, nothing left behind; shuffled labels."""

from __future__ import annotations

import pytest
import torch
from oracles_dissection import BRIGHT, HALVES, small
from oracles_peak import peak
from torch import Tensor

from ganatomy.explain.generator import effects as module
from ganatomy.explain.generator import values
from ganatomy.explain.generator.effects import Measured, means_of, measure_effects
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import Plan
from ganatomy.explain.generator.sites import named_sites
from ganatomy.explain.generator.values import INTERVENTIONS
from ganatomy.explain.passes import draws, made
from ganatomy.models.gan import GAN
from ganatomy.numerics.running import Moments
from ganatomy.numerics.statistics.interval import mean_of
from ganatomy.tracing.edit import edit
from ganatomy.tracing.trace import watch
from ganatomy.tracing.unit import channel

PLAN = Plan(images=100)
PANEL = Panel((BRIGHT, HALVES))


def measured(gan: GAN, *, plan: Plan = PLAN, panel: Panel = PANEL) -> Measured:
    sites = named_sites(gan, next(iter(draws(gan, 2, seed=0))), ["start.act", "up1.act"])
    return measure_effects(gan, panel, sites, plan=plan)


def table(found: Measured, place: int) -> Tensor:
    return found.moments[place].mean[:-3].reshape(-1, len(INTERVENTIONS), 3)


@pytest.fixture(scope="module", name="found")
def _found() -> Measured:
    return measured(small())


def test_every_intervention_is_what_plain_edits_one_by_one_give(found: Measured) -> None:
    gan = small()
    own = next(iter(draws(gan, 100, seed=0, start=PLAN.causal.start, block=100)))
    other = next(iter(draws(gan, 100, seed=0, start=PLAN.donors.start, block=100)))
    kept = []
    for draw in (own, other):
        with watch(gan.generator, ["start.act"]) as trace:
            pictures = made(gan.generator, draw)
        kept.append(trace["start.act"])
    before = PANEL.told(made(gan.generator, own))
    for unit in range(4):
        mean = found.natural[0].mean[unit].float()
        falls = [(kept[0][:, unit] - value).mean((1, 2)).sign() for value in (mean, kept[1][:, unit])]
        for place, (value, turned) in enumerate(
            [(0.0, torch.ones(100)), (mean, falls[0]), (kept[1][:, unit], falls[1])]
        ):
            with edit(gan.generator, {"start.act": channel("start.act", unit).set_to(value)}):
                pictures = made(gan.generator, own)
            wanted = (turned[:, None] * (PANEL.told(pictures) - before) / found.spread).mean(0)
            torch.testing.assert_close(table(found, 0)[unit, place], wanted, atol=2e-3, rtol=0)  # masks count pixels
            torch.testing.assert_close(table(found, 0)[unit, place, 1:], wanted[1:], atol=1e-5, rtol=0)


def test_all_units_off_is_the_positive_control(found: Measured) -> None:
    gan = small()
    own = next(iter(draws(gan, 100, seed=0, start=PLAN.causal.start, block=100)))
    with edit(gan.generator, {"up1.act": torch.zeros_like}):
        after = PANEL.told(made(gan.generator, own))
    wanted = ((after - PANEL.told(made(gan.generator, own))) / found.spread).mean(0)
    torch.testing.assert_close(found.moments[1].mean[-3:], wanted, atol=2e-3, rtol=0)


def test_the_same_bits_again_and_other_blocks_within_rounding(found: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    again = measured(small())
    assert all(torch.equal(a.mean, b.mean) for a, b in zip(found.moments, again.moments, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(found.unlike, again.unlike, strict=True))
    monkeypatch.setattr(module, "draws", lambda gan, n, *, seed, start: draws(gan, n, seed=seed, start=start, block=16))
    other = measured(small(), panel=Panel((HALVES,)))
    for place in range(2):
        mine = table(found, place)[..., 1:]
        theirs = other.moments[place].mean[:-2].reshape(-1, len(INTERVENTIONS), 2)
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=0)


def test_memory_does_not_grow_with_the_number_of_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most bytes alive at any operation, at n and 8 n; the reference, of a fixed size, would hide the rest."""
    monkeypatch.setattr(values, "REFERENCE", 64)
    gan = small()
    few, many = (peak(lambda n=n: measured(gan, plan=Plan(images=n))) for n in (128, 1024))
    assert many < 1.01 * few


def test_large_maps_go_fewer_units_at_a_time(found: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD", 1)
    apart = measured(small())
    for mine, theirs in zip(found.moments, apart.moments, strict=True):
        torch.testing.assert_close(mine.mean, theirs.mean, atol=1e-6, rtol=0)


def test_the_generator_is_left_as_it_was(found: Measured) -> None:
    gan = small()
    gan.generator.train()
    digest = gan.digest()
    measured(gan)
    assert all(module.training for module in gan.generator.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in gan.generator.modules())
    assert all(p.grad is None and p.requires_grad for p in gan.generator.parameters())
    assert gan.digest() == digest


def test_running_means_are_those_of_single_values() -> None:
    values = torch.tensor([[1.0, 2.0, 0.1], [1.0, 4.0, 0.1], [1.0, 9.0, 0.1]], dtype=torch.float64)
    for mean, column in zip(means_of(Moments.of(values[:1]) + Moments.of(values[1:])), values.T, strict=True):
        slow = mean_of(column)
        assert (mean.value, mean.error, mean.df, mean.n) == pytest.approx((slow.value, slow.error, slow.df, slow.n))


def test_shuffled_labels_have_no_effect_on_average(found: Measured) -> None:
    """All measurements of a block are exchanged, edited pictures' and others'; the spread is that of the concept."""
    gan = small()
    shuffled = measured(gan, panel=Panel(PANEL.measurers, shuffle=1))
    n = shuffled.moments[0].n
    z = shuffled.moments[0].mean / (shuffled.moments[0].variance() / n).sqrt()
    assert float(z.abs().max()) < 4.5
    assert float((found.moments[0].mean / (found.moments[0].variance() / n).sqrt().clamp(min=1e-9)).abs().max()) > 8
