"""Classifier two-sample test: nothing to tell, everything to tell, spreads, unequal sizes, and covering intervals."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganatomy.evaluate.quality.pairs import Pair, pair
from ganatomy.evaluate.quality.two_sample import NAME, SHARED, judged, two_sample
from ganatomy.numerics.random import Stream


def normal(n: int, d: int, name: str, *, seed: int = 0) -> Tensor:
    return Stream(seed, name).normal(range(n), d, dtype=torch.float64)


def of(real: Tensor, made: Tensor, seed: int = 0) -> Pair:
    return pair(real, made, space="pixels-0123", stream=Stream(seed, "test"))


def test_far_samples_are_always_told_and_the_interval_is_wilsons() -> None:
    found = two_sample(of(normal(60, 3, "real"), normal(60, 3, "made") + 20))[NAME]
    assert found.value == 1
    assert found.floor == 0.5
    assert found.interval.high == 1
    assert 0.85 < found.interval.low < 0.97


def test_the_best_accuracy_of_shifted_gaussians_is_reached() -> None:
    """Phi(|v| / 2) = 0.6915 for a shift of 1."""
    real, made = normal(3000, 2, "real"), normal(3000, 2, "made")
    made[:, 0] += 1
    found = two_sample(of(real, made))[NAME]
    assert found.value == pytest.approx(0.6915, abs=0.015)
    half = (found.interval.high - found.interval.low) / 2
    assert half == pytest.approx(1.96 * math.sqrt(SHARED * 0.6915 * 0.3085 / 6000), rel=0.05)


def test_a_spread_is_seen_through_squares_alone() -> None:
    both = of(normal(300, 2, "real"), 3 * normal(300, 2, "made"))
    assert two_sample(both)[NAME].value > 0.75
    assert two_sample(both, squares=False)[NAME].value < 0.6


def test_both_kinds_count_for_a_half() -> None:
    real, made = normal(2000, 2, "real"), normal(200, 2, "made")
    made[:, 0] += 1
    assert two_sample(of(real, made))[NAME].value == pytest.approx(0.6915, abs=0.05)


def test_the_interval_is_over_groups(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Ten groups of ten that are told right or wrong as a whole."""
    from ganatomy.evaluate.quality import two_sample as module

    hits = (torch.arange(100) // 10) % 3 > 0
    monkeypatch.setattr(module, "judged", lambda both, *, squares: (hits, hits))
    plain, ids = of(normal(100, 2, "a"), normal(100, 2, "b")), [i // 10 for i in range(100)]
    grouped = pair(plain.real, plain.made, space="s", stream=plain.stream, groups=ids)
    narrow, wide = (two_sample(each)[NAME].interval for each in (plain, grouped))
    assert wide.high - wide.low > 1.8 * (narrow.high - narrow.low)


def test_no_sample_is_judged_by_weights_it_had_a_part_in(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Nor by weights learnt from its group."""
    from ganatomy.evaluate.quality import two_sample as module

    seen: list[int] = []
    plain = module.fitted

    def counted(x: Tensor, y: Tensor, *, penalty: float, flips: float) -> Tensor:
        seen.append(len(x))
        return plain(x, y, penalty=penalty, flips=flips)

    monkeypatch.setattr(module, "fitted", counted)
    groups = [i // 10 for i in range(100)]
    real = normal(10, 3, "centres").repeat_interleave(10, dim=0) * 5 + normal(100, 3, "real")
    both = pair(real, normal(100, 3, "made"), space="s", stream=Stream(0, "t"), groups=groups)
    judged(both, squares=False)
    assert seen == [160] * 5
    part = both.blocks(5)[0]
    assert all(len(part[10 * g : 10 * g + 10].unique()) == 1 for g in range(10))


def test_labels_exchanged_give_the_mirror_image() -> None:
    both = of(normal(50, 2, "real"), normal(50, 2, "made") + 1)
    assert two_sample(both, squares=False)[NAME].value == pytest.approx(
        two_sample(of(both.made, both.real), squares=False)[NAME].value, abs=0.06
    )


def test_against_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    real, made = normal(400, 3, "real"), normal(400, 3, "made") + 0.5
    x, y = torch.cat([real, made]).numpy(), [1] * 400 + [0] * 400
    theirs = cross_val_score(LogisticRegression(), x, y, cv=5).mean()
    assert two_sample(of(real, made), squares=False)[NAME].value == pytest.approx(theirs, abs=0.02)


@pytest.mark.parametrize(("n", "m"), [(100, 100), (200, 60)])
def test_intervals_of_equal_laws_hold_one_half(n: int, m: int) -> None:
    found = [two_sample(of(normal(n, 5, "a", seed=s), normal(m, 5, "b", seed=s), s))[NAME] for s in range(100)]
    assert sum(0.5 in each.interval for each in found) >= 90
    assert sum(each.value for each in found) / len(found) == pytest.approx(0.5, abs=0.015)
