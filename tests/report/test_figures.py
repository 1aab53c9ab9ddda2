"""Figures of a report: the same drawing in fewer bytes, pixels without loss, errors for what is no drawing."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from report import scenes

from ganatomy.errors import UsageError
from ganatomy.report.figures import figure_of, picture_of
from ganatomy.report.minified import minified, short

PIXEL = "iVBORw0KGgo 1.23456789\nAAAA0.00012345"


def wrapped(inner: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{inner}</svg>'


def test_a_drawing_is_smaller_and_keeps_its_shapes_size_and_words() -> None:
    svg = scenes.svg(40)
    made = figure_of(svg, name="n", said="s", source="f")
    text = made.data.decode()
    assert len(text) < len(svg) / 2
    assert (made.width, made.height, made.alt, made.source) == (480, 200, "s", "f")
    root = ElementTree.fromstring(text)
    assert len(root.findall(".//{*}use")) == 40
    assert root.find(".//{*}text").text == "480 by  200"
    for gone in ("metadata", "<!--", "figure_1", "3.000001", "DOCTYPE"):
        assert gone not in text


def test_numbers_are_rounded_but_not_in_pictures_or_words() -> None:
    text = minified(
        wrapped(
            f'<image xlink:href="data:image/png;base64,{PIXEL}" x="1.239" transform="matrix(1.23456789 0 0 1 0 0)"/>'
            '<text x="0.126">1.23456789</text><path d="M 0.004999 -0.001 \nL 10.126 2e-9"/>'
        )
    )
    assert re.sub(r"\s", "", PIXEL) in text
    assert ">1.23456789<" in text
    assert "x='.13'" in text
    assert "matrix(1.2346 0 0 1 0 0)" in text
    assert "d='M0 0L10.13 0'" in text


def test_what_is_enlarged_keeps_its_digits() -> None:
    assert "d='M.123456 0'" in minified(wrapped('<g transform="scale(50)"><path d="M .123456 0"/></g>'))


def test_every_id_that_is_referred_to_is_still_there_and_no_other() -> None:
    text = minified(scenes.svg(3))
    ids = re.findall(r" id='([^']+)'", text)
    used = re.findall(r"#([a-z]+)[')]", re.sub(r"#[0-9a-f]{6}", "", text))
    assert set(ids) == set(used)
    assert len(ids) == len(set(ids)) == 2


def test_a_style_that_is_shared_is_written_once() -> None:
    text = minified(scenes.svg(9))
    assert text.count("#1f77b4;stroke") == 1
    assert "font-size:12px" in text


HATCHED = "fill: url(#h1)"


def cells(*marks: str) -> str:
    """Squares in a row, ten apart: h hatched, f faded, o a ring that cannot be measured."""
    drawn = {
        "h": f'<path d="M {{0}} 0 L {{1}} 0 L {{1}} 10 L {{0}} 10 z" style="{HATCHED}"/>',
        "f": '<path d="M {0} 0 L {1} 0 L {1} 10 L {0} 10 z" style="fill: #fff; opacity: .5"/>',
        "o": '<circle cx="{0}" cy="5" r="3"/>',
    }
    inner = "".join(drawn[m].format(10 * int(at), 10 * int(at) + 10) for m, at in marks)
    return minified(wrapped(f'<defs><pattern id="h1"/></defs>{inner}'))


@pytest.mark.parametrize(
    ("marks", "count"),
    [
        (("f0", "h0", "f1", "h1", "f2", "h2"), 1),  # a cell and its neighbours
        (("h0", "h5"), 1),
        (("h0", "f0", "h1"), 2),  # what covers the first must stay above it
        (("h0", "o3", "h1"), 2),
    ],
)
def test_a_pattern_is_drawn_once_for_all_that_it_fills(marks: tuple[str, ...], count: int) -> None:
    text = cells(*marks)
    found = re.findall(r"<path d='([^']*)'", text)
    assert sum(d.count("M") for d in found) == sum(mark[0] != "o" for mark in marks)
    assert len(found) == count + sum(mark[0] == "f" for mark in marks)


def test_alt_is_the_first_sentence_and_short() -> None:
    made = figure_of(scenes.svg(), name="n", said="Unit 3 moves 0.4 sd. It is the largest. A third.")
    assert (made.alt, made.said[-8:]) == ("Unit 3 moves 0.4 sd.", "A third.")
    long = figure_of(scenes.svg(), name="n", said="word " * 100).alt
    assert len(long) <= 200
    assert long.endswith("word…")


def test_scripts_and_handlers_are_left_out() -> None:
    text = minified(wrapped('<script>alert(1)</script><path onclick="alert(1)" d="M0 0"/><foreignObject/>'))
    assert "alert" not in text
    assert "foreign" not in text


@pytest.mark.parametrize("text", ["", "<p>", "<html/>", '<!DOCTYPE svg [<!ENTITY a "b">]><svg/>'])
def test_what_is_no_drawing_is_an_error_for_people(text: str) -> None:
    with pytest.raises(UsageError):
        figure_of(text, name="n", said="s")


def test_a_size_comes_from_the_view_box_where_there_is_none() -> None:
    made = figure_of('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30.4 12"/>', name="n", said="s")
    assert (made.width, made.height) == (30, 12)
    with pytest.raises(UsageError):
        figure_of(wrapped(""), name="n", said="s")


@pytest.mark.parametrize("shape", [(8, 8), (137, 60), (300, 200)])
def test_pixels_are_kept_without_loss(shape: tuple[int, int]) -> None:
    given = scenes.pixels(*shape)
    made = picture_of(given, name="n", said="s")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(made.data)).convert("RGB")), given)
    assert (made.height, made.width) == shape
    assert made.pixelated == (max(shape) <= 160)
    png = io.BytesIO()
    Image.fromarray(given).save(png, format="PNG", optimize=True)
    assert len(made.data) <= len(png.getvalue())


@pytest.mark.parametrize("pixels", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_picture_is_an_error_for_people(pixels: np.ndarray) -> None:
    with pytest.raises(UsageError):
        picture_of(pixels, name="n", said="s")


@pytest.mark.parametrize(
    ("value", "text"), [(12.340001, "12.34"), (0.5, ".5"), (-0.5, "-.5"), (-0.001, "0"), (100.0, "100"), (0, "0")]
)
def test_short_numbers(value: float, text: str) -> None:
    assert short(value) == text
