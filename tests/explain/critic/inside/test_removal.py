"""Removing units: a single carrier, a dead end that separates perfectly, two that stand in for each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from shared_marked import Units, gan_of, marked, one_carrier, sees, weighed
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.inside.carriers import concluded, removed_set
from ganatomy.explain.critic.inside.layers import critic_places
from ganatomy.explain.critic.inside.removal import (
    GAP,
    MOVED,
    RemovalPlan,
    _at_place,
    _sides,
    case_of,
    layer_removal,
    moved,
    removal,
)
from ganatomy.explain.critic.inside.removing import WAYS, Cut, levels_of
from ganatomy.explain.critic.inside.tally import Tally
from ganatomy.explain.critic.inside.units import UnitPlan, unit_separation
from ganatomy.explain.critic.inside.verdicts import agreed
from ganatomy.explain.critic.lots import fakes, groups_of, reals, together
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.effects import means_of
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.statistics.interval import mean_interval, mean_of
from ganatomy.results.formats import Score
from ganatomy.tracing.edit import edit
from ganatomy.tracing.trace import watch

PLAN = RemovalPlan(n=100)


class Saturating(nn.Module):
    """From what two units say together, 0 below 0.55 and 1 above 0.72."""

    def forward(self, units: Tensor) -> Tensor:
        both = (6 * (units[:, :2].clamp(max=1).sum(1) - 0.55)).clamp(0, 1)
        return (both + 0.05 * units[:, 2])[:, None]


class Level(nn.Module):
    """Chaotic in its units, and so of one mean on all sorts."""

    def forward(self, units: Tensor) -> Tensor:
        return torch.sin(1e4 * units.sum(1))[:, None]


class Beside(Units):
    """With a way around its units."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 3 * x[:, :, :2, :2].mean((1, 2, 3))[:, None]


def redundant() -> Units:
    """Units 0 and 1 are both about 1 on the mark, and nothing without it."""
    rows = [sees(1.6), sees(1.6), sees(1.0, of=2), sees(1.0, of=4), sees(1.0, of=4)]
    return Units(rows, [0.0, 0.0, 1.0, 1.0, 1.0], Saturating())


def test_a_single_carrier_is_found_and_a_dead_end_is_not_accused() -> None:
    gan = gan_of(one_carrier())
    told = removal(gan, marked(), plan=PLAN)
    claim, share = told.arrays["claim"][:, GAP], told.arrays["share"]
    assert claim.tolist() == [1, -1, -1, -1]
    assert share[0] == pytest.approx(1.0, abs=0.02)
    assert bool((told.arrays["share_low"][0] < 1.01).all() and (told.arrays["share_high"][0] > 0.99).all())
    assert told.arrays["effect"][1].tolist() == [[0.0] * len(MOVED)] * len(WAYS)
    assert told.arrays["claim"][0, MOVED.index("size")] == 1
    apart = unit_separation(gan, marked(), plan=UnitPlan(n=100))
    assert apart.arrays["area"][1, 0] == 1.0
    first, second, *_ = concluded(told, apart)
    assert (first.verdict, second.verdict) == ("present", "absent")
    assert first.claim.endswith("body.act:0")
    assert second.claim.endswith("body.act:1")
    assert "tells real from generated (area 1.00)" in second.note
    assert first.positive_control.value == pytest.approx(first.effect, rel=0.05)
    assert first.effect in first.interval
    unused = [f.claim.rpartition(":")[2] for f in concluded(told, apart) if f.verdict == "absent"]
    assert {int(unit) for unit in unused} == {unit for unit in (1, 2, 3) if apart.arrays["verdict"][unit, 0] > 0}
    blind = replace(apart, arrays={**apart.arrays, "verdict": np.zeros_like(apart.arrays["verdict"])})
    assert [f.verdict for f in concluded(told, blind)] == [f.verdict for f in concluded(told)] == ["present"]
    assert all(f.p <= 0.05 for f in concluded(told, apart))


