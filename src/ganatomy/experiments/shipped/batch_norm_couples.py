"""Does batch normalisation make a critic's score of a sample hang on the samples beside it?

finding = conduct("batch-norm-couples", progress=progress)
"""

from __future__ import annotations

import copy

import torch

from ganatomy.experiments.arms import Arm, Played
from ganatomy.experiments.experiment import Experiment, Negative, Positive, Treatment
from ganatomy.experiments.shipped.scenes import DIGITS
from ganatomy.numerics.random import Stream
from ganatomy.training.gap import addresses

WATCHED, PARTNERS = 32, 16  # samples whose score is read, and how often they get other partners


def coupling(played: Played) -> float:
    """The spread of a sample's score over partners, as a share of the spread over samples; in training mode."""
    shown = played.setup.stages[0].game.presentation
    data = played.setup.train
    pictures = data.read(addresses(data, Stream(0, "partners"), WATCHED * (PARTNERS + 1)))
    watched, others = pictures[:WATCHED], pictures[WATCHED:].unflatten(0, (PARTNERS, WATCHED))
    critic = copy.deepcopy(played.critic).train()
    table = []
    with torch.no_grad(), Stream(0, "coupling").module_rng(0):
        for partners in others:
            batch = torch.stack([watched, partners], 1).flatten(0, 1)  # a sample, its partner, the next sample
            scores = critic(shown.scored(shown.packed(batch))).double()
            table.append(scores.reshape(WATCHED, -1)[:, 0])
    found = torch.stack(table)
    return float(found.var(0).mean().sqrt() / found.mean(0).std().clamp(min=1e-12))


CLAIM = Experiment(
    claim="batch normalisation in the critic couples the samples of a batch",
    why=(
        "Gulrajani et al. 2017 leave it out of a critic under a gradient penalty: the penalty is of each sample's"
        " own slope, and with batch statistics a score belongs to the batch. Other batches do nothing to this"
        " statistic without it, so the smallest effect is set by hand: a hundredth of the spread over samples. The"
        " positive control judges pairs, the negative one normalises each sample by itself."
    ),
    statistic="spread of a sample's score over partners in its batch, as a share of the spread over samples",
    read=coupling,
    expected="rises",
    recipe="digits-mlp",
    changes=(*DIGITS, "game.name=non-saturating"),
    base=Arm("no normalisation"),
    treatment=Treatment("batch normalisation", changes=("players.options.critic_norm=batch",)),
    positive=Positive("a critic that judges pairs", changes=("game.packing=2",)),
    negative=Negative("layer normalisation", changes=("players.options.critic_norm=layer",)),
    rounds=(100,),
    smallest=0.01,
)
