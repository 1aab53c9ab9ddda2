"""Would one find the same again: with other draws, other seeds, GANs trained anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.evaluate.trust.collapse import Fell, by_record, seeds_of
from ganatomy.evaluate.trust.repeated import Budget
from ganatomy.evaluate.trust.seeds import FEWEST, collapse_rate, spread
from ganatomy.evaluate.trust.stability import stable
from ganatomy.explain.concepts.catalogue import measurers_for
from ganatomy.explain.game.alarms import BROKEN
from ganatomy.models.gan import GAN
from ganatomy.training.runs.status import read_status
from ganatomy.verbs.measures.material import Material
from ganatomy.verbs.measures.told import Told, section
from ganatomy.verbs.subject import subject
from ganatomy.views import stability

OTHERS = 2  # GANs of other seeds that explanations are compared with


def tell_stability(material: Material) -> Iterator[Told]:
    """Of what `explain` finds: in this GAN, and in runs of the same recipe and other seeds that lie beside it."""
    known = material.train if material.has_data and material.train.classes else None
    measurers = measurers_for(material.gan.format, known, progress=material.progress("classifiers"))
    others, unfit = _loaded(material, [] if material.run is None else kin_of(material.run))
    how = material.how
    budget = Budget(images=2048, samples=5000, seed=how.seed) if how.thorough else Budget(seed=how.seed)
    tell = material.progress("explanations again")
    compared = list(others.values())[:OTHERS]
    for name, told in stable(material.gan, measurers, others=compared, budget=budget, progress=tell).items():
        for where, readings in (("in this GAN", told.within), ("between seeds", told.across)):
            if readings:
                title = f"The same again, {where}: {name}"
                answer = section(f"stability {name} {where}", title, readings, unfit if readings is told.across else "")
                yield Told(answer, partial(stability.again, readings))


def tell_seeds(material: Material) -> Iterator[Told]:
    """Runs of the same recipe and other seeds: how many collapsed, and how far apart the others' distances lie."""
    others = [] if material.run is None else kin_of(material.run)
    if material.run is None or not others:
        raise UsageError(
            "the spread over seeds was asked of one run alone", "train the recipe with other seeds beside it: --seed 1"
        )
    gans, unfit = _loaded(material, others)
    runs = {name: material.beside(gan) for name, gan in gans.items()}
    if own := _broken(material.run):
        unfit = f"{unfit} Nor is {material.run.name} ({own}).".strip()
    else:
        runs = {material.run.name: material} | runs
    few = f" Distances are told over {FEWEST} runs or more, and {len(runs)} can be compared." * (len(runs) < FEWEST)
    yield told_by_records([material.run, *others], (unfit + few).strip())
    for space in material.spaces if len(runs) >= FEWEST else ():
        found = spread({name: each.distances(space) for name, each in runs.items()}, stream=material.stream("seeds"))
        rows = [row for each in found.values() for row in each.readings.values()]
        title = f"Over {len(runs)} seeds of one recipe, in {space.id}"
        figure = partial(stability.over_seeds, next(iter(found.values())))
        yield Told(section(f"seeds {space.name}", title, rows, unfit), figure)


def told_by_records(runs: Sequence[Path], more: str = "") -> Told:
    """How many collapsed, as their records tell; a run whose record cannot be judged is named."""
    fell: dict[str, Fell] = {}
    said, first = [], None
    for run in runs:
        try:
            fell[run.name] = by_record(run)
            said.append(f"{run.name}: {fell[run.name].why}.")
        except GanatomyError as error:
            first = first or error
            said.append(f"{run.name} is not counted: {error.said}.")
    if first is not None and not fell:
        raise first
    rate = collapse_rate([each.collapsed for each in fell.values()], rule="by the record of each run")
    title = f"How many of {len(fell)} runs collapsed"
    return Told(section("collapse", title, [rate], " ".join([*said, *([more] if more else [])])))


def has_kin(material: Material) -> bool:
    """Other seeds that were trained as long."""
    return material.run is not None and len(kin_of(material.run)) > 1


def kin_of(run: Path) -> list[Path]:
    """Runs of the recipe and other seeds beside it, trained as long; of one that broke, with those that did not."""
    found, own = seeds_of(run), run.resolve()
    if _broken(run):  # it stands where it broke, which none of the others need do
        for other, _ in found.left_out:
            with suppress(GanatomyError):
                theirs = seeds_of(other)
                if not _broken(other) and own in [each.resolve() for each in theirs.runs]:
                    found = theirs
                    break
    return [other for other in found.runs if other.resolve() != own]


def _loaded(material: Material, runs: Sequence[Path]) -> tuple[dict[str, GAN], str]:
    """The GANs of runs that did not break, at the step that was asked for; a sentence about those left out."""
    step = None if material.named is None else material.named.step
    gans: dict[str, GAN] = {}
    broken: dict[str, str] = {}
    unread: dict[str, str] = {}
    for run in runs:
        try:
            if state := _broken(run):
                broken[run.name] = state
            else:
                gans[run.name] = subject(run, step=step)
        except GanatomyError as error:
            unread[run.name] = error.said
    left = "; ".join(f"{name} ({why})" for name, why in (broken | unread).items())
    if step is not None and unread and not gans:
        at = "its best checkpoint" if step == "best" else f"step {step}"
        raise UsageError(
            f"{material.run} was to be compared with its like at {at}, and none of them loads there: {left}",
            "name a step that they all keep, or the run without @",
        )
    return gans, f"Not compared: {left}." if left else ""


def _broken(run: Path) -> str:
    state = read_status(run).state
    return state if state in BROKEN else ""
