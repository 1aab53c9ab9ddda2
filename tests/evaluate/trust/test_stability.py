"""Everything the tool explains, found again in one GAN and across GANs."""

from __future__ import annotations

import pytest
import torch
from shared_tiny import tiny
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.repeated import Budget, Explained, pca_within
from ganatomy.evaluate.trust.stability import STABLE, stability, stable
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score

STREAM = Stream(0, "stability/tests")
SMALL = Budget(repeats=3, images=32, samples=100, k=2, pictures=6, draws=19)
HALVES = Measurer("halves", ("left", "right"), "score", lambda x: x[:, 0].unflatten(2, (2, 2)).mean((1, 3)))


class Hidden(nn.Module):
    """Twelve units and sixteen pixels, of a seed."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        draw = Stream(seed, "stability/hidden").normal
        with Stream(seed, "stability/first weights").module_rng(0):
            self.first, self.act, self.last = nn.Linear(4, 12), nn.ReLU(), nn.Linear(12, 16, bias=False)
        with torch.no_grad():
            for layer in (self.first, self.last):
                layer.weight.copy_(draw(range(len(layer.weight)), layer.in_features))

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(0.2 * self.last(self.act(self.first(z)))).reshape(-1, 1, 4, 4)


class Squares(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(Stream(0, "stability/critic").normal(range(1), 16)[0])

    def forward(self, x: Tensor) -> Tensor:
        return (x.flatten(1) * self.weight).square().sum(1)


def made(seed: int, critic: nn.Module | None = None) -> GAN:
    return GAN(Hidden(seed), Normal(4), Format.picture(1, 4), critic, Score("unbounded"))


def test_every_explanation_is_told_within_and_across() -> None:
    before = made(0, Squares())
    steps: list[tuple[int, int]] = []
    told = stable(
        before, [HALVES], others=[made(1, Squares()), made(2, Squares())], budget=SMALL,
        progress=lambda *each: steps.append(each),
    )  # fmt: skip
    assert list(told) == list(STABLE)
    assert steps == [(at, len(STABLE)) for at in range(1, len(STABLE) + 1)]
    for name, each in told.items():
        assert each.across, (name, each.why)
        assert bool(each.within) == (STABLE[name].within is not None), (name, each.why)
        for readings in (each.within, each.across):
            for title, reading in readings.items():
                assert reading.name == title
                assert reading.interval is not None
    assert "nothing in it is drawn" in told["closed-form directions"].why["within"]
    maps = told["attribution maps"].within["rank correlation of maps"]
    assert maps.floor is not None
    assert maps.floor < maps.value - 0.1
    assert told["principal components"].across["mean squared cosine of what directions do"].value < 0.99
    again = stable(made(0, Squares()), [HALVES], names=["unit effects"], budget=SMALL)["unit effects"]
    assert again.within == told["unit effects"].within
    assert again.why == {"across": "no GAN of another seed was given"}
    assert not any(parameter.grad is not None for parameter in before.generator.parameters())


def test_one_gan_is_found_again_in_itself_and_not_in_another() -> None:
    told = stable(made(0, Squares()), [HALVES], others=[made(0, Squares())], budget=SMALL)
    assert told["principal components"].across["mean squared cosine of what directions do"].value == pytest.approx(1)
    assert told["attribution maps"].across["rank correlation of maps"].value == pytest.approx(1)
    assert told["concept directions"].across["same concept, cosine of what directions do"].value == pytest.approx(1)
    assert told["unit effects"].across["similarity of matched units"].value == pytest.approx(1)
    assert told["attribution maps"].across["rank correlation of maps"].interval is None  # of one pair


def test_more_latents_are_more_stable() -> None:
    few, many = (
        pca_within(Explained(made(0), (HALVES,)), Budget(repeats=4, samples=n, k=2))["mean squared cosine"].value
        for n in (20, 2000)
    )
    assert few < many > 0.95


def test_what_cannot_be_told_is_said() -> None:
    told = stable(made(0), [HALVES], names=["attribution maps"], budget=SMALL)["attribution maps"]
    assert not told.within
    assert "critic" in told.why["within"]
    with pytest.raises(UsageError, match="explanation"):
        stable(made(0), [HALVES], names=["units"], budget=SMALL)
    with pytest.raises(UsageError, match="different formats"):
        stable(made(0), [HALVES], others=[tiny()], budget=SMALL)


def test_any_values_over_bootstrap_samples() -> None:
    """Means of columns: their spread over bootstrap samples of whole groups."""
    truth = torch.linspace(-2, 2, 20, dtype=torch.float64)
    groups = torch.arange(30).repeat_interleave(3)
    x = truth + STREAM.normal(range(30), 20, dtype=torch.float64)[groups]
    seen: list[tuple[int, Tensor]] = []

    def run(seed: int, rows: Tensor | None) -> Tensor:
        assert rows is not None
        seen.append((seed, rows))
        return x[rows].mean(0)

    found = stability(run, stream=STREAM, n=90, groups=groups, repeats=4)
    assert found.readings["rank correlation"].value > 0.9
    assert found.p["rank correlation"] == 1 / 200
    assert len({seed for seed, _ in seen}) == 4
    for _, rows in seen:
        counts = torch.bincount(rows, minlength=90).reshape(30, 3)
        assert torch.equal(counts, counts[:, :1].expand(-1, 3))
        assert len(rows) == 90
    assert stability(run, stream=STREAM, n=90, groups=groups, repeats=4).readings == found.readings


def test_seeds_alone() -> None:
    found = stability(lambda seed, rows: Stream(seed, "x").normal(range(1), 30)[0], stream=STREAM, repeats=5, top=3)
    assert found.p["rank correlation"] > 0.05
    assert found.readings["overlap of the largest 3"].floor == pytest.approx(0.1)
    with pytest.raises(UsageError, match="shapes"):
        stability(lambda seed, rows: torch.ones(1 + seed % 50), stream=STREAM)
    with pytest.raises(UsageError, match="2 repetitions"):
        stability(lambda seed, rows: torch.ones(3), stream=STREAM, repeats=2)
