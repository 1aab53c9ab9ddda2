"""Figures of the critic's cues and concepts hold what the explanations say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganatomy.numerics.random import Stream
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.views.canvas import VERDICTS, svg
from ganatomy.views.critic_concepts import concept_matrix, cue_forest, edit_strip

CUES = np.array(["salt", "salt", "shift", "frame"])


def cued() -> Explanation:
    effect = np.array([[9.0, 9.0], [0.5, -1.5], [-0.1, np.nan], [np.nan, np.nan]])
    arrays = {
        "effect": effect,
        "low": effect - 0.1,
        "high": effect + 0.1,
        "verdict": np.array([[1, 1], [1, 0], [-1, -1], [0, 0]]),
        "control": np.full((4, 2, 3), 0.25),
        "level": np.array([0.02, 0.1, 0.0, 0.1]),
        "smallest": np.full(4, 0.2),
        "cue": CUES,
        "sorts": np.tile(np.array(["real", "generated"]), (4, 1)),
    }
    return Explanation("cues", "x", "logit", ("a", "b", "c", "d"), arrays)


def test_cues_stand_side_by_side_at_the_largest_level_with_noise_beside_them() -> None:
    figure = cue_forest(cued())
    real, made = figure.axes
    assert [label.get_text() for label in real.get_yticklabels()] == ["salt", "shift"]
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["real pictures", "generated pictures"]
    for ax, wanted, colours, room in (
        (real, [0.5, -0.1], ["present", "absent"], []),
        (made, [-1.5, np.nan], ["undetermined", "absent"], ["no room"]),
    ):
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        assert [line.get_xdata()[0] for line in dots] == pytest.approx(wanted, nan_ok=True)
        assert [line.get_color() for line in dots] == [VERDICTS[word] for word in colours]
        (noise,) = [line for line in ax.lines if line.get_marker() == "|"]
        assert np.all(noise.get_xdata() == 0.25)
        assert [text.get_text().strip() for text in ax.texts] == room
    assert cue_forest(cued(), level=0.02).axes[0].lines[2].get_xdata()[0] == 9.0
    assert svg(cue_forest(cued())) == svg(figure)


def test_every_edit_that_is_possible_is_a_row_of_the_same_pictures() -> None:
    format = Format.picture(1, 12)
    pictures = 0.5 * Stream(0, "strip").normal(range(3), 1, 12, 12).clamp(-1, 1)
    pictures[1] = 0.3  # nothing to sharpen
    figure = edit_strip(pictures, format, level=0.02)
    names = [text.get_text() for text in figure.texts]
    assert names[0] == "as they are"
    assert names[-2:] == ["control: noise", "control: smooth"]
    assert "high frequencies more" in names
    assert "tint" not in names
    assert len(figure.axes) == 3 * len(names)
    row = 3 * names.index("high frequencies more")
    shown = [np.asarray(ax.images[0].get_array()) for ax in figure.axes[row : row + 3]]
    assert (shown[1] == 255).all()
    assert not (shown[0] == 255).all()
    flat = edit_strip(torch.full((2, 1, 12, 12), 1.0), format, level=0.02)
    assert "brighter" not in [text.get_text() for text in flat.texts]


def test_slopes_stand_by_site_and_only_what_was_shown_in_full_colour() -> None:
    slope = np.zeros((3, 2, 2, 2))
    slope[0, 1, 0] = [0.5, -0.7]
    slope[2] = np.nan
    verdict = np.zeros((3, 2, 2), dtype=np.int8)
    verdict[0, 1], verdict[1, 0, 1] = 1, -1
    sites = np.tile(np.array(["down1.act", "down2.act"]), (3, 1))
    sorts = np.tile(np.array(["real", "generated"]), (3, 1))
    found = Explanation(
        "concepts", "x", "logit", ("ink", "holes", "still"),
        {"slope": slope, "verdict": verdict, "sites": sites, "sorts": sorts},
    )  # fmt: skip
    figure = concept_matrix(found)
    real, made = [ax for ax in figure.axes if ax.images and ax.get_title(loc="left")]
    assert np.asarray(real.images[0].get_array())[0, 1] == 0.5
    assert np.asarray(made.images[0].get_array())[0, 1] == -0.7
    assert real.images[0].get_clim() == made.images[0].get_clim() == (-0.7, 0.7)
    hatched = [[(p.get_x(), p.get_y()) for p in ax.patches if p.get_hatch()] for ax in (real, made)]
    assert len(hatched[0]) == 5
    assert (0.5, -0.5) not in hatched[0]
    assert len(hatched[1]) == 4
    assert {(0.5, -0.5), (-0.5, 0.5)}.isdisjoint(hatched[1])
    rings = next(line for line in made.lines if line.get_label() == "absent")
    assert (list(rings.get_xdata()), list(rings.get_ydata())) == ([0], [1])
    assert [label.get_text() for label in real.get_yticklabels()] == ["ink", "holes", "still"]
