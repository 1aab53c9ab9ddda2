"""What every layer of a critic shows for given pictures, from picture to verdict.

    strip = film_strip(gan, {"real": real_lot, "generated": fake_lot})     # one Explanation a place
    strip[1].units, strip[1].arrays["maps"]      # ("down1.act:mean", "down1.act:7", ...), (units, pictures, h, w)
    strip[1].arrays["sorts"][0]                  # ("real", ..., "generated", ...): of each picture
    activations, scores = shown(Scorer(gan), lot, ["down1.act"])

Units are picked by how far apart the sorts lie on these few pictures: a strip illustrates, `units` claims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.lots import Lot, fakes, together
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.generator.labelling import activity
from ganatomy.explain.generator.sites import PROBED, SiteShape, sites_within
from ganatomy.models.gan import GAN
from ganatomy.results.explanation import Explanation
from ganatomy.results.provenance import Provenance
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch

Chosen = int | Mapping[str, Sequence[int]]


def critic_places(gan: GAN, sites: Sequence[str | Site] | None = None, *, seed: int = 0) -> tuple[SiteShape, ...]:
    """Those that are named, or those of the rule in `generator.sites`, in the order of running."""
    few = together(fakes(gan, PROBED, seed=seed))
    return sites_within(Scorer(gan).critic, few.pictures, sites, labels=few.labels)


def shown(scorer: Scorer, lot: Lot, sites: Sequence[Site]) -> tuple[list[Tensor], Tensor]:
    """Activations on the CPU in float32, and scores (n,) in float64; NaN is refused."""
    with watch(scorer.critic, sites) as trace, torch.no_grad():
        scores = scorer(lot.pictures, lot.labels).double().cpu()
    if not bool(torch.isfinite(scores).all()):
        raise InputError("the critic's scores hold NaN or infinite values", "check its weights, and the pictures")
    return [trace[site].float().cpu() for site in sites], scores


def film_strip(
    gan: GAN, lots: Mapping[str, Lot], *, sites: Sequence[str | Site] | None = None, units: Chosen = 6
) -> tuple[Explanation, ...]:
    """Picture, places, verdict; lots by the name of their sort. `units`: so many, or channels by site.

    The first row of a place is its mean map over all channels; rows of a place without height and width are numbers.
    """
    if not lots or not all(len(lot) for lot in lots.values()):
        raise UsageError("a film strip of no pictures was asked for", "give one or more of each sort")
    scorer, places = Scorer(gan), critic_places(gan, sites)
    sorts = np.repeat(np.array(list(lots)), [len(lot) for lot in lots.values()])
    codes = torch.arange(len(lots)).repeat_interleave(torch.tensor([len(lot) for lot in lots.values()]))
    lot = together(lots.values())
    activations, scores = shown(scorer, lot, [place.site for place in places])
    made_here = Provenance.here(seed=0, digests={"gan": gan.digest()})

    def strip(target: str, names: tuple[str, ...], maps: Tensor) -> Explanation:
        arrays = {"maps": maps.numpy(), "sorts": np.tile(sorts, (len(names), 1))}
        return Explanation("critic film strip", made_here.digests["gan"], target, names, arrays, provenance=made_here)

    channels = tuple(f"picture:{number}" for number in range(lot.pictures.shape[1]))
    told = [strip("picture", channels, lot.pictures.transpose(0, 1))]
    for place, maps in zip(places, activations, strict=True):
        picked = _picked(activity(maps), codes, place, units)
        names = (f"{place.site}:mean", *(f"{place.site}:{number}" for number in picked))
        told.append(
            strip(str(place.site), names, torch.cat([maps.mean(1, keepdim=True), maps[:, picked]], 1).transpose(0, 1))
        )
    return (*told, strip("verdict", (scorer.unit,), scores[None]))


def _picked(means: Tensor, codes: Tensor, place: SiteShape, units: Chosen) -> list[int]:
    """Channels by falling distance of the sorts' means over the spread within; by variance where there is one sort."""
    if isinstance(units, int):
        groups = [means[codes == code] for code in codes.unique()]
        centres = torch.stack([group.mean(0) for group in groups])
        within = torch.stack([group.var(0, correction=0) for group in groups]).mean(0)
        floor = 1e-9 + 1e-3 * float(means.var(0, correction=0).amax())
        apart = centres.var(0, correction=0) / (within + floor) if len(groups) > 1 else within
        return sorted(range(len(apart)), key=lambda number: (-float(apart[number]), number))[: max(units, 0)]
    picked = list(units.get(str(place.site), ()))
    for number in picked:
        if not 0 <= number < place.channels:
            said = f"unit {number} of '{place.site}' was asked for"
            raise UsageError(said, f"its units are 0 to {place.channels - 1}")
    return picked
