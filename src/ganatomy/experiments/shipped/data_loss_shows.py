"""A class is lost from the data: does that show in what is generated before it shows in the critic's loss?

finding = conduct("data-loss-shows-first", progress=progress)
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.experiments.arms import Arm, Played
from ganatomy.experiments.experiment import Experiment, Negative, Positive, Treatment
from ganatomy.experiments.shipped.scenes import DIGITS
from ganatomy.experiments.statistics import values
from ganatomy.models.evaluating import passed
from ganatomy.training.gauge import Signals
from ganatomy.training.setup import Setup
from ganatomy.training.step import Step

FORK, LOST, EVERY, END = 600, 800, 10, 1100  # rounds: the band is read between the first two
CLASS, SAMPLES, BAND = "0", 512, 3.0


def class_share(setup: Setup, step: Step) -> Signals:
    """Of generated digits, those whose nearest real one is of the class that will be lost."""
    z = setup.latent.sample(0, range(SAMPLES))
    made = passed(step.players.generator, z, role="generator").flatten(1)  # type: ignore[arg-type]
    pictures, labels = _real(setup.train)
    near = labels[torch.cdist(made, pictures).argmin(1)]
    return {"class.share": float((near == setup.train.classes.index(CLASS)).double().mean())}


@lru_cache(maxsize=2)
def _real(data: Dataset) -> tuple[Tensor, Tensor]:
    labels = data.labels(range(data.size))
    assert labels is not None, "digits have labels"
    return data.read(range(data.size)).flatten(1), labels


def departure(series: list[float]) -> int:
    """Rounds from the loss of the class until two readings in a row lie outside of the band; the end where none do."""
    known = (LOST - FORK) // EVERY
    band = torch.tensor(series[:known], dtype=torch.float64)
    mean, width = float(band.mean()), BAND * max(float(band.std()), 1e-12)
    outside = [abs(value - mean) > width for value in series[known:]]
    found = [place for place in range(len(outside) - 1) if outside[place] and outside[place + 1]]
    return EVERY * (found[0] + 1 if found else len(outside))


def lead(played: Played) -> float:
    return float(departure(values(played, "critic.adversarial")) - departure(values(played, "class.share")))


CLAIM = Experiment(
    claim="the loss of a class from the data shows in the share of that class before it shows in the critic's loss",
    why=(
        "Folklore of those who watch losses. The class 0 is replaced by other digits 200 rounds after the fork;"
        " the 200 rounds before give each reading its own band of three standard deviations. The share is that of"
        " 512 digits of fixed latents by their nearest real neighbour; the critic's loss is that of the round's"
        " batch. A reading that does not leave its band counts as leaving at the end, 300 rounds later. Where the"
        " generator stands still from then on, the share cannot move and the loss must: the positive control."
    ),
    statistic="rounds by which the share of the class leaves its band before the critic's loss does",
    read=lead,
    expected="rises",
    recipe="digits-mlp",
    changes=DIGITS,
    base=Arm("all classes stay"),
    treatment=Treatment("the class 0 is lost", do=(f"drop-class={CLASS} from {LOST}",)),
    positive=Positive("the generator stands still", do=(f"freeze=generator from {LOST}",)),
    negative=Negative("other batches and latents", do=("randomness=1",)),
    at=FORK,
    rounds=tuple(range(EVERY, END - FORK + 1, EVERY)),
    smallest=10.0,
    also=class_share,
)
