"""May one trust it: copies, what critic and generator give away of the training data, use to others, single samples."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ganatomy.evaluate.quality.copies import copies
from ganatomy.evaluate.trust.attack import Attack
from ganatomy.evaluate.trust.membership import AttackPlan, of_critic, of_generator
from ganatomy.evaluate.trust.single import StandardPlan, judge_samples, standard
from ganatomy.evaluate.trust.train_on_fake import FakePlan, train_on_fake
from ganatomy.verbs.measures.material import Material, Sort
from ganatomy.verbs.measures.told import Told, section
from ganatomy.views.copies import SHOWN, pairs_of
from ganatomy.views.samples_judged import samples_judged


def tell_copies(material: Material) -> Iterator[Told]:
    """In a space that no training sample has shaped."""
    space, gan = material.untrained, material.gan
    found = copies(
        material.table(space, "many"),
        material.table(space, "train"),
        material.table(space, "held"),
        space=space.id,
        stream=material.stream("copies"),
        groups=material.pooled_groups(),
    )
    sorts: tuple[Sort, ...] = ("many", "train", "held")
    numbers = [material.numbers(sort, rows) for sort, rows in zip(sorts, found.pairs.T, strict=True)]
    few = [each[:SHOWN] for each in numbers]
    pictures = gan.sample(material.how.seed, few[0]).cpu(), material.train.read(few[1]), material.held_out.read(few[2])
    rows = [*found.measured.values(), *found.excess.values()]
    yield Told(
        section("copies", f"Copies of training samples, in {space.id}", rows, found.note),
        partial(pairs_of, found, pictures, gan.format) if gan.format.kind == "picture" else None,
        {"pairs": [list(each) for each in zip(*numbers, strict=True)], "p": found.p, "verdict": found.verdict},
    )


def tell_membership(material: Material) -> Iterator[Told]:
    plan = AttackPlan(n=material.how.many(2000, 10_000), seed=material.how.seed)
    both = material.train, material.held_out
    if material.gan.critic is not None:
        found = of_critic(material.gan, *both, plan=plan, progress=material.progress("membership, by the critic"))
        yield _attacked("membership critic", "Who was in the training data, by the critic's score", found)
    space = material.untrained
    tell = material.progress("membership, by the nearest sample")
    found = of_generator(material.gan, *both, space, plan=plan, progress=tell)
    yield _attacked("membership generator", f"Who was in the training data, by the nearest sample in {space.id}", found)


def tell_usefulness(material: Material) -> Iterator[Told]:
    found = train_on_fake(
        material.gan,
        material.train,
        material.held_out,
        judge=material.judge,
        plan=FakePlan(n=material.how.many(1000, 10_000), seed=material.how.seed),
        progress=material.progress("training on fake"),
    )
    lost = {f"{name}: recall lost": told.gap for name, told in found.classes.items() if told.lost}
    yield Told(
        section("usefulness", "Train on fake, test on real", [*found.measured.values(), *lost.values()], found.note)
    )


def tell_samples(material: Material) -> Iterator[Told]:
    """Some samples, one by one."""
    how, gan, space = material.how, material.gan, material.untrained
    plan = StandardPlan(n=how.many(2000, 10_000), seed=how.seed)
    tell = material.progress("single samples")
    known = standard(material.train, material.held_out, space, gan=gan, plan=plan, progress=tell)
    wanted = list(dict.fromkeys(how.samples))
    samples = gan.sample(how.seed, wanted).float().cpu()
    found = judge_samples(samples, known, labels=gan.latent.labels(how.seed, wanted))
    rows = [
        {"sample": index, "verdict": verdict, "reason": reason}
        for index, verdict, reason in zip(wanted, found.verdicts, found.reasons, strict=True)
    ]
    title = f"{len(wanted)} samples of seed {how.seed}, one by one, in {space.id}"
    foot = f"In {space.id}, beside {len(known.places)} held-out samples. "
    shown = partial(samples_judged, found, samples, material.train, material.held_out, numbers=wanted, foot=foot)
    picture = shown if gan.format.kind == "picture" else None
    yield Told(section("samples", title, found.measured, found.note), picture, {"samples": rows})


def _attacked(name: str, title: str, found: Attack) -> Told:
    return Told(section(name, title, found.measured, found.note), kept={"p": found.p, "verdict": found.verdict})
