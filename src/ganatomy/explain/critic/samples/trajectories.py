"""What makes a picture more real to the critic: its score climbed through the latent space, and in the picture itself.

    found = climbs(gan, measurers, held_out, plan=ClimbPlan())
    found.frames.arrays["latent"]                # (starts, frames, ...) pictures at equal steps of the score
    found.changed.arrays["effect"]               # what changed along the latent way, sd of each concept, with intervals
    found.realism.arrays["ratio"]                # (steps, ways): how far from real pictures each way has gone

A concept has changed where its mean change is beyond the smallest of interest, and beyond that of a step as long in a
random direction. Distances to real pictures are to the nearest held-out one in a feature space, as multiples of the
median such distance between real pictures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.critic.lots import fakes, scored
from ganatomy.explain.critic.samples.climb_told import Compared, changes_of, realism_of
from ganatomy.explain.critic.samples.climbing import Climbed, climb
from ganatomy.explain.critic.samples.starts import (
    Starts,
    latent_margin,
    latent_room,
    picture_margin,
    picture_room,
    random_step,
    starts,
)
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.latent.explained import explained
from ganatomy.explain.latent.surface import Surface, surface
from ganatomy.explain.passes import Progress
from ganatomy.features.space import FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.results.explanation import Explanation

WAYS = ("latent", "picture")
STEPS = {"latent": 0.03, "picture": 0.004}  # of the length of a latent; of the range, as a root mean square


@dataclass(frozen=True)
class ClimbPlan:
    """n samples start; `frames` steps of `stride` standard deviations of the score over generated pictures.

    reference: natural samples, for the spread of concepts and scores, and real pictures to be near to.
    """

    n: int = 48
    seed: int = 0
    frames: int = 6
    stride: float = 0.5
    steps: int = 200
    shown: int = 6
    reference: int = 256
    smallest: float = 0.2
    level: float = 0.95

    def __post_init__(self) -> None:
        if min(self.n, self.reference) < 2 or min(self.frames, self.steps, self.shown) < 1 or not self.stride > 0:
            raise UsageError(
                f"{self.frames} steps of {self.stride:g} from {self.n} starts were planned",
                "take two or more starts, and one or more steps above 0",
            )


@dataclass(frozen=True, eq=False)
class Climbs:
    """Pictures, what changed in them (None without measurers), and how real they stay (None without real data)."""

    frames: Explanation
    changed: Explanation | None
    realism: Explanation | None


@dataclass(frozen=True, eq=False)
class Paths:
    """Pictures (n, frames + 1, ...) of each way, the start first, and which were reached; `control` (n, ...).

    furthest: the number of the last frame of each latent path.
    """

    pictures: dict[str, Tensor]
    reached: dict[str, Tensor]
    control: Tensor
    furthest: Tensor


DEFAULT = ClimbPlan()


def climbs(
    gan: GAN,
    measurers: Sequence[Measurer] = (),
    real: Dataset | None = None,
    *,
    plan: ClimbPlan = DEFAULT,
    space: FeatureSpace | None = None,
    progress: Progress | None = None,
) -> Climbs:
    """From the first judging samples of the seed; the space is one of random convolutions, unless given."""
    begun = starts(gan, None, n=plan.n, seed=plan.seed)["generated"]
    spread = float(scored(Scorer(gan), fakes(gan, plan.reference, seed=plan.seed)).std())
    blocks = []
    for block in begun.blocks():
        blocks.append(_paths(gan, block, spread, plan))
        if progress is not None:
            progress(sum(len(each.control) for each in blocks), len(begun))
    paths = _joined(blocks)
    how = Compared(plan.seed, plan.reference, plan.smallest, plan.stride, plan.level)
    moved = paths.furthest > 0
    ends = paths.pictures["latent"][torch.arange(len(moved)), paths.furthest]
    trio = [each[moved] for each in (paths.pictures["latent"][:, 0], ends, paths.control)]
    changed = changes_of(gan, Panel(tuple(measurers)), trio, how=how) if measurers and len(trio[0]) > 1 else None
    realism = None if real is None else realism_of(gan, real, paths.pictures, paths.reached, how=how, space=space)
    notes = [_reached(paths, plan), *([] if changed is None else [changed.note])]
    notes += [] if realism is None else [realism.note]
    frames = _frames(gan, begun, paths, " ".join(notes), plan)
    return Climbs(frames, changed, realism)


def _paths(gan: GAN, begun: Starts, spread: float, plan: ClimbPlan) -> Paths:
    assert begun.z is not None
    scorer, seen, shape = Scorer(gan), surface(gan, double=False), gan.format.shape
    if not seen.backward:
        raise UsageError("the slope of a generator without gradients was asked for", "give its nn.Module form")
    with torch.no_grad():
        score = scorer(begun.pictures, begun.labels).cpu()
    goals = score[:, None] + spread * plan.stride * torch.arange(1, plan.frames + 1)
    low, high = gan.format.bounds or (0.0, 1.0)
    step = {
        "latent": STEPS["latent"] * math.sqrt(gan.latent.dim),
        "picture": STEPS["picture"] * (high - low) * math.sqrt(math.prod(shape)),
    }
    room = latent_room(gan.latent)
    margin = latent_margin(scorer, 0.0, begun.labels, seen)
    latents = climb(margin, begun.z, goals=goals, step=step["latent"], room=room, steps=plan.steps)
    judge = picture_margin(scorer, 0.0, begun.labels)
    inside = picture_room(gan)
    direct = climb(judge, begun.pictures, goals=goals, step=step["picture"], room=inside, steps=plan.steps)
    furthest, ends = _ends(latents, begun.z)
    noise = Stream(plan.seed, "critic/climb").normal(begun.numbers.tolist(), gan.latent.dim)
    aside = random_step(begun.z, (ends - begun.z).norm(dim=1), norm="l2", room=room, noise=noise)
    made = [_drawn(seen, latents.at[:, frame], begun.labels, shape) for frame in range(plan.frames)]
    first = begun.pictures[:, None]
    return Paths(
        {"latent": torch.cat([first, torch.stack(made, 1)], 1), "picture": torch.cat([first, direct.at], 1)},
        {"latent": latents.reached, "picture": direct.reached},
        _drawn(seen, aside, begun.labels, shape),
        furthest,
    )


def _ends(climbed: Climbed, start: Tensor) -> tuple[Tensor, Tensor]:
    """The last frame of each path, 0 where there is none, and where it lies."""
    furthest = climbed.reached.sum(1)
    every = torch.cat([start[:, None], climbed.at], 1)
    return furthest, every[torch.arange(len(start)), furthest]


@torch.no_grad()
def _drawn(seen: Surface, z: Tensor, labels: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    return seen(z, labels).reshape(-1, *shape).float().cpu()


def _joined(blocks: list[Paths]) -> Paths:
    def each(name: str) -> dict[str, Tensor]:
        return {way: torch.cat([getattr(block, name)[way] for block in blocks]) for way in WAYS}

    control, furthest = (torch.cat([getattr(block, name) for block in blocks]) for name in ("control", "furthest"))
    return Paths(each("pictures"), each("reached"), control, furthest)


def _reached(paths: Paths, plan: ClimbPlan) -> str:
    n, goal = len(paths.control), plan.frames * plan.stride
    counts = [int(paths.reached[way][:, -1].sum()) for way in WAYS]
    return (
        f"Of {n} samples {counts[0]} gain {goal:g} sd of the score through the latent space, {counts[1]} in the "
        "picture itself."
    )


def _frames(gan: GAN, begun: Starts, paths: Paths, note: str, plan: ClimbPlan) -> Explanation:
    shown = min(plan.shown, len(begun))
    true = torch.ones(shown, 1, dtype=torch.bool)
    arrays = {way: paths.pictures[way][:shown] for way in WAYS}
    arrays |= {f"{way}_reached": torch.cat([true, paths.reached[way][:shown]], 1) for way in WAYS}
    arrays["steps"] = (plan.stride * torch.arange(plan.frames + 1)).expand(shown, -1)
    arrays["control"] = paths.control[:shown]
    names = begun.names[:shown]
    return explained(gan, "climbs", Scorer(gan).unit, units=names, arrays=arrays, note=note, seed=plan.seed)
