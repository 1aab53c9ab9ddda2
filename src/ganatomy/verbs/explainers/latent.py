"""What `explain` tells of a latent space: coordinates, directions, geometry, maps, inversion."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.explain.concepts.measurer import Measurer, labels, scores
from ganatomy.explain.generator.sites import SiteShape, named_sites
from ganatomy.explain.latent.boundaries import boundaries
from ganatomy.explain.latent.continuity import continuity
from ganatomy.explain.latent.coordinates import coordinates
from ganatomy.explain.latent.directions import Directions, spoken
from ganatomy.explain.latent.entries import mapping
from ganatomy.explain.latent.geodesics import geodesics
from ganatomy.explain.latent.in_range import invert, verdicts
from ganatomy.explain.latent.jacobian import averaged
from ganatomy.explain.latent.maps import at_hand, latent_map, picture_map
from ganatomy.explain.latent.metric import idle, squared_path_length, stretch
from ganatomy.explain.latent.paths import interpolation, traversal
from ganatomy.explain.latent.pca import pca
from ganatomy.explain.latent.responses import Plan as Steps
from ganatomy.explain.latent.sefa import sefa
from ganatomy.explain.latent.steering import steering
from ganatomy.explain.passes import draws
from ganatomy.verbs.asked import Asked, Told
from ganatomy.views import latent as along


def tell_coordinates(asked: Asked) -> Iterator[Told]:
    plan = _steps(asked, samples=0)
    found = coordinates(asked.gan, asked.measurers, sites=asked.how.sites, plan=plan, progress=asked.progress)
    yield Told("effects", found, found.note, lambda: along.effects(found))
    yield Told("strips", found, "the same as strips", lambda: along.strips(found, asked.gan.format), aside=True)


def tell_directions(asked: Asked) -> Iterator[Told]:
    """Each method by itself: those that cannot be applied are named, and why, after the others have been."""
    refused: dict[str, GanatomyError] = {}
    ways = _ways(asked)
    for name, make in ways.items():
        try:
            found = make(asked)
            if found is None:
                continue
            result = steering(asked.gan, found, asked.measurers, plan=_steps(asked), progress=asked.progress)
        except GanatomyError as error:
            refused[name] = error
            continue
        title = found.method if found.site is None else f"{found.method} of {found.site}"
        yield Told(title, result, result.note, partial(along.strips, result, asked.gan.format))
        yield Told(f"{title} effects", result, "the same in numbers", partial(along.effects, result), aside=True)
    if refused:
        raise _refused(refused, len(ways))


def _refused(errors: Mapping[str, GanatomyError], methods: int) -> GanatomyError:
    """One error for all; its kind is theirs where they agree."""
    kinds = {type(error) for error in errors.values()}
    kind = kinds.pop() if len(kinds) == 1 else GanatomyError
    said = "; ".join(f"{name}: {error.said}" for name, error in errors.items())
    remedies = dict.fromkeys(error.remedy for error in errors.values())
    return kind(f"{len(errors)} of {methods} ways to find directions cannot be applied: {said}", "; ".join(remedies))


def _steps(asked: Asked, samples: int = 4) -> Steps:
    """`samples`: how often directions are found again, to see whether they are stable."""
    n, controls = asked.many(96, 512), asked.many(99, 199)
    return Steps(n=n, seed=asked.how.seed, controls=controls, smallest=asked.how.smallest, samples=samples)


def _sefa(asked: Asked) -> Directions:
    return sefa(asked.gan, k=min(8, asked.gan.latent.dim))


def _style(asked: Asked) -> Directions | None:
    """Where a mapping network makes w first, the maps that w enters; None where there is no such network."""
    source = mapping(asked.gan)
    if source is None:
        return None
    found = sefa(asked.gan, k=4, source=source, seed=asked.how.seed, progress=asked.progress)
    said = f"The output of {source} enters several affine maps, as w does in a style network, and is moved here."
    return replace(found, note=f"{said} {found.note}")


def _jacobian(asked: Asked) -> Directions:
    return averaged(asked.gan, k=min(8, asked.gan.latent.dim), seed=asked.how.seed, progress=asked.progress)


def _pca(asked: Asked, *, place: SiteShape | None = None) -> Directions:
    """At a place, by default the first of the rule."""
    place, dim = place or asked.places[0], asked.gan.latent.dim
    k = min(8, dim, math.prod(place.shape))
    n = max(asked.many(1024, 10_000), 4 * (dim + k))
    return pca(asked.gan, str(place.site), k=k, n=n, seed=asked.how.seed, progress=asked.progress)


def _boundaries(asked: Asked) -> Directions:
    n = asked.many(2000, 10_000)
    return boundaries(asked.gan, asked.measurers, n=n, seed=asked.how.seed, progress=asked.progress)


DIRECTIONS: dict[str, Callable[[Asked], Directions | None]] = {
    "sefa": _sefa,
    "sefa of w": _style,
    "jacobian": _jacobian,
    "pca": _pca,
    "boundaries": _boundaries,
}


def _ways(asked: Asked) -> dict[str, Callable[[Asked], Directions | None]]:
    """The table, with PCA at each of the places that were named."""
    if not asked.how.sites:
        return DIRECTIONS
    named = named_sites(asked.gan, next(draws(asked.gan, 2, seed=asked.how.seed)), asked.how.sites)
    at_each = {f"pca of {spoken(str(place.site))}": partial(_named_pca, place=place) for place in named}
    ways: dict[str, Callable[[Asked], Directions | None]] = {}
    for name, make in DIRECTIONS.items():
        ways |= at_each if name == "pca" else {name: make}
    return ways


def _named_pca(asked: Asked, *, place: SiteShape) -> Directions:
    return replace(_pca(asked, place=place), method=f"pca of {spoken(str(place.site))}")


def tell_geometry(asked: Asked) -> Iterator[Told]:
    gan, seed = asked.gan, asked.how.seed
    ways = interpolation(gan, 8, seed=seed)
    yield Told("interpolation", ways, ways.note, lambda: along.ways(ways, gan.format))
    classes = next((each for each in asked.measurers if each.name == "classes"), None)
    named = None if classes is None else partial(scores, classes)  # where one becomes another
    seen = continuity(gan, asked.many(12, 64), seed=seed, label=named, progress=asked.progress)
    yield Told("continuity", seen, seen.note, lambda: along.speeds(seen))
    long = stretch(gan, asked.many(32, 200), seed=seed, progress=asked.progress)
    yield Told("stretch", long, long.note, lambda: along.stretches(long))
    metric = idle(gan, asked.many(32, 200), seed=seed, progress=asked.progress)
    yield Told("metric", metric, metric.note, lambda: along.spectrum(metric))
    if gan.latent.dim > 1:
        first, second = torch.as_tensor(metric.arrays["vectors"][gan.latent.dim :][:2].copy()).float()
        around = traversal(gan, first, second, seed=seed)
        said = "sample 0 along the two directions that change the pictures most: the first downwards, the second across"
        yield Told("traversal", around, said, lambda: along.grid(around, gan.format))
    whole = squared_path_length(gan, asked.many(200, 2000), seed=seed, progress=asked.progress)
    yield Told("path length", whole, str(whole))
    short = geodesics(gan, asked.many(2, 16), seed=seed, progress=asked.progress)
    yield Told("geodesics", short, short.note, lambda: along.savings(short))


def tell_map(asked: Asked) -> Iterator[Told]:
    gan, seed = asked.gan, asked.how.seed
    if not asked.measurers:
        raise UsageError("nothing is measured in these samples, so a map has no colour", "give a concept: --concept")
    own = len(asked.how.own)  # somebody's own concepts come last, and are shown first
    ordered = [*asked.measurers[len(asked.measurers) - own :], *asked.measurers[: len(asked.measurers) - own]]
    names = labels(ordered)[: along.SHOWN]
    for method in at_hand():
        title = "" if method == "pca" else f" {method}"
        found = latent_map(
            gan, 500, seed=seed, score=partial(_first, ordered), names=names, method=method, progress=asked.progress
        )
        yield Told(f"latents{title}", found, found.note, partial(along.scored, found))
        if asked.held_out is not None:
            real = asked.held_out.read(range(min(500, asked.held_out.size)))
            both = picture_map(gan, real, n=len(real), seed=seed, method=method, progress=asked.progress)
            yield Told(f"pictures{title}", both, both.note, partial(along.mixed, both))


def _first(measurers: Sequence[Measurer], pictures: Tensor) -> Tensor:
    """As many scores as one figure shows."""
    return torch.cat([scores(each, pictures) for each in measurers], dim=1)[:, : along.SHOWN]


def tell_invert(asked: Asked) -> Iterator[Told]:
    assert asked.held_out is not None
    places = range(min(asked.many(12, 64), asked.held_out.size))
    given = asked.held_out.read(places)
    named = asked.held_out.labels(places) if asked.gan.latent.classes else None
    found = invert(asked.gan, given, seed=asked.how.seed, labels=named, progress=asked.progress)
    words = verdicts(found)
    yield Told(
        "held out",
        found,
        found.note,
        lambda: along.inverted(found, torch.as_tensor(given).numpy(), asked.gan.format, words=words),
    )
