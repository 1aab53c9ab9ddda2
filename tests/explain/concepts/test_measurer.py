"""Measurers of any kind: what is checked before a number is believed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.concepts.measurer import Measurer, labels, masks, scores

X = torch.zeros(3, 1, 4, 4)


def giving(told: Tensor, kind: str = "score", concepts: tuple[str, ...] = ("a", "b")) -> Measurer:
    return Measurer("mine", concepts, kind, lambda _: told)  # type: ignore[arg-type]


def test_the_score_of_a_mask_is_the_share_it_covers() -> None:
    told = torch.zeros(3, 2, 4, 4)
    told[1, 0, :2] = 1.0
    told[2, 1, 0, 0] = 0.5
    wanted = torch.tensor([[0, 0], [0.5, 0], [0, 1 / 32]], dtype=torch.float64)
    torch.testing.assert_close(scores(giving(told, "mask"), X), wanted)


@pytest.mark.parametrize(
    ("told", "kind", "message"),
    [
        (torch.zeros(3), "score", r"gave shape \(3,\) for 3 pictures\nwanted is a tensor \(n, 2\)"),
        (torch.zeros(2, 2), "score", r"gave shape \(2, 2\)"),
        (torch.full((3, 2), float("nan")), "score", "NaN"),
        (torch.full((3, 2), float("inf")), "score", "infinite"),
        (torch.zeros(3, 2, 8, 8), "mask", r"are \(8, 8\), the pictures \(4, 4\)"),
        (torch.full((3, 2, 4, 4), 7.0), "mask", r"lie in \[7, 7\]\nlet it give masks from 0 to 1"),
        ([0.0], "score", "gave a list"),
    ],
)
def test_what_is_no_measure_is_refused(told: Tensor, kind: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        scores(giving(told, kind), X)


def test_masks_are_not_asked_of_scores() -> None:
    with pytest.raises(UsageError, match="which gives scores"):
        masks(giving(torch.zeros(3, 2)), X)


def test_a_measurer_needs_a_kind_and_names() -> None:
    with pytest.raises(UsageError, match="kind 'masks'"):
        giving(X, "masks")
    for concepts in ((), ("a", "a")):
        with pytest.raises(UsageError, match="name each once"):
            giving(X, concepts=concepts)


def test_labels_stand_in_the_order_of_the_scores() -> None:
    edges = Measurer("edges", ("edges",), "mask", lambda x: x)
    assert labels([edges, giving(X)]) == ("edges", "mine: a", "mine: b")


def test_the_twin_is_a_measurer_of_the_same_concepts() -> None:
    both = Measurer("two", ("a",), "score", lambda x: x[:, :, 0, 0], twin=lambda x: x[:, :, 0, 0] + 1)
    other = both.other()
    assert other is not None
    assert other.other() is None
    assert other.concepts == both.concepts
    torch.testing.assert_close(scores(other, X), scores(both, X) + 1)


def test_gradients_are_not_kept() -> None:
    weight = torch.ones(1, requires_grad=True)
    measurer = Measurer("w", ("w",), "score", lambda x: x[:, :, 0, 0] * weight)
    assert not scores(measurer, X).requires_grad
