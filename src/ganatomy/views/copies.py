"""The closest pairs of generated and training samples, beside the nearest held-out one: are they copies?

rows = told.pairs[:SHOWN].T                  # told: the Copies of evaluate.quality.copies
figure = pairs_of(told, (fakes[rows[0]], train[rows[1]], held_out[rows[2]]), format)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.beside import NEAR
from ganatomy.evaluate.quality.copies import Copies
from ganatomy.results.formats import Format
from ganatomy.views.canvas import INK, ORANGE
from ganatomy.views.captioned import Caption, captioned
from ganatomy.views.samples_judged import shown
from ganatomy.views.strips import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 12


def pairs_of(told: Copies, pictures: tuple[Tensor, Tensor, Tensor], format: Format) -> Figure:
    """`pictures` of the first pairs: generated, nearest training and nearest held-out samples, row by row.

    Orange: nearer to the training sample than a third of the distance to any held-out one.
    """
    count = len(pictures[0])
    if not 0 < count <= len(told.pairs) or any(len(each) != count for each in pictures):
        raise UsageError(
            f"{', '.join(str(len(each)) for each in pictures)} pictures of {len(told.pairs)} pairs were given",
            "give the three pictures of each pair, of one pair or more",
        )
    names = ("generated", "nearest training", "nearest held-out")
    rows = [Row(name, shown(each, format)) for name, each in zip(names, pictures, strict=True)]
    of = told.measured["exact copies"]
    foot = f"In {of.space}: {of.n} generated, {of.estimator}. {told.note}"
    return captioned(rows, [_caption(told, row) for row in range(count)], foot=foot)


def _caption(told: Copies, row: int) -> Caption:
    near, far = told.distances[row].tolist()
    if near == 0:
        said = "exact copy" if far > 0 else "copy of both"
    else:
        said = f"ratio {near / far:.2f}" if far > 0 else "copy of held-out"
    lines = [said, f"to training {near:.3g}", f"to held-out {far:.3g}", f"fake {int(told.pairs[row, 0])}"]
    return Caption(lines, ORANGE if near < NEAR * far else INK)
