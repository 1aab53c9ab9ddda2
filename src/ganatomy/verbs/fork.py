"""A counterfactual twin of a run: the same past, one change, a folder of its own; and what the change does, measured.

    for event in fork("runs/0001-digits-mlp-s0", at=500, do=["game.terms.r1.strength=1.0"], rounds=300): ...
    pair = beside("runs/0001-digits-mlp-s0", "runs/0002-digits-mlp-fork-500-s0")     # the two, side by side
    told = effect("runs/0001-digits-mlp-s0", at=500, do=[...], bases=10, progress=progress)

The twin is an ordinary run whose recipe holds the interventions: it can be resumed, explained, and forked again.
Without a change it is the run, bit for bit.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from ganatomy.atomic import write_text
from ganatomy.errors import UsageError
from ganatomy.experiments.forks import FEWEST, ROUNDS, Fork, Forked, forked
from ganatomy.experiments.pool import Progress
from ganatomy.pictures import Pixels
from ganatomy.results.provenance import Provenance
from ganatomy.training.described import NETWORKS, gan_at
from ganatomy.training.events import Event
from ganatomy.training.interventions.course import Course, holding, units
from ganatomy.training.interventions.written import intervention, older_critics
from ganatomy.training.recipes.compare import digest
from ganatomy.training.recipes.read import recipe_of, recipe_text, to_plain, to_yaml
from ganatomy.training.recipes.schema import Recipe
from ganatomy.training.runs.checkpoint import load_checkpoint, save_checkpoint, steps_of
from ganatomy.training.runs.folder import Run, new_run, open_run
from ganatomy.training.runs.metrics import read_metrics
from ganatomy.training.setup import set_up
from ganatomy.verbs.sample import picture
from ganatomy.verbs.train import train

FORK = "fork.json"
EVERY = 10**6  # all checkpoints of the past are kept
READINGS = ("gap", "coverage", "diversity.samples", "critic.relative", "norm.ratio", "modes.found")


@dataclass(frozen=True, eq=False)
class Beside:
    """Readings of a run and of its twin at the rounds that both were read at, and what both put out for one latent
    after the other at the last round of which both kept a checkpoint (none after the fork: no pictures).
    """

    at: int
    do: tuple[str, ...]
    names: tuple[str, ...]
    original: tuple[dict[str, float], ...]
    twin: tuple[dict[str, float], ...]
    shown: int = 0
    pictures: tuple[Pixels, ...] = ()


def fork(
    run: str | Path,
    *,
    at: int,
    do: Sequence[str] = (),
    rounds: int | None = None,
    out: Path | None = None,
    data_dir: Path | None = None,
    device: str = "auto",
) -> Generator[Event, None, None]:
    """Train the twin, to the end that the recipe names or `rounds` after the fork; events are those of `train`.

    It begins at the last checkpoint up to round `at`, and plays as the run did until then.
    """
    base = open_run(run)
    recipe = _changed(recipe_text(base.config, source=str(run)), at, do, rounds)
    _require_possible(base, recipe, at, data_dir)
    twin = _prepared(base, recipe, at, do, out or base.folder.absolute().parent)
    until = None if rounds is None else f"{at + rounds} steps"
    with closing(train(resume=str(twin.folder), until=until, data_dir=data_dir, device=device)) as events:
        yield from events


def beside(run: str | Path, twin: str | Path) -> Beside:
    """What both records say after the fork."""
    first, second = open_run(run), open_run(twin)
    facts = json.loads((second.folder / FORK).read_text("utf-8"))
    rows = [[row for row in read_metrics(each) if row.get("kind") in ("log", "probe")] for each in (first, second)]
    steps = set.intersection(*({row["step"] for row in each} for each in rows))
    original, changed = (tuple(row for row in each if row["step"] in steps) for each in rows)
    names = tuple(name for name in READINGS if any(name in row for row in original))
    shown = max(set(steps_of(first)) & set(steps_of(second)), default=0)
    pictures = tuple(_picture(each, shown) for each in (first, second)) if shown > facts["at"] else ()
    return Beside(facts["at"], tuple(facts["do"]), names, original, changed, shown, pictures)


def effect(
    run: str | Path,
    *,
    at: int,
    do: Sequence[str],
    rounds: int = ROUNDS[-1],
    bases: int = 10,
    data_dir: Path | None = None,
    progress: Progress,
) -> Forked:
    """From this run's recipe, over so many base runs: its own seed and those after it."""
    recipe = recipe_text(open_run(run).config, source=str(run))
    _changed(recipe, at, do, rounds)
    read = tuple(dict.fromkeys([*(each for each in ROUNDS if each < rounds), rounds]))
    seeds = tuple(range(recipe.seed, recipe.seed + bases))
    return forked(Fork(to_yaml(recipe), at, tuple(do), read, seeds, data_dir), progress=progress)


