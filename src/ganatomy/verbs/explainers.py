"""The explainers that `explain` calls, each with its budget: a literal table.

    for told in EXPLAINERS["dissection"].answer(asked): print(told.said)

An explainer yields one or more results, each with a name, a sentence for people, and how its figure is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.explain.concepts.measurer import labels, scores
from ganatomy.explain.generator.activations import film_strip, unit_statistics
from ganatomy.explain.generator.artifacts import ArtifactPlan, artifact_units
from ganatomy.explain.generator.dissection import dissection
from ganatomy.explain.generator.features import exciting_latents, exciting_samples
from ganatomy.explain.generator.gradients import region_sensitivity
from ganatomy.explain.generator.plan import Plan
from ganatomy.explain.generator.unit_sets import SetPlan, unit_set
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
from ganatomy.numerics.statistics.multiplicity import holm
from ganatomy.results.explanation import Explanation
from ganatomy.verbs.asked import Asked, Explainer, Told
from ganatomy.views import generator as inside
from ganatomy.views import latent as along
from ganatomy.views.findings import drawn

if TYPE_CHECKING:
    pass


def _activations(asked: Asked) -> Iterator[Told]:
    gan, seed = asked.gan, asked.how.seed
    strips = film_strip(gan, range(8), seed=seed, sites=asked.how.sites)
    for each in strips[:-1]:
        yield Told(f"film {each.target}", each, f"maps of {each.target}", aside=True)
    said = f"8 samples through {', '.join(each.target for each in strips)}"
    yield Told("film picture", strips[-1], said, lambda: inside.film(strips, gan.format))
    found = unit_statistics(gan, asked.many(1000, 10_000), seed=seed, sites=asked.how.sites, progress=asked.progress)
    for each in found:
        yield Told(f"units {each.target}", each, f"{each.target}: {each.note}", partial(inside.on_rates, each))


def _gradients(asked: Asked) -> Iterator[Told]:
    shape = asked.gan.format.shape
    found = region_sensitivity(
        asked.gan,
        asked.many(16, 128),
        seed=asked.how.seed,
        sites=asked.how.sites,
        grid=(min(4, shape[-2]), min(4, shape[-1])) if len(shape) == 3 else (4, 4),
        progress=asked.progress,
    )
    drawn = asked.gan.format.kind == "picture"
    for each in found:
        figure = partial(inside.sensitivities, each) if drawn else None
        yield Told(
            each.target, each, f"{each.target}: {each.note}", figure, aside=each.target not in ("layers", "latent")
        )


def _dissection(asked: Asked) -> Iterator[Told]:
    plan = Plan(asked.many(1024, 10_000), asked.many(128, 1000), seed=asked.how.seed, smallest=asked.how.smallest)
    found = dissection(
        asked.gan,
        asked.measurers,
        sites=asked.how.sites,
        plan=plan,
        permute_labels=asked.how.permute_labels,
        progress=asked.progress,
    )
    concepts = labels(asked.measurers)
    yield Told(
        "labels",
        found.labels,
        found.labels.note,
        lambda: inside.table(found.labels, "correlation", concepts, label="correlation"),
    )
    yield Told(
        "effects",
        found.effects,
        f"{_claims(found.effects)} {found.effects.note}",
        lambda: inside.strongest(found.effects, concepts, place=0, smallest=plan.smallest),
    )
    for site, each in found.together.items():
        yield Told(f"together {site}", each, each.note)
    for number, finding in enumerate(found.findings):
        figure = partial(drawn, finding)
        yield Told(f"finding {number:02}", finding, str(finding), figure, aside=finding.verdict != "present")


def _claims(effects: Explanation) -> str:
    claim = effects.arrays["claim"]
    present, absent, pairs = int((claim > 0).sum()), int((claim < 0).sum()), claim.size
    return f"Of {pairs} pairs of unit and concept {present} are causes, {absent} are shown not to be."


def _features(asked: Asked) -> Iterator[Told]:
    gan, seed = asked.gan, asked.how.seed
    for site in asked.sites:
        best = exciting_samples(gan, site, asked.many(512, 10_000), seed=seed, progress=asked.progress)
        chosen = _alike(best, 6)
        indices = best.arrays["indices"][[*chosen, -1, -2]]  # and of two random directions
        shown = [gan.sample(seed, row.tolist()).float().cpu().numpy() for row in indices]
        names = [best.units[place] for place in [*chosen, -1, -2]]
        yield Told(f"samples {site}", best, f"{site}: {best.note}", partial(along.rows, names, shown, gan.format))
        if not chosen:  # all its units are dead
            continue
        far = exciting_latents(gan, site, chosen[:4], seed=seed, best=best, steps=asked.many(50, 200))
        z, given = (
            torch.as_tensor(far.arrays[name].copy()) if name in far.arrays else None for name in ("z", "labels")
        )
        assert z is not None
        shown = [gan.decode(z, given).float().cpu().numpy()]
        figure = partial(along.rows, [site], shown, gan.format)
        yield Told(f"latents {site}", far, f"{site}: {far.note}", figure)


def _alike(best: Explanation, many: int) -> list[int]:
    """Units whose top pictures are the most alike, compared with random directions; never-varying ones are left out."""
    arrays = best.arrays
    units = [at for at in range(len(best.units)) if not arrays["random"][at] and arrays["sd"][at] > 0]
    return sorted(units, key=lambda at: (float(arrays["spread_rank"][at]), float(arrays["spread"][at])))[:many]


def _sets(asked: Asked) -> Iterator[Told]:
    """A set for each concept, at the last place; all of them are one family (Holm)."""
    place = asked.places[-1]
    site, found = str(place.site), []
    plan = SetPlan(size=min(4, place.channels // 2), train=asked.many(128, 512), held_out=asked.many(256, 1024))
    wanted = [(measurer, number) for measurer in asked.measurers for number in range(len(measurer.concepts))]
    for done, (measurer, number) in enumerate(wanted):
        found.append(unit_set(asked.gan, site, measurer, number, seed=asked.how.seed, plan=plan))
        asked.progress(done + 1, len(wanted))
    for name, finding, p in zip(labels(asked.measurers), found, holm([each.p for each in found]).tolist(), strict=True):
        sure = finding.verdict != "present" or p <= 1 - finding.interval.level
        verdict = finding.verdict if sure else "undetermined"
        told = replace(finding, p=p, verdict=verdict, family=f"{len(found)} concepts, Holm; {finding.family}")
        yield Told(f"{site} {name}", told, str(told), partial(drawn, told), aside=verdict != "present")


def _artifacts(asked: Asked) -> Iterator[Told]:
    assert asked.train is not None
    place, many = asked.places[-1], min(asked.many(512, 2048), asked.train.size // 2)
    site, plan = str(place.site), ArtifactPlan(min(4, place.channels // 2), rank=many, judge=many, real=many)
    ranking, finding = artifact_units(asked.gan, site, asked.train, seed=asked.how.seed, plan=plan)
    yield Told(f"ranking {site}", ranking, ranking.note)
    yield Told(f"removal {site}", finding, str(finding), partial(drawn, finding))


def _coordinates(asked: Asked) -> Iterator[Told]:
    plan = _steps(asked, samples=0)
    found = coordinates(asked.gan, asked.measurers, sites=asked.how.sites, plan=plan, progress=asked.progress)
    yield Told("effects", found, found.note, lambda: along.effects(found))
    yield Told("strips", found, "the same as strips", lambda: along.strips(found, asked.gan.format), aside=True)


def _directions(asked: Asked) -> Iterator[Told]:
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


def _geometry(asked: Asked) -> Iterator[Told]:
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


def _map(asked: Asked) -> Iterator[Told]:
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


def _invert(asked: Asked) -> Iterator[Told]:
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


EXPLAINERS: dict[str, Explainer] = {
    "activations": Explainer(
        "what does every layer show, from noise to picture, and which units are dead", _activations
    ),
    "gradients": Explainer("which region of the picture hangs on which layer and coordinate", _gradients),
    "dissection": Explainer("which unit goes with which concept, and does it cause it", _dissection),
    "features": Explainer("which pictures excite a unit most", _features),
    "sets": Explainer("which units carry a concept together", _sets, by_default=False),
    "artifacts": Explainer(
        "which units go with unreal samples, and is it better without them", _artifacts, needs_data=True
    ),
    "coordinates": Explainer("what does each coordinate of the latent change", _coordinates),
    "directions": Explainer("which directions change what, and more than random ones", _directions),
    "geometry": Explainer("is the latent space continuous, and how far apart are its pictures", _geometry),
    "map": Explainer("how do latents, real and generated pictures lie in a plane", _map),
    "invert": Explainer("can the generator make these real pictures", _invert, needs_data=True),
}
