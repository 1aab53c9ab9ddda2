"""Directions in which a generator's output moves most: singular directions of its Jacobian in z.

    local(gan, k=5, index=17)                      # at one latent: what changes this very sample
    averaged(gan, k=5)                             # eigenvectors of the mean of J^T J: what changes samples at large
    averaged(gan, k=5, site="up1.act")             # what moves a layer most

`facts["stretch"]` is the root mean square length by which the flattened output moves for a small step of length 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.directions import Directions, in_latent, signed, spoken
from ganatomy.explain.latent.panel import within
from ganatomy.explain.passes import Draw, Progress, draws
from ganatomy.models.evaluating import evaluating, home
from ganatomy.models.gan import GAN
from ganatomy.numerics.linear import jvp
from ganatomy.tracing.trace import watch

ENTRIES = 2**24  # numbers of a Jacobian held at once


def local(gan: GAN, *, k: int = 8, index: int = 0, seed: int = 0, site: str | None = None) -> Directions:
    """Right singular vectors at latent `index` of the seed."""
    draw = next(draws(gan, 1, seed=seed, start=index))
    found = _directions(gan, gram(gan, draw, site=site), k, where=f"latent {index} of seed {seed}", site=site)
    return replace(found, method="jacobian, local")


def averaged(
    gan: GAN, *, k: int = 8, n: int = 32, seed: int = 0, site: str | None = None, progress: Progress | None = None
) -> Directions:
    """Eigenvectors of E[J^T J] over n latents."""
    total = torch.zeros(gan.latent.dim, gan.latent.dim, dtype=torch.float64)
    for draw in draws(gan, n, seed=seed):
        total += gram(gan, draw, site=site, progress=within(progress, draw.indices.start, n))
    found = _directions(gan, total / n, k, where=f"the mean over {n} latents", site=site)

    def again(other: int) -> Directions:
        return averaged(gan, k=k, n=n, seed=other, site=site)

    return replace(found, method="jacobian, averaged", again=again)


def gram(gan: GAN, draw: Draw, *, site: str | None = None, progress: Progress | None = None) -> Tensor:
    """Sum of J^T J over the latents of a draw, (d, d), float64; J is of the sample, or of a site, in z."""
    device, dtype = home(gan.generator)
    dim, total = gan.latent.dim, torch.zeros(gan.latent.dim, gan.latent.dim, dtype=torch.float64)
    few = 1
    place = 0
    while place < len(draw):
        part = slice(place, place + few)
        z = draw.z[part].to(device, dtype, copy=True)
        given = () if draw.labels is None else (draw.labels[part].to(device),)

        def output(at: Tensor, given: tuple[Tensor, ...] = given) -> Tensor:
            return _output(gan, at, given, site)

        columns = [_pushed(output, z, coordinate).flatten(1).double() for coordinate in range(dim)]
        whole = torch.stack(columns, dim=1)
        total += torch.einsum("nio,njo->ij", whole, whole).cpu()
        place += few
        if progress is not None:
            progress(min(place, len(draw)), len(draw))
        few = max(1, ENTRIES // whole[0].numel())  # known once one latent has been looked at
    return total


def _pushed(output: Callable[[Tensor], Tensor], z: Tensor, coordinate: int) -> Tensor:
    along = torch.zeros_like(z)
    along[:, coordinate] = 1
    try:
        return jvp(output, z, along).detach()
    except (NotImplementedError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise UsageError(
            f"the generator has no forward-mode derivative ({reason})",
            "steer by other directions, or build it of layers that torch can differentiate forwards",
        ) from error


def _output(gan: GAN, z: Tensor, given: tuple[Tensor, ...], site: str | None) -> Tensor:
    # A foreign network may work in place on what it is given, which forward mode cannot follow to its input.
    with evaluating(gan.generator), torch.no_grad():
        if site is None:
            out: Tensor = gan.generator(z.clone(), *given)
            return out
        with watch(gan.generator, [site], graph=True) as trace:
            gan.generator(z.clone(), *given)
            return trace[site]


def _directions(gan: GAN, squares: Tensor, k: int, *, where: str, site: str | None) -> Directions:
    if not 1 <= k <= len(squares):
        raise UsageError(f"{k} Jacobian directions of a {gan.latent} were asked for", f"k is 1 to {len(squares)}")
    values, vectors = torch.linalg.eigh(squares)
    values, vectors = values.flip(0).clamp(min=0), signed(vectors.flip(1).T.contiguous())
    share = values / values.sum().clamp(min=1e-300)
    names = tuple(f"jacobian{place}" for place in range(k))
    found = in_latent(gan.latent, vectors[:k], names=names, method="jacobian", fit=share[:k])
    facts = {"stretch": values[:k].sqrt(), "share": share[:k]}
    what = "the output" if site is None else spoken(site)
    return replace(
        found,
        fit_says="share of the squared stretch",
        facts=facts,
        note=f"Singular directions of the Jacobian of {what} in z, at {where}: {k} hold "
        f"{float(share[:k].sum()):.1%} of the squared stretch.",
    )
