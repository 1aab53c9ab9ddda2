"""The list of recipes is the folder, and listing is light."""

from __future__ import annotations

import subprocess
import sys

from ganatomy.training.recipes.shipped import FOLDER, RECIPES, is_path, recipe_names, summaries


def test_the_list_is_the_folder() -> None:
    assert sorted(RECIPES) == sorted(path.stem for path in FOLDER.glob("*.yaml"))
    assert recipe_names() == RECIPES


def test_every_recipe_has_a_sentence_of_its_own() -> None:
    found = summaries()
    assert tuple(found) == RECIPES
    assert len(set(found.values())) == len(RECIPES)
    assert all(text.endswith(".") and len(text) <= 120 for text in found.values())


def test_the_list_of_recipes_loads_neither_torch_nor_pydantic() -> None:
    code = (
        "import sys; from ganatomy.training.recipes.shipped import summaries; summaries(); "
        "print(sorted({'torch', 'pydantic', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_file_is_told_from_a_name() -> None:
    assert is_path("my.yaml")
    assert is_path("./digits-mlp")
    assert is_path(FOLDER)
    assert not is_path("digits-mlp")
