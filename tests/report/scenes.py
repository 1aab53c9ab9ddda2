"""Reports made by hand, with every kind of content a page may be given.

report()          # of a GAN with names that are code, long, or in other scripts; with sections of every kind
comparison()      # two of them
bare()            # a report that could tell nothing
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np

from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report.facts import (
    QUESTIONS,
    Answer,
    Claim,
    Comparison,
    Difference,
    Method,
    Missing,
    Part,
    Picture,
    Report,
    Section,
)
from ganatomy.report.figures import figure_of, picture_of

SCRIPT = "<script>alert(1)</script>"
CODE = f"class \"{SCRIPT}\" & 'co' --><!-- ]]> {{{{ 7*7 }}}}"
LONG = "convolution_block_" * 12 + "end"
ABROAD = "数字 ０ · עברית · ελληνικά · ﷽ · é"


def svg(marks: int = 4, *, width: int = 480, height: int = 200) -> str:
    """A drawing of dots in Matplotlib's manner."""
    uses = "".join(
        f'<g clip-path="url(#p1)"><use xlink:href="#m1" x="{10.123456 + 460.0 * i / marks}" y="{20.5 + (i * 37) % 150}"'
        ' style="fill: #1f77b4; stroke: #1f77b4"/></g>\n'
        for i in range(marks)
    )
    return f"""<?xml version="1.0" encoding="utf-8" standalone="no"?>
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="{width * 0.75}pt" height="{height * 0.75}pt"
 viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" version="1.1">
 <metadata>made by hand</metadata><!-- a comment -->
 <defs><style type="text/css">*{{stroke-linejoin: round}}</style></defs>
 <g id="figure_1"><path id="m1" d="M 0 3.000001 \nL 3 0 \nL -3 -0.0001 \nz\n"/>
 <clipPath id="p1"><rect x="0" y="0" width="{width}" height="{height}"/></clipPath>
 {uses}<text x="12.3456" y="190" transform="rotate(-0 12.3 190)" style="font-size: 12px">{width} by  {height}</text>
 </g></svg>"""


