"""The runs of one recipe that differ by their seed alone, and which of them collapsed.

    kin = seeds_of("runs/0001-digits-mlp-s0")      # kin.runs, and kin.left_out with the reason for each
    same_recipe([first, second, third])            # an error, with what differs, unless they are seeds of one recipe
    fell = by_record(kin.runs[0])                  # fell.collapsed, fell.why: alarms that held to the end, divergence
    fell = by_quality(readings)                    # far less diverse than the real samples, as the floors tell
    collapse_rate([by_record(run).collapsed for run in kin.runs])

A run that broke off counts as collapsed and stays in: leaving it out would make the recipe look safer than it is. One
whose recipe switched the rules off cannot be judged by its record, and that is an error rather than a pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganatomy.errors import GanatomyError, InputError, UsageError
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.explain.game.alarms import BROKEN, episodes
from ganatomy.explain.game.record import Record, recorded
from ganatomy.training.described import described
from ganatomy.training.recipes.compare import differences, digest
from ganatomy.training.recipes.read import recipe_text
from ganatomy.training.recipes.schema import Recipe
from ganatomy.training.runs.faults import names_in
from ganatomy.training.runs.folder import CONFIG, NAMED, open_run
from ganatomy.training.runs.status import read_status

ALARMS = ("lost-diversity", "near-duplicates")  # of health: those that speak of what samples are, not of the game
HALF = 0.5
# Of what the real samples read in the place of the fakes, which is the floor of these; below it, a run collapsed.
# Coverage and recall may be named too, but they fall as well where samples are varied and bad.
LEAST: Mapping[str, float] = {"modes hit, strictly": HALF, "Vendi score": HALF}


@dataclass(frozen=True)
class Kin:
    """`runs` by seed, each seed once; `left_out`: folders of the same name or recipe, and why not."""

    recipe: str
    step: int
    runs: tuple[Path, ...]
    left_out: tuple[tuple[Path, str], ...]


@dataclass(frozen=True)
class Fell:
    collapsed: bool
    why: str


def seeds_of(folder: str | Path) -> Kin:
    """Beside a run: the same recipe and data at the same step, other seeds; of one seed the newest, or the run itself.

    Runs that diverged are in it at whatever step.
    """
    own = Path(folder)
    recipe, step = _recipe(own), read_status(own).step
    chosen, left = {recipe.seed: own}, []
    for name in reversed(names_in(own.parent)):
        other = own.parent / name
        if NAMED.fullmatch(name) is None or not (other / CONFIG).is_file() or other.resolve() == own.resolve():
            continue
        try:
            theirs, why = _recipe(other), _unlike(own, other, step)
        except GanatomyError as error:
            left.append((other, str(error)))
            continue
        if digest(theirs) != digest(recipe):
            if theirs.name == recipe.name:
                left.append((other, "another recipe: " + "; ".join(_apart(recipe, theirs))))
        elif why or theirs.seed in chosen:
            left.append((other, why or f"seed {theirs.seed} is there already"))
        else:
            chosen[theirs.seed] = other
    return Kin(digest(recipe), step, tuple(chosen[seed] for seed in sorted(chosen)), tuple(left))


def same_recipe(folders: Sequence[str | Path]) -> None:
    """An error unless all are runs of one recipe on the same data, each with another seed."""
    paths = [Path(folder) for folder in folders]
    recipes = [_recipe(path) for path in paths]
    for path, recipe in zip(paths[1:], recipes[1:], strict=True):
        if digest(recipe) != digest(recipes[0]):
            raise UsageError(
                f"{paths[0].name} and {path.name} are of different recipes: {'; '.join(_apart(recipes[0], recipe))}",
                "give runs that differ by their seed alone",
            )
        if described(path).data_digest != described(paths[0]).data_digest:
            raise UsageError(f"{paths[0].name} and {path.name} were trained on different data", "train on the same")
    seeds = [recipe.seed for recipe in recipes]
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"runs with the seeds {', '.join(map(str, seeds))} were given", "give each seed once")


def by_record(run: str | Path | Record) -> Fell:
    """Whether it diverged, or one of ALARMS held to its end."""
    record = run if isinstance(run, Record) else recorded(run)
    if record.state in BROKEN:
        return Fell(True, f"the run {record.state}" + (f": {record.reason}" if record.reason else ""))
    silent = [name for name in ALARMS if name not in record.rules]
    if silent:
        raise InputError(
            f"{record.name} was trained without the rules {', '.join(silent)}", "judge it by its samples: by_quality"
        )
    held = [each for each in episodes(record) if each.rule in ALARMS and each.cleared is None]
    return Fell(bool(held), "; ".join(each.said for each in held) or f"no alarm of {', '.join(ALARMS)} held to the end")


def by_quality(readings: Readings, *, least: Mapping[str, float] = LEAST) -> Fell:
    """Whether any of these measures lies below that share of what real samples read in their place."""
    judged = {
        name: (each.value, share * each.floor)
        for name, share in least.items()
        if (each := readings.get(name)) is not None and each.floor is not None
    }
    if not judged:
        raise UsageError(
            f"none of {', '.join(least)} was measured, or none has a floor", "measure one of them, against real samples"
        )
    said = [f"{name} {value:.3g}, limit {limit:.3g}" for name, (value, limit) in judged.items() if value < limit]
    return Fell(bool(said), "; ".join(said) or f"none of {', '.join(judged)} is below its limit")


def _recipe(folder: Path) -> Recipe:
    return recipe_text(open_run(folder).config, source=str(folder / CONFIG))


def _unlike(own: Path, other: Path, step: int) -> str:
    """Why a run of the recipe does not count, if so."""
    if described(other).data_digest != described(own).data_digest:
        return "trained on other data"
    status = read_status(other)
    if status.state not in BROKEN and status.step != step:
        return f"stands at step {status.step}, not {step}"
    return ""


def _apart(one: Recipe, other: Recipe) -> list[str]:
    return [line for line in differences(one, other) if not line.startswith("seed:")]
