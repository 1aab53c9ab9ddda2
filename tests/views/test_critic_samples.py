"""Figures of special samples hold the numbers they were given, and what was not tried stays empty."""

from __future__ import annotations

import numpy as np
import pytest
from shared_tiny import brightness, greys, linear, tiny

from ganatomy.errors import UsageError
from ganatomy.explain.critic.samples.flips import FlipPlan, flips
from ganatomy.explain.critic.samples.mistakes import MistakePlan, mistakes
from ganatomy.explain.critic.samples.robustness import robustness
from ganatomy.explain.critic.samples.specials import SpecialsPlan, specials
from ganatomy.explain.critic.samples.trajectories import ClimbPlan, climbs
from ganatomy.results.explanation import Explanation
from ganatomy.views.canvas import svg
from ganatomy.views.critic_samples import (
    blends,
    climb_strip,
    flip_strip,
    gallery,
    kinds,
    realism_curve,
    robustness_curves,
)


@pytest.fixture(scope="module", name="special")
def _special() -> Explanation:
    return specials(tiny(brightness), greys(100), plan=SpecialsPlan(n=40, blends=(0.5,)))


def test_every_kind_but_blends_has_its_mean_and_its_share(special: Explanation) -> None:
    figure = kinds(special)
    ax = figure.axes[0]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [unit for unit in special.units if not unit.startswith("0.5")]
    dots = [float(np.asarray(line.get_xdata(), dtype=float)[0]) for line in ax.lines if line.get_marker() == "o"]
    means = [float(special.arrays["mean"][special.units.index(name)]) for name in names]
    assert dots == pytest.approx(means)
    shares = [text.get_text() for text in ax.texts]
    assert shares[names.index("white")] == "100%"
    assert "[" in shares[names.index("real")]
    assert svg(kinds(special)) == svg(kinds(special))


def test_blends_run_from_real_to_the_other_end(special: Explanation) -> None:
    ax = blends(special).axes[0]
    lines = {line.get_label(): line for line in ax.lines}
    mean, units = special.arrays["mean"], special.units
    ends = {"generated": units.index("generated"), "another real": units.index("real")}
    for name, end in ends.items():
        y = np.asarray(lines[name].get_ydata(), dtype=float)
        assert y == pytest.approx([mean[units.index("real")], mean[units.index(f"0.5 {name}")], mean[end]])
    with pytest.raises(UsageError, match="none were measured"):
        blends(specials(tiny(brightness), plan=SpecialsPlan(n=40)))


def test_flips_and_curves() -> None:
    gan, data, plan = tiny(linear), greys(100, shift=0.02), FlipPlan(n=4, n_judge=40, shown=2, draws=2)
    found = flips(gan, data, plan=plan)
    strip = flip_strip(found.shown, gan.format)
    assert len(strip.axes) == 7 * 4
    latent = [ax.images[0].get_array() for ax in strip.axes[-4:]]
    assert latent[0] is not None
    assert latent[-1] is not None
    assert float(np.min(latent[0])) == 255  # real pictures have no latent
    assert float(np.min(latent[-1])) < 255
    assert any("change x" in text.get_text() for text in strip.texts)
    curve = robustness(gan, found, data, plan=plan, draws=2)
    figure = robustness_curves(curve)
    drawn = {line.get_label(): line for line in figure.axes[0].lines}
    assert np.asarray(drawn["real, searched"].get_ydata()) == pytest.approx(curve.arrays["kept"][:, 0, 0])
    assert "real, searched" not in {line.get_label() for line in figure.axes[2].lines}


def test_climbs_and_mistakes() -> None:
    gan, data = tiny(brightness), greys(100, shift=0.05)
    found = climbs(gan, real=data, plan=ClimbPlan(n=10, frames=2, shown=2, reference=60))
    assert len(climb_strip(found.frames, gan.format).axes) == 2 * 2 * 3
    assert found.realism is not None
    (first, second) = realism_curve(found.realism).axes[0].lines[:2]
    assert np.asarray(first.get_ydata()) == pytest.approx(found.realism.arrays["ratio"][:, 0], nan_ok=True)
    assert np.asarray(second.get_ydata()) == pytest.approx(found.realism.arrays["ratio"][:, 1], nan_ok=True)
    examples = mistakes(gan, data, plan=MistakePlan(n=50, shown=3)).examples
    figure = gallery(examples, gan.format)
    assert len(figure.axes) == len(examples.units)
    heads = [ax.get_title() for ax in figure.axes]
    assert heads[0] == f"r{examples.arrays['index'][0]}: {examples.arrays['score'][0]:.3g}"
