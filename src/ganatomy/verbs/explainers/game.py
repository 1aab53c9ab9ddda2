"""What `explain` tells of a recorded run: its account, what emerged when, and film-strips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ganatomy.errors import UsageError
from ganatomy.explain.game.account import account, lead_explained, phases_explained
from ganatomy.explain.game.emergence import Emergence, emergence
from ganatomy.explain.game.record import recorded
from ganatomy.explain.game.strips import filmstrip, spaced
from ganatomy.models.gan import GAN
from ganatomy.training.runs.checkpoint import steps_of
from ganatomy.training.runs.folder import open_run
from ganatomy.verbs.asked import Asked, Told
from ganatomy.views import game as views

CHECKPOINTS = 12  # that emergence looks at, or all with --thorough


def tell_account(asked: Asked) -> Iterator[Told]:
    yield from told_of(_run(asked), subject=asked.gan.digest(), seed=asked.how.seed)


def told_of(run: Path, *, subject: str, seed: int) -> Iterator[Told]:
    """From the record alone: also of a run whose networks no longer put out numbers."""
    told = account(recorded(run), seed=seed)
    whole = phases_explained(told, subject=subject, seed=seed)
    yield Told("phases", whole, whole.note, partial(views.timeline, told))
    sides = lead_explained(told, subject=subject, seed=seed)
    yield Told("lead", sides, sides.note, partial(views.sides, sides) if told.ahead else None, aside=True)


def tell_filmstrip(asked: Asked) -> Iterator[Told]:
    found = filmstrip(_film(asked), asked.many(8, 16), seed=asked.how.seed)
    yield Told("samples", found, found.note, partial(views.filmed, found, asked.gan.format))


def tell_emergence(asked: Asked) -> Iterator[Told]:
    film = _film(asked)
    if not asked.how.thorough:
        film = {number: film[number] for number in spaced(sorted(film), CHECKPOINTS)}
    plan = Emergence(
        asked.many(64, 256),
        asked.many(128, 512),
        seed=asked.how.seed,
        smallest=asked.how.smallest,
        sites=asked.how.sites,
    )
    found = emergence(film, asked.measurers, plan=plan, progress=asked.progress)
    drawn = partial(views.emerged, smallest=plan.smallest)
    yield Told("units", found.units, found.units.note, partial(drawn, found.units))
    if found.directions is not None:
        yield Told("directions", found.directions, found.directions.note, partial(drawn, found.directions))
    said = f"{found.likeness.note} {found.why}".strip()
    yield Told("layers", found.likeness, said, partial(views.likeness, found.likeness))


def _run(asked: Asked) -> Path:
    if asked.run is None:
        raise UsageError(
            "the game was asked of a GAN that is no run, so nothing of its training is recorded",
            "name a run's folder, as in runs/0001-digits-mlp-s0",
        )
    return asked.run


def _film(asked: Asked) -> dict[int, GAN]:
    """Checkpoints by round; the one that was named is the last."""
    steps = steps_of(open_run(_run(asked)))
    before = {int(name.removeprefix("round ")): gan for name, gan in asked.earlier().items()}
    last = min((step for step in steps if step > max(before, default=-1)), default=max(before, default=0) + 1)
    return before | {last: asked.gan}


# Those that read the record alone, by name.
RECORDED: dict[str, Callable[..., Iterator[Told]]] = {"account": told_of}
