"""The recipes that are shipped, by name. Loads neither torch nor pydantic.

recipe_names()              # ("digits-mlp", "digits-conv", ...)
summaries()["ring8"]        # one sentence
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError, UsageError, nearest
from ganatomy.training.recipes.text import parsed

FOLDER = Path(__file__).parent
ENDINGS = (".yaml", ".yml")

# In the order in which one would try them; each is the file of that name beside this one.
RECIPES = (
    "digits-mlp",
    "digits-conv",
    "stacked-digits",
    "ring8",
    "grid25",
    "shapes-dcgan",
    "shapes-style",
    "shapes-infogan",
    "mnist-mlp",
    "mnist-dcgan",
    "mnist-two-stage",
    "fashion-dcgan",
    "cifar10-dcgan",
    "cifar10-sngan",
    "cifar10-r3",
    "bad-strong-critic",
    "bad-weight-clip",
    "bad-r1-huge",
)


def recipe_names() -> tuple[str, ...]:
    return RECIPES


def summaries() -> dict[str, str]:
    """What each shipped recipe is for."""
    return {name: str(content_of(shipped_path(name))["summary"]) for name in RECIPES}


def is_path(name: str | os.PathLike[str]) -> bool:
    """Whether a file is meant: it ends in .yaml, or holds a separator."""
    text = os.fspath(name)
    return not isinstance(name, str) or text.endswith(ENDINGS) or os.sep in text


def shipped_path(name: str) -> Path:
    """The file of a shipped recipe."""
    if name in RECIPES:
        return FOLDER / f"{name}.yaml"
    if os.path.exists(name):
        raise UsageError(f"there is no recipe called {name!r}", f"a file is given by a path: {os.path.join('.', name)}")
    raise UsageError(f"there is no recipe called {name!r}", nearest(name, RECIPES))


def content_of(path: Path) -> dict[str, Any]:
    """What stands in the file, unchecked."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"the recipe {path} cannot be read: {reason}", f"give a YAML file, or a name: {', '.join(RECIPES)}"
        ) from error
    content = parsed(text, str(path))
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no recipe", "a recipe is `key: value` lines, see docs/recipes.md")
    return content
