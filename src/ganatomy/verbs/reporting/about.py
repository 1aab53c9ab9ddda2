"""What a GAN is and how its training went, name by name, from what it and its run say of themselves."""

from __future__ import annotations

from pathlib import Path

from ganatomy.explain.game.alarms import episodes
from ganatomy.explain.game.record import recorded
from ganatomy.models.gan import GAN
from ganatomy.report.answered.ended import UNDERWAY
from ganatomy.report.facts import Part
from ganatomy.report.found import Course
from ganatomy.report.leads import WENT
from ganatomy.training.runs.folder import open_run
from ganatomy.training.runs.metrics import read_metrics
from ganatomy.verbs.info import SCORES
from ganatomy.verbs.layers import parameters
from ganatomy.verbs.run_facts import RunFacts


def step_of(gan: GAN | None) -> int | None:
    """That of the checkpoint, of a GAN that is one."""
    step = None if gan is None else gan.provenance.get("step")
    return step if isinstance(step, int) else None


def about(gan: GAN | None, facts: RunFacts | None) -> dict[str, str]:
    """In the order in which they are read; what is not known is not there."""
    return {**({} if gan is None else _networks(gan)), **({} if facts is None else _run(facts, step_of(gan)))}


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
        told["looked at"] = f"step {gan.provenance['step']:,}, {which}"
    return told


def _run(facts: RunFacts, step: int | None) -> dict[str, str]:
    """`step`: where it is looked at, which may lie before its end."""
    at = facts.step if step is None else step
    seen = _seen(facts, at)
    return {
        "recipe": f"{facts.recipe} ({facts.recipe_digest}), seed {facts.seed}",
        "what the recipe is": facts.summary,
        "trained": f"{at:,} steps" + ("" if seen is None else f", {seen:,} images") + _of(facts, at),
    }


def _of(facts: RunFacts, at: int) -> str:
    return "" if at >= facts.step else f", of a run of {facts.step:,} steps"


def _seen(facts: RunFacts, at: int) -> int | None:
    """Images until then, by the last line of the record that tells."""
    if at >= facts.step:
        return facts.images
    lines = read_metrics(open_run(facts.folder))
    return next((int(line["seen"]) for line in reversed(lines) if line["step"] <= at and "seen" in line), None)


def course(facts: RunFacts, step: int | None = None) -> Course:
    """Until the step that is looked at, with the alarms that stand there, each from where it last began."""
    at = facts.step if step is None else step
    standing = {
        each.rule: (each.rule, each.first, each.sentence)
        for each in episodes(recorded(Path(facts.folder)))
        if each.first <= at and (each.cleared is None or each.cleared > at)
    }
    if at < facts.step:
        return Course(
            UNDERWAY, f"looked at in round {at:,}, before its end", at, _seen(facts, at), tuple(standing.values())
        )
    return Course(facts.state, _without_place(facts), at, facts.images, tuple(standing.values()))


def _without_place(facts: RunFacts) -> str:
    """A reason names the run's folder where somebody might go on with it."""
    return facts.reason.replace(facts.folder, Path(facts.folder).name)


def record(facts: RunFacts, step: int | None = None) -> Part:
    """What the run's own record says, in sentences."""
    then = course(facts, step)
    why = f": {_without_place(facts).rstrip('.')}" if facts.reason else ""
    said = [f"The run {WENT.get(facts.state, facts.state)} after {facts.step:,} steps{why}."]
    said += [f"It is looked at in round {then.steps:,}."] if then.steps < facts.step else []
    said += [f"The alarm '{rule}' stands from round {since:,} on: {told}" for rule, since, told in then.alarms]
    said += [] if facts.alarms else ["No alarm was given."]
    if facts.gap is not None and facts.lowest_gap is not None and then.steps >= facts.step:
        said.append(f"Its gap to real samples ended at {facts.gap:.3g}; the lowest was {facts.lowest_gap:.3g}.")
    return Part("record", "What does its record say?", tuple(said))
