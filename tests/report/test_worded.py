"""Words of a page: sentences, names that are cut, signs that hide, what is heard of a figure, what a verdict says."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from report import scenes

from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report import worded
from ganatomy.report.facts import Claim, Missing, Part, Section
from ganatomy.report.page import page
from ganatomy.report.shown import limited

TURNED = "a\u202eb\u2066c\x07d\x9be\ud800"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("there were 12", "There were 12."),
        ("two-sample accuracy is 0.6", "Two-sample accuracy is 0.6."),
        ("--data digits", "--data digits."),
        ("ganatomy train x", "ganatomy train x."),
        ("hidden2.act:3 moves it", "hidden2.act:3 moves it."),
        ("is it so?", "Is it so?"),
        ("", ""),
    ],
)
def test_sentences_begin_with_a_capital_and_end_with_a_stop(text: str, told: str) -> None:
    assert worded.sentence(text) == told


def test_reasons_and_remedies_are_sentences() -> None:
    section = Section("theory", "none", (), (Missing("field", "no density is known", "name a world"),))
    assert 'No density is known. <span class="remedy">Name a world.</span>' in page(
        replace(scenes.bare(), sections=(section,))
    )


def test_signs_that_turn_or_hide_text_are_made_visible_everywhere() -> None:
    answers = tuple(replace(each, said=TURNED, more=TURNED) for each in scenes.answers())
    claim = Claim(TURNED, 1.0, None, 2.0, TURNED, "fail", TURNED, method=TURNED, space=TURNED)
    part = Part(TURNED, TURNED, (TURNED,), (claim, claim), TURNED, (scenes.figure(TURNED),), TURNED, TURNED)
    section = Section("units", TURNED, (part,), (Missing(TURNED, TURNED, TURNED),))
    report = replace(
        scenes.report(TURNED), answers=answers, about={TURNED: TURNED}, sections=(section,), provenance={"x": TURNED}
    )
    text = page(report)
    assert not worded.UNSEEN.search(text)
    assert "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd" in text
    kept = re.search(r'id="ganatomy-provenance">(.*?)</script>', text, re.DOTALL)
    assert kept
    assert json.loads(kept[1]) == {"x": TURNED}


def test_long_names_are_cut_on_the_first_screen_and_whole_in_a_title() -> None:
    name, classes = "n" * 500, ", ".join(f"class {i}" for i in range(40))
    text = page(replace(scenes.report(name), about={"classes": classes, "data": name}))
    first = text[text.index('<section class="first"') : text.index('<div class="columns">')]
    assert f">{'n' * 119}…</span>" in first
    assert f'title="{name}"' in first
    assert "class 11 and 28 more</dd>" in first
    assert f'title="{classes}"' in first


def test_only_a_limit_is_called_one_and_minus_signs_are_true() -> None:
    claim = Claim("a", -1.0, verdict="warn", limit="<= -0.5")
    assert limited(claim) == "limit: <= −0.5"
    assert limited(replace(claim, verdict="absent", limit="p 1e-05, not two-sided")) == "p 1e-05, not two-sided"
    assert limited(replace(claim, limit="")) == ""


def test_a_figure_without_a_finding_tells_the_first_of_its_part() -> None:
    claim = Claim("unit 3 moves 'width'", 0.41, Interval(0.32, 0.5, 0.95, "t"), 0.05, "random units", "present")
    figure = replace(scenes.figure("strips"), said="the same as strips", alt="the same as strips")
    part = Part("units", "", claims=(claim,), pictures=(figure,))
    assert worded.heard(figure, part) == (
        "the same as strips. unit 3 moves 'width': 0.41 [0.32, 0.50], beside 0.05; present."
    )
    assert worded.heard(figure) == "the same as strips"
    found = replace(figure, said="It moves by 0.4.", alt="It moves by 0.4.")
    assert worded.heard(found, part) == "It moves by 0.4."
    later = replace(figure, said="hidden1: 1000 samples. 0 of 128 units are dead. More.", alt="hidden1: 1000 samples.")
    assert worded.heard(later, part) == "0 of 128 units are dead."


def test_no_term_without_a_description_and_long_values_are_folded() -> None:
    more = (replace(scenes.answers()[0], more="because"), *scenes.answers()[1:])
    text = page(replace(scenes.report(), answers=more, provenance={"recipe": "name: a\nseed: 0\n", "seed": 0}))
    behind = text[text.index('<details class="behind">') :]
    assert behind[: behind.index("</details>")].count("<dt>") == 1
    assert "<summary>name: a</summary><pre>name: a\nseed: 0\n</pre>" in text
    assert "What stands behind" not in page(scenes.report())


def test_a_drawing_too_wide_for_its_letters_scrolls_and_small_letters_are_enlarged() -> None:
    def drawn(width: int) -> str:
        part = Part("maps", "", pictures=(scenes.figure("map", width=width),))
        return page(replace(scenes.report(), sections=(Section("units", "", (part,)),)))

    assert 'class="paper wide" tabindex="0"' in drawn(2000)
    assert "--least:1417px" in drawn(2000)
    assert "paper wide" not in drawn(800)
