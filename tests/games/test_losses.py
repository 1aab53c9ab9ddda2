"""Each loss against its formula written out slowly, its optimum, its invariances and its extremes."""

from __future__ import annotations

import math
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.games.losses import LOSSES, Loss, least_squares, smoothed
from ganatomy.numerics.random import Stream


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def log_sigmoid(x: float) -> float:
    return -math.log1p(math.exp(-x)) if x > 0 else x - math.log1p(math.exp(x))


def pairs(real: list[float], fake: list[float], sign: int) -> float:
    return mean([-log_sigmoid(sign * (r - f)) for r, f in zip(real, fake, strict=True)])


def logistic(real: list[float], fake: list[float]) -> float:
    return -mean([log_sigmoid(r) for r in real]) - mean([log_sigmoid(-f) for f in fake])


SLOW = {
    "minimax": (logistic, lambda r, f: mean([math.log(1 - 1 / (1 + math.exp(-x))) for x in f])),
    "non-saturating": (logistic, lambda r, f: -mean([math.log(1 / (1 + math.exp(-x))) for x in f])),
    "least-squares": (
        lambda r, f: 0.5 * mean([(x - 1) ** 2 for x in r]) + 0.5 * mean([(x + 1) ** 2 for x in f]),
        lambda r, f: 0.5 * mean([(x - 1) ** 2 for x in f]),
    ),
    "hinge": (
        lambda r, f: mean([max(0, 1 - x) for x in r]) + mean([max(0, 1 + x) for x in f]),
        lambda r, f: -mean(f),
    ),
    "wasserstein": (lambda r, f: mean(f) - mean(r), lambda r, f: -mean(f)),
    "relativistic": (lambda r, f: pairs(r, f, 1), lambda r, f: pairs(r, f, -1)),
}
EQUILIBRIA = {
    "minimax": (2 * math.log(2), -math.log(2)),
    "non-saturating": (2 * math.log(2), math.log(2)),
    "least-squares": (1.0, 0.5),
    "hinge": (2.0, 0.0),
    "wasserstein": (0.0, 0.0),
    "relativistic": (math.log(2), math.log(2)),
}
ALL = pytest.mark.parametrize("loss", LOSSES.values(), ids=list(LOSSES))
scores = st.lists(st.floats(-15, 15), min_size=4, max_size=4)


def tensor(values: list[float], **how: bool) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, **how)


@ALL
@settings(deadline=None, derandomize=True, max_examples=30)
@given(real=scores, fake=scores)
def test_value_is_the_formula_written_out(loss: Loss, real: list[float], fake: list[float]) -> None:
    critic, generator = SLOW[loss.name]
    assert float(loss.critic(tensor(real), tensor(fake))) == pytest.approx(critic(real, fake), rel=1e-9, abs=1e-12)
    assert float(loss.generator(tensor(fake), tensor(real))) == pytest.approx(generator(real, fake), rel=1e-9, abs=1e-9)


@ALL
def test_first_and_second_derivatives(loss: Loss) -> None:
    real, fake = tensor([0.3, -1.2, 2.1], requires_grad=True), tensor([-0.4, 0.8, 1.7], requires_grad=True)
    with Stream(0, "gradcheck").module_rng(0):
        for formula in (loss.critic, loss.generator):
            assert torch.autograd.gradcheck(formula, (real, fake))
            assert torch.autograd.gradgradcheck(formula, (real, fake))


@ALL
def test_directions(loss: Loss) -> None:
    """The critic's loss falls when reals rise and when fakes fall; the generator's falls when fakes rise."""
    real, fake = tensor([0.3, -0.6], requires_grad=True), tensor([-0.4, 0.8], requires_grad=True)
    to_real, to_fake = torch.autograd.grad(loss.critic(real, fake), (real, fake))
    (lift,) = torch.autograd.grad(loss.generator(fake, real), fake)
    assert (to_real < 0).all()
    assert (to_fake > 0).all()
    assert (lift < 0).all()


