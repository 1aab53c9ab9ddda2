"""How samples answer to the latent: path length (the same everywhere) and Hessian penalty (each number for itself).

    game = replace(game_named("ns-r1"), terms=(r1(), path_length(2.0, every=4), hessian_penalty(0.1)))
    path_lengths(generator, latent, noise)      # the bare formula, for any callable

Both act on the generator alone, without the critic, on latents that are not the caller's tensors, with autocast off.
Sample i must depend on latent i alone: a generator with batch statistics is refused, whose running averages the extra
passes would also change.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.games.players import Batch, Players
from ganatomy.games.scores import at_least_float32
from ganatomy.games.slopes import slopes_of
from ganatomy.games.terms import Term, Turn
from ganatomy.numerics.schedule import Value

Generate = Callable[[Tensor], Tensor]


def path_lengths(generate: Generate, latent: Tensor, noise: Tensor) -> Tensor:
    """|J^T y| for each sample, (n,), J = d sample / d latent, y = noise / sqrt(height * width); the noise is N(0, I).

    Its mean square is |J|_F^2 over the number of places. 1e-12 inside the root. Karras et al. 2020, section 3.2.
    """

    def pulled(points: Tensor) -> Tensor:
        samples = generate(points)
        return (samples * noise).flatten(1).sum(dim=1) / math.sqrt(math.prod(samples.shape[2:]))

    return (slopes_of(pulled, latent).square().sum(dim=1) + 1e-12).sqrt()


def path_length_spread(lengths: Tensor, target: float | None = None) -> Tensor:
    """E(length - target)^2, in [0, inf), no one-half; without a target the unbiased variance of two or more.

    The variance is what the target's running mean aims at, without a state to save. Karras et al. 2020, eq. 4.
    """
    if target is not None:
        return (lengths - target).square().mean()
    if len(lengths) < 2:
        raise UsageError("the path lengths of one sample have no spread", "give 2 samples or more, or a target")
    return lengths.var(correction=1)


def running_target(target: float, lengths: Tensor, *, decay: float = 0.01) -> float:
    """The next target of StyleGAN2's form, from this one and a batch's lengths (over processes: their mean)."""
    return target + decay * (float(lengths.detach().mean()) - target)


def mixed_curvature(generate: Generate, latent: Tensor, directions: Tensor, *, step: float = 0.1) -> Tensor:
    """E over samples of the largest, over outputs, unbiased variance over k directions of the second difference.

    directions: (n, k, d) of +-1, k at least 2. One output's variance expects 2 sum_{i != j} H_ij^2, in [0, inf): 0
    where no two latent numbers act together. Exact for quadratics at any step. Peebles et al. 2020, section 3.
    """
    if directions.ndim != 3 or directions.shape[1] < 2 or latent.shape != directions[:, 0].shape:
        raise UsageError(
            f"directions {tuple(directions.shape)} for latents {tuple(latent.shape)} were given",
            "latents are (n, d), directions (n, k, d) with k at least 2",
        )
    latent = at_least_float32(latent)
    with torch.autocast(latent.device.type, enabled=False):
        centre = generate(latent)
        bends = [
            (generate(latent + step * way) - 2.0 * centre + generate(latent - step * way)) / step**2
            for way in directions.to(latent).unbind(dim=1)
        ]
    return torch.stack(bends).var(dim=0, correction=1).flatten(1).amax(dim=1).mean()


def no_batch_statistics(players: Players, _batch: Batch) -> None:
    """For a term that reads one sample at a time."""
    generator = players.generator
    layers = generator.named_modules() if isinstance(generator, nn.Module) else ()
    batched = [name for name, layer in layers if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.training]
    if batched:
        raise UsageError(
            f"the generator's layer {batched[0]!r} uses batch statistics, and a term reads one sample at a time",
            "take a generator without batch normalisation (mlp with norm='none', style, r3), or drop the term",
        )


DEMANDS = (no_batch_statistics,)


def path_length(strength: Value = 2.0, *, target: float | None = None, every: int = 1) -> Term:
    """strength * spread of path lengths; without a target it needs the whole batch."""
    sentence = "A small step in the latent changes the sample by the same amount everywhere."
    value = partial(_path_length, target=target)
    return Term("path-length", sentence, strength, every, generator=value, coupled=target is None, demands=DEMANDS)


def hessian_penalty(strength: Value = 0.1, *, directions: int = 2, step: float = 0.1, every: int = 1) -> Term:
    """strength * mixed curvature, by addressed random directions; 2 * directions + 1 passes of the generator."""
    if directions < 2 or not step > 0.0:
        raise UsageError(
            f"{directions} directions with step {step} were asked for", "give 2 or more, and a step above 0"
        )
    sentence = "Each latent number changes the sample in its own way, whatever the others are."
    value = partial(_hessian, directions=directions, step=step)
    return Term("hessian", sentence, strength, every, generator=value, demands=DEMANDS)


def _path_length(turn: Turn, *, target: float | None) -> Tensor:
    latent, fake = turn.batch.latent, turn.noisy_fake
    draws = turn.stream.child("path-length").normal(turn.batch.indices, *fake.shape[1:], dtype=torch.float64)
    return path_length_spread(path_lengths(turn.generate, latent, draws.to(at_least_float32(fake))), target)


def _hessian(turn: Turn, *, directions: int, step: float) -> Tensor:
    latent = turn.batch.latent
    coins = turn.stream.child("hessian").integers(turn.batch.indices, 2, directions, *latent.shape[1:])
    return mixed_curvature(turn.generate, latent, 2 * coins - 1, step=step)
