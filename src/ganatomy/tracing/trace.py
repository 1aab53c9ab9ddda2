"""What sites produced: `with watch(network, ["up1.act"]) as trace: network(z)`, then `trace["up1.act"]`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError, choose
from ganatomy.tracing.site import Site, site_named
from ganatomy.tracing.visit import visiting


class Trace:
    """Tensors by site; the copies of a plain trace, or the very tensors of autograd's graph."""

    def __init__(self, sites: Iterable[Site], *, graph: bool) -> None:
        self.graph = graph
        self.kept: dict[str, list[tuple[Tensor, int]]] = {str(site): [] for site in sites}

    def keep(self, site: Site, tensor: Tensor) -> None:
        """Copied, since a later layer may work in place."""
        self.kept[str(site)].append((tensor, tensor._version) if self.graph else (tensor.detach().clone(), 0))

    def __getitem__(self, site: str | Site) -> Tensor:
        kept = choose(self.kept, str(site), "watched site")
        if len(kept) != 1:
            remedy = "read it after one pass; where a module is called several times in a pass, name the call: block#1"
            raise UsageError(f"the site '{site}' ran {len(kept)} times", remedy)
        ((tensor, version),) = kept
        if self.graph and tensor._version != version:
            raise UsageError(f"what '{site}' produced was overwritten in place later", "watch it without graph=True")
        return tensor


@contextmanager
def watch(network: nn.Module, sites: str | Site | Iterable[str | Site], *, graph: bool = False) -> Iterator[Trace]:
    """Within an `edit` begun before, the edited values are seen. With `graph`, gradients flow to what is kept."""
    wanted = dict.fromkeys(site_named(site) for site in ([sites] if isinstance(sites, str | Site) else sites))
    if graph and torch.is_inference_mode_enabled():
        raise UsageError("a trace with a graph was asked for in inference mode", "leave that mode, or graph=True out")
    trace = Trace(wanted, graph=graph)
    with visiting(network, wanted, trace.keep):
        yield trace
