"""A model card in Markdown with a head in YAML, as Hugging Face reads it, from the facts of a report alone.

    card(report)            # "---\nlibrary_name: ganatomy\n...", "# Model card: 0001-digits-mlp-s0", ...

What no fact says is "not recorded". Names that users gave are written so that no Markdown and no HTML comes of them.
"""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ganatomy.report.answered.words import places, valued
from ganatomy.report.claims.cells import counts_of
from ganatomy.report.facts import Answer, Claim, Report, Section

NOTHING = "not recorded"
ICONS: Mapping[str | None, str] = {"pass": "✔ pass", "warn": "▲ warn", "fail": "✖ fail", None: "– not judged"}
MEASURED = ("quality", "copying", "failures")
OPENED = ("units", "directions", "critic", "theory")
COLUMNS = ("Reading", "Space", "Value [interval]", "Where nothing is to be seen", "n", "Verdict", "Limit")
MARKS = re.compile(r"([\\`*_\[\]|~$])")
FIRST = re.compile(r"^(#+(?=\s|$)|[-+](?=\s|$)|[-=]{2,}|\d+(?=[.)](?:\s|$)))")  # of a heading, a list or a rule
FEW = 6  # readings of a section that none of them is judged in
ASIDE = re.compile(r"^results|(^|\.)(type|made|started|command|machine|notes)(\.|$)")  # of the environment
LONGEST = 300  # letters of a value in the environment


def card(report: Report) -> str:
    """The same bytes for the same facts."""
    parts = [
        _head(report),
        f"# Model card: {escaped(report.subject)}",
        escaped(report.headline),
        *_details(report),
        *_uses(report),
        *_limits(report),
        *_start(report),
        *_training(report),
        *_evaluation(report),
        *_opened(report),
        *_environment(report),
    ]
    return "\n\n".join(parts) + "\n"


def escaped(text: object) -> str:
    """One line of plain text, whatever is in it."""
    plain = " ".join(str(text).split())
    marked = MARKS.sub(r"\\\1", html.escape(plain, quote=False))
    return FIRST.sub(lambda found: f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}", marked)


def _head(report: Report) -> str:
    """Without `datasets`: the Hub reads names of its own there, and ours mean something else."""
    import yaml

    head: dict[str, object] = {"library_name": "ganatomy", "tags": ["pytorch", "gan", "generative-adversarial-network"]}
    license_ = _about(report, "license", "licence")
    head |= {"license": license_} if license_ else {}
    names = [
        claim.what.rpartition(": ")[2] for section in _chosen(report, MEASURED) for claim in _shown(_claims(section))
    ]
    head |= {"metrics": list(dict.fromkeys(names))} if names else {}
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---"


def _about(report: Report, *names: str) -> str:
    return next((str(value) for key, value in report.about.items() if key.lower() in names), "")


def _details(report: Report) -> Iterator[str]:
    yield "## Model details"
    wanted = (("data", "data set", "trained on"), ("license", "licence"))
    rows = [*report.about.items(), *((names[0], NOTHING) for names in wanted if not _about(report, *names))]
    yield _list(f"**{escaped(key)}:** {escaped(value) or NOTHING}" for key, value in rows)


def _uses(report: Report) -> Iterator[str]:
    yield "## Uses"
    yield f"What it is meant for: {NOTHING}."
    good = [each for each in report.answers if each.verdict == "pass"]
    yield _list(map(_answer, good)) if good else "Nothing that was asked of it has passed."


def _answer(answer: Answer) -> str:
    return f"**{escaped(answer.question)}** {ICONS[answer.verdict]}. {escaped(answer.said)}"


def _limits(report: Report) -> Iterator[str]:
    """What fails, is in doubt or is not judged, then what could not be told."""
    yield "## Bias, risks and limits"
    bad = [each for each in report.answers if each.verdict != "pass"]
    yield _list(map(_answer, bad)) if bad else "Every question that was asked of it has passed."
    missing = [each for section in report.sections for each in section.missing]
    if missing:
        yield "Not told, and why:"
        yield _list(f"**{escaped(each.name)}**: {escaped(each.said)}" for each in missing)
    yield f"Bias towards or against groups of people: {NOTHING}, but for what is said above of classes and groups."
    yield f"Limits that these verdicts hang on: {escaped(report.limits) or NOTHING}"


