"""Nothing of a run changes because it was looked at, whatever its networks hold; a resumed probe reads the same."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import lru_cache

import pytest
import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.training.play import Play, play
from ganatomy.training.probe import Probe
from ganatomy.training.recipes.read import read_recipe
from ganatomy.training.setup import Setup, set_up

ROUNDS = 4
PERCEPTRON = ("players.options.hidden=[16]", "players.options.critic_hidden=[16]")
SLIM = ("players.options.width=4", "players.options.critic_width=4")
CASES: dict[str, tuple[str, ...]] = {
    "digits-mlp": PERCEPTRON,
    "ring8": PERCEPTRON,
    "grid25": PERCEPTRON,
    "stacked-digits": PERCEPTRON,
    "bad-weight-clip": PERCEPTRON,
    "bad-strong-critic": PERCEPTRON,
    "digits-conv": SLIM,
    "shapes-dcgan": (*SLIM, "data.size=16"),
    "shapes-infogan": (*SLIM, "data.size=16"),
    "shapes-style": ("players.options.width=4", "data.size=16"),
}
SLOW = ("shapes-infogan", "shapes-style", "grid25", "stacked-digits", "bad-strong-critic")
MADE: dict[str, tuple[str, ...]] = {
    "batch norm, dropout": ("players.options.norm=batch", "players.options.dropout=0.3"),
    "spectral norm": ("players.options.critic_norm=spectral",),
    "labels": ("latent.conditional=true",),
    "packs": ("game.packing=2",),
}
ALL = {name: (name, changes) for name, changes in CASES.items()}
ALL |= {name: ("digits-mlp", (*PERCEPTRON, *changes)) for name, changes in MADE.items()}


@lru_cache
def setup_of(case: str) -> Setup:
    recipe, changes = ALL[case]
    setup = set_up(read_recipe(recipe, [*changes, "pace.batch=8"]))
    train, held_out = parts_of(setup.recipe.data.name, setup)
    return replace(setup, train=train, held_out=held_out)


PARTS: dict[str, tuple[Dataset, Dataset]] = {}


def parts_of(name: str, setup: Setup) -> tuple[Dataset, Dataset]:
    """The same objects for all recipes of a data set: what real samples read is worked out once."""
    return PARTS.setdefault(name, (setup.train, setup.held_out))


@lru_cache
def probe_of(case: str) -> Probe:
    setup = setup_of(case)
    return Probe(setup.stages[0].game, setup.train, setup.held_out, setup.latent, seed=1)


def fresh_probe(case: str) -> Probe:
    probe = probe_of(case)
    probe.recall({})
    return probe


def started(case: str) -> Play:
    setup = setup_of(case)
    stage = setup.stages[0]
    return play(stage.game, setup.fresh_players(), setup.train, setup.latent, pace=stage.pace)


def bits(game: Play) -> dict[str, bytes]:
    found = game.snapshot()
    return {name: value.numpy().tobytes() for name, value in {**found.weights, **found.moments}.items()}


def flags(game: Play) -> list[object]:
    modules = [module for network in (*game.modules.values(), game.average) for module in network.modules()]
    hooks = [(dict(module._forward_hooks), dict(module._forward_pre_hooks)) for module in modules]
    weights = [
        (weight.requires_grad, weight.grad) for network in game.modules.values() for weight in network.parameters()
    ]
    return [[module.training for module in modules], hooks, weights]


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.thorough if case in SLOW else ()) for case in ALL]
)
def test_looking_at_every_round_at_some_or_at_none_gives_the_same_weights(case: str) -> None:
    ends = []
    for every in (1, 3, ROUNDS + 1):
        game, probe = started(case), fresh_probe(case)
        for step in itertools.islice(game, ROUNDS):
            if step.count % every == 0:
                before, state = flags(game), torch.get_rng_state()
                probe(step, 0.0)
                assert flags(game) == before
                assert torch.equal(torch.get_rng_state(), state)
        ends.append(bits(game))
    assert ends[0] == ends[1] == ends[2]


@pytest.mark.parametrize("case", ["digits-mlp", "ring8", "digits-conv", "labels", "packs"])
def test_every_reading_is_there(case: str) -> None:
    game, probe = started(case), fresh_probe(case)
    for step in itertools.islice(game, 2):
        signals = probe(step, 0.0)
    assert not [name for name in signals if name.startswith("nonfinite")]
    assert {"critic.above", "generator.above", "r1.data", "r2.data", "average.weights"} <= signals.keys()
    assert ("modes.found" in signals) == (case == "ring8")
    for kind in ("gradient", "gradient.relative", "singular", "cka"):
        for end in ("G.output.linear" if case != "digits-conv" else "G.output.conv", "D.head"):
            assert f"{kind}.{end}" in signals
    first = signals["cka.G.output.conv" if case == "digits-conv" else "cka.G.output.linear"]
    assert -1.0 < first < 1.0
    wanted = step.gradients["critic"]["D.head.weight"], step.gradients["critic"]["D.head.bias"]
    whole = torch.cat([part.flatten() for part in wanted]).norm()
    assert signals["gradient.D.head"] == pytest.approx(float(whole), rel=1e-5)


def test_a_probe_that_recalls_reads_the_same() -> None:
    game, probe = started("batch norm, dropout"), fresh_probe("batch norm, dropout")
    steps = itertools.islice(game, 4)
    probe(next(steps), 0.0)
    probe(next(steps), 0.0)
    kept = {name: value.clone() for name, value in probe.memory().items()}
    step = next(steps)
    at_once = probe(step, 0.0)
    assert probe(step, 0.0)["cka.D.head"] != at_once["cka.D.head"]
    probe.recall(kept)
    assert probe(step, 0.0) == at_once
    assert any(name.startswith("gram/D.") for name in kept)
    assert any(name.startswith("gram/G.") for name in kept)


def test_readings_after_a_resume_are_those_of_a_run_that_went_on() -> None:
    """Networks, moments and the probe's memory through a snapshot, into players and a probe that are new."""
    case = "spectral norm"
    game, probe = started(case), fresh_probe(case)
    for step in itertools.islice(game, 3):
        probe(step, 0.0)
    snapshot, memory = game.snapshot(), {name: value.clone() for name, value in probe.memory().items()}
    went_on = probe(next(game), 0.0)
    again, setup = started(case), setup_of(case)
    again.restore(snapshot)
    fresh = Probe(setup.stages[0].game, setup.train, setup.held_out, setup.latent, seed=1)
    fresh.recall(memory)
    resumed = fresh(next(again), 0.0)
    assert list(resumed) == list(went_on)
    assert resumed == went_on


