"""Figures of safety show the samples and the numbers they were given."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from shared_tiny import SMALL, brightness, greys, tiny

from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.criteria import by_function
from ganatomy.evaluate.trust.off_prior import NORMS, ON, OffPrior, off_prior
from ganatomy.evaluate.trust.worst import worst
from ganatomy.pictures import pixels
from ganatomy.results.formats import Format
from ganatomy.views.canvas import svg
from ganatomy.views.safety import by_norm, off_prior_strip, worst_strip

BRIGHT = by_function("brightness, all of it", lambda x: brightness(x).abs())


@pytest.fixture(name="off", scope="module")
def _off() -> OffPrior:
    return off_prior(tiny(size=0.1), 40, by=BRIGHT, ways=[f"norm x {size:g}" for size in NORMS])


def test_the_worst_stand_beside_the_worst_real_ones() -> None:
    found = worst(tiny(size=0.1), 100, by=BRIGHT, data=greys(120), k=5)
    figure = worst_strip(found, SMALL)
    assert len(figure.axes) == 10
    assert figure.axes[0].get_title() == f"#{int(found.indices[0])}\n{float(found.made.values[0]):.3g}"
    shown = np.asarray(figure.axes[5].images[0].get_array())
    assert np.array_equal(shown, pixels(found.real.pictures[:1], SMALL)[0])
    drawn = svg(figure)
    assert "worst of 100 generated" in drawn
    assert "worst of 100 real" in drawn
    assert "too few to say" in drawn
    assert drawn == svg(worst_strip(found, SMALL))
    with pytest.raises(UsageError, match="points"):
        worst_strip(found, Format.point(2))


def test_off_the_prior_each_way_has_a_row(off: OffPrior) -> None:
    figure = off_prior_strip(off, SMALL)
    assert len(figure.axes) == 12 * len(off.rows)
    told = [text.get_text() for text in figure.texts]
    assert told[0] == f"on the prior\n{off.rows['on the prior']['how bad'].value:.3g}"
    assert "latents of each way" in told[-1]


def test_the_curve_by_norm(off: OffPrior) -> None:
    ax = by_norm(off).axes[0]
    line = next(each for each in ax.lines if len(np.asarray(each.get_xdata())) == 6)
    assert list(np.asarray(line.get_xdata())) == pytest.approx([0, 0.5, 0.5**0.5, 1, 2**0.5, 2])
    assert np.asarray(line.get_ydata())[-1] == off.rows["norm x 4"]["how bad"].value
    assert "brightness" in ax.get_ylabel()
    assert "size of the latent" in svg(by_norm(off))
    assert "40 latents" in ax.get_title(loc="left")
    with pytest.raises(UsageError, match="one size"):
        by_norm(off_prior(tiny(), 40, by=BRIGHT, ways=["constant"]))


def test_what_is_not_finite_is_said(off: OffPrior) -> None:
    row = dict(off.rows["norm x 4"])
    broken = {**row, "not finite": row["outside the range"].__class__(**{**vars(row["not finite"]), "value": 1.0})}
    del broken["how bad"]
    rows = {ON: off.rows[ON], "norm x 0": off.rows["norm x 0"], "norm x 4": broken}
    changed = OffPrior(off.by, rows, {**off.pictures, "norm x 4": torch.zeros(12, 1, 6, 6)}, off.norms, off.p, off.note)
    told = [text.get_text() for text in off_prior_strip(changed, SMALL).texts]
    assert "norm x 4\n100% not finite" in told
    assert len(np.asarray(by_norm(changed).axes[0].lines[2].get_xdata())) == 2
