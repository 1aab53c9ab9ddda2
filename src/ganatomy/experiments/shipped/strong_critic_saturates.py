"""Does a critic that learns faster end sure of everything?

finding = conduct("strong-critic-saturates", progress=progress)
"""

from __future__ import annotations

from ganatomy.experiments.arms import Arm
from ganatomy.experiments.experiment import Experiment, Treatment
from ganatomy.experiments.shipped.scenes import DIGITS, OTHER_BATCHES, STILL
from ganatomy.experiments.statistics import mean

CLAIM = Experiment(
    claim="a strong critic saturates: with ten times the rate and five turns a round it grows sure of everything",
    why=(
        "Arjovsky and Bottou 2017: a critic trained well separates supports that hardly overlap, and then teaches"
        " little. Its loss is read between that of certainty (0) and that of a coin (1). No penalty holds it back"
        " here."
    ),
    statistic="the critic's loss, from 0 (sure) to 1 (a coin), mean over rounds 100 to 300",
    read=mean("critic.relative"),
    expected="falls",
    recipe="digits-mlp",
    changes=(*DIGITS, "pace.both.rate=5e-4", "game.name=non-saturating"),
    base=Arm("equal rates, a turn each"),
    treatment=Treatment(
        "critic at ten times the rate, five turns", do=("pace.critic.rate=5e-3", "pace.critic_turns=5")
    ),
    positive=STILL,
    negative=OTHER_BATCHES,
    rounds=tuple(range(100, 301, 20)),
    smallest=0.03,
)
