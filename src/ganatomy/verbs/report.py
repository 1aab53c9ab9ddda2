"""The report: one HTML file that answers what people ask of a GAN, and the same facts as JSON.

    done = report("runs/0001-digits-mlp-s0", say=print)
    done.page, done.json, done.report.verdict
    compare("runs/0001-digits-mlp-s0@500", "runs/0001-digits-mlp-s0")      # in the same form, side by side

What explain and evaluate have told of this very GAN is taken from disk; what is missing is worked out first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

from ganatomy.atomic import write_text
from ganatomy.data.catalogue import FOLDER_PREFIX
from ganatomy.errors import GanatomyError, UsageError
from ganatomy.evaluate.scorecard.limits import shipped
from ganatomy.models.gan import GAN
from ganatomy.report.comparing import compared
from ganatomy.report.facts import Comparison, Missing, Picture, Report
from ganatomy.report.fitting import fitted
from ganatomy.report.found import Everything
from ganatomy.report.methods import methods
from ganatomy.report.page import page, page_of_two
from ganatomy.report.sections import sections
from ganatomy.report.verdict import answers, overall
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import Record
from ganatomy.training.threads import threads
from ganatomy.verbs.measures.catalogue import MEASURES
from ganatomy.verbs.places import called, require_usable, slug, told_as
from ganatomy.verbs.reporting.about import about
from ganatomy.verbs.reporting.collected import Asking, Collected, Progress, Say, collected, sampling
from ganatomy.verbs.reporting.provenance import provenance, redacted, without_folders
from ganatomy.verbs.reporting.samples import shown
from ganatomy.verbs.subject import named

REPORT, BY_DEFAULT = "report", Asking()
MARK = "<!-- provenance -->"  # of our pages


@dataclass(frozen=True, eq=False)
class Reported:
    """The facts and the two files that hold them."""

    report: Report
    page: Path
    json: Path


@dataclass(frozen=True, eq=False)
class Compared:
    """The facts of both and the two files that hold them."""

    comparison: Comparison
    page: Path
    json: Path


def report(
    gan: GAN | str | Path,
    *,
    out: Path | None = None,
    asking: Asking = BY_DEFAULT,
    say: Say = lambda _line: None,
    progress: Progress = lambda _name: lambda _done, _total: None,
) -> Reported:
    """`out`: the HTML file; its JSON lies beside it. By default in the run's folder, else in the current one."""
    place = _page(out or place_of_report(gan))
    told = facts_of(gan, asking, say=say, progress=progress)
    fits = fitted(told, asking.most)
    write_text(place, page(fits))
    return Reported(told, place, _json(told, place))


def compare(
    one: GAN | str | Path,
    other: GAN | str | Path,
    *,
    out: Path | None = None,
    asking: Asking = BY_DEFAULT,
    say: Say = lambda _line: None,
    progress: Progress = lambda _name: lambda _done, _total: None,
) -> Compared:
    """Two GANs, or two steps of one run, in the form of the report."""
    whom = [
        each if isinstance(each, GAN) else replace(named(each), path=Path(named(each).path).resolve())
        for each in (one, other)
    ]
    if whom[0] == whom[1]:
        raise UsageError(f"{one} was to be compared with itself", "name two GANs, or two steps: RUN@500 RUN")
    place = _page(out or Path(f"compare-{slug(told_as(one))}-{slug(told_as(other))}.html"))
    started = _now()
    a, b = (facts_of(each, asking, say=say, progress=progress) for each in (one, other))
    here = Provenance.here(seed=asking.seed).to_dict()
    whole = compared(a, b, _shown({"report": {**here, "started": started}}, asking))
    write_text(place, page_of_two(fitted(whole, asking.most)))
    return Compared(whole, place, _json(whole, place))


def facts_of(gan: GAN | str | Path, asking: Asking, *, say: Say, progress: Progress) -> Report:
    """What the page, the JSON and the model card are written from."""
    started = _now()
    with threads(1):
        whole = collected(gan, asking, say=say, progress=progress)
        drawing, reason = _samples(whole, asking)
        everything = replace(whole.everything, missing=(*whole.everything.missing, *reason))
        rows = answers(everything)
        verdict, headline = overall(rows)
        told = Report(
            subject=everything.subject,
            against=_against(everything),
            about=about(whole.gan, whole.facts),
            verdict=verdict,
            headline=headline,
            answers=rows,
            samples=drawing,
            sections=sections(everything),
            methods=methods(_used(everything)),
            limits=_limits(asking),
            provenance=_provenance(whole, asking, started),
            name=whole.name,
        )
    return cast("Report", without_folders(told, _folders(gan, asking))) if asking.redact else told


