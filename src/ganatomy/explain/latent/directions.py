"""Directions in the latent space of a GAN, or at a site of its generator: what all methods of this room give.

    axes(gan)                                      # the coordinates of z
    random_directions(gan, 99, seed=0)             # the control for all others
    conditioned(smile, [age, glasses])             # what is left of smile without the other two
    overlap(found)                                 # cosines of all pairs
    found.again(1)                                 # the same method on another sample

A direction is a vector of unit length; `scales` says how long one step is. In the latent that is one standard deviation
of the prior along any axis, at a site that of the activations along the direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent
from ganatomy.numerics.random import Stream

HELD_OUT = 2**20  # methods look at samples from 0 on, what they found is judged on samples from here on
SPREAD = {"normal": 1.0, "uniform": 1 / math.sqrt(3), "sphere": 1.0}  # standard deviation of one coordinate


@dataclass(frozen=True, eq=False)
class Directions:
    """`vectors` is (k, width) float64 with rows of unit length, best first where the method has an order.

    site: where they live, None for the latent. fit: one number a direction, of which `fit_says` tells the meaning;
    NaN where the method has none. facts: more numbers, (k, ...). targets: the concept a direction was made for, or "".
    """

    method: str
    names: tuple[str, ...]
    vectors: Tensor
    scales: Tensor
    fit: Tensor
    fit_says: str = "none"
    site: str | None = None
    facts: Mapping[str, Tensor] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    note: str = ""
    again: Callable[[int], Directions] | None = None

    def __post_init__(self) -> None:
        k = len(self.names)
        if self.vectors.ndim != 2 or not k == len(self.vectors) == len(self.scales) == len(self.fit):
            raise UsageError(
                f"{k} names, {tuple(self.vectors.shape)} vectors, {len(self.scales)} scales and {len(self.fit)} "
                "qualities of fit were given",
                "give one of each for every direction",
            )
        if self.targets and len(self.targets) != k:
            raise UsageError(f"{len(self.targets)} targets of {k} directions were given", "name one for each, or none")

    def __len__(self) -> int:
        return len(self.names)

    def only(self, places: Sequence[int]) -> Directions:
        """Some of them, in this order."""
        chosen = list(places)
        again = self.again
        return replace(
            self,
            names=tuple(self.names[place] for place in chosen),
            vectors=self.vectors[chosen],
            scales=self.scales[chosen],
            fit=self.fit[chosen],
            facts={name: values[chosen] for name, values in self.facts.items()},
            targets=tuple(self.targets[place] for place in chosen) if self.targets else (),
            again=None if again is None else lambda seed: again(seed).only(chosen),
        )


def spoken(site: str | None) -> str:
    """A place as sentences call it; the generator as a whole is the place without a name."""
    return "the latent" if site is None else site or "the output"


def spread(latent: Latent) -> float:
    """Standard deviation of one coordinate of the prior."""
    return SPREAD[latent.kind]


def in_latent(latent: Latent, vectors: Tensor, *, names: Sequence[str], method: str, fit: Tensor) -> Directions:
    """Directions in z of given vectors, made unit length; a step is one standard deviation of the prior."""
    if vectors.ndim != 2 or vectors.shape[1] != latent.dim:
        raise UsageError(
            f"directions of shape {tuple(vectors.shape)} were given", f"wanted is (k, {latent.dim}), one row each"
        )
    scales = torch.full((len(vectors),), spread(latent), dtype=torch.float64)
    return Directions(method, tuple(names), unit(vectors), scales, fit.double())


def axes(gan: GAN) -> Directions:
    """The coordinates of z. A normal or spherical prior has no preferred axes: only the generator can make them so."""
    dim = gan.latent.dim
    names = [f"z{place}" for place in range(dim)]
    found = in_latent(gan.latent, torch.eye(dim), names=names, method="coordinates", fit=blank(dim))
    return replace(found, note="The coordinates of the latent, as they are.")


def random_directions(gan: GAN, k: int, *, seed: int) -> Directions:
    """Unit vectors, equally likely in all directions."""
    names = [f"random {place}" for place in range(k)]
    vectors = random_vectors(k, gan.latent.dim, seed=seed)
    found = in_latent(gan.latent, vectors, names=names, method="random", fit=blank(k))
    return replace(
        found,
        note="Random directions: the control for all methods.",
        again=lambda other: random_directions(gan, k, seed=other),
    )


def random_vectors(k: int, width: int, *, seed: int, name: str = "random directions") -> Tensor:
    """Unit vectors (k, width) of the stream of that name."""
    if k < 1:
        raise UsageError(f"{k} random directions were asked for", "ask for one or more")
    return unit(Stream(seed, name).normal(range(k), width, dtype=torch.float64))


def conditioned(found: Directions, on: Sequence[Directions]) -> Directions:
    """The parts of `found` that are orthogonal to all directions of `on`; `kept` is the length that was left.

    This is geometry in the latent space. Whether the other concepts stay put is for `steering` to measure.
    """
    if not on or any(other.site != found.site for other in on):
        raise UsageError("directions were to be conditioned on none, or on some of another place", "give some of one")
    others = torch.cat([other.vectors for other in on])
    basis, values, _ = torch.linalg.svd(others.T, full_matrices=False)
    basis = basis[:, values > 1e-9 * values[0]]
    rest = found.vectors - (found.vectors @ basis) @ basis.T
    kept = rest.norm(dim=1)
    if float(kept.min()) < 1e-6:
        name = found.names[int(kept.argmin())]
        raise InputError(f"nothing is left of {name!r} without the others", "condition it on fewer directions")
    names = ", ".join(name for other in on for name in other.names)
    return replace(
        found,
        method=f"{found.method}, conditioned",
        vectors=unit(rest),
        facts={**found.facts, "kept": kept},
        note=f"{found.note} Projected to be orthogonal to {names}; the fit is that before the projection.".strip(),
        again=None,
    )


def overlap(found: Directions, other: Directions | None = None) -> Tensor:
    """Cosines of the angles between all pairs, (k, k) or (k, other k)."""
    second = found if other is None else other
    if found.site != second.site:
        raise UsageError("the overlap of directions of two places was asked for", "compare directions of one place")
    return found.vectors @ second.vectors.T


def unit(vectors: Tensor) -> Tensor:
    """Rows of length 1, float64."""
    rows = vectors.detach().cpu().double()
    length = rows.norm(dim=1, keepdim=True)
    if not bool(torch.isfinite(rows).all()) or bool((length == 0).any()):
        raise InputError("a direction of length 0, or with NaN or infinite entries, was found", "ask for fewer")
    out: Tensor = rows / length
    return out


def blank(k: int) -> Tensor:
    """No quality of fit."""
    return torch.full((k,), math.nan, dtype=torch.float64)


def signed(vectors: Tensor) -> Tensor:
    """The entry of largest size in each row is positive, so that the same directions get the same signs everywhere."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return torch.where(largest < 0, -vectors, vectors)
