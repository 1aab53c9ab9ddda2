"""A run from its recipe to its end: played stage by stage, logged, probed, watched over, saved, and resumed.

with writing(run):
    for event in train(set_up(recipe), run): print(event.kind, event.step, event.text)

The loop reads every step and writes to none: with another cadence, or killed and resumed, the same weights come out.
Only the leader of a team probes, writes and speaks; all follow its decision to stop.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from ganatomy.errors import DivergedError, GanatomyError, UsageError
from ganatomy.games.players import Players
from ganatomy.numerics.fingerprint import fingerprint, named
from ganatomy.pictures import write_png
from ganatomy.training.events import Event, Events, Kind
from ganatomy.training.gauge import Gauge, Signals, count_skipped, skipped_signals
from ganatomy.training.goals import Goal, Pursuit, Stop
from ganatomy.training.health.rules import rules_with
from ganatomy.training.health.watch import observe
from ganatomy.training.interventions.course import Course
from ganatomy.training.interventions.written import intervention, older_critics
from ganatomy.training.keeper import Keeper
from ganatomy.training.play import Play, play
from ganatomy.training.probe import Probe
from ganatomy.training.runs.checkpoint import Checkpoint
from ganatomy.training.runs.folder import Run
from ganatomy.training.runs.metrics import Metrics
from ganatomy.training.runs.status import State, Status, write_status
from ganatomy.training.setup import Setup
from ganatomy.training.sheet import sheet_of
from ganatomy.training.snapshot import Snapshot
from ganatomy.training.standing import Standing, joined, memory_of, of_stage, pursuit_of
from ganatomy.training.step import Step
from ganatomy.training.team import ALONE, Team

BETWEEN_TICKS = 0.25  # seconds
PROBED = 250  # rounds between probes where the goal needs them and the recipe takes none
GO_ON, SAVE, INTERRUPTED, REACHED = range(4)  # what the leader decides after a round


def train(
    setup: Setup,
    run: Run,
    *,
    start: Checkpoint | None = None,
    goal: Goal | None = None,
    team: Team = ALONE,
    interrupted: Callable[[], bool] = lambda: False,
    device: torch.device | str = "cpu",
) -> Events:
    """Play to the end of the last stage, for which `goal` can stand; from a checkpoint, if one is given.

    The last event is of kind "end" and its values hold the run's state. What fails raises once its status is written.
    """
    sitting = _Sitting(setup, run, team=team, goal=goal, interrupted=interrupted)
    with closing(sitting):
        try:
            yield from sitting.play(start, setup.fresh_players(device=device))
        except DivergedError as error:
            yield from sitting.give_up()
            sitting.write_status("diverged", error.said)
            raise
        except GanatomyError as error:
            with suppress(GanatomyError):  # a full disk, which is the error already
                sitting.write_status("failed", error.said)
            raise


class _Sitting:
    """One process's part in a run, from a start or resume to an end."""

    def __init__(
        self, setup: Setup, run: Run, *, team: Team, goal: Goal | None, interrupted: Callable[[], bool]
    ) -> None:
        self.setup, self.run, self.team, self.interrupted = setup, run, team, interrupted
        self.pursuits = [pursuit_of(stage.end) for stage in setup.stages]
        if goal is not None:
            self.pursuits[-1] = Pursuit(goal)
        self.standing = Standing(self.pursuits[0])
        self.cadence = setup.recipe.cadence
        self.rules = rules_with(setup.recipe.health)
        self.metrics = Metrics(run) if team.leads else None
        self.began = self.ticked = time.monotonic()
        planned = [intervention(each) for each in setup.recipe.interventions]
        self.keeper = Keeper(run, self.cadence, always=older_critics(planned))
        self.course = Course(setup, planned, older=self.keeper.older)
        self.earlier = 0.0  # seconds of the sittings before
        self.tally: Counter[str] = Counter()
        self.last: Step | None = None  # of this stage, seen in this sitting
        self.game: Play

    def close(self) -> None:
        self.course.release()
        if self.metrics is not None:
            self.metrics.close()

    @property
    def step(self) -> int:
        """Rounds over all stages."""
        return self.standing.steps + self.game.count

    @property
    def seen(self) -> int:
        return self.standing.images + self.game.seen

    @property
    def seconds(self) -> float:
        return self.earlier + time.monotonic() - self.began

    def play(self, start: Checkpoint | None, players: Players) -> Events:
        if start is not None:
            self._recall(start)
        ended = REACHED
        average: tuple[nn.Module, int] | None = None
        for place in range(self.standing.stage, len(self.setup.stages)):
            stage = self.setup.stages[place]
            if place > self.standing.stage:
                done = {"steps": self.game.count, "images": self.game.seen}
                self.standing = self.standing.next_stage(self.pursuits[place], **done)
                self.course.release()
            self.game = play(stage.game, players, self.setup.train, self.setup.latent, pace=stage.pace, team=self.team)
            if average is not None and not self.game.averaged.of_itself:
                self.game.average.load_state_dict(average[0].state_dict())
                self.game.averaged.seen = average[1]
            yield from self._begin(start)
            start = None
            ended = yield from self._play_stage()
            if ended == INTERRUPTED:
                break
            if place + 1 < len(self.setup.stages):
                yield from self._save()
            average = self.game.average, self.game.averaged.seen
        last = (yield from self._look_back()) if ended == REACHED else self.standing
        yield from self._save()
        self.standing = last
        yield self._end(ended)

    def give_up(self) -> Events:
        """What there is to tell and to keep of a game that broke."""
        if self.team.leads:
            signals = {"step": float(self.game.count), "seen": float(self.game.seen), "seconds": self.seconds}
            yield from self._tell("log", signals | skipped_signals(self.tally), None)
        yield from self._save()

    def _recall(self, start: Checkpoint) -> None:
        kept = Standing.from_dict(start.extra["standing"])
        pursuit = kept.pursuit.towards(self.pursuits[kept.stage].goal)
        self.standing, self.earlier, self.keeper.step = replace(kept, pursuit=pursuit), kept.seconds, start.step
        self.tally = Counter(kept.skipped)

    def _begin(self, start: Checkpoint | None) -> Events:
        setup, stage, goal = self.setup, self.setup.stages[self.standing.stage], self.standing.pursuit.goal
        self.probed, self.probe, self.last = self.cadence.probe or (PROBED if goal.needs_probes else 0), None, None
        if self.team.leads and self.probed:
            try:
                self.probe = Probe(stage.game, setup.train, setup.held_out, setup.latent, seed=setup.recipe.seed)
            except UsageError as error:
                if goal.needs_probes:
                    raise
                yield Event("note", self.step, {"text": error.said}, f"no probes are taken: {error.said}")
        self.gauge = Gauge(stage.game) if self.probe is None else self.probe.gauge
        if start is not None:
            if start.step > self.standing.steps:
                self._tune(start.step - 1, resumed=True)
            self.game.restore(of_stage(start.snapshot, self.standing))
            (self.probe or self.gauge).recall(memory_of(start.snapshot))
        self.write_status("running", "")
        if len(setup.stages) > 1:
            yield Event("stage", self.step, {"stage": stage.name}, f"stage {stage.name}: {goal}")
        if self.step == 0 and self.cadence.samples and self.team.leads:
            yield self._show()

    def _play_stage(self) -> Generator[Event, None, int]:
        """Round after round, each looked at as often as is due, until the leader decides to end."""
        while True:
            due = SAVE if self.keeper.due(self.step) else GO_ON
            wanted = REACHED if self._reached() else INTERRUPTED if self.interrupted() else due
            decision = self.team.follow(wanted)
            if decision in (REACHED, INTERRUPTED):
                return decision
            if decision == SAVE:
                yield from self._save()
            self._tune(self.step)
            step = next(self.game)
            if step.skipped:
                count_skipped(self.tally, step.skipped)
            if self.team.leads:
                self.gauge.follow(step)
                yield from self._look(step)
                self.last = step

    def _tune(self, round_: int, *, resumed: bool = False) -> None:
        """What interventions ask for; readings are then taken against the game that is played now."""
        if self.course.tune(self.game, place=self.standing.stage, round_=round_, resumed=resumed):
            if self.probe is not None:
                self.probe.regard(self.game.game)
            self.gauge = Gauge(self.game.game) if self.probe is None else self.probe.gauge

    def _reached(self) -> Stop | None:
        pursuit = self.standing.pursuit
        return pursuit.met or pursuit.goal.spent(self.game.count, self.game.seen, self.seconds)

    def _look(self, step: Step) -> Events:
        if self.probe is not None and step.count % self.probed == 0:
            yield from self._tell("probe", self.probe(step, self.seconds, self.tally), step)
        elif self.cadence.log and step.count % self.cadence.log == 0:
            signals = self.gauge.light(step, self.tally) | {"seconds": self.seconds}
            yield from self._tell("log", signals, step)
        elif time.monotonic() - self.ticked > BETWEEN_TICKS:
            self.ticked = time.monotonic()
            yield Event("tick", self.step, round=step)
        if self.cadence.samples and step.count % self.cadence.samples == 0:
            yield self._show()

    def _look_back(self) -> Generator[Event, None, Standing]:
        """A probe of the last round, where none was due. A run that goes on later goes on as if it had not been."""
        standing, probe, step = self.standing, self.probe, self.last
        if probe is None or step is None or step.count % self.probed == 0:
            return standing
        memory, tally = probe.memory(), Counter(self.tally)
        yield from self._tell("probe", probe(step, self.seconds, self.tally), step)
        last, self.standing, self.tally = self.standing, replace(standing, best=self.standing.best), tally
        probe.recall(memory)
        if self.keeper.best is not None:
            self.keeper.remember(self._snapshot(), self._extra())
        return last

    def _tell(self, kind: Kind, signals: Signals, step: Step | None) -> Events:
        """Write a line of metrics, and one for each alarm it gives rise to."""
        assert self.metrics is not None
        self.tally.clear()
        watch, alarms = observe(self.standing.watch, signals, rules=self.rules)
        whole = signals | {"step": float(self.step), "seen": float(self.seen)}
        self.standing = replace(self.standing, watch=watch)
        if kind == "probe":
            self._judge(whole)
        values = {name: value for name, value in whole.items() if name != "step"}
        self.metrics.write(self.step, {"kind": kind, **values})
        yield Event(kind, self.step, values, round=step)
        for alarm in alarms:
            alarm = replace(alarm, step=self.step, seen=self.seen)
            plain = {name: value for name, value in alarm.to_dict().items() if name != "step"}
            self.metrics.write(self.step, {"kind": "alarm", **plain})
            yield Event("alarm", self.step, plain, alarm.line(), round=step)

    def _judge(self, signals: Signals) -> None:
        """How near the goal this is, and whether it is the best so far."""
        self.standing = replace(self.standing, pursuit=self.standing.pursuit.observe(signals))
        gap = signals.get("gap")
        if gap is not None and (self.standing.best is None or gap < self.standing.best):
            self.standing = replace(self.standing, best=gap)
            self.keeper.remember(self._snapshot(), self._extra())

    def _show(self) -> Event:
        """A sheet of the averaged generator's first samples, the same latents every time."""
        path = self.run.samples(self.step)
        write_png(path, sheet_of(self.game.average, self.setup))
        return Event("samples", self.step, {"path": str(path)}, f"samples {path}")

    def _save(self) -> Events:
        """A checkpoint of now, and before it the best one since the last save."""
        snapshot = self._snapshot()
        self.team.require_equal(fingerprint(*named(snapshot.weights)), f"the weights of round {self.step}")
        if not self.team.leads:
            return
        path, is_best = self.keeper.save(snapshot, self._extra())
        self.write_status("running", "")
        yield Event("checkpoint", self.step, {"path": str(path), "best": is_best}, f"saved {path}")

    def _snapshot(self) -> Snapshot:
        return joined(self.game.snapshot(), self.standing, (self.probe or self.gauge).memory())

    def _extra(self) -> dict[str, Any]:
        standing = replace(self.standing, seconds=self.seconds, skipped=dict(self.tally))
        return {"standing": standing.to_dict(), "threads": torch.get_num_threads()}

    def write_status(self, state: State, reason: str) -> None:
        if self.team.leads:
            converged = self.standing.pursuit.convergence.seen
            write_status(self.run.folder, Status(state, reason, self.step, self.seconds, converged))

    def _end(self, ended: int) -> Event:
        reached, pursuit = self._reached(), self.standing.pursuit
        state: State = "interrupted" if ended == INTERRUPTED else "finished"
        reason = "stopped on request" if ended == INTERRUPTED else f"reached {reached or pursuit.goal}"
        self.write_status(state, reason)
        values = {"state": state, "reason": reason, "seen": self.seen, "seconds": self.seconds}
        values |= self.standing.told() | {"skipped": {role: times for role, times in self.game.skips.items() if times}}
        return Event("end", self.step, values, f"{reason}. {pursuit.convergence.sentence()}")
