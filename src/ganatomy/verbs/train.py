"""Train by a recipe, in a folder of its own; go on with a run that was stopped or killed.

    for event in train("digits-mlp", ["pace.batch=32"], until="2000"):
        print(event.kind, event.step, event.text)            # the first says where the run lies, the last how it ended

Nothing is printed here: what happens comes as events, from the preparations on.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ganatomy.atomic import write_text
from ganatomy.errors import GanatomyError, UsageError
from ganatomy.results.provenance import Provenance
from ganatomy.training.board import Board
from ganatomy.training.described import NETWORKS, describe_gan, require_same_data
from ganatomy.training.events import Event
from ganatomy.training.goals import Goal, parse_goal
from ganatomy.training.interrupts import listening
from ganatomy.training.launch import announcements, team_from_environment
from ganatomy.training.machine import computing, cores, device_named
from ganatomy.training.recipes.compare import allowed, differences, digest
from ganatomy.training.recipes.read import read_recipe, recipe_text, to_yaml
from ganatomy.training.recipes.schema import Recipe
from ganatomy.training.runs.checkpoint import Checkpoint, newest_whole
from ganatomy.training.runs.folder import CONFIG, Run, latest_run, new_run, open_run
from ganatomy.training.runs.lock import writing
from ganatomy.training.runs.resume import refuse_changed, rewind
from ganatomy.training.session import train as play_run
from ganatomy.training.setup import Setup, set_up
from ganatomy.training.standing import pursuit_of
from ganatomy.training.team import Team

AUTO = "auto"


def train(
    recipe: str | None = None,
    changes: Sequence[str] = (),
    *,
    until: str | None = None,
    data_dir: Path | None = None,
    out: Path = Path("runs"),
    resume: str | None = None,
    device: str = AUTO,
) -> Generator[Event, None, None]:
    """Train and tell; `resume` is "auto" (the newest run of this recipe and seed in `out`, or a new one) or a folder.

    A run that was trained with another recipe is refused. `until` ends the run, of a recipe in stages the last stage,
    earlier or later than the recipe says.
    """
    goal = None if until is None else parse_goal(until)
    wanted = None if recipe is None else read_recipe(recipe, changes)
    if wanted is None and (resume is None or resume == AUTO):
        raise UsageError(
            "no recipe was named", "give one from `ganatomy list recipes`, or --resume with a run's folder"
        )
    if wanted is None and changes:
        raise UsageError(
            f"{', '.join(changes)} was given and no recipe to change", "name the run's recipe as well, or leave it out"
        )
    where = device_named(device)
    with ExitStack() as open_now:
        team = open_now.enter_context(team_from_environment(where))
        begun = _begin(team, wanted, out=out, resume=resume, where=open_now)
        setup = set_up(begun.recipe, data_dir=data_dir, device=where)
        threads = begun.threads or setup.threads or cores(team.beside)
        open_now.enter_context(computing(threads))
        asked = open_now.enter_context(listening())
        board = open_now.enter_context(Board(begun.run.folder)) if team.leads else None
        if begun.start is not None and (begun.run.folder / NETWORKS).exists():
            require_same_data(setup, begun.run.folder)
        if team.leads:
            describe_gan(setup, begun.run.folder)
        announced = announcements([(s.game, s.pace) for s in setup.stages], setup.fresh_players(), team)
        yield from _preface(begun, setup, announced, team=team, threads=threads, device=str(where), goal=goal)
        open_now.enter_context(_naming_what_is_safe(begun.run))
        for event in play_run(
            setup, begun.run, start=begun.start, goal=goal, team=team, interrupted=asked, device=where
        ):
            if board is not None:  # the others of a team have nothing to say that the leader does not
                board.show(event)
                yield event


@dataclass(frozen=True, eq=False)
class _Begun:
    """A run that is ours to write, and the checkpoint to go on from."""

    run: Run
    recipe: Recipe
    start: Checkpoint | None = None
    notes: tuple[str, ...] = ()

    @property
    def threads(self) -> int | None:
        """As before, where the recipe leaves it open: the last bits of a sum hang on it."""
        kept = None if self.start is None else self.start.extra.get("threads")
        return kept if self.recipe.threads == AUTO else None


def _begin(team: Team, wanted: Recipe | None, *, out: Path, resume: str | None, where: ExitStack) -> _Begun:
    """The leader finds or makes the folder, and the others follow it there."""
    if not team.leads:
        run = open_run(team.hear(""))
        return _Begun(run, recipe_text(run.config), newest_whole(run) if resume else None)
    found = _found(wanted, out=out, resume=resume)
    run = found or _made(wanted, out)
    where.enter_context(writing(run))
    if found is None:
        team.hear(str(run.folder.absolute()))
        return _Begun(run, recipe_text(run.config))
    start = newest_whole(run)
    old = recipe_text(run.config if start is None else start.config, source=str(run.folder))
    if wanted is not None:
        refuse_changed(to_yaml(old), to_yaml(wanted), lambda _old, _new: differences(old, wanted), folder=run.folder)
    rewind(run, 0 if start is None else start.step)
    recipe = old if wanted is None else wanted
    notes = () if start is None else start.notes
    notes += tuple(f"not as before: {line}" for line in allowed(old, recipe))
    run = Run(run.folder, to_yaml(recipe))
    write_text(run.folder / CONFIG, run.config)
    team.hear(str(run.folder.absolute()))
    return _Begun(run, recipe, start, notes)


def _found(wanted: Recipe | None, *, out: Path, resume: str | None) -> Run | None:
    if resume is None:
        return None
    if resume != AUTO:
        return open_run(resume)
    assert wanted is not None
    return latest_run(out, wanted.name, seed=wanted.seed)


def _made(recipe: Recipe | None, out: Path) -> Run:
    assert recipe is not None, "without a recipe a run's folder was named"
    provenance = Provenance.here(seed=recipe.seed, digests={"recipe": digest(recipe)})
    return new_run(out, recipe.name, seed=recipe.seed, config=to_yaml(recipe), provenance=provenance)


@contextmanager
def _naming_what_is_safe(run: Run) -> Iterator[None]:
    """What the disk refused, be it a line of metrics, is told with the checkpoint that one can go on from."""
    try:
        yield
    except GanatomyError as error:
        with suppress(GanatomyError):
            safe = newest_whole(run) if isinstance(error.__cause__, OSError) else None
            if safe is not None:
                error = type(error)(f"{error.said}; the newest checkpoint that loads is {safe.path}", error.remedy)
        raise error from error.__cause__


def _preface(
    begun: _Begun,
    setup: Setup,
    announced: Sequence[str],
    *,
    team: Team,
    threads: int,
    device: str,
    goal: Goal | None,
) -> Generator[Event, None, None]:
    """What a reader of the log wants to know first."""
    if not team.leads:
        return
    folder, step = begun.run.folder, 0 if begun.start is None else begun.start.step
    pace, ends = setup.stages[0].pace, [str(pursuit_of(stage.end).goal) for stage in setup.stages]
    values = {
        "folder": str(folder),
        "recipe": begun.recipe.name,
        "digest": digest(begun.recipe),
        "seed": begun.recipe.seed,
        "device": device,
        "threads": threads,
        "processes": team.size,
        "precision": pace.precision,
        "channels_last": pace.channels_last,
        "until": [*ends[:-1], ends[-1] if goal is None else str(goal)],
        "resumed": step or None,
    }
    verb = f"resumed at round {step}" if begun.start is not None else "begun"
    yield Event(
        "run", step, values, f"run {folder} {verb}; {device}, {threads} thread{'s' * (threads > 1)}, {pace.precision}"
    )
    for note in (*begun.notes, *setup.train.notes, *announced):
        yield Event("note", step, {"text": note}, note)
