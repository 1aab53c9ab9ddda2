"""A Python file of somebody's own, run as it is: for GANs and concepts named as `path/to/file.py:function`.

    with as_it_was(path):
        module = imported(path, example="file.py:make")
    raise_from(error, path)                      # a failure inside, as one error with the file's line

The file's folder is first on the import path while it runs; afterwards the import path and the modules that lie in that
folder are as they were, and nothing is written there. What it prints goes to stderr.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from ganatomy.errors import GanatomyError, InputError
from ganatomy.numerics.fingerprint import fingerprint

PREFIX = "_ganatomy_file_"


def source(path: Path, *, example: str) -> str:
    """The text of the file; `example` is what an error offers in its place."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise InputError(f"{path} cannot be read ({why})", f"give a Python file and a function: {example}") from error


def imported(path: Path, *, example: str) -> ModuleType:
    """The module of the file, anew each time; called inside of `as_it_was`."""
    source(path, example=example)
    name = PREFIX + fingerprint(str(path.absolute()))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} is no Python file", "give a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever somebody's file may raise
        raise_from(error, path)
    return module


def raise_from(error: BaseException, path: Path) -> NoReturn:
    """The error with the last line of the file that led to it; one of ours that names the file goes through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if _same(frame.filename, path)]
    if isinstance(error, SyntaxError) and _same(error.filename or "", path):
        lines.append(error.lineno)
    where = f"{path}, line {lines[-1]}" if lines else str(path)
    if isinstance(error, GanatomyError):
        if str(path) in error.said:
            raise error
        raise InputError(f"{where}: {error.said}", error.remedy) from error
    said = (error.msg if isinstance(error, SyntaxError) else str(error)).strip().split("\n")[0]
    remedy = "mend it there; -v shows the whole trace"
    if isinstance(error, ModuleNotFoundError):
        remedy = "install that package, or put the module beside the file"
    raise InputError(f"{where}: {type(error).__name__}" + (f": {said}" if said else ""), remedy) from error


@contextlib.contextmanager
def as_it_was(path: Path) -> Iterator[None]:
    """The import path and the modules of the file's folder come back; what others were loaded stays loaded."""
    folder = path.absolute().parent
    before, known, writes = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # nothing is left in a folder that is not ours
    importlib.invalidate_caches()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.path[:] = before
        sys.dont_write_bytecode = writes
        for other in set(sys.modules) - known:
            if other.startswith(PREFIX) or _lies_in(sys.modules[other], folder):
                del sys.modules[other]


def _same(filename: str, path: Path) -> bool:
    return bool(filename) and Path(filename).absolute() == path.absolute()


def _lies_in(module: ModuleType, folder: Path) -> bool:
    """In the folder itself, not in an environment of installed packages below it."""
    file = getattr(module, "__file__", None)
    if not file:
        return False
    path = Path(file).absolute()
    return path.is_relative_to(folder) and "site-packages" not in path.relative_to(folder).parts
