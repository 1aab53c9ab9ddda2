"""A place in a network: the output of a module, by its dotted name.

site_named("up1.act")             # also "block#1": its second call in a block; "lstm[0]": the first part of a tuple
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
    """`call`: which call of the module, None for its only one; `part`: which of the tensors it returns, if several.

    An empty name is the network itself.
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
    return Site(name, None if call is None else int(call), int(part) if part and part.isdecimal() else part)


def module_at(network: nn.Module, site: Site) -> nn.Module:
    """The module whose output the site is."""
    if not hasattr(network, "named_modules"):
        given = "an" if type(network).__name__[0] in "AEIOU" else "a"
        remedy = "give an nn.Module, which torch.export.unflatten(program) makes of an exported program"
        raise UsageError(f"{given} {type(network).__name__} was given as the network", remedy)
    modules: dict[str, nn.Module] = dict(network.named_modules(remove_duplicate=False))
    names = site.name.split(".") if site.name else []
    for depth in range(len(names) + 1):
        outer = modules.get(".".join(names[:depth]))
        reason = None if outer is None else _closed(outer, ".".join(names[depth:]))
        if reason is not None:
            raise UsageError(f"the site '{site}' cannot be seen: {reason[0]}", reason[1])
    if site.name not in modules:
        inside = [name for name in modules if name.endswith(f".{site.name}")]
        remedy = nearest((inside or [site.name])[0], filter(None, modules))
        raise UsageError(f"there is no site called {site.name!r}", remedy)
    return modules[site.name]


def _closed(outer: nn.Module, inner: str) -> tuple[str, str] | None:
    """Why calls of `inner` inside of `outer` do not come by, and what would work."""
    kind = type(outer).__name__
    if outer._compiled_call_impl is not None or hasattr(outer, "_orig_mod"):
        return f"{kind} is compiled, and compiled code may run without it", "give the network that was compiled"
    if isinstance(outer, torch.jit.ScriptModule):
        return f"{kind} is TorchScript, which takes no hooks", "give what it was made of, or wrap it: nn.Sequential(it)"
    if inner and isinstance(outer, torch.fx.GraphModule):
        called = [str(node.target) for node in outer.graph.nodes if node.op == "call_module"]
        if set(called) <= {"_guards_fn"}:  # what an export adds
            return f"the graph of {kind} calls no modules: it was exported", "give torch.export.unflatten(program)"
        if not any(f"{inner}.".startswith(f"{name}.") for name in called):
            return f"the graph of {kind} does not call it", nearest(inner, called)
    return None
