"""A game under way, changed as interventions say: before each round, what holds for that round is brought about.

    with Course(setup, interventions, older=weights_of) as course:
        course.tune(game, place=0, round_=game.count)          # before every round; True if the game is another now
        step = next(game)

Nothing is touched by a course without interventions. A game that goes on from a snapshot is first tuned to the round
that was played last (`resumed`), restored, and then tuned to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import reduce
from types import TracebackType

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.tracing.site import module_at
from ganatomy.tracing.unit import channel
from ganatomy.training.interventions.data import noisy, without
from ganatomy.training.interventions.written import RECIPE, At, Intervention, Shake
from ganatomy.training.pace import Pace
from ganatomy.training.play import Play
from ganatomy.training.setup import Setup, Stage, changed_stage
from ganatomy.training.snapshot import fill

Weights = Callable[[int], Mapping[str, Tensor]]  # of the checkpoint of a round
PREFIX = {"critic": "D.", "generator": "G."}


def nothing_older(step: int) -> Mapping[str, Tensor]:
    raise UsageError(f"the critic of round {step} was asked for", "there are no checkpoints here to take it from")


class Course:
    """What is changed when; every intervention is checked against the setup as the course is made."""

    def __init__(self, setup: Setup, interventions: Iterable[Intervention], *, older: Weights = nothing_older) -> None:
        self.setup, self.interventions, self.older = setup, tuple(interventions), older
        self.active: tuple[Intervention, ...] = ()
        self.place = 0
        self.held = ExitStack()  # the units that are held now
        self.loose = False  # whether units that should be held are not
        _check_together(setup, self.interventions)
        _check_units(setup, self.interventions)

    def __enter__(self) -> Course:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """The networks without the units that are held; the next `tune` holds them again."""
        self.held.close()
        self.held, self.loose = ExitStack(), True

    def tune(self, game: Play, *, place: int, round_: int, resumed: bool = False) -> bool:
        """Bring about what holds in the round after so many of the run; whether that is another game than before."""
        active = tuple(each for each in self.interventions if not each.once and each.holds(round_))
        before, self.active = (self.active if place == self.place else ()), active
        self.place = place
        if active != before:
            stage, data = _stage_with(self.setup, place, active), _data_with(self.setup, active)
            game.retune(stage.game, stage.pace, data)
        if active != before or self.loose:
            self._hold(game, active)
            self.loose = False
        if not resumed:
            for each in self.interventions:
                if each.once and each.begin == round_:
                    self._do(game, each)
        return active != before

    def _hold(self, game: Play, active: Sequence[Intervention]) -> None:
        """The units of these, in the networks that play and in the average that is shown."""
        self.held.close()
        self.held = ExitStack()
        for at in units(active):
            for network in _networks(game, at.player):
                self.held.enter_context(holding(network, at))

    def _do(self, game: Play, once: Intervention) -> None:
        if once.what == "critic":
            _take_over(game, self.older(int(once.value)))
        else:
            assert isinstance(once.read, Shake)
            stream = Stream(self.setup.recipe.seed, f"perturb/{once.begin}")
            for network in _networks(game, once.read.player):
                _perturb(network, once.read.size, stream)


def _stage_with(setup: Setup, place: int, active: Sequence[Intervention]) -> Stage:
    stage = setup.stages[place]
    if changes := [str(each.read) for each in active if each.kind == RECIPE]:
        stage = changed_stage(setup, place, changes, device=_device(setup))
    return replace(stage, pace=reduce(_paced, active, stage.pace))


def _device(setup: Setup) -> torch.device:
    """The kind of device that the setup was made for shows in the precision alone."""
    return torch.device("cuda" if any(stage.pace.precision == "bfloat16" for stage in setup.stages) else "cpu")


def _paced(pace: Pace, each: Intervention) -> Pace:
    if each.what == "freeze":
        left = tuple(role for role in pace.trains if role != each.value)
        if not left:
            raise UsageError(f"with {each} nobody would learn", "freeze one player")
        return replace(pace, trains=left)
    if each.what == "randomness":
        return replace(pace, seed=int(Stream(pace.seed, f"randomness/{each.value}").integers(range(1), 2**32)[0]))
    return pace


def _data_with(setup: Setup, active: Sequence[Intervention]) -> Dataset:
    data = setup.train
    gone = [name for each in active if each.what == "drop-class" for name in each.value.split(",")]
    if gone:
        data = without(data, tuple(dict.fromkeys(name.strip() for name in gone)), seed=setup.recipe.seed)
    for each in active:
        if each.what == "data-noise":
            data = noisy(data, float(each.value), seed=setup.recipe.seed)
    return data


def _networks(game: Play, player: str) -> list[nn.Module]:
    """Of a player: a generator is also shown as its average."""
    shown = [game.average] if player == "generator" and not game.averaged.of_itself else []
    return [game.modules[PREFIX[player]], *shown]


def units(active: Iterable[Intervention]) -> list[At]:
    """Those that are held, in the order in which they were asked for."""
    return [each.read for each in active if isinstance(each.read, At)]


@contextmanager
def holding(network: nn.Module, at: At) -> Iterator[None]:
    """A unit puts out one value, in every pass of the network."""
    unit = channel(at.site, at.unit)
    hook = module_at(network, unit.site).register_forward_hook(lambda _module, _given, out: unit.write(out, at.value))
    try:
        yield
    finally:
        hook.remove()


def _check_together(setup: Setup, interventions: Sequence[Intervention]) -> None:
    """Whatever is done at one time can be done together, in one of the stages at least."""
    seams = {each.begin for each in interventions} | {each.until for each in interventions if each.until is not None}
    for seam in sorted(seams):
        active = tuple(each for each in interventions if not each.once and each.holds(seam))
        _data_with(setup, active)
        failed = []
        for place in range(len(setup.stages)):
            try:
                _stage_with(setup, place, active)
            except UsageError as error:
                failed.append(error)
        if len(failed) == len(setup.stages):
            raise failed[0]


def _check_units(setup: Setup, interventions: Sequence[Intervention]) -> None:
    """Each place is in its network, and each unit at its place: a pass of two samples shows it."""
    if not (wanted := units(interventions)):
        return
    players = setup.fresh_players()
    for at in wanted:
        network = players.generator if at.player == "generator" else players.critic
        assert isinstance(network, nn.Module)
        with torch.no_grad(), holding(network.eval(), at):
            if at.player == "generator":
                players.generate(setup.latent.sample(0, range(2)), setup.latent.labels(0, range(2)))
            else:
                shown = torch.zeros(2, *setup.stages[0].game.critic_format(setup.train.format).shape)
                players.rate(shown, torch.zeros(2, dtype=torch.int64) if setup.labelled_critic else None)


def _take_over(game: Play, weights: Mapping[str, Tensor]) -> None:
    """The critic and its heads as they were; what the optimiser remembers stays."""
    modules = {prefix: module for prefix, module in game.modules.items() if prefix != "G."}
    fill(modules, {name: tensor for name, tensor in weights.items() if name.startswith(tuple(modules))})


@torch.no_grad()
def _perturb(network: nn.Module, size: float, stream: Stream) -> None:
    """Each weight tensor moves by `size` times its root mean square, in a normal direction."""
    for name, weight in network.named_parameters():
        drawn = stream.child(name).normal(range(1), *weight.shape)[0].to(weight)
        weight.add_(drawn, alpha=size * float(weight.square().mean().sqrt()))
