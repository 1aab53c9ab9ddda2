"""What a GAN is and how its training went, name by name, from what it and its run say of themselves."""

from __future__ import annotations

import shlex
from pathlib import Path

from ganatomy.explain.game.alarms import episodes
from ganatomy.explain.game.record import recorded
from ganatomy.models.gan import GAN
from ganatomy.report.facts import Part
from ganatomy.report.found import Course
from ganatomy.verbs.info import SCORES
from ganatomy.verbs.layers import parameters
from ganatomy.verbs.run_facts import RunFacts


def about(gan: GAN | None, facts: RunFacts | None) -> dict[str, str]:
    """In the order in which they are read; what is not known is not there."""
    return {**({} if gan is None else _networks(gan)), **({} if facts is None else _run(facts))}


def _networks(gan: GAN) -> dict[str, str]:
    told = {
        "generator": f"{type(gan.generator).__name__}, {parameters(gan.generator):,} parameters",
        "critic": "none"
        if gan.critic is None
        else f"{type(gan.critic).__name__}, {parameters(gan.critic):,} parameters",
        "latent": str(gan.latent),
        "samples": str(gan.format),
    }
    if gan.critic is not None:
        told["score"] = f"{SCORES[gan.score.kind]}; {gan.score.high} is high"
    if gan.data is not None:
        told["data"] = gan.data
    if gan.classes:
        told["classes"] = ", ".join(gan.classes)
    if "averaged" in gan.provenance:
        which = "averaged generator" if gan.provenance["averaged"] else "generator as it is trained"
        told["looked at"] = f"step {gan.provenance['step']}, {which}"
    return told


def _run(facts: RunFacts) -> dict[str, str]:
    return {
        "recipe": f"{facts.recipe} ({facts.recipe_digest}), seed {facts.seed}",
        "what the recipe is": facts.summary,
        "trained": f"{facts.step:,} steps" + ("" if facts.images is None else f", {facts.images:,} images"),
    }


def course(facts: RunFacts) -> Course:
    """With the alarms that held to the end; each by its rule, from where it last began."""
    standing = {
        each.rule: (each.rule, each.first, each.sentence)
        for each in episodes(recorded(Path(facts.folder)))
        if each.cleared is None
    }
    return Course(facts.state, _without_place(facts), facts.step, facts.images, tuple(standing.values()))


def _without_place(facts: RunFacts) -> str:
    """A reason names the run's folder where somebody might go on with it."""
    return facts.reason.replace(facts.folder, Path(facts.folder).name)


def record(facts: RunFacts) -> Part:
    """What the run's own record says, in sentences."""
    ended = f"{facts.state}: {_without_place(facts)}" if facts.reason else facts.state
    said = [f"The run of {facts.step:,} steps is {ended}."]
    said += [f"The alarm '{rule}' stands from round {step:,} on: {told}" for rule, step, told in course(facts).alarms]
    said += [] if facts.alarms else ["No alarm was given."]
    if facts.gap is not None and facts.lowest_gap is not None:
        said.append(f"Its gap to real samples ended at {facts.gap:.3g}; the lowest was {facts.lowest_gap:.3g}.")
    again = shlex.join(["ganatomy", "info", Path(facts.folder).name])
    return Part("record", "What does its record say?", tuple(said), command=again)
