"""Does augmentation help where there are few data?

finding = conduct("augmentation-on-a-tenth", progress=progress)
"""

from __future__ import annotations

from ganatomy.experiments.arms import Arm
from ganatomy.experiments.experiment import Experiment, Treatment
from ganatomy.experiments.shipped.scenes import DIGITS, OTHER_BATCHES, STILL
from ganatomy.experiments.statistics import last

CLAIM = Experiment(
    claim="augmentation helps on a tenth of the data: samples end nearer to held-out digits",
    why=(
        "Zhao et al. 2020, Karras et al. 2020: with few data the critic learns them by heart, unless all it sees"
        " is changed at random. Here 144 pictures of 8 x 8 are shifted and recoloured. Cutout would take a quarter"
        " of such a picture and is left out. Published gains are of long runs on photographs."
    ),
    statistic="gap between generated and held-out digits",
    read=last("gap"),
    expected="falls",
    recipe="digits-mlp",
    changes=(*DIGITS, "data.share=0.1"),
    base=Arm("144 pictures as they are"),
    treatment=Treatment("shifted and recoloured", do=("game.augment={kinds: [translation, colour]}",)),
    positive=STILL,
    negative=OTHER_BATCHES,
    rounds=(800,),
    smallest=0.02,
)
