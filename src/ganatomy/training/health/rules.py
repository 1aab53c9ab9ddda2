"""What can go wrong with a game, as a table: each rule a condition over the last readings, a sentence, and advice.

    RULES["lost-diversity"].sentence
    rules_with({"lost-diversity": 0.3, "memorising": False})      # as a recipe wants them

What the limits rest on stands on the page `health` of the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping

from ganatomy.errors import choose
from ganatomy.training.health.conditions import (
    BAD_NUMBER,
    alike,
    asleep,
    below,
    copies,
    flat,
    memorising,
    not_finite,
    outside,
    still,
    worse,
)
from ganatomy.training.health.rule import Rule

_TABLE = (
    Rule(
        "critic-saturated",
        "The critic tells real from generated almost surely, so the generator learns little from it.",
        "Add or raise R1 and R2, lower the critic's rate or its turns; the best checkpoint so far is kept.",
        ("critic.relative",),
        below,
        low=0.1,
        window=5,
        after=300,
        ease=1.5,
        sets="low",
    ),
    Rule(
        "critic-asleep",
        "The critic's loss is that of a coin, and the samples, still far from real ones, do not get better.",
        "Lower the penalty, raise the critic's rate, or give it more width.",
        ("gap", "critic.relative"),
        asleep,
        low=0.02,
        high=0.05,
        window=8,
        patience=2,
        steady=1.02,
    ),
    Rule(
        "not-finite",
        "Numbers left the finite range; updates with such gradients are skipped and counted.",
        "Lower the rate or the penalty, or train in float32; the named places show where it began.",
        BAD_NUMBER,
        not_finite,
        patience=1,
        after=0,
        sets="nothing",
    ),
    Rule(
        "penalty-share",
        "The penalty is nearly the whole of the critic's loss, so the critic hardly looks at the samples.",
        "Lower gamma, by ten at first.",
        ("penalty.share",),
        outside,
        high=0.8,
        window=5,
    ),
    Rule(
        "gradient-ratio",
        "The gradients of generator and critic differ in size by more than an order of magnitude: one hardly plays.",
        "Above 20 the critic is too steep: raise gamma or lower its rate. Below 0.05 it is too flat: lower gamma.",
        ("norm.ratio",),
        outside,
        low=0.05,
        high=20.0,
        window=5,
        sets="ratio",
    ),
    Rule(
        "lost-diversity",
        "Generated samples differ from each other far less than real ones do: the generator has lost modes.",
        "Go back to the best checkpoint; add R1 and R2 or packing, lower the generator's rate.",
        ("diversity.samples", "diversity.features"),
        alike,
        low=0.5,
        window=3,
        patience=2,
        after=500,
        sets="low",
    ),
    Rule(
        "near-duplicates",
        "Many generated samples are nearly the same picture.",
        "Go back to the best checkpoint; add R1 and R2 or packing, lower the generator's rate.",
        ("duplicates", "duplicates.floor"),
        copies,
        high=0.5,
        window=3,
        patience=2,
        after=500,
    ),
    Rule(
        "oscillation",
        "The generator is far from its own average: the two players circle instead of settling.",
        "Lower the rates or beta1, add R1; show the averaged generator.",
        ("average.distance",),
        outside,
        high=0.75,
        window=3,
        after=500,
    ),
    Rule(
        "memorising",
        "The critic scores the training samples above held-out real ones: it is learning them by heart.",
        "Turn on augmentation, add data, or make the critic smaller.",
        ("memory.excess", "memory.noise"),
        memorising,
        high=0.3,
    ),
    Rule(
        "critic-flat",
        "The critic's score is nearly the same everywhere: only an optimiser that rescales gradients still learns.",
        "Lower gamma; where weights are clipped, widen the bound, or use a gradient penalty instead.",
        ("critic.slope", "gap"),
        flat,
        low=1e-3,
        window=2,
        patience=2,
        sets="low",
    ),
    Rule(
        "standing-still",
        "The samples are still far from real ones and have stopped getting nearer.",
        "See which other alarm came first; else try more width, another rate, or R1 and R2.",
        ("gap",),
        still,
        high=0.05,
        window=10,
        after=300,
        steady=1.02,
    ),
    Rule(
        "got-worse",
        "Samples are much farther from real ones than they were at their best.",
        "Go back to the best checkpoint, and lower the rates or raise the penalty from there.",
        ("gap",),
        worse,
        low=0.02,
        high=1.5,
        after=300,
    ),
)
RULES: dict[str, Rule] = {rule.name: rule for rule in _TABLE}


def rules_with(switches: Mapping[str, bool | int | float]) -> dict[str, Rule]:
    """The rules as a recipe wants them: false switches one off, a number is its threshold."""
    rules = dict(RULES)
    for name, wanted in switches.items():
        rule = choose(RULES, name, "health rule")
        if wanted is False:
            del rules[name]
        elif wanted is not True:
            rules[name] = rule.at(wanted)
    return rules
