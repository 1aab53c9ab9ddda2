"""What makes a sample a bad one: numbers (n,), larger is worse, by which the worst of many are found.

    by_distance(gan, space, train)                   # distance to the data over their own spacing, 1 / realism
    by_score(gan)                                    # what the critic scores low
    by_function("brightness", lambda x: x.mean((1, 2, 3)))

Samples that are not finite are the worst there are: their number is infinite. Those that leave the range of the format
are brought back to it first, as they would be for being shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.lots import places
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.passes import BLOCK
from ganatomy.features.space import FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.numerics.distances import neighbours
from ganatomy.results.formats import Format

K = 5
REFERENCE = 2000  # samples of the data that distances are taken to
Badness = Callable[[Tensor, Tensor | None], Tensor]  # pictures, labels of a conditional GAN -> (n,)


@dataclass(frozen=True, eq=False)
class Criterion:
    """`reference` is the fingerprint and part of the data that it looks at: worst real ones are sought elsewhere."""

    name: str
    badness: Badness
    space: str | None = None
    reference: tuple[str, str] | None = None

    def of(self, pictures: Tensor, labels: Tensor | None, format: Format) -> Tensor:
        """(n,), float64, infinite for pictures that are not finite."""
        told = torch.full((len(pictures),), math.inf, dtype=torch.float64)
        whole = finite(pictures)
        if not bool(whole.any()):
            return told
        with torch.no_grad():
            given = self.badness(shown(pictures[whole], format), None if labels is None else labels[whole])
        if not isinstance(given, Tensor) or given.shape != (int(whole.sum()),):
            shape = tuple(given.shape) if isinstance(given, Tensor) else type(given).__name__
            raise UsageError(
                f"the criterion {self.name!r} gave {shape} for {int(whole.sum())} pictures",
                "wanted is a number for each, (n,), larger for worse",
            )
        if bool(given.isnan().any()):
            raise InputError(f"the criterion {self.name!r} gives NaN for a picture", "let every picture have a number")
        told[whole] = given.double().cpu()
        return told

    def apart_from(self, data: Dataset) -> None:
        """Refuse data that distances are taken to: each sample would be at distance 0."""
        if self.reference == (data.fingerprint, data.split):
            raise UsageError(
                f"real samples of {data.name!r} were to be measured by their distance to themselves",
                "take the distance to the training part and real samples of the held-out part",
            )


def finite(pictures: Tensor) -> Tensor:
    """(n,): whether all numbers of a picture are."""
    return torch.isfinite(pictures).flatten(1).all(1)


def shown(pictures: Tensor, format: Format) -> Tensor:
    """Within the range of the format."""
    return pictures if format.bounds is None else pictures.clamp(*format.bounds)


def by_distance(gan: GAN, space: FeatureSpace, reference: Dataset, n: int = REFERENCE, *, k: int = K) -> Criterion:
    """min over data of distance / radius to the k-th neighbour, which is 1 / realism (Kynkäänniemi et al. 2019).

    Only radii up to their median count, as there, so that an outlier of the data does not excuse everything near it.
    Where the space was learnt, take other data than it was learnt from: those lie further apart than new ones.
    """
    chosen = places(reference, n)
    if len(chosen) <= k:
        raise UsageError(
            f"the {k}th neighbours among {len(chosen)} samples were asked for", f"give more than {k} of the data"
        )
    ready = reference.in_format(gan.format)
    near = torch.cat([space(ready.read(chosen[i : i + BLOCK]), gan.format) for i in range(0, len(chosen), BLOCK)])
    near = near.double().cpu()
    radius = neighbours(near, near, k, skip_self=True)[0][:, -1]
    kept = (radius > 0) & (radius <= radius[radius > 0].median()) if bool((radius > 0).any()) else radius > 0
    if not bool(kept.any()):
        raise UsageError(
            f"every sample of {reference.name!r} has {k} copies of itself in the space {space.name}",
            "take a larger k, or a space that tells them apart",
        )
    near, radius = near[kept], radius[kept]

    def badness(pictures: Tensor, _: Tensor | None) -> Tensor:
        made = space(pictures, gan.format).double().cpu()
        far = torch.cdist(made, near, compute_mode="donot_use_mm_for_euclid_dist")
        return (far / radius).amin(1)

    name = f"distance over radius in {space.id}, {int(kept.sum())} of {len(chosen)} data, k {k}"
    return Criterion(name, badness, space.id, (reference.fingerprint, reference.split))


def by_score(gan: GAN) -> Criterion:
    """Minus the critic's score."""
    scorer = Scorer(gan)
    return Criterion(f"minus the critic's {scorer.unit}", lambda pictures, labels: -scorer(pictures, labels))


def by_function(name: str, badness: Callable[[Tensor], Tensor]) -> Criterion:
    """Any function of pictures in the GAN's format, larger for worse."""
    return Criterion(name, lambda pictures, _: badness(pictures))
