"""Is diversity lost when the critic no longer sees how much a batch varies?

finding = conduct("minibatch-diversity", progress=progress)
"""

from __future__ import annotations

from ganatomy.experiments.arms import Arm
from ganatomy.experiments.experiment import Experiment, Treatment
from ganatomy.experiments.shipped.scenes import FRAGILE, OTHER_BATCHES, STILL
from ganatomy.experiments.statistics import last

CLAIM = Experiment(
    claim="without minibatch statistics in the critic diversity is lost",
    why=(
        "Salimans et al. 2016, Karras et al. 2018: a critic that is shown the spread of a group punishes samples"
        " that are all alike. Here it is a channel beside the coordinates, over groups of eight. The networks of"
        " both arms begin apart, since the critics take inputs of different sizes."
    ),
    statistic="mean distance between generated samples, over that between held-out ones",
    read=last("diversity.samples"),
    expected="falls",
    recipe="ring8",
    changes=(*FRAGILE, "game.deviation_group=8"),
    base=Arm("with the deviation of groups of eight"),
    treatment=Treatment("without it", changes=("game.deviation_group=0",)),
    positive=STILL,
    negative=OTHER_BATCHES,
    rounds=(600,),
    smallest=0.01,
)
