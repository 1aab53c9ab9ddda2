"""Directions read off the weights: eigenvectors of A A^T, A the first affine map (closed-form factorisation, SeFa).

    sefa(gan, k=5)                                        # where z enters: MLP, DCGAN, foreign generators alike
    sefa(gan, source="mapping", k=5)                      # where w enters, in a style network: all layers
    sefa(gan, source="mapping", sites=["synthesis.level1.conv1.affine"])

Shen & Zhou 2021, sorted, with the eigenvalues kept: moving one unit along a direction changes the map's output by the
square root of its eigenvalue. `normalise` divides each column (the weights of one output) by its length first, as their
program does and their formula does not. What follows after the first map is not looked at, nor is its bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ganatomy.errors import UsageError, choose
from ganatomy.explain.latent.directions import Directions, in_latent, signed, spoken
from ganatomy.explain.latent.entries import Entry, entries, matrix
from ganatomy.explain.latent.pca import activations
from ganatomy.explain.passes import Progress, draws
from ganatomy.models.gan import GAN
from ganatomy.numerics.running import Moments

SCALED_BY = 1000  # samples from which the length of one step at a site is taken
CLOSE = 0.05  # neighbouring eigenvalues within this share of each other count as equal strengths


def sefa(
    gan: GAN,
    *,
    k: int = 8,
    source: str | None = None,
    sites: Sequence[str] = (),
    normalise: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> Directions:
    """The k leading eigenvectors; `sites` names some of the maps that the vector enters, all are taken by default."""
    found = entries(gan, source)
    table = {entry.site: entry for entry in found}
    chosen = [choose(table, site, "affine map of this vector") for site in sites] or list(table.values())
    values, vectors = spectrum(torch.cat([matrix(entry) for entry in chosen], dim=1), normalise=normalise)
    if not 1 <= k <= len(vectors):
        raise UsageError(f"{k} directions of a vector of {len(vectors)} were asked for", f"k is 1 to {len(vectors)}")
    names = tuple(f"{spoken(source).removeprefix('the ')} sefa{place}" for place in range(k))
    method = "sefa, columns normalised" if normalise else "sefa"
    share = values / values.sum()
    facts = {"eigenvalue": values[:k], "gain": values[:k].clamp(min=0).sqrt(), "share": share[:k]}
    where = f"Eigenvectors of A A^T, A = {', '.join(entry.site for entry in chosen)}."
    note = " ".join([where, *_varying(chosen), *_ties(values, k)])
    if source is None:
        latent = in_latent(gan.latent, vectors[:k], names=names, method=method, fit=share[:k])
        return replace(latent, fit_says="share of the map's squared gain", facts=facts, note=note)
    scales = _scales(gan, source, vectors[:k], seed=seed, progress=progress)
    says = "share of the maps' squared gain"
    return Directions(method, names, vectors[:k], scales, share[:k], says, site=source, facts=facts, note=note)


def spectrum(weights: Tensor, *, normalise: bool) -> tuple[Tensor, Tensor]:
    """All eigenvalues of A A^T, falling, and eigenvectors as rows; rows of A are the vector's coordinates."""
    a = weights.double()
    if normalise:
        length = a.norm(dim=0, keepdim=True)
        a = torch.where(length > 0, a / length.clamp(min=1e-300), torch.zeros_like(a))
    values, vectors = torch.linalg.eigh(a @ a.T)
    return values.flip(0), signed(vectors.flip(1).T.contiguous())


def _varying(chosen: Sequence[Entry]) -> list[str]:
    """Norms that are taken sample by sample are in no matrix."""
    return [
        f"What enters {entry.site} is scaled sample by sample, by {entry.varies[0]:.3g} to {entry.varies[1]:.3g}, "
        "which the eigenvalues leave out."
        for entry in chosen
        if entry.varies is not None
    ]


def _ties(values: Tensor, k: int) -> list[str]:
    """Eigenvectors of nearly equal eigenvalues are only determined together."""
    near = [
        place
        for place in range(min(k, len(values) - 1))
        if float(values[place] - values[place + 1]) <= CLOSE * float(values[place])
    ]
    if not near:
        return []
    pairs = ", ".join(f"{place} and {place + 1}" for place in near)
    return [f"Nearly equal in strength, so that only their plane is determined: {pairs}."]


def _scales(gan: GAN, source: str, vectors: Tensor, *, seed: int, progress: Progress | None) -> Tensor:
    """Standard deviation of the activations along each direction."""
    total: Moments | None = None
    for draw in draws(gan, SCALED_BY, seed=seed, progress=progress):
        more = Moments.of(activations(gan, draw, source) @ vectors.T)
        total = more if total is None else total + more
    assert total is not None
    return total.variance().sqrt()
