"""The score as a function: its side, its unit, its mode; and batches of real and generated pictures."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganatomy.data.catalogue import load_splits
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.lots import fakes, reals, scored, together
from ganatomy.explain.critic.scorer import Scorer, coupled, critic_of
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN, LOGIT
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format, Score

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


def test_lots_are_the_samples_and_the_data_in_order() -> None:
    gan = gan_with(None)
    train, _ = load_splits("digits")
    assert torch.allclose(together(fakes(gan, 100, seed=3)).pictures, gan.sample(3, range(100)), atol=1e-6)
    lot = together(reals(gan, train, 70, start=5))
    assert torch.equal(lot.pictures, train.read(range(5, 75)))
    assert lot.labels is None
    scores = scored(Scorer(gan), fakes(gan, 100, seed=3))
    assert torch.allclose(scores, gan.realness(gan.sample(3, range(100))).double().cpu(), atol=1e-5)
    assert len(together(reals(gan, train, 10**6))) == train.size


def test_a_conditional_critic_gets_the_labels_of_the_data() -> None:
    gan = gan_with(None, classes=10)
    train, _ = load_splits("digits")
    lot = together(reals(gan, train, 70))
    labels = train.labels(range(70))
    assert lot.labels is not None
    assert labels is not None
    assert torch.equal(lot.labels, labels)
    with pytest.raises(UsageError, match="conditional on 3 classes"):
        next(reals(gan_with(None, classes=3), train, 5))


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
