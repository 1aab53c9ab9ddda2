"""The page as text: escaped, deterministic, small, with one heading order, ids of its own and no address but data."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from report import scenes

from ganatomy.numerics.statistics.interval import Interval
from ganatomy.report import shown
from ganatomy.report.facts import Claim, Comparison, Report
from ganatomy.report.fitting import fitted
from ganatomy.report.page import SHEETS, page, page_of_two

VOID = {"meta", "link", "img", "br", "circle", "path", "input"}
BEGIN, END = "<!-- provenance -->", "<!-- end of provenance -->"


class Read(HTMLParser):
    """Tags with their attributes, text, and whether all that was opened was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module", params=["one", "two", "bare"])
def text(request: pytest.FixtureRequest) -> str:
    made = {
        "one": lambda: page(scenes.report()),
        "two": lambda: page_of_two(scenes.comparison()),
        "bare": lambda: page(scenes.bare()),
    }
    return made[request.param]()


def test_it_is_well_formed_with_one_title_one_h1_and_no_heading_left_out(text: str) -> None:
    read = Read(text)
    names = [tag for tag, _ in read.tags]
    assert names.count("title") == names.count("h1") == names.count("main") == names.count("nav") == 1
    levels = [int(tag[1]) for tag in names if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert dict(read.tags)["html"] == {"lang": "en"}
    assert all(given.get("id") for tag, given in read.tags if re.fullmatch(r"h[1-6]", tag))


def test_ids_are_unique_and_links_lead_somewhere(text: str) -> None:
    read = Read(text)
    ids = [given["id"] for _, given in read.tags if "id" in given]
    assert len(ids) == len(set(ids))
    inner = [given["href"][1:] for tag, given in read.tags if tag == "a" and (given["href"] or "").startswith("#")]
    assert inner
    assert set(inner) <= set(ids)


def test_no_address_but_data_and_references(text: str) -> None:
    for tag, given in Read(text).tags:
        for name in ("src", "href", "srcset", "action", "data"):
            value = given.get(name) or ""
            assert (
                not value
                or value.startswith(("data:", "#"))
                or (tag == "a" and given.get("rel") == "noreferrer" and value.startswith("https://"))
            ), value
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in text or "default-src &#39;none&#39;" in text


def test_nothing_a_user_can_name_becomes_code(text: str) -> None:
    read = Read(text)
    assert sum(tag == "script" for tag, _ in read.tags) == 2
    assert not any(name.startswith("on") for _, given in read.tags for name in given)
    assert scenes.SCRIPT not in text
    assert text.count(BEGIN) == text.count(END) == 1


def test_what_a_user_named_is_shown_as_it_is() -> None:
    words = "".join(Read(page(scenes.report())).words)
    for name in (scenes.CODE, scenes.LONG, scenes.ABROAD):
        assert name in words


def test_pictures_say_what_was_found_and_how_large_they_are(text: str) -> None:
    images = [given for tag, given in Read(text).tags if tag == "img"]
    for each in images:
        assert len(each["alt"] or "") > 10
        assert int(each["width"] or 0) * int(each["height"] or 0) > 0
        assert each["decoding"] == "async"
        assert each["loading"] in ("lazy", "eager")


def test_tables_have_captions_and_scopes_and_scroll_by_key(text: str) -> None:
    read = Read(text)
    names = [tag for tag, _ in read.tags]
    assert names.count("table") == names.count("caption")
    assert all(given.get("scope") in ("row", "col") for tag, given in read.tags if tag == "th")
    regions = [given for _, given in read.tags if given.get("class") == "scroll"]
    assert regions
    assert all(given["tabindex"] == "0" and given["aria-label"] for given in regions)
    labels = [given["aria-label"] for given in regions]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("make", [scenes.report, scenes.comparison])
def test_two_equal_ones_differ_in_provenance_alone(make: type) -> None:
    write = page if make is scenes.report else page_of_two
    one, same, other = write(make()), write(make()), write(make(machine="another <b>desk</b>"))
    assert one == same
    assert one != other

    def without(text: str) -> str:
        return text[: text.index(BEGIN)] + text[text.index(END) :]

    assert without(one) == without(other)


def test_provenance_can_be_read_by_a_machine() -> None:
    text = page(scenes.report())
    found = re.search(r'<script type="application/json" id="ganatomy-provenance">(.*?)</script>', text, re.S)
    assert found
    assert "<" not in found[1]
    kept = json.loads(found[1])
    assert kept["command"] == scenes.provenance()["command"]
    assert kept["machine"]["load"] == {"float": "nan"}


def test_the_script_is_small_and_the_page_without_pictures_too() -> None:
    assert len((SHEETS / "script.js").read_bytes()) <= 15_000
    assert len(page(scenes.bare()).encode()) <= 40_000


def test_it_says_what_is_missing_and_why() -> None:
    words = re.sub(r"\s+", " ", "".join(Read(page(scenes.report())).words))
    assert "Not told: measure 0 <script>alert(1)</script>. There were 12 samples, it needs 100." in words
    assert "Give --data with more files." in words
    assert "Nothing is told of this." in words


@pytest.mark.parametrize("count", [1, 12, 13, 200])
def test_long_tables_fold_their_rest(count: int) -> None:
    table = shown.laid_out(scenes.many(count))
    assert len(table.first) == min(count, 12)
    assert len(table.first) + len(table.rest) == count


def test_columns_that_say_nothing_are_left_out() -> None:
    assert shown.laid_out([Claim("a", 1.0), Claim("b", 2.0)]).columns == frozenset()
    assert shown.laid_out([Claim("a", 1.0), Claim("b", 2.0, n=3)]).columns == {"n"}
    assert shown.laid_out(scenes.many(2)).columns == {"interval", "bar", "control", "verdict", "n"}


def test_numbers_are_rounded_as_their_interval_bears() -> None:
    assert shown.told(Claim("a", 0.12345, Interval(0.1, 0.2, 0.95, ""))) == ("0.12", "[0.10, 0.20]")
    assert shown.told(Claim("a", -1.5, Interval(-math.inf, 2.0, 0.95, ""))) == ("−1.5", "[−∞, 2]")
    assert shown.told(Claim("a", math.nan)) == ("no number", "")
    assert shown.told(Claim("a", 3e-9, Interval(1e-9, 5e-9, 0.95, ""))) == ("3.00e-09", "[1.00e-09, 5.00e-09]")


def test_a_bar_places_the_effect_its_interval_and_the_control_on_one_line() -> None:
    drawn = shown.bar(Claim("a", 5.0, Interval(4.0, 8.0, 0.95, ""), 2.0), scale=(0.0, 10.0))
    assert drawn == shown.Bar(at=50.0, low=40.0, high=80.0, control=20.0)
    beyond = shown.bar(Claim("a", 5.0, Interval(-math.inf, math.inf, 0.95, ""), 0.0), scale=(-10.0, 10.0))
    assert beyond == shown.Bar(at=75.0, low=0.0, high=100.0, control=50.0, open_low=True, open_high=True)
    assert shown.bar(Claim("a", 5.0)) is None
    assert shown.bar(Claim("a", math.inf, None, 1.0)) is None


def test_rows_share_a_scale_only_where_they_share_method_and_space() -> None:
    assert shown.laid_out(scenes.many(3)).scale
    assert not shown.laid_out(scenes.odd()).scale


def pictures(report: Report) -> list[str]:
    return [picture.name for section in report.sections for part in section.parts for picture in part.pictures]


def test_a_report_that_fits_stays_as_it_was() -> None:
    report = scenes.report()
    assert fitted(report, 10**7) is report


def test_the_largest_of_those_that_are_not_first_goes_before_the_others() -> None:
    report = scenes.report()
    part = report.section("units").parts[0]
    heavy = replace(part, pictures=(*part.pictures, scenes.figure("heaviest", marks=900)))
    units = replace(report.section("units"), parts=(heavy,))
    report = replace(report, sections=tuple(units if each.key == "units" else each for each in report.sections))
    size = len(page(report).encode())
    small = fitted(report, size - 1000)
    assert pictures(small) == ["sheet", "dissection-effects", "dissection-labels"]
    assert "1 figure was left out" in small.section("units").parts[0].tally
    assert "findings/heaviest" in small.section("units").parts[0].tally
    assert len(page(small).encode()) <= size - 1000


def test_the_first_pictures_go_last_and_from_the_end_and_the_samples_never() -> None:
    report = scenes.report()
    none = fitted(report, 1)
    assert pictures(none) == []
    assert none.samples == report.samples
    size = len(page(none).encode())
    assert pictures(fitted(report, size + 3000)) == ["sheet"]


def test_a_comparison_is_made_to_fit_too() -> None:
    two = scenes.comparison()
    small = fitted(two, 1)
    assert isinstance(small, Comparison)
    assert pictures(small.a) == pictures(small.b) == []
    assert len(page_of_two(small)) < len(page_of_two(two))
