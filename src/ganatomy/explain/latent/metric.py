"""The pull-back metric J^T J: how far pictures move when latents do.

    g = metric_at(seen, z, labels)                      # (n, dim, dim), exact
    largest, whole = stretch_at(seen, z, labels)        # largest singular value and Frobenius norm of J
    stretch(gan, 100, seed=0)                           # their quantiles over the prior
    idle(gan, 100, seed=0)                              # coordinates and directions that do nothing
    squared_path_length(gan, 1000, seed=0)              # E |J (z2 - z1)|^2: 2 |A|_F^2 for a linear generator A

Lengths are Euclidean in the surface's space, for a latent that moves by 1. On a sphere a latent moves along it only.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.explained import explained
from ganatomy.explain.latent.paths import between
from ganatomy.explain.latent.surface import Surface, points, pushed, rounding, surface
from ganatomy.explain.passes import Progress
from ganatomy.features.space import FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.numerics.linear import top_singular
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Quantiles
from ganatomy.numerics.statistics.interval import mean_interval
from ganatomy.results.explanation import Explanation
from ganatomy.results.measurement import Measurement

TOGETHER = 64  # directions pushed in one pass
ROUNDED = 16.0  # times eps: what the layers add up to
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def jacobian_at(seen: Surface, z: Tensor, label: Tensor | None = None) -> Tensor:
    """J at one latent (dim,), as rows: row i is how the point moves with coordinate i, (dim, width)."""
    eye = torch.eye(len(z), dtype=z.dtype, device=z.device)
    parts = []
    for first in range(0, len(z), TOGETHER):
        directions = eye[first : first + TOGETHER]
        many = len(directions)
        parts.append(pushed(seen, z.expand(many, -1), directions, None if label is None else label.expand(many)))
    return torch.cat(parts)


def metric_at(seen: Surface, z: Tensor, labels: Tensor | None = None, *, tangent: bool = True) -> Tensor:
    """J^T J of each latent, (n, dim, dim) in float64; `tangent`: on a sphere restricted to its tangents."""
    found = []
    for place in range(len(z)):
        rows = jacobian_at(seen, z[place], None if labels is None else labels[place : place + 1])
        if tangent and seen.gan.latent.kind == "sphere":
            out = z[place] / z[place].norm()
            rows = rows - torch.outer(out, out @ rows)
        rows = rows.double()  # products of rows that nearly cancel must not round on top
        found.append(rows @ rows.T)
    return torch.stack(found)


def stretch_at(seen: Surface, z: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Largest singular value and Frobenius norm of J at each latent, (n,) each."""
    metric = metric_at(seen, z, labels)
    whole = metric.diagonal(dim1=1, dim2=2).sum(1)
    return torch.linalg.eigvalsh(metric)[:, -1].clamp(min=0).sqrt(), whole.clamp(min=0).sqrt()


def stretch(
    gan: GAN, n: int = 100, *, seed: int = 0, space: FeatureSpace | None = None, progress: Progress | None = None
) -> Explanation:
    """Quantiles over the prior of both stretches; a unit is a quantile."""
    seen, seeing = surface(gan, space, double=False), None
    for place in range(_many(n)):
        here = range(place, place + 1)
        pair = torch.stack(stretch_at(seen, seen.latents(seed, here), gan.latent.labels(seed, here)), dim=1)
        now = Quantiles.of(pair)
        seeing = now if seeing is None else seeing + now
        if progress is not None:
            progress(place + 1, n)
    assert seeing is not None
    table = torch.stack([seeing.at(level) for level in LEVELS])
    middle, high = float(seeing.at(0.5)[0]), float(seeing.at(0.99)[0])
    times = f", {high / middle:.3g} times that," if middle > 0 else ""
    note = (
        f"stretch in {seen.name} per unit of latent, over {n} latents of the prior, to 1 %. The largest stretch is "
        f"{middle:.3g} in the middle and {high:.3g}{times} at 99 %. {seen.note}"
    )
    arrays = {"largest": table[:, 0], "frobenius": table[:, 1]}
    return explained(gan, "stretch", seen.name, units=[f"{q:g}" for q in LEVELS], arrays=arrays, note=note, seed=seed)


def expected_metric(seen: Surface, n: int, *, seed: int, progress: Progress | None = None) -> Tensor:
    """The mean of J^T J over the prior, (dim, dim), one latent at a time."""
    total = torch.zeros(seen.gan.latent.dim, seen.gan.latent.dim, dtype=torch.float64, device=seen.device)
    for place in range(_many(n)):
        here = range(place, place + 1)
        labels = seen.gan.latent.labels(seed, here)
        total += metric_at(seen, seen.latents(seed, here), labels, tangent=False)[0]
        if progress is not None:
            progress(place + 1, n)
    return total / n


