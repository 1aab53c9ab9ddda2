"""An SVG text of Matplotlib's in fewer bytes: the same drawing, to a hundredth of a point.

    small = minified(svg)            # metadata, comments, unused ids and white space gone; equal styles written once

Coordinates keep two decimals, factors of a transformation five digits; embedded pictures stay byte for byte. What is
drawn in units that are enlarged afterwards keeps all its digits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from string import ascii_lowercase
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ganatomy.errors import UsageError

SVG, LINK = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}href"
DECIMALS = 2
DIGITS = 5  # of a factor
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
PLAIN = re.compile(r"(?:M[-+\d.eE ]+(?:[LQC][-+\d.eE ]+)*z?)+")
SLACK = 0.02  # two roundings: neighbours that share an edge do not overlap
SCALED = re.compile(r"(scale|matrix)\(([^)]*)\)")
COORDINATES: Final = ("d", "x", "y", "width", "height", "cx", "cy", "r", "x1", "x2", "y1", "y2", "points")
DROPPED: Final = ("metadata", "script", "foreignObject", "title", "desc")
NEEDLESS: Final = ("version", "type", "standalone")
TEXTS: Final = ("text", "tspan", "style")
USED = re.compile(r"#([^)\"'\s]+)")


def minified(svg: str) -> str:
    root = parsed(svg)
    _cleaned(root)
    enlarged = _enlarged(root)
    for element in root.iter():
        _rounded(element, enlarged=enlarged)
    _renamed(root)
    _joined(root)
    _hatched(root)
    _styled(root)
    return _written(root, top=True)


def parsed(svg: str) -> Element:
    """The tree; what is no SVG is an error for people."""
    try:
        if "<!ENTITY" in svg:
            raise ElementTree.ParseError("it declares entities")
        root = ElementTree.fromstring(svg.encode())
    except ElementTree.ParseError as error:
        raise UsageError(f"a figure is no SVG that can be read: {error}", "draw it again") from error
    if root.tag not in (f"{{{SVG}}}svg", "svg"):
        raise UsageError(f"a figure begins with <{root.tag}>", "an SVG begins with <svg>")
    return root


def short(value: float, *, decimals: int = DECIMALS) -> str:
    """In few characters: 12.340001 is 12.34, 0.5 is .5, -0.001 is 0."""
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{value:.0f}"
    text = "0" if text in ("-0", "") else text
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _cleaned(element: Element) -> None:
    """Names without their space; no metadata, no attribute that says nothing, no white space between elements."""
    element.tag = str(element.tag).rsplit("}", 1)[-1]
    if LINK in element.attrib:
        element.set("href", element.attrib.pop(LINK))
    for name in [name for name in element.attrib if name in NEEDLESS or name.startswith(("{", "on"))]:
        del element.attrib[name]
    for child in list(element):
        tag = str(child.tag).rsplit("}", 1)[-1]
        if not isinstance(child.tag, str) or tag in DROPPED:
            element.remove(child)
        else:
            _cleaned(child)
            child.tail = child.tail if element.tag in TEXTS else None
    element.text = element.text if element.tag in TEXTS else None


def _enlarged(root: Element) -> bool:
    """Whether any transformation makes what it holds more than twice as large."""
    found = [match for each in root.iter() for match in SCALED.finditer(each.get("transform", ""))]
    return any(abs(float(number)) > 2 for match in found for number in _factors(match))


def _factors(match: re.Match[str]) -> list[str]:
    numbers = NUMBER.findall(match.group(2))
    return numbers[:4] if match.group(1) == "matrix" else numbers


def _rounded(element: Element, *, enlarged: bool) -> None:
    for name, value in element.attrib.items():
        if name == "href" and value.startswith("data:"):
            element.set(name, re.sub(r"\s+", "", value))
        elif name == "transform":
            element.set(name, NUMBER.sub(lambda found: f"{float(found.group()) + 0.0:.{DIGITS}g}", value))
        elif name in COORDINATES and not value.endswith("%"):
            told = value if enlarged else NUMBER.sub(lambda found: short(float(found.group())), value)
            element.set(name, re.sub(r"\s*([A-Za-z])\s*", r"\1", re.sub(r"[\s,]+", " ", told)).strip())
        elif name == "style":
            element.set(name, re.sub(r"\s*([:;,])\s*", r"\1", value).strip("; "))


def _names() -> Iterator[str]:
    """a, b, ..., z, aa, ab, ..."""
    ahead = [""]
    while True:
        ahead = [before + letter for before in ahead for letter in ascii_lowercase]
        yield from ahead


def _renamed(root: Element) -> None:
    """Ids that something refers to get the shortest names, the others go."""
    values = [value for each in root.iter() for name, value in each.attrib.items() if not value.startswith("data:")]
    counted = Counter(name for value in values for name in USED.findall(value))
    known = {each.get("id") for each in root.iter()} - {None}
    short = dict(zip([name for name, _ in counted.most_common() if name in known], _names(), strict=False))
    for element in root.iter():
        own = element.attrib.pop("id", None)
        for name, value in element.attrib.items():
            if "#" in value and not value.startswith("data:"):
                element.set(name, USED.sub(lambda found: f"#{short.get(found.group(1), found.group(1))}", value))
        if own in short:
            element.set("id", short[own])


def _joined(element: Element) -> None:
    """Groups that hold nothing, or change nothing, go; neighbours under one clip become one group."""
    for child in element:
        _joined(child)
    kept: list[Element] = []
    for child in element:
        if child.tag == "g" and not len(child) and "id" not in child.attrib:
            continue
        plain = child.tag == "g" and not child.attrib
        for each in list(child) if plain else [child]:
            before = kept[-1] if kept else None
            if before is not None and before.tag == each.tag == "g" and before.attrib == each.attrib == _clip(each):
                before.extend(list(each))
            else:
                kept.append(each)
    element[:] = kept


def _clip(element: Element) -> dict[str, str]:
    return {"clip-path": element.get("clip-path", "")}


def _hatched(element: Element) -> None:
    """Shapes that one pattern fills become one shape: a printer draws the whole pattern anew for each.

    The earlier moves to the later, where nothing that is drawn between them touches it.
    """
    kept: list[Element] = []
    for child in element:
        _hatched(child)
        places = [place for place, each in enumerate(kept) if _alike(each, child)] if _patterned(child) else []
        if places and _free(kept[places[-1]], kept[places[-1] + 1 :]):
            child.set("d", kept.pop(places[-1]).get("d", "") + child.get("d", ""))
        kept.append(child)
    element[:] = kept


def _patterned(element: Element) -> bool:
    return element.tag == "path" and "fill:url(#" in element.get("style", "") and bool(_boxes(element))


def _alike(one: Element, other: Element) -> bool:
    return one.tag == other.tag and {**one.attrib, "d": ""} == {**other.attrib, "d": ""}


def _free(element: Element, others: list[Element]) -> bool:
    """Whether no other covers any piece of it; one that cannot be measured may."""
    found = [_boxes(each) for each in others]
    return all(found) and not any(_overlap(box, each) for boxes in found for each in boxes for box in _boxes(element))


def _boxes(element: Element) -> list[tuple[float, ...]]:
    """Of each piece of a path the least and the largest x and y; none where it is drawn in other ways."""
    d = element.get("d", "")
    if element.tag != "path" or "transform" in element.attrib or not PLAIN.fullmatch(d):
        return []
    pieces = [[float(number) for number in NUMBER.findall(piece)] for piece in d.split("M")[1:]]
    return [(min(each[::2]), min(each[1::2]), max(each[::2]), max(each[1::2])) for each in pieces]


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(one[i] < other[i + 2] - SLACK and other[i] < one[i + 2] - SLACK for i in (0, 1))


def _styled(root: Element) -> None:
    """A style that several elements share becomes a class; the rules stand in one <style>."""
    counted = Counter(each.get("style") for each in root.iter() if "style" in each.attrib)
    shared = [style for style, count in counted.most_common() if count > 1 and style]
    names = dict(zip(shared, (f"s{name}" for name in _names()), strict=False))
    for element in root.iter():
        if (style := element.get("style")) in names and "class" not in element.attrib:
            del element.attrib["style"]
            element.set("class", names[style])
    if names:
        sheet = Element("style")
        sheet.text = "".join(f".{name}{{{style}}}" for style, name in names.items())
        root.append(sheet)


def _written(element: Element, *, top: bool = False) -> str:
    """Between single quotes, which a data URI in double quotes may hold as they are."""
    space = f" xmlns='{SVG}'" if top else ""
    names = "".join(f" {name}='{_escaped(value)}'" for name, value in element.attrib.items())
    text = element.text or ""
    text = re.sub(r"\s+", " ", text) if element.tag == "style" else text
    inner = _escaped(text) + "".join(_written(child) + _escaped(child.tail or "") for child in element)
    tag = str(element.tag)
    return f"<{tag}{space}{names}>{inner}</{tag}>" if inner else f"<{tag}{space}{names}/>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&apos;")
