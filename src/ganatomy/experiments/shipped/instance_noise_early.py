"""Does noise on what the critic sees, at first, keep a game from collapsing?

finding = conduct("instance-noise-early", progress=progress)
"""

from __future__ import annotations

from ganatomy.experiments.arms import Arm
from ganatomy.experiments.experiment import Experiment, Positive, Treatment
from ganatomy.experiments.shipped.scenes import FRAGILE, OTHER_BATCHES, WIDE_CRITIC, WITH_R1
from ganatomy.experiments.statistics import mean

CLAIM = Experiment(
    claim="instance noise early in training helps: samples come nearer to the data",
    why=(
        "Sønderby et al. 2017 and Arjovsky and Bottou 2017: noise makes supports overlap, so that the critic's"
        " slopes say where to go. It fades to nothing at half of the run; its first standard deviation is a fifth"
        " of the ring's radius, twenty times a mode's. The scene is one that fails without help; R1, which saves"
        " it, is the positive control."
    ),
    statistic="gap between generated and held-out points, mean over rounds 300 to 600",
    read=mean("gap"),
    expected="falls",
    recipe="ring8",
    changes=(*FRAGILE, WIDE_CRITIC),
    base=Arm("without noise"),
    treatment=Treatment("noise of 0.2, gone after 300 rounds", do=("game.noise={start: 0.2, until: 19200}",)),
    positive=Positive("with R1 of 0.1", do=(WITH_R1,)),
    negative=OTHER_BATCHES,
    rounds=tuple(range(300, 601, 50)),
    smallest=0.03,
)
