"""What a generator makes of latents that its prior hardly ever draws: shrunk, blown up, constant, through the origin.

    found = off_prior(gan, by=by_distance(gan, space, train), judge=judge)
    found.rows["norm x 4"]["outside the range"], found.pictures["norm x 4"], found.note

Every way starts from the same latents of the prior. Beside each number stands what as many other latents of the prior
read (`floor`). NaN and infinite latents are refused, as every GAN refuses to decode them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganatomy.errors import DivergedError, UsageError
from ganatomy.evaluate.quality.pairs import FEWEST, Readings
from ganatomy.evaluate.trust.criteria import Criterion, finite, shown
from ganatomy.evaluate.trust.departures import NAMES, Looked, compared, readings
from ganatomy.evaluate.trust.worst import outside
from ganatomy.explain.passes import BLOCK, Progress, ran
from ganatomy.features.classifier import Judge
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.multiplicity import holm

ON = "on the prior"
SURE = 0.05
NORMS = (0.0, 0.25, 0.5, 2.0, 4.0)
HUGE = 100.0  # times what one number of a latent typically is
TRUNCATED = 0.5  # of the same
SHOWN = 12  # pictures that are kept of each way
Way = Callable[[Tensor, Latent, Stream], Tensor]  # latents (n, dim) of the prior -> others


@dataclass(frozen=True, eq=False)
class OffPrior:
    """rows: by way, the first one on the prior; pictures (SHOWN, ...) of each, in the range of the format.

    norms: of the latents over sqrt(dim x mean square) of the prior, root mean square. p: that a reading is worse than
    on the prior, or classes are others; adjusted over all.
    """

    by: str
    rows: dict[str, Readings]
    pictures: dict[str, Tensor]
    norms: dict[str, float]
    p: dict[str, dict[str, float]]
    note: str = ""

    def worse(self, name: str) -> tuple[str, ...]:
        """The ways whose reading of this name is told apart from the prior's."""
        return tuple(way for way, row in self.p.items() if row.get(name, 1.0) <= SURE)

    @property
    def measured(self) -> Readings:
        """All rows as one table."""
        return {f"{way}: {name}": told for way, row in self.rows.items() for name, told in row.items()}


def off_prior(
    gan: GAN,
    n: int = 256,
    *,
    by: Criterion,
    judge: Judge | None = None,
    ways: Sequence[str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> OffPrior:
    """Each of `WAYS` with n latents, beside two lots of n of the prior: one to change and one to compare with."""
    if n < FEWEST:
        raise UsageError(f"{n} latents off the prior were asked for", f"ask for {FEWEST} or more")
    unknown = [way for way in ways or () if way not in WAYS]
    if unknown:
        raise UsageError(f"latents {unknown[0]!r} were asked for", "there are: " + ", ".join(WAYS))
    chosen = [ON, *(ways or WAYS)]
    z, labels = gan.latent.sample(seed, range(n)), gan.latent.labels(seed, range(n))
    other = _seen(gan, gan.latent.sample(seed, range(n, 2 * n)), gan.latent.labels(seed, range(n, 2 * n)), by, judge)
    if not bool(other.finite.all()):
        raise DivergedError("the generator makes NaN or infinite values on its own prior", "look at `worst` first")
    rows, pictures, norms, p = {}, {}, {}, {}
    for place, name in enumerate(chosen):
        moved = z if name == ON else WAYS[name](z, gan.latent, Stream(seed, f"off prior/{name}"))
        seen = _seen(gan, moved, labels, by, judge)
        rows[name], pictures[name] = readings(seen, other, by=by, judge=judge), seen.pictures
        if name != ON:
            p[name] = compared(seen, other, stream=Stream(seed, f"off prior/{name}/test"))
        norms[name] = float(moved.double().square().mean().sqrt()) / typical(gan.latent)
        if progress is not None:
            progress(place + 1, len(chosen))
    found = OffPrior(by.name, rows, pictures, norms, _adjusted(p))
    return replace(found, note=_note(found, n))


def _adjusted(p: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Holm's, over all ways and all readings."""
    places = [(way, name) for way, row in p.items() for name in row]
    values = holm([p[way][name] for way, name in places]).tolist()
    found: dict[str, dict[str, float]] = {way: {} for way in p}
    for (way, name), value in zip(places, values, strict=True):
        found[way][name] = value
    return found


def typical(latent: Latent) -> float:
    """Root mean square of one number of a latent."""
    return math.sqrt(1 / 3) if latent.kind == "uniform" else 1.0


def _scaled(factor: float) -> Way:
    return lambda z, _latent, _stream: factor * z


def _truncated(z: Tensor, latent: Latent, _: Stream) -> Tensor:
    """The prior's own law within the bounds, of the same order; numbers of a spherical latent are nearly normal."""
    if latent.kind == "uniform":
        return TRUNCATED * typical(latent) * z
    share = math.erf(TRUNCATED / math.sqrt(2))
    return (math.sqrt(2) * torch.erfinv(share * torch.erf(z.double() / math.sqrt(2)))).to(z)


def _constant(z: Tensor, _latent: Latent, _: Stream) -> Tensor:
    return z[:, :1].expand_as(z).clone()


def _one_huge(z: Tensor, latent: Latent, stream: Stream) -> Tensor:
    place = stream.integers(range(len(z)), latent.dim)[:, None]
    return z.scatter(1, place, HUGE * typical(latent))


def _through(z: Tensor, _: Latent, stream: Stream) -> Tensor:
    """Somewhere on the straight line to the opposite latent."""
    return z * (1 - 2 * stream.uniform(range(len(z)))[:, None])


WAYS: dict[str, Way] = {
    **{f"norm x {factor:g}": _scaled(factor) for factor in NORMS},
    "truncated": _truncated,
    "constant": _constant,
    "one number huge": _one_huge,
    "through the origin": _through,
}


def _seen(gan: GAN, z: Tensor, labels: Tensor | None, by: Criterion, judge: Judge | None) -> Looked:
    if not bool(torch.isfinite(z).all()):
        raise UsageError("latents that are NaN or infinite were to be decoded", "every GAN refuses them: give numbers")
    kept, rows = [], []
    for first in range(0, len(z), BLOCK):
        here = slice(first, first + BLOCK)
        own = None if labels is None else labels[here]
        made = ran(gan.generator, z[here], own)
        whole = finite(made)
        ready = torch.where(whole.reshape(-1, *[1] * (made.dim() - 1)), shown(made, gan.format), _blank(gan))
        told = torch.full((len(made),), -1)
        if judge is not None and bool(whole.any()):
            told[whole] = judge.predict(ready[whole], gan.format).argmax(1)
        rows.append((whole, outside(made, gan), by.of(made, own, gan.format), told))
        if first < SHOWN:
            kept.append(ready)
    parts = [torch.cat(each) for each in zip(*rows, strict=True)]
    return Looked(torch.cat(kept)[:SHOWN], parts[0], parts[1], parts[2], None if judge is None else parts[3])


def _blank(gan: GAN) -> Tensor:
    return torch.tensor(0.0 if gan.format.bounds is None else gan.format.bounds[0])


def _note(found: OffPrior, n: int) -> str:
    said = [f"{name}, more than on the prior: {', '.join(ways)}" for name in NAMES if (ways := found.worse(name))]
    told = "; ".join(said) if said else "nothing is told apart from the prior"
    return f"{n} latents of each way, by {found.by}: {told} (Holm over all, {SURE:g})."
