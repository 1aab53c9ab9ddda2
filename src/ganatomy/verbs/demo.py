"""The first minute: measure the embedded digits, train a GAN on them, and say how far its samples are from real ones.

    found = demo(Path("demo"))
    found.rows, found.files

Everything is measured against digits that neither the generator nor the judge was trained on, beside what real digits,
a missing class and noise read in the same place: a number means little without its floor. The judge is trained on one
half of the training digits, and the real digits beside the generated ones come from the other.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from ganatomy.atomic import write_text
from ganatomy.data.catalogue import load_splits
from ganatomy.data.dataset import Dataset
from ganatomy.features.classifier import Judge
from ganatomy.features.space import random_convolution
from ganatomy.models.gan import GAN
from ganatomy.numerics.distances import frechet
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.estimate import estimate
from ganatomy.numerics.statistics.statistic import Statistic
from ganatomy.pictures import grid, pixels, write_png
from ganatomy.results.folder import save as save_result
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.training.goals import parse_goal
from ganatomy.training.judge import judge_of, labelled
from ganatomy.training.threads import threads
from ganatomy.verbs.subject import subject
from ganatomy.verbs.train import train as train_run

Say = Callable[[str], None]
Progress = Callable[[str], Callable[[int, int], None]]
RECIPE = "digits-mlp"
TITLE = "Fréchet distance to held-out digits, with its 95 % interval; bias is taken off, so a true 0 scatters about 0"
READ_ME = """What `ganatomy demo` wrote here.

samples.png   digits of the generator, sample 0 to 63 of the seed
real.png      as many held-out real digits
runs/         the run: its recipe, metrics, checkpoints and samples; `ganatomy info` and `sample` take its folder
findings/     a folder for each measured distance: finding.json with value, interval, floor and provenance
"""
DISTANCE = Statistic("Fréchet distance", frechet, "plug-in distance", low=0.0)


@dataclass(frozen=True)
class Demo:
    """A row for each thing measured, in each space, and the files that were written."""

    rows: tuple[Measurement, ...]
    files: tuple[Path, ...]

    def table(self) -> str:
        """Distance to held-out digits with its 95 % interval, a line for each row."""
        lines = [TITLE]
        for row in self.rows:
            assert row.interval is not None
            ends = f"[{row.interval.low:.2f}, {row.interval.high:.2f}]"
            lines.append(f"  {row.name:<34} {str(row.space).rsplit('-', 1)[0]:<24} {row.value:8.2f}  {ends}")
        lines.append("A distance whose interval overlaps that of other real digits is not told apart from real ones.")
        return "\n".join(lines)


def demo(out: Path, *, seed: int = 0, say: Say, progress: Progress) -> Demo:
    """Train, measure, write; on one thread, so that a busy machine does not make it wait for the second."""
    write_text(out / "README.txt", READ_ME)  # first, so that a folder that cannot be written is known at once
    with threads(1):
        return _demo(out, seed, say, progress)


def _demo(out: Path, seed: int, say: Say, progress: Progress) -> Demo:
    train, held_out = load_splits("digits")
    say(f"digits: {train.size} to train on, {held_out.size} held out")
    judge = judge_of(train, held_out, seed=seed, progress=progress("training a judge"))
    low, high = judge.interval.low, judge.interval.high
    say(f"a judge reads {judge.accuracy:.1%} of the held-out digits right [{low:.1%}, {high:.1%}]")
    run = _train(out, seed, progress("training a GAN"))
    gan = subject(run)
    rows = _measure(gan, train, held_out, judge, seed=seed, progress=progress("measuring"))
    files = [out / "samples.png", out / "real.png", run]
    write_png(files[0], grid(pixels(gan.sample(seed, range(64)), gan.format), scale=8))
    write_png(files[1], grid(pixels(held_out.read(range(64)), held_out.format), scale=8))
    files += [save_result(row, out / "findings" / f"{place:02d}") for place, row in enumerate(rows, start=1)]
    return Demo(tuple(rows), tuple(files))


def _train(out: Path, seed: int, progress: Callable[[int, int], None]) -> Path:
    """The folder of a new run of the recipe, seen to its end."""
    folder, rounds = "", 0
    with closing(train_run(RECIPE, [f"seed={seed}"], out=out / "runs")) as events:
        for event in events:
            if event.kind == "run":
                folder, rounds = event.values["folder"], int(parse_goal(event.values["until"][0]).amount("steps") or 0)
            elif event.round is not None:
                progress(event.step, rounds)
            if event.kind == "end" and event.values["state"] == "interrupted":
                raise KeyboardInterrupt
    return Path(folder)


def _measure(
    gan: GAN, train: Dataset, held_out: Dataset, judge: Judge, *, seed: int, progress: Callable[[int, int], None]
) -> list[Measurement]:
    """Each candidate against the held-out digits, in two spaces."""
    n, real = held_out.size, held_out.read(range(held_out.size))
    unseen = range(train.size // 2, train.size)  # not by the judge
    others, labels = labelled(train).read(unseen)
    candidates = {
        "other real digits": others[:n],
        "generated digits": gan.sample(seed + 1, range(n)),
        "real digits, no sevens among them": others[labels != 7][:n],
        "noise": Stream(seed, "demo/noise").uniform(range(n), *held_out.format.shape) * 2 - 1,
    }
    rows: list[Measurement] = []
    for space in (random_convolution(held_out.format), judge.space()):
        digests = {"data": held_out.fingerprint, "space": space.digest, "gan": gan.digest()}
        provenance = Provenance.here(seed=seed, digests=digests)
        reference = space(real, held_out.format)
        for name, samples in candidates.items():
            row = _distance(name, space(samples, held_out.format), reference, Stream(seed, "demo/blocks"))
            rows.append(replace(row, space=space.id, provenance=provenance))
            progress(len(rows), 2 * len(candidates))
    return rows


def _distance(name: str, features: Tensor, reference: Tensor, stream: Stream) -> Measurement:
    """Bias is taken off, so between two samples of one law the estimate is 0 on average, on either side of it."""
    found = estimate(DISTANCE, (features, reference), method="jackknife", stream=stream)
    return Measurement(
        name,
        found.corrected,
        n=len(features),
        estimator="Fréchet distance to held-out digits, symmetric form, float64, bias removed by the jackknife",
        better="low",
        interval=found.interval,
        floor=0.0,
    )
