"""Do two time scales bring samples nearer to the data?

finding = conduct("two-time-scales", progress=progress)
"""

from __future__ import annotations

from ganatomy.experiments.arms import Arm
from ganatomy.experiments.experiment import Experiment, Treatment
from ganatomy.experiments.shipped.scenes import DIGITS, OTHER_BATCHES, STILL
from ganatomy.experiments.statistics import last

CLAIM = Experiment(
    claim="two time scales help: a critic at four times the generator's rate brings samples nearer to the data",
    why=(
        "Heusel et al. 2017 prove convergence when the critic is the faster, and report better distances. Here"
        " the product of the rates is kept, so that the ratio alone differs; at another ratio, on other data, the"
        " answer may be another."
    ),
    statistic="gap between generated and held-out digits",
    read=last("gap"),
    expected="falls",
    recipe="digits-mlp",
    changes=DIGITS,
    base=Arm("both at 1e-3"),
    treatment=Treatment("critic 2e-3, generator 5e-4", do=("pace.critic.rate=2e-3", "pace.generator.rate=5e-4")),
    positive=STILL,
    negative=OTHER_BATCHES,
    rounds=(500,),
    smallest=0.02,
)
