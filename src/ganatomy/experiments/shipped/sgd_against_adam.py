"""Does plain descent leave a GAN behind Adam?

finding = conduct("sgd-against-adam", progress=progress)
"""

from __future__ import annotations

from ganatomy.experiments.arms import Arm
from ganatomy.experiments.experiment import Experiment, Treatment
from ganatomy.experiments.shipped.scenes import DIGITS, OTHER_BATCHES, STILL
from ganatomy.experiments.statistics import last

CLAIM = Experiment(
    claim="gradient descent with momentum leaves samples farther from the data than Adam does",
    why=(
        "Common experience, and Jelassi et al. 2022, who find that it is the size of the steps, not their"
        " direction, in which Adam is better. Descent has momentum 0.9 and the rate that was best of 0.003, 0.01,"
        " 0.03 and 0.05 on two other seeds (at 0.1 it diverged); Adam has 1e-3. A schedule, or many more rounds,"
        " may change the answer."
    ),
    statistic="gap between generated and held-out digits",
    read=last("gap"),
    expected="rises",
    recipe="digits-mlp",
    changes=DIGITS,
    base=Arm("Adam at 1e-3"),
    treatment=Treatment(
        "descent with momentum 0.9",
        changes=("pace.both.kind=sgd", "pace.both.momentum=0.9", "pace.both.rate=0.003"),
    ),
    positive=STILL,
    negative=OTHER_BATCHES,
    rounds=(500,),
    smallest=0.02,
)
