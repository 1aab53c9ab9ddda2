"""Somebody's own GAN, from a function in a Python file of theirs: `path/to/file.py:function`.

    gan = gan_from_file(Path("mine.py"), "make")        # def make(): return ganatomy.GAN(generator, latent, format)

The file is run as it is, with its folder first on the import path; afterwards the import path, the modules that lie in
that folder, and torch's global generator are as they were. What it prints goes to stderr. A failure inside becomes one
error with its line.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from ganatomy.errors import GanatomyError, InputError, UsageError, nearest
from ganatomy.models.gan import GAN
from ganatomy.models.parts import with_article
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.numerics.random import Stream

WANTED = "write one that takes nothing and returns a ganatomy.GAN: def make(): return GAN(generator, latent, format)"


def gan_from_file(path: Path, function: str) -> GAN:
    """What the function returns. An unseeded first weight is the same each time, since it is drawn at an address."""
    try:
        source = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise InputError(f"{path} cannot be read ({why})", "give a Python file and a function: file.py:make") from error
    name = f"_ganatomy_file_{fingerprint(str(path.absolute()))}"
    with _as_it_was(path, name), Stream(0, "file").module_rng(0), contextlib.redirect_stdout(sys.stderr):
        made = _called(_imported(path, name), function, path)
    if not isinstance(made, GAN):
        raise InputError(f"{path}:{function} returned {with_article(made)}", "let it return a ganatomy.GAN")
    return replace(
        made,
        provenance={**made.provenance, "file": path.name, "function": function, "source": fingerprint(source)},
    )


def _imported(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} is no Python file", "give a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever somebody's file may raise
        _blame(error, path)
    return module


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
        _blame(error, path)


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


def _blame(error: BaseException, path: Path) -> NoReturn:
    """The error with the last line of the file that led to it."""
    where = str(path)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if _same(frame.filename, path)]
    line = error.lineno if isinstance(error, SyntaxError) and _same(error.filename or "", path) else None
    line = line or (lines[-1] if lines else None)
    if line is not None:
        where += f", line {line}"
    if isinstance(error, GanatomyError):
        raise InputError(f"{where}: {error.said}", error.remedy) from error
    said = (error.msg if isinstance(error, SyntaxError) else str(error)).strip().split("\n")[0]
    remedy = "mend it there; -v shows the whole trace"
    if isinstance(error, ModuleNotFoundError):
        remedy = "install that package, or put the module beside the file"
    raise InputError(f"{where}: {type(error).__name__}" + (f": {said}" if said else ""), remedy) from error


def _same(filename: str, path: Path) -> bool:
    return bool(filename) and Path(filename).absolute() == path.absolute()


@contextlib.contextmanager
def _as_it_was(path: Path, name: str) -> Iterator[None]:
    """The import path and the modules of the file's folder come back; what others were loaded stays loaded."""
    folder = path.absolute().parent
    before, known, writes = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # nothing is left in a folder that is not ours
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before
        sys.dont_write_bytecode = writes
        for other in set(sys.modules) - known:
            if other == name or _lies_in(sys.modules[other], folder):
                del sys.modules[other]


def _lies_in(module: ModuleType, folder: Path) -> bool:
    """In the folder itself, not in an environment of installed packages below it."""
    file = getattr(module, "__file__", None)
    if not file:
        return False
    path = Path(file).absolute()
    return path.is_relative_to(folder) and "site-packages" not in path.relative_to(folder).parts