@dataclass
class Fails(Exception):
    """Raised by a layer at its n-th call."""

    calls: int


class Failing(nn.Module):
    """Passes on what it is given until it has had enough."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.left = inner, -1

    def forward(self, x: Tensor) -> Tensor:
        self.left -= 1
        if self.left == 0:
            raise Fails(self.left)
        out: Tensor = self.inner(x)
        return out


@pytest.mark.parametrize("player", ["critic", "generator"])
def test_a_probe_that_fails_half_way_leaves_everything_as_it_was(player: str) -> None:
    case = "batch norm, dropout"
    game, probe = started(case), fresh_probe(case)
    step = next(game)
    network = getattr(game.players, player)
    last = "head" if player == "critic" else "output"
    failing = Failing(network.get_submodule(last))
    setattr(network, last, failing)
    failing.left = 10**6
    probe(step, 0.0)
    calls = 10**6 - failing.left
    assert calls > 3
    before, state, weights = flags(game), torch.get_rng_state(), bits_of(network)
    for place in range(1, calls + 1):
        failing.left = place
        with pytest.raises(Fails):
            probe(step, 0.0)
        assert flags(game) == before
        assert bits_of(network) == weights
        assert torch.equal(torch.get_rng_state(), state)


def bits_of(network: nn.Module) -> list[bytes]:
    return [value.numpy().tobytes() for value in network.state_dict().values()]


def test_new_readings_are_absent_where_they_say_nothing() -> None:
    game, probe = started("bad-weight-clip"), fresh_probe("bad-weight-clip")
    signals = probe(next(game), 0.0)
    assert "generator.above" not in signals  # Wasserstein leaves the score without a zero
    assert signals["critic.above"] == signals["critic.adversarial"]
    assert not [name for name in signals if name.startswith("cka.")]  # the first has nothing to compare with
    step = replace(next(game), average=game.players.generator)  # type: ignore[arg-type]
    assert "average.weights" not in probe(step, 0.0)
