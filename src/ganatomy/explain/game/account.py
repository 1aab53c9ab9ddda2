"""A run as an account: its phases, who was ahead, its alarms, and what would put it to the test.

    found = account(recorded("runs/0002-bad-strong-critic-s0"))
    print(found.note)                     # rounds 50 to 800: critic saturated and worsening (...)
    found.arrays["first"], found.arrays["last"]          # of each phase

What happened is told from the record alone, and so are not causes: where the critic is saturated, the account names
the command that plays the run again from before that with a penalty.
"""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass

import torch

from ganatomy.errors import GanatomyError
from ganatomy.explain.game.alarms import EpisodeTold, episodes
from ganatomy.explain.game.lead import Ahead, ahead, stretches
from ganatomy.explain.game.phases import Found, phased, since
from ganatomy.explain.game.record import Record
from ganatomy.results.explanation import Explanation
from ganatomy.results.provenance import Provenance
from ganatomy.training.interventions.written import RECIPE, intervention
from ganatomy.training.recipes.layers import layer_of, merged, spread
from ganatomy.training.recipes.read import recipe_of, to_plain
from ganatomy.training.runs.checkpoint import load_checkpoint
from ganatomy.training.runs.folder import open_run

STRENGTH = 1.0  # of R1, where a run has none
MORE = 10.0  # times what it has
UNFINISHED = {
    "diverged": "The run diverged: it was given up in",
    "failed": "The run failed after",
    "interrupted": "The run was interrupted after",
    "running": "The run has not ended; this is told up to",
}


@dataclass(frozen=True, eq=False)
class Account:
    """All that is told of a run; `test` is the command of a fork that puts the account to the test, or ""."""

    record: Record
    found: Found
    ahead: tuple[Ahead, ...]
    alarms: tuple[EpisodeTold, ...]
    outcome: str
    test: str


def account(record: Record, *, seed: int = 0) -> Account:
    found = phased(record, seed=seed)
    outcome, test = _critic(record)
    return Account(record, found, ahead(record, stretches(record)), episodes(record), outcome, test)


def spoken(told: Account) -> str:
    """In a few sentences."""
    phases = "; ".join(phase.said for phase in told.found.phases)
    parts = [f"{phases[0].upper()}{phases[1:]}.", ended(told.record), told.outcome, _sides(told.ahead)]
    parts += [f"Alarms: {'; '.join(each.said for each in told.alarms)}." if told.alarms else "No alarm."]
    parts += [_damaged(told.record), f"To test it: {told.test}" if told.test else ""]
    return " ".join(part for part in parts if part)


def ended(record: Record) -> str:
    """How it ended, where it did not come to its end."""
    said = UNFINISHED.get(record.state, "")
    return f"{said} round {record.last}{f' ({record.reason})' if record.reason else ''}." if said else ""


def _damaged(record: Record) -> str:
    many = record.damaged
    return (
        f"{many} damaged line{'s' * (many > 1)} of metrics.jsonl {'are' if many > 1 else 'is'} left out."
        if many
        else ""
    )


def phases_explained(told: Account, *, subject: str, seed: int = 0) -> Explanation:
    """One unit a phase, with a row for each number that its names rest on."""
    phases = told.found.phases
    keys = sorted({name for phase in phases for name in phase.evidence})
    arrays = {
        "first": torch.tensor([phase.first for phase in phases]).numpy(),
        "last": torch.tensor([phase.last for phase in phases]).numpy(),
    }
    arrays |= {
        key: torch.tensor([phase.evidence.get(key, math.nan) for phase in phases], dtype=torch.float64).numpy()
        for key in keys
    }
    units = tuple(f"rounds {phase.first} to {phase.last}: {' and '.join(phase.names)}" for phase in phases)
    return Explanation(
        "account", subject, told.record.name, units, arrays, note=spoken(told), provenance=Provenance.here(seed=seed)
    )


