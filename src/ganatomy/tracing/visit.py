"""Functions called with what sites produce, in place of which they may return something else.

with visiting(network, {site: function}): network(z)
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.tracing.site import Site, module_at

Visit = Callable[[Tensor], Tensor | None]
NEVER = (
    "run the network inside of the block; a module that is never called, or whose weights alone are used, is no site"
)


@contextmanager
def visiting(network: nn.Module, visits: Mapping[Site, Visit]) -> Iterator[None]:
    """Sites of one module are visited in the order given. A site that never ran is an error at the end of the block."""
    calls: Counter[Site] = Counter()
    with ExitStack() as attached:
        for site, visit in visits.items():
            handle = module_at(network, site).register_forward_hook(_hook(site, visit, calls))
            attached.callback(handle.remove)
        yield
    for site in visits:
        if calls[site] <= (site.call or 0):
            ran = f"ran {calls[site]} times" if calls[site] else "did not run"
            raise UsageError(f"the site '{site}' {ran} in this block", NEVER)


def _hook(site: Site, visit: Visit, calls: Counter[Site]) -> Callable[[nn.Module, Any, Any], Any]:
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> Any:
        calls[site] += 1
        if site.call is not None and calls[site] != site.call + 1:
            return None
        changed = visit(part_of(output, site))
        return None if changed is None else with_part(output, site, changed)

    return hook


def part_of(output: Any, site: Site) -> Tensor:
    """The tensor of a site among what its module returned."""
    parts: dict[Any, Any] = {None: output}
    if isinstance(output, Mapping | tuple | list):
        parts = dict(output if isinstance(output, Mapping) else enumerate(output))
    found = parts.get(site.part)
    if isinstance(found, Tensor):
        return found
    tensors = [str(Site(site.name, site.call, part)) for part, each in parts.items() if isinstance(each, Tensor)]
    remedy = f"its tensors are {', '.join(tensors)}" if tensors else "choose another site: no part of it is a tensor"
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