def _start(report: Report) -> Iterator[str]:
    """Names are quoted for the shell and for Python; a fence is longer than any that a name may hold."""
    yield "## How to get started"
    if not report.name:
        yield f"{NOTHING.capitalize()}: it has no name that it could be loaded by."
        return
    name = " ".join(report.name.split())
    lines = (
        (f"ganatomy sample {shlex.quote(name)}",),
        (
            "from ganatomy.verbs.subject import subject",
            f"gan = subject({name!r})",
            "samples = gan.sample(seed=0, indices=range(64))",
        ),
    )
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", name)), default=0))
    for language, code in zip(("shell", "python"), lines, strict=True):
        yield "\n".join([fence + language, *code, fence])


def _training(report: Report) -> Iterator[str]:
    yield "## Training"
    yield from _sections(report, ("training",))


def _evaluation(report: Report) -> Iterator[str]:
    yield "## Evaluation"
    yield f"Held against: {escaped(report.against) or NOTHING}"
    sections = _chosen(report, MEASURED)
    if not any(_claims(section) for section in sections):
        yield f"Measurements: {NOTHING}"
    for section in sections:
        claims = _claims(section)
        if claims:
            yield f"### {escaped(section.question)}"
            yield escaped(section.lead)
            shown = _shown(claims)
            yield _table(COLUMNS, map(_row, shown))
            if len(claims) > len(shown):
                yield f"{len(claims) - len(shown)} more readings stand in the report."


def _shown(claims: Sequence[Claim]) -> Sequence[Claim]:
    """Those that are judged under a limit, or else the first few."""
    return [claim for claim in claims if claim.verdict in ("pass", "warn", "fail")] or claims[:FEW]


def _row(claim: Claim) -> tuple[str, ...]:
    beside = "" if claim.control is None else valued(claim.control)
    if beside and claim.controlled:
        beside += f" ({claim.controlled})"
    verdict = claim.verdict or ""
    return (
        claim.what,
        claim.space,
        valued(claim.effect, claim.interval, beside=places(claim)),
        beside or NOTHING,
        "" if claim.n is None else str(claim.n),
        ICONS.get(verdict, verdict) if verdict else "",
        claim.limit,
    )


def _opened(report: Report) -> Iterator[str]:
    yield "## Interpretability"
    yield from _sections(report, OPENED)


def _sections(report: Report, keys: tuple[str, ...]) -> Iterator[str]:
    """The answer of each, and of each part how many of its claims hold; it shows none of them."""
    sections = _chosen(report, keys)
    if not sections:
        yield NOTHING.capitalize()
    for section in sections:
        yield f"### {escaped(section.question)}"
        yield escaped(section.lead) or NOTHING.capitalize()
        told = [(part.name, counts) for part in section.parts if (counts := counts_of(part.tally))]
        if told:
            yield _list(f"**{escaped(name)}**: {escaped(counts)}" for name, counts in told)


def _environment(report: Report) -> Iterator[str]:
    yield "## Environment"
    told = _flat(report.provenance)
    rows = [(key, value) for key, value in told if len(str(value)) <= LONGEST and not ASIDE.search(key)]
    yield _list(f"**{escaped(key)}:** {escaped(value)}" for key, value in rows) if rows else NOTHING.capitalize()


def _flat(given: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in given.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, tuple | list):
            yield f"{before}{key}", ", ".join(map(str, value))
        elif value not in (None, ""):
            yield f"{before}{key}", value


def _chosen(report: Report, keys: tuple[str, ...]) -> list[Section]:
    return [section for section in report.sections if section.key in keys]


def _claims(section: Section) -> list[Claim]:
    return [claim for part in section.parts for claim in part.claims]


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    ruled = ("---",) * len(head)
    return "\n".join(
        "| " + " | ".join(row) + " |" for row in (head, ruled, *(tuple(map(escaped, row)) for row in rows))
    )
