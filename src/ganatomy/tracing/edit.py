"""Activations changed while a network runs: `with edit(network, {"up1.act": lambda a: a.clamp(max=1)}): ...`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.tracing.site import Site, site_named
from ganatomy.tracing.visit import Visit, visiting

Edit = Callable[[Tensor], Tensor]


def then(*edits: Edit) -> Edit:
    """One after the other."""

    def chained(activation: Tensor) -> Tensor:
        for each in edits:
            activation = each(activation)
        return activation

    return chained


@contextmanager
def edit(
    network: nn.Module, edits: Mapping[str, Edit] | Mapping[Site, Edit] | Mapping[str | Site, Edit]
) -> Iterator[None]:
    """Each edit replaces its site's activation by one of the same shape and type, in every call the site names."""
    visits: dict[Site, Visit] = {site_named(site): _checked(str(site), change) for site, change in edits.items()}
    if len(visits) < len(edits):
        raise UsageError("two edits of one site were given", "chain them: then(first, second)")
    with visiting(network, visits):
        yield


def _checked(site: str, change: Edit) -> Visit:
    def visit(activation: Tensor) -> Tensor:
        """Copies on both sides: an edit may work in place, and so may the layer that follows, on what it was given."""
        before = activation.clone()
        after = change(before)
        if _kind(after) != _kind(activation):
            remedy = "return the new activation, of the same shape, type and device"
            raise UsageError(f"the edit of '{site}' made {_kind(after)} of {_kind(activation)}", remedy)
        return after if after is before else after.clone()

    return visit


def _kind(value: object) -> str:
    if isinstance(value, Tensor):
        return f"{tuple(value.shape)} {value.dtype} on {value.device}"
    return f"a {type(value).__name__}"
