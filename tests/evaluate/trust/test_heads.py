"""Heads against scikit-learn, where the answer is known, and where a score tells everything or nothing."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.trust.formulas import log_loss, spiegelhalter
from ganatomy.evaluate.trust.heads import AS_IT_IS, HEADS, chosen, fitted, names_for
from ganatomy.numerics.random import Stream


def shifted(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    stream = Stream(seed, "test")
    real = 1 + stream.normal(range(n), 1, dtype=torch.float64)[:, 0]
    return real - 0.5, stream.child("made").normal(range(n), 1, dtype=torch.float64)[:, 0] - 0.5


def test_platt_is_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    real, made = (300 * side + 7000 for side in shifted(2000))
    scores = torch.cat([real, made])
    theirs = LogisticRegression(C=1e12, tol=1e-10).fit(
        ((scores - 7000) / 300)[:, None].numpy(), [1] * 2000 + [0] * 2000
    )
    wanted = torch.from_numpy(theirs.decision_function(((scores - 7000) / 300)[:, None].numpy()))
    assert torch.allclose(fitted("platt", real, made)(scores), wanted, atol=2e-2)


def test_the_temperature_is_found_and_undone() -> None:
    real, made = shifted(5000)
    head = fitted("temperature", 4 * real, 4 * made)
    assert float(head(torch.tensor([4.0]))) == pytest.approx(1.0, abs=0.06)
    assert not head.falls
    assert fitted("temperature", -real, -made).falls


@pytest.mark.parametrize("name", ["platt", "isotonic"])
@pytest.mark.parametrize("bend", [lambda s: 50 * s - 400, lambda s: s.sinh() * 100])
def test_a_head_calibrates_on_other_samples_a_score_on_any_scale(name: str, bend) -> None:  # type: ignore[no-untyped-def]
    head = fitted(name, *map(bend, shifted(3000)))
    p, q = (head(bend(side))[None] for side in shifted(3000, seed=1))
    z, loss = float(spiegelhalter(p, q)), float(log_loss(p, q))
    true = float(log_loss(*(side[None] for side in shifted(3000, seed=1))))
    if name == "isotonic" or float(bend(torch.tensor(0.0))) == -400:
        assert abs(z) < 3.5
        assert loss == pytest.approx(true, abs=0.01)
    else:
        assert loss > true + 0.003  # a line cannot undo a curve


def test_isotonic_is_no_surer_than_its_end_steps_allow() -> None:
    real, made = torch.arange(10.0) + 5, torch.arange(10.0) - 20
    head = fitted("isotonic", real, made)
    assert torch.sigmoid(head(torch.tensor([-1e9, 1e9]))).tolist() == pytest.approx([1 / 12, 11 / 12])
    assert head(torch.tensor([1.0, 2.0])).diff().item() >= 0


@pytest.mark.parametrize("name", list(HEADS))
def test_a_head_gives_finite_logits_where_all_or_nothing_is_told_apart(name: str) -> None:
    apart = fitted(name, torch.arange(20.0) + 1000, torch.arange(20.0) - 1000)
    assert bool(torch.isfinite(apart(torch.tensor([-1e5, 0.0, 1e5]))).all())
    same = fitted(name, torch.zeros(20), torch.zeros(20))
    assert float(same(torch.zeros(1))) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("name", list(HEADS))
def test_one_by_one_equals_a_batch_and_nothing_is_written_to(name: str) -> None:
    real, made = shifted(100)
    before = real.clone(), made.clone()
    head = fitted(name, real, made)
    assert torch.equal(head(real), torch.cat([head(each[None]) for each in real]))
    assert torch.equal(real, before[0])
    assert torch.equal(made, before[1])
    assert torch.equal(head(real), fitted(name, real, made)(real))


def test_the_head_is_chosen_by_the_kind_of_score_and_what_is_left_out() -> None:
    real, made = shifted(2000)
    stream = Stream(0, "test")
    assert chosen(real, made, kind="logit", stream=stream).name == AS_IT_IS
    assert chosen(3 * real, 3 * made, kind="logit", stream=stream).name in ("temperature", "platt")
    assert chosen(real, made, kind="unbounded", stream=stream).name == "platt"
    assert chosen(real.exp(), made.exp(), kind="unbounded", stream=stream).name == "isotonic"
    assert names_for("unbounded") == ("platt", "isotonic")


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(InputError, match="NaN"):
        fitted("platt", torch.full((5,), math.nan), torch.zeros(5))
    with pytest.raises(UsageError, match="did you mean 'platt'"):
        fitted("plat", torch.zeros(5), torch.zeros(5))
    with pytest.raises(UsageError, match="equally many"):
        fitted("platt", torch.zeros(5), torch.zeros(6))
    with pytest.raises(InputError, match="NaN"):
        fitted("platt", *shifted(20))(torch.tensor([math.inf]))


@pytest.mark.parametrize("kind", ["logit", "unbounded"])
@pytest.mark.parametrize("name", ["temperature", "platt", "isotonic"])
def test_no_head_falls_where_higher_scores_are_less_real(name: str, kind: str) -> None:
    real, made = (-side for side in shifted(400))
    head = fitted(name, real, made)
    assert head.falls
    rising = head(torch.linspace(-5, 5, 50))
    assert bool((rising.diff() >= -1e-12).all())
    assert float(rising.abs().max()) < 0.2, "one half, or near to it"
    assert name == "isotonic" or "one half for all" in head.said
    stream = Stream(0, "test")
    found = chosen(5 * real, 5 * made, kind=kind, stream=stream)
    assert bool((found(torch.linspace(-5, 5, 50)).diff() >= -1e-12).all())
