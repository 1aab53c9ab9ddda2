"""Values against the packages through real processes on few samples; rows and targets on made-up measurements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ganatomy.bench import quality as bench
from ganatomy.bench.quality import CASES, Measured, compared, measured, told, write_samples
from ganatomy.errors import UsageError


def test_values_equal_those_of_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: a fresh one takes seconds to import torch."""
    import numpy as np
    import torch

    from ganatomy.bench.measuring import MEASURED

    write_samples(tmp_path, 300, 8)
    tables = [torch.from_numpy(np.load(tmp_path / f"{name}.npy")) for name in ("real", "made")]
    for case in CASES:
        ours, theirs, more = (tuple(MEASURED[what](*tables)) for what in (case.ours, case.theirs, case.more))
        assert bench._apart(ours, theirs, relative=case.relative) <= case.apart
        assert len(more) == len(ours)


@pytest.mark.slow
def test_one_real_process_says_what_it_took(tmp_path: Path) -> None:
    write_samples(tmp_path, 1000, 8)
    found = measured("neighbourhoods", tmp_path)
    assert len(found.values) == 4
    assert 0 < found.seconds < 60
    assert found.peak >= 0
    with pytest.raises(RuntimeError, match="nothing"):
        measured("nothing", tmp_path)


def test_rows_take_turns_and_miss_targets_that_are_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []

    def made_up(what: str, folder: Path) -> Measured:
        asked.append(what)
        return {
            "neighbourhoods": Measured((0.5, 0.5), 2.0, 100.0),
            "prdc": Measured((0.5, 0.5 + 2e-9), 1.0, 300.0),
        }.get(what, Measured((0.5, 0.5), 9.0, 9.0))

    monkeypatch.setattr(bench, "measured", made_up)
    case = replace(CASES[1], rounds=7)
    steps: list[int] = []
    rows = compared(case, tmp_path, step=lambda: steps.append(1))
    assert asked[:4] == ["prdc", "neighbourhoods", "neighbourhoods", "prdc"]
    assert len(steps) == 15
    assert [row.reading.value for row in rows if not row.ok] == pytest.approx([2.0, 2.0, 1 / 3])
    good = Measured((0.5, 0.5), 1.0, 70.0)
    assert all(row.ok for row in told(case, [good] * 7, [Measured((0.5, 0.5), 1.0, 300.0)] * 7, good))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="torchmetrics") as caught:
        bench.quality(progress=lambda done, total: None)
    assert "ganatomy[dev]" in caught.value.remedy
