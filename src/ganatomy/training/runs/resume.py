"""Going on with a run: never with another recipe, and from one point in all its files.

start = newest_whole(run)
refuse_changed(start.config if start else run.config, new_config, differences, folder=run.folder)
rewind(run, start.step if start else 0)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ganatomy.errors import UsageError
from ganatomy.training.runs.checkpoint import forget_after
from ganatomy.training.runs.folder import Run
from ganatomy.training.runs.metrics import truncate_metrics


def refuse_changed(old: str, new: str, differences: Callable[[str, str], list[str]], *, folder: Path) -> None:
    """An error that lists every difference between the recipe of a run and the one it is to go on with."""
    changes = differences(old, new) if old != new else []
    if changes:
        raise UsageError(
            f"{folder} was trained with another recipe ({'; '.join(changes)})",
            "resume without the change, or start a new run without --resume",
        )


def rewind(run: Run, step: int) -> None:
    """Forget what came after a step: checkpoints (damaged ones, mostly) and lines of metrics."""
    truncate_metrics(run, step)
    forget_after(run, step)
