"""The first minutes: train a GAN on the embedded digits, explain it, measure it, and write the report of it.

    found = demo(Path("demo"), say=print)
    found.run, found.reported.page, found.reported.report.headline

Everything is done as a user would do it, by the same verbs and with the same defaults.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ganatomy.atomic import write_text
from ganatomy.data.catalogue import load_splits
from ganatomy.training.goals import parse_goal
from ganatomy.training.threads import threads
from ganatomy.verbs.report import Reported, report
from ganatomy.verbs.reporting.collected import Asking
from ganatomy.verbs.train import train

Say = Callable[[str], None]
Progress = Callable[[str], Callable[[int, int], None]]
RECIPE = "digits-mlp"
READ_ME = """What `ganatomy demo` wrote here.

runs/0001-digits-mlp-s0/   a run: its recipe, metrics, checkpoints and samples
  report.html              start here: whether to trust this GAN, and why
  report.json              the same facts for programs
  findings/                what each explainer found, with its arrays and its figure
  evaluation/              the scorecard: every number beside its floor and under its limit
"""


@dataclass(frozen=True, eq=False)
class Demo:
    """The run and its report."""

    run: Path
    reported: Reported

    def next(self) -> tuple[str, ...]:
        """Three commands to go on with, each with what it answers."""
        run = shlex.quote(str(self.run))
        return (
            f"ganatomy explain {run} critic    # all that can be asked of its critic",
            f"ganatomy compare {run}@best {run}    # its best step beside its last",
            "ganatomy report mine.py:make --data folder:PATH    # your own GAN, from a function that returns it",
        )


def demo(out: Path, *, seed: int = 0, changes: Sequence[str] = (), say: Say, progress: Progress) -> Demo:
    """Train, explain, measure, report. `changes`: keys of the recipe, as `-o` gives them."""
    write_text(out / "README.txt", READ_ME)  # first, so that a folder that cannot be written is known at once
    training, held_out = load_splits("digits")
    say(f"digits: {training.size} to train on, {held_out.size} held out")
    with threads(1):
        run = _trained(out, [f"seed={seed}", *changes], progress("training a GAN"))
    say(f"trained: {run}")
    return Demo(run, report(run, asking=Asking(seed=seed), say=say, progress=progress))


def _trained(out: Path, changes: Sequence[str], progress: Callable[[int, int], None]) -> Path:
    """The folder of a new run of the recipe, seen to its end."""
    folder, rounds = "", 0
    with closing(train(RECIPE, changes, out=out / "runs")) as events:
        for event in events:
            if event.kind == "run":
                folder, rounds = event.values["folder"], int(parse_goal(event.values["until"][0]).amount("steps") or 0)
            elif event.round is not None:
                progress(event.step, rounds)
            if event.kind == "end" and event.values["state"] == "interrupted":
                raise KeyboardInterrupt
    return Path(folder)
