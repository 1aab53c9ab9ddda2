"""The methods of attribution, each a function of a block of rows: a literal table over captum 0.9.

    METHODS["integrated-gradients"].summary
    METHODS["deeplift"].run(Rows(explained, x, given, base, plan))       # the shape of x

Signed and not normalised. A `complete` method's values sum to f(x) - f(baseline): DeepLIFT's exactly, integrated
gradients' up to the steps, gradient SHAP's on average over its draws. The SHAP methods are means over several rows a
sample: DeepLIFT over a set of baselines (captum's DeepLiftShap), gradients at random points between x and baselines
of the set (captum's GradientShap without noise, whose own draws come from NumPy's global generator).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.attribution.baselines import Baseline
from ganatomy.explain.attribution.deeplift import deeplift
from ganatomy.explain.attribution.targets import Explained

ROWS = 256  # in a pass, at most (DeepLIFT: with their baselines): memory grows neither with samples nor with steps
WINDOWS = 7  # occluding windows along a side
Found = TypeVar("Found")
UNUSED = ("does not require grad", "have been used in the graph")  # autograd's words


@dataclass(frozen=True, eq=False)
class Plan:
    """`steps` of integrated gradients, `draws` of gradient SHAP, side of the occluding `window` (None: a seventh)."""

    baseline: Baseline | None = None
    seed: int = 0
    steps: int = 50
    draws: int = 32
    window: int | None = None

    def __post_init__(self) -> None:
        if min(self.steps, self.draws, 1 if self.window is None else self.window) < 1:
            raise UsageError(
                f"{self.steps} steps, {self.draws} draws and a window of {self.window} were asked for",
                "each is at least 1",
            )


@dataclass(frozen=True, eq=False)
class Rows:
    """Values that are attributed, what else a pass is given, and the baseline of each row (x itself: none).

    `shares`: of each row, how far the way from the baseline to x its point lies.
    """

    explained: Explained
    x: Tensor
    given: tuple[Tensor, ...]
    base: Tensor
    plan: Plan
    shares: Tensor | None = None


@dataclass(frozen=True)
class Method:
    """`baseline`: none, one for each sample, or a set; `drawn`: rows are random points on the ways from the set.

    `complete`: values sum to f(x) - f(baseline). `needs_modules`: non-linearities must be modules. `lifts`: the map of
    a site is brought to the picture's pixels.
    """

    run: Callable[[Rows], Tensor]
    summary: str
    baseline: Literal["none", "one", "set"] = "none"
    complete: bool = False
    needs_modules: bool = False
    drawn: bool = False
    lifts: bool = False

    @property
    def needs_baseline(self) -> bool:
        return self.baseline != "none"


def _gradient(rows: Rows) -> Tensor:
    from captum.attr import Saliency

    with_slope = rows.x.detach().requires_grad_()
    found: Tensor = _sloped(
        rows, lambda: Saliency(rows.explained).attribute(with_slope, abs=False, additional_forward_args=rows.given)
    )
    return found.detach()


def _input_times_gradient(rows: Rows) -> Tensor:
    return _gradient(rows) * rows.x


def _gradient_shap(rows: Rows) -> Tensor:
    assert rows.shares is not None
    difference = rows.x - rows.base
    shares = rows.shares.to(difference).reshape(-1, *[1] * (difference.ndim - 1))
    return _gradient(replace(rows, x=rows.base + shares * difference)) * difference


def _integrated_gradients(rows: Rows) -> Tensor:
    from captum.attr import IntegratedGradients

    found: Tensor = _sloped(
        rows,
        lambda: IntegratedGradients(rows.explained).attribute(
            rows.x,
            rows.base,
            additional_forward_args=rows.given,
            n_steps=rows.plan.steps,
            internal_batch_size=max(ROWS, len(rows.x)),
        ),
    )
    return found.detach()


def _deeplift(rows: Rows) -> Tensor:
    found: Tensor = _sloped(
        rows, lambda: deeplift(rows.explained, rows.x.detach().requires_grad_(), rows.given, rows.base)
    )
    return found


def _grad_cam(rows: Rows) -> Tensor:
    """(n, 1, h, w): channels weighted by their mean slope. The rectifier of the first paper is left out.

    Written out: activation and slopes are of one pass, which gets the samples themselves.
    """
    activation, slope = _sloped(rows, lambda: rows.explained.slopes(rows.x, *rows.given))
    if activation.ndim != 4:
        raise UsageError(
            f"Grad-CAM was asked for at a place of shape {tuple(activation.shape[1:])}",
            "choose a site with channels x h x w",
        )
    return (slope.mean((2, 3), keepdim=True) * activation).sum(1, keepdim=True)


def _occlusion(rows: Rows) -> Tensor:
    """Windows that tile the sample, through all channels; each one's effect is shared evenly by its values.

    captum gives the whole effect to each value of a window; shared, the map of an additive function sums to
    f(x) - f(baseline).
    """
    from captum.attr import Occlusion

    explained, x = rows.explained, rows.x
    if x.ndim == 1:  # one number a sample
        with torch.no_grad():
            effect: Tensor = explained(x, *rows.given) - explained(rows.base, *rows.given)
        return effect
    window = _window(tuple(x.shape[1:]), rows.plan.window)
    found: Tensor = Occlusion(explained).attribute(
        x,
        window,
        strides=window,
        baselines=rows.base,
        additional_forward_args=rows.given,
        perturbations_per_eval=max(1, ROWS // len(x)),
    )
    share = torch.ones((), dtype=x.dtype, device=x.device)
    for axis, (size, side) in enumerate(zip(x.shape[1:], window, strict=True)):
        place = torch.arange(size, device=x.device) // side
        lengths = torch.bincount(place)[place].to(x)  # the last window may be cut
        share = share / lengths.reshape(-1, *[1] * (x.ndim - 2 - axis))
    return found.detach() * share


def _window(shape: tuple[int, ...], side: int | None) -> tuple[int, ...]:
    """A vector's values are taken one by one."""
    if len(shape) == 1:
        return (1,)
    space = [min(size, side or max(1, round(size / WINDOWS))) for size in shape[-2:]]
    return (*shape[:-2], *space)


