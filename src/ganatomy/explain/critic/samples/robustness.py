"""How many of the critic's verdicts stand when pictures may change by so much: an upper bound, beside chance.

    found = flips(gan, held_out)
    curve = robustness(gan, found, held_out)
    curve.arrays["kept"], curve.arrays["low"]     # (sizes, sorts, ways): the share whose verdict no found flip turns
    curve.arrays["chance"]                        # the share that stands under random changes of that size

A verdict that stood against this search may fall to a better one: the curve bounds robustness from above, never from
below. Its intervals are about which pictures were taken.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.explain.critic.lots import unheeded, worded
from ganatomy.explain.critic.samples.flips import WAYS, FlipPlan, FlipsFound, Way, scale, ways
from ganatomy.explain.critic.samples.starts import Starts, random_step, starts
from ganatomy.explain.latent.explained import explained
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import mean_interval, wilson
from ganatomy.results.explanation import Explanation

SIZES = 13
BEYOND = 1.5  # the largest size, times the median flip


def robustness(
    gan: GAN, found: FlipsFound, real: Dataset | None = None, *, plan: FlipPlan | None = None, draws: int = 4
) -> Explanation:
    """Curves of flips that were found with this plan and these data, each way over its own sizes."""
    plan = plan or FlipPlan()
    told = found.told.arrays
    sizes, sort = torch.tensor(told["size"]), told["sort"]
    begun = starts(gan, real, n=plan.n, seed=plan.seed)
    steps = grid(sizes)
    shape = (SIZES, len(begun), len(WAYS))
    arrays = {name: torch.full(shape, math.nan, dtype=torch.float64) for name in NAMES}
    arrays["size"] = steps
    arrays["relative"] = steps / torch.tensor([scale(gan, way) for way in WAYS])
    for across, (name, start) in enumerate(begun.items()):
        mine = sizes[torch.tensor(sort == name)]
        for way in ways(gan, start, found.cut.threshold):
            place = list(WAYS).index(way.name)
            _curve(arrays, (across, place), mine[:, place], steps[:, place], level=plan.level)
            stands = _standing(gan, start, way.name, steps[:, place], found.cut.threshold, plan=plan, draws=draws)
            _chance(arrays, (across, place), stands, level=plan.level)
    names = [f"size {step}" for step in range(SIZES)]
    note = (
        "The share of verdicts that no found flip turns, an upper bound on robustness: a better search may find "
        f"nearer flips. {found.cut.said()} {unheeded(real)}"
    )
    note = worded(note, gan.format)
    made = explained(gan, "robustness", found.told.target, units=names, arrays=arrays, note=note, seed=plan.seed)
    words = {"sorts": np.tile(np.array(tuple(begun)), (SIZES, 1)), "ways": np.tile(np.array(tuple(WAYS)), (SIZES, 1))}
    return replace(made, arrays={**made.arrays, **words})


NAMES = ("kept", "low", "high", "chance", "chance_low", "chance_high")


def grid(sizes: Tensor) -> Tensor:
    """From 0 to beyond the median of the found flips of each way, (sizes, ways)."""
    ends = [float(column[column.isfinite()].median()) if bool(column.isfinite().any()) else 1.0 for column in sizes.T]
    return torch.linspace(0, 1, SIZES, dtype=torch.float64)[:, None] * BEYOND * torch.tensor(ends, dtype=torch.float64)


def _curve(arrays: dict[str, Tensor], at: tuple[int, int], sizes: Tensor, steps: Tensor, *, level: float) -> None:
    for row, step in enumerate(steps.tolist()):
        kept = int((sizes > step).sum())
        interval = wilson(kept, len(sizes), level=level)
        for name, value in (("kept", kept / len(sizes)), ("low", interval.low), ("high", interval.high)):
            arrays[name][row, *at] = value


def _chance(arrays: dict[str, Tensor], at: tuple[int, int], stands: Tensor, *, level: float) -> None:
    """stands (sizes, n): the share of random changes that each verdict stood."""
    for row, each in enumerate(stands):
        equal = bool((each == each[0]).all())
        whole = float(each[0]) in (0.0, 1.0)
        interval = (
            wilson(int(each.sum()), len(each), level=level) if equal and whole else mean_interval(each, level=level)
        )
        values = (float(each.mean()), max(0.0, interval.low), min(1.0, interval.high))
        for name, value in zip(("chance", "chance_low", "chance_high"), values, strict=True):
            arrays[name][row, *at] = value


@torch.no_grad()
def _standing(
    gan: GAN, begun: Starts, name: str, steps: Tensor, threshold: float, *, plan: FlipPlan, draws: int
) -> Tensor:
    """(sizes, n)."""
    found, stream = [], Stream(plan.seed, f"critic/robustness/{name}")
    for block in begun.blocks():
        way = next(each for each in ways(gan, block, threshold) if each.name == name)
        found.append(torch.stack([_stood(way, block, size, stream=stream, draws=draws) for size in steps.tolist()]))
    return torch.cat(found, 1)


def _stood(way: Way, block: Starts, size: float, *, stream: Stream, draws: int) -> Tensor:
    real, stood = way.margin(way.points) > 0, torch.zeros(len(block), dtype=torch.float64)
    for draw in range(draws):
        noise = stream.normal((block.numbers * draws + draw).tolist(), *way.points.shape[1:])
        length = torch.full((len(block),), size)
        moved = random_step(way.points, length, norm=WAYS[way.name], room=way.room, noise=noise)
        stood += ((way.margin(moved) > 0) == real).double().cpu()
    return stood / draws
