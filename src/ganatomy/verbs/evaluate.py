"""Evaluate a GAN: quality, diversity and trust on one scorecard, under limits that are the user's to set.

    done = evaluate("runs/0001-digits-mlp-s0", data="digits")
    print(done.card.table()); done.card.failed; done.files

Without names all measures that apply are taken. The folder gets `scorecard.json` (with names `scorecard-NAMES.json`),
the table as text and a figure for each section that has one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ganatomy.atomic import write_text
from ganatomy.data.dataset import Dataset
from ganatomy.errors import GanatomyError, UsageError, choose
from ganatomy.evaluate.scorecard.card import LeftOut, Scorecard, from_dict
from ganatomy.evaluate.scorecard.limits import Limits, shipped
from ganatomy.models.gan import GAN
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import plain
from ganatomy.training.threads import threads
from ganatomy.verbs.measures.again import kin_of, told_by_records
from ganatomy.verbs.measures.catalogue import MEASURES
from ganatomy.verbs.measures.material import How, Material
from ganatomy.verbs.measures.told import Told
from ganatomy.verbs.places import (
    known_as,
    place_of,
    record_of,
    require_usable,
    run_named,
    run_of,
    slug,
    trained_in,
    unforeseen,
)
from ganatomy.verbs.real import Source, real_pictures
from ganatomy.verbs.subject import subject
from ganatomy.views.canvas import svg

EVALUATION, CARD, SEEDS = "evaluation", "scorecard", "seeds"
Progress = Callable[[str], Callable[[int, int], None]]


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The scorecard, and what was written. figures: file names by section; kept: what else is known of a section."""

    card: Scorecard
    folder: Path
    files: tuple[Path, ...]
    figures: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def evaluate(
    gan: GAN | str | Path,
    what: Sequence[str] = (),
    *,
    data: str | None = None,
    out: Path | None = None,
    how: How | None = None,
    limits: Limits | None = None,
    progress: Progress = lambda _what: lambda _done, _total: None,
) -> Evaluated:
    """`data`: what the GAN was trained on; by default the data of its run, or else the set that it names.

    Without `how.again` a scorecard that lies there and answers this very question stands, under the limits of now.
    A measure that cannot be taken is left out, with its reason, unless it was named: then its error is raised.
    """
    how = how or How()
    names = list(dict.fromkeys(what)) or [name for name, each in MEASURES.items() if each.by_default]
    for name in names:
        choose(MEASURES, name, "measure")
    folder = out or place_of(gan, EVALUATION)
    if how.again:
        require_usable(folder)
    try:
        whom = gan if isinstance(gan, GAN) else subject(gan)
    except GanatomyError as error:
        return _recorded(gan, what, error, folder=folder, limits=limits)
    material = _material(gan, whom, data, how, progress=progress)
    stem, asking = "-".join([CARD, *map(slug, dict.fromkeys(what))]), _asking(material, names)
    if not how.again and (known := _recalled(folder, stem, asking, limits or shipped())) is not None:
        return known
    require_usable(folder)
    told: list[Told] = []
    left_out: list[LeftOut] = []
    with threads(1):
        for name in names:
            try:
                told += _answers(name, material, named=name in what)
            except Exception as error:
                if name in what:
                    raise
                reason = unforeseen(error)
                left_out.append(LeftOut(name, reason.said, reason.remedy))
    told = _apart(told)
    if not told:
        raise UsageError(
            f"nothing could be measured: {left_out[0].said}" if left_out else "nothing could be measured",
            left_out[0].remedy if left_out else "name a measure of `ganatomy list measures`",
        )
    card = Scorecard(
        whom.data if isinstance(gan, GAN) and whom.data else "a GAN" if isinstance(gan, GAN) else str(gan),
        material.described(),
        tuple(each.section for each in told),
        tuple(left_out),
        limits or shipped(),
        Provenance.here(seed=how.seed, digests=material.digests()),
    )
    return _written(card, told, folder, stem=stem, asking=asking)


def _asking(material: Material, names: Sequence[str]) -> dict[str, Any] | None:
    """All that a scorecard hangs on but the limits; None where that is not known, as with a space of a user's file."""
    how = material.how
    if any(".py:" in space or space.startswith("inception") for space in how.spaces):
        return None
    kin = [] if material.run is None else [material.run, *kin_of(material.run)]
    told = {key: value for key, value in vars(how).items() if key not in ("data_dir", "folder", "samples", "again")}
    return {
        "digests": material.digests(),
        "gan": known_as(material.gan),
        "how": {**told, "samples": list(how.samples)},
        "measures": list(names),
        "records": [record_of(run) for run in kin],
        "version": version("ganatomy"),
    }


