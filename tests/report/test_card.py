"""The model card says what the report says, invents no number, and no name of a user's becomes Markdown or HTML."""

import dataclasses
import html
import math
import re
from dataclasses import replace

import numpy as np
import pytest
import yaml

from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report.card import card, escaped
from ganatomy.report.claims.cells import Cells, family_of, merged
from ganatomy.report.facts import Answer, Claim, Missing, Part, Report, Section

CLAIMS = (
    Claim(
        "Fréchet distance",
        3.14159,
        Interval(2.8, 3.4, 0.95, "t"),
        0.41,
        "as many real samples",
        "fail",
        "> 5 floor",
        359,
    ),
    Claim("precision", 0.93, None, None, n=359),
    Claim("worst", math.inf, Interval(2.0, math.inf, 0.95, "t"), 1.54),
)
REPORT = Report(
    subject="0001-digits-mlp-s0",
    against="digits, 359 held-out samples",
    about={"networks": "MLP, 53,761 weights", "data": "digits"},
    verdict="fail",
    headline="Do not take its samples for real ones: they are 3.14 away.",
    answers=(
        Answer("Are its samples like real ones?", "1 of 2 readings is beyond.", "fail", CLAIMS[0], "quality"),
        Answer("Did its training end well?", "It was finished.", "pass", None, "training"),
    ),
    samples=None,
    sections=(
        Section("training", "It took 3,500 rounds.", (Part("account", "which phases", ("2 phases",)),)),
        Section("units", "12 of 600 pairs are causes.", (Part("dissection", "q", (), (), "of 600 pairs 12 present"),)),
        Section(
            "quality",
            "It is far off.",
            (Part("distances", "how far", (), CLAIMS),),
            (Missing("groups", "no groups", "x"),),
        ),
    ),
    methods=(),
    limits="ganatomy, 2026-11-22",
    name="runs/0001-digits-mlp-s0",
    provenance={"versions": {"torch": "2.13.0", "python": "3.11.7"}, "seed": 0, "long": "x" * 999},
)
EVIL = (
    "<script>alert(1)</script>",
    "a|b",
    "``` `x` ```",
    "two\n\n# lines",
    "[x](javascript:alert(1))",
    "**bold**",
    "1. one",
)


def head_and_text(written):
    _, head, text = written.split("---\n", 2)
    return yaml.safe_load(head), text


def facts(value):
    """Every number and every text in it, however deep."""
    if dataclasses.is_dataclass(value):
        value = vars(value)
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, tuple | list):
        return [each for inner in value for each in facts(inner)]
    return [value]


def invented(written, report):
    """Numbers of the text, but for its code, that no fact rounds to."""
    _, text = head_and_text(written)
    text = html.unescape(re.sub(r"(`{3,}).*?\1", "", text, flags=re.DOTALL))
    known = facts(report)
    words = " ".join(each for each in known if isinstance(each, str))
    said = set(re.findall(r"\d[\d,.]*", words))
    numbers = [each for each in known if isinstance(each, int | float) and math.isfinite(each)]
    left = []
    for token in re.findall(r"\d[\d,.]*", text):
        if token in said or token.rstrip(".,") in {each.rstrip(".,") for each in said}:
            continue
        plain = token.rstrip(".,")
        half = 0.5 * 10.0 ** -len(plain.partition(".")[2]) + 1e-12
        if not any(abs(abs(each) - float(plain)) <= half for each in numbers):
            left.append(token)
    return left


def test_each_number_is_a_fact_of_the_report():
    assert invented(card(REPORT), REPORT) == []
    assert invented(card(REPORT).replace("3.14 away", "3.99 away"), REPORT) == ["3.99"]


def test_all_headings_stand_and_unknown_is_not_recorded():
    head, text = head_and_text(card(REPORT))
    wanted = (
        "Model details", "Uses", "Bias, risks and limits", "How to get started", "Training", "Evaluation",
        "Interpretability", "Environment",
    )  # fmt: skip
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == list(wanted)
    assert "**license:** not recorded" in text
    assert "license" not in head
    assert "datasets" not in head  # the Hub would take it for a name of its own
    assert "**data:** digits" in text
    assert head["metrics"] == ["Fréchet distance"]
    assert head["library_name"] == "ganatomy"
    bare = replace(REPORT, about={}, against="", sections=(), answers=(), limits="", provenance={})
    head, text = head_and_text(card(bare))
    assert {"license", "metrics"}.isdisjoint(head)
    assert "**data:** not recorded" in text
    assert text.count("ot recorded") >= 7


def test_a_known_license_is_told():
    head, text = head_and_text(card(replace(REPORT, about={"license": "mit"})))
    assert head["license"] == "mit"
    assert "**license:** mit" in text


