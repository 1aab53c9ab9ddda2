"""How often honest generators are blamed, and planted faults found: copies of training samples, classes left out.

rows = trust(progress=lambda done, total: None)

Every repeat has new data, a new generator and new latents, of tiny worlds (`ganatomy.planted.blobs`), and is asked both
questions; shares come with Wilson intervals. "Data that repeat themselves" are symbols drawn from 20,000: there
an exact copy may be chance, and a generator that draws from their law must not be blamed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType

import torch
from torch import Tensor

from ganatomy.bench.rows import Reading, Row
from ganatomy.bench.trained import Progress, each_seed
from ganatomy.evaluate.quality.copies import copies
from ganatomy.evaluate.quality.modes import by_nearest, parts
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import wilson
from ganatomy.planted.blobs import CLASSES, GRAIN, SIZE, BlobsTruth, copying, dropping, honest
from ganatomy.planted.planted import Planted
from ganatomy.training.machine import computing

REPEATS = 200
DRAWS = 99  # relabellings, enough for a level of 5 %
WRONG, FOUND = 0.05, 0.9  # targets: at most so many honest ones blamed, at least so many faults found
SYMBOLS = 20_000  # about as many as mislead most often a rule that looks at held-out samples alone
LEFT_OUT = 0

HONEST, REPEATING = "honest", "honest, data that repeat themselves"
EXACT, NOISY = "a tenth are exact copies", "a tenth are noisy copies"
NEVER, SELDOM = "a class is never made", "a class is made at a tenth of its share"

Made = Callable[..., Planted[BlobsTruth]]
PLANTED: Mapping[str, Made] = MappingProxyType(
    {
        HONEST: honest,
        EXACT: partial(copying, 0.1),
        NOISY: partial(copying, 0.1, noise=GRAIN / 4),
        NEVER: partial(dropping, LEFT_OUT),
        SELDOM: partial(dropping, LEFT_OUT, rate=0.1),
    }
)


@dataclass(frozen=True)
class Told:
    """What was said of one generator."""

    kind: str
    verdict: str
    missing: tuple[str, ...] = ()
    few: tuple[str, ...] = ()
    many: tuple[str, ...] = ()


# Which kinds are asked, what is counted, and the target.
Counted = Callable[[Told], bool]
BLAMED: tuple[tuple[str, str, Counted], ...] = (
    (HONEST, "said to copy", lambda told: told.verdict == "copies"),
    (HONEST, "said to lie nearer to training", lambda told: told.verdict == "nearer to training"),
    (HONEST, "said to miss a class", lambda told: bool(told.missing)),
    (REPEATING, "said to copy", lambda told: told.verdict == "copies"),
    (EXACT, "said to miss a class", lambda told: bool(told.missing)),
    (NEVER, "said to copy", lambda told: told.verdict == "copies"),
    (NEVER, "another class said to be missing", lambda told: bool(set(told.missing) - {CLASSES[LEFT_OUT]})),
)
CAUGHT: tuple[tuple[str, str, Counted], ...] = (
    (EXACT, "said to copy", lambda told: told.verdict == "copies"),
    (NOISY, "said to copy", lambda told: told.verdict == "copies"),
    (NEVER, "that class said to be missing", lambda told: told.missing == (CLASSES[LEFT_OUT],)),
    (SELDOM, "that class said to be missing or too few", lambda told: CLASSES[LEFT_OUT] in (*told.missing, *told.few)),
)


def trust(*, progress: Progress, repeats: int = REPEATS) -> list[Row]:
    kinds = (*PLANTED, REPEATING)
    told = each_seed(judged, [(kind, seed) for kind in kinds for seed in range(repeats)], progress=progress)
    rows = [_rate(*each, told, at_most=WRONG) for each in BLAMED]
    rows.append(_rate(HONEST, "a class named too few or too many, at q = 0.1 each", _uneven, told, at_most=0.2))
    return rows + [_rate(*each, told, at_least=FOUND) for each in CAUGHT]


def _uneven(told: Told) -> bool:
    return bool(told.few or told.missing or told.many)


def judged(asked: tuple[str, int]) -> Told:
    """A kind of generator with the seed of its data and latents."""
    kind, seed = asked
    with computing(1):
        if kind == REPEATING:
            return Told(kind, _copies(*(_symbols(seed, name) for name in ("fake", "train", "held-out")), seed=seed))
        planted = PLANTED[kind](seed=seed)
        truth, places = planted.truth, range(SIZE)
        fake = planted.gan.sample(seed, places).flatten(1)
        train, held_out = (data.read(places).flatten(1) for data in (truth.train, truth.held_out))
        labels = truth.held_out.labels(places)
        assert labels is not None
        mine, theirs = by_nearest(held_out, labels, fake)
        found = parts(mine, CLASSES, space="pixels", real=theirs)
        verdict = _copies(fake, train, held_out, seed=seed)
    return Told(kind, verdict, found.missing, found.named("too few"), found.over)


def _copies(fake: Tensor, train: Tensor, held_out: Tensor, *, seed: int) -> str:
    stream = Stream(seed, "bench/trust")
    return copies(fake, train, held_out, space="pixels", stream=stream, draws=DRAWS).verdict


def _symbols(seed: int, name: str) -> Tensor:
    """Symbols, each a place in the plane: in half of all repeats some fake is a training sample by chance."""
    places = _places()
    return places[Stream(seed, f"bench/trust/{name}").integers(range(SIZE), SYMBOLS)]


@cache
def _places() -> Tensor:
    return Stream(0, "bench/trust/symbols").normal(range(SYMBOLS), 2)


def _rate(
    kind: str,
    what: str,
    counted: Counted,
    told: Sequence[Told],
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Row:
    mine = torch.tensor([counted(each) for each in told if each.kind == kind])
    count, n = int(mine.sum()), len(mine)
    reading = Reading(count / n, wilson(count, n))
    return Row(f"trust: {kind}: {what}, {count} of {n}", reading, "of repeats", at_most=at_most, at_least=at_least)
