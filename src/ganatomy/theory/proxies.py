"""Cheap numbers that may tell how far a game is from rest, and how well they do where the truth is known.

    run = watched(field, RULES["alternating"], start=start, h=0.1, rounds=400)
    proxies(run)                         # {"speed": ..., "spread of the critic's loss": ..., ...} over its last quarter
    tracking(*studied(CASES.values()))   # {"speed": 0.8, ...}: rank correlations with the distance to the equilibrium
    course(field, checkpoints).told()    # {("speed", "rotation"): ...}: with spectra, along one run of networks

In a game with a known equilibrium the distance to it is the truth. What tracks there need not on networks: the gap of
the scores does only while the critic is at its best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.theory.cases import Case
from ganatomy.theory.dirac import QUADRATIC_EQUILIBRIUM, quadratic
from ganatomy.theory.field import Field
from ganatomy.theory.spectra import spectrum, turning
from ganatomy.theory.steps import RULES, Rule

Floats = NDArray[np.float64]
FREE_BIAS = ("wasserstein", "relativistic")  # their losses do not see a constant added to all scores


@dataclass(frozen=True, eq=False)
class Watched:
    """A run seen every so many rounds: weights (n, size), |v|, the critic's loss, the scores' gap; the loss at rest."""

    weights: Tensor
    speeds: Floats
    losses: Floats
    gaps: Floats
    rest: float

    def last(self, share: float = 0.25) -> Watched:
        """The end of the run."""
        first = min(len(self.speeds) - 2, round(len(self.speeds) * (1 - share)))
        part = slice(first, None)
        return Watched(self.weights[part], self.speeds[part], self.losses[part], self.gaps[part], self.rest)


def watched(field: Field, rule: Rule, *, start: Tensor, h: float, rounds: int, every: int = 4) -> Watched:
    """Play from `start` and look every few rounds."""
    if rounds < 8 * every:
        raise UsageError(f"{rounds} rounds seen every {every} were asked for", f"give {8 * every} or more")
    state, seen, speeds, losses, gaps = rule.state(start), [], [], [], []
    for count in range(rounds):
        state = rule.step(field, state, h)
        if (count + 1) % every:
            continue
        weights = state[: len(start)]
        loss, gap = field.read(weights)
        seen.append(weights)
        speeds.append(float(torch.linalg.vector_norm(field(weights))))
        losses.append(loss)
        gaps.append(gap)
    return Watched(torch.stack(seen), np.array(speeds), np.array(losses), np.array(gaps), field.game.equilibrium[0])


def proxies(run: Watched) -> dict[str, float]:
    """Each proxy over the last quarter of the run."""
    end = run.last()
    return {name: float(proxy(end)) for name, proxy in PROXIES.items()}


def tracking(runs: Sequence[Watched], truth: Sequence[float]) -> dict[str, float]:
    """Spearman's rank correlation of every proxy with the truth, over runs; nan where a proxy never varies."""
    if len(runs) != len(truth) or len(runs) < 4:
        raise UsageError(f"{len(runs)} runs and {len(truth)} truths were given", "give as many of each, at least 4")
    told = [proxies(run) for run in runs]
    return {name: _spearman([each[name] for each in told], truth) for name in PROXIES}


def studied(
    cases: Iterable[Case], *, rates: Sequence[float] = (0.05, 0.02), rounds: int = 400, seed: int = 0
) -> tuple[list[Watched], list[float]]:
    """Runs of the quadratic game, each from a place of its own, and their distances to rest in the last quarter."""
    rest = torch.tensor(QUADRATIC_EQUILIBRIUM, dtype=torch.float64)
    stream = Stream(seed, "theory/proxies")
    runs: list[Watched] = []
    distances: list[float] = []
    for case in cases:
        field = quadratic(case.game)
        for h in rates:
            away = stream.normal(range(len(runs), len(runs) + 1), len(rest), dtype=torch.float64)[0]
            runs.append(watched(field, RULES["alternating"], start=rest + 0.4 * away, h=h, rounds=rounds))
            off = runs[-1].last().weights - rest
            off[:, -1] = (off[:, -1] + rest[-1]).abs() - rest[-1]  # a width of -b is as good as b
            free = case.game.loss.name in FREE_BIAS
            distances.append(float(torch.linalg.vector_norm(off[:, int(free) :], dim=1).mean()))
    return runs, distances


@dataclass(frozen=True, eq=False)
class Course:
    """A run of networks, a number for each checkpoint: cheap ones, and those of the spectrum there."""

    cheap: dict[str, Floats]
    spectral: dict[str, Floats]

    def told(self) -> dict[tuple[str, str], float]:
        """Rank correlations. Neighbouring checkpoints are alike, so few of them say little: no interval is given."""
        return {
            (cheap, name): _spearman(values, truth)
            for cheap, values in self.cheap.items()
            for name, truth in self.spectral.items()
        }


def course(field: Field, checkpoints: Tensor, *, each: int = 2) -> Course:
    """checkpoints: (n, size), as from `field.flat` of snapshots; `consistency` is of the update before and after."""
    spectra = [spectrum(field, weights, each=each) for weights in checkpoints]
    losses, gaps = (np.array(column) for column in zip(*map(field.read, checkpoints), strict=True))
    inner = turning(checkpoints).next_update
    cheap = {
        "speed": np.array([found.speed for found in spectra]),
        "gap of the scores": np.abs(gaps),
        "critic's loss off its value at rest": np.abs(losses - field.game.equilibrium[0]),
        "consistency": np.concatenate([inner[:1], inner, inner[-1:]]),  # the ends have one neighbour
    }
    names = ("rotation", "expansion", "contraction")
    return Course(cheap, {name: np.array([getattr(found, name) for found in spectra]) for name in names})


def _spearman(values: ArrayLike, truth: ArrayLike) -> float:
    from scipy.stats import rankdata

    ranks = np.stack([rankdata(values), rankdata(truth)])
    if (ranks.std(axis=1) == 0).any():
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])


def _straightness(run: Watched) -> float:
    """Net way over length of path: a straight crawl is no rest."""
    steps = run.weights.diff(dim=0)
    length = float(torch.linalg.vector_norm(steps, dim=1).sum())
    return float(torch.linalg.vector_norm(run.weights[-1] - run.weights[0])) / max(length, 1e-300)


def _consistency(run: Watched) -> float:
    """Mean cosine of consecutive updates."""
    steps = run.weights.diff(dim=0)
    size = torch.linalg.vector_norm(steps, dim=1).clamp(min=1e-300)
    return float(((steps[1:] * steps[:-1]).sum(dim=1) / (size[1:] * size[:-1])).mean())


def _off_mean(run: Watched) -> float:
    return float(torch.linalg.vector_norm(run.weights[-1] - run.weights.mean(dim=0)))


PROXIES: dict[str, Callable[[Watched], float]] = {
    "speed": lambda run: float(run.speeds.mean()),
    "gap of the scores": lambda run: float(np.abs(run.gaps).mean()),
    "spread of the critic's loss": lambda run: float(run.losses.std()),
    "critic's loss off its value at rest": lambda run: float(np.abs(run.losses - run.rest).mean()),
    "spread of the weights": lambda run: float(run.weights.std(dim=0, correction=0).norm()),
    "last weights off their mean": _off_mean,
    "straightness": _straightness,
    "consistency": _consistency,
}
