"""The types of what a `GAN` is made of, looked at before anything is computed.

check_types({"generator": generator, "latent": latent, ...})     # "the generator is a str" and what to give instead
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType

from torch import nn

from ganatomy.errors import UsageError
from ganatomy.models.latent import Latent
from ganatomy.results.formats import Format, Score

_MODULE = "give an nn.Module with its weights loaded"
PARTS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "generator": (nn.Module, _MODULE),
    "latent": (Latent, "give a prior, as in Normal(64); after the generator come latent, format, critic and score"),
    "format": (Format, "give a format, as in Format.picture(1, 28); it comes after the latent"),
    "critic": ((nn.Module, NoneType), _MODULE + ", or None"),
    "score": (Score, "give one of Score('logit'), Score('probability'), Score('unbounded')"),
    "data": ((str, NoneType), "give the name of the data, or None"),
    "provenance": (Mapping, "give a dictionary that JSON can hold"),
}


def check_types(given: Mapping[str, object]) -> None:
    """Refuse the first part that is not what its name says; names that are not in `PARTS` are passed over."""
    for name, (kind, remedy) in PARTS.items():
        value = given[name]
        if isinstance(value, type):
            raise UsageError(f"the {name} is the class {value.__name__}", f"make one: {value.__name__}(...)")
        if isinstance(value, int | float):
            raise UsageError(f"{name} = {value} was given", remedy)
        if not isinstance(value, kind):
            raise UsageError(f"the {name} is {with_article(value)}", remedy)
    classes = given["classes"]
    if isinstance(classes, str) or not isinstance(classes, Sequence) or not all(isinstance(c, str) for c in classes):
        raise UsageError(f"classes = {classes!r} was given", "give their names, as in ('cat', 'dog')")


def with_article(value: object) -> str:
    """What a value is, in words: "a tuple", "an OrderedDict"."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
