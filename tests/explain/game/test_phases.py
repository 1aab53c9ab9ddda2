"""Planted phases come back with their names; what no rule names is called unclear."""

from __future__ import annotations

import pytest
import torch
from shared_records import noise, record
from torch import Tensor

from ganatomy.explain.game.phases import judged, phased, phases, since
from ganatomy.explain.game.record import Record

N = 40


def _shaken(name: str) -> Tensor:
    return (0.02 * noise(0, name, N, 0.0)).exp()


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


@pytest.mark.parametrize(("n", "carried", "most"), [(24, 0.0, 0.02), (24, 0.5, 0.05), (8, 0.5, 0.1)])
def test_a_flat_gap_is_seldom_called_learning_or_worsening(n: int, carried: float, most: float) -> None:
    wrong = 0
    for seed in range(120):
        shaken = (0.4 * noise(seed, f"flat/{n}/{carried}", n, carried)).exp()
        told = judged(record({"gap": 0.2 * shaken}), 50, 50 * n)
        wrong += bool({"learning", "worsening"} & set(told))
        assert {"learning", "worsening", "stalled"} & set(told)
    assert wrong / 120 <= most + 3 * (most / 120) ** 0.5


def test_a_fall_is_learning_and_one_of_few_readings_only_if_it_is_large() -> None:
    fall = torch.linspace(0, -1.2, 14) + 0.1 * noise(1, "fall", 14, 0.0)
    assert phases(record({"gap": 0.3 * fall.exp()}))[0].names == ("learning",)
    assert phases(record({"gap": [0.8, 0.6, 0.5, 0.4]}))[0].names == ("unclear",)
    assert phases(record({"gap": [0.8, 0.3, 0.2, 0.05]}))[0].names == ("learning",)


def test_another_course_under_the_same_name_is_another_phase() -> None:
    fall = torch.cat([torch.linspace(0, -3, 20), torch.linspace(-3, -4.2, 20)])
    fall[20:] -= 1.5
    told = phased(record({"gap": fall.exp() * (0.05 * noise(0, "gap", N, 0.2)).exp()}))
    assert [phase.names for phase in told.phases] == [("learning",)] * 2
    assert [phase.turned for phase in told.phases] == ["", "gap"]
    assert "begun as gap took another course" in told.phases[1].said
    assert len(told.phases) == len(told.changes.cuts)


def test_samples_that_become_copies_are_a_collapse_and_those_that_always_were_are_not() -> None:
    floor, diversity = {"duplicates.floor": [0.0] * N}, torch.cat([torch.full((20,), 0.95), torch.full((20,), 0.6)])
    became = phases(
        record({"duplicates": [0.01] * 20 + [0.9] * 20, "diversity.samples": diversity * _shaken("shaken"), **floor})
    )
    assert [phase.names for phase in became] == [("unclear",), ("collapse",)]
    assert became[1].evidence == {"duplicates": 0.9}
    assert phases(record({"duplicates": [0.9] * N, **floor}))[0].names == ("little diversity",)
    spike = [0.9] * 9 + [0.01] + [0.9] * (N - 10)  # one reading may be noise
    assert phases(record({"duplicates": spike, **floor}))[0].names == ("little diversity",)


def test_an_untrained_start_is_no_collapse() -> None:
    start, later = torch.linspace(0.1, 0.45, 20), torch.full((20,), 0.95)
    found = phases(record({"diversity.samples": torch.cat([start, later]) * _shaken("diversity")}))
    assert not any("collapse" in phase.names for phase in found)
    assert found[0].names == ("little diversity",)
    rising = phases(record({"diversity.samples": torch.linspace(0.1, 0.7, N)}))
    assert all("collapse" not in phase.names for phase in rising)


def test_since_is_the_first_round_that_stays() -> None:
    values = [0.9] * 10 + [0.05, 0.9] + [0.9] * 3 + [0.05] * 10 + [0.3] + [0.05] * 5
    told = record({"critic.relative": values})
    assert since(told, "critic.relative", below=0.1) == 50 * 16
    assert since(record({"critic.relative": [0.05] * 9 + [0.5] * 5}), "critic.relative", below=0.1) is None
    assert since(record({"gap": [1.0] * 9}), "critic.relative", below=0.1) is None
