"""Somebody's own concepts, from a function in a Python file of theirs: `path/to/file.py:function`.

    measurer = measurer_from("mine.py:sky", gan.format)            # def sky(pictures): return masks or scores
    measurer = measurer_from("mine.py:first,second", gan.format)   # two that were trained apart: a claim needs both

The function takes pictures (n, channels, height, width) in the format of the GAN and returns scores (n,) or (n, k), or
masks (n, height, width) or (n, k, height, width) in [0, 1]. The concepts are called after the function, or as its
attribute `concepts` says. Two modules (segmentation networks) will do for two functions, and a Measurer for one.

The file is run as it is, with its folder first on the import path; afterwards the import path, the modules that lie in
that folder, and torch's global generator are as they were. What it prints goes to stderr.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError, nearest
from ganatomy.explain.concepts.measurer import Kind, Measure, Measurer, masks, scores
from ganatomy.intake.python_file import as_it_was, imported, raise_from
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

WANTED = "write one that takes pictures: def sky(pictures): return masks  # (n, height, width), from 0 to 1"
APART = 1e-3  # by how much what is told of a picture may change with those beside it, of the largest value


def measurer_from(text: str, format: Format) -> Measurer:
    """Tried on three made-up pictures before it is handed over: shape, finiteness, range, and one by one."""
    file, _, names = text.rpartition(":")
    if not file or not 1 <= len(names.split(",")) <= 2:
        raise UsageError(f"the concept {text!r} was given", "write path/to/file.py:function, or file.py:first,second")
    path = Path(file)
    with as_it_was(path), Stream(0, "concept/file").module_rng(0):
        module = imported(path, example="file.py:sky")
    made = [_measurer(module, name.strip(), path, format) for name in names.split(",")]
    if len(made) == 1:
        if isinstance(getattr(module, names.strip()), nn.Module):
            raise UsageError(
                f"{path}:{names} is one network, and a claim about what was learnt needs two that were trained apart",
                f"name both: {path}:first,second; or, if it is the truth, write a function that calls it",
            )
        return made[0]
    first, second = made
    if (first.kind, len(first.concepts)) != (second.kind, len(second.concepts)):
        raise InputError(
            f"{names} in {path} give {len(first.concepts)} {first.kind}s and {len(second.concepts)} {second.kind}s",
            "let both measure the same concepts in the same form",
        )
    return replace(first, twin=second.measure)


def _measurer(module: ModuleType, name: str, path: Path, format: Format) -> Measurer:
    found = getattr(module, name, None)
    if found is None:
        own = [each for each, value in vars(module).items() if callable(value) and not each.startswith("_")]
        raise UsageError(f"{path} has no function {name!r}", nearest(name, own) if own else WANTED)
    if isinstance(found, Measurer):
        measurer = replace(found, measure=_guarded(found.measure, path))
    elif callable(found):
        measurer = _wrapped(found, name, path, format)
    else:
        raise UsageError(f"{name!r} in {path} is a {type(found).__name__}, not a function", WANTED)
    _tried(measurer, format, path)
    return measurer


def _wrapped(found: Callable[[Tensor], object], name: str, path: Path, format: Format) -> Measurer:
    """Its kind and the number of its concepts are read from what it says of pictures."""
    if isinstance(found, nn.Module):
        found.eval()
    measure = _guarded(_two_axes_or_four(found, name, path), path)
    told = measure(_pictures(format))
    kind: Kind = "mask" if told.ndim == 4 else "score"
    given = getattr(found, "concepts", None)
    concepts = tuple(given) if given else (name,) if told.shape[1] == 1 else _numbered(name, told.shape[1])
    if len(concepts) != told.shape[1]:
        raise InputError(f"{path}:{name} names {len(concepts)} concepts and gives {told.shape[1]}", "name each of them")
    return Measurer(name, concepts, kind, measure)


def _numbered(name: str, k: int) -> tuple[str, ...]:
    return tuple(f"{name} {place}" for place in range(k))


def _two_axes_or_four(found: Callable[[Tensor], object], name: str, path: Path) -> Measure:
    def measure(pictures: Tensor) -> Tensor:
        told = found(pictures.clone())  # somebody's function may work in place
        if not isinstance(told, Tensor):
            raise InputError(f"{path}:{name} returned a {type(told).__name__}", "return a tensor of scores or of masks")
        if told.ndim not in (1, 2, 3, 4) or len(told) != len(pictures):
            raise InputError(
                f"{path}:{name} returned shape {tuple(told.shape)} for {len(pictures)} pictures",
                "return scores (n,) or (n, k), or masks (n, height, width) or (n, k, height, width)",
            )
        return (told.unsqueeze(1) if told.ndim in (1, 3) else told).float()

    return measure


def _guarded(measure: Measure, path: Path) -> Measure:
    """A failure inside becomes one error with its line; torch's global generator is left alone."""

    def guarded(pictures: Tensor) -> Tensor:
        try:
            with torch.no_grad(), Stream(0, "concept").module_rng(0), contextlib.redirect_stdout(sys.stderr):
                return measure(pictures)
        except (Exception, SystemExit) as error:  # whatever somebody's function may raise
            raise_from(error, path)

    return guarded


def _tried(measurer: Measurer, format: Format, path: Path) -> None:
    pictures = _pictures(format)
    read = masks if measurer.kind == "mask" else scores
    whole = read(measurer, pictures)
    alone = torch.cat([read(measurer, picture[None]) for picture in pictures])
    if float((whole - alone).abs().max()) > APART * max(1.0, float(whole.abs().max())):
        raise InputError(
            f"what {measurer.name!r} in {path} says of a picture depends on those beside it",
            "let it judge each picture by itself: no batch statistics, no batch-wide range",
        )


def _pictures(format: Format) -> Tensor:
    low, high = format.bounds or (-1.0, 1.0)
    return low + (high - low) * Stream(0, "concept/tried").uniform(range(3), *format.shape)