@ALL
def test_equilibrium_is_the_published_constant_and_a_stationary_point(loss: Loss) -> None:
    assert loss.equilibrium == pytest.approx(EQUILIBRIA[loss.name], abs=1e-15)
    level = tensor([loss.undecided], requires_grad=True)
    (slope,) = torch.autograd.grad(loss.critic(level, level), level)
    assert slope.item() == pytest.approx(0.0, abs=1e-15)


@ALL
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_extremes_stay_finite(loss: Loss, size: float, dtype: torch.dtype) -> None:
    real = torch.tensor([size, -size], dtype=dtype, requires_grad=True)
    fake = torch.tensor([-size, -size], dtype=dtype, requires_grad=True)
    for value in (loss.critic(real, fake), loss.generator(fake, real)):
        found = torch.autograd.grad(value, (real, fake), allow_unused=True)
        assert torch.isfinite(value)
        assert all(torch.isfinite(gradient).all() for gradient in found if gradient is not None)


def test_logistic_losses_are_exact_far_out_in_float64() -> None:
    """torch's own softplus turns linear above 20 and is 2e-9 off there."""
    fake = tensor([-20.5], requires_grad=True)
    value = LOSSES["non-saturating"].generator(fake)
    (slope,) = torch.autograd.grad(value, fake)
    assert value.item() == pytest.approx(20.5 + math.log1p(math.exp(-20.5)), abs=1e-13, rel=0)
    assert slope.item() == pytest.approx(-1 / (1 + math.exp(-20.5)), abs=1e-13, rel=0)


def test_only_minimax_stops_teaching_where_the_critic_is_sure() -> None:
    def lift(name: str) -> float:
        fake = tensor([-1e4], requires_grad=True)
        (slope,) = torch.autograd.grad(LOSSES[name].generator(fake, tensor([1e4])), fake)
        return float(slope)

    assert lift("minimax") == 0.0
    assert lift("non-saturating") == -1.0
    assert lift("relativistic") == -1.0


@ALL
def test_shapes_with_one_number_per_sample_agree(loss: Loss) -> None:
    real, fake = tensor([0.3, -1.2, 2.1]), tensor([-0.4, 0.8, 1.7])
    wanted = (loss.critic(real, fake), loss.generator(fake, real))
    for shape in ((3, 1), (3, 1, 1, 1)):
        assert (loss.critic(real.view(shape), fake), loss.generator(fake.view(shape), real)) == wanted


@ALL
@pytest.mark.parametrize("shape", [(3, 2), (), (0,), (1, 3)])
def test_other_shapes_are_refused(loss: Loss, shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="one number per sample"):
        loss.critic(torch.zeros(shape), torch.zeros(3))
    with pytest.raises(UsageError, match="one number per sample"):
        loss.generator(torch.zeros(shape), torch.zeros(3))


@ALL
def test_half_precision_is_raised(loss: Loss) -> None:
    real, fake = torch.randn(64, generator=torch.Generator().manual_seed(0)).bfloat16(), torch.linspace(-3, 3, 64)
    value = loss.critic(real, fake.bfloat16())
    assert value.dtype == torch.float32
    assert value == loss.critic(real.float(), fake.bfloat16().float())


@ALL
def test_nan_is_passed_on_not_hidden(loss: Loss) -> None:
    assert loss.critic(tensor([math.nan]), tensor([0.0])).isnan()
    assert loss.generator(tensor([math.nan]), tensor([0.0])).isnan()


@ALL
@settings(deadline=None, derandomize=True, max_examples=20)
@given(real=scores, fake=scores, order=st.permutations(range(4)))
def test_order_and_splitting_of_the_batch_do_not_matter(
    loss: Loss, real: list[float], fake: list[float], order: list[int]
) -> None:
    r, f = tensor(real), tensor(fake)
    whole = loss.critic(r, f), loss.generator(f, r)
    shuffled = loss.critic(r[order], f[order]), loss.generator(f[order], r[order])
    halves = [(loss.critic(r[part], f[part]), loss.generator(f[part], r[part])) for part in (slice(0, 2), slice(2, 4))]
    for place in range(2):
        assert shuffled[place].item() == pytest.approx(whole[place].item(), rel=1e-12, abs=1e-12)
        split = (halves[0][place] + halves[1][place]).item() / 2
        assert split == pytest.approx(whole[place].item(), rel=1e-12, abs=1e-12)


