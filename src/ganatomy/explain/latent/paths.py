"""Ways from one latent to another, and grids over two directions: what lies on them.

    way = path(gan.latent, start, end)                  # t (k,) in [0, 1] -> latents (k, dim), the prior's own way
    strip = interpolation(gan, 8, seed=0, steps=9)      # pictures between samples 0 and 1, 2 and 3, ...
    grid = traversal(gan, 3, 17, steps=7)               # over two coordinates, or over two directions

Linear: a straight line. Spherical: the arc between the two directions at constant speed, the norm changing evenly
(Shoemake 1985; White 2016). On a sphere both are brought back to it: a chord has uneven speed then. Uniform latents
stay in their cube.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.explain.latent.explained import explained, stacked
from ganatomy.explain.latent.surface import Surface, points, surface
from ganatomy.features.space import FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent
from ganatomy.results.explanation import Explanation

How = Literal["linear", "spherical"]
Path = Callable[[Tensor], Tensor]  # t (k,) -> latents (k, dim)
OWN: dict[str, How] = {"normal": "linear", "uniform": "linear", "sphere": "spherical"}
OPPOSITE = 1e-6  # radians short of opposite at which there is no shortest arc


def path(latent: Latent, start: Tensor, end: Tensor, *, how: How | None = None) -> Path:
    """From start (dim,) to end (dim,); without `how` the prior's own way, straight where the prior is flat."""
    latent.check(torch.stack([start, end]))
    way = choose(WAYS, how or OWN[latent.kind], "way between latents")(start, end)
    return lambda t: latent.project(way(t))


def between(seen: Surface, pair: int, *, seed: int, how: How | None = None) -> tuple[Path, Tensor | None]:
    """The path from sample 2 * pair of a seed to the next one, and the label of its start, (1,)."""
    z = seen.latents(seed, range(2 * pair, 2 * pair + 2))
    return path(seen.gan.latent, z[0], z[1], how=how), seen.gan.latent.labels(seed, range(2 * pair, 2 * pair + 1))


def along(seen: Surface, way: Path, t: Tensor, label: Tensor | None = None) -> Tensor:
    """Points of the path, (k, width), without gradients."""
    return points(seen, way(t), spread(label, len(t)))


def spread(label: Tensor | None, n: int) -> Tensor | None:
    """One label for n latents."""
    return None if label is None else label.expand(n)


def interpolation(
    gan: GAN,
    pairs: int = 8,
    *,
    seed: int = 0,
    steps: int = 9,
    how: How | None = None,
    space: FeatureSpace | None = None,
) -> Explanation:
    """Pictures on the way between consecutive samples, and how far each step moves them."""
    if pairs < 1 or steps < 2:
        raise UsageError(
            f"{pairs} paths of {steps} pictures were asked for", "one path or more, of two pictures or more"
        )
    seen, rows = surface(gan, space), []
    for pair in range(pairs):
        way, label = between(seen, pair, seed=seed, how=how)
        t = torch.linspace(0, 1, steps, dtype=seen.dtype, device=seen.device)
        z = way(t)
        row = {"latents": z.float(), "norms": z.norm(dim=1) / gan.latent.dim**0.5}
        row["pictures"] = gan.decode(z.float(), spread(label, steps))
        row["steps"] = along(seen, way, t, label).diff(dim=0).norm(dim=1)
        rows.append(row)
    name = how or OWN[gan.latent.kind]
    note = (
        f"{name} paths of a {gan.latent}; `steps` are lengths in {seen.name}, `norms` are norms over sqrt(dim): "
        f"1 is typical of the prior, the middle of a straight path lies further in. {seen.note}"
    )
    units = tuple(f"{2 * pair} to {2 * pair + 1}" for pair in range(pairs))
    return explained(gan, "interpolation", name, units=units, arrays=stacked(rows), note=note, seed=seed)


def traversal(
    gan: GAN,
    first: int | Tensor,
    second: int | Tensor,
    *,
    index: int = 0,
    seed: int = 0,
    steps: int = 7,
    extent: float = 2.0,
) -> Explanation:
    """Pictures around sample `index` of a seed: each row a step along the first, each column along the second.

    A whole number is a coordinate of the latent, a tensor (dim,) a direction, taken at length 1. Steps run from -extent
    to extent and stay on the support of the prior.
    """
    if steps < 2 or not extent > 0:
        raise UsageError(f"a grid of {steps} steps to {extent} was asked for", "two steps or more, an extent above 0")
    latent = gan.latent
    centre, label = latent.sample(seed, range(index, index + 1)), latent.labels(seed, range(index, index + 1))
    u, v = direction_of(latent, first), direction_of(latent, second)
    offsets = torch.linspace(-extent, extent, steps)
    z = latent.project((centre + offsets[:, None, None] * u + offsets[None, :, None] * v).reshape(-1, latent.dim))
    pictures = gan.decode(z, spread(label, len(z)))
    arrays = {"offsets": offsets, "pictures": pictures.reshape(steps, steps, *gan.format.shape)}
    arrays["latents"] = z.reshape(steps, steps, latent.dim)
    names = [f"z[{way}]" if isinstance(way, int) else "a direction" for way in (first, second)]
    note = f"rows move along {names[0]}, columns along {names[1]}, in units of the latent, about sample {index}."
    units = tuple(f"{round(offset, 6) + 0.0:+.3g}" for offset in offsets.tolist())
    return explained(gan, "traversal", " x ".join(names), units=units, arrays=arrays, note=note, seed=seed)


def direction_of(latent: Latent, way: int | Tensor) -> Tensor:
    """A coordinate or a direction as a vector of length 1."""
    if isinstance(way, int):
        if not 0 <= way < latent.dim:
            raise UsageError(f"coordinate {way} of a {latent} was asked for", f"they run from 0 to {latent.dim - 1}")
        return torch.eye(latent.dim)[way]
    latent.check(way[None])
    if not 0 < float(way.norm()) < float("inf"):
        raise UsageError("a direction of length 0, or not finite, was given", "give a vector that points somewhere")
    unit: Tensor = way / way.norm()
    return unit.float().cpu()


def _line(start: Tensor, end: Tensor) -> Path:
    return lambda t: start + t[:, None] * (end - start)


def _arc(start: Tensor, end: Tensor) -> Path:
    """sin((1 - t) w) / sin w and sin(t w) / sin w of the unit vectors; the angle from half-chords, exact when small."""
    low, high = start.norm(), end.norm()
    if not (float(low) > 0 and float(high) > 0):
        raise UsageError("an arc from or to the latent 0 was asked for", "take the linear way")
    u, v = start / low, end / high
    angle = 2 * torch.atan2((u - v).norm(), (u + v).norm())
    if float(angle) > torch.pi - OPPOSITE:
        raise UsageError("an arc between opposite latents was asked for", "there is no shortest one: take other ends")

    def way(t: Tensor) -> Tensor:
        t = t[:, None]
        if float(angle) < 1e-6:  # sin w / w rounds to 1
            turned = u + t * (v - u)
        else:
            turned = (torch.sin((1 - t) * angle) * u + torch.sin(t * angle) * v) / torch.sin(angle)
        grown: Tensor = turned * (low + t * (high - low))
        return grown

    return way


WAYS: dict[str, Callable[[Tensor, Tensor], Path]] = {"linear": _line, "spherical": _arc}
