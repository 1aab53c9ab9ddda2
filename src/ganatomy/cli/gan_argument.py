"""How GANs, and lists of numbers, are named on the command line.

def sample(gan: GanName, seeds: str = "0-63") -> None: numbers(seeds)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import typer

from ganatomy.cli.completion import gans
from ganatomy.errors import UsageError

GanName = Annotated[
    str,
    typer.Argument(
        metavar="GAN",
        help="a run's folder (also with @best or @500), a checkpoint file, a saved GAN, or file.py:function",
        autocompletion=gans,
    ),
]
SPAN = re.compile(r"(\d+)(?:-(\d+))?")


def numbers(text: str, option: str) -> Sequence[int]:
    """0-63, or 3, or 0-9,20,30-39; a single span stays a range."""
    spans = [_span(part.strip(), text, option) for part in text.split(",")]
    return spans[0] if len(spans) == 1 else [number for span in spans for number in span]


def labels(text: str) -> list[int | str]:
    """Numbers as above; any other word is the name of a class."""
    found: list[int | str] = []
    for part in (part.strip() for part in text.split(",")):
        found += _span(part, text, "--labels") if SPAN.fullmatch(part) else [part]
    return found


def _span(part: str, text: str, option: str) -> range:
    found = SPAN.fullmatch(part)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if last < first:
        raise UsageError(f"{option} {text} was given", f"give numbers, as in {option} 0-63 or {option} 3,5,10-19")
    return range(first, last + 1)
