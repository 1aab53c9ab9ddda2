"""Two recipes beside each other, and the hash that names one.

    digest(recipe)                 # 12 hexadecimal digits
    differences(old, new)          # ["game.terms.r1.strength: 0.05 -> 0.1"]: a run cannot go on with these
    allowed(old, new)              # ["end.steps: 3000 -> 6000"]: with these it can

The hash is over whatever decides the weights after a given number of steps, so that two runs of one hash differ by
their seed alone. Not in it: the seed, name and summary, how often is logged and saved, threads, health, and the end of
the last stage (a longer run passes through the weights of a shorter one; the ends of earlier stages do count).
A resumed run must keep its seed as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ganatomy.training.recipes.read import to_plain
from ganatomy.training.recipes.schema import Recipe

FREE = ("name", "summary", "cadence", "threads", "health")
SCHEDULE = {"start", "end", "until", "begin", "shape"}
MISSING = "nothing"


def digest(recipe: Recipe) -> str:
    """A name for what is trained: the same on every machine and for every seed."""
    flat = {key: value for key, value in flattened(recipe).items() if _decides(key, recipe) and key != "seed"}
    text = json.dumps(flat, sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def differences(old: Recipe, new: Recipe) -> list[str]:
    """What keeps a run of `old` from being resumed as `new`, as "key: before -> after"."""
    return [line for key, line in _changes(old, new) if _decides(key, old) or _decides(key, new)]


def allowed(old: Recipe, new: Recipe) -> list[str]:
    """What differs and does not matter for the weights (threads: for their last bits alone)."""
    return [line for key, line in _changes(old, new) if not (_decides(key, old) or _decides(key, new))]


def flattened(recipe: Recipe) -> dict[str, Any]:
    """Every value under its dotted key; lists and schedules are values."""
    return dict(_leaves(to_plain(recipe), ""))


def _decides(key: str, recipe: Recipe) -> bool:
    last_end = f"stages.{len(recipe.stages) - 1}.end." if recipe.stages else "end."
    return key.partition(".")[0] not in FREE and not key.startswith(last_end)


def _changes(old: Recipe, new: Recipe) -> list[tuple[str, str]]:
    before, after = flattened(old), flattened(new)
    keys = [*before, *(key for key in after if key not in before)]
    return [
        (key, f"{key}: {_said(before.get(key, MISSING))} -> {_said(after.get(key, MISSING))}")
        for key in keys
        if (key in before, before.get(key)) != (key in after, after.get(key))
    ]


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and set(value) != SCHEDULE:
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value) and key == "stages":
        for place, item in enumerate(value):
            yield from _leaves(item, f"{key}.{place}")
    else:
        yield key, value


def _said(value: Any) -> str:
    if isinstance(value, Mapping) and set(value) == SCHEDULE:
        return f"{value['start']} to {value['end']} ({value['shape']}, images {value['begin']} to {value['until']})"
    return str(value) if value is not None else "none"
