"""How much is measured when attributions are graded, and what kind of map a method makes.

    methods = {"gradient": Method(gradient, "slope"), "integrated gradients": Method(integrated, "share")}
    grades(scorer, methods, pictures, baseline=black, format=gan.format, plan=GradePlan(seed=0, orders=20))

| kind    | its values are                                   | asked of it                                  |
|---------|--------------------------------------------------|----------------------------------------------|
| `slope` | df/dx                                            | noise and squares, scaled and not            |
| `share` | parts of f(x) - f(b)                             | completeness; squares, scaled and not        |
| `rank`  | larger where more matters (Grad-CAM, |gradient|) | squares, scaled                              |

All kinds are asked for insertion and deletion, correlation, sensitivity and what random weights change.

Passes with the defaults, a picture: 4 + 10 x 28 + 2 x 28 + 32 = 372 forward for all methods together (both ends twice,
random orders, edges, squares), 32 more where a method is a slope, a few in redrawn critics; 28 forward and 11
attributions for each method. Eight methods of captum on 16 pictures of 28 x 28 and a convolutional critic: 6 s on one
core.
"""

from __future__ import annotations

from dataclasses import dataclass

from ganatomy.errors import UsageError, choose
from ganatomy.evaluate.faithfulness.cases import Attribute

PART = 16  # pictures graded together: memory does not grow with their number
KINDS = {
    "slope": frozenset({"noise", "unscaled"}),
    "share": frozenset({"completeness", "unscaled"}),
    "rank": frozenset[str](),
}


@dataclass(frozen=True)
class Method:
    """An attribution and the kind of its values, a key of KINDS."""

    attribute: Attribute
    kind: str

    def __post_init__(self) -> None:
        choose(KINDS, self.kind, "kind of attribution")

    def promises(self, what: str) -> bool:
        return what in KINDS[self.kind]


@dataclass(frozen=True)
class GradePlan:
    """`steps` of a curve; draws of random `orders`, `noise`, `squares` and `nudges`; `stages` of the cascade.

    `redraws` of all weights. `sd` of the noise and `radius` of the nudges are parts of the format's range. An advantage
    below `smallest` does not count (in standardised scores, or as a part of the infidelity of no map at all), and maps
    whose correlation is below `similar` have changed.
    """

    seed: int = 0
    steps: int = 15
    orders: int = 10
    noise: int = 32
    squares: int = 32
    nudges: int = 4
    stages: int = 4
    redraws: int = 3
    sd: float = 0.05
    radius: float = 0.01
    smallest: float = 0.02
    similar: float = 0.3
    level: float = 0.95

    def __post_init__(self) -> None:
        for name in ("steps", "orders", "noise", "squares", "nudges", "stages", "redraws"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} = {getattr(self, name)} was planned", "plan one or more")
        if not (self.sd > 0 and self.radius > 0):
            raise UsageError(f"sd = {self.sd} and radius = {self.radius} were planned", "both are above 0")
