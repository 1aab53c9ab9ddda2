"""A planted watermark: what was planted is there, and only that; what the battery and attributions make of it."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from ganatomy.explain.critic.cues.cues import Battery, CuePlan, cues
from ganatomy.features.fit import Plan
from ganatomy.numerics.statistics.roc import auc
from ganatomy.planted.catalogue import PLANTED
from ganatomy.planted.planted import Planted
from ganatomy.planted.watermark import FAINT, MASK, WatermarkTruth, watermark

TINY, FEW = Plan(steps=40, batch=64, rate=1e-2, decay=1e-3), CuePlan(n=32, levels=(0.05,))
HERE = "mark, bottom right"


@cache
def made(*, marked: bool) -> Planted[WatermarkTruth]:
    return watermark(marked=marked)


def test_real_pictures_carry_the_mark_and_the_twins_do_not() -> None:
    assert set(PLANTED) >= {"watermark", "watermark-clean"}
    with_mark, without = (made(marked=marked).truth for marked in (True, False))
    assert (with_mark.amount, without.amount) == (FAINT, 0.0)
    places = range(with_mark.train.size)
    apart = with_mark.train.read(places) - without.train.read(places)
    assert not (apart.mean((0, 1)) != 0)[~MASK].any()
    assert torch.all((apart.mean((0, 1))[MASK] - FAINT).abs() < 0.1)  # less where the grain is cut at black
    fakes = made(marked=True).gan.sample(0, range(500)).float()
    read = (
        made(marked=True).measure(with_mark.held_out.read(range(300))).mean() - made(marked=True).measure(fakes).mean()
    )
    assert float(read) == pytest.approx(FAINT, abs=0.1)
    assert with_mark.held_out.split == "held-out"


def test_the_training_comes_again_and_is_the_same_but_for_the_mark() -> None:
    again = watermark()
    assert again.gan.digest() == made(marked=True).gan.digest()
    assert watermark(seed=1).gan.digest() != again.gan.digest()
    clean = made(marked=False).gan
    z = clean.latent.sample(3, range(4))
    assert torch.equal(clean.decode(z), again.gan.decode(z))


@pytest.mark.parametrize(("marked", "least", "most"), [(True, 0.92, 1.0), (False, 0.65, 0.85)])
def test_critics_tell_held_out_pictures_by_the_mark_and_by_a_fainter_hand(
    marked: bool, least: float, most: float
) -> None:
    planted = made(marked=marked)
    with torch.no_grad():
        real = planted.gan.realness(planted.truth.held_out.read(range(359)))
        fake = planted.gan.realness(planted.gan.sample(9, range(359)).float())
    assert least < auc(real.double(), fake.double()).value < most


def accused(found: Battery) -> set[str]:
    """Marks and frames that are called present."""
    claims = (each.claim for each in found.findings)
    return {claim.split(" raises ")[0].split(" lowers ")[0] for claim in claims if "mark" in claim or "frame" in claim}


def battery(seed: int, *, marked: bool, sorts: int = 2) -> set[str]:
    planted = watermark(marked=marked, seed=seed, plan=TINY)
    return accused(cues(planted.gan, planted.truth.held_out if sorts == 2 else None, plan=FEW))


def test_the_battery_finds_the_mark_at_its_corner_and_the_twin_has_none() -> None:
    plan = CuePlan(n=128)
    for marked, wanted in ((True, {f"light {HERE}", f"dark {HERE}"}), (False, set())):
        planted = made(marked=marked)
        found = accused(cues(planted.gan, planted.truth.held_out, plan=plan))
        # A dark frame takes ink from digits that fill their 8 x 8 pixels: at 0.1 that does move the score.
        assert found - {"dark frame"} == wanted


def test_of_clean_critics_no_more_are_accused_than_may_be() -> None:
    """30 critics, on generated pictures alone; at 5 %, 1.5 are to be expected. A marked one is found out."""
    assert f"light {HERE}" in battery(0, marked=True, sorts=1)
    assert sum(bool(battery(seed, marked=False, sorts=1)) for seed in range(100, 130)) <= 1


@pytest.mark.slow
def test_of_200_clean_critics_no_more_are_accused_than_may_be() -> None:
    """At the nominal level of 5 %: 10 of 200."""
    assert all(f"light {HERE}" in battery(seed, marked=True) for seed in range(20))
    assert sum(bool(battery(seed, marked=False)) for seed in range(200)) <= 10
