"""What follows a site, run for given activations: the calls before it return what they returned.

kept = kept_of(network, site, inputs)                              # one full pass
suffix(network, kept, times=2, activations=torch.cat([kept.activation, other]))
edited(network, kept, other)                                       # the same by a full pass, for one batch
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.tracing.edit import edit
from ganatomy.tracing.faithful import Reads
from ganatomy.tracing.push import applied
from ganatomy.tracing.record import Answer, Call, Recording, answering, copied, placeholder, record
from ganatomy.tracing.site import Site
from ganatomy.tracing.visit import with_part

NOTHING: Mapping[Call, Tensor] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Kept:
    """Of one pass: what went in, the site's activation, the output, and what else is returned again."""

    inputs: tuple[Any, ...]
    activation: Tensor
    output: Tensor
    recording: Recording
    kind: tuple[Any, ...]  # shapes and types of the inputs

    def __len__(self) -> int:
        return len(self.activation)


def kept_of(network: nn.Module, site: Site, inputs: Sequence[Any]) -> Kept:
    recording = record(network, site, inputs)
    activation, output = recording.activation, recording.output
    assert activation is not None
    if not isinstance(output, Tensor) or not output.ndim:
        remedy = "wrap it to return one tensor, a sample for each input"
        raise UsageError(f"the network returned a {type(output).__name__}", remedy)
    if activation.ndim < 2 or len(activation) != len(output):
        raise UsageError(
            f"the site '{site}' is {tuple(activation.shape)} where the output is {tuple(output.shape)}",
            "choose a site that has channels for each sample",
        )
    kind = tuple((given.shape, given.dtype) if isinstance(given, Tensor) else repr(given) for given in inputs)
    return Kept(copied(tuple(inputs)), activation, output.detach().clone(), recording, kind)


def suffix(
    network: nn.Module,
    kept: Kept,
    *,
    times: int,
    activations: Tensor | None,
    after: Mapping[Call, Tensor] = NOTHING,
    unread: Set[int] = frozenset(),
    reads: Reads | None = None,
) -> Tensor:
    """`after`: what operators return that take the site's tensor. Answers that nobody reads need not be there."""

    def answer_of(place: int, call: Call) -> Answer | None:
        if call in after:
            return lambda *_: after[call]
        if call is kept.recording.at and activations is not None:
            return lambda *_: _with(call.output, kept.recording.site, activations)
        if call.returned or call is kept.recording.at:
            make = placeholder if place in unread else copied
            return lambda *_: make(call.output, times, of=len(kept))
        return _quickly if call.quick and reads is None else None

    def _with(output: Any, site: Site, changed: Tensor) -> Any:
        rest = output if site.part is None else copied(output, times, of=len(kept))
        return with_part(rest, site, changed)

    answers: dict[nn.Module, list[Answer | None]] = {}
    for place, call in enumerate(kept.recording.visible(push=bool(after))):
        answer = answer_of(place, call)
        noted = answer if answer is None or reads is None else reads.handed(place, answer)
        answers.setdefault(call.module, []).append(noted)
    with answering(answers):
        output: Tensor = network(*copied(kept.inputs, times, of=len(kept)))
    if output.device != kept.output.device:  # a placeholder was read
        raise UsageError("the network took another path than before", "edit it without a replay")
    return output


def _quickly(module: nn.Module, given: Any, options: Any) -> Any:
    hooked = module._forward_hooks or module._forward_pre_hooks  # somebody watches
    if not hooked and len(given) == 1 and not options and isinstance(given[0], Tensor) and given[0].ndim == 4:
        return applied(module, given[0])
    return module._call_impl(*given, **options)


def edited(network: nn.Module, kept: Kept, activations: Tensor) -> Tensor:
    """A full pass."""
    with edit(network, {kept.recording.site: lambda _: activations}):
        output: Tensor = network(*copied(kept.inputs))
    return output


def in_parts(network: nn.Module, kept: Kept, activations: Tensor) -> Tensor:
    """A full pass for each batch."""
    return torch.cat([edited(network, kept, part) for part in activations.split(len(kept))])
