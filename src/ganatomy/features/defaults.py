"""Feature spaces by name, and the two in which samples are compared where nobody names any.

    default_spaces(gan.format, judge)                  # a trained classifier's, and random convolutions
    named_space("random-projection", gan.format)

Two, since each is blind to something: a classifier to texture, random layers to what things are. Points have their
coordinates in place of a classifier: in a plane there is nothing that these do not show.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ganatomy.errors import UsageError, nearest
from ganatomy.features.classifier import Judge
from ganatomy.features.random_layers import random_layers
from ganatomy.features.space import FeatureSpace, pixels, random_convolution, random_projection
from ganatomy.results.formats import Format

Make = Callable[[Format], FeatureSpace]
WIDTH = 64  # of a projection, where there are as many numbers

BOTH: tuple[str, ...] = ("picture", "point")
SPACES: dict[str, tuple[tuple[str, ...], Make]] = {  # what each is for, and what makes it
    "pixels": (BOTH, pixels),
    "random-projection": (BOTH, lambda format: random_projection(format, min(WIDTH, math.prod(format.shape)))),
    "random-convolution": (("picture",), random_convolution),
    "random-layers": (("point",), random_layers),
}
CLASSIFIER = "classifier"
DEFAULTS: dict[tuple[str, bool], tuple[str, str]] = {  # kind of sample, and whether there is a judge
    ("picture", True): (CLASSIFIER, "random-convolution"),
    ("picture", False): ("random-projection", "random-convolution"),
    ("point", True): ("pixels", "random-layers"),
    ("point", False): ("pixels", "random-layers"),
}


def default_spaces(format: Format, judge: Judge | None = None) -> tuple[FeatureSpace, ...]:
    """Two of them, the first of which says more of what is in a picture."""
    names = DEFAULTS[format.kind, judge is not None]
    return tuple(named_space(name, format, judge) for name in names)


def named_space(name: str, format: Format, judge: Judge | None = None) -> FeatureSpace:
    """By the name before its width and hash; `judge` is what `classifier` stands for."""
    if name == CLASSIFIER:
        if judge is None:
            raise UsageError(
                "the space of a classifier was asked for, and there is none",
                "it takes labels to train one: give data with classes, or " + " or ".join(DEFAULTS[format.kind, False]),
            )
        if judge.format.shape != format.shape:
            raise UsageError(f"the classifier reads {judge.format}, given was {format}", "train one on these data")
        return judge.space()
    legal = [each for each, (kinds, _) in SPACES.items() if format.kind in kinds]
    if name in SPACES and name not in legal:
        raise UsageError(f"the space {name!r} is not for a {format}", "legal are: " + ", ".join([*legal, CLASSIFIER]))
    if name not in SPACES:
        raise UsageError(f"there is no feature space called {name!r}", nearest(name, [*legal, CLASSIFIER]))
    return SPACES[name][1](format)
