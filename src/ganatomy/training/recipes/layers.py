"""Recipes over recipes: a layer says what is different, and whatever it does not name stays as it was.

    merged({"pace": {"batch": 64, "critic_turns": 1}}, {"pace": {"batch": 32}})     # critic_turns stays
    layer_of(["pace.both.rate=1e-3", "stages.0.end.steps=10"])                      # what -o makes

Sections are merged, lists and numbers replaced. Who names another architecture, game or data set leaves the options of
the former one behind. `both` in a pace stands for critic and generator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganatomy.errors import UsageError
from ganatomy.training.recipes.text import parsed

# In this section, another value of this key leaves those behind.
AFRESH = {
    "players": ("architecture", ("options",)),
    "data": ("name", ("size", "options")),
    "game": ("name", ("terms", "smoothing", "clip")),
}
EXAMPLE = "as in -o pace.batch=32"


def merged(below: Any, above: Any, section: str = "") -> Any:
    """`above` over `below`; neither is changed."""
    if isinstance(below, list) and isinstance(above, Mapping) and all(str(key).isdigit() for key in above):
        return _with_items(below, above, section)
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    kept = dict(below)
    key, stale = AFRESH.get(section, ("", ()))
    if key in above and above[key] != below.get(key):
        kept = {name: value for name, value in kept.items() if name not in stale}
    return kept | {name: merged(kept.get(name), value, name) for name, value in above.items()}


def _with_items(below: list[Any], above: Mapping[str, Any], section: str) -> list[Any]:
    items = list(below)
    for key, value in above.items():
        if int(key) >= len(items):
            raise UsageError(f"item {key} of {section!r} was asked for", f"there are {len(items)}, counted from 0")
        items[int(key)] = merged(items[int(key)], value, "")
    return items


def spread(layer: Mapping[str, Any]) -> dict[str, Any]:
    """The layer with `both` written out for critic and generator, also in its stages."""
    found = dict(layer)
    if isinstance(pace := found.get("pace"), Mapping) and "both" in pace:
        found["pace"] = _each(pace)
    stages = found.get("stages")
    if isinstance(stages, list):
        found["stages"] = [spread(stage) if isinstance(stage, Mapping) else stage for stage in stages]
    elif isinstance(stages, Mapping):
        found["stages"] = {
            place: spread(stage) if isinstance(stage, Mapping) else stage for place, stage in stages.items()
        }
    return found


def _each(pace: Mapping[str, Any]) -> dict[str, Any]:
    both = pace["both"]
    rest = {name: value for name, value in pace.items() if name != "both"}
    if not isinstance(both, Mapping):
        raise UsageError(f"pace.both = {both!r} was given", "give what critic and generator share: {rate: 2e-4}")
    return rest | {player: merged(both, rest.get(player, {})) for player in ("critic", "generator")}


def staged(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Each stage with everything that it shares with the recipe; the end moves into the stages."""
    stages = whole.get("stages")
    if not isinstance(stages, list) or not stages or not all(isinstance(stage, Mapping) for stage in stages):
        return dict(whole)
    filled = []
    for number, stage in enumerate(stages, start=1):
        shared = {name: merged(whole.get(name, {}), stage.get(name, {}), name) for name in ("game", "pace")}
        own = {"name": f"stage-{number}", **stage, **shared}
        filled.append(own if "end" in own or whole.get("end") is None else {**own, "end": whole["end"]})
    if whole.get("end") is not None and all("end" in stage for stage in stages):
        raise UsageError(
            "the recipe was given an end, and each of its stages has its own",
            "set those of the stages, with -o end=null, or that of the recipe alone",
        )
    return {**whole, "stages": filled, "end": None}


def layer_of(overrides: Sequence[str]) -> dict[str, Any]:
    """`key=value` with dotted keys, values as in YAML; of two for one key the later counts."""
    layer: dict[str, Any] = {}
    for override in overrides:
        key, equals, value = override.partition("=")
        path = key.strip().split(".")
        if not equals or not all(path):
            raise UsageError(f"-o {override} was given", f"give key=value, {EXAMPLE}")
        place = layer
        for part in path[:-1]:
            inner = place.get(part)
            place[part] = dict(inner) if isinstance(inner, Mapping) else {}
            place = place[part]
        place[path[-1]] = parsed(value, f"the value of -o {override}")
    return layer


def check_reach(below: Mapping[str, Any], overrides: Sequence[str]) -> None:
    """Refuse a dotted key that leads into a number or a text, which merging would replace by a section."""
    for override in overrides:
        path = override.partition("=")[0].strip().split(".")
        place: Any = below
        for depth, part in enumerate(path[:-1], start=1):
            if isinstance(place, list) and part.isdigit() and int(part) < len(place):
                place = place[int(part)]
            else:
                place = place.get(part) if isinstance(place, Mapping) else None
            if place is not None and not isinstance(place, Mapping | list):
                reached = ".".join(path[:depth])
                raise UsageError(
                    f"there is no key {'.'.join(path)!r}: {reached} is {place!r}, without parts",
                    f"set it as a whole: -o {reached}=VALUE; a schedule is {{start: 1, end: 0.1, until: 100000}}",
                )