def lead_explained(told: Account, *, subject: str, seed: int = 0) -> Explanation:
    """One unit a stretch of rounds."""
    nan = math.nan
    rows = [
        (
            each.first,
            each.last,
            each.mean,
            each.share.low if each.share else nan,
            each.share.high if each.share else nan,
        )
        for each in told.ahead
    ]
    table = torch.tensor(rows, dtype=torch.float64).reshape(-1, 5)
    arrays = {name: table[:, place].numpy() for place, name in enumerate(("first", "last", "share", "low", "high"))}
    units = tuple(f"rounds {each.first} to {each.last}: {each.verdict}" for each in told.ahead)
    said = _sides(told.ahead) or "Who was ahead cannot be told: pairs of scores were not read."
    return Explanation(
        "lead", subject, told.record.name, units, arrays, note=said, provenance=Provenance.here(seed=seed)
    )


def _sides(stretched: tuple[Ahead, ...]) -> str:
    """Neighbouring stretches with one verdict become one."""
    joined: list[tuple[int, int, str]] = []
    for each in stretched:
        if joined and joined[-1][2] == each.verdict:
            joined[-1] = (joined[-1][0], each.last, each.verdict)
        else:
            joined.append((each.first, each.last, each.verdict))
    said = "; ".join(f"{verdict} in rounds {first} to {last}" for first, last, verdict in joined)
    return f"Who was ahead: {said}." if said else ""


def _critic(record: Record) -> tuple[str, str]:
    """Of a critic that is saturated to the end: since when, what the samples did, and a fork from before."""
    limit = record.limit("critic-saturated", "low")
    start = since(record, "critic.relative", below=limit)
    if start is None:
        return "", ""
    read = " (the first that was read)" if start == record.first else ""
    parts = [f"The critic is saturated from round {start}{read} to the end: its loss is"]
    parts += [f"{record.median('critic.relative', start):.2g} of a coin's (limit {limit:g})"]
    share = record.median("pairs.batch", start)
    parts += [] if math.isnan(share) else [f"and it ranks {100 * share:.0f} % of pairs rightly"]
    return f"{' '.join(parts)}.{_samples(record, start)}", _fork(record, start)


def _samples(record: Record, start: int) -> str:
    gaps, floor = record.course("gap", start)[1], record.median("gap.upper")
    if len(gaps) < 2:
        return ""
    best = float(gaps.min())
    beside = "" if math.isnan(floor) else f" (real samples: below {floor:.2g})"
    diversity = record.course("diversity.samples", start)[1]
    spread = f", their diversity {float(diversity[-1]):.2g} times real samples'" if len(diversity) else ""
    return f" Since then the samples' gap was {best:.2g} at best and {float(gaps[-1]):.2g} at the end{beside}{spread}."


def _fork(record: Record, start: int) -> str:
    """From the last checkpoint before, or the first there is, with a penalty or a stronger one."""
    if record.folder is None or not record.steps:
        return ""
    at = max((step for step in record.steps if step <= start), default=record.steps[0])
    strength = r1_at(record, at)
    if strength is None:
        return ""
    change = f"game.terms.r1.strength={MORE * strength if strength > 0 else STRENGTH:g}"
    data = ["--data-dir", record.data_dir] if record.data_dir else []
    return shlex.join(["ganatomy", "fork", str(record.folder), "--at", str(at), "--do", change, *data])


def r1_at(record: Record, at: int) -> float | None:
    """The strength of R1 in the round after so many: of its stage, with what interventions change then.

    0 where there is none; None where it is not one number, as in a schedule.
    """
    if record.recipe is None:
        return 0.0
    place = _stage(record, at)
    planned = [intervention(text) for text in record.recipe.interventions]
    active = [str(each.read) for each in planned if each.kind == RECIPE and each.holds(at)]
    key = f"stages.{place}." if record.recipe.stages else ""
    content = to_plain(record.recipe)
    for change in active:
        content = merged(content, spread(layer_of([key + change])))
    stage = recipe_of(content, source=record.name).all_stages()[place]
    strength = getattr(getattr(stage.game.terms, "r1", None), "strength", 0.0)
    return float(strength) if isinstance(strength, float | int) else None


def _stage(record: Record, at: int) -> int:
    """Of the checkpoint of that round, as it says itself; the first where it does not."""
    if record.folder is None or record.recipe is None or not record.recipe.stages:
        return 0
    try:
        extra = load_checkpoint(open_run(record.folder), at, moments=False).extra
        return min(int(extra["standing"]["stage"]), len(record.recipe.stages) - 1)
    except (GanatomyError, LookupError, TypeError, ValueError):
        return 0
