"""How often honest generators are blamed, and planted faults found: copies of training samples, classes left out.

rows = trust(progress=lambda done, total: None)

Every repeat has new data and new latents; shares come with Wilson intervals. Most are of tiny worlds with a planted
generator (`ganatomy.planted.blobs`) and are asked both questions. "Data that repeat themselves" are symbols drawn from
20,000, and fakes are symbols too, of no GAN: there an exact copy may be chance, and drawing from the law must not be
blamed for it. They are only asked about copies, as are those with 20 training samples for each held-out one.
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
SELDOMER = 4  # the uneven ones take several times as long as others
MANY, TWENTIETH = 1000, 50  # training samples and fakes, and samples held out, where the two are uneven

HONEST, REPEATING = "honest", "honest, data that repeat themselves"
EXACT, NOISY = "a tenth are exact copies", "a tenth are noisy copies"
UNEVEN, UNEVEN_NOISY = "honest, 20 times as many training samples", f"{NOISY}, 20 times as many training samples"
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
UNEVENLY: Mapping[str, Made] = MappingProxyType({UNEVEN: honest, UNEVEN_NOISY: PLANTED[NOISY]})


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
    (UNEVEN, "said to copy", lambda told: told.verdict == "copies"),
    (EXACT, "said to miss a class", lambda told: bool(told.missing)),
    (NEVER, "said to copy", lambda told: told.verdict == "copies"),
    (NEVER, "another class said to be missing", lambda told: bool(set(told.missing) - {CLASSES[LEFT_OUT]})),
)
CAUGHT: tuple[tuple[str, str, Counted], ...] = (
    (EXACT, "said to copy", lambda told: told.verdict == "copies"),
    (NOISY, "said to copy", lambda told: told.verdict == "copies"),
    (UNEVEN_NOISY, "said to copy", lambda told: told.verdict == "copies"),
    (NEVER, "that class said to be missing", lambda told: told.missing == (CLASSES[LEFT_OUT],)),
    (SELDOM, "that class said to be missing or too few", lambda told: CLASSES[LEFT_OUT] in (*told.missing, *told.few)),
)


def trust(*, progress: Progress, repeats: int = REPEATS) -> list[Row]:
    often = dict.fromkeys((*PLANTED, REPEATING), repeats) | dict.fromkeys(UNEVENLY, -(-repeats // SELDOMER))
    told = each_seed(
        judged, [(kind, seed) for kind, times in often.items() for seed in range(times)], progress=progress
    )
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
        if kind in UNEVENLY:
            return Told(kind, _uneven_copies(UNEVENLY[kind](seed=seed, size=MANY), seed=seed))
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


def _uneven_copies(planted: Planted[BlobsTruth], *, seed: int) -> str:
    truth, many = planted.truth, range(MANY)
    tables = planted.gan.sample(seed, many), truth.train.read(many), truth.held_out.read(range(TWENTIETH))
    return _copies(*(each.flatten(1) for each in tables), seed=seed)


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
