"""What it costs to watch a run: its time with the default probes over that without any.

rows = watching(progress=lambda done, total: None)

Two runs on the disk are played in turn in one process, on one thread, one with probes and one without; both write their
log lines. Processor time. What a probe takes does not hang on how often one is taken, so they are taken often here,
where they show in the noise of a busy machine, and the ratio is brought to the cadence of the recipe. MNIST's pictures
are noise of their shape: speed does not hang on what they show.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ganatomy.bench.rows import Row, median
from ganatomy.bench.trained import Progress
from ganatomy.data.dataset import stored
from ganatomy.numerics.random import Stream
from ganatomy.results.provenance import Provenance
from ganatomy.training.events import Events
from ganatomy.training.machine import computing
from ganatomy.training.recipes.read import read_recipe, to_yaml
from ganatomy.training.runs.folder import new_run
from ganatomy.training.session import train
from ganatomy.training.setup import Setup, set_up

COST = 1.05  # target: of the time without
QUIET = ("end={steps: 1000000000}", "cadence.samples=0", "cadence.save_seconds=1000000", "cadence.milestones=false")


@dataclass(frozen=True)
class Case:
    """A recipe, the rounds from one probe to the next, and what to change in the recipe."""

    recipe: str
    rounds: int
    changes: tuple[str, ...] = ()


CASES = (
    Case("digits-mlp", 20),
    Case("shapes-dcgan", 4),
    Case("mnist-dcgan", 6, ("data.name=digits", "data.size=28")),  # its own pictures need not be there
)


def watching(*, progress: Progress, pairs: int = 21) -> list[Row]:
    """Two rows a recipe: the time at its own cadence, and what a probe takes."""
    rows = []
    with computing(1):
        for done, case in enumerate(CASES, start=1):
            rows += watched(case, pairs=pairs)
            progress(done, len(CASES))
    return rows


def watched(case: Case, *, pairs: int) -> list[Row]:
    """From one probe to the next, against as many rounds of a run that takes none."""
    seeing, blind = (setup_of(case, probe=probe) for probe in (case.rounds, 0))
    usual = read_recipe(case.recipe).cadence.probe
    with tempfile.TemporaryDirectory() as folder:
        runs = [_events(setup, Path(folder)) for setup in (seeing, blind)]
        with closing(runs[0]), closing(runs[1]):
            times = [_in_turn(runs, case.rounds, turn) for turn in range(-1, pairs)][1:]  # the first one warms up
    probes = [case.rounds * (ours / theirs - 1) for ours, theirs in times]
    return [
        Row(f"{case.recipe}: watched", median([1 + probe / usual for probe in probes]), "times alone", at_most=COST),
        Row(f"{case.recipe}: a probe", median(probes), "rounds"),
    ]


def setup_of(case: Case, *, probe: int) -> Setup:
    cadence = (f"cadence.probe={probe}", f"cadence.log={case.rounds}")
    setup = set_up(read_recipe(case.recipe, [*QUIET, *cadence, *case.changes]))
    if not case.changes:
        return setup
    drawn = (256 * Stream(0, "bench/watching").uniform(range(2048), *setup.train.format.shape)).to(torch.uint8)
    pictures = stored("noise", "train", pictures=drawn)
    return replace(setup, train=pictures, held_out=pictures)


def _events(setup: Setup, folder: Path) -> Events:
    run = new_run(folder, "bench", seed=0, config=to_yaml(setup.recipe), provenance=Provenance.here(seed=0))
    return train(setup, run)


def _in_turn(runs: list[Events], rounds: int, turn: int) -> tuple[float, float]:
    """Seconds of each run; neither always goes first."""
    times = [0.0, 0.0]
    for place in (0, 1) if turn % 2 else (1, 0):
        start = time.process_time()
        next(event for event in runs[place] if event.kind in ("probe", "log") and event.step % rounds == 0)
        times[place] = time.process_time() - start
    return times[0], times[1]
