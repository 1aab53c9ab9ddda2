"""What can go wrong: the worst of many, latents off the prior, classes that should not be made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.criteria import Criterion, by_distance
from ganatomy.evaluate.trust.off_prior import off_prior
from ganatomy.evaluate.trust.unwanted import unwanted_rate
from ganatomy.evaluate.trust.worst import worst
from ganatomy.results.measurement import Measurement
from ganatomy.verbs.measures.material import Material
from ganatomy.verbs.measures.told import Told, section
from ganatomy.views.safety import off_prior_strip, worst_strip


def tell_worst(material: Material) -> Iterator[Told]:
    gan, by = material.gan, _by(material)
    found = worst(
        gan,
        material.how.many(2000, 50_000),
        by=by,
        data=material.held_out,
        seed=material.how.seed,
        progress=material.progress("the worst of many"),
    )
    yield Told(
        section("worst", f"The worst of {material.how.many(2000, 50_000)}, by {by.name}", found.measured, found.note),
        partial(worst_strip, found, gan.format) if gan.format.kind == "picture" else None,
        {"indices": found.indices.tolist(), "seed": found.seed},
    )


def tell_off_prior(material: Material) -> Iterator[Told]:
    gan = material.gan
    found = off_prior(
        gan,
        material.how.many(256, 2048),
        by=_by(material),
        judge=material.judge,
        seed=material.how.seed,
        progress=material.progress("latents off the prior"),
    )
    picture = partial(off_prior_strip, found, gan.format) if gan.format.kind == "picture" else None
    rows = [replace(told, name=name) for name, told in found.measured.items() if _worth_a_row(told)]
    yield Told(section("off-prior", "Latents that the prior hardly ever draws", rows, found.note), picture)


def _worth_a_row(told: Measurement) -> bool:
    """How bad samples are, always; of what goes wrong, what did."""
    return told.name == "how bad" or (told.value > 0 and told.name in ("not finite", "outside the range"))


def tell_unwanted(material: Material) -> Iterator[Told]:
    if not material.how.unwanted:
        raise UsageError("unwanted samples were to be counted, and no class was named", "name one: --unwanted 7")
    for what in dict.fromkeys(material.how.unwanted):
        found = unwanted_rate(
            material.gan,
            what,
            material.how.many(2000, 50_000),
            data=material.held_out,
            judge=material.judge,
            seed=material.how.seed,
            progress=material.progress(f"how often {what}"),
        )
        kept = {"indices": found.indices.tolist(), "seed": found.seed, "at most": found.at_most}
        by_class = {f"{name}: {each.name}": each for name, each in found.by_class.items()}
        rows = [*found.measured.values(), *(replace(each, name=name) for name, each in by_class.items())]
        yield Told(section(f"unwanted {what}", f"How often {found.what} is made", rows, found.note), kept=kept)


def wants_unwanted(material: Material) -> bool:
    return bool(material.how.unwanted)


def _by(material: Material) -> Criterion:
    return by_distance(material.gan, material.untrained, material.train)