def idle(
    gan: GAN, n: int = 100, *, seed: int = 0, space: FeatureSpace | None = None, progress: Progress | None = None
) -> Explanation:
    """What each coordinate, and each eigenvector of the expected metric, does to the pictures, and which do nothing.

    A unit is a direction of length 1 (`vectors`). It does nothing where its root mean square stretch is not above the
    floor: rounding in the generator's own type, measured, and for eigenvectors the rounding of the decomposition.
    """
    seen = surface(gan, space, double=False)
    metric = expected_metric(seen, n, seed=seed, progress=progress)
    dim = len(metric)
    _, values, vectors = top_singular(metric, dim)
    floor = rounding(surface(gan, space), seed=seed)
    # Rows of J are exact to a few eps, and their products are taken in float64.
    solver = ROUNDED * seen.eps * float(metric.trace()) ** 0.5 + (dim * 1e-16 * float(values[0])) ** 0.5
    stretches = torch.cat([metric.diagonal(), values]).clamp(min=0).sqrt()
    floors = torch.tensor([floor] * dim + [max(floor, solver)] * dim, dtype=torch.float64, device=metric.device)
    nothing = stretches <= floors
    total = float(metric.trace())
    effective = total**2 / float(values.square().sum()) if total > 0 else 0.0
    idle_coordinates = [str(i) for i in range(dim) if bool(nothing[i])]
    named = f" ({', '.join(idle_coordinates[:20])}{' ...' if len(idle_coordinates) > 20 else ''})"
    stay = int(nothing[dim:].sum())
    moving = f" The pictures move in about {effective:.1f} directions (participation ratio)." if effective else ""
    note = (
        f"{len(idle_coordinates)} of {dim} coordinates do nothing{named if idle_coordinates else ''}; of {dim} "
        f"directions (eigenvectors) {stay} do nothing.{moving} Stretch in {seen.name}, {n} latents; "
        f"the floor of rounding is {floor:.2g}. {seen.note}"
    )
    arrays = {
        "stretch": stretches,
        "share": stretches.square() / total if total > 0 else torch.zeros_like(stretches),
        "floor": floors,
        "idle": nothing,
        "vectors": torch.cat([torch.eye(dim, dtype=vectors.dtype, device=vectors.device), vectors.T]),
    }
    units = [f"z[{i}]" for i in range(dim)] + [f"direction {i}" for i in range(dim)]
    return explained(gan, "idle", seen.name, units=units, arrays=arrays, note=note, seed=seed)


def squared_path_length(
    gan: GAN,
    n: int = 1000,
    *,
    seed: int = 0,
    space: FeatureSpace | None = None,
    step: float = 1e-4,
    progress: Progress | None = None,
) -> Measurement:
    """E |x(t + step) - x(t)|^2 / step^2 between random samples, t uniform (Karras et al. 2019, with any space).

    The prior's own way: linear for a normal prior, where the value for a linear generator is 2 |A|_F^2. The floor is
    what rounding alone would read. Of each path one number is kept, 8 bytes.
    """
    if n < 2 or not 0 < step < 1:
        raise UsageError(f"{n} paths with a step of {step} were asked for", "two or more, a step between 0 and 1")
    seen = surface(gan, space)
    times = Stream(seed, "path length").uniform(range(n), 1, dtype=torch.float64)[:, 0] * (1 - step)
    squares, size = [], 0.0
    for block in torch.arange(n).split(TOGETHER // 2):
        ends = torch.stack([times[block], times[block] + step], dim=1).to(seen.device, seen.dtype)
        ways = [between(seen, int(pair), seed=seed) for pair in block]
        z = torch.cat([way(t) for (way, _), t in zip(ways, ends, strict=True)])
        given = [label.expand(2) for _, label in ways if label is not None]
        made = points(seen, z, torch.cat(given) if given else None).reshape(len(block), 2, -1).double()
        squares.append(((made[:, 1] - made[:, 0]) / step).square().sum(1).cpu())
        size = max(size, float(made.norm(dim=2).max()))
        if progress is not None:
            progress(int(block[-1]) + 1, n)
    value = torch.cat(squares)
    return Measurement(
        "squared path length",
        float(value.mean()),
        n=n,
        estimator=f"differences over {step:g} of the way, {str(seen.dtype).removeprefix('torch.')}, nothing cut off",
        better="low",
        interval=mean_interval(value),
        floor=2 * (seen.eps * size / step) ** 2,
        space=seen.name,
    )


def _many(n: int) -> int:
    if n < 1:
        raise UsageError(f"{n} latents were asked for", "ask for one or more")
    return n
