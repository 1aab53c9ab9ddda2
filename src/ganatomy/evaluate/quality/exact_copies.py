"""Exact copies of training samples, and how many of them are beyond chance, where data repeat themselves.

    told = exact_copies(own, (fake, train, held_out), space=space.id)
    told["exact copies"], told["exact copies, excess"]

Fakes, training and held-out samples of one law coincide as often, pair for pair. So of all coincidences of two kinds
those of a fake with a training sample are a known share, and more of them than that are copies: a binomial test, of one
side. Samples that both sides hold are not counted as copied; each of them is one coincidence of real ones.
"""

from __future__ import annotations

from torch import Tensor

from ganatomy.evaluate.quality.beside import Nearest
from ganatomy.evaluate.trust.tails import clopper_pearson
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.shares import share
from ganatomy.results.measurement import Measurement

CHANCE = 0.025  # of calling chance coincidences copies; the other test of copies has as much


def exact_copies(
    own: Nearest, tables: tuple[Tensor, Tensor, Tensor], *, said: str, space: str
) -> dict[str, Measurement]:
    """Fakes at distance exactly 0, with the share of exact copies of held-out samples as floor; and the excess."""
    flags = own.far == 0
    value, within = share(flags[:, 0])
    k, floor = len(flags), float(flags[:, 1].double().mean())
    more, beyond = _beyond_chance(flags, *tables)
    return {
        "exact copies": Measurement("exact copies", value, k, said, "low", within, floor, space),
        "exact copies, excess": Measurement(
            "exact copies, excess", more, k, f"{said}; less chance coincidences", "low", beyond, 0.0, space
        ),
    }


def _beyond_chance(flags: Tensor, fake: Tensor, train: Tensor, held_out: Tensor) -> tuple[float, Interval]:
    """The share of fakes, and from where on it may lie: above 0 where the test rejects, and only there."""
    (k, n, m), alone = (len(fake), len(train), len(held_out)), flags.sum(1) == 1
    count = int((alone & flags[:, 0]).sum())
    all_of = clopper_pearson(count, k)
    method = "Clopper-Pearson, less what chance may have made"
    if not count:
        return 0.0, Interval(0.0, all_of.high, all_of.level, method)
    met = held_out[neighbours(held_out.double(), train.double())[0][:, 0] == 0]
    others = int((alone & flags[:, 1]).sum()) + (len(met.unique(dim=0)) if len(met) else 0)
    due = k * n / (k * m + n * m)  # coincidences with training samples for each other one
    least = clopper_pearson(count, count + others, level=1 - 2 * CHANCE).low
    sure = max(0.0, 1 - due * (1 - least) / least)
    return max(0.0, count - due * others) / k, Interval(all_of.low * sure, all_of.high, all_of.level, method)
