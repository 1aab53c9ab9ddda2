"""How the critic's score of a sample changes when a unit of the generator is set to a baseline, paired by latent.

for rows in ablated(gan, "up1.act", mean, [3, 7], seed=0, indices=range(256, 512)):
    rows.shape                     # (samples of a block, 2 units, BASELINES)
for rows in ablated_sets(gan, "up1.act", mean, [(3, 7), (1, 2)], seed=0, indices=range(256)): ...
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.changed import changed
from ganatomy.explain.generator.suffix import Suffix
from ganatomy.explain.passes import Draw, draws
from ganatomy.models.gan import GAN
from ganatomy.tracing.edit import Edit
from ganatomy.tracing.replay import Replay
from ganatomy.tracing.site import Site

BASELINES = ("mean", "zero")
TOGETHER = 16  # units whose pictures are held at a time


def ablated(
    gan: GAN, site: Site, mean: Tensor, channels: Sequence[int], *, seed: int, indices: range
) -> Iterator[Tensor]:
    """`mean`: the map of each unit of the site, (units, *places)."""
    scorer, suffix = Scorer(gan), Suffix(gan.generator, site)
    for draw in draws(gan, len(indices), seed=seed, start=indices.start):
        start = suffix.begin(draw)
        before = scores(scorer, start.pictures, draw)
        told = []
        for first in range(0, len(channels), TOGETHER):
            part = list(channels[first : first + TOGETHER])
            own = start.activation[:, part].transpose(0, 1)
            levels = {"mean": mean[part][:, None].to(own).expand_as(own), "zero": torch.zeros_like(own)}
            ways = [
                torch.cat(
                    [scores(scorer, each, draw) for made in suffix.each(start, part, levels[name]) for each in made]
                )
                for name in BASELINES
            ]
            told.append(torch.stack([way.reshape(len(part), -1) for way in ways], 2) - before[None, :, None])
        yield torch.cat(told).transpose(0, 1)


def ablated_sets(
    gan: GAN, site: Site, mean: Tensor, sets: Sequence[Sequence[int]], *, seed: int, indices: range, zero: bool = False
) -> Iterator[Tensor]:
    """(samples, sets): all units of a set at their means, or at zero."""
    scorer, replay = Scorer(gan), Replay(gan.generator, site)
    level = torch.zeros_like(mean) if zero else mean
    edits = [_set_to(level, units) for units in sets]
    for draw in draws(gan, len(indices), seed=seed, start=indices.start):
        before, *after = [scores(scorer, pictures, draw) for pictures in changed(replay, draw, edits)]
        yield torch.stack(after, 1) - before[:, None]


def scores(scorer: Scorer, pictures: Tensor, draw: Draw) -> Tensor:
    with torch.no_grad():
        told: Tensor = scorer(pictures, draw.labels)
    return told.double().cpu()


def _set_to(level: Tensor, units: Sequence[int]) -> Edit:
    """These channels at their maps."""
    chosen = torch.tensor(list(units), dtype=torch.int64)

    def change(activation: Tensor) -> Tensor:
        new = activation.clone()
        new[:, chosen] = level[chosen].to(activation)
        return new

    return change
