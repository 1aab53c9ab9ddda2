"""What a generator makes of latents, as points in a space: the surface that the geometry of the latent space is about.

    seen = surface(gan)                                 # pixels; surface(gan, space) for a FeatureSpace
    points = seen(z, labels)                            # (n, width), with gradients where there are some
    moved = pushed(seen, z, directions, labels)         # J v of each latent

Geometry takes differences of nearly equal pictures, so it runs on a copy in float64; where there can be none, on the
generator itself in its own type. Either way the modules of the GAN are left as they were.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.explain.passes import BLOCK
from ganatomy.features.space import FeatureSpace
from ganatomy.models.evaluating import evaluating, home
from ganatomy.models.gan import GAN
from ganatomy.models.probe import PROBES
from ganatomy.numerics.linear import jvp

SAME = 1e-2  # a copy in float64 whose pictures differ by more than this share of their size is no copy


@dataclass(frozen=True, eq=False)
class Surface:
    """`name` is "pixels" or the space's id; `note` says what was wanted and could not be had.

    forward: whether J v comes from forward-mode differentiation, else from differences. backward: whether there are
    gradients with respect to the latent.
    """

    gan: GAN
    name: str
    generator: nn.Module
    space: FeatureSpace | None
    dtype: torch.dtype
    forward: bool = False
    backward: bool = False
    note: str = ""

    def __call__(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Points (n, width) in one pass, in eval mode."""
        device, dtype = home(self.generator)
        given = () if labels is None else (labels.to(device),)
        with evaluating(self.generator):
            # A clone, since a foreign network may work in place on what it is given.
            made: Tensor = self.generator(z.to(device, dtype).clone(), *given)
            made = made.to(self.dtype)
            if self.space is not None:
                made = self.space.module(self.gan.format.rescale(made, self.space.format))
        return made.flatten(1)

    def latents(self, seed: int, indices: range) -> Tensor:
        """The GAN's own latents, in this surface's type."""
        return self.gan.latent.sample(seed, indices).to(self.device, self.dtype)

    @property
    def device(self) -> torch.device:
        return home(self.generator)[0]

    @property
    def eps(self) -> float:
        return torch.finfo(self.dtype).eps


def surface(gan: GAN, space: FeatureSpace | None = None, *, double: bool = True) -> Surface:
    """In a feature space if that has gradients, else in pixels; `double` asks for a copy in float64."""
    if space is not None and space.format.shape != gan.format.shape:
        raise UsageError(
            f"the space {space.name} reads {space.format}, the GAN makes {gan.format}",
            "build a space for the format of the GAN",
        )
    own = Surface(gan, "pixels", gan.generator, None, torch.float32)
    if home(gan.generator)[1] == torch.float64:
        own = replace(own, dtype=torch.float64)
    seen = (_doubled(own) if double else None) or own
    if space is not None:
        there = replace(seen, name=space.id, space=replace(space, module=_at(space.module, seen)))
        if _has_gradients(there):
            seen = there
        else:
            seen = replace(seen, note=f"The space {space.name} has no gradients, so lengths are in pixels.")
    return replace(seen, forward=_pushes(seen), backward=_has_gradients(seen))


def points(seen: Surface, z: Tensor, labels: Tensor | None = None, *, block: int = BLOCK) -> Tensor:
    """The same without gradients, in fixed blocks."""
    parts = []
    with torch.no_grad():
        for first in range(0, len(z), block):
            here = slice(first, first + block)
            parts.append(seen(z[here], None if labels is None else labels[here]))
    return torch.cat(parts)


def pushed(seen: Surface, z: Tensor, directions: Tensor, labels: Tensor | None = None) -> Tensor:
    """J v: how each point moves when its latent moves along its direction, (n, width), as one batch.

    Without forward-mode rules by central differences, (f(z + h v) - f(z - h v)) / 2h with |h v| = eps^(1/3) (1 + |z|).
    """
    z, directions = z.contiguous(), directions.to(z).contiguous()
    with torch.no_grad():
        if seen.forward:
            return jvp(lambda at: seen(at, labels), z, directions)
        size = directions.norm(dim=1, keepdim=True).clamp(min=1e-300)
        h = seen.eps ** (1 / 3) * (1 + z.norm(dim=1, keepdim=True) / z.shape[1] ** 0.5) / size
        moved: Tensor = (seen(z + h * directions, labels) - seen(z - h * directions, labels)) / (2 * h)
        return moved


def rounding(seen: Surface, n: int = 32, *, seed: int = 0) -> float:
    """How far rounding in the generator's own type moves a point: root mean square over n samples.

    Against the copy in float64; where there is none, alone against in a batch.
    """
    z, labels = seen.latents(seed, range(n)), seen.gan.latent.labels(seed, range(n))
    exact = points(seen, z, labels)
    if seen.generator is seen.gan.generator:
        other = points(seen, z, labels, block=1)
    else:
        own = replace(seen, generator=seen.gan.generator)
        other = points(own, z, labels)
    return float((other - exact).double().square().sum(1).mean().sqrt())


def _doubled(own: Surface) -> Surface | None:
    """A copy in float64 that makes the same pictures, or None."""
    z, labels = own.gan.latent.sample(0, PROBES).to(own.device), own.gan.latent.labels(0, PROBES)
    try:
        network = copy.deepcopy(own.gan.generator).double().eval().requires_grad_(False)
        exact = replace(own, generator=network, dtype=torch.float64)
        with torch.no_grad():
            far = (exact(z, labels) - own(z, labels)).norm() > SAME * own(z, labels).norm()
    except Exception:  # whatever a foreign network may raise when it is copied or meets another type
        return None
    return None if bool(far) else exact


def _at(module: nn.Module, seen: Surface) -> nn.Module:
    return copy.deepcopy(module).to(seen.device, seen.dtype).eval().requires_grad_(False)


def _has_gradients(seen: Surface) -> bool:
    z, labels = seen.latents(0, PROBES).requires_grad_(), seen.gan.latent.labels(0, PROBES)
    try:
        with torch.enable_grad():
            out = seen(z, labels)
            (found,) = torch.autograd.grad(out.sum(), z, allow_unused=True)
    except GanatomyError:
        raise
    except Exception:  # a network that only runs without gradients
        return False
    return found is not None and bool(torch.isfinite(found).all())


def _pushes(seen: Surface) -> bool:
    """Whether forward mode runs; what it gives is trusted as autograd is."""
    z, labels = seen.latents(0, PROBES), seen.gan.latent.labels(0, PROBES)
    try:
        with torch.no_grad():
            moved = jvp(lambda at: seen(at, labels), z, torch.ones_like(z))
    except Exception:  # an operation without a forward rule
        return False
    return bool(torch.isfinite(moved).all())
