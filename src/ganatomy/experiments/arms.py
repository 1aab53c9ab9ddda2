"""The arms of an experiment, played from one fork: the same past, then a change or none, read at the same rounds.

    scene = Scene(to_yaml(recipe), at=500, rounds=(10, 100, 300))
    for arm, played in branches(scene, [Arm("as it is"), Arm("frozen", do=("freeze=critic",))], seed=3):
        played.readings[-1]["gap"], played.start, played.end

An arm that changes the recipe itself is trained from its beginning; all others share the rounds up to the fork.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from ganatomy.errors import DivergedError, UsageError
from ganatomy.models.gan import GAN
from ganatomy.training.gauge import Signals
from ganatomy.training.interventions.written import Intervention, intervention, older_critics
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

    def planned(self, at: int, rounds: int) -> list[Intervention]:
        """What is done between the fork and so many rounds later; what would never be is an error."""
        found = [intervention(each, begin=at) for each in self.do]
        for each in found:
            if not at <= each.begin < at + rounds:
                raise UsageError(
                    f"{str(each)!r} is not within the rounds {at} to {at + rounds} of a fork",
                    "let it begin at the fork or later, and before the last round",
                )
        return found


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


def branches(
    scene: Scene, arms: Sequence[Arm], *, seed: int, also: Also | None = None
) -> Iterator[tuple[Arm, Played | None]]:
    """Every arm in turn, None where it diverged; `also` gives readings beside those of the probe."""
    done = {arm.name: arm.planned(scene.at, scene.rounds[-1]) for arm in arms}
    shared: _Trunk | None = None
    for arm in arms:
        wanted = older_critics(each for mine in done.values() for each in mine)
        try:
            if arm.changes:
                yield arm, _played(scene, _trunk(scene, arm, seed, wanted), done[arm.name], also)
                continue
            shared = shared or _trunk(scene, arm, seed, wanted)
            yield arm, _played(scene, shared, done[arm.name], also)
        except DivergedError:
            yield arm, None


def planned(setup: Setup) -> list[Intervention]:
    """What the recipe itself does on its way."""
    return [intervention(each) for each in setup.recipe.interventions]


@dataclass(frozen=True, eq=False)
class _Trunk:
    """The rounds before the fork, and the weights of earlier ones that somebody goes back to."""

    setup: Setup
    fork: Snapshot
    older: Mapping[int, Mapping[str, Tensor]]

    def weights(self, step: int) -> Mapping[str, Tensor]:
        if step not in self.older:
            raise UsageError(f"the critic of round {step} was asked for", "name a round before the fork")
        return self.older[step]


def _trunk(scene: Scene, arm: Arm, seed: int, older: Container[int]) -> _Trunk:
    plain = to_plain(recipe_text(scene.recipe))
    changed = merged(plain, spread(layer_of([*arm.changes, f"seed={seed}"])))
    setup = set_up(recipe_of(changed, source=f"the arm {arm.name!r}"), data_dir=scene.data_dir)
    kept: dict[int, Mapping[str, Tensor]] = {}
    with computing(setup.threads or cores()), Twin(setup, planned(setup)) as trunk:
        for step in trunk.until(scene.at):
            if step.count in older:
                kept[step.count] = trunk.snapshot().weights
        return _Trunk(setup, trunk.snapshot(), kept)


def _played(scene: Scene, trunk: _Trunk, do: Iterable[Intervention], also: Also | None) -> Played:
    setup, changes = trunk.setup, [*planned(trunk.setup), *do]
    wanted = {scene.at + after for after in scene.rounds}
    with computing(setup.threads or cores()), Twin(setup, changes, start=trunk.fork, older=trunk.weights) as twin:
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
    """A copy, as the game goes on; a unit that is held now stays so in it."""
    average, critic = twin.game.average, twin.game.modules["D."]
    networks: tuple[nn.Module, nn.Module] = copy.deepcopy((average, critic))
    return as_gan(setup, *(network.eval() for network in networks))
