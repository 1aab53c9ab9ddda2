"""All that was found as the sections of a report: what each explainer and measure answered, under its question.

    sections(everything)[0].lead

Every section is there. What belongs to it and could not be told stands there with its reason; a section to which
nothing applies says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from posixpath import commonpath, dirname

from ganatomy.report.claims.cells import Evidence
from ganatomy.report.claims.evidence import gathered
from ganatomy.report.facts import QUESTIONS, Missing, Part, Section
from ganatomy.report.figures import figure_of
from ganatomy.report.found import Everything, Found
from ganatomy.report.leads import lead_of
from ganatomy.report.measured import parts_of
from ganatomy.report.places import EXPLAINED, GENERAL, MEASURED, chosen
from ganatomy.results.finding import Finding

MOST_SAID = 6  # sentences of one part


def sections(everything: Everything) -> tuple[Section, ...]:
    read = {name: gathered(found) for name, found in everything.found.items() if found}
    explained = {name: _part(name, everything.found[name], read[name], everything) for name in read}
    carded = everything.carded
    measured = {} if carded is None else parts_of(carded, everything.questions, everything.commands)
    return tuple(_section(key, everything, explained, measured, read) for key in QUESTIONS)


def _section(
    key: str,
    everything: Everything,
    explained: Mapping[str, Part],
    measured: Mapping[str, Part],
    read: Mapping[str, Evidence],
) -> Section:
    measures = MEASURED[key] if key != "theory" or everything.known_density else ()
    parts = (
        *everything.parts.get(key, ()),
        *(_first_seen(explained[name], key) for name in EXPLAINED[key] if name in explained),
        *(measured[name] for name in measures if name in measured),
    )
    names = (*EXPLAINED[key], *measures, *GENERAL.get(key, ()))
    missing = tuple(each for each in everything.missing if each.name in names)
    reason = _reason(key, everything, told=bool(parts or missing))
    if reason is not None:
        missing = (reason,)
        if not parts and not (key == "training" and everything.course is not None):
            return Section(key, reason.said, (), missing)
    return Section(key, lead_of(key, parts, gathered=read, everything=everything), parts, missing)


def _reason(key: str, everything: Everything, *, told: bool) -> Missing | None:
    """The one reason that stands for a whole section: it gives no samples, or nothing was told of it."""
    if everything.why_no_samples and key != "training":
        known = next((each for each in everything.missing if each.said == everything.why_no_samples), None)
        said = f"It gives no samples, so this cannot be told: {everything.why_no_samples.rstrip('.')}."
        return Missing(key, said, "" if known is None else known.remedy)
    return None if told else _not_applying(key, everything)


def _first_seen(part: Part, key: str) -> Part:
    """A part of two sections shows its figures in the first."""
    first = next(section for section in QUESTIONS if part.name in EXPLAINED[section])
    return part if key == first else replace(part, pictures=())


def _part(name: str, found: Sequence[Found], evidence: Evidence, everything: Everything) -> Part:
    command = everything.commands.get(name, "")
    return Part(
        name=name,
        question=everything.questions.get(name, ""),
        said=_said(found),
        claims=evidence.claims,
        tally=evidence.tally,
        pictures=tuple(
            figure_of(each.svg, name=f"{name} {each.name}", said=each.said, source=each.folder, command=command)
            for each in chosen(name, found)
            if each.svg
        ),
        command=command,
        source=_folder(found),
    )


def _said(found: Sequence[Found]) -> tuple[str, ...]:
    """Of what is worth a line; findings are lines of the table, unless there is nothing else."""
    told = [each for each in found if not each.aside]
    said = [each.said for each in told if not isinstance(each.record, Finding)] or [each.said for each in told]
    return tuple(dict.fromkeys(each for each in said if each))[:MOST_SAID]


def _folder(found: Sequence[Found]) -> str:
    """Of one result its own folder, of several the one that holds them."""
    folders = list(dict.fromkeys(each.folder for each in found if each.folder))
    if len(folders) < 2:
        return folders[0] if folders else ""
    try:
        return commonpath([dirname(each) for each in folders])
    except ValueError:  # some are absolute, some are not
        return dirname(folders[0])


def _not_applying(key: str, everything: Everything) -> Missing:
    for applies, said, remedy in WHY.get(key, ()):
        if not applies(everything):
            return Missing(key, said, remedy)
    return Missing(key, "Nothing that answers this was asked.", "Run `ganatomy explain` and `ganatomy evaluate` on it.")


Applies = Callable[[Everything], bool]
NO_CRITIC = (
    "No critic came with this GAN, so none could be asked.",
    "Give its critic beside the generator.",
)
NO_DATA = (
    "No real samples were given, so nothing could be held beside them.",
    "Name the data: --data digits, or --data folder:PATH.",
)
# Why a section may not apply: the first condition that does not hold gives the reason.
WHY: Mapping[str, tuple[tuple[Applies, str, str], ...]] = {
    "samples": ((lambda each: each.has_data, *NO_DATA),),
    "critic": ((lambda each: each.has_critic, *NO_CRITIC), (lambda each: each.has_data, *NO_DATA)),
    "failures": ((lambda each: each.has_data, *NO_DATA),),
    "copying": ((lambda each: each.has_data, *NO_DATA),),
    "quality": ((lambda each: each.has_data, *NO_DATA),),
    "training": (
        (
            lambda each: each.course is not None,
            "No record of its training is known, so how it went cannot be told.",
            "Name the folder of its run, or train it with `ganatomy train`.",
        ),
    ),
    "theory": (
        (
            lambda each: each.known_density,
            "The density of the data is not known, so there is no best critic to hold this one beside.",
            "It is known of worlds: ring8, grid25, moons and spiral.",
        ),
    ),
}
