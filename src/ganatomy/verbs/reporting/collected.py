"""All that a report is made of: what lies on disk of this very GAN is taken, what is missing is worked out.

whole = collected("runs/0001-digits-mlp-s0", asking, say=print, progress=...)
whole.everything, whole.gan, whole.run, whole.held_out
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

from ganatomy.data.dataset import Dataset
from ganatomy.data.decode import FolderOptions
from ganatomy.data.worlds import WORLDS
from ganatomy.errors import GanatomyError
from ganatomy.evaluate.scorecard.limits import Limits
from ganatomy.explain.game.record import recorded
from ganatomy.models.gan import GAN
from ganatomy.report.facts import Missing, Part
from ganatomy.report.found import Carded, Everything, Found
from ganatomy.results.folder import load
from ganatomy.results.provenance import Provenance
from ganatomy.training.runs.checkpoint import steps_of
from ganatomy.training.runs.folder import open_run
from ganatomy.verbs.answers import Answer
from ganatomy.verbs.evaluate import EVALUATION, Evaluated, evaluate
from ganatomy.verbs.explain import FINDINGS, Wanted, explain
from ganatomy.verbs.explainers.catalogue import EXPLAINERS
from ganatomy.verbs.measures.catalogue import MEASURES
from ganatomy.verbs.measures.material import How
from ganatomy.verbs.places import place_of, require_usable, run_of, told_as, trained_in
from ganatomy.verbs.real import Source, real_pictures
from ganatomy.verbs.reporting.about import course, record, step_of
from ganatomy.verbs.reporting.provenance import redacted
from ganatomy.verbs.reporting.samples import parts
from ganatomy.verbs.run_facts import RunFacts, run_facts
from ganatomy.verbs.subject import named, subject

RECORD = "record"
Progress = Callable[[str], Callable[[int, int], None]]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Asking:
    """How a report is made. again: all of it is worked out anew; most: bytes of the page."""

    data: str | None = None
    data_dir: Path | None = None
    folder: FolderOptions | None = None
    seed: int = 0
    thorough: bool = False
    limits: Limits | None = None
    again: bool = False
    redact: bool = False
    most: int = 3_000_000

    def words(self) -> list[str]:
        """The options that change what is found, as they are written."""
        given = {"data": self.data, "data-dir": self.data_dir, "seed": self.seed or None, **_changed(self.folder)}
        written = [part for name, value in given.items() if value is not None for part in (f"--{name}", str(value))]
        return (redacted(written) if self.redact else written) + ["--thorough"] * self.thorough


def _changed(folder: FolderOptions | None) -> dict[str, object]:
    """Those that differ from what they are by default."""
    options = () if folder is None else fields(folder)
    return {each.name: value for each in options if (value := getattr(folder, each.name)) != each.default}


@dataclass(frozen=True, eq=False)
class Collected:
    """What a report is written from. gan: None where the name stands for networks that give no samples."""

    everything: Everything
    name: str
    gan: GAN | None
    run: Path | None
    facts: RunFacts | None
    earlier: tuple[Provenance, ...]


def collected(gan: GAN | str | Path, asking: Asking, *, say: Say, progress: Progress) -> Collected:
    """Explain and evaluate tell what they could not do, and why.

    What ends the report is a wrong name, wrong data that were named, or that results have no place to go.
    """
    name = _name(gan, asking)
    run, missing = run_of(gan), list[Missing]()
    whom = _networks(gan, run, missing)
    facts = None if run is None else _facts(run, missing)
    held_out = None if whom is None else _held_out(whom, gan, asking)
    answers = list(_explained(gan, asking, missing, say=say, progress=progress))
    done = _evaluated(gan, asking, missing, say=say, progress=progress)
    everything = Everything(
        subject=told_as(gan),
        found=_found(answers, base=_base(gan)),
        carded=None if done is None else _carded(done, base=_base(gan)),
        missing=tuple(dict.fromkeys(missing)),
        questions={
            **{name: each.summary for name, each in EXPLAINERS.items()},
            **{name: each.summary for name, each in MEASURES.items()},
        },
        commands=_commands(name, asking),
        parts=_parts(whom, held_out, facts, name=name, asking=asking),
        course=None if facts is None else course(facts, step_of(whom)),
        why_no_samples=next((each.said for each in missing if each.name == "samples" and whom is None), ""),
        why_no_course=_why_no_course(run, missing),
        has_critic=whom is not None and whom.critic is not None,
        has_data=held_out is not None,
        known_density=whom is not None and whom.data in WORLDS,
    )
    records = (each.told.record.provenance for each in answers)
    made = [] if done is None else [done.card.provenance]
    return Collected(everything, name, whom, run, facts, tuple(each for each in (*records, *made) if each is not None))


def _networks(gan: GAN | str | Path, run: Path | None, missing: list[Missing]) -> GAN | None:
    """Of a run that gives no samples its record still tells; a name that stands for nothing is an error."""
    try:
        return gan if isinstance(gan, GAN) else subject(gan)
    except GanatomyError as error:
        wanted = None if isinstance(gan, GAN) else named(gan).step
        if run is None or (wanted is not None and wanted not in ("best", *steps_of(open_run(run)))):
            raise
        missing.append(Missing("samples", error.said, error.remedy))
        return None


def _facts(run: Path, missing: list[Missing]) -> RunFacts | None:
    """A record that cannot be read does not end the report: the weights are whole without it."""
    try:
        found = run_facts(open_run(run))
        recorded(run)
    except GanatomyError as error:
        missing.append(Missing(RECORD, error.said, error.remedy))
        return None
    return found


def _why_no_course(run: Path | None, missing: list[Missing]) -> str:
    if run is None:
        return "it is no run, so nothing of its training is recorded"
    return next((each.said for each in missing if each.name == RECORD), "")


def _explained(
    gan: GAN | str | Path, asking: Asking, missing: list[Missing], *, say: Say, progress: Progress
) -> Iterator[Answer]:
    def failed(name: str, error: GanatomyError) -> None:
        missing.append(Missing(name, error.said, error.remedy))
        say(f"{name}: left out: {error.said}")

    wanted = Wanted(
        seed=asking.seed,
        thorough=asking.thorough,
        data_dir=asking.data_dir,
        folder=asking.folder,
        again=asking.again,
    )
    try:
        yield from explain(gan, data=asking.data, wanted=wanted, progress=progress, failed=failed)
    except GanatomyError as error:
        require_usable(place_of(gan, FINDINGS))
        missing.append(Missing("explain", error.said, error.remedy))


def _evaluated(
    gan: GAN | str | Path, asking: Asking, missing: list[Missing], *, say: Say, progress: Progress
) -> Evaluated | None:
    how = How(
        seed=asking.seed,
        thorough=asking.thorough,
        data_dir=asking.data_dir,
        folder=asking.folder,
        again=asking.again,
    )
    try:
        done = evaluate(gan, data=asking.data, how=how, limits=asking.limits, progress=progress)
    except GanatomyError as error:
        require_usable(place_of(gan, EVALUATION))
        missing.append(Missing("evaluate", error.said, error.remedy))
        say(f"evaluate: left out: {error.said}")
        return None
    missing += [Missing(each.name, each.said, each.remedy) for each in done.card.left_out]
    return done


def _held_out(gan: GAN, name: GAN | str | Path, asking: Asking) -> Dataset | None:
    """Data that nobody named may be missing: those who need them tell why."""
    source = Source(asking.data, asking.data_dir, asking.folder)
    try:
        return real_pictures(gan, source, trained_in(name))[1]
    except GanatomyError:
        if source.explicit:
            raise
        return None


def _found(answers: Sequence[Answer], *, base: Path) -> dict[str, tuple[Found, ...]]:
    found: dict[str, list[Found]] = {}
    for each in answers:
        drawing = None if each.figure is None else each.figure.read_text("utf-8")
        result = Found(
            each.explainer,
            each.told.name,
            load(each.folder),  # as it will be read again: in memory an array may lie in another order
            each.said,
            _beside(each.folder, base),
            drawing,
            each.told.aside,
        )
        found.setdefault(each.explainer, []).append(result)
    return {name: tuple(each) for name, each in found.items()}


def _carded(done: Evaluated, *, base: Path) -> Carded:
    drawings = {name: (done.folder / file).read_text("utf-8") for name, file in done.figures.items()}
    return Carded(done.card, _beside(done.folder, base), drawings, done.kept)


def _beside(place: Path, base: Path) -> str:
    return place.relative_to(base).as_posix() if place.is_relative_to(base) else place.name


def _base(gan: GAN | str | Path) -> Path:
    """The folder that the report lies in by default."""
    run = run_of(gan)
    return Path() if run is None else run


def _parts(
    gan: GAN | None, held_out: Dataset | None, facts: RunFacts | None, *, name: str, asking: Asking
) -> dict[str, tuple[Part, ...]]:
    found: dict[str, tuple[Part, ...]] = {}
    if facts is not None:
        told = record(facts, step_of(gan))
        found["training"] = (replace(told, command=shlex.join(["ganatomy", "info", name])),)
    if gan is not None:
        try:
            drawn = partial(sampling, name, asking)
            whole = shlex.join(["ganatomy", "report", name, *asking.words()]) if name else ""
            found["samples"] = tuple(parts(gan, held_out, seed=asking.seed, command=drawn, whole=whole))
        except GanatomyError:  # two channels, say: told where the first ones could not be drawn
            found["samples"] = ()
    return found


def sampling(name: str, asking: Asking, numbers: str) -> str:
    """What draws the samples of these numbers."""
    seed = [] if asking.seed == 0 else ["--seed", str(asking.seed)]
    return shlex.join(["ganatomy", "sample", name, "--seeds", numbers, *seed]) if name else ""


def _commands(name: str, asking: Asking) -> dict[str, str]:
    """None of a GAN that has no name on the command line."""
    if not name:
        return {}
    words = asking.words()
    explained = {each: shlex.join(["ganatomy", "explain", name, each, *words]) for each in EXPLAINERS}
    return explained | {each: shlex.join(["ganatomy", "evaluate", name, each, *words]) for each in MEASURES}


def _name(gan: GAN | str | Path, asking: Asking) -> str:
    if isinstance(gan, GAN):
        return ""
    return told_as(gan) if asking.redact else str(gan)
