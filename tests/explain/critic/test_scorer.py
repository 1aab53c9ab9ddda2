"""The score as a function: its side, its unit, its mode; and batches of real and generated pictures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ganatomy.data.catalogue import load_splits
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.lots import fakes, reals, scored
from ganatomy.explain.critic.scorer import Scorer, coupled, critic_of, saturated
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN, LOGIT
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score
from ganatomy.tracing.edit import edit

DIGIT = Format.picture(1, 8)


class Brightness(nn.Module):
    def __init__(self, end: nn.Module | None = None) -> None:
        super().__init__()
        self.end = end or nn.Identity()
        self.weight = nn.Parameter(torch.tensor(3.0))

    def forward(self, x: Tensor) -> Tensor:
        ended: Tensor = self.end(self.weight * x.mean((1, 2, 3)))
        return ended


class Deviation(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((1, 2, 3)) + x.std(0, correction=0).mean()


def gan_with(critic: nn.Module | None, score: Score = LOGIT, classes: int = 0) -> GAN:
    latent = Normal(4, classes) if classes else Normal(4)
    networks = DCGAN(DIGIT, latent, width=4, critic_width=4, dropout=0.5)
    return GAN(networks.generator(0), latent, DIGIT, critic or networks.critic(0), score)


@pytest.mark.parametrize(
    ("score", "end", "sign"),
    [
        (Score("logit", "real"), None, 1.0),
        (Score("logit", "fake"), None, -1.0),
        (Score("unbounded", "fake"), None, -1.0),
        (Score("probability", "real"), nn.Sigmoid(), 1.0),
        (Score("probability", "fake"), nn.Sigmoid(), -1.0),
    ],
)
def test_larger_is_more_real_and_a_probability_becomes_its_logit(
    score: Score, end: nn.Module | None, sign: float
) -> None:
    gan = gan_with(Brightness(end), score)
    x = gan.sample(0, range(5))
    assert torch.allclose(Scorer(gan)(x), sign * 3 * x.mean((1, 2, 3)), atol=1e-4)


def test_dropout_is_off_gradients_flow_and_nothing_is_left_behind() -> None:
    gan = gan_with(None)
    critic = critic_of(gan).train()
    x = gan.sample(0, range(3)).requires_grad_()
    score = Scorer(gan)
    assert torch.equal(score(x), score(x))
    (slope,) = torch.autograd.grad(score(x).sum(), x)
    assert slope.shape == x.shape
    assert float(slope.abs().max()) > 0
    assert all(module.training for module in critic.modules())
    assert all(weight.grad is None for weight in critic.parameters())


def test_a_critic_that_looks_at_the_batch_is_known() -> None:
    assert coupled(gan_with(None), gan_with(None).sample(0, range(6))) < 1e-3
    both = gan_with(Deviation())
    assert coupled(both, both.sample(0, range(6))) > 0.1


def test_what_cannot_be_scored_is_said() -> None:
    gan = gan_with(None)
    train, _ = load_splits("digits")
    with pytest.raises(UsageError, match="without one"):
        Scorer(GAN(gan.generator, gan.latent, DIGIT))
    with pytest.raises(UsageError, match="it has"):
        next(reals(gan, train, 5, start=10**6))

    class Broken(Brightness):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) if len(x) < 20 else super().forward(x) * float("nan")

    with pytest.raises(InputError, match="NaN"):
        scored(Scorer(gan_with(Broken())), fakes(gan, 40, seed=0))


class Sure(nn.Module):
    """The mean, times 3, plus an offset that a sigmoid rounds to 0 or 1."""

    def __init__(self, offset: float, end: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.offset, self.end = offset, end

    def forward(self, x: Tensor) -> Tensor:
        gated = torch.sigmoid(x).mul(0).add(x)  # a sigmoid within is not the last one
        return self.end(3 * gated.mean((1, 2, 3)) + self.offset)[:, None]


def noise(n: int) -> Tensor:
    return 2 * Stream(0, "noise").uniform(range(n), 1, 8, 8) - 1


ENDS = [nn.Sigmoid(), torch.sigmoid, torch.special.expit, nn.functional.sigmoid, Tensor.sigmoid]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("offset", "high", "sign"), [(40.0, "real", 1), (-90.0, "real", 1), (40.0, "fake", -1)])
def test_what_enters_a_sigmoid_that_is_sure_is_the_score(end, offset: float, high, sign: int) -> None:  # type: ignore[no-untyped-def]
    gan = gan_with(Sure(offset, end), Score("probability", high))
    x = noise(5).requires_grad_()
    score = Scorer(gan)(x)
    assert torch.allclose(score, sign * (3 * x.mean((1, 2, 3)) + offset), atol=1e-4)
    assert float(score.detach().std()) > 0.01
    (slope,) = torch.autograd.grad(score.sum(), x)
    assert torch.allclose(slope, torch.full_like(slope, sign * 3 / 64), atol=1e-5)
    assert saturated(gan, score) == 0


@pytest.mark.parametrize(
    "end",
    [
        lambda s: (torch.sigmoid(s) / 2 + 0.25).clamp(0, 1),  # changed since
        lambda s: torch.sigmoid(s).mul_(0.5),  # in place
        lambda s: torch.tanh(torch.sigmoid(s)),
    ],
)
def test_what_is_made_of_a_sigmoid_is_not_taken_for_it(end) -> None:  # type: ignore[no-untyped-def]
    gan = gan_with(Sure(0.5, end), Score("probability"))
    x = noise(5)
    wanted = torch.logit(end(3 * x.mean((1, 2, 3)) + 0.5))
    assert torch.allclose(Scorer(gan)(x), wanted, atol=1e-5)


def test_an_edit_of_the_probability_is_heeded() -> None:
    gan = gan_with(Sure(1.0, nn.Sigmoid()), Score("probability"))
    scorer, x = Scorer(gan), noise(5)
    with torch.no_grad(), edit(scorer.critic, {"end": lambda p: p / 2}):
        assert torch.allclose(scorer(x), torch.logit(torch.sigmoid(3 * x.mean((1, 2, 3)) + 1) / 2), atol=1e-5)


def test_scores_that_a_probability_cuts_are_counted() -> None:
    gan = gan_with(Sure(40.0, lambda s: torch.sigmoid(s).clone()), Score("probability"))
    scores = scored(Scorer(gan), fakes(gan, 20, seed=0))
    assert saturated(gan, scores) == 20
    assert saturated(gan_with(None), scores) == 0