def _sloped(rows: Rows, ask: Callable[[], Found]) -> Found:
    try:
        return ask()
    except RuntimeError as error:
        if not any(words in str(error) for words in UNUSED):
            raise
        site = "the samples" if rows.explained.site is None else f"'{rows.explained.site}'"
        what = "the target" if rows.explained.of is None else f"the unit {rows.explained.of.name}"
        raise UsageError(
            f"{what} has no slope towards {site}",
            "what is explained must come after it, and be computed with gradients on",
        ) from error


METHODS: dict[str, Method] = {
    "gradient": Method(_gradient, "the slope of the score in every value"),
    "input-x-gradient": Method(_input_times_gradient, "slope times value: what a linear score takes from each value"),
    "integrated-gradients": Method(
        _integrated_gradients,
        "slopes averaged on the straight way from the baseline, times the difference",
        baseline="one",
        complete=True,
    ),
    "deeplift": Method(
        _deeplift,
        "differences from the baseline handed back through the layers (rescale rule)",
        baseline="one",
        complete=True,
        needs_modules=True,
    ),
    "deeplift-shap": Method(
        _deeplift,
        "DeepLIFT averaged over a set of baselines",
        baseline="set",
        complete=True,
        needs_modules=True,
    ),
    "gradient-shap": Method(
        _gradient_shap,
        "slopes at random points on the ways from a set of baselines, times the difference",
        baseline="set",
        complete=True,
        drawn=True,
    ),
    "grad-cam": Method(_grad_cam, "channels of a site weighted by their mean slopes", lifts=True),
    "occlusion": Method(_occlusion, "what the score loses when a window is replaced by the baseline", baseline="one"),
}
