"""Film-strips of a run: the same latents at every checkpoint.

    found = filmstrip({16: early, 512: later, 3500: gan}, 8)
    found.arrays["samples"]                  # (checkpoints, latents, ...), as the generator gives them

Which latents are shown is not a matter of taste: of the first ones, at the last checkpoint, each next is the one whose
sample is farthest from those already taken. Points in a plane are shown as they come, many at a time.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.explained import explained
from ganatomy.models.gan import GAN
from ganatomy.results.explanation import Explanation

AMONG, POINTS = 64, 512


def filmstrip(film: Mapping[int, GAN], many: int = 8, *, seed: int = 0, frames: int = 10) -> Explanation:
    """One unit a checkpoint: the first, the last, and those between in even steps."""
    if not film:
        raise UsageError("a film-strip of no checkpoint was asked for", "give GANs by their rounds")
    rounds = spaced(sorted(film), frames)
    last = film[rounds[-1]]
    chosen = list(range(POINTS))
    if last.format.kind == "picture" or len(last.format.shape) > 1:
        chosen = farthest(last.sample(seed, range(AMONG)).float().cpu(), many)
    samples = torch.stack([film[number].sample(seed, chosen).float().cpu() for number in rounds])
    arrays = {
        "samples": samples,
        "rounds": torch.tensor(rounds),
        "latents": torch.tensor(chosen).expand(len(rounds), -1),
        "moved": _moved(samples),
    }
    units = [f"round {number}" for number in rounds]
    how = f"latents {', '.join(map(str, chosen))}, far from one another" if len(chosen) < POINTS else "the same latents"
    note = f"Samples at rounds {', '.join(map(str, rounds))}: {how} at the last."
    return explained(last, "film-strip", "samples", units=units, arrays=arrays, note=note, seed=seed)


def spaced(rounds: list[int], frames: int) -> list[int]:
    if len(rounds) <= frames:
        return rounds
    return [rounds[round(place * (len(rounds) - 1) / (frames - 1))] for place in range(frames)]


def farthest(samples: Tensor, many: int) -> list[int]:
    """Places of samples, each the farthest from those before; the first is the farthest from the mean."""
    flat = samples.flatten(1).double()
    chosen = [int((flat - flat.mean(0)).norm(dim=1).argmax())]
    near = (flat - flat[chosen[0]]).norm(dim=1)
    while len(chosen) < min(many, len(flat)):
        chosen.append(int(near.argmax()))
        near = torch.minimum(near, (flat - flat[chosen[-1]]).norm(dim=1))
    return chosen


def _moved(samples: Tensor) -> Tensor:
    """How far each checkpoint's samples are from the next one's, in spreads of the last; 0 for the last."""
    flat = samples.flatten(2).double()
    spread = (flat[-1] - flat[-1].mean(0)).norm(dim=1).mean().clamp(min=1e-12)
    steps = (flat[1:] - flat[:-1]).norm(dim=2).mean(1) / spread
    return torch.cat([steps, torch.zeros(1, dtype=torch.float64)])
