"""What `explain` tells of a critic by pictures of a special kind: strange ones, its mistakes, flips, climbs, memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ganatomy.data.catalogue import load
from ganatomy.explain.critic.samples.flips import FlipPlan, flips
from ganatomy.explain.critic.samples.memory import MemoryPlan, memory
from ganatomy.explain.critic.samples.mistakes import MistakePlan, mistakes
from ganatomy.explain.critic.samples.robustness import robustness
from ganatomy.explain.critic.samples.specials import SpecialsPlan, specials
from ganatomy.explain.critic.samples.trajectories import ClimbPlan, climbs
from ganatomy.verbs.asked import Asked, Told
from ganatomy.verbs.explainers.critic import real_pictures
from ganatomy.views import critic_samples as views
from ganatomy.views.findings import drawn

ALWAYS_THERE = ("digits", "shapes")  # data sets of pictures that need no download


def tell_specials(asked: Asked) -> Iterator[Told]:
    gan, held_out = asked.gan, asked.held_out
    pictures = gan.format.kind == "picture"
    own = {gan.data, None if asked.train is None else asked.train.name}
    others = {name: load(name) for name in ALWAYS_THERE if pictures and name not in own}
    plan = SpecialsPlan(asked.many(256, 2000), asked.how.seed)
    found = specials(gan, held_out, others=others, earlier=asked.earlier(), plan=plan, progress=asked.progress)
    yield Told("kinds", found, found.note, partial(views.kinds, found))
    yield Told("blends", found, "the same of blends", partial(views.blends, found), aside=True)


def tell_mistakes(asked: Asked) -> Iterator[Told]:
    gan = asked.gan
    plan = MistakePlan(asked.many(512, 4000), asked.how.seed)
    found = mistakes(gan, real_pictures(asked), plan=plan, progress=asked.progress)
    shown = partial(views.gallery, found.examples, gan.format) if gan.format.kind == "picture" else None
    yield Told("examples", found.examples, found.examples.note, shown)
    yield Told("rates", found.rates, "the same as rates", aside=True)


def tell_flips(asked: Asked) -> Iterator[Told]:
    gan, held_out = asked.gan, asked.held_out
    plan = FlipPlan(asked.many(24, 200), asked.how.seed)
    found = flips(gan, held_out, plan=plan, progress=asked.progress)
    shown = partial(views.flip_strip, found.shown, gan.format) if gan.format.kind == "picture" else None
    yield Told("sizes", found.told, found.told.note)
    yield Told("pictures", found.shown, "some of them as pictures", shown, aside=True)
    curves = robustness(gan, found, held_out, plan=plan)
    yield Told("robustness", curves, curves.note, partial(views.robustness_curves, curves))


def tell_climbs(asked: Asked) -> Iterator[Told]:
    gan, held_out = asked.gan, asked.held_out
    plan = ClimbPlan(asked.many(24, 200), asked.how.seed)
    found = climbs(gan, asked.measurers, held_out, plan=plan, progress=asked.progress)
    shown = partial(views.climb_strip, found.frames, gan.format) if gan.format.kind == "picture" else None
    yield Told("frames", found.frames, found.frames.note, shown)
    if found.changed is not None:
        yield Told("concepts", found.changed, found.changed.note, aside=True)
    if found.realism is not None:
        figure = partial(views.realism_curve, found.realism)
        yield Told("realism", found.realism, found.realism.note, figure, aside=True)


def tell_memory(asked: Asked) -> Iterator[Told]:
    gan = asked.gan
    assert asked.train is not None  # `needs_data`
    plan = MemoryPlan(asked.many(1000, 10_000), asked.how.seed)
    found = memory(gan, asked.train, real_pictures(asked), plan=plan)
    yield Told("training pictures", found, f"{found} {found.note}", partial(drawn, found))
