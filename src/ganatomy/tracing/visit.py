"""One function that is called with what each of several sites produces, and may return something else for it.

with visiting(network, sites, visit): network(z)        # visit(site, tensor) -> tensor or None
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.tracing.site import Site, module_at

CALLED = "_compiled_call_impl"  # what nn.Module calls in place of its forward and its hooks, where it is set
Visit = Callable[[Site, Tensor], Tensor | None]
NEVER = "run the network inside of the block; calls are counted from 0 in each pass, and weights alone are no call"


@contextmanager
def visiting(network: nn.Module, sites: Collection[Site], visit: Visit) -> Iterator[None]:
    """Sites of one module are visited in the order given. A site that a pass leaves out is an error at its end.

    So is, at the end of the block, one that never ran. An edit may run the network again: that is a pass of its own.
    """
    passes, most = [Counter[Site]()], Counter[Site]()  # calls in each pass, the innermost last; first those of none

    def hook(site: Site, _module: nn.Module, _inputs: Any, output: Any) -> Any:
        if torch._C._current_graph_task_id() >= 0:  # a call that is none of the pass
            raise UsageError(f"the site '{site}' ran again in a backward pass", "switch its checkpointing off")
        calls = passes[-1][site] = passes[-1][site] + 1
        most[site] = max(most[site], calls)
        changed = visit(site, part_of(output, site)) if site.call in (None, calls - 1) else None
        return None if changed is None else with_part(output, site, changed)

    def check(calls: Counter[Site], within: str) -> None:
        for site in sites:
            if calls[site] <= (site.call or 0) and not (within == "pass" and _again(network, site)):
                raise UsageError(f"the site '{site}' did not run in this {within}", NEVER)

    with ExitStack() as attached:
        for site in sites:
            attached.callback(module_at(network, site).register_forward_hook(partial(hook, site)).remove)
        begin = module_at(network, Site("")).register_forward_pre_hook(lambda *_: passes.append(Counter()))
        attached.callback(begin.remove)
        attached.callback(network.register_forward_hook(lambda *_: check(passes.pop(), "pass")).remove)
        yield
    check(most, "block")


def _again(network: nn.Module, site: Site) -> bool:
    """May a pass use what an earlier one made there? Cached weights do, and passes in which calls are replayed."""
    return "parametrizations." in site.name or any(vars(each).get(CALLED) for each in network.modules())


def part_of(output: Any, site: Site) -> Tensor:
    """The tensor of a site among what its module returned."""
    parts: dict[Any, Any] = {None: output}
    if isinstance(output, Mapping | tuple | list):
        parts = dict(output if isinstance(output, Mapping) else enumerate(output))
    if isinstance(parts.get(site.part), Tensor):
        return parts[site.part]  # type: ignore[no-any-return]
    tensors = [str(Site(site.name, site.call, part)) for part, each in parts.items() if isinstance(each, Tensor)]
    remedy = f"its tensors are {', '.join(tensors)}" if tensors else "choose a module that returns tensors, not nested"
    raise UsageError(f"the site '{site}' is no tensor: its module returned a {type(output).__name__}", remedy)


def with_part(output: Any, site: Site, changed: Tensor) -> Any:
    """What the module returned, with the tensor of the site replaced."""
    if site.part is None:
        return changed
    if isinstance(output, Mapping):
        copied: Any = copy.copy(output)
        copied[site.part] = changed
        return copied
    parts = [changed if place == site.part else part for place, part in enumerate(output)]
    return type(output)(*parts) if hasattr(output, "_fields") else type(output)(parts)
