"""The house rules, read from the source: floors, cycles, sizes, names. Each rule is also shown to catch a culprit."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "ganatomy"

# Floors from the ground up. Rooms on one floor do not import each other; "shared" rooms may be imported by all.
FLOORS: list[set[str]] = [
    {"errors", "atomic", "numerics", "results", "pictures"},
    {"tracing", "models", "data", "games", "features"},
    {"training", "theory", "surrogates", "planted", "intake"},
    {"explain"},
    {"evaluate"},
    {"experiments", "views"},
    {"report", "bench"},
    {"studio"},
    {"verbs"},
    {"cli"},
    {"__main__"},
]
SHARED = FLOORS[0]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
LIGHT = {"torch", "numpy"}  # what a module may import at its top; the rest is imported where it is used
ATTOP = {"training.recipes": {"pydantic"}}  # but for this: a schema is made of classes
VAGUE = {"utils", "util", "helpers", "common", "base", "core", "manager", "misc"}

Sources = dict[str, str]


def read_sources() -> Sources:
    """Dotted module name (without the package) -> source text; packages end in `__init__`."""
    return {".".join(path.relative_to(SOURCE).with_suffix("").parts): path.read_text() for path in SOURCE.rglob("*.py")}


def imports(source: str) -> Iterator[tuple[str, bool]]:
    """Every imported module, also inside functions, and whether the import stands at the top of the module."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in tree.body) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module, node in tree.body
            yield from ((f"{module}.{alias.name}", node in tree.body) for alias in node.names)


def inside(sources: Sources, module: str) -> set[str]:
    """The project's own modules that this one imports."""
    found = set()
    for name, _ in imports(sources[module]):
        own = name.removeprefix("ganatomy.")
        if own != name and (own in sources or f"{own}.__init__" in sources):
            found.add(own if own in sources else f"{own}.__init__")
    return found - {module}


def floor_breaches(sources: Sources) -> list[str]:
    """The root itself only names, for type checkers, what it loads when asked."""
    wrong = []
    for module in sources.keys() - {"__init__"}:
        room = module.split(".")[0]
        for other in {target.split(".")[0] for target in inside(sources, module)} - {room, "__init__"}:
            if room in SHARED and other in SHARED:
                continue
            if room not in FLOOR or other not in FLOOR or FLOOR[other] >= FLOOR[room]:
                wrong.append(f"{module} imports {other}")
    return sorted(wrong)


def cycle(sources: Sources) -> list[str]:
    graph = {module: inside(sources, module) - {"__init__"} for module in sources}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def unknown_rooms(sources: Sources) -> list[str]:
    rooms = {module.split(".")[0] for module in sources} - {"__init__"}
    return sorted(rooms - set(FLOOR)) + sorted(m for m in sources if set(m.split(".")) & VAGUE)


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def crowded(sources: Sources) -> list[str]:
    """Files over 300 lines; functions over 60 without docstring, over 7 parameters, over 4 of them positional."""
    wrong = [f"{module}: {lines} lines" for module, text in sources.items() if (lines := text.count("\n")) > 300]
    for module, text in sources.items():
        for function in functions(text):
            arguments = function.args
            positional = [a.arg for a in arguments.posonlyargs + arguments.args if a.arg not in ("self", "cls")]
            count = len(positional) + len(arguments.kwonlyargs)
            body = function.body[ast.get_docstring(function) is not None :]
            length = (function.end_lineno or 0) - body[0].lineno + 1 if body else 0
            private = function.name.startswith("_") and function.name != "__init__"
            options = module.startswith("cli.")  # a command's parameters are its options
            if length > 60 or (count > 7 and not options) or (len(positional) > 4 and not private):
                wrong.append(
                    f"{module}.{function.name}: {length} lines, {count} parameters, {len(positional)} positional"
                )
    return wrong


def hidden(sources: Sources) -> list[str]:
    """`**kwargs` pass-through, `global`, relative imports, heavy imports at the top, modules without a docstring."""
    wrong = []
    for module, text in sources.items():
        tree = ast.parse(text)
        if any(isinstance(node, ast.Global) for node in ast.walk(tree)):
            wrong.append(f"{module}: global")
        wrong += [
            f"{module}.{function.name}: **{function.args.kwarg.arg}"
            for function in functions(text)
            if function.args.kwarg
        ]
        if text.strip() and ast.get_docstring(tree) is None:
            wrong.append(f"{module}: no docstring")
        for name, top in imports(text):
            package = name.split(".")[0]
            allowed = LIGHT | {"ganatomy", "__future__"} | ATTOP.get(module.rpartition(".")[0], set())
            heavy = package not in allowed and not _standard(package)
            if name.startswith(".") or (top and heavy and not module.startswith("cli")):
                wrong.append(f"{module}: imports {name} at the top")
    return wrong


def _standard(package: str) -> bool:
    import sys

    return package in sys.stdlib_module_names


RULES = {rule.__name__: rule for rule in (floor_breaches, cycle, unknown_rooms, crowded, hidden)}

CULPRITS: dict[str, list[Sources]] = {
    "floor_breaches": [
        {"games.a": "def f():\n    from ganatomy.data.b import x\n", "data.b": "x = 1\n"},
        {"models.a": "import ganatomy.training.b\n", "training.b": ""},
        {"numerics.a": "from ganatomy.games import b\n", "games.b": ""},
    ],
    "cycle": [{"results.a": "from ganatomy.results.b import x", "results.b": "from ganatomy.results.a import y"}],
    "unknown_rooms": [{"kitchen.a": ""}, {"games.utils": ""}],
    "crowded": [
        {"games.a": "x = 1\n" * 301},
        {"games.a": "def f(a, b, *, c, d, e, f, g, h):\n    return 1\n"},
        {"games.a": "def f(a, b, c, d, e):\n    return 1\n"},
        {"games.a": "def f():\n" + "    x = 1\n" * 61},
    ],
    "hidden": [
        {"games.a": '"""D."""\ndef f(**options):\n    return options\n'},
        {"games.a": '"""D."""\ndef f():\n    global x\n    x = 1\n'},
        {"games.a": '"""D."""\nfrom . import b\n'},
        {"games.a": '"""D."""\nimport scipy.stats\n'},
        {"games.a": "x = 1\n"},
    ],
}


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_the_rule(rule: str) -> None:
    assert RULES[rule](read_sources()) == []


@pytest.mark.parametrize(("rule", "sources"), [(rule, sources) for rule, many in CULPRITS.items() for sources in many])
def test_the_rule_catches_a_culprit(rule: str, sources: Sources) -> None:
    assert RULES[rule](sources) != []


def test_every_room_stands_in_the_architecture_page() -> None:
    page = (SOURCE.parents[1] / "ARCHITECTURE.md").read_text()
    rooms = {module.split(".")[0] for module in read_sources()} - {"__init__", "__main__"}
    assert [room for room in sorted(rooms) if f"`{room}" not in page] == []
