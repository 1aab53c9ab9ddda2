"""Would one find the same again: with other draws, other seeds, GANs trained anew."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.collapse import by_record, seeds_of
from ganatomy.evaluate.trust.repeated import Budget
from ganatomy.evaluate.trust.seeds import collapse_rate, spread
from ganatomy.evaluate.trust.stability import stable
from ganatomy.explain.concepts.catalogue import measurers_for
from ganatomy.verbs.measures.material import Material
from ganatomy.verbs.measures.told import Told, section
from ganatomy.verbs.subject import subject
from ganatomy.views import stability

OTHERS = 2  # GANs of other seeds that explanations are compared with


def tell_stability(material: Material) -> Iterator[Told]:
    """Of what `explain` finds: in this GAN, and in runs of the same recipe and other seeds that lie beside it."""
    known = material.train if material.has_data and material.train.classes else None
    measurers = measurers_for(material.gan.format, known, progress=material.progress("classifiers"))
    others = [subject(run) for run in _kin(material)[:OTHERS]]
    budget = Budget(seed=material.how.seed) if not material.how.thorough else Budget(images=2048, samples=5000)
    tell = material.progress("explanations again")
    for name, told in stable(material.gan, measurers, others=others, budget=budget, progress=tell).items():
        for where, readings in (("in this GAN", told.within), ("between seeds", told.across)):
            if readings:
                title = f"The same again, {where}: {name}"
                yield Told(section(f"stability {name} {where}", title, readings), partial(stability.again, readings))


def tell_seeds(material: Material) -> Iterator[Told]:
    """Runs of the same recipe and other seeds: how far apart their distances lie, and how many collapsed."""
    others = _kin(material)
    if material.run is None or not others:
        raise UsageError(
            "the spread over seeds was asked of one run alone", "train the recipe with other seeds beside it: --seed 1"
        )
    runs = {material.run.name: material} | {run.name: material.beside(subject(run)) for run in others}
    for space in material.spaces:
        found = spread({name: each.distances(space) for name, each in runs.items()}, stream=material.stream("seeds"))
        rows = [row for each in found.values() for row in each.readings.values()]
        title = f"Over {len(runs)} seeds of one recipe, in {space.id}"
        yield Told(
            section(f"seeds {space.name}", title, rows), partial(stability.over_seeds, next(iter(found.values())))
        )
    fell = {run.name: by_record(run) for run in (material.run, *others)}
    rate = collapse_rate([each.collapsed for each in fell.values()], rule="by the record of each run")
    said = " ".join(f"{name}: {each.why}." for name, each in fell.items())
    yield Told(section("collapse", f"How many of {len(fell)} runs collapsed", [rate], said))


def has_kin(material: Material) -> bool:
    """Other seeds that were trained as long."""
    return material.run is not None and len(_kin(material)) > 1


def _kin(material: Material) -> list[Path]:
    if material.run is None:
        return []
    return [run for run in seeds_of(material.run).runs if run.resolve() != material.run.resolve()]
