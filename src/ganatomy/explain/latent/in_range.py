"""Can this generator make this picture? Its error against those of pictures the generator made, and of others.

    found = invert(gan, pictures, seed=0)
    verdicts(found)                                     # "in range", "not in range" or "undetermined", for each

Two yardsticks, inverted with the same budget: held-out samples of the generator (how large an error the search leaves
where there is a perfect answer), and pictures from elsewhere. p_own: the share of own samples that came out at least as
badly; p_elsewhere: the share of others that came out at least as well (both with one added, so that they hold for any
law). Not in range: p_own <= level. In range: not that, and p_elsewhere <= level, or an error that is only rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.explained import explained
from ganatomy.explain.latent.inversion import TOGETHER, Inverted, Search, inverted
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.results.explanation import Explanation

VERDICTS = ("in range", "not in range", "undetermined")
EXACT = 1e-5  # times the root mean square of a picture: such an error is none
USUAL = 0.95  # of the own samples come out below the error that stands beside each picture's
DIFFERENT = 10_000_000  # own samples are taken from here on: nobody looked at them


@dataclass(frozen=True, eq=False)
class Yardsticks:
    """How many own samples, and which pictures from elsewhere (with labels for a conditional generator).

    Without any, elsewhere is own samples whose pixels were exchanged with those of other samples at the same place:
    each pixel is as usual, the picture is not. level: how often an own sample may be called not in range.
    """

    own: int = 40
    elsewhere: Tensor | None = None
    labels: Tensor | None = None
    level: float = 0.05

    def __post_init__(self) -> None:
        if self.own < 1 or not 0 < self.level < 1:
            raise UsageError(
                f"{self.own} own samples at level {self.level} were asked for", "one or more, within 0 and 1"
            )


def invert(
    gan: GAN,
    pictures: Tensor | Iterable[Tensor],
    *,
    seed: int = 0,
    labels: Tensor | None = None,
    search: Search | None = None,
    yardsticks: Yardsticks | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Latents, reconstructions, errors and an answer for each picture; the note holds the yardsticks.

    The result keeps every reconstruction, 4 bytes a value. progress: pictures, those of the yardsticks first.
    """
    asked = yardsticks or Yardsticks()
    search = search or Search()
    indices = range(DIFFERENT, DIFFERENT + asked.own)
    own_labels = gan.latent.labels(seed, indices)
    others = exchanged(gan, asked.own, seed=seed) if asked.elsewhere is None else asked.elsewhere
    other_labels = own_labels if asked.elsewhere is None else asked.labels
    yardsticks_of, last = asked.own + len(others), len(pictures) if isinstance(pictures, Tensor) else 0

    def sought(given: Tensor | Iterable[Tensor], named: Tensor | None, before: int) -> Iterator[Inverted]:
        def more(done: int, of: int) -> None:
            if progress is not None:
                progress(before + done, yardsticks_of + (last or of))

        return inverted(gan, given, seed=seed, labels=named, search=search, progress=more)

    own = _errors(sought(gan.sample(seed, indices).float(), own_labels, 0))
    elsewhere = _errors(sought(others, other_labels, asked.own))
    found: list[Inverted] = []
    remade: list[Tensor] = []
    for part in sought(pictures, labels, yardsticks_of):
        mine = None if labels is None else labels[len(found) * TOGETHER :][: len(part.z)]
        remade.append(gan.decode(part.z, mine).float().cpu())
        found.append(part)
    if not found:
        raise UsageError("no pictures were given to invert", "give at least one")
    z, error = torch.cat([part.z for part in found]), torch.cat([part.error for part in found])
    p_own = share_beyond(own, error)
    p_elsewhere = share_beyond(-elsewhere, -error)
    made = torch.cat(remade)
    size = made.flatten(1).square().mean(1).sqrt()
    # In a feature space exactness would be another thing: there the ranks decide.
    exact = (error <= EXACT * size) if search.space is None else torch.zeros(len(error), dtype=torch.bool)
    verdict = judged(p_own, p_elsewhere, level=asked.level, exact=exact)
    arrays = {"latent": z, "picture": made, "error": error}
    arrays |= {"norm": torch.cat([part.norms for part in found])}
    arrays |= {"at_border": torch.cat([part.at_border for part in found])}
    arrays |= {"p_own": p_own, "p_elsewhere": p_elsewhere, "verdict": verdict}
    arrays |= {"own_error": torch.quantile(own, USUAL).expand(len(z))}
    note = _note(error, own, elsewhere, verdict) + _caution(asked, len(elsewhere), arrays["at_border"])
    units = [f"picture {i}" for i in range(len(z))]
    target = "pixels" if search.space is None else search.space.id
    return explained(gan, "inversion", target, units=units, arrays=arrays, note=note, seed=seed)


def verdicts(found: Explanation) -> tuple[str, ...]:
    """The answers of `invert` in words."""
    return tuple(VERDICTS[place] for place in found.arrays["verdict"].tolist())


def share_beyond(yardstick: Tensor, errors: Tensor) -> Tensor:
    """(1 + how many of the yardstick are at least as large) / (1 + all), for each error."""
    return (1 + (yardstick[None] >= errors[:, None]).sum(1)).double() / (1 + len(yardstick))


def judged(p_own: Tensor, p_elsewhere: Tensor, *, level: float, exact: Tensor) -> Tensor:
    """Places in VERDICTS; what came back exactly is in range, whatever its rank among rounding errors."""
    near = torch.where(p_elsewhere <= level, 0, 2)
    return torch.where(exact, 0, torch.where(p_own <= level, 1, near))


def exchanged(gan: GAN, n: int, *, seed: int) -> Tensor:
    """Own samples, each value exchanged with that of other samples at the same place."""
    samples = gan.sample(seed, range(DIFFERENT + n, DIFFERENT + 2 * n)).float().flatten(1)
    order = Stream(seed, "inversion/exchanged").uniform(range(n), samples.shape[1]).argsort(dim=0, stable=True)
    return samples.gather(0, order.to(samples.device)).reshape(n, *gan.format.shape)


def _errors(found: Iterable[Inverted]) -> Tensor:
    return torch.cat([part.error for part in found])


def _note(error: Tensor, own: Tensor, elsewhere: Tensor, verdict: Tensor) -> str:
    counts = ", ".join(f"{int((verdict == place).sum())} {name}" for place, name in enumerate(VERDICTS))
    return (
        f"{counts}. The median error is {float(error.median()):.3g}; {len(own)} samples of the generator itself come "
        f"out at {float(own.median()):.3g}, this search's floor (95 % below {float(torch.quantile(own, USUAL)):.3g}); "
        f"{len(elsewhere)} pictures from elsewhere at {float(elsewhere.median()):.3g}."
    )


def _caution(asked: Yardsticks, elsewhere: int, border: Tensor) -> str:
    said = ""
    if 1 / (1 + asked.own) > asked.level:
        said += f" With {asked.own} own samples nothing can be called not in range at level {asked.level:g}."
    if 1 / (1 + elsewhere) > asked.level:
        said += f" With {elsewhere} pictures from elsewhere nothing can be called in range at level {asked.level:g}."
    if bool(border.any()):
        said += f" {int(border.sum())} latents lie at the border of the prior: they would go further out if let."
    return said
