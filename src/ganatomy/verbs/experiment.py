"""A claim put to the test, as a finding in a folder with its figure.

done = experiment("r1-prevents-collapse", progress=narrator.progress("seeds"))
print(done.text()); done.folder                       # experiments/r1-prevents-collapse
experiment("mine.py:CLAIM", seeds=5, out=Path("found"), progress=progress)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ganatomy.atomic import write_text
from ganatomy.experiments.conduct import conduct, experiment_named
from ganatomy.experiments.experiment import Experiment
from ganatomy.experiments.pool import Progress
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.finding import Finding
from ganatomy.results.folder import save
from ganatomy.training.threads import threads
from ganatomy.verbs.theories.shown import Shown
from ganatomy.views.canvas import svg
from ganatomy.views.experiments import experiment_figure

FIGURE = "figure.svg"
COLUMNS = ("arm", "part", "mean", "change", "low", "high")


@dataclass(frozen=True, eq=False)
class Conducted:
    """The experiment, what came out, and where it was written."""

    name: str
    experiment: Experiment
    finding: Finding
    folder: Path

    def rows(self) -> list[tuple[str, str, float, float, float, float]]:
        """Each arm: mean of the statistic, mean change against the base, and the bounds of that change."""
        found = self.finding
        means = {arm.name: float(found.arrays[arm.name].mean()) for arm in self.experiment.arms}
        base, *others = (arm.name for arm in self.experiment.arms)
        nothing = float("nan")
        rows = [(base, "base", means[base], nothing, nothing, nothing)]
        intervals = (found.interval, found.positive_control.interval, found.negative_control.interval)
        parts = ("treatment", "positive control", "negative control")
        for arm, part, interval in zip(others, parts, intervals, strict=True):
            low, high = _bounds(interval)
            rows.append((arm, part, means[arm], means[arm] - means[base], low, high))
        return rows

    def text(self) -> str:
        """Claim, why, a table of the arms, and the verdict."""
        rows = [(arm, part, *(_short(number) for number in numbers)) for arm, part, *numbers in self.rows()]
        table = Shown("", COLUMNS, tuple(rows), lambda: experiment_figure(self.finding, self.names)).table()
        asked = f"Claim: {self.experiment.claim}.\nWhy: {self.experiment.why}\nRead: {self.experiment.statistic}."
        return f"{asked}\n\n{table}\n\n{self.finding.verdict}: {self.finding.note}"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(arm.name for arm in self.experiment.arms)

    def to_dict(self) -> dict[str, object]:
        """What a machine reads; what is not finite is None."""
        rows = [
            {
                name: None if isinstance(cell, float) and not math.isfinite(cell) else cell
                for name, cell in zip(COLUMNS, row, strict=True)
            }
            for row in self.rows()
        ]
        return {
            "experiment": self.name,
            "claim": self.experiment.claim,
            "why": self.experiment.why,
            "statistic": self.experiment.statistic,
            "smallest": self.experiment.smallest,
            "seeds": len(self.finding.arrays[self.names[0]]),
            "arms": rows,
            "verdict": self.finding.verdict,
            "note": self.finding.note,
            "folder": str(self.folder),
        }


def experiment(
    name: str, *, seeds: int | None = None, out: Path | None = None, data_dir: Path | None = None, progress: Progress
) -> Conducted:
    """Every arm over all seeds; the finding and its figure go to `out`, by default experiments/NAME."""
    wanted = experiment_named(name)
    finding = conduct(name, seeds=seeds, data_dir=data_dir, progress=progress)
    folder = Path("experiments") / _plain(name) if out is None else out
    done = Conducted(name, wanted, finding, save(finding, folder))
    with threads(1):
        write_text(folder / FIGURE, svg(experiment_figure(finding, done.names)))
    return done


def _plain(name: str) -> str:
    """mine.py:CLAIM is kept as mine-CLAIM."""
    file, colon, attribute = name.rpartition(":")
    return f"{Path(file).stem}-{attribute}" if colon else name


def _bounds(interval: Interval | None) -> tuple[float, float]:
    return (float("nan"), float("nan")) if interval is None else (interval.low, interval.high)


def _short(number: float) -> str:
    return "" if math.isnan(number) else f"{number:.3g}"
