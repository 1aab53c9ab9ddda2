"""Concepts side by side: their order, masks and scores, twins after them, shuffled by address."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from oracles_dissection import BRIGHT, DARK, HALVES

from ganatomy.errors import UsageError
from ganatomy.explain.generator.panel import Panel
from ganatomy.numerics.random import Stream

PICTURES = 2 * Stream(0, "pictures").uniform(range(6), 1, 8, 8) - 1
TWINNED = replace(HALVES, twin=lambda pictures: -HALVES.measure(pictures))


def test_scores_and_masks_keep_the_order_of_the_measurers() -> None:
    panel = Panel((BRIGHT, HALVES, DARK))
    masks, scores = panel.seen(PICTURES)
    assert panel.names == ("bright", "halves: top", "halves: left", "dark")
    assert panel.masked == [0, 3]
    assert masks is not None
    assert torch.equal(masks, torch.cat([BRIGHT.measure(PICTURES), DARK.measure(PICTURES)], 1))
    assert torch.equal(scores[:, 1:3].float(), HALVES.measure(PICTURES))
    assert torch.allclose(scores[:, 3], masks[:, 1].double().mean((1, 2)))
    assert torch.equal(panel.told(PICTURES), scores)
    assert Panel((HALVES,)).seen(PICTURES)[0] is None


def test_twins_come_after_all_concepts() -> None:
    panel = Panel((BRIGHT, TWINNED))
    assert panel.twinned == [1, 2]
    told = panel.told(PICTURES)
    assert told.shape == (6, 5)
    assert torch.equal(told[:, 3:], -told[:, 1:3])


def test_labels_are_shuffled_by_seed_and_address_only_if_one_wants() -> None:
    assert Panel((BRIGHT,)).order(64, 50).tolist() == list(range(50))
    order = Panel((BRIGHT,), shuffle=3).order(64, 50)
    assert sorted(order.tolist()) == list(range(50)) != order.tolist()
    assert torch.equal(order, Panel((HALVES,), shuffle=3).order(64, 50))
    assert not torch.equal(order, Panel((BRIGHT,), shuffle=4).order(64, 50))
    assert not torch.equal(order, Panel((BRIGHT,), shuffle=3).order(128, 50))


def test_a_panel_of_nothing_is_an_error() -> None:
    with pytest.raises(UsageError, match="at least one"):
        Panel(())
