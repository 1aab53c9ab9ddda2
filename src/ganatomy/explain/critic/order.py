"""Does the critic put real pictures above generated ones, as declared, and does that hang on batch statistics?

    found = order(gan, held_out, 500, seed=0)
    found.units, found.arrays["auc"]             # ("as it stands", "statistics of each sort", ...), the area under ROC
    gan, said = oriented(gan, found)             # with the score turned round where it surely is the wrong way

A critic with batch normalisation is three functions: with its running statistics, as it stands in eval mode; with the
statistics of batches that are all real or all generated, as most training runs it; and with those of mixed batches.
The three can disagree, even about which side is real. With batch statistics the batch is the unit of replication.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.explain.critic.lots import Lot, fakes, groups_of, reals, scored
from ganatomy.explain.critic.scorer import Scorer, critic_of
from ganatomy.explain.latent.explained import Row, explained, stacked
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.roc import Auc, Sides, auc
from ganatomy.results.explanation import Explanation

STANDING, ALONE, MIXED = "as it stands", "statistics of each sort", "statistics of mixed batches"


def order(gan: GAN, real: Dataset, n: int = 500, *, seed: int, progress: Progress | None = None) -> Explanation:
    """A row for each way of running the critic: area under ROC with its interval, and the scores' means and spreads."""
    lots, ids = list(reals(gan, real, n)), groups_of(real, n)
    made = list(fakes(gan, sum(map(len, lots)), seed=seed, progress=progress))
    ways = [(STANDING, gan, False)]
    if normalising(critic_of(gan)):
        by_batch = with_batch_statistics(gan)
        ways += [(ALONE, by_batch, False), (MIXED, by_batch, True)]
    areas, rows = [], []
    for _, subject, mixed in ways:
        # With batch statistics the pictures of a batch share a fate, whatever else they share.
        kin = (ids, None) if subject is gan else (_batches(lots), _batches(made))
        area, row = _ordered(Scorer(subject), lots, made, mixed=mixed, kin=kin)
        areas.append(area)
        rows.append(row)
    names = [name for name, _, _ in ways]
    note = _said(gan, dict(zip(names, areas, strict=True)))
    return explained(gan, "order", "real above generated", units=names, arrays=stacked(rows), note=note, seed=seed)


def oriented(gan: GAN, found: Explanation) -> tuple[GAN, str]:
    """The GAN with its score's other side declared real where the order is surely reversed, and a sentence if so."""
    if float(found.arrays["high"][0]) >= 0.5:
        return gan, ""
    other = replace(gan.score, high="fake" if gan.score.high == "real" else "real")
    said = f"The score is read the other way round than declared ({gan.score.high} high): it puts generated above real."
    return replace(gan, score=other), said


def normalising(critic: nn.Module) -> bool:
    """Whether it has batch normalisation with running statistics."""
    return any(_running(module) for module in critic.modules())


def with_batch_statistics(gan: GAN) -> GAN:
    """A copy whose critic normalises every batch by its own statistics, in eval mode too."""
    critic = deepcopy(critic_of(gan))
    for module in critic.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and _running(module):
            module.running_mean = module.running_var = None
    return replace(gan, critic=critic, architecture=None)


def _running(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is not None


def _batches(lots: list[Lot]) -> Tensor:
    """Of each picture the number of its batch."""
    return torch.arange(len(lots)).repeat_interleave(torch.tensor([len(lot) for lot in lots]))


def _ordered(scorer: Scorer, lots: list[Lot], made: list[Lot], *, mixed: bool, kin: Sides) -> tuple[Auc, Row]:
    if mixed:
        both = scored(scorer, _mixed(lots, made))
        sides = torch.cat([_side(len(a), len(b)) for a, b in zip(lots, made, strict=True)])
        high, low = both[sides], both[~sides]
    else:
        high, low = scored(scorer, lots), scored(scorer, made)
    area = auc(high, low, groups=kin)
    return area, {
        "auc": area.value,
        "low": area.interval.low,
        "high": area.interval.high,
        "real_mean": float(high.mean()),
        "real_sd": float(high.std()),
        "generated_mean": float(low.mean()),
        "generated_sd": float(low.std()),
    }


def _mixed(lots: list[Lot], made: list[Lot]) -> Iterator[Lot]:
    for a, b in zip(lots, made, strict=True):
        labels = None if a.labels is None or b.labels is None else torch.cat([a.labels, b.labels])
        yield Lot(torch.cat([a.pictures, b.pictures]), labels)


def _side(real: int, made: int) -> Tensor:
    return torch.arange(real + made) < real


def _said(gan: GAN, areas: dict[str, Auc]) -> str:
    standing = areas[STANDING]
    low, high = standing.interval.low, standing.interval.high
    said = [f"Area under ROC {standing.value:.3f} [{low:.3f}, {high:.3f}] on {standing.n_above} of each."]
    if standing.reversed:
        said.append(f"Declared is that {gan.score.high} scores high, and the scores say the reverse.")
    elif low <= 0.5:
        said.append("It does not tell real from generated here.")
    for name, area in list(areas.items())[1:]:
        if area.reversed != standing.reversed and (area.interval.low > 0.5 or area.reversed):
            said.append(f"With {name} the order is the other way round: {area.value:.3f}.")
        elif not (area.interval.low <= high and low <= area.interval.high):
            said.append(f"With {name} it is {area.value:.3f}.")
    return " ".join(said)
