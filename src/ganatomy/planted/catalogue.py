"""All planted GANs by name: `PLANTED["parts"]()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from ganatomy.planted.blobs import BlobsTruth, copying, dropping, honest
from ganatomy.planted.directions import STRENGTHS, DirectionsTruth, directions
from ganatomy.planted.parts import entangled_parts, parts
from ganatomy.planted.planted import Planted
from ganatomy.planted.watermark import WatermarkTruth, watermark
from ganatomy.planted.wiring import PartsTruth

Truths = Planted[PartsTruth] | Planted[DirectionsTruth] | Planted[WatermarkTruth] | Planted[BlobsTruth]
PLANTED: Mapping[str, Callable[[], Truths]] = MappingProxyType(
    {
        "parts": parts,
        "entangled-parts": entangled_parts,
        "directions": partial(directions, STRENGTHS["distinct"]),
        "directions-equal": partial(directions, STRENGTHS["equal"]),
        "directions-nuisance": partial(directions, STRENGTHS["nuisance"]),
        "directions-bent": partial(directions, STRENGTHS["distinct"], bend=True),
        "watermark": watermark,
        "watermark-clean": partial(watermark, marked=False),
        "honest": honest,
        "copies": copying,
        "dropped-class": dropping,
    }
)
