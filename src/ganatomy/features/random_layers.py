"""A fixed random network of two ReLU layers: a second space for points, beside their own coordinates.

    space = random_layers(Format.point(2))             # random-layers-32

Weights are N(0, 2 / inputs) (He et al. 2015). The first layer's kinks lie at random distances up to `REACH` from the
origin, where the worlds of points are, so that shapes within are seen; beyond it the space is nearly linear.
"""

from __future__ import annotations

import math

from torch import nn

from ganatomy.errors import UsageError
from ganatomy.features.space import FeatureSpace, space
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

REACH = 4.0


def random_layers(format: Format, width: int = 32, *, seed: int = 0) -> FeatureSpace:
    """`width` numbers from as many in between."""
    if format.kind != "point" or width < 1:
        raise UsageError(
            f"{width} random layers' features of a {format} were asked for",
            "points have them, 1 or more; pictures have random_convolution",
        )
    layers = nn.Sequential()
    inputs = format.shape[0]
    for place in range(2):
        at = Stream(seed, f"features/layers/{place}")
        linear = nn.utils.skip_init(nn.Linear, inputs, width)
        weight = at.normal(range(width), inputs) * math.sqrt(2 / inputs)
        far = (2 * at.child("bias").uniform(range(width)) - 1) * REACH
        linear.load_state_dict({"weight": weight, "bias": far * weight.norm(dim=1) if not place else 0 * far})
        layers.extend([linear, nn.ReLU()])
        inputs = width
    return space(f"random-layers-{width}", layers, format)
