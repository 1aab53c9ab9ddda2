"""Lookup critics and copying generators are found; those that saw both sets alike are not, nor are other data."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from shared_tiny import SIDE, SMALL, brightness, greys, linear, tiny
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.attack import ALIKE, APART, NOT_TOLD
from ganatomy.evaluate.trust.membership import AttackPlan, of_critic, of_generator, pooled_groups
from ganatomy.features.space import pixels
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal

PLAN = AttackPlan(n=120, fakes=300, draws=99)
TRAIN, OTHERS = greys(120, seed=1, split="train"), greys(120, seed=2)


def lookup(data: list[Dataset]) -> GAN:
    kept = torch.cat([each.read(range(each.size)).flatten(1) for each in data])
    return tiny(lambda x: -torch.cdist(x.flatten(1), kept.to(x), compute_mode="donot_use_mm_for_euclid_dist").amin(1))


class Parrot(nn.Module):
    """Says the training samples over and over, a little off."""

    def __init__(self, data: Dataset) -> None:
        super().__init__()
        self.kept = nn.Parameter(data.read(range(data.size)))

    def forward(self, z: Tensor) -> Tensor:
        said = self.kept[(z[:, 0].abs() * 1e4).long() % len(self.kept)]
        return (said + 0.01 * z[:, :1, None, None]).clamp(-1, 1)


def test_a_lookup_critic_gives_every_member_away() -> None:
    told = of_critic(lookup([TRAIN]), TRAIN, OTHERS, plan=PLAN)
    assert told.verdict == APART
    assert told.measured["AUC"].value == 1.0
    assert told.measured["best advantage"].value == 1.0
    assert len(told.known) == len(told.other) == 120
    again = of_critic(lookup([TRAIN]), TRAIN, OTHERS, plan=PLAN)
    assert again.note == told.note
    assert torch.equal(again.known, told.known)


def test_a_critic_that_knows_both_sets_or_neither_gives_nobody_away() -> None:
    for gan in (lookup([TRAIN, OTHERS]), tiny(linear)):
        told = of_critic(gan, TRAIN, OTHERS, plan=PLAN)
        within = told.measured["AUC"].interval
        assert told.verdict == ALIKE
        assert within is not None
        assert 0.5 in within


def test_a_critic_of_batches_sees_both_sorts_mixed() -> None:
    """Its score is the mean of the batch: apart, members would all score the same, and non-members too."""
    seen: list[tuple[int, int]] = []
    told = of_critic(
        tiny(lambda x: x.mean().expand(len(x)) + 0 * brightness(x)),
        TRAIN,
        OTHERS,
        plan=PLAN,
        progress=lambda *at: seen.append(at),
    )
    assert told.verdict == ALIKE
    assert "belongs to its batch" in told.note
    assert seen[-1] == (240, 240)
    assert len(told.known[:64].unique()) > 1  # the first block is not of members alone


def test_brighter_members_are_no_leak() -> None:
    told = of_critic(tiny(brightness), greys(120, seed=1, shift=0.5), OTHERS, plan=PLAN)
    assert told.verdict == NOT_TOLD
    assert "differ in themselves" in told.note


def test_a_parrot_is_caught_by_its_samples_and_an_honest_generator_is_not() -> None:
    parrot = GAN(Parrot(TRAIN), Normal(5), SMALL)
    seen: list[tuple[int, int]] = []
    told = of_generator(parrot, TRAIN, OTHERS, pixels(SMALL), plan=PLAN, progress=lambda *at: seen.append(at))
    assert told.verdict == APART
    assert told.measured["AUC"].value > 0.9
    assert told.measured["AUC"].space == pixels(SMALL).id
    assert seen[-1] == (300, 300)
    fakes, known = parrot.sample(0, range(300)).flatten(1).double(), torch.sort(-told.known).values
    real = TRAIN.read(range(120)).flatten(1).double()
    assert torch.allclose(known, torch.cdist(real, fakes).amin(1).sort().values, atol=1e-6)
    assert of_generator(tiny(linear), TRAIN, OTHERS, pixels(SMALL), plan=PLAN).verdict == ALIKE


def test_people_of_both_sets_are_different_people() -> None:
    people = torch.arange(120) // 10
    sets = (replace(TRAIN, groups=people), replace(OTHERS, groups=people))
    groups = pooled_groups(sets, 120)
    assert groups is not None
    assert not set(groups[0].tolist()) & set(groups[1].tolist())
    assert of_critic(lookup([TRAIN]), *sets, plan=PLAN).measured["AUC"].n == 12
    assert pooled_groups((TRAIN, OTHERS), 120) is None
    half = pooled_groups((sets[0], OTHERS), 50)
    assert half is not None
    assert len(half[1].unique()) == 50


def test_faults() -> None:
    assert SIDE == 6
    with pytest.raises(UsageError, match="5 members"):
        of_critic(tiny(), greys(5), OTHERS)
    with pytest.raises(UsageError, match="without one"):
        of_critic(replace(tiny(), critic=None), TRAIN, OTHERS)
    with pytest.raises(UsageError, match="was planned"):
        AttackPlan(n=3)
