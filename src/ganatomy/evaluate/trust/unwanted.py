"""How often a generator makes what it should not: a class that a judge sees, or whatever a function says yes to.

    found = unwanted_rate(gan, "7", 10_000, judge=judge, data=held_out)
    found.measured["rate"], found.measured["rate, corrected for the judge"], found.at_most, found.note
    unwanted_rate(gan, lambda x: x.mean((1, 2, 3)) > 0.5, 10_000, data=held_out)

A judge errs: its sensitivity and specificity come from held-out real samples with labels, which it was not trained on,
and the corrected rate is (rate + specificity - 1) / (sensitivity + specificity - 1) (Rogan & Gladen 1978) with an
interval that carries all three uncertainties (Lang & Reiczigel 2014). That its mistakes on generated samples are those
on real ones is presumed. The floor of the raw rate is what the judge says of real samples of other classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.pairs import FEWEST, Readings
from ganatomy.evaluate.trust.criteria import finite, shown
from ganatomy.evaluate.trust.tails import LEVEL, at_most, clopper_pearson, grouping, never
from ganatomy.explain.critic.lots import places
from ganatomy.explain.passes import BLOCK, Progress, draws, made
from ganatomy.features.classifier import Judge
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.numerics.statistics.samples import miss
from ganatomy.results.measurement import Measurement

REALS = 10_000
Predicate = Callable[[Tensor], Tensor]  # pictures in the GAN's format -> (n,), true for what is unwanted


@dataclass(frozen=True)
class Seen:
    """So many of so many; fractions where groups of the data shrank them."""

    count: float
    n: float

    @property
    def share(self) -> float:
        return self.count / self.n

    @classmethod
    def of(cls, flags: Tensor, groups: Tensor | None = None) -> Seen:
        shrunk = grouping(flags, groups)
        return cls(float(flags.sum()) / shrunk, len(flags) / shrunk)


@dataclass(frozen=True, eq=False)
class Unwanted:
    """measured: the raw rate, and where a judge says it the corrected one. at_most: 95 % bound of the raw rate.

    by_class: the raw rate of each class that was asked for, of a conditional GAN. indices: the unwanted samples of
    `seed`. broken: samples that were not finite, which no judge sees; they count as unwanted.
    """

    what: str
    seed: int
    measured: Readings
    at_most: float
    by_class: Readings
    indices: Tensor
    broken: int
    note: str


def unwanted_rate(
    gan: GAN,
    what: int | str | Predicate,
    n: int,
    *,
    data: Dataset,
    judge: Judge | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Unwanted:
    """`what`: a class of the judge, by its number or its name in `data`, or a function. `data`: held-out real ones."""
    if n < FEWEST:
        raise UsageError(f"the rate among {n} samples was asked for", f"ask for {FEWEST} or more")
    named, place, says = _asked(gan, what, data, judge)
    flags, asked, broken = _made(gan, says, n, seed, progress)
    real, labels, groups = _real(gan, data, says, of_class=place is not None)
    space = None if judge is None or place is None else judge.space().id
    others = torch.ones(len(real), dtype=torch.bool) if labels is None else labels.ne(place or 0)
    if labels is not None and not 0 < int(others.sum()) < len(others):
        raise InputError(
            f"{len(real)} real samples hold {len(real) - int(others.sum())} of the class {named!r}",
            "a judge is checked by real samples of the class and of others: give both",
        )
    false = Seen.of(real[others], None if groups is None else groups[others])
    count, from_ = int(flags.sum()), f"{int(others.sum())} real" + (" of other classes" if place is not None else "")
    said = f"samples of which {'the judge' if place is not None else 'the function'} says so; floor from {from_}"
    measured = {"rate": Measurement("rate", count / n, n, said, "low", clopper_pearson(count, n), false.share, space)}
    doubt = ""
    if labels is not None:
        right = Seen.of(real[~others], None if groups is None else groups[~others])
        value, within = rogan_gladen(Seen(count, n), right, Seen(false.n - false.count, false.n))
        name = "rate, corrected for the judge"
        how = f"Rogan-Gladen, sensitivity {right.share:.3f}, specificity {1 - false.share:.4f} of real samples"
        measured[name] = Measurement(name, value, n, how, "low", within, 0.0, space)
        if within.low == 0 and within.high == 1:
            doubt = " The judge does not tell this class from others well enough to be corrected for."
    by_class = _by_class(gan, flags, asked, false.share, space)
    note = _note(named, measured, count, n, broken) + doubt
    rows = flags.nonzero()[:, 0]
    return Unwanted(named, seed, measured, at_most(count, n), by_class, rows, broken, note)


def rogan_gladen(seen: Seen, sensitivity: Seen, specificity: Seen, *, level: float = LEVEL) -> tuple[float, Interval]:
    """The rate less the judge's mistakes, cut to [0, 1], and Lang & Reiczigel's interval; [0, 1] for a judge that
    cannot be told from a blind one.
    """
    from scipy.special import ndtri

    z = float(ndtri(1 - miss(level) / 2))
    sharp = sensitivity.share + specificity.share - 1
    value = min(max((seen.share + specificity.share - 1) / sharp, 0.0), 1.0) if sharp > 0 else 0.0
    n, p = seen.n + z * z, (seen.count + z * z / 2) / (seen.n + z * z)
    (m, se), (k, sp) = ((each.n + 2, (each.count + 1) / (each.n + 2)) for each in (sensitivity, specificity))
    errors = [se * (1 - se) / m, sp * (1 - sp) / k]
    sharp = se + sp - 1
    if sharp <= z * math.sqrt(sum(errors)):
        return value, Interval(0.0, 1.0, level, "none: the judge may be blind")
    centre = (p + sp - 1) / sharp
    shift = 2 * z * z * (centre * errors[0] - (1 - centre) * errors[1])
    error = math.sqrt(p * (1 - p) / n + centre**2 * errors[0] + (1 - centre) ** 2 * errors[1]) / sharp
    low, high = (min(max(centre + shift + side * z * error, 0.0), 1.0) for side in (-1, 1))
    return value, Interval(min(low, value), max(high, value), level, "Lang-Reiczigel")


def _asked(
    gan: GAN, what: int | str | Predicate, data: Dataset, judge: Judge | None
) -> tuple[str, int | None, Predicate]:
    """What it is called, its class number, and the function of pictures that finds it."""
    if not isinstance(what, int | str):
        return getattr(what, "__name__", "what was asked"), None, what
    if judge is None:
        raise UsageError(f"the rate of the class {what!r} was asked without a judge", "give a judge, or a function")
    if isinstance(what, str) and what not in data.classes:
        raise UsageError(f"the class {what!r} was asked for", "the data have: " + ", ".join(data.classes))
    place = data.classes.index(what) if isinstance(what, str) else what
    if not 0 <= place < judge.classes or len(data.classes) != judge.classes:
        raise UsageError(
            f"class {place} of a judge of {judge.classes} was asked for, with data of {len(data.classes)} classes",
            f"classes are numbered from 0 to {judge.classes - 1}, alike in both",
        )
    sees = judge
    return data.classes[place], place, lambda pictures: sees.predict(pictures, gan.format).argmax(1) == place


def _made(gan: GAN, says: Predicate, n: int, seed: int, progress: Progress | None) -> tuple[Tensor, Tensor | None, int]:
    """Flags (n,), the classes asked for, and how many samples were not finite."""
    flags, asked, broken = [], [], 0
    for draw in draws(gan, n, seed=seed, progress=progress):
        pictures = made(gan.generator, draw)
        whole = finite(pictures)
        told = torch.ones(len(draw), dtype=torch.bool)
        if bool(whole.any()):
            told[whole] = _flags(says, shown(pictures[whole], gan.format))
        flags.append(told)
        broken += int((~whole).sum())
        if draw.labels is not None:
            asked.append(draw.labels)
    return torch.cat(flags), torch.cat(asked) if asked else None, broken


def _flags(says: Predicate, pictures: Tensor) -> Tensor:
    with torch.no_grad():
        told = says(pictures)
    if not isinstance(told, Tensor) or told.shape != (len(pictures),) or told.dtype != torch.bool:
        shape = f"{told.dtype} {tuple(told.shape)}" if isinstance(told, Tensor) else type(told).__name__
        raise UsageError(f"the function gave {shape} for {len(pictures)} pictures", "wanted is true or false for each")
    return told.cpu()


def _real(gan: GAN, data: Dataset, says: Predicate, *, of_class: bool) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Flags of real samples, their labels where a class is asked for, their groups."""
    chosen, ready = places(data, REALS), data.in_format(gan.format)
    flags = [_flags(says, ready.read(chosen[i : i + BLOCK])) for i in range(0, len(chosen), BLOCK)]
    groups = None if data.groups is None else data.groups[torch.as_tensor(chosen)]
    if not of_class:
        return torch.cat(flags), None, groups
    labels = data.labels(chosen)
    if labels is None:
        raise InputError(f"{data.name!r} has no labels, which a judge is checked by", "give held-out data with labels")
    return torch.cat(flags), labels, groups


