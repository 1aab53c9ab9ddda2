"""A critic's output is read the right way round, or refused."""

from __future__ import annotations

import pytest
import torch
from oracles_games import built
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.games.scores import read_scores
from ganatomy.results.formats import Score

LOGIT, UNBOUNDED = Score("logit"), Score("unbounded")
ENDS = {
    "module": lambda x: nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())(x),
    "function": lambda x: torch.sigmoid(nn.Linear(2, 1)(x)),
    "squeezed": lambda x: torch.sigmoid(nn.Linear(2, 1)(x)).squeeze(1),
    "reshaped": lambda x: torch.sigmoid(nn.Linear(2, 1)(x)).reshape(-1),
    "cast": lambda x: torch.sigmoid(nn.Linear(2, 1)(x)).double().flatten(),
    "two classes": lambda x: torch.softmax(nn.Linear(2, 2)(x), dim=1)[:, 1],
    "patches": lambda x: torch.sigmoid(nn.Linear(2, 5)(x)).mean(dim=1),
}


@pytest.mark.parametrize("wanted", [LOGIT, UNBOUNDED])
@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
def test_an_undeclared_probability_is_found_out(end: object, wanted: Score) -> None:
    raw = built(lambda: end(torch.ones(4, 2)))  # type: ignore[operator]
    for declared in (LOGIT, UNBOUNDED):
        with pytest.raises(UsageError, match=r"ends in a probability.*\n.*Score\('probability'\)"):
            read_scores(raw, declared=declared, wanted=wanted)


def test_a_sigmoid_inside_is_no_probability_at_the_end() -> None:
    inner = built(lambda: nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1)))
    raw = inner(torch.ones(4, 2, dtype=torch.float64))
    assert torch.equal(read_scores(raw, declared=LOGIT, wanted=LOGIT), raw[:, 0])


def test_a_declared_probability_becomes_a_logit_with_its_gradient() -> None:
    logits = torch.tensor([-3.0, 0.0, 2.0], dtype=torch.float64, requires_grad=True)
    found = read_scores(torch.sigmoid(logits), declared=Score("probability"), wanted=LOGIT)
    (slope,) = torch.autograd.grad(found.sum(), logits)
    assert torch.allclose(found, logits)
    assert torch.allclose(slope, torch.ones(3, dtype=torch.float64))
    turned = read_scores(torch.sigmoid(logits), declared=Score("probability", high="fake"), wanted=LOGIT)
    assert torch.allclose(turned, -logits)


def test_a_sure_probability_stays_finite() -> None:
    assert read_scores(torch.tensor([0.0, 1.0]), declared=Score("probability"), wanted=LOGIT).isfinite().all()


def test_a_probability_is_refused_where_scores_are_unbounded() -> None:
    with pytest.raises(UsageError, match="needs a score without bounds"):
        read_scores(torch.tensor([0.2]), declared=Score("probability"), wanted=UNBOUNDED)


def test_numbers_that_are_no_probabilities_are_refused() -> None:
    with pytest.raises(UsageError, match="declared probabilities"):
        read_scores(torch.tensor([0.2, 1.7]), declared=Score("probability"), wanted=LOGIT)


@pytest.mark.parametrize("declared", [LOGIT, UNBOUNDED])
@pytest.mark.parametrize("wanted", [LOGIT, UNBOUNDED])
def test_real_numbers_are_only_turned(declared: Score, wanted: Score) -> None:
    raw = torch.tensor([[1.5], [-2.0]])
    assert torch.equal(read_scores(raw, declared=declared, wanted=wanted), raw[:, 0])
    against = Score(declared.kind, high="fake")
    assert torch.equal(read_scores(raw, declared=against, wanted=wanted), -raw[:, 0])


@pytest.mark.parametrize(
    ("given", "wanted"),
    [(torch.bfloat16, torch.float32), (torch.float16, torch.float32), (torch.float64, torch.float64)],
)
def test_precision(given: torch.dtype, wanted: torch.dtype) -> None:
    raw: Tensor = torch.ones(2, dtype=given)
    assert read_scores(raw, declared=LOGIT, wanted=LOGIT).dtype == wanted
