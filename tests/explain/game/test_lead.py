"""Who is ahead is told with its doubt; who moved first is told where it is so, and seldom where it is not."""

from __future__ import annotations

import pytest
import torch
from shared_records import noise, record

from ganatomy.explain.game.lead import ahead, moved_first, stretches


@pytest.mark.parametrize(
    ("share", "verdict"),
    [(0.99, "critic far ahead"), (0.8, "critic ahead"), (0.5, "even"), (0.2, "generator ahead")],
)
def test_verdicts(share: float, verdict: str) -> None:
    told = record({"pairs.batch": share + 0.01 * noise(0, "pairs", 24, 0.0)})
    assert [each.verdict for each in ahead(told, stretches(told))] == [verdict] * 4


def test_what_swings_cannot_be_told_and_carried_noise_makes_it_wider() -> None:
    (one,) = ahead(record({"pairs.batch": [0.1, 0.9] * 6}), [(50, 600)])
    assert one.verdict == "cannot be told"
    rough, smooth = (record({"pairs.batch": 0.7 + 0.05 * noise(2, "p", 40, r)}) for r in (0.0, 0.9))
    narrow, wide = (ahead(each, [(50, 2000)])[0].share for each in (rough, smooth))
    assert narrow is not None
    assert wide is not None
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert ahead(record({"gap": [1.0] * 9}), [(50, 450)])[0].verdict == "too few readings"


@pytest.mark.parametrize(("lag", "first"), [(3, "one"), (-2, "two")])
def test_a_planted_lag_is_found(lag: int, first: str) -> None:
    walk = noise(5, "walk", 80, 0.0).cumsum(0)
    other = walk.roll(lag) + 0.3 * noise(6, "own", 80, 0.0)
    found = moved_first(record({"one": walk, "two": other}), "one", "two")
    assert found.told
    assert found.lag == lag
    assert found.said.startswith(f"{first} moved before")


def test_unrelated_walks_seldom_lead() -> None:
    told = 0
    for seed in range(60):
        one, two = (noise(seed, name, 60, 0.5).cumsum(0) for name in ("one", "two"))
        told += moved_first(record({"one": one, "two": two}), "one", "two").p <= 0.05
    assert told <= 8  # 3 are expected


def test_few_readings_tell_nothing() -> None:
    found = moved_first(record({"one": torch.arange(14.0), "two": torch.arange(14.0)}), "one", "two")
    assert not found.told
    assert "cannot be told" in found.said
