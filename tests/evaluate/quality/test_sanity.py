"""What a space answers to: closed forms, a blind space, how often nothing is called something, equivalents."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ganatomy.data.catalogue import load
from ganatomy.errors import UsageError
from ganatomy.evaluate.quality import sanity as under
from ganatomy.evaluate.quality.disturbances import DISTURBANCES, Reals
from ganatomy.evaluate.quality.frechet import frechet
from ganatomy.evaluate.quality.pairs import pair
from ganatomy.evaluate.quality.sanity import Curve, Equivalent, equivalent, sanity_curve, told_apart
from ganatomy.features.space import pixels, space
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.formats import Format
from ganatomy.results.measurement import Measurement

POINT = Format.point(2)
NAME, LESS = "Fréchet distance", "Fréchet distance less its bias"
WEAK = {"noise": (0.2, 0.4, 0.8, 1.6)}


def points(n: int, *, seed: int = 0) -> Tensor:
    return Stream(seed, "points").normal(range(n), 2)


def made(value: float, half: float = 0.01, *, floor: float = 0.0, name: str = NAME) -> Measurement:
    within = Interval(value - half, value + half, 0.95, "test")
    return Measurement(name, value, 100, "test", "low", within, floor, "pixels-0123")


def squares(*severities: float, half: float = 0.01) -> Curve:
    """Distance = severity squared."""
    readings = [made(severity**2, half) for severity in (0.0, *severities)]
    return under._curve("noise", (0.0, *severities), readings, stream=Stream(0, "t"))


def test_noise_on_points_reads_what_two_gaussians_do() -> None:
    steps: list[tuple[int, int]] = []
    real = Reals(points(3000), POINT)
    (curve,) = sanity_curve(
        pixels(POINT), real, stream=Stream(0, "s"), steps=WEAK, progress=lambda *at: steps.append(at)
    )
    assert curve.distance == LESS
    assert curve.severities == (0.0, 0.2, 0.4, 0.8, 1.6)
    assert steps == [(done, 5) for done in range(1, 6)]
    for severity, reading in zip(curve.severities, curve.readings, strict=True):
        truth = 2 * (math.sqrt(1 + severity**2) - 1) ** 2
        assert reading.value == pytest.approx(truth, abs=0.01 + 0.15 * truth)
        assert reading.n == 1500
    assert curve.verdict == "responds"
    assert curve.first is not None
    assert curve.first in (0.2, 0.4, 0.8)
    assert f"noise of sd {curve.first:g}" in curve.said
    again = sanity_curve(pixels(POINT), real, stream=Stream(0, "s"), steps=WEAK)[0]
    assert again.readings == curve.readings


def test_a_space_of_means_does_not_see_that_pixels_changed_places() -> None:
    format = Format.picture(1, 8)
    mean = space("mean", nn.Sequential(nn.AvgPool2d(8), nn.Flatten()), format)
    digits = load("digits")
    asked = {"shuffled pixels": (0.5, 1.0), "dropped classes": (3.0, 8.0), "noise": (0.3, 0.5)}
    blind, classes, noise = sanity_curve(mean, digits, stream=Stream(0, "s"), steps=asked, most=400)
    assert (blind.verdict, blind.first) == ("no response", None)
    assert "does not answer to shuffled pixels" in blind.said
    assert classes.readings[0].n > classes.readings[-1].n  # what is left of them
    assert noise.verdict == "responds"  # cut to the range it makes pictures brighter
    assert equivalent(blind, noise.readings[1]).said == "no answer to shuffled pixels that it could be held against"


def test_other_distances_have_curves_too_and_groups_stay_whole() -> None:
    real = Reals(points(200), POINT, torch.arange(200) % 4, torch.arange(200) // 2)
    for name in ("KID", "two-sample accuracy"):
        found = sanity_curve(pixels(POINT), real, stream=Stream(0, "s"), steps={"noise": (3.0,)}, distance=name)
        assert found[0].distance == name
        assert found[0].first == 3.0
    kinds = [each.kind for each in sanity_curve(pixels(POINT), real, stream=Stream(0, "s"))]
    assert kinds == ["noise", "dropped classes", "shuffled coordinates"]


def test_where_too_few_are_left_to_take_the_bias_off_the_plain_value_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganatomy.evaluate.quality.frechet.ENOUGH", 40)  # 80 samples for two features
    real = Reals(points(200), POINT, torch.arange(200) % 4)
    asked = {"noise": (1.0,), "dropped classes": (1.0, 2.0)}
    noise, classes = sanity_curve(pixels(POINT), real, stream=Stream(0, "s"), steps=asked)
    assert (noise.distance, classes.distance) == (LESS, NAME)


def test_nothing_is_seldom_called_something() -> None:
    """Severities too small to matter: two samples of one law."""
    tiny = {"noise": (1e-9, 2e-9)}
    found = [
        sanity_curve(pixels(POINT), Reals(points(160, seed=seed), POINT), stream=Stream(seed, "s"), steps=tiny)[0]
        for seed in range(20)
    ]
    assert sum(curve.verdict != "no response" for curve in found) <= 2
    covered = sum(told_apart(curve.readings[0]) for curve in found)
    assert covered <= 2


def test_the_equivalent_of_noise_is_its_own_severity() -> None:
    """One curve, and samples with noise of sd 1 that were drawn apart from it."""
    curve = sanity_curve(
        pixels(POINT), Reals(points(3000), POINT), stream=Stream(0, "s"), steps={"noise": (0.6, 0.9, 1.2, 2.0)}
    )[0]
    found = []
    for seed in range(1, 21):
        both = points(1000, seed=seed).split(500)
        noisy = DISTURBANCES["noise"].apply(Reals(both[1], POINT), 1.0, Stream(seed, "n"))
        readings = frechet(pair(both[0], noisy, space=pixels(POINT).id, stream=Stream(seed, "p")))
        found.append(equivalent(curve, readings[LESS]))
    held = [(each.low or 0) <= 1.0 <= (math.inf if each.high is None else each.high) for each in found]
    assert sum(held) >= 17
    middle = sorted(each.severity or 0 for each in found)[10]
    assert middle == pytest.approx(1.0, rel=0.06)


def test_equivalents_lie_between_severities_by_the_root_of_the_distance() -> None:
    curve = squares(0.2, 0.4, 0.8)
    told = equivalent(curve, made(0.36, 0.04 - 1e-12))
    assert (told.severity, told.low, told.high) == (
        pytest.approx(0.6),
        pytest.approx(math.sqrt(0.32)),
        pytest.approx(math.sqrt(0.4)),
    )
    assert told.said == "as far as real samples with noise of sd 0.6 (0.57 to 0.63)"
    biased = equivalent(curve, made(0.46, 0.04, floor=0.1))
    assert biased.severity == pytest.approx(0.6)


def test_equivalents_beyond_a_curve_and_below_it() -> None:
    curve = squares(0.2, 0.4, 0.8)
    over = equivalent(curve, made(0.7, 0.02))
    assert (over.severity, over.high) == (None, None)
    assert over.said == "farther than real samples with noise of sd 0.8, the harshest tried"
    edge = equivalent(curve, made(0.62, 0.1))
    assert edge.severity is not None
    assert edge.high is None
    assert "to beyond 0.8" in edge.said
    none = equivalent(curve, made(0.01, 0.03))
    assert none.low == 0
    assert none.said == "not told apart from real samples; at most as far as with noise of sd 0.2"


def test_a_curve_that_falls_is_out_of_order_and_made_to_rise() -> None:
    readings = [made(value) for value in (0.0, 0.5, 0.3, 0.2)]
    curve = under._curve("noise", (0.0, 0.1, 0.2, 0.4), readings, stream=Stream(0, "t"))
    assert (curve.verdict, curve.first) == ("order not sure", 0.1)
    assert curve.response.interval is not None
    assert curve.response.interval.low < 0.3
    risen = replace(squares(0.2, 0.4), readings=(made(0.0), made(0.2), made(0.1)))
    assert equivalent(risen, made(0.2)).severity == pytest.approx(0.2)


def test_the_first_severity_is_one_after_which_all_are_told_apart() -> None:
    readings = [made(value) for value in (0.0, 0.3, 0.005, 0.4, 0.5)]
    curve = under._curve("noise", (0.0, 0.1, 0.2, 0.4, 0.8), readings, stream=Stream(0, "t"))
    assert curve.first == 0.4


def test_other_spaces_and_distances_are_refused() -> None:
    curve = squares(0.2, 0.4)
    for other in (replace(made(0.1), space="other-0123"), made(0.1, name="KID")):
        with pytest.raises(UsageError, match="same space, with the same distance"):
            equivalent(curve, other)
    with pytest.raises(UsageError, match="no interval or no floor"):
        equivalent(curve, replace(made(0.1), floor=None))


@pytest.mark.parametrize("steps", [{"noise": ()}, {"noise": (0.2, 0.1)}, {"noise": (0.0, 0.1)}, {"blur": (1.0,)}])
def test_severities_that_make_no_sense_are_refused(steps: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(UsageError):
        sanity_curve(pixels(POINT), Reals(points(100), POINT), stream=Stream(0, "s"), steps=steps)
    with pytest.raises(UsageError, match="no distance called"):
        sanity_curve(pixels(POINT), Reals(points(100), POINT), stream=Stream(0, "s"), distance="FIDs")


def test_equivalents_are_plain_numbers() -> None:
    assert equivalent(squares(1.0, 2.0), made(1.0, 0.0)) == Equivalent(
        "noise", 1.0, 1.0, 1.0, "as far as real samples with noise of sd 1 (1 to 1)"
    )