def test_rows_of_the_table():
    text = card(REPORT)
    assert (
        "| Fréchet distance |  | 3.14 \\[2.80, 3.40\\] | 0.41 (as many real samples) | 359 | ✖ fail | &gt; 5 floor |"
        in text
    )
    assert "2 more readings stand in the report." in text
    assert "| precision |" not in text


def test_where_none_is_judged_the_first_rows_stand():
    parts = (Part("distances", "how far", (), CLAIMS[1:]),)
    text = card(replace(REPORT, sections=(Section("quality", "It is far off.", parts),)))
    assert "| precision |  | 0.93 | not recorded | 359 |  |  |" in text
    assert "| worst |  | inf \\[2, inf\\] | 1.54 |  |  |  |" in text


@pytest.mark.parametrize("codes", [[1] * 40 + [0] * 60, [0] * 50 + [-1] * 50, None])
def test_a_tally_counts_and_tells_of_no_line_that_is_not_there(codes):
    values = np.arange(100.0)
    cells = Cells("effects", lambda at: f"unit {at[0]}", (values,), verdict=None if codes is None else np.array(codes))
    tally = merged([family_of(cells)]).tally
    assert re.search("[sS]hown", tally)
    parts = (Part("dissection", "q", (), (), tally),)
    told = card(replace(REPORT, sections=(Section("units", "Some act.", parts),))).split("**dissection**: ")[1]
    told = told.split("\n")[0]
    assert not re.search("[sS]hown|None is present", told)
    assert told.startswith("100 effects: described" if codes is None else "Of 100 effects tested together ")


def test_what_fails_stands_among_the_limits_and_what_passes_does_not():
    text = card(REPORT).split("## Bias, risks and limits")[1].split("## How")[0]
    assert "Are its samples like real ones?" in text
    assert "Did its training end well?" not in text
    assert "**groups**: no groups" in text


def test_how_to_get_started_has_the_name_that_commands_are_given_or_none():
    text = card(REPORT)
    assert "ganatomy sample runs/0001-digits-mlp-s0\n" in text
    assert "subject('runs/0001-digits-mlp-s0')" in text
    text = card(replace(REPORT, name=""))
    assert "```" not in text
    assert "## How to get started\n\nNot recorded: it has no name" in text


def test_rounding_does_not_hide_a_limit_that_is_missed():
    shown = Claim("7: share over due", 0.718, Interval(0.363, 1.42, 0.995, "t"), 1.0, "", "warn", "passes >= 0.4")
    part = Part("classes", "which", (), (shown,))
    assert "0.72 \\[0.36, 1.42\\]" in card(replace(REPORT, sections=(Section("quality", "", (part,)),)))


def test_long_values_are_left_to_the_report():
    text = card(REPORT)
    assert "**versions.torch:** 2.13.0" in text
    assert "x" * 999 not in text


def everywhere(name):
    claim = replace(CLAIMS[0], what=name, space=name, controlled=name, limit=name)
    part = Part(name, name, (name,), (claim,), name)
    sections = tuple(
        Section(key, name, (part,), (Missing(name, name, name),)) for key in ("training", "units", "quality")
    )
    return replace(
        REPORT, subject=name, name=name, against=name, about={name: name, "data": name, "license": name}, headline=name,
        answers=(Answer(name, name, "fail", claim, "quality"),), sections=sections, limits=name,
        provenance={name: name},
    )  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_names_are_escaped_wherever_they_stand(name):
    head, text = head_and_text(card(everywhere(name)))
    assert head["metrics"] == [name]
    outside = re.sub(r"^(`{3,})\w+\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert "<script" not in outside
    assert not re.search(r"(?<!\\)[\[`]", outside.replace("Value [interval]", ""))
    rows = [line for line in outside.splitlines() if line.startswith("| ")]
    assert len(rows) == 3
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert not any(line.startswith("# lines") for line in outside.splitlines())
    assert not any(re.match(r"\d+\. ", line) for line in outside.splitlines())
    code = re.findall(r"^(`{3,})\w+\n(.*?)^\1$", text, flags=re.DOTALL | re.MULTILINE)
    assert len(code) == 2
    assert all(fence not in name for fence, _ in code)
    compile(code[1][1], "card", "exec")


def test_lines_that_would_begin_something_begin_nothing():
    assert escaped("# a") == "\\# a"
    assert escaped("- a") == "\\- a"
    assert escaped("1. a") == "1\\. a"
    assert escaped("---") == "\\---"
    assert escaped("1.5 a") == "1.5 a"
    assert escaped("-1.5") == "-1.5"
    assert escaped("a\r\n\x0bb") == "a b"


def test_the_same_facts_are_the_same_bytes():
    assert card(REPORT) == card(replace(REPORT))
