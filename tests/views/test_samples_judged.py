"""Sheets of samples and pairs of copies show the pictures that were found, under the numbers that were told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from shared_tiny import SMALL, brightness, greys, tiny

from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.copies import copies
from ganatomy.evaluate.trust.single import judge_samples, standard
from ganatomy.features.space import pixels
from ganatomy.numerics.random import Stream
from ganatomy.pictures import pixels as bytes_of
from ganatomy.results.formats import Format
from ganatomy.views.canvas import ORANGE, svg
from ganatomy.views.captioned import Caption, captioned
from ganatomy.views.copies import pairs_of
from ganatomy.views.samples_judged import COLOURS, samples_judged, shown

TRAIN, HELD = greys(150, seed=1), greys(130, seed=2)


def images(figure: Figure) -> list[np.ndarray]:
    return [np.asarray(ax.images[0].get_array()) for ax in figure.axes]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def test_each_sample_stands_over_its_neighbours_and_its_verdict() -> None:
    samples = torch.cat([TRAIN.read([5]), 2 * Stream(0, "n").uniform(range(7), 1, 6, 6) - 1])
    told = judge_samples(samples, standard(TRAIN, HELD, pixels(SMALL), gan=tiny(brightness)))
    figure = samples_judged(told, samples, TRAIN, HELD)
    assert len(figure.axes) == 24
    found = images(figure)
    assert np.array_equal(found[0], bytes_of(samples[:1], SMALL)[0])
    assert np.array_equal(found[1], found[0])
    nearest = int(told.numbers.nearest_held_out[1])
    assert np.array_equal(found[5], bytes_of(HELD.read([nearest]), SMALL)[0])
    said = words(figure)
    assert "near training sample" in said
    assert said.count("unlike real ones") == 7
    assert f"realism infinite, p {float(told.p_realism[0]):.2g}" in said
    assert "privacy" in said[-1]
    colours = {text.get_text(): text.get_color() for text in figure.texts}
    assert colours["unlike real ones"] == COLOURS["unlike real ones"]
    assert svg(figure) == svg(samples_judged(told, samples, TRAIN, HELD))
    named = words(samples_judged(told, samples, TRAIN, HELD, numbers=range(100, 108), foot="In pixels. "))
    assert "sample 103" in named
    assert "In pixels. Realism" in named[-1]


def test_of_many_those_that_do_not_look_real_come_first() -> None:
    """Thirteen of the data and a picture of noise."""
    samples = torch.cat([HELD.read(range(13)), 2 * Stream(0, "n").uniform(range(1), 1, 6, 6) - 1])
    told = judge_samples(samples, standard(TRAIN, greys(130, seed=4), pixels(SMALL)))
    assert told.verdicts[13] == "unlike real ones"
    said = words(samples_judged(told, samples, TRAIN, greys(130, seed=4)))
    assert next(word for word in said if word.startswith("sample ")) != "sample 0" or told.verdicts[0] != "looks real"
    assert "sample 13" in said
    assert "12 of 14 samples, those that do not look real first" in said[-1]


def test_pairs_of_copies_and_their_ratios() -> None:
    real, others = TRAIN.read(range(150)), HELD.read(range(130))
    fake = torch.cat([real[8:9], greys(40, seed=3).read(range(40))])
    tables = [each.flatten(1) for each in (fake, real, others)]
    told = copies(*tables, space="pixels", stream=Stream(0, "c"), draws=19)
    rows = told.pairs[:4].T
    pictures = fake[rows[0]], real[rows[1]], others[rows[2]]
    figure = pairs_of(told, pictures, SMALL)
    found, said = images(figure), words(figure)
    assert len(found) == 12
    assert np.array_equal(found[0], found[1])
    beside = int(torch.cdist(tables[0][:1], tables[2]).argmin())
    assert np.array_equal(found[2], bytes_of(others[beside : beside + 1], SMALL)[0])
    assert "exact copy" in said
    near, far = told.distances[1].tolist()
    assert f"ratio {near / far:.2f}" in said
    assert next(text for text in figure.texts if text.get_text() == "exact copy").get_color() == ORANGE
    with pytest.raises(UsageError, match="three pictures of each pair"):
        pairs_of(told, (pictures[0], pictures[1], pictures[2][1:]), SMALL)
    with pytest.raises(UsageError, match="three pictures of each pair"):
        pairs_of(replace(told, pairs=told.pairs[:3]), pictures, SMALL)


def test_faults() -> None:
    with pytest.raises(UsageError, match="side by side"):
        shown(torch.zeros(3, 2), Format.point(2))
    with pytest.raises(UsageError, match="captions were given"):
        captioned([], [Caption(("a",))])
    told = judge_samples(TRAIN.read([1]), standard(TRAIN, HELD, pixels(SMALL)))
    with pytest.raises(UsageError, match="give the samples judged"):
        samples_judged(told, TRAIN.read([1, 2]), TRAIN, HELD)
