"""The concepts that apply to the samples of a GAN: built in, of known data, of labelled data, one's own.

measurers = measurers_for(gan.format, data, own=["mine.py:sky"])
labels(measurers)                             # ("brightness", "contrast", ..., "classes: 0", ..., "sky")
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ganatomy.data.dataset import Dataset
from ganatomy.data.shapes import Shapes
from ganatomy.data.worlds import World
from ganatomy.errors import UsageError
from ganatomy.explain.concepts import layout, looks
from ganatomy.explain.concepts.classes import Progress, classes
from ganatomy.explain.concepts.factors import factors_of
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.concepts.own import measurer_from
from ganatomy.explain.concepts.points import coordinates, modes, radius
from ganatomy.results.formats import Format

# For pictures of any kind, from those of a pixel to those of the whole.
PICTURES: dict[str, Callable[[Format], Measurer]] = {
    "brightness": looks.brightness,
    "contrast": looks.contrast,
    "ink": looks.ink,
    "edges": looks.edges,
    "strokes": looks.strokes,
    "holes": layout.holes,
    "count": layout.counts,
    "layout": layout.layout,
    "thickness": layout.thickness,
    "symmetry": layout.symmetry,
}
COLOURS: dict[str, Callable[[Format], Measurer]] = {"colour": looks.colours, "saturation": looks.saturation}
BESIDE_FACTORS = ("brightness", "contrast", "edges")  # the others say less than the factors, or the same


def measurers_for(
    format: Format,
    data: Dataset | None = None,
    *,
    own: Sequence[str | Measurer] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Measurer, ...]:
    """Data with labels have two classifiers trained, which `seed` starts and `progress` follows."""
    truth = None if data is None else data.truth
    found = _points(format, truth) if format.kind == "point" else _pictures(format, truth)
    if data is not None and truth is None and len(data.classes) > 1:
        found.append(classes(data, format, seed=seed, progress=progress))
    found += [each if isinstance(each, Measurer) else measurer_from(each, format) for each in own]
    twice = [name for name, times in Counter(each.name for each in found).items() if times > 1]
    if twice:
        raise UsageError(f"two measurers are called {twice[0]!r}", "give your own another name")
    return tuple(found)


def _points(format: Format, truth: World | Shapes | None) -> list[Measurer]:
    world = truth if isinstance(truth, World) and truth.dimensions == format.shape[0] else None
    return [coordinates(format), radius(format, world), *([] if world is None else [modes(world)])]


def _pictures(format: Format, truth: World | Shapes | None) -> list[Measurer]:
    channels, height, width = format.shape
    if format.bounds is None:  # there is no telling dark from bright
        return []
    if isinstance(truth, Shapes) and channels == 3 and height == width:
        return [*factors_of(truth, format), *(PICTURES[name](format) for name in BESIDE_FACTORS)]
    several = [] if channels == 1 else [looks.channels(format)]
    coloured = COLOURS.values() if channels == 3 else ()
    return [make(format) for make in (*PICTURES.values(), *coloured)] + several
