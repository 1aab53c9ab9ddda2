"""Do bounded gradients keep a game from collapsing?

finding = conduct("gradient-clipping", progress=progress)
"""

from __future__ import annotations

from ganatomy.experiments.arms import Arm
from ganatomy.experiments.experiment import Experiment, Positive, Treatment
from ganatomy.experiments.shipped.scenes import FRAGILE, OTHER_BATCHES, WIDE_CRITIC, WITH_R1
from ganatomy.experiments.statistics import mean

CLAIM = Experiment(
    claim="gradient clipping helps: samples of a game that fails come nearer to the data",
    why=(
        "A common recommendation, after Pascanu et al. 2013 for recurrent networks. Adam divides by the size of"
        " the gradients anyway, so a bound changes only how much one round weighs against another. Each player's"
        " gradient is bounded at the usual norm of 1; in the base half of the critic's are above 4 and half of the"
        " generator's above 50. The scene is one that fails without help; R1, which saves it, is the positive"
        " control."
    ),
    statistic="gap between generated and held-out points, mean over rounds 300 to 600",
    read=mean("gap"),
    expected="falls",
    recipe="ring8",
    changes=(*FRAGILE, WIDE_CRITIC),
    base=Arm("gradients as they are"),
    treatment=Treatment("norms bounded by 1", do=("pace.both.clip=1.0",)),
    positive=Positive("with R1 of 0.1", do=(WITH_R1,)),
    negative=OTHER_BATCHES,
    rounds=tuple(range(300, 601, 50)),
    smallest=0.03,
)
