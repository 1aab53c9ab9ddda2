"""Does a path jump? Steps longer than the local stretch explains are halved until they are explained, or are not.

    steps = stepped(seen, way, 64, label)               # lengths, and what the speed at both ends explains
    found = refined(seen, way, steps, label)            # for each suspect step: smooth, jump or undetermined

On a smooth path a step of latent h is as long as speed * h once h is small against the bend; across a jump it keeps its
length whatever h. A piece on which the speed is great at the last is a ridge, not a jump.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.explain.latent.paths import Path, spread
from ganatomy.explain.latent.surface import Surface, points, pushed
from ganatomy.explain.passes import BLOCK
from ganatomy.numerics.linear import jvp

EXPLAINED = 1.5  # a step counts as explained up to so many times the greater speed at its ends
SMOOTH, JUMP, UNDETERMINED = 0, 1, 2
ROUNDS = {torch.float64: 30, torch.float32: 10}  # halvings before the latents themselves round
APART = 0.1  # a piece that holds more of a step is halved again; smaller jumps inside a steep step are not looked for
STAYS = 0.8  # a jump keeps so much of its length over the last half of the rounds, a cusp loses it
MOST = 256  # pieces of a path that are halved in one round
NOISE = 100.0  # times eps * |point|: a step below it may be rounding


@dataclass(frozen=True, eq=False)
class Steps:
    """An even chain of k + 1 points on a path: lengths (k,) of its steps, and at its points the speeds (k + 1,).

    size: the norm of the largest point. noise: a step up to here may be rounding. trusted: whether speeds are those at
    the points; speeds from differences look ahead and take a jump nearby for speed.
    """

    lengths: Tensor
    speeds: Tensor
    size: float
    noise: float
    trusted: bool

    @property
    def explained(self) -> Tensor:
        """The longest that each step would be at the greater speed of its ends."""
        return torch.maximum(self.speeds[1:], self.speeds[:-1]) / len(self.lengths)

    @property
    def suspect(self) -> Tensor:
        """Steps to be halved: what is above rounding and not explained, or everything where speeds mean little."""
        return (self.lengths > self.noise) & ((self.lengths > EXPLAINED * self.explained) | (not self.trusted))


@dataclass(frozen=True, eq=False)
class Refined:
    """For each refined step: its number, verdict, longest piece left, and the share of the path that a piece is then.

    lengths are 0 where nothing long was left; a verdict of JUMP is that of its longest piece.
    """

    places: Tensor
    verdicts: Tensor
    lengths: Tensor
    widths: Tensor


def speeds(seen: Surface, way: Path, t: Tensor, label: Tensor | None = None) -> Tensor:
    """How fast the point moves at times t, per unit of t."""
    with torch.no_grad():
        direction = jvp(way, t, torch.ones_like(t))
        found: Tensor = pushed(seen, way(t), direction, spread(label, len(t))).norm(dim=1)
    return found


def stepped(seen: Surface, way: Path, many: int, label: Tensor | None = None) -> Steps:
    """A chain of `many` steps, block by block."""
    t = torch.linspace(0, 1, many + 1, dtype=seen.dtype, device=seen.device)
    lengths, fast, last, size = [], [], None, 0.0
    with torch.no_grad():
        for first in range(0, many + 1, BLOCK):
            here = t[first : first + BLOCK]
            made = seen(way(here), spread(label, len(here)))
            chain = made if last is None else torch.cat([last, made])
            lengths.append((chain[1:] - chain[:-1]).norm(dim=1))
            fast.append(speeds(seen, way, here, label))
            size, last = max(size, float(made.norm(dim=1).max())), made[-1:]
    return Steps(torch.cat(lengths), torch.cat(fast), size, NOISE * seen.eps * size, seen.forward)


def refined(seen: Surface, way: Path, steps: Steps, label: Tensor | None = None) -> Refined:
    """Halve every unexplained step, and again each half that holds more than `APART` of the step."""
    noise, many = NOISE * seen.eps * steps.size, len(steps.lengths)
    places = torch.nonzero(steps.suspect)[:, 0]
    first = steps.lengths[places].to(seen.dtype)
    widths = torch.zeros_like(first)
    pieces = Pieces(torch.arange(len(places), device=places.device), places.to(seen.dtype) / many, first, first)
    rounds, width = ROUNDS[seen.dtype], 1 / many
    for number in range(rounds):
        if not len(pieces.step):
            break
        width /= 2
        widths[pieces.step] = width
        pieces = _halved(seen, way, pieces, width=width, label=label)
        pieces = pieces.at(
            pieces.length > torch.maximum(APART * first[pieces.step], torch.full_like(pieces.length, noise))
        )
        if number == rounds // 2:
            pieces = replace(pieces, before=pieces.length)
    ends = torch.cat([pieces.left, pieces.left + width])
    fast = _in_blocks(lambda t: speeds(seen, way, t, label), ends).reshape(2, -1).amax(0) if len(ends) else ends
    pieces = pieces.at(pieces.length > EXPLAINED * fast * width)
    kept = torch.where(pieces.length >= STAYS * pieces.before, JUMP, UNDETERMINED)
    verdicts, lengths = torch.full_like(places, SMOOTH), torch.zeros_like(first)
    for place in torch.argsort(pieces.length, stable=True).tolist():  # the longest last
        verdicts[pieces.step[place]], lengths[pieces.step[place]] = kept[place], pieces.length[place]
    return Refined(places, verdicts, lengths, widths)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of one width: of which step, where they begin, how long they are, and were half way through."""

    step: Tensor
    left: Tensor
    length: Tensor
    before: Tensor

    def at(self, chosen: Tensor) -> Pieces:
        return Pieces(self.step[chosen], self.left[chosen], self.length[chosen], self.before[chosen])


def _halved(seen: Surface, way: Path, pieces: Pieces, *, width: float, label: Tensor | None) -> Pieces:
    """Both halves of each piece, `width` wide; of more than `MOST` the longest."""
    left = torch.cat([pieces.left, pieces.left + width])
    made = _in_blocks(
        lambda t: (
            points(seen, way(t + width), spread(label, len(t))) - points(seen, way(t), spread(label, len(t)))
        ).norm(dim=1),
        left,
    )
    found = Pieces(pieces.step.repeat(2), left, made, pieces.before.repeat(2))
    return found.at(torch.argsort(made, descending=True, stable=True)[:MOST]) if len(left) > MOST else found


def _in_blocks(function: Path, t: Tensor) -> Tensor:
    return torch.cat([function(part) for part in t.split(BLOCK)])
