"""A GAN by its name, however it was come by.

    subject("runs/0001-digits-mlp-s0")                               # the newest checkpoint, averaged generator
    subject("runs/0001-digits-mlp-s0@best"), subject("runs/0001-digits-mlp-s0@500")
    subject("runs/0001-digits-mlp-s0/checkpoints/step-000500.safetensors")
    subject("demo/gan")                                              # a folder that models.disk.save wrote
    subject("mine.py:make")                                          # a function that returns a GAN

Weights and JSON are read, never code, but for a .py file that somebody names.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ganatomy.errors import InputError, UsageError
from ganatomy.models.disk import DESCRIPTION, load
from ganatomy.models.gan import GAN
from ganatomy.training.described import gan_at
from ganatomy.training.runs.checkpoint import (
    FILE,
    Checkpoint,
    best_step,
    checkpoint_at,
    load_checkpoint,
    newest_whole,
    steps_of,
)
from ganatomy.training.runs.folder import CONFIG, open_run
from ganatomy.verbs.from_file import gan_from_file

Kind = Literal["run", "checkpoint", "saved", "function"]
Step = int | Literal["best"] | None
RUNS = Path("runs")  # where runs are looked for beside the place that was named
CODE = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib", ".t7")
OTHERS = (".onnx", ".h5", ".keras", ".pb", ".tflite", ".npz", ".safetensors", ".msgpack")
FORMS = (
    "give a run's folder (runs/0001-digits-mlp-s0, also with @best or @500), a checkpoint file, "
    "a folder with gan.json, or file.py:function"
)
THREE_LINES = (
    "load it in a file of your own, with torch.load(..., weights_only=True), and name a function of it that returns a "
    "ganatomy.GAN(generator, latent, format): mine.py:make"
)


@dataclass(frozen=True)
class Named:
    """What a name stands for: `step` concerns runs, `function` Python files."""

    kind: Kind
    path: Path
    step: Step = None
    function: str = ""


def subject(name: str | Path, *, step: Step = None) -> GAN:
    """The GAN of that name; `step` chooses among the checkpoints of a run, as @500 or @best in the name does."""
    found = named(name)
    if step is not None and found.kind != "run":
        raise UsageError(f"step {step} was asked of {name}", "steps are chosen among the checkpoints of a run's folder")
    if step is not None and found.step not in (None, step):
        raise UsageError(f"step {step} was asked of {name}", "give the step once")
    return gan_of(replace(found, step=step) if step is not None else found)


def gan_of(found: Named) -> GAN:
    """The GAN that was named."""
    if found.kind == "function":
        return gan_from_file(found.path, found.function)
    if found.kind == "saved":
        return load(found.path)
    if found.kind == "checkpoint":
        return gan_at(checkpoint_at(found.path))
    return gan_at(_newest(found.path) if found.step is None else checkpoint_at(found.path, found.step))


def earlier(name: str | Path) -> dict[str, GAN]:
    """The checkpoints of a run before the one that was named, oldest first; of anything else none."""
    found = named(name)
    if found.kind != "run":
        return {}
    run = open_run(found.path)
    steps = steps_of(run)
    own = best_step(run) if found.step == "best" else steps[-1] if found.step is None and steps else found.step
    return {f"round {step}": gan_of(replace(found, step=step)) for step in steps if own and step < int(own)}


def named(name: str | Path) -> Named:
    """What is meant, from the form of the name and from what lies there."""
    text = str(name)
    if not text.strip():
        raise UsageError("no GAN was named", FORMS)
    file, colon, function = text.rpartition(":")
    if colon and file.endswith(".py"):
        return _function(Path(file), function)
    path = Path(text).expanduser()
    if not path.exists() and "@" in path.name:
        at, _, wanted = text.rpartition("@")
        return _run_at(Path(at).expanduser(), wanted)
    return _folder(path) if path.is_dir() else _file(path)


def _function(path: Path, function: str) -> Named:
    if not path.is_file():
        raise InputError(f"there is no file {path}", _near(path, path.parent.glob("*.py")))
    if not function.isidentifier():
        raise UsageError(f"{function!r} was given as a function of {path}", f"name one: {path}:make")
    return Named("function", path, function=function)


def _run_at(path: Path, wanted: str) -> Named:
    if wanted != "best" and not wanted.isdecimal():
        raise UsageError(f"the step {wanted!r} of {path} was asked for", "give @best, or a number as in @500")
    found = _folder(path) if path.is_dir() else _file(path)
    if found.kind != "run":
        raise UsageError(f"a step of {path} was asked for, and it is no run", "leave the @ out, or name a run's folder")
    return Named("run", path, "best" if wanted == "best" else int(wanted))


def _folder(path: Path) -> Named:
    if (path / CONFIG).is_file():
        return Named("run", path)
    if (path / DESCRIPTION).is_file():
        return Named("saved", path)
    if path.name == "checkpoints" and (path.absolute().parent / CONFIG).is_file():
        return Named("run", path.absolute().parent)
    open_run(path)  # says what is missing, and which runs lie in it
    raise AssertionError("a folder without the recipe is no run")


def _file(path: Path) -> Named:
    if not path.exists():
        raise InputError(f"there is no GAN at {path}", _near(path, [*_runs(path.parent), *_runs(RUNS)]))
    if path.suffix == ".py":
        raise UsageError(f"{path} was named without a function", f"name the one that returns the GAN: {path}:make")
    if path.name == DESCRIPTION or re.fullmatch(r"gan-[0-9a-f]+\.safetensors", path.name):
        return Named("saved", path.parent)
    if FILE.fullmatch(path.name):
        return Named("checkpoint", path)
    if path.suffix.lower() in CODE:
        raise UsageError(f"{path} may hold code, which is not run on sight", THREE_LINES)
    if path.suffix.lower() in OTHERS:
        raise UsageError(f"{path} says nothing of the networks its numbers belong to", THREE_LINES)
    raise InputError(f"{path} is no GAN", FORMS)


def _newest(folder: Path) -> Checkpoint:
    """The newest checkpoint; where its weights are damaged, the newest that is whole, with a note."""
    run = open_run(folder)
    try:
        return load_checkpoint(run, moments=False)
    except InputError:
        found = newest_whole(run)
        if found is None:
            raise
        return found


def _runs(parent: Path) -> list[Path]:
    """The runs below a folder, and the folders with a GAN in them."""
    try:
        return sorted(path for path in parent.iterdir() if (path / CONFIG).is_file() or (path / DESCRIPTION).is_file())
    except OSError:
        return []


def _near(path: Path, others: object) -> str:
    """Names like the one that does not exist, a run also by its number alone."""
    there = list(dict.fromkeys(str(other) for other in others))  # type: ignore[attr-defined]
    number = [other for other in there if path.name and Path(other).name.lstrip("0").startswith(path.name.lstrip("0"))]
    close = number[:3] or difflib.get_close_matches(str(path), there, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(close) + "?"
    return f"there are: {', '.join(there[-5:])}" if there else FORMS
