"""The explainers that `explain` calls, each with its budget: a literal table.

    for told in EXPLAINERS["dissection"].answer(asked): print(told.said)

An explainer yields one or more results, each with a name, a sentence for people, and how its figure is drawn. A group
stands for its members, of which those that cannot be applied are left out with a sentence.
"""

from __future__ import annotations

from ganatomy.verbs.asked import Explainer
from ganatomy.verbs.explainers.critic import (
    critically,
    tell_attribution,
    tell_calibration,
    tell_carriers,
    tell_credit,
    tell_cues,
    tell_layers,
    tell_order,
    tell_sensitivity,
)
from ganatomy.verbs.explainers.game import tell_account, tell_emergence, tell_filmstrip
from ganatomy.verbs.explainers.generator import (
    tell_activations,
    tell_artifacts,
    tell_dissection,
    tell_features,
    tell_gradients,
    tell_sets,
)
from ganatomy.verbs.explainers.latent import tell_coordinates, tell_directions, tell_geometry, tell_invert, tell_map
from ganatomy.verbs.explainers.plane import tell_optimum, tell_plane, tell_trajectories
from ganatomy.verbs.explainers.samples import tell_climbs, tell_flips, tell_memory, tell_mistakes, tell_specials
from ganatomy.verbs.explainers.turning import tell_turning

EXPLAINERS: dict[str, Explainer] = {
    "activations": Explainer(
        "what does every layer show, from noise to picture, and which units are dead", tell_activations
    ),
    "gradients": Explainer("which region of the picture hangs on which layer and coordinate", tell_gradients),
    "dissection": Explainer("which unit goes with which concept, and does it cause it", tell_dissection),
    "features": Explainer("which pictures excite a unit most", tell_features),
    "sets": Explainer("which units carry a concept together", tell_sets, by_default=False),
    "artifacts": Explainer(
        "which units go with unreal samples, and is it better without them", tell_artifacts, needs_data=True
    ),
    "coordinates": Explainer("what does each coordinate of the latent change", tell_coordinates),
    "directions": Explainer("which directions change what, and more than random ones", tell_directions),
    "geometry": Explainer("is the latent space continuous, and how far apart are its pictures", tell_geometry),
    "map": Explainer("how do latents, real and generated pictures lie in a plane", tell_map),
    "invert": Explainer("can the generator make these real pictures", tell_invert, needs_data=True),
    "order": Explainer(
        "does the critic put real above generated, as declared", tell_order, needs_data=True, needs_critic=True
    ),
    "layers": Explainer(
        "what does every layer of the critic show, and where do real and generated come apart",
        critically(tell_layers),
        needs_critic=True,
    ),
    "attribution": Explainer(
        "which part of a picture raises its score, and may such maps be believed",
        critically(tell_attribution),
        needs_critic=True,
    ),
    "carriers": Explainer(
        "which units of the critic tell real from generated, and does its verdict hang on them",
        critically(tell_carriers),
        needs_data=True,
        needs_critic=True,
    ),
    "sensitivity": Explainer(
        "which concepts does the score hang on", critically(tell_sensitivity), needs_critic=True, by_default=False
    ),
    "cues": Explainer(
        "do marks, borders, compression or frequencies move the score", critically(tell_cues), needs_critic=True
    ),
    "specials": Explainer(
        "what does the critic say of noise, blends, other data",
        critically(tell_specials),
        needs_critic=True,
        by_default=False,
    ),
    "mistakes": Explainer(
        "which real pictures does it call fake, which samples real",
        critically(tell_mistakes),
        needs_data=True,
        needs_critic=True,
        by_default=False,
    ),
    "flips": Explainer(
        "how small a change flips its verdict", critically(tell_flips), needs_critic=True, by_default=False
    ),
    "climbs": Explainer(
        "what changes when a sample is made more real to it",
        critically(tell_climbs),
        needs_critic=True,
        by_default=False,
    ),
    "memory": Explainer(
        "does it know its training pictures by heart", critically(tell_memory), needs_data=True, needs_critic=True
    ),
    "calibration": Explainer(
        "may the score be read as a probability", tell_calibration, needs_data=True, needs_critic=True
    ),
    "credit": Explainer(
        "which units of the generator does the critic punish or reward",
        critically(tell_credit),
        needs_critic=True,
        by_default=False,
    ),
    "account": Explainer(
        "which phases did the run go through, who was ahead, what did the alarms say", tell_account, needs_run=True
    ),
    "filmstrip": Explainer("how did the same samples look at every checkpoint", tell_filmstrip, needs_run=True),
    "emergence": Explainer(
        "when did units and directions become what they are", tell_emergence, needs_run=True, by_default=False
    ),
    "turning": Explainer(
        "does the game turn, shrink or leave, at each checkpoint",
        tell_turning,
        needs_run=True,
        needs_critic=True,
        by_default=False,
    ),
    "field": Explainer("how do the critic's field, the latent mesh and the pulls lie", tell_plane, needs_plane=True),
    "trajectories": Explainer(
        "where do latents go over the checkpoints", tell_trajectories, needs_run=True, needs_plane=True
    ),
    "optimum": Explainer(
        "how near is the critic to the best one of its loss", tell_optimum, needs_critic=True, needs_plane=True
    ),
}

GROUPS: dict[str, tuple[str, ...]] = {
    "generator": ("activations", "gradients", "dissection", "features", "sets", "artifacts"),
    "latent": ("coordinates", "directions", "geometry", "map", "invert"),
    "critic": (
        "order",
        "layers",
        "attribution",
        "carriers",
        "sensitivity",
        "cues",
        "specials",
        "mistakes",
        "flips",
        "climbs",
        "memory",
        "calibration",
        "credit",
    ),
    "game": ("account", "filmstrip", "emergence", "turning"),
    "plane": ("field", "trajectories", "optimum"),
}
