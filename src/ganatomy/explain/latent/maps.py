"""Maps of two axes, and how little or how much they hold.

    latent_map(gan, 500, seed=0, score=lambda pictures: pictures.mean((1, 2, 3)))
    picture_map(gan, real, seed=0)                      # real and generated pictures together

Axes: principal components, or UMAP where it is installed (pip install umap-learn). A map of two axes shows little of a
wide space, so each says its share of the variance, and the mixing of real and generated is counted among neighbours in
the whole space, against the band that shuffled names give.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError, choose
from ganatomy.explain.latent.explained import explained
from ganatomy.explain.passes import BLOCK, Progress, draws, made
from ganatomy.explain.spread import varies
from ganatomy.features.space import FeatureSpace, pixels, random_projection
from ganatomy.models.gan import GAN
from ganatomy.numerics.distances import neighbours
from ganatomy.numerics.linear import top_singular
from ganatomy.numerics.random import Stream
from ganatomy.numerics.running import Covariance
from ganatomy.results.explanation import Explanation

Method = Literal["pca", "umap"]
Blocks = Callable[[], Iterator[Tensor]]  # the same rows again each time, (n, width) float64
WIDEST = 1024  # of a space whose covariance is formed
SHUFFLES = 200
NEAREST = 5  # neighbours among which real and generated are counted
SAID = 3  # scores in one sentence
SURE = 0.95


@dataclass(frozen=True, eq=False)
class Plane:
    """place (n, 2); share of the table's variance that is left (least squares, for UMAP); of each principal axis.

    `axes` is NaN where the axes are not principal components.
    """

    place: Tensor
    share: float
    axes: Tensor


def latent_map(
    gan: GAN,
    n: int = 500,
    *,
    seed: int = 0,
    score: Callable[[Tensor], Tensor],
    names: Sequence[str] = (),
    method: Method = "pca",
    progress: Progress | None = None,
) -> Explanation:
    """Latents in a plane, coloured by one score of their pictures, (n,), or by several with `names`, (n, c).

    A unit is a sample, so the result holds 32 + 8 c bytes of each; latents and pictures are not kept, but for UMAP,
    which looks at all latents at once (n x dim float64). The note says which share of each score's variance a plane
    over the map explains (R^2), beside the highest that chance gives.
    """
    n = max(n, 4)
    plane = flat(lambda: (draw.z.double() for draw in draws(gan, n, seed=seed)), method, seed=seed)
    parts = [
        _scored(score, made(gan.generator, draw), max(1, len(names)))
        for draw in draws(gan, n, seed=seed, progress=progress)
    ]
    colours = dict(zip([f"score {name}" for name in names] or ["score"], torch.cat(parts).T, strict=True))
    note = (
        f"{method} of {n} latents: the two axes hold {plane.share:.1%} of their variance (two of {gan.latent.dim} "
        f"equal axes hold {min(1, 2 / gan.latent.dim):.1%}). {_fits(plane.place, colours)}"
    )
    arrays = {"place": plane.place, "axes": plane.axes.expand(n, 2), **colours}
    units = [f"sample {index}" for index in range(n)]
    return explained(gan, "latent map", method, units=units, arrays=arrays, note=note, seed=seed)


def picture_map(
    gan: GAN,
    real: Tensor | Iterable[Tensor],
    *,
    n: int = 500,
    seed: int = 0,
    space: FeatureSpace | None = None,
    method: Method = "pca",
    progress: Progress | None = None,
) -> Explanation:
    """Real pictures (in the GAN's format) and n generated ones in one plane; a unit is a picture.

    mixing: of the NEAREST neighbours of a real picture, the share that are generated, in the whole space. Neighbours
    need all features at once: 8 x width bytes a picture, width at most WIDEST.
    """
    space = space or _default(gan)
    if space.width > WIDEST:
        raise UsageError(
            f"a map of the {space.width} features of {space.name} was asked for",
            f"take a space of at most {WIDEST}, as random_projection(gan.format)",
        )
    blocks = real.split(BLOCK) if isinstance(real, Tensor) else real
    taken = draws(gan, n, seed=seed, progress=progress)
    ours = torch.cat([space(made(gan.generator, draw), gan.format).cpu() for draw in taken])
    theirs = torch.cat([space(block, gan.format).cpu() for block in blocks])
    if min(len(theirs), n) <= NEAREST:
        raise InputError(f"{len(theirs)} real and {n} generated pictures were given", f"give more than {NEAREST}")
    both, generated = torch.cat([theirs, ours]).double(), torch.arange(len(theirs) + n) >= len(theirs)
    plane = flat(lambda: iter(both.split(BLOCK)), method, seed=seed)
    mixed, band = mixing(both, generated, k=NEAREST, seed=seed)
    shown, _ = mixing(plane.place, generated, k=NEAREST, seed=seed)
    inside = "within" if band[0] <= mixed <= band[1] else "below" if mixed < band[0] else "above"
    note = (
        f"{method} in {space.name}: the two axes hold {plane.share:.1%} of the variance. In the whole space "
        f"{mixed:.1%} of the {NEAREST} nearest neighbours of a real picture are generated, {inside} the "
        f"{band[0]:.1%} to {band[1]:.1%} of shuffled names; on the map it looks like {shown:.1%}."
    )
    arrays = {"place": plane.place, "axes": plane.axes.expand(len(both), 2), "generated": generated}
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


def flat(blocks: Blocks, method: Method, *, seed: int = 0) -> Plane:
    """Rows in a plane; they are walked through block by block, some times, so that PCA never holds them all."""
    place = choose(METHODS, method, "map")(blocks, seed)
    spread = _spread(blocks)
    total = float(spread.scatter.trace())
    if not total > 0:
        raise InputError("a map of samples that are all the same was asked for", "check what they come from")
    basis, _ = torch.linalg.qr(place - place.mean(0))
    kept, done = torch.zeros(2, len(spread.mean), dtype=torch.float64), 0
    for block in blocks():
        kept += basis[done : done + len(block)].T @ (block - spread.mean)
        done += len(block)
    own = (place - place.mean(0)).square().sum(0) / total
    return Plane(place, float(kept.square().sum()) / total, own if method == "pca" else torch.full_like(own, torch.nan))


def principal(blocks: Blocks, _seed: int) -> Tensor:
    """On the two leading eigenvectors of the covariance, added up block by block."""
    spread = _spread(blocks)
    axes = top_singular(spread.scatter, min(2, len(spread.mean))).right
    place = torch.cat([(block - spread.mean) @ axes for block in blocks()])
    return place if place.shape[1] == 2 else torch.cat([place, torch.zeros_like(place)], dim=1)


def umap(blocks: Blocks, seed: int) -> Tensor:
    """McInnes, Healy & Melville 2018, with its defaults and a fixed seed."""
    try:
        from umap import UMAP  # type: ignore[import-not-found, unused-ignore]
    except ModuleNotFoundError as error:
        raise UsageError("a UMAP map was asked for, but umap is missing", "pip install umap-learn, or pca") from error
    table = torch.cat(list(blocks())).numpy()
    return torch.from_numpy(np.asarray(UMAP(random_state=seed, n_jobs=1).fit_transform(table))).double()


def at_hand() -> tuple[Method, ...]:
    """The maps that can be had here: UMAP where it is installed."""
    try:
        import umap  # type: ignore[import-not-found, unused-ignore]  # noqa: F401
    except ImportError:
        return ("pca",)
    return ("pca", "umap")


METHODS: dict[str, Callable[[Blocks, int], Tensor]] = {"pca": principal, "umap": umap}


def _default(gan: GAN) -> FeatureSpace:
    space = pixels(gan.format)
    return space if space.width <= WIDEST else random_projection(gan.format, 256)


def _spread(blocks: Blocks) -> Covariance:
    return functools.reduce(operator.add, (Covariance.of(block) for block in blocks()))


def _scored(score: Callable[[Tensor], Tensor], pictures: Tensor, many: int) -> Tensor:
    """(n, many)."""
    with torch.no_grad():
        found = score(pictures).detach().cpu().double()
    if found.shape not in ((len(pictures), many), (len(pictures),) if many == 1 else ()):
        raise UsageError(
            f"a score of shape {tuple(found.shape)} was given for {len(pictures)} pictures",
            "wanted is one number each, or a column for each of `names`",
        )
    return found.reshape(len(pictures), many)


def _fits(place: Tensor, colours: Mapping[str, Tensor]) -> str:
    """The scores that lie most evenly over the map."""
    varied = {name: score for name, score in colours.items() if bool(varies(score.mean(), score.std()))}
    if not varied:
        return "No score varies, so that the map has one colour."
    fits = {name.removeprefix("score "): _explained(place, values) for name, values in varied.items()}
    best = sorted(fits, key=lambda name: -fits[name])[:SAID]
    said = ", ".join(f"{fits[name]:.1%} of {'the score' if name == 'score' else name}" for name in best)
    most = f"; of the {len(fits) - SAID} others less" if len(fits) > SAID else ""
    chance = _highest(len(place), len(fits))
    of = f"the best of {len(fits)} scores" if len(fits) > 1 else "a score"
    return f"A plane over the map explains {said}{most}; by chance {of} would stay below {chance:.1%} (at 95 %)."


def _highest(n: int, scores: int) -> float:
    """Where the largest R^2 of so many unrelated scores stays below in 95 of 100 maps; one is Beta(1, (n - 3) / 2)."""
    return 1 - math.pow(1 - math.pow(SURE, 1 / scores), 2 / (n - 3))


def _explained(place: Tensor, score: Tensor) -> float:
    """R^2 of a least-squares plane."""
    total = float((score - score.mean()).square().sum())
    basis, _ = torch.linalg.qr(torch.cat([torch.ones(len(place), 1, dtype=place.dtype), place], dim=1))
    left = score - basis @ (basis.T @ score)
    return 1 - float(left.square().sum()) / total
