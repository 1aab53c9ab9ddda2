"""Do very small first weights hold a perceptron back?

finding = conduct("small-first-weights", progress=progress)
"""

from __future__ import annotations

from ganatomy.experiments.arms import Arm
from ganatomy.experiments.experiment import Experiment, Treatment
from ganatomy.experiments.shipped.scenes import DIGITS, OTHER_BATCHES, STILL
from ganatomy.experiments.statistics import last

CLAIM = Experiment(
    claim="initialisation matters: the 0.02 of DCGAN leaves networks without normalisation farther from the data",
    why=(
        "Radford et al. 2016 draw weights with standard deviation 0.02, in networks with batch normalisation,"
        " where the size hardly counts. Without it signals shrink from layer to layer (He et al. 2015). Both arms"
        " begin from other weights, which is the treatment."
    ),
    statistic="gap between generated and held-out digits",
    read=last("gap"),
    expected="rises",
    recipe="digits-mlp",
    changes=DIGITS,
    base=Arm("uniform, by the number of inputs"),
    treatment=Treatment("normal, 0.02", changes=("players.options.scheme=normal-0.02",)),
    positive=STILL,
    negative=OTHER_BATCHES,
    rounds=(300,),
    smallest=0.02,
)
