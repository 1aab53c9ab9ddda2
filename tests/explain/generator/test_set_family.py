"""Findings of several sets corrected together, and side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganatomy.explain.generator.set_family import as_family, overview
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.finding import Finding
from ganatomy.results.folder import load, save
from ganatomy.results.measurement import Measurement

CONTROL = Measurement("control", 0.0, 9, "mean", "neither")


def finding(own: int, verdict: str, p: tuple[float, float], claim: list[int]) -> Finding:
    effect = np.zeros((3, 3))
    effect[:, own] = (-1.0, -2.0, -3.0)
    return Finding(
        claim="units a:1, a:2 carry 'x'", estimand="x", population="seed 0", replication="latent",
        treatment="a:1, a:2 set to zero; also to the mean", positive_control=CONTROL, negative_control=CONTROL,
        smallest_effect=0.1, family="one set", effect=-1.0, interval=Interval(-2, 0, 0.95, "t"), p=min(p),
        verdict=verdict,
        arrays={
            "p_claims": np.array(p), "concepts": np.array(["x", "y", "z"]), "concept": np.array(own), "effect": effect,
            "low": effect - 1, "high": effect + 1, "claim": np.array(claim, dtype=np.int8),
            "off_manifold": np.array([0.9, 0.5, 0.5]),
        },
    )  # fmt: skip


FOUND = (
    finding(0, "present", (0.01, 1.0), [1, 1, -1]),
    finding(1, "present", (0.02, 1.0), [0, 1, 0]),
    finding(2, "absent", (1.0, 0.001), [0, 0, -1]),
    finding(2, "undetermined", (0.03, 0.04), [0, 0, 0]),
)


def test_both_claims_are_corrected_by_holm_and_only_take_verdicts_away() -> None:
    one, two, three, four = as_family(FOUND)
    assert [each.verdict for each in (one, two, three, four)] == ["present", "undetermined", "absent", "undetermined"]
    assert [each.p for each in (one, two, three, four)] == pytest.approx([0.04, 0.06, 0.004, 0.06])
    assert one.family == "4 sets, Holm; one set"
    assert as_family([replace(FOUND[0])])[0].p == 0.01


def test_all_sets_side_by_side_by_what_zero_does(tmp_path: Path) -> None:
    every = overview(as_family(FOUND))
    assert every.units[0] == "x: a:1, a:2"
    assert every.target == "x; y; z"
    np.testing.assert_array_equal(every.arrays["effect"], np.eye(3)[[0, 1, 2, 2]] * -1)
    assert every.arrays["claim"].tolist() == [[1, 1, -1], [0, 0, 0], [0, 0, -1], [0, 0, 0]]
    assert every.arrays["verdict"].tolist() == [1, 0, -1, 0]
    assert "Of 4 searched sets 1 carry their concept (which change 1.0 other concepts on average), 1 are" in every.note
    save(FOUND[0], tmp_path)
    assert load(tmp_path).to_dict() == FOUND[0].to_dict(), "names of concepts are kept in the arrays"
