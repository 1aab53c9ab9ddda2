"""What an attribution costs over the bare captum calls that it makes, and what grading costs a picture.

rows = attribution(progress=lambda done, total: None)

Both sides explain the same pictures with passes of the same sizes, in turn; captum is given the critic itself, in eval
mode. What ours does beside (it checks, copies, sets modes) is a fixed part of a millisecond and a copy of the pictures.
That shows where the critic itself is a matter of a millisecond, so the target is for a wide critic, and a small one
stands beside it without a target. Bringing Grad-CAM's map to the pixels is in ours; captum's stays at the site. All
weights are first ones.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganatomy.bench.rows import Reading, Row, Work, compared, median
from ganatomy.bench.trained import Progress
from ganatomy.evaluate.faithfulness.attributions import USUAL, graded_attributions
from ganatomy.evaluate.faithfulness.planned import GradePlan
from ganatomy.explain.attribution.attributed import choose_pictures
from ganatomy.explain.attribution.attribution import attribute
from ganatomy.explain.attribution.baselines import baseline
from ganatomy.explain.attribution.methods import ROWS, WINDOWS, Plan
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format

SIDE = 28
WIDTHS = {"critic of width 64": 64, "small critic of width 8": 8}
TARGETED, MOST = "critic of width 64", 1.05
SITE = "down2.act"
Bare = Callable[[nn.Module, Tensor, Tensor], Tensor]  # critic, pictures and baseline


def attribution(
    *,
    progress: Progress,
    pictures: int = 64,
    rounds: int = 15,
    widths: dict[str, int] = WIDTHS,
    plan: GradePlan | None = None,
) -> list[Row]:
    """One row for each method and critic, then one for grading."""
    rows: list[Row] = []
    total = len(widths) * len(BARE) + 1
    for name, width in widths.items():
        gan, most = _gan(width), MOST if name == TARGETED else None
        for method, bare in BARE.items():
            ratio = _over(gan, method, bare, pictures=pictures, rounds=rounds)
            rows.append(Row(f"attribution: {method}, {name}", ratio, "times captum's own call", at_most=most))
            progress(len(rows), total)
    rows.append(_grading(_gan(next(iter(widths.values()))), plan or GradePlan()))
    progress(total, total)
    return rows


def _gan(width: int) -> GAN:
    return GAN.fresh(DCGAN(Format.picture(1, SIDE), Normal(64), width=8, critic_width=width), 0)


def _over(gan: GAN, method: str, bare: Bare, *, pictures: int, rounds: int) -> Reading:
    x, black = gan.sample(0, range(pictures)).float(), baseline("black", gan.format)
    base, scorer, plan = black.of(x)[:, 0], Scorer(gan), Plan(baseline=black)
    critic = scorer.critic.eval()
    at = SITE if method == "grad-cam" else None

    def ours() -> Tensor:
        return attribute(scorer, x, method, at=at, plan=plan)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of captum's hooks
        return compared(ours, lambda: bare(critic, x, base), rounds=rounds)


def _grading(gan: GAN, plan: GradePlan) -> Row:
    """All usual methods together; with the attributions that are graded."""
    shown = choose_pictures(gan, samples=range(16), seed=0)
    times = [_seconds(lambda: graded_attributions(gan, shown, USUAL, plan=plan)) for _ in range(3)]
    name = f"attribution: made and graded by {len(USUAL)} methods"
    return Row(name, median([each / len(shown.names) for each in times]), "seconds a picture")


def _seconds(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _gradient(critic: nn.Module, x: Tensor, _base: Tensor) -> Tensor:
    from captum.attr import Saliency

    found: Tensor = Saliency(_flat(critic)).attribute(x.clone().requires_grad_(), abs=False)
    return found


def _input_x_gradient(critic: nn.Module, x: Tensor, _base: Tensor) -> Tensor:
    from captum.attr import InputXGradient

    found: Tensor = InputXGradient(_flat(critic)).attribute(x.clone().requires_grad_())
    return found


def _integrated(critic: nn.Module, x: Tensor, base: Tensor) -> Tensor:
    from captum.attr import IntegratedGradients

    most = max(ROWS, len(x))
    found: Tensor = IntegratedGradients(_flat(critic)).attribute(x, base, n_steps=50, internal_batch_size=most)
    return found


def _deeplift(critic: nn.Module, x: Tensor, base: Tensor) -> Tensor:
    from captum.attr import DeepLift

    found: Tensor = DeepLift(critic).attribute(x.clone().requires_grad_(), base)
    return found


def _grad_cam(critic: nn.Module, x: Tensor, _base: Tensor) -> Tensor:
    from captum.attr import LayerGradCam

    found: Tensor = LayerGradCam(_flat(critic), critic.get_submodule(SITE)).attribute(x)
    return found


def _occlusion(critic: nn.Module, x: Tensor, base: Tensor) -> Tensor:
    from captum.attr import Occlusion

    side, together = SIDE // WINDOWS, max(1, ROWS // len(x))
    window = (1, side, side)
    found: Tensor = Occlusion(_flat(critic)).attribute(
        x, window, strides=window, baselines=base, perturbations_per_eval=together
    )
    return found


def _flat(critic: nn.Module) -> Callable[[Tensor], Tensor]:
    return lambda x: torch.flatten(critic(x))


BARE: dict[str, Bare] = {
    "gradient": _gradient,
    "input-x-gradient": _input_x_gradient,
    "integrated-gradients": _integrated,
    "deeplift": _deeplift,
    "grad-cam": _grad_cam,
    "occlusion": _occlusion,
}
