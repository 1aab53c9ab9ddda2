"""Single samples with what lies nearest to them among real ones, the numbers, and the verdict under each.

told = judge_samples(samples, known)
figure = samples_judged(told, samples, known.train, held_out)         # both data sets in the format of the samples
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.single_verdicts import COPY, NOT_TOLD, REAL, UNLIKE, Judged
from ganatomy.pictures import pixels
from ganatomy.results.formats import Format
from ganatomy.views.canvas import BLUE, ORANGE, QUIET
from ganatomy.views.captioned import Caption, captioned
from ganatomy.views.strips import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 12
COLOURS = {REAL: BLUE, UNLIKE: ORANGE, COPY: "#b3261e", NOT_TOLD: QUIET}
SAYS = (
    "Realism: above 1 as near to a real sample as its own neighbours; distances: to the nearest training sample over"
    " that to the nearest held-out one; each p: the share of held-out real samples as unusual as this."
)
SHORT = {COPY: "near training sample"}  # as wide as a column


def samples_judged(
    told: Judged,
    samples: Tensor,
    train: Dataset,
    held_out: Dataset,
    *,
    numbers: Sequence[int] | None = None,
    foot: str = "",
) -> Figure:
    """Those that do not look real come first. Both sets as the standard was made of; `numbers`: which samples they are.

    foot: stands before the note of `told`.
    """
    if len(samples) != len(told):
        raise UsageError(f"{len(samples)} samples and {len(told)} verdicts were given", "give the samples judged")
    chosen = sorted(range(len(told)), key=lambda row: told.verdicts[row] == REAL)[:SHOWN]
    at = torch.tensor(chosen, dtype=torch.int64)
    near, own = told.numbers, train.format
    known = held_out.in_format(own)
    strips = [
        Row("sample", shown(samples[at], own)),
        Row("nearest training", shown(train.read(near.nearest_train[at]), own)),
        Row("nearest held-out", shown(known.read(near.nearest_held_out[at]), own)),
    ]
    which = list(range(len(told))) if numbers is None else list(numbers)
    few = (
        f"{len(chosen)} of {len(told)} samples, those that do not look real first. " if len(chosen) < len(told) else ""
    )
    captions = [_caption(told, row, which[row]) for row in chosen]
    return captioned(strips, captions, foot=f"{few}{foot}{SAYS} {told.note}")


def shown(samples: Tensor, format: Format) -> NDArray[np.uint8]:
    """As pixels; what is no picture is refused."""
    if format.kind != "picture":
        raise UsageError(f"samples that are {format} were to be shown side by side", "pictures can be; draw a plane")
    return pixels(samples.clamp(*format.bounds) if format.bounds else samples, format)


def _caption(told: Judged, row: int, number: int) -> Caption:
    numbers, verdict = told.numbers, told.verdicts[row]
    real, ratio = float(numbers.realism[row]), float(numbers.ratio[row])
    lines = [
        SHORT.get(verdict, verdict),
        f"sample {number}",
        f"realism {'infinite' if real == float('inf') else f'{real:.2f}'}, p {float(told.p_realism[row]):.2g}",
        f"above {float(told.percentile[row]):.0%} of real ones",
        f"distances {ratio:.2f}, p {float(told.p_near[row]):.2g}",
    ]
    if told.probability is not None and told.p_critic is not None:
        lines.append(f"critic {float(told.probability[row]):.0%} real, p {float(told.p_critic[row]):.2g}")
    return Caption(lines, COLOURS[verdict])
