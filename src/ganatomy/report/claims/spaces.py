"""Spaces that pictures are compared in, in words: tables keep the ids, which tell one space from another of its kind.

in_words("random-convolution-32-aa6d17fc5cb5")      # "in random convolutions"
"""

from __future__ import annotations

import re
from collections.abc import Mapping

DIGEST = re.compile(r"-[0-9a-f]{12}$")
# By how their names begin.
SAID: Mapping[str, str] = {
    "pixels": "in pixels",
    "random-convolution": "in random convolutions",
    "random-projection": "in random projections",
    "random-layers": "in random layers",
    "classifier": "in the features of a classifier",
    "inception": "in the features of Inception",
    "critic": "by the critic's score",
}


def in_words(space: str) -> str:
    """Empty where there is none; a name that nobody knows stays, without its digest."""
    known = next((said for name, said in SAID.items() if space.startswith(name)), "")
    return known or (f"in {DIGEST.sub('', space)}" if space else "")