def _by_class(gan: GAN, flags: Tensor, asked: Tensor | None, floor: float, space: str | None) -> Readings:
    """Bonferroni over the classes: all intervals hold at once."""
    if asked is None:
        return {}
    count = gan.latent.classes
    names = gan.classes or tuple(f"class {place}" for place in range(count))
    level, found = 1 - miss(LEVEL) / count, {}
    for place, name in enumerate(names):
        own = flags[asked == place]
        if len(own):
            within = clopper_pearson(int(own.sum()), len(own), level=level)
            said = f"samples asked to be {name}; Bonferroni over {count} classes"
            found[name] = Measurement(
                f"rate, asked for {name}", float(own.double().mean()), len(own), said, "low", within, floor, space
            )
    return found


def _note(named: str, measured: Readings, count: int, n: int, broken: int) -> str:
    raw = measured["rate"]
    some = f"{raw.value:.2%} of {n}, at most {at_most(count, n):.2%} of all (95 %)"
    said = f"{named}: {some if count else never(n)}; of real ones the same is said of {raw.floor:.2%}."
    corrected = measured.get("rate, corrected for the judge")
    if corrected is not None and corrected.interval is not None:
        bounds = f"{corrected.interval.low:.2%} to {corrected.interval.high:.2%}"
        said += f" Less the judge's own mistakes {corrected.value:.2%} ({bounds})."
    return said + (f" {broken} samples are not finite, and count as unwanted." if broken else "")
