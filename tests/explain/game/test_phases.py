"""Planted phases come back with their names; what no rule names is called unclear."""

from __future__ import annotations

import torch
from shared_records import noise, record

from ganatomy.explain.game.phases import phases, since
from ganatomy.explain.game.record import Record

N = 40


def _planted() -> Record:
    """Learning for 20 lines, then a saturated critic with samples that get worse, then a collapse."""
    gap = torch.cat([torch.linspace(0, -3, 20).exp(), torch.linspace(-3, 0, 20).exp()])
    critic = torch.cat([torch.full((20,), 0.9), torch.full((20,), 0.03)])
    diversity = torch.cat([torch.full((30,), 0.95), torch.full((10,), 0.2)])
    shaken = {name: (0.05 * noise(0, name, N, 0.2)).exp() for name in ("gap", "critic", "diversity")}
    return record(
        {
            "gap": gap * shaken["gap"],
            "critic.relative": critic * shaken["critic"],
            "diversity.samples": diversity * shaken["diversity"],
        }
    )


def test_planted_phases_are_found_and_named() -> None:
    found = phases(_planted())
    assert [phase.names for phase in found] == [
        ("learning",),
        ("critic saturated", "worsening"),
        ("collapse", "critic saturated", "worsening"),
    ]
    assert abs(found[1].first - 50 * 21) <= 100
    assert abs(found[2].first - 50 * 31) <= 100
    assert found[1].evidence["critic.relative"] < 0.1
    assert "rounds 50 to" in found[0].said


def test_flat_noise_is_one_phase() -> None:
    flat = {"gap": 0.2, "critic.relative": 0.9, "diversity.samples": 0.9}
    several = [
        record({name: level * (0.1 * noise(seed, name, N, 0.5)).exp() for name, level in flat.items()})
        for seed in range(20)
    ]
    assert sum(len(phases(each)) > 1 for each in several) <= 2
    assert phases(several[0])[0].names == ("stalled",)


def test_each_name_has_its_rule() -> None:
    still = torch.full((N,), 0.01)
    cases = {
        "balance": {"gap": still, "critic.relative": torch.full((N,), 0.9)},
        "oscillation": {"average.distance": torch.full((N,), 0.9)},
        "critic flat": {"norm.ratio": torch.full((N,), 0.001)},
        "critic asleep": {"gap": 30 * still, "critic.relative": torch.full((N,), 0.999)},
        "unclear": {"norm.ratio": torch.full((N,), 1.0)},
    }
    for name, columns in cases.items():
        assert phases(record(columns))[0].names[0] == name


def test_copies_are_a_collapse() -> None:
    found = phases(record({"duplicates": [0.9] * N, "duplicates.floor": [0.0] * N}))
    assert found[0].names == ("collapse",)


def test_since_is_the_first_round_that_stays() -> None:
    values = [0.9] * 10 + [0.05, 0.9] + [0.9] * 3 + [0.05] * 10 + [0.3] + [0.05] * 5
    told = record({"critic.relative": values})
    assert since(told, "critic.relative", below=0.1) == 50 * 16
    assert since(record({"critic.relative": [0.05] * 9 + [0.5] * 5}), "critic.relative", below=0.1) is None
    assert since(record({"gap": [1.0] * 9}), "critic.relative", below=0.1) is None
