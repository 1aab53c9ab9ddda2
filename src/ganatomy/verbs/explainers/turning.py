"""What `explain` tells of the field of a run's game: whether it turns, shrinks or leaves, at each checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ganatomy.errors import UsageError
from ganatomy.explain.game.record import recorded
from ganatomy.explain.game.strips import spaced
from ganatomy.explain.game.turning import turning
from ganatomy.explain.game.turning_fields import fields_of
from ganatomy.verbs.asked import Asked, Told
from ganatomy.views import turning as views

CHECKPOINTS, THOROUGH = 8, 16


def tell_turning(asked: Asked) -> Iterator[Told]:
    """The checkpoint that was named is the last."""
    if asked.run is None:
        raise UsageError(
            "the turning of its game was asked of a GAN that is no run, so nothing of its training is recorded",
            "name a run's folder, as in runs/0001-digits-mlp-s0",
        )
    record = recorded(asked.run)
    last = int(asked.gan.provenance.get("step", record.last))
    rounds = spaced([step for step in record.steps if step <= last], asked.many(CHECKPOINTS, THOROUGH))
    how = asked.how
    fields = fields_of(asked.run, data_dir=how.data_dir, samples=asked.many(64, 256), seed=how.seed)
    found = turning(asked.gan, fields, rounds=rounds, record=record, progress=asked.progress)
    yield Told("rates", found.rates, found.rates.note, partial(views.turned, found.rates))
    yield Told("ways", found.paths, found.paths.note, partial(views.ways, found.paths))
    drawn = partial(views.ranks, found.readings) if found.readings.units else None
    yield Told("readings", found.readings, found.readings.note, drawn)
