"""What the shell offers after the tab key: names, found without loading torch, so that it answers at once.

typer.Argument(autocompletion=recipes)
"""

from __future__ import annotations

import ast
import glob
from functools import partial
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
KINDS = (
    "recipes",
    "data",
    "models",
    "games",
    "explainers",
    "measures",
    "experiments",
    "interventions",
    "benches",
    "theory",
)


def recipes(incomplete: str) -> list[str]:
    from ganatomy.training.recipes.shipped import recipe_names

    return _starting(incomplete, [*recipe_names(), *_paths(incomplete, "*.yaml")])


def data_sets(incomplete: str) -> list[str]:
    if incomplete.startswith("folder:"):
        return [f"folder:{path}" for path in _paths(incomplete.removeprefix("folder:"), "")]
    return _starting(incomplete, [*literal_keys("data/catalogue.py", "DATASETS"), "folder:"])


def games(incomplete: str) -> list[str]:
    return _starting(incomplete, literal_keys("games/named.py", "GAMES"))


def benches(incomplete: str) -> list[str]:
    return _starting(incomplete, literal_keys("verbs/bench.py", "BENCHES"))


def explainers(incomplete: str) -> list[str]:
    file = "verbs/explainers/catalogue.py"
    return _starting(incomplete, [*literal_keys(file, "GROUPS"), *literal_keys(file, "EXPLAINERS")])


def measures(incomplete: str) -> list[str]:
    return _starting(incomplete, literal_keys("verbs/measures/catalogue.py", "MEASURES"))


def theories(incomplete: str) -> list[str]:
    return _starting(incomplete, literal_keys("verbs/theory.py", "THEORY"))


def experiments(incomplete: str) -> list[str]:
    names = literal_keys("experiments/catalogue.py", "EXPERIMENTS")
    return _starting(incomplete, [*names, *_paths(incomplete, "*.py")])


def kinds(incomplete: str) -> list[str]:
    return _starting(incomplete, list(KINDS))


def gans(incomplete: str) -> list[str]:
    """Runs first, then whatever path begins like this: folders, checkpoint files, Python files."""
    runs = sorted(str(path.parent) for path in Path("runs").glob("*/config.yaml"))
    return list(dict.fromkeys([*_starting(incomplete, runs), *_paths(incomplete, "*.py", "*.safetensors")]))


def literal_keys(file: str, table: str) -> list[str]:
    """The names in a literal table, read from its source: to import the module would load torch."""
    for statement in ast.parse((PACKAGE / file).read_text("utf-8")).body:
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else getattr(statement, "targets", [])
        named = any(isinstance(target, ast.Name) and target.id == table for target in targets)
        if named and isinstance(value := getattr(statement, "value", None), ast.Dict):
            return [key.value for key in value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return []


def _starting(incomplete: str, names: list[str]) -> list[str]:
    return list(filter(partial(_begins, incomplete), names))


def _begins(incomplete: str, name: str) -> bool:
    return name.startswith(incomplete)


def _paths(incomplete: str, *patterns: str) -> list[str]:
    """Folders that begin like this, with a slash, and files that fit a pattern."""
    found = [path for path in sorted(glob.glob(glob.escape(incomplete) + "*")) if not Path(path).name.startswith(".")]
    folders = [path + "/" for path in found if Path(path).is_dir()]
    return folders + [path for path in found if any(Path(path).match(pattern) for pattern in patterns if pattern)]
