"""metrics.jsonl: one JSON object a line, appended and flushed.

    with Metrics(run) as metrics: metrics.write(500, {"critic": {"loss": 1.2}, "images": 32_000})
    read_metrics(run)                       # [{"step": 500, "critic": {"loss": 1.2}, "images": 32000}]
    truncate_metrics(run, 400)              # before a resume at step 400

JSON has no NaN: it is written as the text "NaN", infinities as "Infinity" and "-Infinity", and read back as numbers.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

import numpy as np
from torch import Tensor

from ganatomy.atomic import write_bytes
from ganatomy.errors import InputError, UsageError
from ganatomy.training.runs.faults import told
from ganatomy.training.runs.folder import Run

WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Metrics:
    """Appends lines. A line that the disk refuses is taken back whole."""

    def __init__(self, run: Run) -> None:
        self._path = run.metrics
        with told(self._path, "opened for writing"):
            self._file = open(self._path, "a+b", buffering=0)  # noqa: SIM115 - closed by close()
            self._drop_torn_line()

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """One line with its step first."""
        if "step" in values:
            raise UsageError("metrics hold a value called 'step'", "give the step as the first argument alone")
        line = json.dumps({"step": int(step), **_plain(values)}, allow_nan=False).encode() + b"\n"
        with told(self._path, "written"):
            before = os.fstat(self._file.fileno()).st_size
            try:
                sent = 0
                while sent < len(line):
                    sent += self._file.write(line[sent:]) or 0
            except BaseException:
                with suppress(OSError):
                    self._file.truncate(before)
                raise

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Metrics:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drop_torn_line(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            self._file.truncate(whole)


def read_metrics(run: Run) -> list[dict[str, Any]]:
    """Every line as a dictionary; a torn last line is passed over, and a run without the file has none."""
    return [_restored(line) for line, _ in _lines(run)]


def truncate_metrics(run: Run, step: int) -> None:
    """Keep the lines up to a step; the file is replaced whole, and only if something goes."""
    lines = [raw for line, raw in _lines(run) if line["step"] <= step]
    content = b"".join(raw + b"\n" for raw in lines)
    if run.metrics.exists() and run.metrics.stat().st_size != len(content):
        write_bytes(run.metrics, content)


def _lines(run: Run) -> list[tuple[dict[str, Any], bytes]]:
    try:
        content = run.metrics.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{run.metrics} cannot be read ({error.strerror})", "ask for leave to read it") from error
    *whole, _torn = content.split(b"\n")
    return [(_parsed(run, place, raw), raw) for place, raw in enumerate(whole, 1) if raw.strip()]


def _parsed(run: Run, place: int, raw: bytes) -> dict[str, Any]:
    try:
        line = json.loads(raw)
        if not isinstance(line["step"], int):
            raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{run.metrics} has no metrics in line {place}", "delete that line") from error
    return dict(line)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic) or (isinstance(value, Tensor) and value.numel() == 1):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise UsageError(f"metrics hold a {type(value).__name__}", "metrics are numbers, text, lists and dictionaries")


def _restored(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _restored(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_restored(inner) for inner in value]
    return WORDS.get(value, value) if isinstance(value, str) else value
