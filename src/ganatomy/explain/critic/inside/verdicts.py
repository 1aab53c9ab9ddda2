"""Many means judged as one family, as arrays: effect, bounds, adjusted p and a code of the verdict.

arrays = family(means, (12, 3), smallest=0.1, level=0.95)      # arrays["effect"], ["low"], ["verdict"]: (12, 3)
agreed(arrays["verdict"], arrays["effect"], over=1)            # 1 all say present to one side, -1 all absent, else 0
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ganatomy.explain.generator.joint import CODES
from ganatomy.numerics.statistics.effects import judged, judged_together
from ganatomy.numerics.statistics.interval import Mean

COLUMNS = ("effect", "low", "high", "p", "p_absent")
WORDS = {code: word for word, code in CODES.items()}


def family(means: Sequence[Mean], shape: tuple[int, ...], *, smallest: float, level: float) -> dict[str, Tensor]:
    """Benjamini-Hochberg over all of them; intervals of claims that stand are widened for having been selected."""
    told = judged_together([judged(mean, smallest=smallest, level=level) for mean in means])
    rows = [(e.value, e.interval.low, e.interval.high, e.p_present, e.p_absent) for e in told]
    table = torch.tensor(rows, dtype=torch.float64).reshape(*shape, len(COLUMNS))
    codes = torch.tensor([CODES[e.verdict] for e in told], dtype=torch.int8).reshape(shape)
    return dict(zip(COLUMNS, table.unbind(-1), strict=True)) | {"verdict": codes}


def agreed(verdict: Tensor, effect: Tensor, *, over: int) -> Tensor:
    """What all along one axis say, to one side where they say present."""
    first = effect.sign().narrow(over, 0, 1)
    present = (verdict > 0).all(over) & (effect.sign() == first).all(over)
    return present.to(torch.int8) - (verdict < 0).all(over).to(torch.int8)
