"""What `explain` tells of a latent space: coordinates, directions, geometry, maps, inversion."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import torch

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.explain.concepts.measurer import labels, scores
from ganatomy.explain.latent.boundaries import boundaries
from ganatomy.explain.latent.continuity import continuity
from ganatomy.explain.latent.coordinates import coordinates
from ganatomy.explain.latent.directions import Directions
from ganatomy.explain.latent.geodesics import geodesics
from ganatomy.explain.latent.in_range import invert, verdicts
from ganatomy.explain.latent.jacobian import averaged
from ganatomy.explain.latent.maps import latent_map, picture_map
from ganatomy.explain.latent.metric import idle, squared_path_length, stretch
from ganatomy.explain.latent.paths import interpolation, traversal
from ganatomy.explain.latent.pca import pca
from ganatomy.explain.latent.responses import Plan as Steps
from ganatomy.explain.latent.sefa import sefa
from ganatomy.explain.latent.steering import steering
from ganatomy.verbs.asked import Asked, Told
from ganatomy.views import latent as along


def tell_coordinates(asked: Asked) -> Iterator[Told]:
    plan = _steps(asked, samples=0)
    found = coordinates(asked.gan, asked.measurers, sites=asked.how.sites, plan=plan, progress=asked.progress)
    yield Told("effects", found, found.note, lambda: along.effects(found))
    yield Told("strips", found, "the same as strips", lambda: along.strips(found, asked.gan.format), aside=True)


def tell_directions(asked: Asked) -> Iterator[Told]:
    """Each method by itself: what cannot be applied is said after the others have been."""
    errors = []
    for make in (_sefa, _jacobian, _pca, _boundaries):
        try:
            found = make(asked)
            result = steering(asked.gan, found, asked.measurers, plan=_steps(asked), progress=asked.progress)
        except GanatomyError as error:
            errors.append(error)
            continue
        yield Told(found.method, result, result.note, partial(along.strips, result, asked.gan.format))
        yield Told(f"{found.method} effects", result, "the same in numbers", partial(along.effects, result), aside=True)
    if errors:
        raise errors[0]


def _steps(asked: Asked, samples: int = 4) -> Steps:
    """`samples`: how often directions are found again, to see whether they are stable."""
    n, controls = asked.many(96, 512), asked.many(99, 199)
    return Steps(n=n, seed=asked.how.seed, controls=controls, smallest=asked.how.smallest, samples=samples)


def _sefa(asked: Asked) -> Directions:
    return sefa(asked.gan, k=min(8, asked.gan.latent.dim))


def _jacobian(asked: Asked) -> Directions:
    return averaged(asked.gan, k=min(8, asked.gan.latent.dim), seed=asked.how.seed)


def _pca(asked: Asked) -> Directions:
    place, dim = asked.places[0], asked.gan.latent.dim
    k = min(8, dim, math.prod(place.shape))
    n = max(asked.many(1024, 10_000), 4 * (dim + k))
    return pca(asked.gan, str(place.site), k=k, n=n, seed=asked.how.seed)


def _boundaries(asked: Asked) -> Directions:
    return boundaries(
        asked.gan, asked.measurers, n=asked.many(2000, 10_000), seed=asked.how.seed, progress=asked.progress
    )


def tell_geometry(asked: Asked) -> Iterator[Told]:
    gan, seed = asked.gan, asked.how.seed
    ways = interpolation(gan, 8, seed=seed)
    yield Told("interpolation", ways, ways.note, lambda: along.ways(ways, gan.format))
    classes = next((each for each in asked.measurers if each.name == "classes"), None)
    named = None if classes is None else partial(scores, classes)  # where one becomes another
    seen = continuity(gan, asked.many(12, 64), seed=seed, label=named, progress=asked.progress)
    yield Told("continuity", seen, seen.note, lambda: along.speeds(seen))
    long = stretch(gan, asked.many(32, 200), seed=seed, progress=asked.progress)
    yield Told("stretch", long, long.note)
    metric = idle(gan, asked.many(32, 200), seed=seed, progress=asked.progress)
    yield Told("metric", metric, metric.note)
    if gan.latent.dim > 1:
        first, second = torch.as_tensor(metric.arrays["vectors"][gan.latent.dim :][:2].copy()).float()
        grid = traversal(gan, first, second, seed=seed)
        said = "sample 0 along the two directions that change the pictures most"
        yield Told("traversal", grid, said, lambda: along.ways(grid, gan.format))
    whole = squared_path_length(gan, asked.many(200, 2000), seed=seed)
    yield Told("path length", whole, str(whole))
    short = geodesics(gan, asked.many(2, 16), seed=seed, progress=asked.progress)
    yield Told("geodesics", short, short.note, lambda: along.savings(short))


def tell_map(asked: Asked) -> Iterator[Told]:
    gan, seed = asked.gan, asked.how.seed
    if not asked.measurers:
        raise UsageError("nothing is measured in these samples, so a map has no colour", "give a concept: --concept")
    measurer = asked.measurers[-1 if asked.how.own else 0]  # somebody's own concept comes last
    name = labels([measurer])[0]
    found = latent_map(
        gan, 500, seed=seed, score=lambda pictures: scores(measurer, pictures)[:, 0], progress=asked.progress
    )
    yield Told("latents", found, found.note, lambda: along.scored(found, name))
    if asked.held_out is not None:
        real = asked.held_out.read(range(min(500, asked.held_out.size)))
        both = picture_map(gan, real, n=len(real), seed=seed)
        yield Told("pictures", both, both.note, lambda: along.mixed(both))


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
