"""How a network ends, read from the graph of its output: the last operation that changes values.

    last_operation(torch.sigmoid(x).squeeze(1))            # "Sigmoid"; None where autograd recorded nothing
    refuse_undeclared_probability(critic(x), Score("logit"))

A sigmoid is found whether it is a module or written in `forward`.
"""

from __future__ import annotations

from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.results.formats import Score

_PROBABILITIES = {"Sigmoid", "Softmax", "Hardsigmoid"}
_SHAPE_ONLY = (
    *("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Transpose", "Permute", "T"),
    *("Select", "Slice", "ToCopy", "Mean", "Clone", "Clamp"),
)


def last_operation(output: Tensor) -> str | None:
    """Autograd's name of it, without its number; changes of shape or type, bounds and means are passed over."""
    node = output.grad_fn
    while node is not None and node.name().partition("Backward")[0] in _SHAPE_ONLY and node.next_functions:
        node = node.next_functions[0][0]
    return None if node is None else node.name().partition("Backward")[0]


def refuse_undeclared_probability(raw: Tensor, declared: Score) -> None:
    """An error where a critic's output comes out of a sigmoid or softmax and is declared something else."""
    if declared.kind != "probability" and last_operation(raw) in _PROBABILITIES:
        article = "an" if declared.kind == "unbounded" else "a"
        raise UsageError(
            f"the critic ends in a probability but was declared {article} {declared.kind} score",
            "take its last sigmoid or softmax away, or declare Score('probability')",
        )