def test_effects_are_those_of_plain_edits_one_picture_at_a_time() -> None:
    gan, n = gan_of(Units([sees(2.0), sees(1.0, of=2), sees(-2.0, of=4)], [1.0, 0.5, 0.3], weighed(1.0, 2.0, 1.5))), 90
    told = removal(gan, marked(), plan=RemovalPlan(n=n))
    scorer = Scorer(gan)
    pictures = [together(reals(gan, marked(), n)).pictures, together(fakes(gan, n, seed=0)).pictures]
    with torch.no_grad(), watch(scorer.critic, ["body.act"]) as trace:
        scorer(torch.cat(pictures))
    mean, sd = trace["body.act"].mean(0), 0.0
    with torch.no_grad():
        before = [scorer(each).double() for each in pictures]
    sd = float(torch.stack([each.var() for each in before]).mean().sqrt())
    assert told.arrays["sd"][0] == pytest.approx(sd, rel=1e-5)
    assert told.arrays["gap"][0] == pytest.approx(float(before[0].mean() - before[1].mean()) / sd, rel=1e-4)
    for unit in range(3):
        for way, level in (("mean", float(mean[unit])), ("zero", 0.0)):

            def at(activation: Tensor, unit: int = unit, level: float = level) -> Tensor:
                activation[:, unit] = level
                return activation

            with torch.no_grad(), edit(scorer.critic, {"body.act": at}):
                after = [torch.cat([scorer(one[None]).double() for one in each]) for each in pictures]
            change = [(a - b) / sd for a, b in zip(after, before, strict=True)]
            wanted = [
                change[0].mean(),
                change[1].mean(),
                (change[0] - change[1]).mean(),
                torch.cat(change).abs().mean(),
            ]
            found = told.arrays["effect"][unit, list(WAYS).index(way)]
            assert np.allclose(found, [float(each) for each in wanted], atol=2e-4)
            gaps, drop = (before[0] - before[1]) / sd, -(change[0] - change[1])
            share = float(drop.mean() / gaps.mean())
            error = float((drop - share * gaps).std() / gaps.mean().abs()) / n**0.5
            place = (unit, list(WAYS).index(way))
            assert told.arrays["share"][place] == pytest.approx(share, abs=1e-3)
            half = (told.arrays["share_high"][place] - told.arrays["share_low"][place]) / 2
            assert half == pytest.approx(1.984 * error, rel=0.01, abs=1e-6)


def test_two_that_stand_in_for_each_other_are_missed_alone_and_found_together() -> None:
    gan = gan_of(redundant())
    told = removal(gan, marked(), plan=PLAN)
    way = {name: place for place, name in enumerate(WAYS)}
    verdict = told.arrays["verdict"][:2, :, GAP]
    assert verdict[:, [way["mean"], way["zero"]]].max() == -1
    assert told.arrays["claim"][:2, GAP].tolist() == [0, 0], "exchange tells that they are read"
    assert not told.arrays["agreement"][:2, GAP].any()
    assert "they disagree about 2" in told.note
    both = removed_set(gan, marked(), "body.act", (0, 1), plan=PLAN)
    assert both.verdict == "present"
    assert both.arrays["share"][0] == pytest.approx(1.0, abs=0.05)
    assert abs(float(both.negative_control.value)) < 0.2 * abs(both.effect)
    none = removed_set(gan, marked(), "body.act", (3, 4), plan=PLAN)
    assert none.verdict == "absent"
    assert none.effect == 0.0
    assert none.p <= 0.05
    assert not {f.claim.rpartition(":")[2] for f in concluded(told)} & {"0", "1"}


def test_a_layer_is_all_of_a_chain_but_not_of_a_network_with_a_shortcut() -> None:
    alone = layer_removal(gan_of(one_carrier()), marked(), plan=PLAN)
    assert alone.units == ("body.act",)
    assert alone.arrays["share"][0] == pytest.approx(1.0, abs=0.01)
    rows = [sees(2.0), sees(4.0), sees(1.0, of=2), sees(1.0, of=4)]
    beside = layer_removal(
        gan_of(Beside(rows, [1.0, 2.0, 1.0, 1.0], weighed(1.0, 0.0, 0.05, 0.0))), marked(), plan=PLAN
    )
    assert beside.arrays["share"][0] == pytest.approx(0.4, abs=0.02)


def test_ways_agree_only_when_all_do_and_to_one_side() -> None:
    verdict = torch.tensor([[1, 1, 1], [1, 1, 1], [1, 0, 1], [-1, -1, -1], [-1, -1, 0]], dtype=torch.int8)
    effect = torch.tensor([[1.0, 2, 3], [1, -1, 1], [1, 1, 1], [0.1, -0.1, 0], [0, 0, 0]])
    assert agreed(verdict, effect, over=1).tolist() == [1, 0, 0, -1, 0]
    both = torch.zeros(1, 3, len(MOVED), dtype=torch.float64)
    both[:] = torch.tensor([1.0, -1.0, 1.0])[None, :, None]
    assert agreed(torch.ones_like(both), _sides(both), over=1).tolist() == [[1, 1, 0, 1]], "only the gap has a side"