def pixels(height: int, width: int, *, seed: int = 0) -> np.ndarray:
    """Blocks of grey from nothing but their place."""
    rows, columns = np.mgrid[0:height, 0:width]
    level = ((rows // 8 * 61 + columns // 8 * 37 + seed * 11 + (rows * columns) % 7 * 20) % 256).astype(np.uint8)
    return np.repeat(level[..., None], 3, axis=2)


@cache
def figure(name: str, *, marks: int = 4, width: int = 480) -> Picture:
    said = f"{name}: unit 3 moves the slant most, by 0.41 [0.32, 0.5]; random units move it by 0.05"
    return figure_of(svg(marks, width=width), name=name, said=said, source=f"findings/{name}")


@cache
def samples(seed: int = 0) -> Picture:
    said = "64 samples, addresses 0 to 63 of seed 0, none left out"
    return picture_of(pixels(137, 137, seed=seed), name="samples", said=said, command="ganatomy sample RUN --seed 0")


def many(count: int) -> tuple[Claim, ...]:
    """Effects of units on one concept, read in one way."""
    verdicts = ("present", "undetermined", "absent")
    return tuple(
        Claim(
            f"unit hidden2.act:{place} moves ‘stroke width’",
            effect := round(0.5 - place * 0.004, 3),
            Interval(round(effect - 0.03 - place % 5 * 0.02, 3), round(effect + 0.06, 3), 0.95, "t"),
            0.02,
            "99 random units of the same activation",
            verdicts[min(2, place * 3 // count)],
            n=2048,
            method="the unit is set to 0 in both halves of every pair",
            space="pictures",
        )
        for place in range(count)
    )


def odd() -> tuple[Claim, ...]:
    """Names and numbers that break careless pages."""
    return (
        Claim(CODE, 1.5, Interval(1.2, 1.9, 0.95, "Wilson"), 0.2, SCRIPT, "fail", SCRIPT, 10, SCRIPT, SCRIPT, "low"),
        Claim(LONG, math.nan, Interval(math.nan, math.nan, 0.95, "none"), None, "", None, "", None, "a count"),
        Claim(ABROAD, math.inf, Interval(3.0, math.inf, 0.95, "exact"), -math.inf, "nothing", "undetermined", n=0),
        Claim("below zero", -0.0123, Interval(-math.inf, 0.002, 0.9, "one-sided"), 0.0, "chance", "absent", n=1234567),
        Claim("a count without more", 7.0),
        Claim("a tie", 2.0, Interval(2.0, 2.0, 0.95, "exact"), 2.0, "the same", "warn", "<= 2", 5),
        Claim("very small", 3.2e-9, Interval(1.1e-9, 8e-9, 0.95, "t"), 0.0, "chance", "pass", n=100, better="low"),
    )


def _parts() -> dict[str, tuple[Part, ...]]:
    make = "ganatomy explain {} runs/0001-digits-mlp-s0"
    return {
        "samples": (
            Part(
                "samples", "What do more of them look like?", ("None was chosen by hand.",), pictures=(figure("sheet"),)
            ),
        ),
        "training": (Part("account", "Which phases did training have?", ("Three phases were told apart.",), many(3)),),
        "units": (
            Part(
                "dissection",
                "Which units draw what?",
                ("Of 600 effects tested together 15 are present.", f"The strongest draws {CODE}."),
                many(40),
                "Of 600 effects 15 are present, 400 absent, 185 undetermined; the 40 largest are shown.",
                (figure("dissection-effects", marks=60, width=900), figure("dissection-labels")),
                make.format("dissection"),
                "findings/dissection-hidden2.act",
            ),
            Part("sets", "", (), odd(), source="findings/sets"),
        ),
        "critic": (Part("cues", "Which changes move its score?", (), many(1), command=make.format("cues")),),
        "quality": (Part("distances", "How far are its samples from real ones?", ("Near.",), odd()[:1] + many(2)),),
    }


def sections() -> tuple[Section, ...]:
    """Each question: some answered, some with reasons why not, one with neither."""
    parts, reasons = _parts(), {"critic": 2, "copying": 1, "failures": 3}
    leads = {"directions": "", "theory": f"Its density is not known: {SCRIPT}"}
    return tuple(
        Section(
            key,
            leads.get(key, f"What is known of this, in a sentence or two: {len(parts.get(key, ()))} parts tell it."),
            parts.get(key, ()),
            tuple(
                Missing(f"measure {i} {SCRIPT}", "there were 12 samples, it needs 100", "give --data with more files")
                for i in range(reasons.get(key, 0))
            ),
        )
        for key in QUESTIONS
    )


def answers() -> tuple[Answer, ...]:
    far = Claim("Fréchet distance", 0.0344, Interval(0.0239, 0.0448, 0.95, "jackknife"), 0.0095, "real samples", "warn")
    copies = Claim(
        "share of copies", 0.121, Interval(0.09, 0.153, 0.95, "Wilson"), 0.0, "none among real", "fail", n=500
    )
    gap = (
        "in one of two spaces they are told apart from real ones, by a distance of 0.034 where real samples have 0.009"
    )
    return (
        Answer("Are its samples like real ones?", f"Of 7 readings 1 misses its limit: {gap}", "warn", far, "quality"),
        Answer("Is anything missing?", f"All 10 classes occur; {SCRIPT} is rare", "pass", odd()[6], "quality"),
        Answer(
            "Does it repeat training samples?",
            "12 of 100 samples are copies of a training sample",
            "fail",
            copies,
            "copying",
        ),
        Answer(
            "Did its training end well?", "It ended after 3,500 rounds, and no alarm stands", "pass", None, "training"
        ),
        Answer(
            "May its critic's score be believed?",
            "It ranks real above generated, but is no probability",
            "warn",
            odd()[0],
            "critic",
        ),
        Answer(
            "Is it known what its units and directions do?",
            "Of 600 effects tested together 15 are present, more than among random units",
            None,
            many(1)[0],
            "units",
        ),
    )


def provenance(machine: str = "a desk") -> dict[str, object]:
    return {
        "made": "2026-11-22T04:30:00+00:00",
        "command": f"ganatomy report runs/0001 {CODE}",
        "versions": {"ganatomy": "0.1", "torch": "2.13"},
        "machine": {"platform": machine, "threads": 1, "load": math.nan},
        "seed": 0,
    }


def report(subject: str = "0001-digits-mlp-s0", *, machine: str = "a desk") -> Report:
    return Report(
        subject=subject,
        against="digits, 1,437 real samples of 8 by 8",
        about={
            "generator": "mlp, 78,848 weights",
            "latent": "normal of 64",
            "samples": "pictures of 1 by 8 by 8",
            "classes": f"0, 1, {SCRIPT}",
            "trained for": "3,500 rounds",
        },
        verdict="fail",
        headline="Do not rely on its samples: 12 of 100 repeat a training sample [9, 15], and no real ones do",
        answers=answers(),
        samples=samples(len(subject)),
        sections=sections(),
        methods=(
            Method(
                "dissection",
                "A unit is set to 0 and the change is measured.",
                "Bau et al. 2019, https://arxiv.org/abs/1811.10597.",
            ),
            Method(f"cues {SCRIPT}", "Pictures are changed in one thing.", 'javascript:alert(1) https://x.y/"onload=z'),
            Method("counting", "Samples are counted."),
        ),
        limits="Judged by the limits of ganatomy, 2026-11-22",
        provenance=provenance(machine),
    )


def bare() -> Report:
    """Nothing could be told."""
    sections = tuple(Section(key, "") for key in QUESTIONS)
    return Report("x", "", {}, None, "It cannot be said", (), None, sections, (), "", {})


def comparison(*, machine: str = "a desk") -> Comparison:
    a, b = report(machine=machine), report(f"0002-{LONG}", machine=machine)
    b = replace(
        b, verdict="pass", sections=tuple(replace(s, parts=s.parts[:1]) for s in b.sections if s.key != "theory")
    )
    near = [
        ("A", -0.4, 0.1),
        ("B", 0.3, 0.2),
        ("not told apart", 0.02, 0.2),
        ("apart", 2.0, 0.3),
        (None, math.inf, 0.0),
    ]
    differences = tuple(
        Difference(
            f"Fréchet distance {place} {SCRIPT if place == 1 else ''}".strip(),
            key,
            odd()[0],
            many(1)[0],
            effect,
            Interval(effect - half, effect + half, 0.95, "MOVER") if half else None,
            verdict,
        )
        for key in ("quality", "units")
        for place, (verdict, effect, half) in enumerate(near * (3 if key == "units" else 1))
    )
    unlike = (Missing("classes", f"only A was trained on {SCRIPT}", "evaluate B on the same data"),)
    return Comparison(a, b, "Of 5 readings compared A is better in 1, B in 1", differences, unlike, provenance(machine))
