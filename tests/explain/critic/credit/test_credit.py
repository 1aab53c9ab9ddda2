"""Credit is the effect of ablation where the networks are linear; a unit that paints what the critic hates is found."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from shared_marked import FORMAT, LATENT, SIDE, Noisy, gan_of, linear, sees, weighed
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.credit.ablated import ablated, ablated_sets
from ganatomy.explain.critic.credit.credit import CreditPlan, _credits, credit, habits_of
from ganatomy.explain.critic.credit.credited import _rises, agreement, correlation, punished
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.sites import named_sites
from ganatomy.explain.passes import draws
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.effects import judged
from ganatomy.numerics.statistics.interval import Mean
from ganatomy.results.formats import Score

PLAN = CreditPlan(n=96, checked=3)


class Straight(nn.Module):
    """A linear critic of all pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.head = linear(Stream(0, "straight").normal(range(1), SIDE * SIDE), torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        scored: Tensor = self.head(x.flatten(1))
        return scored


class Painter(Noisy):
    """The last unit paints the mark, in about half of the samples; the others paint noise."""

    def __init__(self, units: int = 9) -> None:
        super().__init__(units)
        with torch.no_grad():
            self.paint.weight[:, -1] = 0.8 * sees(1.0).sign()
            self.mix.weight[-1] = torch.tensor([1.0] + [0.0] * (LATENT - 1))
            self.mix.bias[-1] = 0.0


class Hater(nn.Module):
    """Dislikes a bright corner, more than in proportion."""

    def forward(self, x: Tensor) -> Tensor:
        corner = x[:, :, :2, :2].mean((1, 2, 3)) + 0.4
        return (0.3 * x.mean((1, 2, 3)) - 3 * corner.clamp(min=0).square() - corner)[:, None]


def painted() -> GAN:
    class Wide(Painter):
        def forward(self, z: Tensor) -> Tensor:
            return super().forward(z).clamp(-1, 1)

    return GAN(Wide(), Normal(LATENT), FORMAT, Hater(), Score("unbounded", "real"))


def test_in_a_linear_network_credit_is_the_effect_of_ablation_in_every_sample() -> None:
    gan = gan_of(Straight())
    places = named_sites(gan, next(draws(gan, 2, seed=0)), ["act"])
    (habit,), spread = habits_of(gan, places, PLAN)
    rows = torch.cat(list(ablated(gan, places[0].site, habit.mean, range(5), seed=0, indices=range(96))))
    forecast = torch.cat([_credits(gan, Scorer(gan), places, [habit], draw)[0] for draw in draws(gan, 96, seed=0)])
    assert torch.allclose(rows, -forecast[:, :, :2], atol=1e-5)
    assert float(rows.abs().max()) > 0.01
    slope = Straight().head.weight.detach()[0] @ gan.generator.paint.weight.detach()  # type: ignore[union-attr, operator]
    assert torch.allclose(forecast[:, :, 2], (slope * habit.sd).double().expand(96, 5), atol=1e-5)
    told = credit(gan, plan=PLAN)
    assert np.allclose(told.arrays["credit"], forecast[:, :, :2].mean(0) / spread, atol=1e-5)
    assert np.allclose(told.arrays["credit"][:, 0], 0, atol=1e-6), "against the mean nothing is left on average"
    assert np.allclose(told.arrays["follows"], 1, atol=1e-4)
    assert np.allclose(told.arrays["push"], (slope * habit.sd) / spread, atol=1e-5)


def test_a_unit_that_paints_what_the_critic_hates_is_punished_most_and_ablation_confirms() -> None:
    gan = painted()
    told = credit(gan, plan=PLAN, sites=["act"])
    for at in range(2):
        assert told.arrays["credit"][:, at].argmin() == 8
        assert told.arrays["credit_verdict"][8, at] == 1
    assert told.arrays["change"][8, 1] > 0.3
    assert told.arrays["change_verdict"][8, 1] == 1
    assert "act:8" in told.note
    found = punished(gan, told, many=1, plan=PLAN)
    assert (found.verdict, found.arrays["units"].tolist()) == ("present", [8])
    assert found.effect > 3 * abs(found.negative_control.value)
    assert found.effect == pytest.approx(found.positive_control.value, rel=0.5)
    forecast = agreement(told)
    assert forecast.effect > 0.9
    assert forecast.verdict == "present"


def test_sets_are_ablated_as_plain_edits_would() -> None:
    gan = painted()
    (place,) = named_sites(gan, next(draws(gan, 2, seed=0)), ["act"])
    (habit,), _ = habits_of(gan, [place], PLAN)
    both = torch.cat(
        list(ablated_sets(gan, place.site, habit.mean, [(8,), (0, 8)], seed=0, indices=range(10), zero=True))
    )
    alone = torch.cat(list(ablated(gan, place.site, habit.mean, [8], seed=0, indices=range(10))))
    assert torch.allclose(both[:, 0], alone[:, 0, 1], atol=1e-6)
    z = gan.latent.sample(0, range(10))
    generator = gan.generator
    with torch.no_grad():
        units = generator.act(generator.mix(z))  # type: ignore[operator]
        units[:, [0, 8]] = 0
        changed = generator.paint(units).reshape(10, 1, SIDE, SIDE).clamp(-1, 1)  # type: ignore[operator]
        wanted = gan.realness(changed) - gan.realness(gan.sample(0, range(10)))
    assert torch.allclose(both[:, 1], wanted.double(), atol=1e-5)


@pytest.mark.parametrize(
    ("value", "verdict"), [(1.0, "present"), (-1.0, "absent"), (0.0, "absent"), (0.15, "undetermined")]
)
def test_a_rise_is_present_only_upwards(value: float, verdict: str) -> None:
    found, p = _rises(judged(Mean(value, 0.04, 50, 51), smallest=0.1))
    assert found == verdict
    assert (p <= 0.05) == (verdict != "undetermined")
    assert _rises(judged(Mean(1.0, math.inf, 0, 1), smallest=0.1))[0] == "undetermined"
    assert _rises(judged(Mean(1.0, 0.0, 50, 51), smallest=0.1))[0] == "present"


def test_the_interval_of_a_correlation_is_fishers() -> None:
    x = np.linspace(0, 1, 20)
    y = x + 0.3 * np.sin(37 * x)
    r, bounds = correlation(x, y, level=0.95)
    from scipy.stats import pearsonr

    wanted = pearsonr(x, y)
    assert r == pytest.approx(wanted.statistic)
    assert (bounds.low, bounds.high) == pytest.approx(tuple(wanted.confidence_interval(0.95)))
    assert correlation(np.ones(9), y[:9], level=0.95)[1].low == -1


def test_the_networks_are_left_as_they_were_also_after_a_failure() -> None:
    gan = gan_of(Straight(), Noisy().train())
    weights = [*gan.generator.parameters(), *gan.critic.parameters()]  # type: ignore[union-attr]
    weights[0].requires_grad_(False)
    flags = [weight.requires_grad for weight in weights]
    one, two = credit(gan, plan=PLAN), credit(gan, plan=PLAN)
    assert all(
        np.array_equal(one.arrays[name], two.arrays[name], equal_nan=one.arrays[name].dtype.kind == "f")
        for name in one.arrays
    )

    class Failing(Straight):
        def forward(self, x: Tensor) -> Tensor:
            if x.requires_grad:
                raise RuntimeError("no gradient here")
            return super().forward(x)

    failing = gan_of(Failing(), gan.generator)
    with pytest.raises(RuntimeError, match="no gradient here"):
        credit(failing, plan=PLAN)
    assert [weight.requires_grad for weight in weights] == flags
    assert all(weight.grad is None for weight in weights)
    assert all(module.training and not module._forward_hooks for module in gan.generator.modules())


def test_dropout_is_off() -> None:
    class Dropping(Noisy):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.Sequential(nn.ReLU(), nn.Dropout(0.5))

    one, two = (credit(gan_of(Straight(), Dropping().train(mode)), plan=PLAN) for mode in (True, False))
    assert np.array_equal(one.arrays["credit"], two.arrays["credit"])
    assert np.array_equal(one.arrays["change"], two.arrays["change"])


def test_units_that_were_not_checked_say_so_and_random_ones_are_drawn() -> None:
    told = credit(painted(), plan=CreditPlan(n=64, checked=1), sites=["act"])
    unchecked = np.isnan(told.arrays["change"][:, 0])
    assert 0 < unchecked.sum() < 9
    assert told.arrays["random"].sum() == 2
    assert not (told.arrays["random"] & unchecked).any()
    assert told.arrays["change_verdict"][unchecked].tolist() == [[0, 0]] * int(unchecked.sum())
    with pytest.raises(UsageError, match="check 5 or more"):
        agreement(told)
    with pytest.raises(UsageError, match="legal are: mean, zero"):
        agreement(told, baseline="median")
    with pytest.raises(InputError, match="all 96 samples the same score"):
        credit(gan_of(nn.Sequential(nn.Flatten(), linear(torch.zeros(1, 36), torch.zeros(1)))), plan=PLAN)
    with pytest.raises(UsageError, match="25 samples"):
        CreditPlan(n=3)
    assert weighed(1.0).weight.item() == 1.0