def test_a_gap_that_is_not_there_has_no_shares() -> None:
    told = removal(gan_of(Units([sees(1.0, of=2), sees(1.0, of=4)], [1.0, 1.0], Level())), marked(), plan=PLAN)
    assert told.arrays["gap_low"][0] < 0 < told.arrays["gap_high"][0]
    assert np.isnan(told.arrays["share"]).all()
    assert "too near 0" in told.note


def test_a_score_that_is_high_for_fakes_gives_the_same_answer() -> None:
    rows = [sees(2.0), sees(4.0), sees(1.0, of=2), sees(1.0, of=4)]
    turned = Units(rows, [1.0, 2.0, 1.0, 1.0], weighed(-1.0, 0.0, -0.05, 0.0))
    plain = gan_of(one_carrier())
    other = GAN(plain.generator, plain.latent, plain.format, turned, Score("unbounded", "fake"))
    one, two = (removal(gan, marked(), plan=PLAN) for gan in (plain, other))
    assert np.allclose(one.arrays["effect"], two.arrays["effect"], atol=1e-6)


def test_nothing_is_left_behind_and_the_answer_is_the_same_again() -> None:
    gan = gan_of(one_carrier().train())
    one, two = (removal(gan, marked(), plan=PLAN) for _ in range(2))
    assert all(np.array_equal(one.arrays[name], two.arrays[name]) for name in one.arrays)
    critic = gan.critic
    assert critic is not None
    assert all(module.training and not module._forward_hooks for module in critic.modules())
    assert all(weight.requires_grad and weight.grad is None for weight in critic.parameters())


def test_bad_questions_are_refused() -> None:
    gan = gan_of(one_carrier())
    with pytest.raises(UsageError, match="smallest effect above 0"):
        RemovalPlan(smallest=0)
    with pytest.raises(UsageError, match="10 real pictures"):
        removal(gan, marked(10))
    with pytest.raises(UsageError, match="different units from 0 to 3"):
        removed_set(gan, marked(), "body.act", (0, 0))
    with pytest.raises(InputError, match="same score"):
        removal(gan_of(Units([sees(1.0)], [1.0], weighed(0.0))), marked())
    few = unit_separation(gan, marked(), plan=UnitPlan(n=50), sites=["body.read"])
    with pytest.raises(UsageError, match="other units"):
        concluded(removal(gan, marked(), plan=PLAN), few)
    assert Normal(8) == gan.latent


def test_pairs_of_one_group_are_taken_together() -> None:
    gan, n = gan_of(Units([sees(2.0), sees(1.0, of=2)], [1.0, 0.5], weighed(1.0, 2.0))), 90
    people = torch.arange(300) * 7 % 12
    told = removal(gan, replace(marked(), groups=people), plan=RemovalPlan(n=n))
    alone = removal(gan, marked(), plan=RemovalPlan(n=n))
    assert np.allclose(told.arrays["effect"], alone.arrays["effect"])
    assert told.arrays["n"][0] == n, "pictures are still counted"
    data = replace(marked(), groups=people)
    real, fake = together(reals(gan, data, n)), together(fakes(gan, n, seed=0))
    scorer = Scorer(gan)
    with torch.no_grad():
        gaps = (scorer(real.pictures) - scorer(fake.pictures)).double() / float(told.arrays["sd"][0])
    wanted = mean_interval(gaps, groups_of(data, n))
    assert told.arrays["gap_low"][0] == pytest.approx(wanted.low, rel=1e-4)
    case = case_of(gan, data, RemovalPlan(n=n))
    (place,) = critic_places(gan, None)
    cut = Cut(gan, place, levels_of(gan, [place], case.pairs)[0])
    assert case.gap.n == moved(cut, case, [[0]]).n == _at_place(cut, case).n == 12
    ids = groups_of(data, n)
    tally = Tally(ids, n)
    rows = torch.stack([gaps, gaps.square()], 1)
    for part in rows.split(40):
        tally.add(part)
    for column, found in enumerate(means_of(tally.moments())):
        mean = mean_of(rows[:, column], ids)
        assert (found.value, found.error) == (pytest.approx(mean.value), pytest.approx(mean.error))
        assert (found.df, found.n) == (mean.df, mean.n)
    with pytest.raises(UsageError, match="one group"):
        removal(gan, replace(marked(), groups=torch.zeros(300, dtype=torch.int64)))
