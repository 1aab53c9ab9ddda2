"""`explain RUN turning` on a tiny run, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared_runs import small_run
from shared_tiny import tiny

from ganatomy.errors import UsageError
from ganatomy.verbs.answers import FIGURE
from ganatomy.verbs.explain import explain


def test_a_run_is_told_with_its_figures(tmp_path: Path) -> None:
    small = small_run(tmp_path, saved=(2, 3, 4, 6, 8, 12))
    found = {each.folder.name: each for each in explain(small.folder, ["turning"])}
    assert list(found) == ["turning-rates", "turning-ways", "turning-readings"]
    assert found["turning-rates"].said.startswith("4 checkpoints, rounds 2 to 12.")
    assert "plain descent" in found["turning-rates"].said
    for name in ("turning-rates", "turning-ways"):
        assert (small.folder / "findings" / name / FIGURE).exists()


def test_an_earlier_checkpoint_ends_it_and_few_tell_no_ranks(tmp_path: Path) -> None:
    small = small_run(tmp_path, saved=(2, 4, 6))
    found = list(explain(f"{small.folder}@4", ["turning"]))
    assert found[0].told.record.units == ("round 2", "round 4")  # type: ignore[union-attr]
    assert "cannot be told" in found[2].said
    assert found[2].told.figure is None


def test_what_has_no_course_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run"):
        list(explain(tiny(), ["turning"], out=tmp_path))
    packed = small_run(tmp_path, ["game.name=non-saturating", "game.packing=2"])
    with pytest.raises(UsageError, match="without a critic"):
        list(explain(packed.folder, ["turning"]))
