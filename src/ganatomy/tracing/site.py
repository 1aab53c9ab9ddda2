"""A place in a network: the output of a module, by its dotted name.

site_named("up1.act")             # also "block#1": its second call in a pass; "lstm[0]": the first part of a tuple
module_at(generator, site)        # a wrong name is an error that lists the nearest; so is a place that cannot be seen
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.errors import UsageError, nearest

WRITTEN = re.compile(r"([^#\[\]]*)(?:#(\d+))?(?:\[(\w+)\])?")


@dataclass(frozen=True)
class Site:
    """`call`: which call of the module in a pass, None for each; `part`: which of the tensors it returns, if several.

    A pass is one call of the network that is watched or edited (not of its `forward`, which no hook sees). An empty
    name is that network itself.
    """

    name: str
    call: int | None = None
    part: int | str | None = None

    def __str__(self) -> str:
        call = "" if self.call is None else f"#{self.call}"
        return self.name + call + ("" if self.part is None else f"[{self.part}]")


def site_named(text: str | Site) -> Site:
    if isinstance(text, Site):
        return text
    found = WRITTEN.fullmatch(str(text))
    if found is None:
        raise UsageError(f"the site {text!r} was given", "write it as up1.act, block#1 (a call) or lstm[0] (a part)")
    name, call, part = found.groups()
    return Site(name, int(call) if call else None, int(part) if part and part.isdecimal() else part)


def module_at(network: nn.Module, site: Site) -> nn.Module:
    """The module whose output the site is."""
    if not hasattr(network, "named_modules"):
        remedy = "give an nn.Module; torch.export.unflatten(program) makes one of an exported program"
        raise UsageError(f"a network of type {type(network).__name__} was given", remedy)
    modules: dict[str, nn.Module] = dict(network.named_modules(remove_duplicate=False))
    for name, outer in modules.items():
        if name in ("", site.name) or site.name.startswith(f"{name}."):
            _check_open(outer, site, inner=site.name[len(name) :].strip("."))
    if site.name not in modules:
        like = next((name for name in modules if name.endswith(f".{site.name}")), site.name)
        raise UsageError(f"there is no site called {site.name!r}", nearest(like, filter(None, modules)))
    return modules[site.name]


def _check_open(outer: nn.Module, site: Site, *, inner: str) -> None:
    """Do the calls of `inner` inside of `outer` come by?"""
    said = f"the site '{site}' cannot be seen: {type(outer).__name__} is"
    compiled = outer._compiled_call_impl is not None or hasattr(outer, "_orig_mod")
    if compiled or isinstance(outer, torch.jit.ScriptModule):
        remedy = "give the network that it was made of; a script's own output is seen in nn.Sequential(it)"
        raise UsageError(
            f"{said} {'compiled, and may run' if compiled else 'TorchScript, and runs'} without it", remedy
        )
    if inner and isinstance(outer, torch.fx.GraphModule):
        called = [str(node.target) for node in outer.graph.nodes if node.op == "call_module"]
        if not any(f"{inner}.".startswith(f"{name}.") for name in called):
            remedy = f"{nearest(inner, called)} (an exported program calls none: give torch.export.unflatten(program))"
            raise UsageError(f"{said} a graph that does not call it", remedy)
