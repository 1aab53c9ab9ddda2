"""How each explainer and measure works, and who proposed it: for those that a report used.

    methods(["dissection", "copies"])[0].reference        # "Bau et al. (2019). GAN Dissection: ..."

The table lies in methods.yaml: a sentence or two about what this program does, and a reference where one is sure.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from ganatomy.report.facts import Method


def methods(names: Iterable[str]) -> tuple[Method, ...]:
    """In the order of the table, each once; names that are not in it are left out."""
    wanted = set(names)
    return tuple(method for method in table() if method.name in wanted)


@cache
def table() -> tuple[Method, ...]:
    import yaml

    written = yaml.safe_load(files("ganatomy.report").joinpath("methods.yaml").read_text("utf-8"))
    return tuple(Method(name, entry["said"], entry.get("reference", "")) for name, entry in written.items())