def require_measurable(run: str | Path, *, bases: int, do: Sequence[str]) -> None:
    """That the effect of these changes can be measured on runs like this one; told before anything is trained."""
    recipe = recipe_text(open_run(run).config, source=str(run))
    if recipe.stages:
        raise UsageError(f"{run} plays in stages, and the effect was to be measured", "take the twin alone: --bases 0")
    if not do:
        raise UsageError("the effect of no change was to be measured", "say what to change: --do, or --bases 0")
    if bases < FEWEST:
        raise UsageError(f"{bases} base runs were asked for", f"{FEWEST} or more, or 0 for the twin alone")


def _changed(recipe: Recipe, at: int, do: Sequence[str], rounds: int | None) -> Recipe:
    if at < 0:
        raise UsageError(f"a fork at round {at} was asked for", "rounds count from 0")
    if rounds is not None and rounds < 1:
        raise UsageError(f"a fork over {rounds} rounds was asked for", "play 1 or more")
    if rounds is not None and recipe.stages:
        raise UsageError(
            f"{recipe.name} plays in stages, and {rounds} rounds were asked for", "play it to its end: --to-the-end"
        )
    changes = [intervention(each, begin=at) for each in do]
    if early := [str(each) for each in changes if each.begin < at]:
        raise UsageError(f"{early[0]!r} begins before the fork at round {at}", f"let it begin at {at} or later")
    last = math.inf if rounds is None else at + rounds
    if late := [str(each) for each in changes if each.begin >= last]:
        raise UsageError(f"{late[0]!r} begins after the last round, {last}", "play more rounds, or begin earlier")
    plain = to_plain(recipe)
    name = f"{recipe.name}-fork-{at}"
    return recipe_of({**plain, "name": name, "interventions": [*plain["interventions"], *map(str, changes)]})


def _require_possible(base: Run, recipe: Recipe, at: int, data_dir: Path | None) -> None:
    """Before a folder is made: places, units, classes and checkpoints that are asked for are there."""
    planned = [intervention(each) for each in recipe.interventions]
    there = [step for step in steps_of(base) if step <= at]
    if missing := sorted(older_critics(planned) - set(there)):
        known = ", ".join(map(str, there)) or "none"
        raise UsageError(f"the critic of round {missing[0]} was asked for", f"checkpoints up to the fork: {known}")
    Course(set_up(recipe, data_dir=data_dir), planned)


def _prepared(base: Run, recipe: Recipe, at: int, do: Sequence[str], parent: Path) -> Run:
    """A folder with the run's past up to the fork: checkpoints, metrics, samples."""
    provenance = Provenance.here(seed=recipe.seed, digests={"recipe": digest(recipe)})
    twin = new_run(parent, recipe.name, seed=recipe.seed, config=to_yaml(recipe), provenance=provenance)
    try:
        for step in (step for step in steps_of(base) if step <= at):
            found = load_checkpoint(base, step)
            save_checkpoint(twin, found.snapshot, found.extra, keep=EVERY, best=found.best)
        for file in (base.metrics, base.folder / NETWORKS):
            if file.exists():
                shutil.copyfile(file, twin.folder / file.name)
        for picture in base.samples(0).parent.glob("step-*.png"):
            if int(picture.stem.removeprefix("step-")) <= at:
                twin.samples(0).parent.mkdir(exist_ok=True)
                shutil.copyfile(picture, twin.samples(0).parent / picture.name)
        facts = {"run": str(base.folder.absolute()), "at": at, "do": list(do)}
        write_text(twin.folder / FORK, json.dumps(facts, indent=2) + "\n")
    except BaseException:
        shutil.rmtree(twin.folder, ignore_errors=True)
        raise
    return twin


def _picture(run: Run, step: int) -> Pixels:
    """With the units that were held in it then."""
    gan = gan_at(load_checkpoint(run, step, moments=False))
    planned = [intervention(each) for each in recipe_text(run.config).interventions]
    with ExitStack() as held:
        for at in units(each for each in planned if each.holds(step - 1)):
            if at.player == "generator":
                held.enter_context(holding(gan.generator, at))
        return picture(gan.sample(0, range(64 if gan.format.kind == "picture" else 1000)), gan)
