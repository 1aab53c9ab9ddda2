"""From a name or a file to a recipe: inheritance, -o, legal values, and every default written out.

    read_recipe("digits-mlp", ["pace.batch=32", "game.terms.r1.strength=0.1"])
    read_recipe("my.yaml")                        # may say `inherit: digits-mlp`
    print(to_yaml(recipe))                        # nothing hidden; read back, it is the same recipe

Every fault is one UsageError: the key, what was given, what would work.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError, UsageError
from ganatomy.training.recipes.complaints import understood
from ganatomy.training.recipes.layers import check_reach, layer_of, merged, spread, staged
from ganatomy.training.recipes.resolve import resolved
from ganatomy.training.recipes.schema import Recipe
from ganatomy.training.recipes.shipped import content_of, is_path, shipped_path
from ganatomy.training.recipes.text import parsed, written

BRIEF = ("terms", "end")  # sections in which a key without a value says nothing


def read_recipe(name: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of that name (shipped), or in that file, with `key=value` overrides, complete."""
    path = Path(name) if is_path(name) else shipped_path(str(name))
    content = _inherited(path, ())
    check_reach(content, overrides)
    return recipe_of(merged(content, spread(layer_of(overrides))), source=f"the recipe {os.fspath(name)}")


def recipe_text(text: str, *, source: str = "the recipe") -> Recipe:
    """A recipe from YAML text that inherits nothing, such as the config.yaml of a run."""
    content = parsed(text, source)
    if not isinstance(content, Mapping):
        raise InputError(f"{source} holds no recipe", "a recipe is `key: value` lines")
    return recipe_of(spread(content), source=source)


def recipe_of(content: Mapping[str, Any], *, source: str = "the recipe") -> Recipe:
    """A recipe from plain data, checked, with every default filled in."""
    with understood(source):
        try:
            return resolved(Recipe.model_validate(staged(content)))
        except UsageError as error:
            raise UsageError(f"{source}: {error.said}", error.remedy) from error


def to_plain(recipe: Recipe) -> dict[str, Any]:
    """As dictionaries, lists, numbers and text, in the order of the schema."""
    return _brief(recipe.model_dump(mode="json"))


def to_yaml(recipe: Recipe) -> str:
    """The complete recipe; `recipe_text` reads it back."""
    return written(to_plain(recipe))


def _inherited(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """The content of a file over that of the recipe it inherits, over what that one inherits, ..."""
    if path in above:
        chain = " -> ".join(one.stem for one in (*above, path))
        raise UsageError(f"recipes inherit one another in a circle: {chain}", "take one `inherit` out")
    content = content_of(path)
    parent = content.pop("inherit", None)
    content = {"name": path.stem, **spread(content)}
    if parent is None:
        return content
    if not isinstance(parent, str):
        raise UsageError(f"{path}: inherit = {parent!r} was given", "give the name of a recipe, or a file beside it")
    source = path.parent / parent if is_path(parent) else shipped_path(parent)
    found: dict[str, Any] = merged(_inherited(source, (*above, path)), content)
    return found


def _brief(content: dict[str, Any]) -> dict[str, Any]:
    """Without the terms that are as the game has them and the goals that are none."""
    found = {}
    for name, value in content.items():
        if name in BRIEF and isinstance(value, dict):
            value = {key: inner for key, inner in value.items() if inner is not None}
        if isinstance(value, dict):
            value = _brief(value)
        elif isinstance(value, list):
            value = [_brief(item) if isinstance(item, dict) else item for item in value]
        found[name] = value
    return found
