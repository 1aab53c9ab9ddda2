"""One pass of a network, call by call, and a later pass in which some calls return what they are told.

recording = record(network, site, inputs)           # recording.activation, recording.output, recording.visible
with answering({module: [None, lambda *_: tensor]}):   # its first call runs, its second returns the tensor
    network(*inputs)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map

from ganatomy.errors import UsageError
from ganatomy.tracing.push import linear, quick
from ganatomy.tracing.site import Site, module_at
from ganatomy.tracing.visit import CALLED, part_of

Answer = Callable[[nn.Module, Any, Any], Any]  # of the module, what it is given, and by name
PLAIN = (int, float, bool, str, type(None), Tensor)


@dataclass(eq=False)
class Call:
    """`output`: a copy of what the call returned, where that can be returned again; `takes`: the site's tensor.

    `quick`: there is a quicker way to compute it.
    """

    module: nn.Module
    parent: Call | None
    output: Any = None
    returned: bool = False
    takes: bool = False
    quick: bool = False


@dataclass(eq=False)
class Recording:
    """`calls` in the order in which they began; `at` is the call of the site, the `ran`-th of its module."""

    site: Site
    wanted: nn.Module
    operators: Set[nn.Module]
    quick: Set[nn.Module]
    calls: list[Call] = field(default_factory=list)
    running: list[Call] = field(default_factory=list)
    ran: int = 0
    at: Call | None = None
    tensor: Tensor | None = None  # the very one that the site returned
    activation: Tensor | None = None  # and what it held
    output: Any = None
    opaque: bool = False  # are there modules whose calls do not come by?
    widest: int = 1  # numbers in the largest tensor after the site

    def enter(self, module: nn.Module, given: Any, options: Any) -> None:
        call = Call(module, self.running[-1] if self.running else None, quick=module in self.quick)
        self.calls.append(call)
        self.running.append(call)
        if module is self.wanted:
            self.at = call if self.ran == (self.site.call or 0) else self.at
            self.ran += 1
        if self.activation is not None and module in self.operators and len(given) == 1 and not options:
            call.takes = _same(given[0], self.tensor, self.activation)

    def leave(self, module: nn.Module, _given: Any, output: Any) -> None:
        while self.running[-1].module is not module:  # an exception left them, and the network went on
            self.running.pop()
        call, before = self.running.pop(), self.at is None
        if self.activation is not None and isinstance(output, Tensor):
            self.widest = max(self.widest, output.numel())
        if (before or call is self.at or call.takes) and all(type(leaf) in PLAIN for leaf in tree_leaves(output)):
            call.output, call.returned = copied(output), before
            for inner in self.calls[self.calls.index(call) + 1 :]:
                inner.output, inner.returned = None, False
        if call is self.at:
            self.tensor = part_of(output, self.site)
            self.activation = self.tensor.detach().clone()

    def visible(self, *, push: bool) -> list[Call]:
        """The calls that are made when those that were over before the site began return at once."""
        made: dict[Call, bool] = {}  # and does it run?
        for call in self.calls:
            if call.parent is None or made.get(call.parent, False):
                made[call] = not (call.returned or call is self.at or (push and call.takes))
        return list(made)

    @property
    def place(self) -> int:
        """Of the site's call among those."""
        return next(place for place, call in enumerate(self.visible(push=True)) if call is self.at)


def record(network: nn.Module, site: Site, inputs: Sequence[Any]) -> Recording:
    """Without gradients."""
    wanted, modules = module_at(network, site), list(seen(network))
    found = Recording(site, wanted, set(filter(linear, modules)), set(filter(quick, modules)))
    found.opaque = len(modules) < len(set(network.modules()))
    with torch.no_grad(), ExitStack() as attached:
        for module in modules:
            attached.callback(module.register_forward_pre_hook(found.enter, with_kwargs=True).remove)
            attached.callback(module.register_forward_hook(found.leave).remove)
        found.output = network(*copied(tuple(inputs)))
    if found.activation is None or (site.call is None and found.ran > 1):
        remedy = f"name one: {site}#0 to {site}#{found.ran - 1}" if found.ran else "choose a site that the network runs"
        raise UsageError(f"the site '{site}' ran {found.ran} times in a pass", remedy)
    found.tensor = None
    return found


def seen(network: nn.Module) -> Iterator[nn.Module]:
    """The modules whose calls come by; not what is compiled, nor what is inside."""
    if isinstance(network, torch.jit.ScriptModule) or hasattr(network, "_orig_mod") or getattr(network, CALLED):
        return
    found = {network: None}
    for child in network.children():
        found |= dict.fromkeys(seen(child))
    yield from found


@contextmanager
def answering(answers: Mapping[nn.Module, Sequence[Answer | None]]) -> Iterator[None]:
    """The calls of each module in turn: None lets it run, hooks and all."""

    with ExitStack() as replaced:
        for module, wanted in answers.items():
            if any(answer is not None for answer in wanted):
                if None in wanted and module._forward_hooks:
                    said = f"some calls of a {type(module).__name__} are replayed, and a hook on it would miscount them"
                    raise UsageError(said, "attach it before the replay is made, which then runs whole passes")
                replaced.callback(vars(module).pop, CALLED, None)
                vars(module)[CALLED] = _answered(module, iter(wanted))
        yield


def _answered(module: nn.Module, left: Iterator[Answer | None]) -> Callable[..., Any]:
    return lambda *given, **options: (next(left, None) or _run)(module, given, options)


def _run(module: nn.Module, given: Any, options: Any) -> Any:
    return module._call_impl(*given, **options)


def copied(tree: Any, times: int = 1, *, of: int | None = None) -> Any:
    """A tree of tensors, those that are `of` long repeated along their first axis."""

    def copy(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return leaf
        if times > 1 and leaf.ndim and len(leaf) == of:
            return leaf.repeat(times, *[1] * (leaf.ndim - 1))
        return leaf.detach().clone()

    return tree_map(copy, tree)


def shifted(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Other inputs of the same kind."""

    def other(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor) or not leaf.ndim:
            return leaf
        return leaf.flip(0) / 2 if leaf.is_floating_point() else leaf.flip(0)

    return tuple(tree_map(other, inputs))


def placeholder(tree: Any, times: int = 1, *, of: int | None = None) -> Any:
    """The same shapes as `copied` makes, on a device where nothing can be computed in silence."""

    def shaped(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return leaf
        length = (len(leaf) * (times if len(leaf) == of else 1),) if leaf.ndim else ()
        return torch.empty((*length, *leaf.shape[1:]), dtype=leaf.dtype, device="meta")

    return tree_map(shaped, tree)


def _same(given: Any, tensor: Tensor | None, held: Tensor) -> bool:
    """Is this the site's tensor, flattened or not, and does it still hold what it held?"""
    return (
        isinstance(given, Tensor)
        and tensor is not None
        and given.data_ptr() == tensor.data_ptr()
        and given.shape in (held.shape, held.flatten(1).shape)
        and torch.equal(given.reshape(held.shape), held)
    )
