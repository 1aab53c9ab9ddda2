"""Going on: changed recipes refused with every difference, and all files cut back to one step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ganatomy.errors import UsageError
from ganatomy.training.runs.checkpoint import best_step, save_checkpoint, steps_of
from ganatomy.training.runs.folder import Run
from ganatomy.training.runs.metrics import Metrics, read_metrics
from ganatomy.training.runs.resume import refuse_changed, rewind
from ganatomy.training.snapshot import Snapshot


def differences(old: str, new: str) -> list[str]:
    pairs = zip(old.splitlines(), new.splitlines(), strict=True)
    return [f"{one} -> {other}" for one, other in pairs if one.strip() != other.strip()]


def test_every_difference_is_listed_in_one_line() -> None:
    folder = Path("runs/0001-x-s0")
    refuse_changed("a: 1\nb: 2", "a: 1\nb: 2", differences, folder=folder)
    refuse_changed("a: 1\nb: 2", "a: 1 \nb: 2", differences, folder=folder)
    with pytest.raises(UsageError) as caught:
        refuse_changed("a: 1\nb: 2\nc: 3", "a: 5\nb: 2\nc: 6", differences, folder=folder)
    assert caught.value.said == f"{folder} was trained with another recipe (a: 1 -> a: 5; c: 3 -> c: 6)"
    assert caught.value.remedy == "resume without the change, or start a new run without --resume"


def test_rewound_files_end_at_one_step(run: Run, state: Callable[..., Snapshot]) -> None:
    with Metrics(run) as metrics:
        for step in range(1, 60):
            metrics.write(step, {})
            if step % 10 == 0:
                save_checkpoint(run, state(step), keep=9, best=step in (20, 40))
    (run.checkpoints / "step-000050.safetensors").unlink()
    rewind(run, 30)
    assert steps_of(run) == [10, 20, 30]
    assert best_step(run) == 20
    assert [line["step"] for line in read_metrics(run)] == list(range(1, 31))
    assert len(list(run.checkpoints.iterdir())) == 9
    rewind(run, 0)
    assert (steps_of(run), read_metrics(run)) == ([], [])
    assert list(run.checkpoints.iterdir()) == []
