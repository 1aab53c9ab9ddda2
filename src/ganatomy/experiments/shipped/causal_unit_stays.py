"""Does a unit that was found causal by taking it out stay causal when training goes on?

finding = conduct("causal-unit-stays", progress=progress)
"""

from __future__ import annotations

from torch import Tensor

from ganatomy.experiments.arms import Arm, Played
from ganatomy.experiments.experiment import Experiment, Negative, Positive, Treatment
from ganatomy.experiments.shipped.scenes import DIGITS
from ganatomy.experiments.shipped.taken_out import changes_of

FOUND, CONTROLS = 5, 3  # pairs of unit and concept, and for each so many units as active
SCRAMBLED = "perturb=generator:3"


def causality_kept(played: Played) -> float:
    """What taking units out does to their concepts at the end, in its direction at the fork, less what others do."""
    before, active = changes_of(played.start, range(512))
    after, _ = changes_of(played.end, range(1000, 1512))
    kept = 0.0
    for place in before.abs().flatten().topk(FOUND).indices.tolist():
        unit, concept = divmod(place, before.shape[1])
        kept += float(after[unit, concept] * before[unit, concept].sign()) - _others(after[:, concept], active, unit)
    return kept / FOUND


def _others(changes: Tensor, active: Tensor, unit: int) -> float:
    """The mean size for the units nearest in activation at the fork."""
    near = (active - active[unit]).abs().argsort(stable=True)
    return float(changes[near[near != unit][:CONTROLS]].abs().mean())


CLAIM = Experiment(
    claim="units found causal by dissection stay causal when training goes on from the fork",
    why=(
        "Bau et al. 2019 take units out of a finished generator. Whether a unit keeps its part is what one has to"
        " know to follow it over checkpoints. At the fork the five pairs of unit (of 16) and concept (of six) with"
        " the largest effects are found; at the end they are measured again, on other latents, in standard"
        " deviations of the concept, each against three units as active. The base scrambles all weights of the"
        " generator at the fork and trains on: there a unit is any unit. The positive control hardly trains at"
        " all, so that units must keep their effects."
    ),
    statistic="effect of taking units out at the end, in its direction at the fork, less that of units as active",
    read=causality_kept,
    expected="rises",
    recipe="digits-mlp",
    changes=(*DIGITS, "players.options.hidden=[16, 64]"),
    base=Arm("all weights scrambled at the fork", do=(SCRAMBLED,)),
    treatment=Treatment("trained on"),
    positive=Positive("hardly trained on", do=("pace.both.rate=1e-7",)),
    negative=Negative("scrambled, other batches", do=(SCRAMBLED, "randomness=1")),
    at=500,
    rounds=(300,),
    smallest=0.02,
)
