"""All measures by name, in the order in which people ask: `MEASURES["copies"]`."""

from __future__ import annotations

from ganatomy.verbs.measures.again import has_kin, tell_seeds, tell_stability
from ganatomy.verbs.measures.parts import has_classes, has_groups, has_modes, tell_classes, tell_groups, tell_modes
from ganatomy.verbs.measures.quality import (
    tell_agreement,
    tell_distances,
    tell_diversity,
    tell_neighbours,
    tell_smoothness,
)
from ganatomy.verbs.measures.safety import tell_off_prior, tell_unwanted, tell_worst, wants_unwanted
from ganatomy.verbs.measures.told import Measure
from ganatomy.verbs.measures.trust import tell_copies, tell_membership, tell_samples, tell_usefulness

MEASURES: dict[str, Measure] = {
    "distances": Measure(
        "How far are samples from real ones: Fréchet, KID, RBF-MMD, sliced Wasserstein, a classifier's guess?",
        tell_distances,
    ),
    "agreement": Measure("What does each feature space answer to, and do they say the same?", tell_agreement),
    "neighbours": Measure(
        "Are samples like real ones, and are all real ones met: precision, recall, density, coverage?", tell_neighbours
    ),
    "diversity": Measure("How many different samples do there seem to be, beside as many real ones?", tell_diversity),
    "classes": Measure(
        "Which classes are missing or over-produced, and how clear are they?", tell_classes, applies=has_classes
    ),
    "groups": Measure(
        "Which groups of the data (patients, writers) are missing or over-produced?", tell_groups, applies=has_groups
    ),
    "modes": Measure("Which modes of a world that is known are met?", tell_modes, applies=has_modes),
    "smoothness": Measure(
        "How evenly do samples answer to the latent: path length, its spread, Hessian penalty?",
        tell_smoothness,
        needs_data=False,
    ),
    "copies": Measure("Does it repeat training samples?", tell_copies),
    "membership": Measure("Do the critic, or the samples, give away what the GAN was trained on?", tell_membership),
    "usefulness": Measure(
        "Can one learn from its samples: train on fake, test on real?", tell_usefulness, applies=has_classes
    ),
    "samples": Measure("May a single sample be trusted: realism, copy, the critic's probability?", tell_samples),
    "worst": Measure("How bad are the worst of many samples, beside the worst of as many real ones?", tell_worst),
    "off-prior": Measure("What happens on latents that the prior hardly ever draws?", tell_off_prior),
    "unwanted": Measure(
        "How often is a class made that should not be (--unwanted)?", tell_unwanted, applies=wants_unwanted
    ),
    "seeds": Measure(
        "How far apart are runs of the recipe with other seeds, and how many collapse?", tell_seeds, applies=has_kin
    ),
    "stability": Measure(
        "Would `explain` find the same again: other draws, other seeds, GANs trained anew?",
        tell_stability,
        needs_data=False,
        by_default=False,
    ),
}
