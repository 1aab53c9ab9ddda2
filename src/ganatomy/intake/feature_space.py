"""Somebody's own feature space: a function in a Python file of theirs, or Inception from a file of its weights.

    space_from("mine.py:net", gan.format)              # def net(): return a module, (n, ...) to (n, width)
    space_from("inception:weights.pth", gan.format)    # nothing of the file is run

The function may take the format of the samples, and may return a FeatureSpace. The module gets samples in the format of
the GAN. It is called after the file and the function, beside the hash of its weights, and tried before it is handed
over. The import path, the modules of the folder and torch's global generator are as they were afterwards.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError, nearest
from ganatomy.features.inception import NAME, OTHER, inception
from ganatomy.features.space import FeatureSpace, space
from ganatomy.intake.python_file import as_it_was, imported, raise_from
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

WANTED = "write one that returns a network: def net(): return module  # (n, ...) to (n, width)"
APART = 1e-3  # by how much features of a sample may change with those beside it, of the largest


def space_from(text: str, format: Format) -> FeatureSpace:
    """Tried on three made-up samples: shape, finiteness, and one by one."""
    file, _, name = text.rpartition(":")
    if file == "inception":
        return inception(name, format)
    if not file or not name:
        raise UsageError(
            f"the feature space {text!r} was given", "write path/to/file.py:function, or inception:weights.pth"
        )
    path = Path(file)
    with as_it_was(path), Stream(0, "space/file").module_rng(0):
        made = _made(path, name, format)
        _tried(made, path, name, format)
    return made


def _made(path: Path, name: str, format: Format) -> FeatureSpace:
    module = imported(path, example="file.py:net")
    found = getattr(module, name, None)
    if found is None:
        own = [each for each, value in vars(module).items() if callable(value) and not each.startswith("_")]
        raise UsageError(f"{path} has no function {name!r}", nearest(name, own) if own else WANTED)
    try:
        if callable(found) and not isinstance(found, nn.Module | FeatureSpace):
            found = found(format) if inspect.signature(found).parameters else found()
        if isinstance(found, nn.Module):
            found = space(f"{path.stem}:{name}", found, format)
    except (Exception, SystemExit) as error:  # whatever somebody's function may raise
        raise_from(error, path)
    if not isinstance(found, FeatureSpace):
        raise InputError(f"{path}:{name} gives a {type(found).__name__}", WANTED)
    if found.name in (NAME, OTHER):
        found = replace(found, name=f"{path.stem}:{name}")  # these names say which weights they are
    return found


def _tried(made: FeatureSpace, path: Path, name: str, given: Format) -> None:
    try:
        with torch.no_grad(), contextlib.redirect_stdout(sys.stderr):
            samples = _samples(given)
            whole = made(samples, given)
            alone = torch.cat([made(sample[None], given) for sample in samples])
    except (Exception, SystemExit) as error:
        raise_from(error, path)
    if not whole.is_floating_point():
        raise InputError(f"{path}:{name} gives features of type {whole.dtype}", "give floating point: x.float()")
    if not bool(torch.isfinite(whole).all()):
        raise InputError(f"{path}:{name} gives NaN or infinite features", "check its weights")
    if float((whole - alone).abs().max()) > APART * max(1.0, float(whole.abs().max())):
        raise InputError(
            f"what {path}:{name} says of a sample depends on those beside it",
            "let it read each sample by itself: no batch statistics, no noise of its own",
        )


def _samples(format: Format) -> Tensor:
    low, high = format.bounds or (-1.0, 1.0)
    return low + (high - low) * Stream(0, "space/tried").uniform(range(3), *format.shape)
