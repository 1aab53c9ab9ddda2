"""Batches of real and generated pictures: where they come from, in which order, and who belongs together."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from shared_tiny import DIM, greys, tiny

from ganatomy.data.catalogue import load
from ganatomy.errors import UsageError
from ganatomy.explain.critic.lots import (
    fakes,
    groups_of,
    places,
    reals,
    rows_of,
    scored,
    together,
    unheeded,
    worded,
)
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format


def test_fakes_are_the_samples_in_order() -> None:
    gan = tiny()
    assert torch.allclose(together(fakes(gan, 100, seed=3)).pictures, gan.sample(3, range(100)), atol=1e-6)
    scores = scored(Scorer(gan), fakes(gan, 100, seed=3))
    assert torch.allclose(scores, gan.realness(gan.sample(3, range(100))).double().cpu(), atol=1e-5)


def test_reals_lie_at_their_places_each_once_and_parts_are_apart() -> None:
    gan, data = tiny(), greys(200)
    lot = together(reals(gan, data, 70, start=5))
    assert torch.equal(lot.pictures, data.read(places(data, 70, start=5)))
    assert lot.labels is lot.groups is None
    whole = list(places(data, 10**6))
    assert sorted(whole) == list(range(200))
    assert list(places(data, 70, start=5)) == whole[5:75]
    assert len(together(reals(gan, data, 10**6))) == 200
    with pytest.raises(UsageError, match="it has"):
        next(reals(gan, data, 5, start=200))


def test_the_first_of_sorted_data_are_of_all_classes() -> None:
    data = greys(600, classes=True)
    labels = torch.arange(600) // 200
    sorted_data = replace(data, draw_labels=lambda at: labels[torch.tensor(at)])
    seen = sorted_data.labels(places(sorted_data, 60))
    assert seen is not None
    assert torch.bincount(seen, minlength=3).min() >= 10


def test_endless_data_are_read_as_they_are() -> None:
    shapes = load("shapes")
    assert shapes.endless
    assert places(shapes, 20, start=7) == range(7, 27)


def test_labels_and_groups_come_with_their_pictures() -> None:
    gan = tiny(latent=Normal(DIM, 3), classes=("a", "b", "c"))
    data = replace(greys(200, classes=True), groups=torch.arange(200) // 4)
    lot, chosen = together(reals(gan, data, 150)), torch.tensor(places(data, 150))
    assert lot.labels is not None
    assert lot.groups is not None
    assert torch.equal(lot.labels, chosen % 3)
    assert torch.equal(lot.groups, chosen // 4)
    ids = groups_of(data, 150)
    assert ids is not None
    assert torch.equal(ids, lot.groups)
    few = rows_of(lot, torch.tensor([3, 1]))
    assert few.groups is not None
    assert few.groups.tolist() == [int(chosen[3]) // 4, int(chosen[1]) // 4]
    made = next(iter(fakes(gan, 5, seed=0)))
    assert made.groups is None
    assert together([few, made]).groups is None
    with pytest.raises(UsageError, match="conditional on 5 classes"):
        next(reals(tiny(latent=Normal(DIM, 5)), data, 5))


def test_sentences_say_points_and_what_they_left_out() -> None:
    assert worded("Of pictures, a Picture.", Format.point(2)) == "Of points, a Point."
    assert worded("Of pictures.", Format.picture(1, 6)) == "Of pictures."
    assert unheeded(greys(30)) == unheeded(None) == ""
    assert "too narrow" in unheeded(replace(greys(30), groups=torch.arange(30)))
