"""The ring and the grid by the protocol of PacGAN's Table 1, beside our recipes: hours, kept as they go.

rows = ring(Cut(), folder, progress=lambda rounds, total: None)              # 10 trials of 400,000 steps, two games
rows = grid(Cut(steps=2000, trials=2), folder, progress=progress)            # a look: never held against the table

What the published code does was read in it (github.com/fjxmlzn/PacGAN, synthetic_data_experiments); the values are
those of the table there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from ganatomy.bench.comparing import Line, Setting, beside_table, means
from ganatomy.bench.modes import GRID, RING, SAMPLES, SEEDS, Goal, Tally, held_to, tally
from ganatomy.bench.rows import Row
from ganatomy.bench.trained import Progress
from ganatomy.bench.trials import Found, Trial, all_kept
from ganatomy.data.catalogue import load
from ganatomy.data.dataset import Dataset
from ganatomy.data.worlds import World
from ganatomy.errors import UsageError
from ganatomy.games.game import Game
from ganatomy.games.named import game_named
from ganatomy.games.players import Players
from ganatomy.games.presentation import Presentation
from ganatomy.models.evaluating import passed
from ganatomy.models.initialise import built
from ganatomy.models.latent import Latent, Normal
from ganatomy.numerics.fingerprint import fingerprint
from ganatomy.numerics.random import Stream
from ganatomy.training.pace import Optimiser, Pace
from ganatomy.training.play import Play, play
from ganatomy.training.recipes.compare import digest
from ganatomy.training.recipes.read import read_recipe
from ganatomy.training.setup import set_up

STEPS, TRIALS, POINTS, PACKS = 400_000, 10, 100_000, 100  # 400 epochs of 100,000 packs, 100 a batch
DECAY = 0.05  # of the running statistics
GAMES = {"GAN": 1, "PacGAN2": 2}  # samples that the critic judges at once
TABLE: dict[tuple[str, str], Line] = {
    ("ring8", "GAN"): Line(modes=(6.3, 0.5), high_quality=(0.982, 0.002), reverse_kl=(0.45, 0.09)),
    ("ring8", "PacGAN2"): Line(modes=(7.9, 0.1), high_quality=(0.956, 0.020), reverse_kl=(0.07, 0.03)),
    ("grid25", "GAN"): Line(modes=(17.3, 0.8), high_quality=(0.948, 0.007), reverse_kl=(0.70, 0.07)),
    ("grid25", "PacGAN2"): Line(modes=(23.8, 0.7), high_quality=(0.913, 0.008), reverse_kl=(0.13, 0.04)),
}
SAME = (
    "Differences: the players move in turn, each on a batch of its own, where the published ones move at once on one; "
    "packs are put together anew each epoch, where theirs stay; no stream of random numbers is shared."
)
OURS = (
    "Differences: the recipe {recipe} is another game (R1 and R2 that fade), with other networks (leaky ReLUs, no "
    "batch statistics, 256x4 and 128x4), another latent, other falling rates (Adam, 1e-3 and 2e-3), {steps:,} steps of "
    "batches of {batch}, endless data and averaged weights; {trials} seeds. It is chosen to succeed, the published GAN "
    "to show a failure."
)


@dataclass(frozen=True)
class Cut:
    """How much of the protocol is played."""

    steps: int = STEPS
    trials: int = TRIALS

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= STEPS or not 1 <= self.trials <= TRIALS:
            raise UsageError(
                f"{self.steps:,} steps and {self.trials} trials were asked for",
                f"the protocol has {STEPS:,} steps and {TRIALS} trials: give at least 1 of each and at most these",
            )

    @property
    def whole(self) -> bool:
        return (self.steps, self.trials) == (STEPS, TRIALS)


def cut(published: bool, *, steps: int | None, trials: int | None) -> Cut | None:
    """What was asked for, None where nothing published was."""
    if not published and (steps, trials) != (None, None):
        raise UsageError("steps or trials were given without --published", "add --published, or leave them away")
    return Cut(steps or STEPS, trials or TRIALS) if published else None


def ring(cut: Cut, folder: Path, *, progress: Progress) -> list[Row]:
    return _rows(RING, cut, folder, progress)


def grid(cut: Cut, folder: Path, *, progress: Progress) -> list[Row]:
    return _rows(GRID, cut, folder, progress)


def _rows(goal: Goal, cut: Cut, folder: Path, progress: Progress) -> list[Row]:
    """The recipe comes first: it is done in minutes. A recipe's schedules end with it, so it is never cut short."""
    setup, seeds = set_up(read_recipe(goal.recipe)), SEEDS[: cut.trials]
    ours = [_recipe_trial(goal.recipe, seed) for seed in seeds]
    theirs = {game: [_trial(goal.recipe, game, seed, cut) for seed in range(cut.trials)] for game in GAMES}
    kept = all_kept([*ours, *(trial for each in theirs.values() for trial in each)], folder, progress=progress)
    found = [Tally(**each) for each in kept]
    rows = held_to(goal, found[: len(ours)])
    said = OURS.format(recipe=goal.recipe, steps=ours[0].steps, batch=setup.stages[0].pace.batch, trials=len(ours))
    asked = Setting(f"{goal.recipe}, our recipe", goal.modes, TABLE[goal.recipe, "GAN"], said)
    rows += means(asked, found[: len(ours)])
    for place, game in enumerate(GAMES):
        mine = found[len(ours) + place * cut.trials :][: cut.trials]
        name = f"{goal.recipe}, {game}, {cut.steps:,} steps, {cut.trials} trials"
        asked = Setting(name, goal.modes, TABLE[goal.recipe, game], SAME)
        rows += beside_table(asked, mine) if cut.whole else means(_unheld(asked, cut), mine)
    return rows


