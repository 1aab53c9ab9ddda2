"""Activations changed while a network runs: `with edit(network, {"up1.act": lambda a: a.clamp(max=1)}): ...`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce

from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.tracing.site import Site, site_named
from ganatomy.tracing.visit import visiting

Edit = Callable[[Tensor], Tensor]


def then(*edits: Edit) -> Edit:
    """One after the other."""
    return lambda activation: reduce(lambda value, each: each(value), edits, activation)


@contextmanager
def edit(network: nn.Module, edits: Mapping[str, Edit] | Mapping[Site, Edit]) -> Iterator[None]:
    """Each edit replaces its site's activation by one of the same shape and type, in every call the site names."""
    changes: dict[Site, Edit] = {site_named(site): change for site, change in edits.items()}
    if len(changes) < len(edits):
        raise UsageError("two edits of one site were given", "chain them: then(first, second)")

    def visit(site: Site, activation: Tensor) -> Tensor:
        """Copies on both sides: an edit may work in place, and so may the layer that follows, on what it was given."""
        before = activation.clone()
        after = changes[site](before)
        if _kind(after) != _kind(activation):
            said = f"the edit of '{site}' made {_kind(after)} of {_kind(activation)}"
            raise UsageError(said, "return the new activation, of the same shape, type and device")
        return after if after is before else after.clone()

    with visiting(network, changes, visit):
        yield


def _kind(value: object) -> str:
    if isinstance(value, Tensor):
        return f"{tuple(value.shape)} {value.dtype} on {value.device}"
    return f"a {type(value).__name__}"
