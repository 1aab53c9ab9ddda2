"""A run's folder: made under a number of its own, opened again, found again.

    run = new_run("runs", "digits-mlp", seed=0, config=text, provenance=Provenance.here(seed=0))
    run.folder                                     # runs/0001-digits-mlp-s0
    open_run("runs/0001-digits-mlp-s0")
    latest_run("runs", "digits-mlp", seed=0)       # the newest of that name and seed, or None

`config.yaml` is written last, so a folder that has it is whole.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from ganatomy.atomic import write_text
from ganatomy.errors import InputError, UsageError
from ganatomy.results.provenance import Provenance
from ganatomy.training.runs.faults import names_in, told
from ganatomy.training.runs.status import STATUS, Status

CONFIG, PROVENANCE = "config.yaml", "provenance.json"
NUMBERED = re.compile(r"(\d{4,})-")
NAMED = re.compile(r"(?P<number>\d{4,})-(?P<name>.+)-s(?P<seed>-?\d+)")


@dataclass(frozen=True)
class Run:
    """A folder and the text of its resolved recipe."""

    folder: Path
    config: str

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def findings(self) -> Path:
        return self.folder / "findings"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    def samples(self, step: int) -> Path:
        """The picture of a step's samples."""
        return self.folder / "samples" / f"step-{step:06d}.png"


def new_run(parent: str | Path, name: str, *, seed: int, config: str, provenance: Provenance) -> Run:
    """A new folder below `parent`, numbered one above the highest, also among processes that start together."""
    parent = Path(parent)
    slug = _slug(name)
    with told(parent, "used for a new run"):
        parent.mkdir(parents=True, exist_ok=True)
        folder = _claim(parent, f"{slug}-s{seed}")
    try:
        write_text(folder / PROVENANCE, provenance.to_json() + "\n")
        write_text(folder / STATUS, Status().to_text())
        write_text(folder / CONFIG, config)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Run(folder, config)


def open_run(folder: str | Path) -> Run:
    """The run in a folder."""
    folder = Path(folder)
    path = folder / CONFIG
    try:
        return Run(folder, path.read_bytes().decode())
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise InputError(f"{folder} is no run: {path} cannot be read ({why})", _instead(folder)) from error


def latest_run(parent: str | Path, name: str, *, seed: int) -> Run | None:
    """The run of that recipe and seed with the highest number, finished or not; None where there is none."""
    parent, wanted = Path(parent), (_slug(name), seed)
    for _, run_name, run_seed, folder in reversed(_runs(parent)):
        if (run_name, run_seed) == wanted:
            return open_run(folder)
    return None


def _slug(name: str) -> str:
    """A name as a part of a folder's name."""
    slug = re.sub(r"[^\w.+]+", "-", name).strip("-.")
    if not slug:
        raise UsageError(f"a run called {name!r} was asked for", "give a name with letters or digits in it")
    return slug


def _claim(parent: Path, ending: str) -> Path:
    """Make the folder. Whoever takes a number holds `.NUMBER` meanwhile, since two names could bear one number.

    A process that is killed right here leaves `.NUMBER` behind: that number stays unused.
    """
    number = max(_numbers(parent), default=0)
    while True:
        number += 1
        held = parent / f".{number:04d}"
        try:
            held.mkdir()
        except FileExistsError:
            continue
        try:
            if number not in _numbers(parent):
                folder = parent / f"{number:04d}-{ending}"
                folder.mkdir()
                return folder
        finally:
            held.rmdir()


def _numbers(parent: Path) -> set[int]:
    return {int(found[1]) for name in names_in(parent) if (found := NUMBERED.match(name))}


def _runs(parent: Path) -> list[tuple[int, str, int, Path]]:
    """Number, name, seed and path of every whole run below a folder, in the order of the numbers."""
    found = [match for name in names_in(parent) if (match := NAMED.fullmatch(name))]
    rows = [(int(match["number"]), match["name"], int(match["seed"]), parent / match[0]) for match in found]
    return sorted(row for row in rows if (row[3] / CONFIG).is_file())


def _instead(folder: Path) -> str:
    """What to give instead of a folder that is no run."""
    inside = _runs(folder) if folder.is_dir() else []
    if inside:
        return f"give one of the {len(inside)} runs in it, such as {inside[-1][3]}"
    return "give the folder of a run, as in runs/0001-digits-mlp-s0, with its config.yaml"
