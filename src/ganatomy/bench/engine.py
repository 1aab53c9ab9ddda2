"""Rounds a second of the engine against a bare loop: the same networks, batch, losses and optimiser, in turn.

rows = engine(progress=lambda done, total: None)

The bare loop is what one writes without a library: two optimisers and fresh noise, no average of the generator. The
engine keeps its average, its addresses and its checks; a whole run logs, probes, watches and saves as it does by
default. Pictures are noise: speed does not hang on what they show.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from ganatomy.bench.rows import Reading, Row, compared
from ganatomy.bench.trained import Progress
from ganatomy.data.dataset import stored
from ganatomy.games.named import game_named
from ganatomy.models.architectures import Architecture
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.formats import Format
from ganatomy.results.provenance import Provenance
from ganatomy.training.events import Event
from ganatomy.training.machine import computing
from ganatomy.training.pace import Pace
from ganatomy.training.play import play
from ganatomy.training.recipes.read import read_recipe, to_yaml
from ganatomy.training.runs.folder import new_run
from ganatomy.training.session import train
from ganatomy.training.setup import Setup, set_up

GAME = game_named("non-saturating")
PACE = Pace()
LATENT = Normal(64)
WITHOUT, WITH = 0.98, 0.95  # targets: of the bare loop's speed, without and with logs and probes


@dataclass(frozen=True)
class Case:
    """Networks for the game, and how many rounds are timed at a time without probes."""

    name: str
    networks: Architecture
    rounds: int


CASES = (
    Case("MLP 28 x 28", MLP(Format.picture(1, 28), LATENT, dropout=0.0), 20),
    Case("DCGAN 28 x 28", DCGAN(Format.picture(1, 28), LATENT, width=32, critic_width=32, dropout=0.0), 8),
    Case("DCGAN 32 x 32", DCGAN(Format.picture(3, 32), LATENT, width=32, critic_width=32, dropout=0.0), 8),
)


def engine(*, progress: Progress, rounds: int = 15, whole_rounds: int = 7) -> list[Row]:
    """Two rows a case: `play` alone, and a run with its default cadence."""
    rows = []
    with computing(1):
        for done, case in enumerate(CASES):
            alone = _played(case, case.rounds, rounds=rounds)
            rows.append(Row(f"engine: {case.name}", alone, "of a bare loop's speed", at_least=WITHOUT))
            progress(2 * done + 1, 2 * len(CASES))
            whole = _whole(case, rounds=whole_rounds)
            rows.append(Row(f"engine: {case.name} with probes", whole, "of a bare loop's speed", at_least=WITH))
            progress(2 * done + 2, 2 * len(CASES))
    return rows


def _played(case: Case, count: int, *, rounds: int) -> Reading:
    setup = _setup(case)
    steps = play(GAME, setup.fresh_players(), setup.train, LATENT, pace=PACE)
    bare = bare_loop(case.networks, setup)
    return _speed(compared(lambda: _take(steps, count), lambda: _take(bare, count), rounds=rounds))


def _whole(case: Case, *, rounds: int) -> Reading:
    """As many rounds at a time as hold one probe and its logs."""
    setup = _setup(case)
    count = setup.recipe.cadence.probe
    with tempfile.TemporaryDirectory() as folder:
        run = new_run(Path(folder), "bench", seed=0, config=to_yaml(setup.recipe), provenance=Provenance.here(seed=0))
        bare = bare_loop(case.networks, setup)
        with closing(train(setup, run)) as events:
            return _speed(compared(lambda: _until(events, count), lambda: _take(bare, count), rounds=rounds))


def _speed(times: Reading) -> Reading:
    """From a ratio of times to one of speeds."""
    interval = times.interval
    return Reading(1 / times.value, Interval(1 / interval.high, 1 / interval.low, interval.level, interval.method))


def _setup(case: Case) -> Setup:
    """A recipe's setup with the networks, the pictures and the game of the case in their places."""
    base = set_up(read_recipe("digits-mlp", ["end={steps: 1000000000}"]))
    shape = case.networks.format.shape
    drawn = (256 * Stream(0, "bench/engine").uniform(range(2048), *shape)).to(torch.uint8)
    pictures = stored("noise", "train", pictures=drawn)
    stage = replace(base.stages[0], game=GAME, pace=PACE)
    return replace(
        base,
        train=pictures,
        held_out=pictures,
        latent=LATENT,
        architecture=case.networks,
        critic_architecture=case.networks,
        stages=(stage,),
        heads={},
    )


def bare_loop(networks: Architecture, setup: Setup) -> Iterator[None]:
    """What one writes without the engine."""
    generator, critic = networks.generator(0), networks.critic(0)
    optimisers = [
        torch.optim.Adam(player.parameters(), lr=2e-4, betas=(0.5, 0.99), fused=True) for player in (generator, critic)
    ]
    pictures = setup.train.read(range(setup.train.size))
    draws, softplus = torch.Generator().manual_seed(0), nn.functional.softplus
    while True:
        real = pictures[torch.randint(len(pictures), (64,), generator=draws)]
        with torch.no_grad():
            fake = generator(torch.randn(64, LATENT.dim, generator=draws))
        optimisers[1].zero_grad(set_to_none=True)
        (softplus(-critic(real)).mean() + softplus(critic(fake)).mean()).backward()
        optimisers[1].step()
        optimisers[0].zero_grad(set_to_none=True)
        softplus(-critic(generator(torch.randn(64, LATENT.dim, generator=draws)))).mean().backward()
        optimisers[0].step()
        yield


def _take(steps: Iterator[object], count: int) -> None:
    next(itertools.islice(steps, count - 1, None))


def _until(events: Iterator[Event], count: int) -> None:
    """On to the next probe, which comes every `count` rounds."""
    next(event for event in events if event.kind == "probe" and event.step % count == 0)
