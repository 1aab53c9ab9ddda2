"""Does R1 keep a generator from losing modes?

finding = conduct("r1-prevents-collapse", progress=progress)
"""

from __future__ import annotations

import torch

from ganatomy.data.worlds import World
from ganatomy.experiments.arms import Arm, Played
from ganatomy.experiments.experiment import Experiment, Treatment
from ganatomy.experiments.shipped.scenes import FRAGILE, OTHER_BATCHES, STILL, WITH_R1

SAMPLES = 1000
NEAR = 20  # standard deviations of a mode: a quarter of the way to the next
SHARE = 0.2  # of a mode's due


def modes_held(played: Played) -> float:
    """Modes with a fifth of their share, of samples that need not be sharp yet."""
    world = played.setup.train.truth
    assert isinstance(world, World)
    assert world.mode_std is not None
    apart = torch.cdist(played.end.sample(0, range(SAMPLES)).double(), world.centres)
    nearest, mode = apart.min(1)
    held = torch.bincount(mode[nearest < NEAR * world.mode_std], minlength=world.n_modes)
    return float((held >= SHARE * SAMPLES / world.n_modes).sum())


CLAIM = Experiment(
    claim="R1 prevents collapse: without it the generator loses modes",
    why=(
        "Mescheder, Geiger and Nowozin 2018: unregularised games need not converge, with R1 they do, near the"
        " equilibrium. The scene (eight modes, a high rate, a latent of sixteen dimensions) was chosen on other"
        " seeds as one that collapses without a penalty; where a game does not collapse anyway, R1 has nothing to"
        " prevent."
    ),
    statistic="modes of the ring with a fifth of their share or more",
    read=modes_held,
    expected="falls",
    recipe="ring8",
    changes=(*FRAGILE, WITH_R1),
    base=Arm("with R1 of 0.1"),
    treatment=Treatment("without R1", do=("game.terms.r1.strength=0",)),
    positive=STILL,
    negative=OTHER_BATCHES,
    rounds=(600,),
    smallest=1.0,
)
