"""The arms of an experiment, played from one fork: the same past, then a change or none, read at the same rounds.

    scene = Scene(to_yaml(recipe), at=500, rounds=(10, 100, 300))
    for arm, played in branches(scene, [Arm("as it is"), Arm("frozen", do=("freeze=critic",))], seed=3):
        played.readings[-1]["gap"], played.start, played.end

An arm that changes the recipe itself is trained from its beginning; all others share the rounds up to the fork.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ganatomy.errors import UsageError
from ganatomy.models.gan import GAN
from ganatomy.training.gauge import Signals
from ganatomy.training.interventions.written import Intervention, intervention
from ganatomy.training.machine import computing, cores
from ganatomy.training.probe import Probe
from ganatomy.training.recipes.layers import layer_of, merged, spread
from ganatomy.training.recipes.read import recipe_of, recipe_text, to_plain
from ganatomy.training.setup import Setup, as_gan, set_up
from ganatomy.training.snapshot import Snapshot
from ganatomy.training.step import Step
from ganatomy.training.twin import Twin

Also = Callable[[Setup, Step], Signals]


@dataclass(frozen=True)
class Arm:
    """`do`: interventions from the fork on. `changes`: of the recipe, from the first round on."""

    name: str
    do: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """A recipe as text, the round of the fork, and the rounds after it at which the game is read, in order."""

    recipe: str
    at: int
    rounds: tuple[int, ...]
    data_dir: Path | None = None

    def __post_init__(self) -> None:
        if self.at < 0 or not self.rounds or min(self.rounds) < 1 or list(self.rounds) != sorted(set(self.rounds)):
            raise UsageError(
                f"a fork at round {self.at}, read {list(self.rounds)} rounds later, was asked for",
                "the fork is at 0 or later, and is read at one or more rounds after it, in order",
            )


@dataclass(frozen=True, eq=False)
class Played:
    """An arm: its readings in the order of the scene's rounds, and the GAN at the fork and at the end.

    `critic` is the one that played to the end, also where it judges packs or groups and so is no part of a GAN.
    """

    setup: Setup
    readings: tuple[Signals, ...]
    start: GAN
    end: GAN
    critic: nn.Module


def branches(scene: Scene, arms: Sequence[Arm], *, seed: int, also: Also | None = None) -> Iterator[tuple[Arm, Played]]:
    """Every arm in turn; `also` gives readings beside those of the probe."""
    shared: tuple[Setup, Snapshot] | None = None
    for arm in arms:
        if arm.changes:
            setup = _setup(scene, arm, seed)
            yield arm, _played(scene, setup, _trunk(setup, scene.at), arm.do, also)
            continue
        if shared is None:
            setup = _setup(scene, arm, seed)
            shared = setup, _trunk(setup, scene.at)
        yield arm, _played(scene, *shared, arm.do, also)


def _setup(scene: Scene, arm: Arm, seed: int) -> Setup:
    plain = to_plain(recipe_text(scene.recipe))
    changed = merged(plain, spread(layer_of([*arm.changes, f"seed={seed}"])))
    return set_up(recipe_of(changed, source=f"the arm {arm.name!r}"), data_dir=scene.data_dir)


def _trunk(setup: Setup, at: int) -> Snapshot:
    with computing(setup.threads or cores()), Twin(setup, planned(setup)) as trunk:
        for _ in trunk.until(at):
            pass
        return trunk.snapshot()


def planned(setup: Setup) -> list[Intervention]:
    """What the recipe itself does on its way."""
    return [intervention(each) for each in setup.recipe.interventions]


def _played(scene: Scene, setup: Setup, start: Snapshot, do: Iterable[str], also: Also | None) -> Played:
    changes = [*planned(setup), *(intervention(each, begin=scene.at) for each in do)]
    wanted = {scene.at + after for after in scene.rounds}
    with computing(setup.threads or cores()), Twin(setup, changes, start=start) as twin:
        before = _gan(setup, twin)
        probe = Probe(twin.game.game, setup.train, setup.held_out, setup.latent, seed=setup.recipe.seed)
        readings = []
        for step in twin.until(max(wanted)):
            if step.count in wanted:
                probe.regard(twin.game.game)
                readings.append(probe(step, 0.0) | ({} if also is None else also(setup, step)))
        end = _gan(setup, twin)
        return Played(setup, tuple(readings), before, end, copy.deepcopy(twin.game.modules["D."]).eval())


def _gan(setup: Setup, twin: Twin) -> GAN:
    """A copy, as the game goes on; without what was held in it."""
    twin.course.release()
    average, critic = twin.game.average, twin.game.modules["D."]
    networks: tuple[nn.Module, nn.Module] = copy.deepcopy((average, critic))
    return as_gan(setup, *(network.eval() for network in networks))
