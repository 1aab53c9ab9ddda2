"""metrics.jsonl: valid JSON whatever the numbers, torn last lines dropped, cut back for a resume."""

from __future__ import annotations

import json
import math
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import GanatomyError, InputError, UsageError
from ganatomy.training.runs import metrics as module
from ganatomy.training.runs.folder import Run
from ganatomy.training.runs.metrics import Metrics, read_metrics, truncate_metrics


def fill(run: Run, *steps: int) -> None:
    with Metrics(run) as metrics:
        for step in steps:
            metrics.write(step, {"loss": step / 8})


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may grow beyond a size: a real write that fails, or is cut short."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_line_is_there_as_soon_as_it_is_written(run: Run) -> None:
    assert read_metrics(run) == []
    values = {
        "critic": {"loss": torch.tensor(0.5), "parts": [np.float64(1.5), 2]},
        "alarm": "asleep",
        "fine": True,
        "none": None,
    }
    with Metrics(run) as metrics:
        metrics.write(3, values)
        assert json.loads(run.metrics.read_text())["critic"] == {"loss": 0.5, "parts": [1.5, 2]}
        expected = {"step": 3, **values, "critic": {"loss": 0.5, "parts": [1.5, 2]}}
        assert read_metrics(run) == [expected]
        assert next(iter(read_metrics(run)[0])) == "step"
    fill(run, 4)
    assert [line["step"] for line in read_metrics(run)] == [3, 4]


def test_numbers_that_json_lacks_are_words_and_come_back(run: Run) -> None:
    with Metrics(run) as metrics:
        metrics.write(1, {"a": math.nan, "b": [math.inf, -math.inf], "c": torch.tensor(math.nan)})
    written = json.loads(run.metrics.read_text(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert written == {"step": 1, "a": "NaN", "b": ["Infinity", "-Infinity"], "c": "NaN"}
    (line,) = read_metrics(run)
    assert math.isnan(line["a"])
    assert line["b"] == [math.inf, -math.inf]
    assert all(float(word) == number or math.isnan(number) for word, number in module.WORDS.items())


@pytest.mark.parametrize("value", [object(), torch.zeros(2), {1}], ids=["object", "tensor", "set"])
def test_what_is_no_metric_is_refused_and_nothing_written(run: Run, value: object) -> None:
    with Metrics(run) as metrics:
        with pytest.raises(UsageError, match="metrics hold a "):
            metrics.write(1, {"fine": 1, "a": {"b": value}})
        with pytest.raises(UsageError, match="a value called 'step'"):
            metrics.write(1, {"step": 2})
    assert run.metrics.read_bytes() == b""


@given(cut=st.integers(0, 200), step=st.integers(0, 6))
def test_a_torn_file_is_read_cut_back_and_gone_on_with(
    tmp_path_factory: pytest.TempPathFactory, cut: int, step: int
) -> None:
    run = Run(tmp_path_factory.mktemp("run"), "")
    fill(run, 1, 2, 3, 4, 5)
    content = run.metrics.read_bytes()[:cut]
    run.metrics.write_bytes(content)
    whole = list(range(1, content.count(b"\n") + 1))
    assert [line["step"] for line in read_metrics(run)] == whole
    truncate_metrics(run, step)
    left = [one for one in whole if one <= step]
    assert [line["step"] for line in read_metrics(run)] == left
    assert run.metrics.read_bytes().count(b"\n") == len(left)
    assert run.metrics.read_bytes().endswith(b"\n") or not left
    fill(run, 9)
    assert [line["step"] for line in read_metrics(run)] == [*left, 9]
    assert [path.name for path in run.folder.iterdir()] == ["metrics.jsonl"]


def test_a_torn_line_does_not_swallow_the_next_one(run: Run) -> None:
    fill(run, 1)
    with run.metrics.open("ab") as file:
        file.write(b'{"step": 2, "lo')
    fill(run, 3)
    assert [line["step"] for line in read_metrics(run)] == [1, 3]


def test_nothing_is_rewritten_when_nothing_goes(run: Run) -> None:
    truncate_metrics(run, 0)
    assert not run.metrics.exists()
    fill(run, 1, 2)
    before = run.metrics.stat().st_ino
    truncate_metrics(run, 2)
    assert run.metrics.stat().st_ino == before


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"loss": 1}', '{"step": "1"}'])
def test_a_line_that_is_no_metric_is_named(run: Run, line: str) -> None:
    fill(run, 1)
    with run.metrics.open("a") as file:
        file.write(line + "\n")
    fill(run, 3)
    with pytest.raises(InputError, match=r"metrics.jsonl has no metrics in line 2\ndelete that line"):
        read_metrics(run)


def test_a_full_disk_leaves_whole_lines(run: Run) -> None:
    fill(run, 1)
    size = run.metrics.stat().st_size
    with Metrics(run) as metrics:
        with (
            disk_of(size + 7),
            pytest.raises(GanatomyError, match=r"metrics.jsonl could not be written \(File too large"),
        ):
            metrics.write(2, {"loss": 1.0})
        assert run.metrics.stat().st_size == size
        metrics.write(3, {"loss": 1.0})
    assert [line["step"] for line in read_metrics(run)] == [1, 3]


def test_a_folder_in_its_place_is_named(run: Run) -> None:
    run.metrics.mkdir()
    with pytest.raises(GanatomyError, match=r"metrics.jsonl could not be opened for writing \(Is a directory\)"):
        Metrics(run)
    with pytest.raises(InputError, match=r"metrics.jsonl cannot be read \(Is a directory\)"):
        read_metrics(run)
