"""The prefix of a network runs once, the rest for many changed activations.

    replay = Replay(network, "up1.act")
    kept = replay.begin(z)                                      # one full pass: kept.activation, kept.output
    replay.finish(kept, torch.cat([kept.activation, other]))    # what edited passes give, the prefix not run again
    for channels, outputs in replay.each_channel(kept, range(64), 0.0):
        outputs.shape                                           # (len(channels), n, ...), one channel set in each

Every module that was over before the site began returns what it returned, the site's module returns what is given, and
the rest of the network's own forward runs. When inputs of a new shape are begun with, what comes out is held against
edited passes. A network that cannot be replayed (its samples see each other, it works in place on what was before the
site, ...) gets edited passes instead; `prefix_reused` and `reason` say so. One that gives another output each time is
refused. Networks should be in eval mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.tracing.faithful import CLOSE, SAME, Reads, apart
from ganatomy.tracing.push import push
from ganatomy.tracing.record import Call, copied, shifted
from ganatomy.tracing.site import Site, site_named
from ganatomy.tracing.suffix import Kept, edited, in_parts, kept_of, suffix

SAMPLES = 256  # that go through the suffix together, if
NUMBERS = 1 << 20  # in a tensor are not exceeded: more no longer fit the caches


class Replay:
    """`pushes`: is the change of one channel pushed through the operators that take the site's tensor?"""

    def __init__(self, network: nn.Module, site: str | Site) -> None:
        self.network, self.site = network, site_named(site)
        self.prefix_reused, self.pushes, self.reason = True, True, ""
        self._checked: set[tuple[Any, ...]] = set()
        self._unread: dict[tuple[Any, ...], set[int]] = {}  # by kind of input, pushing or not: answers nobody reads

    def begin(self, *inputs: Any) -> Kept:
        kept = kept_of(self.network, self.site, inputs)
        if kept.kind not in self._checked:
            with torch.no_grad():
                self._check(kept)
            self._checked.add(kept.kind)
        return kept

    def finish(self, kept: Kept, activations: Tensor) -> Tensor:
        """Of m edits after another, (m * n, channels, ...); gradients flow to them."""
        if activations.shape[1:] != kept.activation.shape[1:] or not len(activations) or len(activations) % len(kept):
            raise UsageError(
                f"activations of shape {tuple(activations.shape)} were given",
                f"give {tuple(kept.activation.shape)}, or several such after another",
            )
        if not self.prefix_reused:
            return in_parts(self.network, kept, activations)
        times, unread = len(activations) // len(kept), self._unread[kept.kind, False]
        return suffix(self.network, kept, times=times, activations=activations.clone(), unread=unread)

    def each_channel(
        self, kept: Kept, channels: Sequence[int], values: float | Sequence[float | Tensor] | Tensor
    ) -> Iterator[tuple[list[int], Tensor]]:
        """`values`: one number for all, or a number or tensor (n, ...) for each of the channels."""
        levels = _levels(kept.activation, channels, values)
        together = max(1, min(SAMPLES // len(kept), NUMBERS // kept.recording.widest))
        for first in range(0, len(channels), together):
            part = slice(first, first + together)
            with torch.no_grad():
                outputs = self._set(kept, channels[part], levels[part])
            yield list(channels[part]), outputs.unflatten(0, (-1, len(kept)))

    def _set(self, kept: Kept, channels: Sequence[int], levels: Sequence[float | Tensor]) -> Tensor:
        """The outputs with one channel set in each."""
        after = _after(kept, channels, levels) if self.pushes else {}
        if not after:
            return self.finish(kept, _activations(kept, channels, levels))
        unread = self._unread[kept.kind, True]
        needed = kept.recording.place not in unread
        return suffix(
            self.network,
            kept,
            times=len(channels),
            activations=_activations(kept, channels, levels) if needed else None,
            after=after,
            unread=unread,
        )

    def _check(self, kept: Kept) -> None:
        """Against full passes: may the prefix be reused, may changes be pushed?"""
        if self.prefix_reused:
            self.reason = self._unfaithful(kept)
            self.prefix_reused = not self.reason
        self.pushes = self.pushes and self.prefix_reused and self._pushes(kept)
        if not self.prefix_reused and not apart(self.network(*copied(kept.inputs)), kept.output) <= SAME:
            raise UsageError(
                f"two passes over the same inputs give two outputs, so that edits of '{self.site}' cannot be compared",
                "put the network in eval mode, and give what it draws inside as an input",
            )

    def _unfaithful(self, kept: Kept) -> str:
        """Why the prefix cannot be reused, if so."""
        try:
            self.network(*shifted(kept.inputs))  # modules may have left something behind, which is that pass's now
            with Reads() as reads:
                same = suffix(self.network, kept, times=1, activations=kept.activation.clone(), reads=reads)
            if not apart(same, kept.output) <= SAME:
                return "the rest of the network, given the same activations after another pass, gives another output"
            self._unread[kept.kind, False] = set() if kept.recording.opaque else reads.unread(same)
            others = {each: edited(self.network, kept, each) for each in _others(kept.activation)}
            others = {each: output for each, output in others.items() if bool(output.isfinite().all())}
            found = self.finish(kept, torch.cat([kept.activation, *others]))
            if not apart(found, torch.cat([kept.output, *others.values()])) <= CLOSE:
                return "the rest of the network gives another output beside other samples"
        except Exception as error:  # whatever a foreign network may raise
            return f"the rest of the network does not run by itself: {error}"
        return ""

    def _pushes(self, kept: Kept) -> bool:
        """Are there operators to push through, and is it right for one channel?"""
        channels, level = [kept.activation.shape[1] - 1], -1 - 2 * kept.activation[:, -1].flip(0)
        if not any(call.takes for call in kept.recording.calls):
            return False
        activations = _activations(kept, channels, [level])
        wanted = edited(self.network, kept, activations)
        try:
            after = _after(kept, channels, [level])
            with Reads() as reads:
                found = suffix(self.network, kept, times=1, activations=activations, after=after, reads=reads)
            self._unread[kept.kind, True] = set() if kept.recording.opaque else reads.unread(found)
            return apart(found, wanted) <= CLOSE and apart(self._set(kept, channels, [level]), wanted) <= CLOSE
        except Exception:  # whatever a foreign network may raise
            return False


def _others(activation: Tensor) -> list[Tensor]:
    """Smaller, of the other sign, and elsewhere: one of them may send a network that looks at its numbers elsewhere."""
    return [activation.flip(0) / 2, -activation, activation.flatten(1).flip(1).reshape(activation.shape)]


def _levels(
    activation: Tensor, channels: Sequence[int], values: float | Sequence[float | Tensor] | Tensor
) -> list[float | Tensor]:
    """A number or a tensor (n, ...) for each channel."""
    single = isinstance(values, float | int) or (isinstance(values, Tensor) and not values.ndim)
    levels: list[Any] = [values] * len(channels) if single else list(values)  # type: ignore[arg-type]
    count, shape = activation.shape[1], activation[:, 0].shape
    if len(levels) != len(channels) or not all(0 <= channel < count for channel in channels):
        raise UsageError(
            f"{len(levels)} values were given for channels {list(channels)}", f"give one for each, below {count}"
        )
    for level in levels:
        given = level.shape if isinstance(level, Tensor) else ()
        if len(given) not in (0, len(shape)) or any(a not in (1, b) for a, b in zip(given, shape, strict=False)):
            raise UsageError(f"a value of shape {tuple(given)} was given", f"give a number or what fits {tuple(shape)}")
    return [level.to(activation) if isinstance(level, Tensor) else level for level in levels]


def _activations(kept: Kept, channels: Sequence[int], levels: Sequence[float | Tensor]) -> Tensor:
    activations = kept.activation.repeat(len(channels), *[1] * (kept.activation.ndim - 1))
    for part, channel, level in zip(activations.split(len(kept)), channels, levels, strict=True):
        part[:, channel] = level
    return activations


def _after(kept: Kept, channels: Sequence[int], levels: Sequence[float | Tensor]) -> dict[Call, Tensor]:
    """What the operators that take the site's tensor return."""
    changes = [level - kept.activation[:, channel] for channel, level in zip(channels, levels, strict=True)]
    after = {}
    for call in kept.recording.calls:
        if call.takes:
            outputs = call.output.new_empty((len(channels), *call.output.shape))
            for output, channel, change in zip(outputs, channels, changes, strict=True):
                push(call.module, channel, change, onto=call.output, out=output)
            after[call] = outputs.flatten(0, 1)
    return after