def _recalled(folder: Path, stem: str, asking: Mapping[str, Any] | None, limits: Limits) -> Evaluated | None:
    """What lies there already, if it answers this; anything unreadable is no answer."""
    path = folder / f"{stem}.json"
    try:
        whole = json.loads(path.read_text("utf-8"))
        if asking is None or whole["asked"] != json.loads(json.dumps(asking)):
            return None
        card, figures = from_dict(whole, limits), _figures(path)
        files = (path, path.with_suffix(".txt"), *(folder / name for name in figures.values()))
        return Evaluated(card, folder, files, figures, whole["kept"]) if all(map(Path.is_file, files)) else None
    except (OSError, ValueError, KeyError, TypeError, GanatomyError):
        return None


def _material(gan: GAN | str | Path, whom: GAN, data: str | None, how: How, *, progress: Progress) -> Material:
    """Data that nobody named may be missing: the reason is told where they are needed."""
    source, lacking = Source(data, how.data_dir, how.folder), None
    sets: tuple[Dataset | None, Dataset | None] = None, None
    try:
        sets = real_pictures(whom, source, trained_in(gan))
    except GanatomyError as error:
        if source.explicit:
            raise
        lacking = error
    return Material(whom, *sets, how, progress=progress, named=run_named(gan), lacking=lacking)


def _recorded(
    gan: GAN | str | Path, what: Sequence[str], error: GanatomyError, *, folder: Path, limits: Limits | None
) -> Evaluated:
    """What records alone tell of a run that gives no samples, as after divergence; or else the error."""
    run = run_of(gan)
    others = [] if run is None or list(dict.fromkeys(what)) != [SEEDS] else kin_of(run)
    if run is None or not others:
        raise error
    told = [told_by_records([run, *others])]
    left_out = (LeftOut("distances over seeds", error.said, error.remedy),)
    here = Provenance.here(seed=0, digests={})
    card = Scorecard(str(gan), "the records of its runs", (told[0].section,), left_out, limits or shipped(), here)
    return _written(card, told, folder, stem=f"{CARD}-{SEEDS}", asking=None)


def _answers(name: str, material: Material, *, named: bool) -> Iterator[Told]:
    measure = MEASURES[name]
    if not named and not measure.applies(material):
        return
    if measure.needs_data:
        material.require_data(name)
    yield from measure.answer(material)


def _apart(told: Sequence[Told]) -> list[Told]:
    """Sections of one name, as of two spaces that are called alike, get a number."""
    seen: Counter[str] = Counter()
    found = []
    for each in told:
        seen[each.section.name] += 1
        number = seen[each.section.name]
        name = each.section.name if number == 1 else f"{each.section.name} {number}"
        found.append(replace(each, section=replace(each.section, name=name)))
    return found


def _written(
    card: Scorecard, told: Sequence[Told], folder: Path, *, stem: str, asking: Mapping[str, Any] | None
) -> Evaluated:
    """The figures of an earlier card of the same name go when this one comes."""
    path = folder / f"{stem}.json"
    for old in _figures(path).values():
        (folder / old).unlink(missing_ok=True)
    figures: dict[str, str] = {}
    for each in told:
        if each.figure is not None:
            name = f"{stem.removeprefix(CARD).strip('-') or CARD}-{slug(each.section.name)}.svg"
            try:
                write_text(folder / name, svg(each.figure()))
                figures[each.section.name] = name
            except GanatomyError:  # pictures of two channels, say, cannot be drawn; their numbers stand
                continue
    kept = {each.section.name: plain(dict(each.kept)) for each in told if each.kept}
    whole = {**card.to_dict(), "figures": figures, "kept": kept, "asked": asking}
    write_text(path.with_suffix(".txt"), card.table(long=True) + "\n")
    write_text(path, json.dumps(whole, indent=2, allow_nan=False, ensure_ascii=False) + "\n")
    files = (path, path.with_suffix(".txt"), *(folder / name for name in figures.values()))
    return Evaluated(card, folder, files, figures, kept)


def _figures(path: Path) -> dict[str, str]:
    """By section, of a card that lies there: names of drawings beside it, and of nothing else."""
    try:
        found = json.loads(path.read_text("utf-8"))["figures"].items()
        return {str(k): str(v) for k, v in found if Path(str(v)).name == str(v) and str(v).endswith(".svg")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
