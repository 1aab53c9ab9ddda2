"""From a picture back to a latent: the nearest picture that the generator makes, and whether that is near enough.

    for found in inverted(gan, blocks, seed=0): found.z, found.error, found.norms
    invert(gan, pictures, seed=0)                       # with the answer: in the range of this generator?

Starts are the nearest of a pool of the prior's latents, and what an encoder says if there is one; then Adam with a
falling rate on all of them, then L-BFGS on the best. Latents stay where the prior is: on the sphere, in the cube, and
for a normal prior in the ball that holds `BALL` of it, since far outside a generator can copy what it never makes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.surface import Surface, points, surface
from ganatomy.explain.passes import Progress
from ganatomy.features.space import FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent
from ganatomy.models.probe import check_labels
from ganatomy.numerics.random import Stream

Encoder = Callable[[Tensor], Tensor]  # pictures in the GAN's format -> latents (n, dim)
Tell = Callable[[float], None]
TOGETHER = 16  # pictures inverted in one batch; fixed, since last bits depend on it
BALL = 0.999
EDGE = 1e-3  # relative distance to the border of the ball at which a latent lies on it


@dataclass(frozen=True, eq=False)
class Search:
    """How hard to look, and where: errors are only comparable between inversions of one search.

    space: where pictures are compared, pixels by default. encoder: gives one of the starts. double: search in float64,
    five times slower on a CPU; then results do not depend on the batch.
    """

    starts: int = 2
    pool: int = 256
    steps: int = 150
    rate: float = 0.1
    polish: int = 20
    space: FeatureSpace | None = None
    encoder: Encoder | None = None
    double: bool = False

    def __post_init__(self) -> None:
        if self.steps < 0 or self.polish < 0 or not 1 <= self.starts <= self.pool or not self.rate > 0:
            raise UsageError(
                f"a search of {self.starts} starts from a pool of {self.pool}, {self.steps} steps at {self.rate:g} and "
                f"{self.polish} rounds of polish was asked for",
                "steps and polish are 0 or more, 1 <= starts <= pool, the rate is above 0",
            )


@dataclass(frozen=True, eq=False)
class Inverted:
    """Of a block of pictures: latents (n, dim), errors (n,), norms over sqrt(dim), and whether at the ball's border.

    error: root mean square difference over the values of a picture (or of its features).
    """

    z: Tensor
    error: Tensor
    norms: Tensor
    at_border: Tensor


def inverted(
    gan: GAN,
    blocks: Tensor | Iterable[Tensor],
    *,
    seed: int = 0,
    labels: Tensor | None = None,
    search: Search | None = None,
    progress: Progress | None = None,
) -> Iterator[Inverted]:
    """Pictures in the GAN's format, in batches of `TOGETHER` however they come. Memory stays flat.

    progress: pictures done, those of the batch in hand by the share of its search; of how many, where that is known.
    """
    seeker, done = Seeker.of(gan, search or Search(), seed), 0
    for batch in evenly([blocks] if isinstance(blocks, Tensor) else blocks):
        gan.format.check(batch, "pictures to invert")
        mine = None if labels is None else labels[done : done + len(batch)]
        check_labels(mine, gan.latent, n=len(batch))
        whole = len(blocks) if isinstance(blocks, Tensor) else done + len(batch)
        yield seeker.inverse(batch, mine, _share(progress, done, len(batch), whole))
        done += len(batch)


def evenly(blocks: Iterable[Tensor]) -> Iterator[Tensor]:
    """The same pictures in batches of `TOGETHER`, the last one smaller."""
    waiting: list[Tensor] = []
    for block in blocks:
        waiting = [torch.cat([*waiting, block])]
        while len(waiting[0]) >= TOGETHER:
            yield waiting[0][:TOGETHER]
            waiting = [waiting[0][TOGETHER:]]
    if waiting and len(waiting[0]):
        yield waiting[0]


@dataclass(frozen=True, eq=False)
class Seeker:
    """One way of looking, the same for every picture: a picture's result does not depend on the others."""

    seen: Surface
    search: Search
    seed: int

    @classmethod
    def of(cls, gan: GAN, search: Search, seed: int) -> Seeker:
        seen = surface(gan, search.space, double=search.double)
        if not seen.backward:
            raise UsageError("the inverse of a generator without gradients was asked for", "give its nn.Module form")
        return cls(seen, search, seed)

    def inverse(self, pictures: Tensor, labels: Tensor | None = None, tell: Tell = lambda _share: None) -> Inverted:
        wanted = self.wanted(pictures)
        z = self._starts(pictures, wanted, labels)
        n, starts, dim = z.shape
        targets, given = wanted.repeat_interleave(starts, 0), _repeated(labels, starts)
        rounds = self.search.steps + (n if self.search.polish else 0)
        z = self._descended(z.reshape(n * starts, dim), targets, given, lambda step: tell(step / rounds))
        best = _apart(points(self.seen, z, given), targets).reshape(n, starts).argmin(1)
        z = z.reshape(n, starts, dim)[torch.arange(n, device=z.device), best]
        if self.search.polish:
            better = []
            for i in range(n):
                better.append(self._polished(z[i : i + 1], wanted[i : i + 1], _row(labels, i)))
                tell((self.search.steps + i + 1) / rounds)
            z = torch.cat(better)
        error = _apart(points(self.seen, z, labels), wanted).sqrt()
        norms = z.norm(dim=1)
        border = norms >= (1 - EDGE) * radius(self.seen.gan.latent)
        return Inverted(z.float().cpu(), error.cpu().double(), (norms / dim**0.5).cpu().double(), border.cpu())

    def wanted(self, pictures: Tensor) -> Tensor:
        """The pictures as points of the surface, (n, width)."""
        seen = self.seen
        made = pictures.to(seen.device, seen.dtype)
        if seen.space is not None:
            with torch.no_grad():
                made = seen.space.module(seen.gan.format.rescale(made, seen.space.format))
        return made.flatten(1)

    def _starts(self, pictures: Tensor, wanted: Tensor, labels: Tensor | None) -> Tensor:
        """The nearest of the pool, (n, starts, dim); an encoder's guess takes the last place."""
        latent, many = self.seen.gan.latent, self.search.pool
        pool = latent.draw(Stream(self.seed, "inversion/pool"), range(many)).to(wanted)
        tables = {int(label): self._made(pool, int(label)) for label in (labels.unique() if labels is not None else [])}
        found = []
        if not tables:
            tables = {-1: self._made(pool, None)}
        for i, target in enumerate(wanted):
            table = tables[-1 if labels is None else int(labels[i])]
            near = _apart(table, target[None]).topk(self.search.starts, largest=False).indices
            found.append(pool[near])
        starts = torch.stack(found)
        if self.search.encoder is not None:
            with torch.no_grad():
                guess = self.search.encoder(pictures)
            latent.check(guess)
            starts[:, -1] = kept(latent, guess.to(starts))
        return starts

    def _made(self, pool: Tensor, label: int | None) -> Tensor:
        return points(self.seen, pool, None if label is None else torch.full((len(pool),), label))

    def _descended(self, z: Tensor, targets: Tensor, labels: Tensor | None, tell: Tell) -> Tensor:
        """Adam on every start at once: the sum of errors keeps them apart. The rate falls as half a cosine."""
        free, steps, rate = z.clone().requires_grad_(), self.search.steps, self.search.rate
        optimiser = torch.optim.Adam([free], lr=rate)
        for step in range(steps):
            optimiser.param_groups[0]["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            with torch.enable_grad():
                loss = _apart(self.seen(free, labels), targets).sum()
                (slope,) = torch.autograd.grad(loss, free)
            free.grad = slope.contiguous()  # L-BFGS lays it flat
            optimiser.step()
            with torch.no_grad():
                free.copy_(kept(self.seen.gan.latent, free))
            tell(step + 1)
        return free.detach()

    def _polished(self, z: Tensor, target: Tensor, labels: Tensor | None) -> Tensor:
        """L-BFGS from one latent; the start where it did not help."""
        latent, free = self.seen.gan.latent, z.clone().requires_grad_()
        before = float(_apart(points(self.seen, z, labels), target))
        scale = max(before, 1e-300)
        optimiser = torch.optim.LBFGS(
            [free], max_iter=self.search.polish, line_search_fn="strong_wolfe", tolerance_grad=0, tolerance_change=0
        )

        def closure() -> Tensor:
            loss = _apart(self.seen(kept(latent, free), labels), target).sum() / scale
            (free.grad,) = torch.autograd.grad(loss, free)
            return loss.detach()

        with torch.enable_grad():
            optimiser.step(closure)
        after = kept(latent, free.detach())
        better = bool(torch.isfinite(after).all()) and float(_apart(points(self.seen, after, labels), target)) < before
        return after if better else z


def kept(latent: Latent, z: Tensor) -> Tensor:
    """The nearest latent of the prior's support, or of the ball that holds `BALL` of a normal prior."""
    z = latent.project(z)
    if latent.kind != "normal":
        return z
    shrink: Tensor = (radius(latent) / z.norm(dim=1, keepdim=True).clamp(min=1e-30)).clamp(max=1)
    return z * shrink


def radius(latent: Latent) -> float:
    """Of that ball; infinite where the support is bounded already."""
    if latent.kind != "normal":
        return math.inf
    from scipy.special import gammaincinv

    return math.sqrt(2 * float(gammaincinv(latent.dim / 2, BALL)))


def _apart(made: Tensor, targets: Tensor) -> Tensor:
    """Mean square difference, (n,)."""
    return (made - targets).square().mean(1)


def _share(progress: Progress | None, done: int, more: int, whole: int) -> Tell:
    return (lambda _share: None) if progress is None else lambda share: progress(done + int(share * more), whole)


def _repeated(labels: Tensor | None, times: int) -> Tensor | None:
    return None if labels is None else labels.repeat_interleave(times)


def _row(labels: Tensor | None, place: int) -> Tensor | None:
    return None if labels is None else labels[place : place + 1]
