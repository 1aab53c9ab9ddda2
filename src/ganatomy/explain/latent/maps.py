"""Maps of two axes, and how little or how much they hold.

    latent_map(gan, 500, seed=0, score=lambda pictures: pictures.mean((1, 2, 3)))
    picture_map(gan, real, seed=0)                      # real and generated pictures together

Axes: principal components, or UMAP where it is installed (pip install umap-learn). A map of two axes shows little of a
wide space, so each says its share of the variance, and the mixing of real and generated is counted among neighbours in
the whole space, against the band that shuffled names give.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError, choose
from ganatomy.explain.latent.explained import explained
from ganatomy.explain.passes import BLOCK, Progress, draws, made
from ganatomy.features.space import FeatureSpace, pixels, random_projection
from ganatomy.models.gan import GAN
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.linear import top_singular
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Covariance
from ganatomy.results.explanation import Explanation

Method = Literal["pca", "umap"]
WIDEST = 1024  # of a space whose covariance is formed
SHUFFLES = 200


def latent_map(
    gan: GAN,
    n: int = 500,
    *,
    seed: int = 0,
    score: Callable[[Tensor], Tensor],
    method: Method = "pca",
    progress: Progress | None = None,
) -> Explanation:
    """Latents in a plane, coloured by a score of their pictures, (n,); a unit is a sample.

    fit: the share of the score's variance that a plane through the two axes explains (R^2), beside what chance gives.
    """
    latents, scores = [], []
    for draw in draws(gan, max(n, 4), seed=seed, progress=progress):
        latents.append(draw.z)
        scores.append(_scored(score, made(gan.generator, draw)))
    z, colour = torch.cat(latents).double(), torch.cat(scores)
    place, share = flat(z, method, seed=seed)
    fit, chance = _explained(place, colour), 2 / (len(z) - 1)
    note = (
        f"{method} of {len(z)} latents: the two axes hold {share:.1%} of their variance (two of {gan.latent.dim} equal "
        f"axes hold {min(1, 2 / gan.latent.dim):.1%}). A plane over the map explains {fit:.1%} of the score; "
        f"{chance:.1%} is what chance gives."
    )
    arrays = {"place": place, "score": colour}
    units = [f"sample {index}" for index in range(len(z))]
    return explained(gan, "latent map", method, units=units, arrays=arrays, note=note, seed=seed)


def picture_map(
    gan: GAN,
    real: Tensor | Iterable[Tensor],
    *,
    n: int = 500,
    seed: int = 0,
    space: FeatureSpace | None = None,
    method: Method = "pca",
    k: int = 5,
) -> Explanation:
    """Real pictures (in the GAN's format) and n generated ones in one plane; a unit is a picture.

    mixing: of the k nearest neighbours of a real picture, the share that are generated, in the whole space.
    """
    space = space or _default(gan)
    if space.width > WIDEST:
        raise UsageError(
            f"a map of the {space.width} features of {space.name} was asked for",
            f"take a space of at most {WIDEST}, as random_projection(gan.format)",
        )
    blocks = real.split(BLOCK) if isinstance(real, Tensor) else real
    ours = torch.cat([space(made(gan.generator, draw), gan.format).cpu() for draw in draws(gan, n, seed=seed)])
    theirs = torch.cat([space(block, gan.format).cpu() for block in blocks])
    if min(len(theirs), n) <= k:
        raise InputError(f"{len(theirs)} real and {n} generated pictures were given", f"give more than {k} of each")
    both, generated = torch.cat([theirs, ours]).double(), torch.arange(len(theirs) + n) >= len(theirs)
    place, share = flat(both, method, seed=seed)
    mixed, band = mixing(both, generated, k=k, seed=seed)
    shown, _ = mixing(place, generated, k=k, seed=seed)
    inside = "within" if band[0] <= mixed <= band[1] else "below" if mixed < band[0] else "above"
    note = (
        f"{method} in {space.name}: the two axes hold {share:.1%} of the variance. In the whole space {mixed:.1%} "
        f"of the {k} nearest neighbours of a real picture are generated, {inside} the {band[0]:.1%} to {band[1]:.1%} "
        f"of shuffled names; on the map it looks like {shown:.1%}."
    )
    arrays = {"place": place, "generated": generated}
    units = [f"real {i}" for i in range(len(theirs))] + [f"sample {i}" for i in range(n)]
    return explained(gan, "picture map", space.id, units=units, arrays=arrays, note=note, seed=seed)


def mixing(table: Tensor, generated: Tensor, *, k: int, seed: int) -> tuple[float, tuple[float, float]]:
    """Share of generated among the k nearest neighbours of the real ones, and the 95 % band of shuffled names."""
    _, near = neighbours(table, table, k, skip_self=True)
    stream, n = Stream(seed, "mixing"), len(table)

    def share(names: Tensor) -> float:
        return float(names[near][~names].double().mean())

    shuffled = torch.tensor([share(generated[stream.permutation(i, n)]) for i in range(SHUFFLES)])
    low, high = torch.quantile(shuffled, torch.tensor([0.025, 0.975])).tolist()
    return share(generated), (low, high)


def flat(table: Tensor, method: Method, *, seed: int = 0) -> tuple[Tensor, float]:
    """Places (n, 2) and the share of the table's variance that is left in them (least squares, for UMAP)."""
    place = choose(METHODS, method, "map")(table, seed)
    total = float((table - table.mean(0)).square().sum())
    if not total > 0:
        raise InputError("a map of samples that are all the same was asked for", "check what they come from")
    basis, _ = torch.linalg.qr(place - place.mean(0))
    return place, float((basis.T @ (table - table.mean(0))).square().sum()) / total


def principal(table: Tensor, _seed: int) -> Tensor:
    """On the two leading eigenvectors of the covariance, added up block by block."""
    spread = functools.reduce(operator.add, (Covariance.of(block) for block in table.split(BLOCK)))
    axes = top_singular(spread.scatter, min(2, table.shape[1])).right
    place = (table - spread.mean) @ axes
    return place if place.shape[1] == 2 else torch.cat([place, torch.zeros_like(place)], dim=1)


def umap(table: Tensor, seed: int) -> Tensor:
    """McInnes, Healy & Melville 2018, with its defaults and a fixed seed."""
    try:
        from umap import UMAP  # type: ignore[import-not-found, unused-ignore]
    except ModuleNotFoundError as error:
        raise UsageError("a UMAP map was asked for, but umap is missing", "pip install umap-learn, or pca") from error
    return torch.from_numpy(np.asarray(UMAP(random_state=seed, n_jobs=1).fit_transform(table.numpy()))).double()


METHODS: dict[str, Callable[[Tensor, int], Tensor]] = {"pca": principal, "umap": umap}


def _default(gan: GAN) -> FeatureSpace:
    space = pixels(gan.format)
    return space if space.width <= WIDEST else random_projection(gan.format, 256)


def _scored(score: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    with torch.no_grad():
        found = score(pictures).detach().cpu().double()
    if found.shape != (len(pictures),):
        raise UsageError(
            f"a score of shape {tuple(found.shape)} was given for {len(pictures)} pictures", "wanted is one number each"
        )
    return found


def _explained(place: Tensor, score: Tensor) -> float:
    """R^2 of a least-squares plane."""
    total = float((score - score.mean()).square().sum())
    basis, _ = torch.linalg.qr(torch.cat([torch.ones(len(place), 1, dtype=place.dtype), place], dim=1))
    left = score - basis @ (basis.T @ score)
    return 1 - float(left.square().sum()) / total if total > 0 else 0.0