def _against(everything: Everything) -> str:
    if everything.carded is not None:
        return everything.carded.card.against
    return "" if everything.why_no_samples else "no real samples"


def _folders(gan: GAN | str | Path, asking: Asking) -> dict[str, str]:
    """Those that this report could name, and what stands for them."""
    paths = [Path.cwd(), Path.home()] + ([] if isinstance(gan, GAN) else [Path(gan).parent])
    paths += [] if asking.data_dir is None else [asking.data_dir, asking.data_dir.parent]
    if asking.data is not None and asking.data.startswith(FOLDER_PREFIX):
        paths.append(Path(asking.data.removeprefix(FOLDER_PREFIX)).parent)
    named_so = {str(each) for path in paths for each in (path, path.resolve())}
    found = {each.rstrip("/") + "/": "" for each in named_so if each.strip("./")}
    if not isinstance(gan, GAN) and (whom := named(gan)).kind != "run":
        found[called(whom)] = slug(f"{whom.path.stem} {whom.function}")
    return found


def _used(everything: Everything) -> tuple[str, ...]:
    """Explainers and measures that have told something."""
    carded = everything.carded
    measured = () if carded is None else tuple(section.name for section in carded.card.sections)
    named_so = (name for name in MEASURES if any(each == name or each.startswith(f"{name} ") for each in measured))
    return (*everything.found, *named_so)


def place_of_report(gan: GAN | str | Path) -> Path:
    """In the folder of a run, by its step; else in the current folder, by its name."""
    if isinstance(gan, GAN):
        return Path(f"{REPORT}.html")
    found = named(gan)
    if found.kind != "run":
        return Path(f"{REPORT}-{called(found)}.html")
    return found.path / (f"{REPORT}.html" if found.step is None else f"{REPORT}-at-{found.step}.html")


def _samples(whole: Collected, asking: Asking) -> tuple[Picture | None, tuple[Missing, ...]]:
    if whole.gan is None:
        return None, ()
    try:
        return shown(whole.gan, seed=asking.seed, command=partial(sampling, whole.name, asking)), ()
    except GanatomyError as error:
        return None, (Missing("the grid of samples", error.said, error.remedy),)


def _limits(asking: Asking) -> str:
    limits = asking.limits or shipped()
    return f"limits of {limits.by}, {limits.date}"


def _provenance(whole: Collected, asking: Asking, started: str) -> dict[str, Any]:
    digests = {} if whole.everything.carded is None else dict(whole.everything.carded.card.provenance.digests)
    here = Provenance.here(seed=asking.seed, digests=digests)
    told = provenance(whole.gan, whole.run, name=whole.name, here=here, earlier=whole.earlier, started=started)
    return _shown(told, asking)


def _shown(told: dict[str, Any], asking: Asking) -> dict[str, Any]:
    return dict(redacted(told)) if asking.redact else told


def _page(out: Path) -> Path:
    """Where both files may be written without loss of anything but an earlier report."""
    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"the report was to be written to {out}", "name an HTML file, as in report.html")
    if out.is_dir():
        raise UsageError(f"{out} is a folder", "name an HTML file in it")
    for file, ours in ((out, is_page), (out.with_suffix(".json"), _is_report)):
        if file.exists() and not ours(file):
            raise UsageError(f"{file}, where the report would go, holds something else", "choose another name: --out")
    require_usable(out.parent)
    return out


def is_page(path: Path) -> bool:
    """Whether it is one of ours, by its mark."""
    try:
        return MARK in path.read_text("utf-8")
    except (OSError, ValueError):
        return False


def _is_report(path: Path) -> bool:
    try:
        written = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(written, dict) and written.get("type") in (Report.__name__, Comparison.__name__)


def _json(told: Record, place: Path) -> Path:
    path = place.with_suffix(".json")
    text = json.dumps(told.to_dict(), indent=1, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")
    return path


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
