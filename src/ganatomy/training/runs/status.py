"""Where a run stands, in a small file that is replaced whole: status.json.

    write_status(run.folder, Status("finished", "the goal was met", step=2000, seconds=14.2, converged=96_000))
    read_status(run.folder).state

A killed process leaves "running" behind; whether anybody still writes is told by `lock.writer`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from ganatomy.atomic import write_text
from ganatomy.errors import InputError

STATUS = "status.json"
State = Literal["running", "finished", "interrupted", "diverged", "failed"]


@dataclass(frozen=True)
class Status:
    """`seconds` of training so far, over all sittings; `converged` is the images to the goal, None if not met."""

    state: State = "running"
    reason: str = ""
    step: int = 0
    seconds: float = 0.0
    converged: int | None = None

    def to_text(self) -> str:
        return json.dumps(asdict(self), indent=2, allow_nan=False) + "\n"


def write_status(folder: Path, status: Status) -> None:
    write_text(folder / STATUS, status.to_text())


def read_status(folder: Path) -> Status:
    """What `write_status` wrote; a run without the file was interrupted."""
    path = folder / STATUS
    try:
        status = Status(**json.loads(path.read_text("utf-8")))
        if status.state not in get_args(State):
            raise ValueError(f"a state {status.state!r}")
    except FileNotFoundError:
        return Status("interrupted", f"{STATUS} is missing")
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{path} does not say where the run stands ({error})", "delete it: the checkpoints are what counts"
        ) from error
    return status
