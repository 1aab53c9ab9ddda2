"""Verdicts on single samples: copies, noise, honest real samples at the stated rate, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from shared_tiny import SMALL, brightness, greys, tiny

from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.realism import balls_of, nearest_of, realism
from ganatomy.evaluate.trust.single import StandardPlan, judge_fakes, judge_samples, standard
from ganatomy.evaluate.trust.single_verdicts import COPY, NOT_TOLD, REAL, UNLIKE
from ganatomy.features.space import pixels
from ganatomy.numerics.random import Stream

TRAIN, HELD = greys(300, seed=1, split="train"), greys(150, seed=2)
SPACE = pixels(SMALL)
NOISE = 2 * Stream(0, "noise").uniform(range(5), 1, 6, 6) - 1


def test_realism_by_the_formula() -> None:
    real = Stream(0, "r").normal(range(60), 4, dtype=torch.float64)
    own = torch.cat([Stream(1, "o").normal(range(20), 4, dtype=torch.float64), real[:2]])
    table = torch.cdist(real, real).fill_diagonal_(torch.inf)
    radii = table.sort(1).values[:, 2]
    small = radii <= radii.median()
    expected = (radii[small] / (own[:, None] - real[small]).norm(dim=2)).amax(1)
    found = realism(own, balls_of(real, k=3))
    assert torch.allclose(found, expected)
    assert torch.isinf(found[20:]).tolist() == small[:2].tolist()
    with pytest.raises(UsageError, match="3th neighbours of 3"):
        balls_of(real[:3])


def test_the_nearest_of_a_whole_set_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganatomy.evaluate.trust.realism.READ", 32)
    own, real = NOISE.flatten(1).double(), TRAIN.read(range(300)).flatten(1).double()
    far, where = nearest_of(TRAIN, SPACE, own, most=300)
    table = (own[:, None] - real).norm(dim=2)
    assert torch.allclose(far, table.amin(1))
    assert torch.equal(where, table.argmin(1))
    assert int(nearest_of(TRAIN, SPACE, own, most=50)[1].max()) < 50


def test_copies_noise_and_real_samples() -> None:
    known = standard(TRAIN, HELD, SPACE, gan=tiny(brightness))
    near = (TRAIN.read([3]) + 0.002 * NOISE[:1]).clamp(-1, 1)
    told = judge_samples(torch.cat([TRAIN.read([7]), near, NOISE, HELD.read([4])]), known)
    assert told.verdicts == (COPY, COPY, *[UNLIKE] * 5, REAL)
    assert told.reasons[0] == "an exact copy of training sample 7"
    assert "training sample 3" in told.reasons[1]
    assert told.numbers.nearest_train[:2].tolist() == [7, 3]
    assert told.numbers.nearest_held_out[-1] == 4
    assert told.measured[UNLIKE].value == 5 / 8
    assert told.p_critic is not None
    assert told.probability is not None
    assert torch.equal(told.p_unlike, (2 * torch.minimum(told.p_realism, told.p_critic)).clamp(max=1))
    alone = judge_samples(NOISE[1:2], known)
    assert alone.reasons[0] == told.reasons[3]
    assert alone.p_near[0] == told.p_near[3]


def test_new_real_samples_are_called_unlike_as_seldom_as_is_said() -> None:
    """Twelve standards, two of them with a critic, 100 new samples each; the floor, of held-out ones, agrees."""
    plan, unlike, copies, floors = StandardPlan(alpha=0.1), 0, 0, 0.0
    for seed in range(12):
        sets = (greys(100, seed=10 + seed), greys(120, seed=40 + seed))
        known = standard(*sets, SPACE, gan=tiny(brightness) if seed < 2 else None, plan=plan)
        told = judge_samples(greys(100, seed=70 + seed).read(range(100)), known)
        unlike, copies = unlike + told.verdicts.count(UNLIKE), copies + told.verdicts.count(COPY)
        floors += (told.measured[UNLIKE].floor or 0) / 12
    assert 0.03 <= unlike / 1200 <= 0.12
    assert copies / 1200 <= 0.1
    assert floors == pytest.approx(unlike / 1200, abs=0.035)


def test_groups_of_the_held_out_samples_count_once() -> None:
    grouped = replace(HELD, groups=torch.arange(150) // 10)
    known = standard(TRAIN, grouped, SPACE)
    told = judge_samples(NOISE, known)
    assert set(told.verdicts) == {NOT_TOLD}
    assert float(told.p_realism.min()) == 1 / 16
    assert "too few to tell" in told.note
    assert "15 held-out groups" in told.measured[REAL].estimator
    codes = torch.arange(150) // 10
    row = {place: at for at, place in enumerate(known.places)}
    other = torch.tensor([row[int(place)] for place in known.numbers.nearest_held_out])
    assert known.groups is not None
    assert bool((known.groups[other] != known.groups).all())
    assert len(codes.unique()) == 15


def test_fakes_are_judged_by_address_and_without_a_critic() -> None:
    gan = replace(tiny(brightness), critic=None)
    known = standard(TRAIN, HELD, SPACE, gan=gan)
    told = judge_fakes(gan, range(4, 8), known, seed=3)
    same = judge_samples(gan.sample(3, range(4, 8)), known)
    assert told.reasons == same.reasons
    assert told.p_critic is None
    assert "no critic" in told.note
    constant = standard(TRAIN, HELD, SPACE, gan=tiny(lambda x: 0 * brightness(x)))
    assert "The critic is not asked" in constant.note


def test_faults() -> None:
    known = standard(TRAIN, HELD, SPACE)
    with pytest.raises(UsageError, match="no samples"):
        judge_samples(torch.zeros(0, 1, 6, 6), known)
    with pytest.raises(UsageError, match="NaN"):
        judge_samples(NOISE * torch.nan, known)
    with pytest.raises(UsageError, match="in one format"):
        standard(TRAIN, greys(5), SPACE)
    with pytest.raises(UsageError, match="was planned"):
        StandardPlan(alpha=0.7)
