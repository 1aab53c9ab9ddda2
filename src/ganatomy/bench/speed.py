"""How far the ground floor is from the plain way of doing the same: time ratios, both in one process in turn.

rows = speed(progress=lambda done, total: None)
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import torch
from torch import nn

from ganatomy.bench.rows import Row, Work, compared
from ganatomy.data.catalogue import load
from ganatomy.games.named import game_named
from ganatomy.games.players import Players
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.distances import frechet_gaussian, neighbours
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Covariance, Quantiles
from ganatomy.training.pace import Pace
from ganatomy.training.play import play

Case = tuple[str, str, float | None, Callable[[], tuple[Work, Work]]]
ROUNDS_OF_PLAY = 20


def speed(*, progress: Callable[[int, int], None], rounds: int = 15) -> list[Row]:
    """A row for each case below."""
    rows = []
    for done, (name, unit, at_most, make) in enumerate(CASES):
        ours, theirs = make()
        rows.append(Row(name, compared(ours, theirs, rounds=rounds), unit, at_most=at_most))
        progress(done + 1, len(CASES))
    return rows


def _normals() -> tuple[Work, Work]:
    stream, generator = Stream(0, "bench"), torch.Generator().manual_seed(0)
    return lambda: stream.normal(range(4096), 128), lambda: torch.randn(4096, 128, generator=generator)


def _frechet() -> tuple[Work, Work]:
    x, y = (Covariance.of(Stream(seed, "bench").normal(range(2000), 256, dtype=torch.float64)) for seed in (0, 1))

    def plain() -> object:
        return torch.linalg.eigvals(x.matrix() @ y.matrix()).sqrt().real.sum()

    return lambda: frechet_gaussian(x, y), plain


def _neighbours() -> tuple[Work, Work]:
    x, y = (Stream(seed, "bench").normal(range(3000), 64, dtype=torch.float64) for seed in (0, 1))
    return lambda: neighbours(x, y, 5), lambda: torch.cdist(x, y).topk(5, largest=False)


def _quantiles() -> tuple[Work, Work]:
    x = Stream(0, "bench").normal(range(20_000), 64)
    return lambda: Quantiles.of(x), lambda: x.sort(dim=0)


def _played(hidden: tuple[int, ...], critic_hidden: tuple[int, ...]) -> tuple[Work, Work]:
    """Rounds of the engine against a bare loop: same networks, batch, data in memory, losses and fused Adam."""
    data, latent = load("digits"), Normal(64)
    config = MLP(data.format, latent, hidden=hidden, critic_hidden=critic_hidden, norm="batch", dropout=0.0)
    steps = play(
        game_named("non-saturating"), Players(config.generator(0), config.critic(0)), data, latent, pace=Pace()
    )
    bare = _bare_loop(config.generator(0), config.critic(0), data.read(range(1024)), latent.dim)

    def rounds(loop: Iterator[object]) -> object:
        return next(itertools.islice(loop, ROUNDS_OF_PLAY - 1, None))

    return lambda: rounds(steps), lambda: rounds(bare)


def _bare_loop(generator: nn.Module, critic: nn.Module, pictures: torch.Tensor, dim: int) -> Iterator[None]:
    """What one writes without the engine."""
    generator_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.99), fused=True)
    critic_optimizer = torch.optim.Adam(critic.parameters(), lr=2e-4, betas=(0.5, 0.99), fused=True)
    draws, softplus = torch.Generator().manual_seed(0), nn.functional.softplus
    while True:
        real = pictures[torch.randint(len(pictures), (64,), generator=draws)]
        fake = generator(torch.randn(64, dim, generator=draws))
        critic_optimizer.zero_grad(set_to_none=True)
        (softplus(-critic(real)).mean() + softplus(critic(fake.detach())).mean()).backward()
        critic_optimizer.step()
        generator_optimizer.zero_grad(set_to_none=True)
        softplus(-critic(generator(torch.randn(64, dim, generator=draws)))).mean().backward()
        generator_optimizer.step()
        yield


CASES: tuple[Case, ...] = (
    ("addressed normals, 4,096 x 128", "times torch.randn", None, _normals),
    ("Fréchet distance, 256 features", "times the eigenvalues of the product", 1.0, _frechet),
    ("5 nearest of 3,000 among 3,000, chunked and exact", "times torch.cdist and topk", None, _neighbours),
    ("quantiles of 20,000 x 64, mergeable", "times a sort", None, _quantiles),
    ("a round of play, small MLP (54 k)", "times a bare loop", None, lambda: _played((128, 256), (256, 128))),
    ("a round of play, classic MLP", "times a bare loop", None, lambda: _played((256, 512, 1024), (1024, 512, 256))),
)
