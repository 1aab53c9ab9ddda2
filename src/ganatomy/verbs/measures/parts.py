"""Which parts of the data a generator makes, makes too seldom, or not at all: classes, groups, modes of a world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ganatomy.data.worlds import World
from ganatomy.errors import UsageError
from ganatomy.evaluate.quality.class_score import Classified, class_score
from ganatomy.evaluate.quality.modes import Parts, by_nearest, modes_counted, parts
from ganatomy.evaluate.quality.pairs import BLOCKS
from ganatomy.features.classifier import Judge
from ganatomy.numerics.distances import neighbours
from ganatomy.results.measurement import Measurement
from ganatomy.verbs.measures.material import Material, Sort
from ganatomy.verbs.measures.told import Told, section

LISTED = 20  # parts that are all listed; of more only those that are told apart, and the rarest
RAREST = 5
FEWEST = 10 * BLOCKS  # samples that a class score takes
SPREADS = 3.0  # from its centre a sample still belongs to a mode


def tell_classes(material: Material) -> Iterator[Told]:
    """By a judge that learnt from data of its own: how clear, and how many of each class."""
    judge = _judge(material)
    sides = [_probabilities(material, judge, sort) for sort in ("made", "real")]
    told = parts(
        sides[0].argmax(1),
        material.classes,
        space=judge.space().id,
        real=sides[1].argmax(1),
        groups=material.groups("real"),
    )
    low, high = judge.interval.low, judge.interval.high
    title = f"Classes, by a judge that reads {judge.accuracy:.1%} [{low:.1%}, {high:.1%}] of held-out samples right"
    scores, said = _scores(material, judge, sides)
    yield Told(section("classes", title, [*scores, *_rows(told)], f"{said} {told.note}"))


def _scores(material: Material, judge: Judge, sides: list[Tensor]) -> tuple[list[Measurement], str]:
    """The class score of the generated samples; that of real ones, which is no 10 of 10, stands in the sentence."""
    if min(len(side) for side in sides) < FEWEST:
        return [], f"Fewer than {FEWEST} samples have no class score."
    counted = [
        Classified.of(side, stream=material.stream(f"classes/{name}"))
        for side, name in zip(sides, ("made", "real"), strict=True)
    ]
    made, real = (next(iter(class_score(each, space=judge.space().id).values())) for each in counted)
    return [made], f"Real samples have a score of {real.value:.3g}."


def tell_groups(material: Material) -> Iterator[Told]:
    """By the nearest real sample: of which group (patient, writer) it is."""
    groups = material.groups("real")
    if groups is None:
        raise UsageError("parts by group were asked of data without groups", "give data whose samples have groups")
    space = material.untrained
    ids, numbers = groups.unique(return_inverse=True)
    names = [_called(material.held_out.group_names, int(each)) for each in ids]
    fakes, real = by_nearest(material.table(space, "real").double(), numbers, material.table(space, "made").double())
    told = parts(fakes, names, space=space.id, real=real)  # here the groups are the parts: no design effect
    yield Told(section("groups", f"Groups, by the nearest real sample in {space.id}", _rows(told), told.note))


def tell_modes(material: Material) -> Iterator[Told]:
    """Against the modes of a world that is known."""
    world = material.held_out.truth
    if not isinstance(world, World) or world.mode_std is None:
        raise UsageError("modes were to be counted in data whose modes are not known", "ring8 and grid25 have such")
    made = torch.cat([block.flatten(1).double().cpu() for block in material.samples("made")])
    far, where = neighbours(made, world.centres)
    labels = torch.where(far[:, 0] <= SPREADS * world.mode_std, where[:, 0], -1)
    found = modes_counted(labels, world.n_modes, space=f"modes-of-{world.name}", stream=material.stream("modes"))
    yield Told(section("modes", f"Modes of {world.name}, {material.n} generated", found))


def has_classes(material: Material) -> bool:
    return len(material.classes) > 1


def has_groups(material: Material) -> bool:
    return material.has_data and material.groups("real") is not None


def has_modes(material: Material) -> bool:
    world = material.held_out.truth if material.has_data else None
    return isinstance(world, World) and world.mode_std is not None


def _judge(material: Material) -> Judge:
    if material.judge is None:
        raise UsageError("classes were asked of data without classes", "name labelled data, as --data digits")
    return material.judge


def _probabilities(material: Material, judge: Judge, sort: Sort) -> Tensor:
    return torch.cat([judge.predict(block, material.gan.format).cpu() for block in material.samples(sort)])


def _rows(told: Parts) -> list[Measurement]:
    if len(told.parts) <= LISTED:
        return [part.ratio for part in told.parts]
    rarest = sorted(told.parts, key=lambda part: part.ratio.value)[:RAREST]
    return [part.ratio for part in told.parts if part.verdict != "not told apart" or part in rarest]


def _called(names: Sequence[str], number: int) -> str:
    return names[number] if number < len(names) else f"group {number}"
