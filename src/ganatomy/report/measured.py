"""A scorecard as parts of a report: each measure one part, its spaces together, each number beside its floor.

parts_of(everything.carded, {"copies": "Does it repeat training samples?"}, {"copies": "ganatomy evaluate ..."})
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from ganatomy.evaluate.scorecard.card import Scorecard
from ganatomy.evaluate.scorecard.card import Section as Scored
from ganatomy.report.claims.told import of_measurement
from ganatomy.report.facts import Claim, Part, Picture
from ganatomy.report.figures import figure_of
from ganatomy.report.found import Carded
from ganatomy.report.places import MOST_FIGURES, measure_of
from ganatomy.results.measurement import Measurement

# What a floor is: by measure and name, the first that fits.
FLOORS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "distances": (
        ("two-sample accuracy", "guessing"),
        ("*less its bias", "no distance"),
        ("KID", "no distance"),
        ("RBF-MMD", "no distance"),
        ("*", "as many real samples"),
    ),
    "agreement": (("*", "a space that answers to nothing"),),
    "neighbours": (("*", "as many other real samples"),),
    "diversity": (("*", "as many real samples"),),
    "classes": (("*share over due", "what is due"), ("IS*", "samples of no clear class")),
    "groups": (("*share over due", "what is due"),),
    "modes": (("modes hit*", "as many samples of the world"),),
    "smoothness": (
        ("path length, relative spread", "the spread of the random noises alone"),
        ("path length", "a constant for rounding"),
        ("*", "rounding alone"),
    ),
    "copies": (("*", "no copying"),),
    "membership": (("*", "names of members dealt out at random"),),
    "usefulness": (("gap to real", "no gap"), ("trained on *", "trained on shuffled labels")),
    "samples": (("*", "held-out real samples"),),
    "worst": (("not finite*", "no such sample"), ("outside the range", "no such sample"), ("*", "real samples")),
    "off-prior": (("*how bad", "real samples"),),
    "unwanted": (("*", "real samples"),),
    "stability": (("*", "what agrees by chance"),),
    "seeds": (
        ("collapse rate", "no run collapses"),
        ("*mean over seeds", "mean floor of the runs"),
        ("*sd*", "errors of the measurements alone"),
    ),
}
RANKS = {"fail": 0, "warn": 1}


def parts_of(carded: Carded, questions: Mapping[str, str], commands: Mapping[str, str]) -> dict[str, Part]:
    """By the names of measures, in the order of the card."""
    sections: dict[str, list[Scored]] = {}
    for section in carded.card.sections:
        sections.setdefault(measure_of(section.name), []).append(section)
    return {
        name: Part(
            name=name,
            question=questions.get(name, ""),
            said=tuple(dict.fromkeys(each.said for each in own if each.said)),
            claims=_claims(name, own, carded.card),
            pictures=_pictures(own, carded, commands.get(name, "")),
            command=commands.get(name, ""),
            source=carded.folder,
        )
        for name, own in sections.items()
    }


def _claims(name: str, sections: list[Scored], card: Scorecard) -> tuple[Claim, ...]:
    """What fails comes first, then what warns; else as on the card."""
    found = [_claim(measured, name, section, card) for section in sections for measured in section.measured]
    return tuple(sorted(found, key=lambda each: RANKS.get(each.verdict or "", 2)))


def _claim(measured: Measurement, name: str, section: Scored, card: Scorecard) -> Claim:
    """Names that several sections share, without a space to tell them apart, carry the section's."""
    limit, verdict = card.limits.of(measured), card.limits.verdict(measured)
    bound = "" if limit is None else f"passes {limit.passes}, fails {limit.fails}"
    told = of_measurement(measured, floor_of(name, measured.name))
    kin = section.name.removeprefix(name).strip()
    what = told.what if told.space or not kin or name == "seeds" else f"{told.what} ({kin})"
    return Claim(**{**vars(told), "what": what, "verdict": verdict, "limit": bound})


def floor_of(measure: str, name: str) -> str:
    return next((said for pattern, said in FLOORS.get(measure, ()) if fnmatchcase(name, pattern)), "")


def _pictures(sections: list[Scored], carded: Carded, command: str) -> tuple[Picture, ...]:
    drawn = [each for each in sections if carded.svgs.get(each.name)]
    return tuple(
        figure_of(
            carded.svgs[each.name],
            name=each.name,
            said=each.said or each.title,
            source=carded.folder,
            command=command,
        )
        for each in drawn[:MOST_FIGURES]
    )
