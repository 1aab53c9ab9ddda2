"""Do the health rules speak when a run goes wrong, and hold their tongue when it does not?

rows = alarms(progress=lambda done, total: None)

The bad recipes are wrong by construction, also on data and networks that no rule was tuned on; the good ones are played
for some hundred rounds, by seeds that nobody looked at before. A run counts as alarmed at its first alarm. Shares come
with Wilson intervals: none of three runs says little, none of sixty something.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ganatomy.bench.rows import Reading, Row, median
from ganatomy.bench.trained import Progress, each_seed
from ganatomy.errors import DivergedError
from ganatomy.numerics.statistics.interval import wilson
from ganatomy.results.provenance import Provenance
from ganatomy.training.goals import parse_goal
from ganatomy.training.machine import computing
from ganatomy.training.recipes.read import read_recipe, to_yaml
from ganatomy.training.runs.folder import new_run
from ganatomy.training.session import train
from ganatomy.training.setup import set_up

FIRST = 1000  # seeds from here on were used in no tuning


@dataclass(frozen=True)
class Case:
    """A recipe, changed, played for so many rounds by so many seeds."""

    name: str
    recipe: str
    rounds: int
    seeds: int
    changes: tuple[str, ...] = ()


SMALLER = ("players.options.hidden=[256,512]", "players.options.critic_hidden=[512,256]")  # a third of the time
GOOD = (
    Case("ring8", "ring8", 1500, 15),
    Case("grid25", "grid25", 1500, 15),
    Case("digits-mlp", "digits-mlp", 1500, 15),
    Case("stacked-digits", "stacked-digits", 1000, 15, SMALLER),
)
BAD = (
    Case("bad-strong-critic", "bad-strong-critic", 2000, 6),
    Case("bad-weight-clip", "bad-weight-clip", 2000, 6),
    Case("bad-r1-huge", "bad-r1-huge", 2000, 6),
)
UNSEEN = (
    Case("bad-strong-critic on stacked digits", "bad-strong-critic", 2000, 6, ("data.name=stacked-digits",)),
    Case("bad-weight-clip on stacked digits", "bad-weight-clip", 2000, 6, ("data.name=stacked-digits",)),
    Case("bad-r1-huge on stacked digits", "bad-r1-huge", 2000, 6, ("data.name=stacked-digits",)),
)


@dataclass(frozen=True)
class Heard:
    """The first alarm of a run, if there was one, and how many rounds it had to run."""

    case: Case
    rule: str | None
    step: int


def alarms(*, progress: Progress) -> list[Row]:
    """Detection and how early it comes, in each bad recipe; false alarms over all good ones together."""
    runs = [(case, FIRST + place) for case in (*GOOD, *BAD, *UNSEEN) for place in range(case.seeds)]
    heard = each_seed(_listened, runs, progress=progress)
    rows = [_share("alarms: in good runs", [h for h in heard if h.case in GOOD], at_most=0.1)]
    for name, cases in (("bad recipes", BAD), ("bad recipes on other data", UNSEEN)):
        rows.append(_share(f"alarms: in {name}", [h for h in heard if h.case in cases], at_least=0.8))
    for case in (*BAD, *UNSEEN):
        found = [h for h in heard if h.case == case]
        rows.append(_share(case.name, found))
        if steps := [float(h.step) for h in found if h.rule is not None]:
            rows.append(Row(f"{case.name}, first alarm of {case.rounds}", median(steps), "rounds"))
    return rows


def _share(name: str, heard: Sequence[Heard], *, at_least: float | None = None, at_most: float | None = None) -> Row:
    """Which rules were the first to speak stands in the name."""
    rules = Counter(h.rule for h in heard if h.rule is not None)
    spoke = "; ".join(f"{rule} {times}" for rule, times in rules.most_common())
    k, n = rules.total(), len(heard)
    label = f"{name}, {k} of {n}" + (f" ({spoke})" if spoke else "")
    return Row(label, Reading(k / n, wilson(k, n)), "of runs", at_most=at_most, at_least=at_least)


def _listened(run: tuple[Case, int]) -> Heard:
    case, seed = run
    recipe = read_recipe(case.recipe, [*case.changes, f"seed={seed}", "cadence.samples=0", "cadence.save_seconds=1e9"])
    with computing(1), tempfile.TemporaryDirectory() as folder:
        setup = set_up(recipe)
        place = new_run(
            Path(folder), recipe.name, seed=seed, config=to_yaml(recipe), provenance=Provenance.here(seed=seed)
        )
        with suppress(DivergedError):  # raised after its alarm, if one was due
            for event in train(setup, place, goal=parse_goal(case.rounds)):
                if event.kind == "alarm":
                    return Heard(case, event.values["rule"], event.step)
    return Heard(case, None, case.rounds)
