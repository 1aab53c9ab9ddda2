"""How near, how varied, how even: quality and diversity of samples beside real ones, in two spaces or more."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ganatomy.evaluate.quality.agreement import agreement
from ganatomy.evaluate.quality.neighbourhoods import neighbourhoods
from ganatomy.evaluate.quality.sanity import sanity_curve
from ganatomy.evaluate.quality.smoothness import smoothness
from ganatomy.evaluate.quality.vendi import diversity
from ganatomy.verbs.measures.material import Material
from ganatomy.verbs.measures.told import Told, section
from ganatomy.views.quality import sanity


def tell_distances(material: Material) -> Iterator[Told]:
    for space in material.spaces:
        title = f"Distance, in {space.id} ({sizes(material)})"
        yield Told(section(f"distances {space.name}", title, material.distances(space)))


def tell_agreement(material: Material) -> Iterator[Told]:
    """What each space answers to, and whether they say the same of this GAN."""
    curves = [
        sanity_curve(
            space,
            material.held_out,
            stream=material.stream("sanity"),
            progress=material.progress(f"what {space.name} answers to"),
        )
        for space in material.spaces
    ]
    for space, each in zip(material.spaces, curves, strict=True):
        title = f"What {space.id} answers to: real samples made worse in steps"
        yield Told(section(f"answers {space.name}", title, [curve.response for curve in each]))
    readings = [material.distances(space) for space in material.spaces]
    said = agreement(readings, curves=curves).said if len(readings) > 1 else "One space alone cannot be checked."
    title = "Do the spaces agree on this GAN"
    yield Told(section("agreement", title, (), said), partial(sanity, curves, measured=readings))


def tell_neighbours(material: Material) -> Iterator[Told]:
    for space in material.spaces:
        found = neighbourhoods(
            material.table(space, "real"),
            material.table(space, "made"),
            space=space.id,
            stream=material.stream("neighbours"),
            spare=material.table(space, "spare"),
            groups=material.groups("real"),
        )
        title = f"Fidelity and coverage, in {space.id} ({sizes(material)})"
        yield Told(section(f"neighbours {space.name}", title, found))


def tell_diversity(material: Material) -> Iterator[Told]:
    for space in material.spaces:
        real, made = material.table(space, "real"), material.table(space, "made")
        groups, at = material.groups("real"), material.stream("diversity")
        found = diversity(real, made, space=space.id, stream=at, groups=groups)
        yield Told(section(f"diversity {space.name}", f"Diversity, in {space.id}", found))


def tell_smoothness(material: Material) -> Iterator[Told]:
    """Of the latent space alone; in pixels, so that no real samples are needed."""
    found = smoothness(
        material.gan,
        material.how.many(256, 4096),
        seed=material.how.seed,
        progress=material.progress("smoothness of the latent space"),
    )
    yield Told(section("smoothness", "How evenly samples answer to the latent, in pixels", found))


def sizes(material: Material) -> str:
    return f"{material.n} generated, {len(material.indices('real'))} real"
