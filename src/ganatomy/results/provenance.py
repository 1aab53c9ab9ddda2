"""Where a result comes from: enough to make it again. The only part of a result that differs between two equal runs.

Provenance.here(seed=0, digests={"generator": gan.digest()})
"""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

from ganatomy.results.record import Record


def _program(path: str) -> str:
    """The name of the program without its folder; a package that was started with -m bears its own name."""
    parts = path.replace("\\", "/").rsplit("/", 2)
    return parts[-2] if parts[-1] == "__main__.py" and len(parts) > 1 else parts[-1]


@dataclass(frozen=True)
class Provenance(Record):
    """Command, time, versions, machine, seed and the digests of everything that went in."""

    command: str
    made: str
    versions: Mapping[str, str]
    machine: Mapping[str, str | int]
    seed: int | None = None
    digests: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def here(cls, *, seed: int | None = None, digests: Mapping[str, str] | None = None) -> Provenance:
        """Of this process, now. Only the command's words are kept, not the folder it ran in."""
        import numpy
        import torch

        return cls(
            command=shlex.join([_program(sys.argv[0]), *sys.argv[1:]]),
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            versions={
                "ganatomy": version("ganatomy"),
                "python": platform.python_version(),
                "torch": torch.__version__,
                "numpy": numpy.__version__,
            },
            machine={"platform": platform.platform(), "threads": torch.get_num_threads()},
            seed=seed,
            digests=dict(digests or {}),
        )
