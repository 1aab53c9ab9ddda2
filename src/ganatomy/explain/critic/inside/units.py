"""Which units of a critic tell real pictures from generated ones, and what they respond to.

    told = unit_separation(gan, held_out, panel=Panel(measurers), plan=UnitPlan(n=512))
    told.units, told.arrays["area"]                  # ("down1.act:0", ...), (units, 2): of the map's mean, and maximum
    told.arrays["verdict"]                           # (units, 2): 1 apart, -1 not, 0 undetermined
    told.arrays["partial"], told.arrays["response"]  # (units, concepts)

An area is the chance that a unit is larger on a real picture than on a generated one, 1/2 where it tells nothing.
A response is a correlation of the unit's mean with a concept within the sorts: each is centred in its sort first, so
that a concept which merely differs between real and generated pictures is no response. That a unit tells the sorts
apart does not say that the verdict hangs on it: see `removal`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.explain.critic.inside.layers import critic_places, shown
from ganatomy.explain.critic.inside.responses import responses
from ganatomy.explain.critic.inside.verdicts import family
from ganatomy.explain.critic.lots import Lot, fakes, groups_of, reals, unheeded, worded
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.labelling import activity, peaks, unit_names
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.latent.explained import explained
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.groups import units as units_of
from ganatomy.numerics.statistics.roc import at_ends, auc_interval, separated
from ganatomy.results.explanation import Explanation
from ganatomy.tracing.site import Site

SUMMARIES = ("mean", "maximum")
FEWEST = 25


@dataclass(frozen=True)
class UnitPlan:
    """n pictures of each sort at most. Of interest: areas `smallest` away from 1/2, correlations of such a size."""

    n: int = 512
    seed: int = 0
    smallest: float = 0.05
    correlation: float = 0.1
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.n < FEWEST:
            raise UsageError(f"units on {self.n} pictures of a sort were planned", f"take {FEWEST} or more")


DEFAULT = UnitPlan()


def unit_separation(
    gan: GAN,
    real: Dataset,
    *,
    panel: Panel | None = None,
    plan: UnitPlan = DEFAULT,
    sites: Sequence[str | Site] | None = None,
) -> Explanation:
    """All units of all sites are one family of tests, and so are all responses."""
    places, n = critic_places(gan, sites), min(plan.n, real.size)
    if n < FEWEST:
        raise UsageError(f"units on {n} real pictures were asked for", f"give a data set of {FEWEST} or more")
    names = [place.site for place in places]
    own = _seen(gan, reals(gan, real, n), names, panel)
    other = _seen(gan, fakes(gan, n, seed=plan.seed), names, panel)
    arrays = _separation(own[0], other[0], plan, groups=groups_of(real, n))
    units = unit_names(places)
    if panel is not None:
        arrays |= responses(own[0][0], own[1], other[0][0], other[1], smallest=plan.correlation, level=plan.level)
    result = explained(
        gan,
        "units of the critic",
        Scorer(gan).unit,
        units=units,
        arrays=arrays,
        note=worded(_note(arrays, units, n, panel, real), gan.format),
        seed=plan.seed,
    )
    tiled = {"summaries": np.tile(np.array(SUMMARIES), (len(units), 1))}
    tiled |= {} if panel is None else {"concepts": np.tile(np.array(panel.names), (len(units), 1))}
    return replace(result, arrays={**result.arrays, **tiled})


def _seen(gan: GAN, lots: Iterable[Lot], sites: Sequence[Site], panel: Panel | None) -> tuple[Tensor, Tensor]:
    """What units do, (SUMMARIES, n, units), and concepts, (n, concepts)."""
    scorer, told, concepts = Scorer(gan), [], []
    for lot in lots:
        activations, _ = shown(scorer, lot, sites)
        told.append(torch.stack([torch.cat([of(each) for each in activations], 1) for of in (activity, peaks)]))
        concepts.append(torch.zeros(len(lot), 0) if panel is None else panel.seen(lot.pictures)[1])
    return torch.cat(told, 1), torch.cat(concepts)


def _separation(real: Tensor, generated: Tensor, plan: UnitPlan, *, groups: Tensor | None = None) -> dict[str, Tensor]:
    """Tables (SUMMARIES, n, units). Areas are tested with the errors of `roc`, and have its intervals."""
    counts = units_of(groups, real.shape[1]).count, generated.shape[1]
    columns = [separated(x, y, groups=(groups, None)) for x, y in zip(real, generated, strict=True)]
    means = [mean for unit in zip(*columns, strict=True) for mean in unit]
    shape = (len(columns[0]), len(columns))
    away = [replace(tested, value=tested.value - 0.5) for tested in (at_ends(mean, *counts) for mean in means)]
    told = family(away, shape, smallest=plan.smallest, level=plan.level)
    spans = [auc_interval(mean, *counts, level=plan.level, grouped=groups is not None) for mean in means]
    rows = [(mean.value, span.low, span.high) for mean, span in zip(means, spans, strict=True)]
    area, low, high = torch.tensor(rows, dtype=torch.float64).reshape(*shape, 3).unbind(-1)
    return {"area": area, "area_low": low, "area_high": high} | {
        name: told[name] for name in ("p", "p_absent", "verdict")
    }


def _note(arrays: dict[str, Tensor], units: Sequence[str], n: int, panel: Panel | None, real: Dataset) -> str:
    apart = (arrays["verdict"] > 0).any(1)
    most, where = (arrays["area"] - 0.5).abs().max(1)
    order = most.argsort(descending=True, stable=True)[:5].tolist()
    best = ", ".join(f"{units[at]} ({float(arrays['area'][at, where[at]]):.2f})" for at in order if bool(apart[at]))
    said = f"{n} pictures of each sort at most; {int(apart.sum())} of {len(units)} units tell the sorts apart"
    said += f", most of all {best} (area)." if best else "."
    if panel is not None:
        responding = int((arrays["response"] > 0).any(1).sum())
        said += f" {responding} respond to one of {len(panel.names)} concepts within the sorts."
        said += unheeded(real).replace("These intervals", " Intervals of responses")
    return said + f" Benjamini-Hochberg over {arrays['verdict'].numel()} areas."
