"""YAML to plain dictionaries and back, without the traps: a key given twice is an error, `2e-4` is a number.

parsed("rate: 2e-4", "my.yaml")      # {"rate": 0.0002}
written({"rate": 0.0002})            # what `parsed` reads back
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ganatomy.errors import InputError, UsageError

if TYPE_CHECKING:
    import yaml

NUMBER = re.compile(r"^[-+]?(?:\d[\d_]*\.?\d*|\.\d+)[eE][-+]?\d+$")


def parsed(text: str, what: str) -> Any:
    """The content of a YAML text; `what` names it in errors."""
    import yaml

    try:
        return yaml.load(text, Loader=_loader())  # a safe loader with two more rules
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f", line {mark.line + 1}, column {mark.column + 1}"
        problem = getattr(error, "problem", None) or str(error).split("\n")[0]
        raise InputError(
            f"{what}{place} is no YAML: {problem}", "write `key: value` lines, sections indented by spaces"
        ) from error


def written(content: Mapping[str, Any]) -> str:
    """Keys in the order they have, short lists on one line."""
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)


@cache
def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Numbers with an exponent need neither point nor sign, and no key stands twice."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen = set()
            for key, _ in node.value:
                name = self.construct_object(key, deep=True)
                if not isinstance(name, str):
                    raise UsageError(f"line {key.start_mark.line + 1} has the key {name!r}", "keys are words")
                if name in seen:
                    raise UsageError(f"line {key.start_mark.line + 1} gives the key {name!r} again", "give it once")
                seen.add(name)
            return super().construct_mapping(node, deep=deep)

    Loader.add_implicit_resolver("tag:yaml.org,2002:float", NUMBER, list("-+.0123456789"))
    return Loader
