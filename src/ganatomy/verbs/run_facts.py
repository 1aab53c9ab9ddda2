"""What became of a run so far, read from its folder: status, losses, alarms, checkpoints.

facts = run_facts(open_run("runs/0001-digits-mlp-s0"))
facts.state, facts.images, facts.alarms, facts.checkpoints
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.training.recipes.compare import digest
from ganatomy.training.recipes.read import recipe_text
from ganatomy.training.runs.checkpoint import best_step, steps_of
from ganatomy.training.runs.entry import entry_or_none, entry_path
from ganatomy.training.runs.folder import Run
from ganatomy.training.runs.lock import writer
from ganatomy.training.runs.metrics import read_metrics
from ganatomy.training.runs.status import read_status

LOSSES = ("critic.adversarial", "generator.adversarial")
SHOWN = 8  # alarms in the words for people


@dataclass(frozen=True)
class Saved:
    """A checkpoint: its size with the state of the optimisers; `whole` if its files are there in their sizes."""

    step: int
    bytes: int
    best: bool
    whole: bool


@dataclass(frozen=True)
class RunFacts:
    """`state`: running, finished, interrupted, diverged, failed, or killed: said to run, and nobody writes it.

    images, losses and gap are those of the last line of metrics that has them; converged: images to the goal, if met.
    """

    folder: str
    recipe: str
    recipe_digest: str
    summary: str
    seed: int
    state: str
    reason: str
    step: int
    images: int | None
    seconds: float
    losses: Mapping[str, float]
    gap: float | None
    lowest_gap: float | None
    converged: int | None
    alarms: tuple[dict[str, Any], ...]
    checkpoints: tuple[Saved, ...]
    best: int | None

    def facts(self) -> dict[str, str]:
        """In words, by name."""
        facts = {
            "recipe": f"{self.recipe} ({self.recipe_digest}), seed {self.seed}: {self.summary}",
            "state": self.state + (f": {self.reason}" if self.reason else ""),
            "steps": f"{self.step:,}" + (f", {self.images:,} images" if self.images is not None else ""),
            "seconds": f"{self.seconds:.1f}",
        }
        if self.losses:
            facts["losses"] = ", ".join(f"{name} {value:.4g}" for name, value in self.losses.items())
        if self.gap is not None and self.lowest_gap is not None:
            facts["gap"] = f"{self.gap:.4g}, the lowest {self.lowest_gap:.4g}"
        facts["converged"] = "no" if self.converged is None else f"after {self.converged:,} images"
        facts["alarms"] = self._alarms()
        facts["checkpoints"] = ", ".join(_saved(saved) for saved in self.checkpoints) or "none yet"
        return facts

    def _alarms(self) -> str:
        told = [f"{alarm.get('rule')} at step {alarm['step']}" for alarm in self.alarms]
        more = f", and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        return f"{len(told)}: {', '.join(told[:SHOWN])}{more}" if told else "none"


def run_facts(run: Run) -> RunFacts:
    """Read what there is; a run that has just begun has little."""
    recipe, status = recipe_text(run.config, source=str(run.folder)), read_status(run.folder)
    lines = read_metrics(run)
    numbers = [line for line in lines if line.get("kind") != "alarm"]
    gaps = [line["gap"] for line in numbers if isinstance(line.get("gap"), float | int)]
    killed = status.state == "running" and writer(run) is None
    resume = f"nobody writes it; `ganatomy train --resume {run.folder}` goes on"
    checkpoints = tuple(_checkpoint(run.checkpoints, step) for step in steps_of(run))
    return RunFacts(
        folder=str(run.folder),
        recipe=recipe.name,
        recipe_digest=digest(recipe),
        summary=recipe.summary,
        seed=recipe.seed,
        state="killed" if killed else status.state,
        reason=resume if killed else status.reason,
        step=max([status.step, *(line["step"] for line in lines[-1:])]),
        images=_last(numbers, "seen"),
        seconds=float(_last(numbers, "seconds") or status.seconds),
        losses={name: value for name in LOSSES if (value := _last(numbers, name)) is not None},
        gap=gaps[-1] if gaps else None,
        lowest_gap=min(gaps) if gaps else None,
        converged=status.converged,
        alarms=tuple(line for line in lines if line.get("kind") == "alarm"),
        checkpoints=checkpoints,
        best=best_step(run),
    )


def _last(lines: list[dict[str, Any]], name: str) -> Any:
    """The newest value of that name, images as a whole number."""
    value = next((line[name] for line in reversed(lines) if name in line), None)
    return int(value) if name == "seen" and value is not None else value


def _checkpoint(folder: Path, step: int) -> Saved:
    entry = entry_or_none(folder, step)
    if entry is None:
        return Saved(step, entry_path(folder, step).stat().st_size, best=False, whole=False)
    return Saved(step, entry.weights.bytes + entry.moments.bytes, best=entry.best, whole=entry.lies_in(folder))


def _saved(saved: Saved) -> str:
    size = f"{saved.bytes / 2**20:.1f} MiB"
    return f"step {saved.step} ({size}{', best' * saved.best}{', damaged' * (not saved.whole)})"
