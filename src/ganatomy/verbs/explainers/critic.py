"""What `explain` tells of a critic: whom it believes, what it looks at, and whether its score may be believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from ganatomy.data.dataset import Dataset
from ganatomy.evaluate.faithfulness.attributions import graded_attributions
from ganatomy.evaluate.trust.probability import as_probability
from ganatomy.explain.attribution.attributed import choose_pictures
from ganatomy.explain.critic.concepts.concepts import ConceptPlan, sensitivity
from ganatomy.explain.critic.credit.credit import CreditPlan, credit
from ganatomy.explain.critic.credit.credited import agreement, punished
from ganatomy.explain.critic.cues.cues import CuePlan, cues
from ganatomy.explain.critic.inside.carriers import concluded
from ganatomy.explain.critic.inside.layers import film_strip
from ganatomy.explain.critic.inside.probes import ProbePlan, probes
from ganatomy.explain.critic.inside.removal import RemovalPlan, layer_removal, removal
from ganatomy.explain.critic.inside.units import UnitPlan, unit_separation
from ganatomy.explain.critic.lots import fakes, places, reals, together
from ganatomy.explain.critic.order import order
from ganatomy.explain.generator.panel import Panel
from ganatomy.verbs.asked import Asked, Told
from ganatomy.views import attribution as seen
from ganatomy.views import critic as inside
from ganatomy.views import critic_concepts as hung
from ganatomy.views import trust
from ganatomy.views.findings import drawn

Tell = Callable[[Asked], Iterator[Told]]
FORETOLD = 5  # random units that must have been ablated before forecasts are compared with what happened
SHOWN = 8  # pictures of each sort that are explained one by one


def tell_order(asked: Asked) -> Iterator[Told]:
    held_out = real_pictures(asked)
    found = order(asked.gan, held_out, asked.many(500, 5000), seed=asked.how.seed, progress=asked.progress)
    yield Told("real above generated", found, found.note, partial(inside.sides, found))


def tell_layers(asked: Asked) -> Iterator[Told]:
    gan, held_out = asked.gan, asked.held_out
    sites, seed = asked.how.sites, asked.how.seed
    some = {} if held_out is None else {"real": together(reals(gan, held_out, 6))}
    strips = film_strip(gan, some | {"generated": together(fakes(gan, 6, seed=seed))}, sites=sites)
    for each in strips[:-1]:
        yield Told(f"film {each.target}", each, f"maps of {each.target}", aside=True)
    said = f"pictures through {', '.join(each.target for each in strips)}"
    yield Told("film verdict", strips[-1], said, partial(inside.film, strips, gan.format))
    if held_out is None or asked.train is None:
        return
    plan = ProbePlan(asked.many(512, 4000), seed)
    found = probes(gan, asked.train, held_out, plan=plan, sites=sites)
    yield Told("probes", found, found.note, partial(inside.probe_lines, found))


def tell_carriers(asked: Asked) -> Iterator[Told]:
    """Which units tell the sorts apart, what they respond to, and which of them the verdict hangs on."""
    gan, held_out = asked.gan, asked.held_out
    assert held_out is not None
    sites, seed, panel = asked.how.sites, asked.how.seed, Panel(tuple(asked.measurers))
    areas = unit_separation(gan, held_out, panel=panel, plan=UnitPlan(asked.many(512, 4000), seed), sites=sites)
    yield Told("areas", areas, areas.note, partial(inside.unit_areas, areas))
    plan = RemovalPlan(asked.many(256, 1000), seed, smallest=asked.how.smallest)
    found = removal(gan, held_out, plan=plan, sites=sites, progress=asked.progress)
    yield Told("removal", found, found.note, lambda: inside.contributions(found, areas=areas))
    layers = layer_removal(gan, held_out, plan=plan, sites=sites)
    yield Told("layers", layers, layers.note, aside=True)
    for number, finding in enumerate(concluded(found, areas)):
        figure = partial(drawn, finding)
        yield Told(f"finding {number:02}", finding, str(finding), figure, aside=finding.verdict != "present")


def tell_credit(asked: Asked) -> Iterator[Told]:
    gan = asked.gan
    plan = CreditPlan(asked.many(256, 2000), asked.how.seed, smallest=asked.how.smallest)
    found = credit(gan, plan=plan, progress=asked.progress)
    yield Told("units", found, found.note, partial(inside.credit_scatter, found))
    if int(found.arrays["random"].sum()) >= FORETOLD:
        told = agreement(found)
        yield Told("foretold", told, str(told), partial(drawn, told))
    worst = punished(gan, found, plan=plan)
    yield Told("punished", worst, str(worst), partial(drawn, worst))


def tell_attribution(asked: Asked) -> Iterator[Told]:
    gan, held_out = asked.gan, asked.held_out
    few = asked.many(SHOWN, 64)
    real = () if held_out is None else places(held_out, few)  # not the first, which may be of one class
    shown = choose_pictures(gan, samples=range(few), seed=asked.how.seed, data=held_out, reals=real)
    found = graded_attributions(gan, shown, data=asked.train)
    for each in found.made:
        name = each.method.removeprefix("attribution, ")
        left = "".join(f" Without {other}: {why.said}." for other, why in found.refused.items())
        said = each.note + (left if each is found.made[-1] else "")
        yield Told(name, each, said, partial(seen.maps, each, gan.format) if gan.format.kind == "picture" else None)


def tell_sensitivity(asked: Asked) -> Iterator[Told]:
    gan, held_out = asked.gan, asked.held_out
    plan = ConceptPlan(asked.many(256, 2000), asked.how.seed, smallest=asked.how.smallest)
    found = sensitivity(gan, asked.measurers, held_out, plan=plan, sites=asked.how.sites, progress=asked.progress)
    yield Told("concepts", found, found.note, partial(hung.concept_matrix, found))


def tell_cues(asked: Asked) -> Iterator[Told]:
    gan, held_out = asked.gan, asked.held_out
    plan = CuePlan(asked.many(256, 2000), asked.how.seed)
    found = cues(gan, held_out, plan=plan, progress=asked.progress)
    yield Told("battery", found.told, found.told.note, partial(hung.cue_forest, found.told))
    if held_out is not None:
        some = together(reals(gan, held_out, 6)).pictures
        edits = partial(hung.edit_strip, some, gan.format, level=max(plan.levels), seed=plan.seed)
        yield Told("edits", found.told, "what was done to the pictures", edits, aside=True)
    for number, finding in enumerate(found.findings):
        yield Told(f"finding {number:02}", finding, str(finding), partial(drawn, finding), aside=True)


def tell_calibration(asked: Asked) -> Iterator[Told]:
    held_out = real_pictures(asked)
    n = min(asked.many(1000, 10_000), held_out.size)
    found = as_probability(asked.gan, held_out, n, seed=asked.how.seed, progress=asked.progress)
    told, head = found.explanation, found.head.name
    yield Told("probability", told, told.note, partial(trust.reliability, told, head))
    yield Told("density ratio", told, "the same as weights of samples", partial(trust.weights, told, head), aside=True)


def real_pictures(asked: Asked) -> Dataset:
    """Held out, since a critic has seen the others."""
    assert asked.held_out is not None  # `needs_data`
    return asked.held_out


def critically(tell: Tell) -> Callable[[Asked], Iterator[Told]]:
    """Of the GAN with its score the right way round; where it had to be turned, the first sentence says so."""

    def told(asked: Asked) -> Iterator[Told]:
        gan, said = (asked.gan, "") if asked.turned is None else asked.turned()
        for number, each in enumerate(tell(replace(asked, gan=gan))):
            yield replace(each, said=f"{said} {each.said}") if said and not number else each

    return told