def test_pairing_needs_pairs() -> None:
    with pytest.raises(UsageError, match="3 real and 2 fake"):
        LOSSES["relativistic"].critic(torch.zeros(3), torch.zeros(2))
    with pytest.raises(UsageError, match="real batch too"):
        LOSSES["relativistic"].generator(torch.zeros(3))
    assert LOSSES["hinge"].critic(torch.zeros(3), torch.zeros(2)) == 2.0


@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_smoothing_moves_the_real_target_only(name: str) -> None:
    e, real, fake = 0.1, [0.5, -2.0], [1.5, 0.2]
    loss = smoothed(LOSSES[name], e)
    slow = -mean([(1 - e) * log_sigmoid(x) + e * log_sigmoid(-x) for x in real]) - mean([log_sigmoid(-x) for x in fake])
    assert float(loss.critic(tensor(real), tensor(fake))) == pytest.approx(slow, rel=1e-13)
    assert loss.generator(tensor(fake)) == LOSSES[name].generator(tensor(fake))
    level = tensor([loss.undecided], requires_grad=True)
    (slope,) = torch.autograd.grad(loss.critic(level, level), level)
    assert slope.item() == pytest.approx(0.0, abs=1e-15)
    assert torch.sigmoid(level).item() == pytest.approx((1 - e) / 2)
    entropy = -(1 - e) * math.log((1 - e) / 2) - (1 + e) * math.log((1 + e) / 2)
    assert loss.equilibrium[0] == pytest.approx(entropy)


@pytest.mark.parametrize(("low", "high", "aim"), [(0.0, 1.0, 1.0), (-1.0, 1.0, 0.0), (-1.0, 1.0, 1.0)])
def test_least_squares_with_other_labels(low: float, high: float, aim: float) -> None:
    real, fake = [0.5, -2.0], [1.5, 0.2]
    loss = least_squares(low, high, aim=aim)
    critic = 0.5 * mean([(x - high) ** 2 for x in real]) + 0.5 * mean([(x - low) ** 2 for x in fake])
    assert loss.critic(tensor(real), tensor(fake)).item() == pytest.approx(critic)
    assert loss.generator(tensor(fake)).item() == pytest.approx(0.5 * mean([(x - aim) ** 2 for x in fake]))
    assert loss.equilibrium == pytest.approx(((high - low) ** 2 / 4, ((low + high) / 2 - aim) ** 2 / 2))
    with pytest.raises(UsageError, match="low lies below high"):
        least_squares(high, low, aim=aim)


def test_smoothing_by_nothing_changes_nothing_and_nonsense_is_refused() -> None:
    plain, same = LOSSES["minimax"], smoothed(LOSSES["minimax"], 0.0)
    assert same.critic(tensor([0.4]), tensor([0.1])) == plain.critic(tensor([0.4]), tensor([0.1]))
    for name in ("hinge", "wasserstein", "relativistic", "least-squares"):
        with pytest.raises(UsageError, match=r"no label to smooth\n.*minimax, non-saturating"):
            smoothed(LOSSES[name], 0.1)
    with pytest.raises(UsageError, match="no label to smooth"):
        smoothed(smoothed(plain, 0.1), 0.1)
    for nonsense in (1.0, -0.1, math.nan):
        with pytest.raises(UsageError, match=r"in \[0, 1\)"):
            smoothed(plain, nonsense)


@ALL
def test_a_loss_explains_itself_and_travels(loss: Loss) -> None:
    assert LOSSES[loss.name] is loss
    assert loss.sentence.endswith(".")
    assert loss.score.high == "real"
    assert pickle.loads(pickle.dumps(loss)) == loss
