"""Where what is found about a GAN goes: into the folder of its run, else into the current folder.

place_of("runs/0001-digits-mlp-s0", "findings"), place_of("mine.py:make", "evaluation")
place_of("runs/0001-digits-mlp-s0@best", "evaluation")            # its evaluation-at-best
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ganatomy.errors import GanatomyError
from ganatomy.models.gan import GAN
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.training.runs.folder import CONFIG, open_run
from ganatomy.training.threads import threads
from ganatomy.verbs.subject import Named, named

SEEN = range(16)  # samples by which a GAN is known


def place_of(gan: GAN | str | Path, what: str) -> Path:
    """What is found of a step that was named keeps apart from what is found of the newest."""
    if isinstance(gan, GAN):
        return Path(what)
    found = named(gan)
    if found.kind != "run":
        return Path(what) / called(found)
    return found.path / (what if found.step is None else f"{what}-at-{found.step}")


def called(found: Named) -> str:
    """A name for a folder that GANs of other files do not share: its path from here, or its last two parts."""
    path, here = found.path.resolve(), Path.cwd().resolve()
    parts = path.relative_to(here).parts if path.is_relative_to(here) else path.parts[-2:]
    return slug("-".join([*parts[:-1], path.stem, *([found.function] if found.function else [])]))


def told_as(gan: GAN | str | Path) -> str:
    """What a page calls it: short, and the same wherever it lies."""
    if isinstance(gan, GAN):
        return gan.data or "a GAN"
    found = named(gan)
    ends = {"function": f":{found.function}", "run": "" if found.step is None else f"@{found.step}"}
    return found.path.resolve().name + ends.get(found.kind, "")


def run_of(gan: GAN | str | Path) -> Path | None:
    """The folder whose record tells of its training; a checkpoint file alone has none."""
    found = run_named(gan)
    return None if found is None else found.path


def run_named(gan: GAN | str | Path) -> Named | None:
    """The same, with the step that was asked for."""
    found = None if isinstance(gan, GAN) else named(gan)
    return found if found is not None and found.kind == "run" else None


def trained_in(gan: GAN | str | Path) -> Path | None:
    """The folder whose recipe tells what it was trained on; of a checkpoint file too, where it lies in a run."""
    found = None if isinstance(gan, GAN) else named(gan)
    if found is None or found.kind != "checkpoint":
        return None if found is None or found.kind != "run" else found.path
    folder = found.path.absolute().parent.parent
    return folder if (folder / CONFIG).is_file() else None


def record_of(run: Path | None) -> str | None:
    """The fingerprint of what a run has written of its training so far."""
    if run is None:
        return None
    metrics = open_run(run).metrics
    return fingerprint(metrics.read_text("utf-8") if metrics.is_file() else "")


def known_as(gan: GAN) -> list[str]:
    """What tells one GAN from another: its weights, what it is declared to be, and what it does with them.

    The last is seen by a few samples and their scores, since code may change where weights do not.
    """
    with threads(1):
        made = gan.sample(0, SEEN)
        done = [made.float()] if gan.critic is None else [made.float(), gan.score_of(made, gan.latent.labels(0, SEEN))]
    declared = [str(gan.latent), str(gan.format), str(gan.score), str(gan.data), *gan.classes]
    return [gan.digest(), fingerprint(*done), *declared]


def require_usable(folder: Path) -> None:
    """Before anything is worked out: the folder is there, or can be made."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise GanatomyError(f"{folder} cannot be written to", "choose a folder you may write with --out")


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")


def unforeseen(error: Exception) -> GanatomyError:
    """An error that nobody wrote a sentence for, as one that a person can read."""
    if isinstance(error, GanatomyError):
        return error
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    return GanatomyError(said, "name this one alone with -v for the trace")
