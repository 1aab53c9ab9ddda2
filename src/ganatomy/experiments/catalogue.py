"""The experiments that ship, by name.

EXPERIMENTS["r1-prevents-collapse"].claim
"""

from __future__ import annotations

from ganatomy.experiments.experiment import Experiment
from ganatomy.experiments.shipped import (
    augmentation_on_a_tenth,
    batch_norm_couples,
    causal_unit_stays,
    data_loss_shows,
    gradient_clipping,
    instance_noise_early,
    minibatch_diversity,
    r1_prevents_collapse,
    sgd_against_adam,
    small_first_weights,
    strong_critic_saturates,
    two_time_scales,
)

EXPERIMENTS: dict[str, Experiment] = {
    "r1-prevents-collapse": r1_prevents_collapse.CLAIM,
    "strong-critic-saturates": strong_critic_saturates.CLAIM,
    "batch-norm-couples": batch_norm_couples.CLAIM,
    "two-time-scales": two_time_scales.CLAIM,
    "instance-noise-early": instance_noise_early.CLAIM,
    "minibatch-diversity": minibatch_diversity.CLAIM,
    "causal-unit-stays": causal_unit_stays.CLAIM,
    "data-loss-shows-first": data_loss_shows.CLAIM,
    "sgd-against-adam": sgd_against_adam.CLAIM,
    "small-first-weights": small_first_weights.CLAIM,
    "gradient-clipping": gradient_clipping.CLAIM,
    "augmentation-on-a-tenth": augmentation_on_a_tenth.CLAIM,
}
