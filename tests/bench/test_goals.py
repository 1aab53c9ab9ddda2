"""The figures of the recipes, on samples whose answer is known: real ones meet every target, spoilt ones miss it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from ganatomy.bench import digits, modes
from ganatomy.bench.rows import Row
from ganatomy.data.catalogue import load_splits
from ganatomy.data.worlds import WORLDS
from ganatomy.numerics.random import Stream


def found_by(row: str, rows: list[Row]) -> Row:
    (found,) = [each for each in rows if each.name.startswith(row)]
    return found


def one_by_one(measure: Any, seeds: Any, *, progress: Any) -> list[Any]:
    return [measure(seed) for seed in seeds]


@pytest.mark.parametrize(("missing", "ok"), [(0, True), (1, False)])
def test_the_ring_itself_meets_the_targets_and_one_without_a_mode_does_not(
    monkeypatch: pytest.MonkeyPatch, missing: int, ok: bool
) -> None:
    world = WORLDS["ring8"]()

    def samples(n: int) -> Tensor:
        drawn = world.sample(Stream(1, "test"), range(2 * n)).float()
        near = torch.cdist(drawn.double(), world.centres.double()).argmin(1)
        return drawn[near >= missing][:n]

    run = SimpleNamespace(samples=samples, seconds=1.0, setup=SimpleNamespace(train=SimpleNamespace(truth=world)))
    monkeypatch.setattr(modes, "trained", lambda recipe, seed: run)
    monkeypatch.setattr(modes, "each_seed", one_by_one)
    rows = modes.ring(progress=lambda done, total: None)
    assert found_by("ring8: modes, strict", rows).reading.value == 8 - missing
    assert found_by("ring8: modes, strict", rows).ok == ok
    assert found_by("ring8: high quality", rows).reading.value == pytest.approx(0.989, abs=0.01)
    assert found_by("ring8: reverse KL", rows).ok == ok


def test_copies_are_counted_and_fresh_digits_are_not() -> None:
    train, held_out = (part.read(range(part.size)) for part in load_splits("digits"))
    assert digits._copies(train[:200], held_out, train) == 1.0
    assert digits._copies(held_out, held_out, train) == pytest.approx(digits.CLOSE, abs=0.005)


def test_digits_that_are_the_real_ones_stand_at_the_floor_and_noise_far_off(monkeypatch: pytest.MonkeyPatch) -> None:
    train, held_out = load_splits("digits")
    monkeypatch.setattr(digits, "MANY", 1400)
    found = []
    for pictures in (train.read(range(1400)), 2 * Stream(0, "noise").uniform(range(1400), *train.format.shape) - 1):
        run = SimpleNamespace(
            samples=lambda n, all=pictures: all[:n], seconds=1.0, setup=SimpleNamespace(train=train, held_out=held_out)
        )
        monkeypatch.setattr(digits, "trained", lambda name, seed, run=run: run)
        found.append(digits._measured(0))
    real, noise = found
    assert real["raw"] < digits._halves() < 0.5 < 10 < noise["raw"]
    assert real["copies"] == 1.0  # the training digits are copies of themselves
    assert real["rarest"] > 0.08
    assert noise["copies"] == 0.0
    assert real["corrected"] < 0.5 < noise["corrected"]


def test_stacked_digits_are_read_channel_by_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three copies of one digit there are ten modes."""
    train = load_splits("digits")[0]
    grey = train.read(range(1000)).repeat(1, 3, 1, 1)
    run = SimpleNamespace(samples=lambda n: grey, seconds=1.0)
    monkeypatch.setattr(digits, "trained", lambda name, seed, changes: run)
    count, _ = digits._modes((), 0)
    assert 10 <= count.loose <= 20  # the judge errs on a few
