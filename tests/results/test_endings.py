"""The last operation of a network, found behind changes of shape; where there is no graph, nothing is claimed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.results.endings import last_operation, refuse_undeclared_probability
from ganatomy.results.formats import Score

X = torch.linspace(-1, 1, 8).reshape(4, 2).requires_grad_()
ENDS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "tanh": (torch.tanh, "Tanh"),
    "reshaped": (lambda x: torch.sigmoid(x)[:, :1].squeeze(1).double(), "Sigmoid"),
    "bounded": (lambda x: torch.sigmoid(x).clamp(1e-6, 1 - 1e-6).unsqueeze(1).transpose(0, 1), "Sigmoid"),
    "patches": (lambda x: torch.sigmoid(x).mean(1), "Sigmoid"),
    "rescaled": (lambda x: torch.sigmoid(x) * 2 - 1, "Sub"),
    "inside": (lambda x: torch.relu(torch.sigmoid(x)), "Relu"),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_last_operation_is_named(end: str) -> None:
    function, name = ENDS[end]
    assert last_operation(function(X)) == name
    assert last_operation(function(X.detach())) is None


def test_a_probability_must_be_declared() -> None:
    for end in (torch.sigmoid, torch.nn.functional.hardsigmoid, lambda x: torch.softmax(x, 1)[:, 0]):
        refuse_undeclared_probability(end(X), Score("probability"))
        with pytest.raises(UsageError, match=r"was declared an unbounded score\n.*or declare Score\('probability'\)"):
            refuse_undeclared_probability(end(X), Score("unbounded"))
    refuse_undeclared_probability(torch.tanh(X), Score("logit"))
