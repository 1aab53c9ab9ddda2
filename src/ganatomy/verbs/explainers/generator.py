"""What `explain` tells of the inside of a generator: its activations, its units, and sets of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

import torch

from ganatomy.explain.concepts.measurer import labels
from ganatomy.explain.generator.activations import film_strip, unit_statistics
from ganatomy.explain.generator.artifacts import ArtifactPlan, artifact_units, corrected
from ganatomy.explain.generator.dissection import dissection
from ganatomy.explain.generator.features import exciting_latents, exciting_samples
from ganatomy.explain.generator.gradients import region_sensitivity
from ganatomy.explain.generator.plan import Plan
from ganatomy.explain.generator.set_family import as_family, overview
from ganatomy.explain.generator.sites import SiteShape
from ganatomy.explain.generator.unit_sets import SetPlan, unit_sets
from ganatomy.explain.passes import Progress
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.verbs.asked import Asked, Told
from ganatomy.views import generator as inside
from ganatomy.views import latent as along
from ganatomy.views.findings import drawn

CHEAP = 20_000  # units times numbers of a picture: sets are searched at two places where these are not more


def tell_activations(asked: Asked) -> Iterator[Told]:
    gan, seed = asked.gan, asked.how.seed
    strips = film_strip(gan, range(8), seed=seed, sites=asked.how.sites)
    for each in strips[:-1]:
        yield Told(f"film {each.target}", each, f"maps of {each.target}", aside=True)
    said = f"8 samples through {', '.join(each.target for each in strips)}"
    yield Told("film picture", strips[-1], said, lambda: inside.film(strips, gan.format))
    found = unit_statistics(gan, asked.many(1000, 10_000), seed=seed, sites=asked.how.sites, progress=asked.progress)
    for each in found:
        yield Told(f"units {each.target}", each, f"{each.target}: {each.note}", partial(inside.on_rates, each))


def tell_gradients(asked: Asked) -> Iterator[Told]:
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


def tell_dissection(asked: Asked) -> Iterator[Told]:
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
        yield Told(
            f"together {site}", each, f"{site}: {each.note}", partial(inside.pairs, each, concepts, plan.smallest)
        )
    for number, finding in enumerate(found.findings):
        figure = partial(drawn, finding)
        yield Told(f"finding {number:02}", finding, str(finding), figure, aside=finding.verdict != "present")


def _claims(effects: Explanation) -> str:
    claim = effects.arrays["claim"]
    present, absent, pairs = int((claim > 0).sum()), int((claim < 0).sum()), claim.size
    return f"Of {pairs} pairs of unit and concept {present} are causes, {absent} are shown not to be."


def tell_features(asked: Asked) -> Iterator[Told]:
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


def tell_sets(asked: Asked) -> Iterator[Told]:
    """A set for each concept at each place; all of them are one family (Holm)."""
    places, why = _searched(asked)
    found: list[Finding] = []
    for number, place in enumerate(places):
        plan = SetPlan(
            size=min(4, place.channels // 2),
            train=asked.many(128, 512),
            held_out=asked.many(256, 1024),
            smallest=asked.how.smallest,
        )
        found += unit_sets(
            asked.gan,
            place.site,
            asked.measurers,
            seed=asked.how.seed,
            plan=plan,
            progress=_share(asked.progress, number, len(places)),
        )
    found = list(as_family(found))
    every = overview(found)
    yield Told("overview", every, f"{why} {every.note}", partial(inside.sets_and_concepts, every))
    concepts = labels(asked.measurers)
    for at, told in enumerate(found):
        name, figure = (
            f"{places[at // len(concepts)].site} {concepts[at % len(concepts)]}",
            partial(inside.set_of, told),
        )
        yield Told(name, told, str(told), figure, aside=told.verdict != "present")


def _searched(asked: Asked) -> tuple[tuple[SiteShape, ...], str]:
    """All places that were named; else the last two, or the last where two would take long."""
    places = asked.places
    if asked.how.sites is None:
        last = places[-2:]
        many = sum(place.channels for place in last) * prod(asked.gan.format.shape)
        places = last if many <= CHEAP else places[-1:]
    names = ", ".join(str(place.site) for place in places)
    rest = len(asked.places) - len(places)
    return places, f"Searched at {names}." + (
        f" {rest} earlier places were not: name them with --sites." if rest else ""
    )


def _share(progress: Progress, number: int, parts: int) -> Progress:
    """Of one of several parts that are as long."""
    return lambda done, of: progress(number * of + done, parts * of)


def tell_artifacts(asked: Asked) -> Iterator[Told]:
    """At the last place, or at all that were named: then one family (Holm), with more random sets to allow for it."""
    assert asked.train is not None
    many = min(asked.many(512, 2048), asked.train.size // 2)
    places = asked.places if asked.how.sites is not None else asked.places[-1:]
    rankings, findings = [], []
    for number, place in enumerate(places):
        plan = ArtifactPlan(
            min(4, place.channels // 2),
            many,
            many,
            many,
            controls=max(39, 20 * len(places) - 1),
            places=len(places),
        )
        ranking, finding = artifact_units(
            asked.gan,
            place.site,
            asked.train,
            seed=asked.how.seed,
            plan=plan,
            progress=_share(asked.progress, number, len(places)),
        )
        rankings.append(ranking)
        findings.append(finding)
    rest = len(asked.places) - len(places)
    more = f" Ranked here alone; {rest} earlier places were not: name them with --sites." if rest else ""
    for ranking, finding in zip(rankings, corrected(findings), strict=True):
        site = ranking.target
        yield Told(f"ranking {site}", ranking, f"{site}: {ranking.note}{more}", partial(inside.unreal, ranking))
        yield Told(f"removal {site}", finding, f"{finding} {finding.note}", partial(drawn, finding))
