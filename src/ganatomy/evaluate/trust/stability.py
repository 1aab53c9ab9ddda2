"""Is the same found again: with fresh latents, other seeds of a method, bootstrap samples, and by a GAN trained anew?

    told = stable(gan, measurers, others=[seed_1, seed_2])          # Told by name: all of STABLE
    told["unit effects"].within["rank correlation"]                 # one GAN, fresh latents; its interval and floor
    told["unit effects"].across["units found again"]                # GANs of one recipe and other seeds
    again = stability(lambda seed, rows: scores(x[rows], seed), stream=Stream(0, "again"), n=len(x), groups=patients)

Latents cost nothing, so that what is found from them is found from fresh ones each time, which is what a bootstrap
imitates. Where samples are few, `stability` draws them with replacement, groups whole; values then differ a little more
than those of fresh samples would. Found again is not the same as right: a method may repeat its mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ganatomy.errors import GanatomyError, UsageError, choose
from ganatomy.evaluate.quality.pairs import Readings
from ganatomy.evaluate.trust.agreement import FEWEST, Agreement, agreement
from ganatomy.evaluate.trust.repeated import (
    Budget,
    Explained,
    concepts_across,
    concepts_within,
    effects_within,
    maps_across,
    maps_within,
    pca_across,
    pca_within,
    sefa_across,
    units_across,
)
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import Ids, units

BUDGET = Budget()
Run = Callable[[int, Tensor | None], Tensor]  # a seed, rows of a bootstrap sample (None: no samples) -> (values,)


@dataclass(frozen=True)
class Stable:
    """What the tool explains: how it is repeated in one GAN and how compared, there and between GANs."""

    repeated: str
    compared: str
    within: Callable[[Explained, Budget], Readings] | None
    across: Callable[[Sequence[Explained], Budget], Readings]


@dataclass(frozen=True, eq=False)
class Told:
    """within: one GAN; across: between GANs of one recipe. `why`: for each that is empty, the reason."""

    within: Readings = field(default_factory=dict)
    across: Readings = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)


STABLE: dict[str, Stable] = {
    "unit effects": Stable(
        "fresh latents",
        "ranks, largest and signs of all effects; between GANs units are matched",
        effects_within,
        units_across,
    ),
    "principal components": Stable(
        "fresh latents",
        "principal angles in the latent; between GANs of what they do to pictures",
        pca_within,
        pca_across,
    ),
    "closed-form directions": Stable(
        "read off the weights: nothing in it is drawn, it is the same every time",
        "between GANs principal angles of what they do to pictures",
        None,
        sefa_across,
    ),
    "concept directions": Stable(
        "fresh latents",
        "cosine of each concept's direction in the latent; between GANs of what it does to pictures",
        concepts_within,
        concepts_across,
    ),
    "attribution maps": Stable(
        "other draws of gradient SHAP",
        "rank correlation of maps of the same pictures, also between critics; floor: maps of other pictures",
        maps_within,
        maps_across,
    ),
}


def stable(
    gan: GAN,
    measurers: Sequence[Measurer],
    *,
    others: Sequence[GAN] = (),
    names: Sequence[str] = tuple(STABLE),
    budget: Budget = BUDGET,
    progress: Progress | None = None,
) -> dict[str, Told]:
    """`others` are GANs of the same recipe and other seeds; nothing is said of retrained GANs without any."""
    chosen = {name: choose(STABLE, name, "explanation") for name in names}
    if any(other.format != gan.format or other.latent.dim != gan.latent.dim for other in others):
        raise UsageError("GANs of different formats or latents were to be compared", "give runs of one recipe")
    every = [Explained(each, tuple(measurers)) for each in (gan, *others)]
    found = {}
    for done, (name, entry) in enumerate(chosen.items(), 1):
        found[name] = _told(entry, every, budget)
        if progress is not None:
            progress(done, len(chosen))
    return found


def stability(
    run: Run,
    *,
    stream: Stream,
    repeats: int = 5,
    n: int | None = None,
    groups: Ids | None = None,
    top: int | None = None,
    progress: Progress | None = None,
) -> Agreement:
    """Of any values: `run` is called with a seed of its own each time and, given n samples, rows of a bootstrap one."""
    if repeats < FEWEST:
        raise UsageError(f"{repeats} repetitions were asked for", f"take {FEWEST} or more")
    kin = None if n is None else units(groups, n)
    values = []
    for number, seed in enumerate(stream.child("seeds").integers(range(repeats), 2**31).tolist()):
        rows = None
        if kin is not None:
            picks = stream.child("rows").integers(range(number, number + 1), kin.count, kin.count)
            rows = kin.rows(picks)[0]
        values.append(run(seed, rows).detach().double().cpu())
        if progress is not None:
            progress(number + 1, repeats)
    if len({value.shape for value in values}) > 1 or values[0].ndim != 1:
        raise UsageError(
            f"the repetitions gave values of shapes {', '.join(str(tuple(v.shape)) for v in values)}",
            "let each give one list of values, equally many",
        )
    return agreement(torch.stack(values), stream=stream.child("chance"), top=top)


def _told(entry: Stable, every: Sequence[Explained], budget: Budget) -> Told:
    told = Told(why={} if entry.within is not None else {"within": entry.repeated})
    if entry.within is not None:
        _fill(told.within, told.why, "within", lambda: entry.within(every[0], budget) if entry.within else {})
    if len(every) < 2:
        told.why["across"] = "no GAN of another seed was given"
    else:
        _fill(told.across, told.why, "across", lambda: entry.across(every, budget))
    return told


def _fill(into: Readings, why: dict[str, str], part: str, ask: Callable[[], Readings]) -> None:
    """What cannot be told of this GAN is said, and keeps nothing else from being told."""
    try:
        into.update(ask())
    except GanatomyError as error:
        why[part] = str(error)
