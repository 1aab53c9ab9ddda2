"""Attributions of a critic's score by several methods on the same pictures, made and graded together.

    for found in graded_attributions(gan, shown, ("gradient", "integrated-gradients"), data=train, seed=0):
        found.method, found.grades, found.note          # the note ends with what the grades say

All methods are one family of claims. Methods that the critic's modules do not allow come back as errors, by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import GanatomyError, UsageError, choose
from ganatomy.evaluate.faithfulness.cases import Attribute, unbound
from ganatomy.evaluate.faithfulness.grades import filled, grades
from ganatomy.evaluate.faithfulness.planned import GradePlan
from ganatomy.evaluate.faithfulness.planned import Method as Graded
from ganatomy.explain.attribution.attributed import Shown, explanation
from ganatomy.explain.attribution.attribution import attribute
from ganatomy.explain.attribution.baselines import baseline
from ganatomy.explain.attribution.methods import METHODS, Plan
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.gan import GAN
from ganatomy.results.explanation import Explanation

USUAL = ("gradient", "input-x-gradient", "integrated-gradients", "deeplift", "grad-cam", "occlusion")


@dataclass(frozen=True, eq=False)
class Attributions:
    """What could be made, and why the rest could not, by the name of the method."""

    made: tuple[Explanation, ...]
    refused: dict[str, GanatomyError]


def graded_attributions(
    gan: GAN,
    shown: Shown,
    methods: Sequence[str] = USUAL,
    *,
    data: Dataset | None = None,
    plan: GradePlan | None = None,
) -> Attributions:
    """Against the mean of real pictures where there are data, else their blur, or zero for points."""
    plan = plan or GradePlan(seed=shown.seed)
    single = "mean" if data is not None else "blurred" if gan.format.kind == "picture" else "zero"
    against = baseline(single, gan.format, data)
    plans, found, refused = {}, {}, {}
    for name in methods:
        chosen = choose(METHODS, name, "method of attribution")
        try:
            own = baseline("reals", gan.format, data) if chosen.baseline == "set" else against
            plans[name] = Plan(baseline=own, seed=plan.seed)
            found[name] = explanation(gan, shown, name, plan=plans[name])
        except GanatomyError as error:
            refused[name] = error
    if not found:
        raise next(iter(refused.values()), UsageError("no method of attribution was named", f"as in {USUAL[0]}"))
    judged = grades(
        Scorer(gan),
        {name: Graded(_attribute(name, plans[name]), kind_of(name)) for name in found},
        shown.pictures,
        baseline=against.of(shown.pictures)[:, 0],
        format=gan.format,
        labels=shown.labels,
        plan=plan,
    )
    return Attributions(tuple(filled(each, judged[name]) for name, each in found.items()), refused)


def kind_of(name: str) -> str:
    """What the values of a method are, a key of `planned.KINDS`."""
    return "rank" if METHODS[name].lifts else "slope" if name == "gradient" else "share"


def _attribute(name: str, plan: Plan) -> Attribute:
    def attributed(network: nn.Module, pictures: Tensor) -> Tensor:
        inner, labels = unbound(network)
        return attribute(inner, pictures, name, labels=labels, plan=plan)

    return attributed
