"""The command `ganatomy`: parses, calls a verb, prints. No logic, and nothing heavy until a verb is called."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

VERBOSE = ("-v", "--verbose")  # legal anywhere on the line: the trace of an error is wanted


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: errors for people become two lines on stderr."""
    from ganatomy.cli.allocation import keep_freed_memory
    from ganatomy.errors import GanatomyError

    keep_freed_memory()
    given = list(sys.argv[1:] if arguments is None else arguments)
    words = [word for word in given if word not in VERBOSE]
    try:
        return _run(words)
    except GanatomyError as error:
        if words != given:
            traceback.print_exc()
        print(f"ganatomy: {error.said}\n{error.remedy}", file=sys.stderr)
        return error.exit_code
    except MemoryError:
        print("ganatomy: out of memory\nask for fewer samples or smaller pictures", file=sys.stderr)
        return 4
    except OSError as error:
        if error.filename is not None:
            print(
                f"ganatomy: {error.filename} cannot be used ({error.strerror})\nsee whether it is there, and yours",
                file=sys.stderr,
            )
            return 1
        _forget_stdout()  # without a name it is what the answer is printed to: a full disk, a closed pipe
        print(f"ganatomy: the answer could not be printed ({error.strerror})", file=sys.stderr)
        return 1


def _run(words: list[str]) -> int:
    from ganatomy.cli.commands import app

    code = 0
    try:
        app(words, prog_name="ganatomy")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    sys.stdout.flush()  # now, where a failure still is an error of ours, and not at the end of the interpreter
    return code


def _forget_stdout() -> None:
    """What is still buffered goes nowhere, or the interpreter would fail on it once more as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
