"""Which question each explainer and measure answers, and which of their figures are shown: literal tables.

EXPLAINED["units"], MEASURED["quality"], chosen("geometry", found)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from ganatomy.report.found import Found

MOST_FIGURES = 3

EXPLAINED: Mapping[str, tuple[str, ...]] = {
    "samples": (),
    "training": ("account", "filmstrip", "emergence", "turning"),
    "units": ("dissection", "sets", "activations", "features", "artifacts", "gradients"),
    "directions": ("coordinates", "directions", "geometry", "map", "invert"),
    "critic": (
        "order",
        "calibration",
        "carriers",
        "cues",
        "attribution",
        "layers",
        "sensitivity",
        "specials",
        "mistakes",
        "flips",
        "climbs",
        "memory",
        "credit",
    ),
    "failures": (),
    "copying": ("memory",),
    "quality": (),
    "theory": ("optimum", "field", "trajectories"),
}

# What can be missing besides explainers and measures: whole kinds of them, and what the report shows itself.
GENERAL: Mapping[str, tuple[str, ...]] = {
    "samples": ("the grid of samples", "data"),
    "training": ("record",),
    "units": ("explain",),
    "critic": ("critic",),
    "quality": ("evaluate",),
}

MEASURED: Mapping[str, tuple[str, ...]] = {
    "samples": ("samples",),
    "training": (),
    "units": (),
    "directions": ("smoothness",),
    "critic": (),
    "failures": ("worst", "off-prior", "unwanted", "seeds", "stability"),
    "copying": ("copies", "membership"),
    "quality": (
        "distances",
        "agreement",
        "neighbours",
        "diversity",
        "classes",
        "groups",
        "modes",
        "usefulness",
    ),
    "theory": ("modes",),  # where the density is known
}

# The telling ones first; what fits no pattern is left to the folder. Explainers that are not here show all they draw.
FIGURES: Mapping[str, tuple[str, ...]] = {
    "activations": ("film *", "film-*", "units *", "units-*"),
    "gradients": ("layers", "latent"),
    "dissection": ("effects", "labels", "finding*"),
    "sets": ("overview", "*"),
    "artifacts": ("removal*", "ranking*"),
    "features": ("samples*",),
    "coordinates": ("strips", "effects"),
    "directions": ("boundary*squares", "sefa", "jacobian*averaged", "pca*"),
    "geometry": ("continuity", "interpolation", "traversal"),
    "map": ("pictures*", "latents*"),
    "calibration": ("probability",),
    "carriers": ("removal", "areas"),
    "cues": ("battery", "edits"),
    "layers": ("probes", "film*verdict"),
    "specials": ("kinds",),
    "flips": ("pictures", "robustness"),
    "climbs": ("frames", "realism"),
    "account": ("phases",),
    "turning": ("rates", "ways"),
    "field": ("field", "mesh", "pulls"),
    "optimum": ("readings", "map"),
}

# Sections of a scorecard whose names begin otherwise than those of their measures.
SECTIONS: Mapping[str, str] = {"answers": "agreement", "collapse": "seeds"}


def chosen(explainer: str, found: Sequence[Found]) -> tuple[Found, ...]:
    """At most MOST_FIGURES; a pattern's own before those of the next. What is aside is shown where it is named."""
    drawn = [each for each in found if each.svg]
    patterns = FIGURES.get(explainer)
    if patterns is None:
        return tuple(each for each in drawn if not each.aside)[:MOST_FIGURES]
    picked: dict[int, Found] = {}
    for pattern in patterns:
        for at, each in enumerate(drawn):
            if fnmatchcase(each.name, pattern) and (not each.aside or "*" not in pattern):
                picked.setdefault(at, each)
    return tuple(picked.values())[:MOST_FIGURES]


def measure_of(section: str) -> str:
    """Whose section of a scorecard it is: 'distances classifier' is one of 'distances'."""
    first = section.partition(" ")[0]
    return SECTIONS.get(first, first)