def _unheld(asked: Setting, cut: Cut) -> Setting:
    """Of a protocol cut short nothing published speaks."""
    assert asked.published is not None
    note = (
        f"Cut short: {cut.steps:,} of {STEPS:,} steps and {cut.trials} of {TRIALS} trials, so that these are not to be "
        f"compared with what was published at the end of all: {asked.published}."
    )
    return replace(asked, published=None, differences=note)


def _trial(world: str, game: str, seed: int, cut: Cut) -> Trial:
    return Trial(
        f"{world}-{game.lower()}-{cut.steps}-steps-seed{seed}",
        cut.steps,
        f"PacGAN, Table 1: {world}, {GAMES[game]} judged at once, seed {seed}",
        partial(protocol, world, GAMES[game], seed),
        partial(_tallied, Normal(2), seed),
    )


def _recipe_trial(name: str, seed: int) -> Trial:
    setup = set_up(read_recipe(name, [f"seed={seed}"]))
    (stage,) = setup.stages
    assert stage.end.steps is not None
    return Trial(
        f"{name}-recipe-seed{seed}",
        stage.end.steps,
        f"recipe {digest(setup.recipe)}",
        partial(_recipe, name, seed),
        partial(_tallied, setup.latent, seed),
    )


def _recipe(name: str, seed: int) -> Play:
    setup = set_up(read_recipe(name, [f"seed={seed}"]))
    (stage,) = setup.stages
    return play(stage.game, setup.fresh_players(), setup.train, setup.latent, pace=stage.pace)


def _tallied(latent: Latent, seed: int, game: Play, seconds: float) -> Found:
    """With the running statistics of the generator, as published."""
    world = game.supplies["critic"].data.truth
    assert isinstance(world, World)
    return asdict(tally(passed(game.average, latent.sample(seed, range(SAMPLES))), world, seconds))


def protocol(world: str, packing: int, seed: int) -> Play:
    """The published game at its beginning."""
    game = _game(packing)
    generator = built(_generator, Stream(seed, "init/generator"), scheme="normal-0.02")
    critic = built(partial(_critic, 2 * packing), Stream(seed, "init/critic"), scheme="normal-0.02")
    adam = Optimiser(rate=1e-4, betas=(0.8, 0.999))
    pace = Pace(batch=packing * PACKS, critic=adam, generator=adam, half_life=0, seed=seed)
    data = stored(world, packing * POINTS, seed)
    return play(game, Players(generator, critic, score=game.score), data, Normal(2), pace=pace)


def stored(world: str, points: int, seed: int) -> Dataset:
    """So many points of the world, drawn once for a trial."""
    whole = load(world)
    assert isinstance(whole.truth, World)
    drawn = whole.truth.sample(Stream(seed, f"bench/published/{world}"), range(points)).float()
    return replace(
        whole, size=points, draw=partial(_taken, drawn), draw_labels=None, classes=(), fingerprint=fingerprint(drawn)
    )


class Maxout(nn.Module):
    """The largest of a few linear functions. Goodfellow et al. 2013."""

    def __init__(self, inputs: int, outputs: int, *, pieces: int) -> None:
        super().__init__()
        self.linear, self.pieces = nn.Linear(inputs, outputs * pieces), pieces

    def forward(self, x: Tensor) -> Tensor:
        return torch.max(self.linear(x).unflatten(1, (-1, self.pieces)), dim=2).values


def _generator(width: int = 400) -> nn.Module:
    """Biases would be taken off again by the batch's mean."""
    layers: list[nn.Module] = []
    for inputs in (2, width, width, width):
        layers += [nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width, momentum=DECAY), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 2))


def _critic(inputs: int, width: int = 200, pieces: int = 5) -> nn.Module:
    layers = [Maxout(many, width, pieces=pieces) for many in (inputs, width, width)]
    return nn.Sequential(*layers, nn.Linear(width, 1))


def _game(packing: int) -> Game:
    return replace(game_named("non-saturating"), presentation=Presentation(packing=packing))


def _taken(points: Tensor, indices: Sequence[int]) -> Tensor:
    return points[torch.as_tensor(indices)]
