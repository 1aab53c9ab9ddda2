"""Probes: they see what is wrong with samples and scores, and training never notices that it was looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
import torch
from torch import Tensor, nn

from ganatomy.data.catalogue import load_splits
from ganatomy.data.order import batch_indices
from ganatomy.games.game import Game
from ganatomy.games.losses import LOSSES, smoothed
from ganatomy.games.named import GAMES, game_named
from ganatomy.games.players import Batch, Players
from ganatomy.games.presentation import Presentation
from ganatomy.models.latent import Latent, Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.training.gauge import Gauge, count_skipped
from ganatomy.training.probe import Probe

DIGITS = load_splits("digits")
LATENT = Normal(8)


@dataclass(frozen=True)
class Seen:
    """As much of a `Step` as a probe reads."""

    players: Players
    average: nn.Module
    count: int = 1
    seen: int = 64
    critic: dict[str, Tensor] = field(default_factory=dict)
    generator: dict[str, Tensor] = field(default_factory=dict)
    scores: dict[str, Tensor] = field(default_factory=dict)
    norms: dict[str, Tensor] = field(default_factory=dict)
    gradients: dict[str, dict[str, Tensor]] = field(default_factory=dict)


def players(game: Game, latent: Latent = LATENT, **options: object) -> Players:
    config = MLP(DIGITS[0].format, latent, hidden=(16,), critic_hidden=(16,), norm="batch", dropout=0.3)
    judge = replace(config, format=game.critic_format(DIGITS[0].format))
    return Players(config.generator(0), judge.critic(0), labelled_critic=latent.classes > 0)


def trained(rounds: int, look: Callable[[Seen], object] | None = None) -> list[Tensor]:
    """A few plain rounds of play, with something that looks at each; the weights and buffers at the end."""
    game = game_named("ns-r1")
    both = players(game)
    assert isinstance(both.generator, nn.Module)
    assert isinstance(both.critic, nn.Module)
    steps = {net: torch.optim.Adam(net.parameters(), 1e-3) for net in (both.generator, both.critic)}
    for turn in range(rounds):
        places = range(16 * turn, 16 * (turn + 1))
        real = DIGITS[0].read(batch_indices(Stream(0, "order"), turn, batch=16, size=DIGITS[0].size))
        batch = Batch(real, LATENT.draw(Stream(0, "z"), places), Stream(0, "play"), places, step=turn)
        with Stream(0, "inside").module_rng(turn):
            for net, terms in ((both.critic, game.critic_terms), (both.generator, game.generator_terms)):
                weights = list(net.parameters())
                for weight, slope in zip(weights, torch.autograd.grad(terms(both, batch).total, weights), strict=True):
                    weight.grad = slope
                steps[net].step()
        if look is not None:
            look(Seen(both, both.generator, turn + 1))
    return [*both.generator.state_dict().values(), *both.critic.state_dict().values()]


def made(samples: Callable[[Tensor], Tensor]) -> nn.Module:
    """A generator that makes of latents what it is told."""

    class Made(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return samples(z)

    return Made()


@pytest.fixture(scope="module")
def probe() -> Probe:
    return Probe(game_named("ns-r1"), *DIGITS, LATENT, seed=0)


def readings(probe: Probe, generator: nn.Module) -> dict[str, float]:
    both = replace(players(probe.game), generator=generator)
    return Probe.__call__(probe, Seen(both, generator), 1.0)


def test_training_with_probes_is_training_without_bit_for_bit(probe: Probe) -> None:
    seen: list[dict[str, float]] = []
    with_probes = trained(6, lambda step: seen.append(probe(step, 0.0)))
    assert all(torch.equal(a, b) for a, b in zip(with_probes, trained(6), strict=True))
    assert len(seen) == 6


def test_a_probe_leaves_flags_and_gradients_as_they_were(probe: Probe) -> None:
    both = players(probe.game)
    assert isinstance(both.critic, nn.Module)
    both.critic.eval()
    next(iter(both.critic.children())).train()
    flags = [module.training for module in both.critic.modules()]
    assert isinstance(both.generator, nn.Module)
    probe(Seen(both, both.generator), 0.0)
    assert flags == [module.training for module in both.critic.modules()]
    assert all(weight.grad is None and weight.requires_grad for weight in both.critic.parameters())


def test_the_same_probe_of_the_same_step_reads_the_same_and_all_readings_are_finite(probe: Probe) -> None:
    generator = players(probe.game).generator
    assert isinstance(generator, nn.Module)
    first, again = (readings(probe, generator) for _ in range(2))
    assert {k: v for k, v in first.items() if k != "drift"} == {k: v for k, v in again.items() if k != "drift"}
    assert again["drift"] == 0.0
    assert all(value == value and abs(value) != float("inf") for value in again.values())


def test_real_digits_read_as_real_ones_and_a_constant_generator_as_collapsed(probe: Probe) -> None:
    real = DIGITS[0].read(range(probe.ruler.n))
    places = iter(range(0, 10**6, 64))

    def one_after_another(z: Tensor) -> Tensor:
        first = next(places) % 256
        return real[first : first + len(z)]

    good = readings(probe, made(one_after_another))
    assert good["diversity.samples"] == pytest.approx(1.0, abs=0.05)
    assert good["diversity.features"] == pytest.approx(1.0, abs=0.15)
    assert good["duplicates"] <= 0.05
    assert good["gap"] < 0.01
    collapsed = readings(probe, made(lambda z: real[:1].expand(len(z), -1, -1, -1)))
    assert collapsed["diversity.samples"] == 0.0
    assert collapsed["diversity.features"] == pytest.approx(0.0, abs=1e-6)
    assert collapsed["duplicates"] == 1.0
    assert collapsed["gap"] > 0.3


def test_a_batch_of_copies_is_read_as_duplicates_though_it_is_diverse(probe: Probe) -> None:
    real = DIGITS[0].read(range(32))
    copies = readings(probe, made(lambda z: real.repeat(2, 1, 1, 1)[: len(z)]))
    assert copies["duplicates"] == 1.0
    assert copies["diversity.samples"] > 0.8


def test_samples_that_are_not_finite_are_said_and_not_measured(probe: Probe) -> None:
    broken = readings(probe, made(lambda z: torch.full((len(z), 1, 8, 8), float("nan"))))
    assert broken["nonfinite.samples"] == 1.0
    assert not {"gap", "duplicates", "drift", "pairs.fake"} & set(broken)


def test_a_generator_that_draws_noise_of_its_own_is_probed_at_an_address(probe: Probe) -> None:
    noisy = made(lambda z: torch.rand(len(z), 1, 8, 8) * 2 - 1)
    assert readings(probe, noisy)["gap"] == readings(probe, noisy)["gap"]


def test_what_a_probe_remembers_can_be_carried_over(probe: Probe) -> None:
    one, two = (made(lambda z, s=s: torch.tanh(s * z[:, :1, None, None]).expand(-1, 1, 8, 8)) for s in (1.0, 2.0))
    readings(probe, one)
    kept = probe.memory()
    drift = readings(probe, two)["drift"]
    other = Probe(probe.game, *DIGITS, LATENT, seed=0)
    assert "drift" not in readings(other, two)
    other.recall(kept)
    assert readings(other, two)["drift"] == drift > 0


def test_a_critic_that_knows_the_training_samples_is_caught(probe: Probe) -> None:
    class Knows(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            known = torch.cdist(x.flatten(1), probe.real["real"].flatten(1)).min(1).values < 1e-3
            return 10.0 * known.float() + 0.1 * x.mean((1, 2, 3))

    generator = players(probe.game).generator
    assert isinstance(generator, nn.Module)
    signals = probe(Seen(Players(generator, Knows()), generator), 0.0)
    assert signals["memory.excess"] > 5
    assert signals["pairs.held_out"] > 0.95
    assert signals["accuracy.real"] == 1.0


def test_r1_is_read_at_real_samples_and_r2_at_generated_ones_whatever_the_game(probe: Probe) -> None:
    class Parabola(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(1).square().sum(1) / 2

    flat = made(lambda z: torch.full((len(z), 1, 8, 8), 0.5))
    signals = probe(Seen(Players(flat, Parabola()), flat), 0.0)
    real = probe.real["real"][:64].flatten(1)
    assert signals["r1.data"] == pytest.approx(float(real.square().sum(1).mean()), rel=1e-5)
    assert signals["r2.data"] == pytest.approx(64 * 0.25, rel=1e-5)
    assert signals["critic.slope"] == pytest.approx(4.0 * probe.spread, rel=1e-5)


def test_features_are_compared_under_the_same_noise(probe: Probe) -> None:
    """A generator that draws and does not move reads 1 at whatever round."""

    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 64)

        def forward(self, z: Tensor) -> Tensor:
            return torch.tanh(self.layer(z + torch.randn_like(z))).reshape(-1, 1, 8, 8)

    with Stream(0, "noisy").module_rng(0):
        noisy = Noisy()
    both = replace(players(probe.game), generator=noisy)
    probe.recall({})
    assert "cka.G.layer" not in probe(Seen(both, noisy, 1), 0.0)
    again = probe(Seen(both, noisy, 2), 0.0)
    assert again["cka.G.layer"] == pytest.approx(1.0, abs=1e-6)
    with torch.no_grad():
        noisy.layer.weight.mul_(torch.linspace(0.1, 3.0, 8))
    assert probe(Seen(both, noisy, 3), 0.0)["cka.G.layer"] < 0.95


@pytest.mark.parametrize("name", ["relativistic", "wasserstein-clip"])
def test_scores_without_a_zero_have_no_accuracy_but_pairs(name: str) -> None:
    game = game_named(name)
    both = players(game)
    assert isinstance(both.generator, nn.Module)
    signals = Probe(game, *DIGITS, LATENT, seed=0)(Seen(both, both.generator), 0.0)
    assert not [key for key in signals if key.startswith("accuracy")]
    assert 0.0 <= signals["pairs.fake"] <= 1.0
    assert ("clip.share" in signals) == (name == "wasserstein-clip")


@pytest.mark.parametrize("shown", [Presentation(packing=3), Presentation(deviation_group=4)])
def test_packed_and_grouped_samples_and_labels_are_shown_as_in_training(shown: Presentation) -> None:
    game = replace(game_named("non-saturating"), presentation=shown)
    both = players(game)
    assert isinstance(both.generator, nn.Module)
    assert "pairs.fake" in Probe(game, *DIGITS, LATENT, seed=0)(Seen(both, both.generator), 0.0)


def test_a_critic_of_more_samples_at_once_than_are_followed_has_scores_and_no_slopes(probe: Probe) -> None:
    game = replace(game_named("non-saturating"), presentation=Presentation(packing=100))
    both = players(game)
    assert isinstance(both.generator, nn.Module)
    few = Probe(game, *DIGITS, LATENT, seed=0)
    assert (few.shown, few.followed, probe.followed) == (200, 0, 64)
    few(Seen(both, both.generator), 0.0)
    signals = few(Seen(both, both.generator), 0.0)
    assert {"gap", "pairs.fake", "cka.G.output.linear"} <= signals.keys()
    assert not {"r1.data", "critic.slope", "cka.D.head"} & signals.keys()


def test_labelled_players_are_probed_with_labels() -> None:
    game, latent = game_named("hinge"), Normal(8, classes=10)
    both = players(game, latent)
    assert isinstance(both.generator, nn.Module)
    assert "pairs.fake" in Probe(game, *DIGITS, latent, seed=0)(Seen(both, both.generator), 0.0)


@pytest.mark.parametrize("game", GAMES.values(), ids=list(GAMES))
def test_the_relative_loss_is_1_at_the_equilibrium_0_when_won_and_absent_for_wasserstein(game: Game) -> None:
    gauge, both = Gauge(game), players(game)
    assert isinstance(both.generator, nn.Module)

    def relative(real: float, fake: float) -> float | None:
        loss = game.loss.critic(torch.tensor([real]), torch.tensor([fake]))
        return gauge.light(Seen(both, both.generator, critic={"adversarial": loss})).get("critic.relative")

    if game.loss.name == "wasserstein":
        assert relative(0.0, 0.0) is None
    else:
        assert relative(game.loss.undecided, game.loss.undecided) == pytest.approx(1.0, abs=1e-6)
        assert relative(1.0, -1.0) < 0.5
        assert game.loss.name not in ("least-squares", "hinge") or relative(1.0, -1.0) == pytest.approx(0.0)


@pytest.mark.parametrize("game", GAMES.values(), ids=list(GAMES))
def test_losses_are_read_above_the_equilibrium_where_scores_have_a_zero(game: Game) -> None:
    both = players(game)
    assert isinstance(both.generator, nn.Module)
    critic, generator = game.equilibrium
    terms = ({"adversarial": torch.tensor(value + more)} for value, more in ((critic, 0.25), (generator, -0.5)))
    signals = Gauge(game).light(Seen(both, both.generator, 1, 64, *terms))
    assert signals["critic.above"] == pytest.approx(0.25, abs=1e-6)
    if game.loss.name in ("wasserstein", "hinge"):
        assert "generator.above" not in signals
    else:
        assert signals["generator.above"] == pytest.approx(-0.5, abs=1e-6)


def test_smoothed_labels_leave_a_loss_that_counts_as_won() -> None:
    gauge = Gauge(replace(game_named("ns-r1"), loss=smoothed(LOSSES["non-saturating"], 0.1)))
    assert gauge.won == pytest.approx(0.325, abs=2e-3)  # the entropy of 0.1


def test_light_readings_of_a_step() -> None:
    game = game_named("ns-r1-r2").tuned("r1", every=4).tuned("r2", every=4)
    both = players(game)
    assert isinstance(both.generator, nn.Module)
    terms = {"adversarial": torch.tensor(1.0), "r1": torch.tensor(4.0), "r2": torch.tensor(8.0)}
    scores = {"real": torch.tensor([1.0, 2.0]), "fake": torch.tensor([1.0, 0.0])}
    norms = {"critic": torch.tensor(2.0), "generator": torch.tensor(1.0)}
    step = Seen(both, both.generator, 7, 448, terms, {"adversarial": torch.tensor(0.5)}, scores, norms)
    tally: Counter[str] = Counter()
    count_skipped(tally, {"critic": ("head.weight",), "generator": ()})
    signals = Gauge(game).light(step, tally)
    assert signals["penalty.share"] == pytest.approx(3 / 4)  # a penalty every 4 turns counts 4-fold in the loss
    assert signals["pairs.batch"] == 7 / 8
    assert signals["norm.ratio"] == 0.5
    assert signals["skipped.critic.head.weight"] == 1.0
    assert (signals["step"], signals["seen"]) == (7, 448)
    idle = Gauge(game).light(replace(step, critic={"adversarial": torch.tensor(float("nan"))}))
    assert "penalty.share" not in idle
    assert "critic.relative" not in idle
    assert idle["nonfinite.critic.adversarial"] == 1.0
