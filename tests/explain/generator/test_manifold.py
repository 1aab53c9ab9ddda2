"""Shares of natural activations: uniform for natural ones, near one for what was never seen, units followed alone."""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.explain.generator.manifold import Manifold
from ganatomy.numerics.random import Stream


def natural(name: str, n: int) -> Tensor:
    """Six units of four places, four of which share two causes; the last is constant."""
    causes = Stream(0, name).normal(range(n), 2, 4)
    own = Stream(0, f"{name}/own").normal(range(n), 6, 4)
    units = torch.stack([causes[:, 0], causes[:, 0], causes[:, 1], causes[:, 1], own[:, 4], own[:, 5]], 1) + 0.1 * own
    units = units * torch.tensor([1, 1, 1, 1, 100.0, 1])[:, None]  # loud
    units[:, 5] = 2.0
    return units


def test_natural_activations_are_ordinary_and_strange_ones_are_not() -> None:
    manifold = Manifold.fit(natural("a", 200), natural("b", 200))
    shares = manifold.place(natural("c", 400)).before()
    assert abs(float(shares.mean()) - 0.5) < 0.08  # three standard errors
    assert abs(float((shares < 0.2).double().mean()) - 0.2) < 0.1
    assert float(manifold.place(20 * natural("c", 10)).before().min()) == 1.0


def test_a_loud_unit_does_not_hide_a_quiet_one() -> None:
    manifold = Manifold.fit(natural("a", 200), natural("b", 200))
    seen = natural("c", 100)
    place = manifold.place(seen)
    assert float(place.after(0, seen[:, 0] + 5).mean()) > 0.99
    assert float(place.after(0, -seen[:, 0]).mean()) > 0.9  # as large as ever, but not with its companion
    assert float(place.after(5, seen[:, 5] + 50).mean()) > 0.99  # constant, until now


def test_one_unit_is_followed_as_if_all_were_placed_again() -> None:
    manifold = Manifold.fit(natural("a", 200), natural("b", 200))
    seen, other = natural("c", 50), natural("d", 50)
    place = manifold.place(seen)
    assert torch.equal(place.after(3, seen[:, 3]), place.before())
    changed = seen.clone()
    changed[:, 3] = other[:, 0]
    assert torch.allclose(place.after(3, other[:, 0]), manifold.place(changed).before(), atol=1 / 200)
    assert not torch.equal(place.after(3, other[:, 0]), place.before())


def test_a_network_that_never_changes_has_a_manifold_of_one_point() -> None:
    still = torch.ones(8, 2, 1)
    manifold = Manifold.fit(still, still)
    assert torch.equal(manifold.place(still).before(), torch.full((8,), 0.5).double())
    assert torch.equal(manifold.place(still).after(0, torch.zeros(8, 1)), torch.ones(8).double())
