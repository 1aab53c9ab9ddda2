"""Somebody's own GAN, from a function in a Python file of theirs: `path/to/file.py:function`.

    gan = gan_from_file(Path("mine.py"), "make")        # def make(): return ganatomy.GAN(generator, latent, format)

The file is run as it is, with its folder first on the import path; afterwards the import path, the modules that lie in
that folder, and torch's global generator are as they were. What it prints goes to stderr. A failure inside becomes one
error with its line.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from ganatomy.errors import InputError, UsageError, nearest
from ganatomy.intake.python_file import as_it_was, imported, raise_from, source
from ganatomy.models.gan import GAN
from ganatomy.models.parts import with_article
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.numerics.random import Stream

EXAMPLE = "file.py:make"
WANTED = "write one that takes nothing and returns a ganatomy.GAN: def make(): return GAN(generator, latent, format)"


def gan_from_file(path: Path, function: str) -> GAN:
    """What the function returns. An unseeded first weight is the same each time, since it is drawn at an address."""
    text = source(path, example=EXAMPLE)
    with as_it_was(path), Stream(0, "file").module_rng(0):
        made = _called(imported(path, example=EXAMPLE), function, path)
    if not isinstance(made, GAN):
        raise InputError(f"{path}:{function} returned {with_article(made)}", "let it return a ganatomy.GAN")
    return replace(
        made,
        provenance={**made.provenance, "file": path.name, "function": function, "source": fingerprint(text)},
    )


def _called(module: ModuleType, function: str, path: Path) -> object:
    found = getattr(module, function, None)
    if found is None:
        own = [name for name, value in vars(module).items() if _is_function_of(value, module)]
        remedy = nearest(function, own) if own else WANTED
        raise UsageError(f"{path} has no function {function!r}", remedy)
    if isinstance(found, GAN):
        return found
    if not callable(found):
        raise UsageError(f"{function!r} in {path} is {with_article(found)}, not a function", WANTED)
    _refuse_parameters(found, function, path)
    try:
        return found()
    except (Exception, SystemExit) as error:  # whatever somebody's function may raise
        raise_from(error, path)


def _is_function_of(value: object, module: ModuleType) -> bool:
    return inspect.isfunction(value) and value.__module__ == module.__name__


def _refuse_parameters(found: object, function: str, path: Path) -> None:
    try:
        signature = inspect.signature(found)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return
    try:
        signature.bind()
    except TypeError as error:
        raise UsageError(f"{function!r} in {path} wants arguments {signature}", WANTED) from error
