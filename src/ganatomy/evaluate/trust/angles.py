"""Are the same directions found again? Subspaces by their principal angles, single directions by their cosines.

    found = same_span([pca(gan, site, seed=s).vectors for s in range(4)])       # "mean squared cosine", "least cosine"
    effects = what_they_do(gan, directions.vectors, n=64, seed=0)               # (k, pixels): for two GANs
    compared = spans_apart(one, other, controls=[(random_one, random_other), ...])

Within one GAN directions are compared in its latent space, where two random subspaces of k of d dimensions have a mean
squared cosine of k / d. Latents of two GANs have nothing to do with one another: there the spans of what the directions
do to pictures (or features) are compared, and random directions do much the same things: they are the floor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.evaluate.trust.agreement import of_pairs
from ganatomy.explain.passes import draws, ran
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.interval import mean_interval
from ganatomy.results.measurement import Measurement

Look = Callable[[Tensor], Tensor]  # pictures -> (n, features)
FLAT = 1e-9  # of the largest singular value: no direction of its own


def principal_cosines(first: Tensor, second: Tensor) -> Tensor:
    """Cosines of the principal angles between the spans of the rows, falling (Björck & Golub 1973)."""
    found: Tensor = torch.linalg.svdvals(basis(first).T @ basis(second)).clamp(max=1)
    return found


def basis(rows: Tensor) -> Tensor:
    """Orthonormal columns of the span of the rows; rows that depend on others add nothing."""
    table = rows.detach().double().cpu()
    if table.ndim != 2 or not len(table) or not bool(torch.isfinite(table).all()):
        raise InputError(f"directions of shape {tuple(table.shape)} were given, or some are not finite", "give (k, d)")
    u, values, _ = torch.linalg.svd(table.T, full_matrices=False)
    if float(values[0]) == 0:
        raise InputError("directions of length 0 were to be compared", "leave them out")
    found: Tensor = u[:, values > FLAT * values[0]]
    return found


def squared(first: Tensor, second: Tensor) -> float:
    """The mean squared cosine of the principal angles: 1 where the smaller span lies in the larger."""
    return float(principal_cosines(first, second).square().mean())


def same_span(repeats: Sequence[Tensor]) -> Readings:
    """Of the spans of (k, d) directions found in each repetition, in one space."""
    k, d = max(len(each) for each in repeats), repeats[0].shape[1]
    if any(each.shape[1] != d for each in repeats):
        raise UsageError("directions of several widths were to be compared", "compare them in one space")
    cosines = [[principal_cosines(one, other) for other in repeats] for one in repeats]
    mean, least = (torch.tensor([[float(f(c)) for c in row] for row in cosines]) for f in (_mean_square, torch.min))
    said = f"spans of {k} directions in {d} dimensions"
    return {
        "mean squared cosine": of_pairs(
            mean, "mean squared cosine", floor=min(k / d, 1.0), says=f"{said}, principal angles; floor k / d"
        ),
        "least cosine": of_pairs(
            least, "least cosine", floor=_least_by_chance(k, d), says=f"{said}, the largest principal angle"
        ),
    }


def same_directions(repeats: Sequence[Tensor]) -> Readings:
    """Of (k, d) directions that are each made for something: mean cosine of the first with the first, and so on."""
    table = torch.stack([each.double() for each in repeats])
    unit = table / table.norm(dim=2, keepdim=True).clamp(min=1e-300)
    pairs = torch.einsum("rkd,skd->rs", unit, unit) / unit.shape[1]
    says = f"mean cosine of {unit.shape[1]} directions with themselves, {unit.shape[2]} dimensions"
    return {"cosine": of_pairs(pairs, "cosine", floor=0.0, says=says, low=-1.0)}


def what_they_do(gan: GAN, vectors: Tensor, *, n: int = 64, seed: int = 0, look: Look | None = None) -> Tensor:
    """(k, features): the mean change of pictures from a step back to a step forth along each, in the latent."""
    if vectors.ndim != 2 or vectors.shape[1] != gan.latent.dim:
        raise UsageError(
            f"directions of shape {tuple(vectors.shape)} were given", f"wanted is (k, {gan.latent.dim}), in the latent"
        )
    total = torch.zeros(())
    for draw in draws(gan, n, seed=seed):
        ends = [[_seen(gan, draw.z + sign * v.to(draw.z), draw.labels, look) for v in vectors] for sign in (1, -1)]
        total = total + torch.stack([(up - down).sum(0) for up, down in zip(*ends, strict=True)])
    return total / n


def spans_apart(one: Tensor, other: Tensor, controls: Sequence[tuple[Tensor, Tensor]], *, space: str) -> Measurement:
    """Of what directions of two GANs do; `controls`: what as many random directions of each do, some times over."""
    if len(controls) < 2:
        raise UsageError(f"{len(controls)} controls were given", "give two or more pairs of random spans")
    floors = [squared(*each) for each in controls]
    within = mean_interval(torch.tensor(floors, dtype=torch.float64))
    said = (
        f"mean squared cosine of spans of {len(one)} mean changes of {space}; floor: {len(floors)} pairs of random "
        f"directions, {min(floors):.3g} to {max(floors):.3g}, their mean in [{within.low:.3g}, {within.high:.3g}]"
    )
    name = "what directions do, mean squared cosine"
    return Measurement(name, squared(one, other), 2, said, "high", None, sum(floors) / len(floors), space)


def _seen(gan: GAN, z: Tensor, labels: Tensor | None, look: Look | None) -> Tensor:
    pictures = ran(gan.generator, z, labels)
    return (pictures if look is None else look(pictures)).double().flatten(1)


def _mean_square(cosines: Tensor) -> Tensor:
    return cosines.square().mean()


def _least_by_chance(k: int, d: int) -> float | None:
    """Of one direction E|cos|, in closed form; of several none is known, and 1 where they fill the space."""
    from scipy.special import gammaln

    if k >= d:
        return 1.0
    return float(torch.tensor(gammaln(d / 2) - gammaln((d + 1) / 2)).exp() / torch.pi**0.5) if k == 1 else None
