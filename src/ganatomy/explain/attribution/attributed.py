"""Attributions of a critic's score as an Explanation: named pictures, signed maps, and what they are held against.

    shown = choose_pictures(gan, samples=range(4), seed=0, data=held_out, reals=range(4))
    maps = explanation(gan, shown, "integrated-gradients", plan=Plan(baseline=baseline("mean", gan.format, train)))
    maps.units                                   # ("real 0", ..., "sample 3")
    maps.arrays["maps"]                          # (n, channels, height, width), signed, not normalised
    maps.arrays["missed"]                        # sum of the map, less score - baseline_score, of complete methods

It says nothing of how good a map is: grades are given by evaluate.faithfulness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError, choose
from ganatomy.explain.attribution.attribution import PLAN, attribute, ends, map_site
from ganatomy.explain.attribution.methods import METHODS, Plan
from ganatomy.explain.attribution.targets import Place
from ganatomy.explain.critic.lots import class_labels
from ganatomy.explain.critic.scorer import Scorer, coupled
from ganatomy.explain.latent.explained import explained
from ganatomy.models.gan import GAN
from ganatomy.results.explanation import Explanation
from ganatomy.tracing.unit import Unit

COUPLED = 1e-3  # standard deviations of the scores: more than rounding
CHECKED = 8  # pictures that are scored alone and together


@dataclass(frozen=True, eq=False)
class Shown:
    """Pictures with their names, in the GAN's format; `seed` is that of the samples among them."""

    names: tuple[str, ...]
    pictures: Tensor
    labels: Tensor | None
    seed: int


def choose_pictures(
    gan: GAN, *, samples: Sequence[int] = (), seed: int = 0, data: Dataset | None = None, reals: Sequence[int] = ()
) -> Shown:
    """Real pictures of a data set first, then samples of a seed, by number."""
    if len(reals) and data is None:
        raise UsageError("real pictures were asked for without data", "give the data that they are pictures of")
    names = [f"real {number}" for number in reals] + [f"sample {number}" for number in samples]
    if not names:
        raise UsageError("no pictures were chosen", "give the numbers of samples, or of real pictures with their data")
    pictures, labels = [], []
    if data is not None and len(reals):
        pictures.append(data.in_format(gan.format).read(reals))
        labels.append(class_labels(gan, data, reals))
    if len(samples):
        pictures.append(gan.sample(seed, samples).float().cpu())
        labels.append(gan.latent.labels(seed, samples))
    there = [each for each in labels if each is not None]
    return Shown(tuple(names), torch.cat(pictures), torch.cat(there) if there else None, seed)


def explanation(
    gan: GAN, shown: Shown, method: str, *, at: Place | None = None, of: Unit | None = None, plan: Plan = PLAN
) -> Explanation:
    """Of the critic's score, or `of` one of its units; over pixels, or over what is `at` a place in the critic."""
    scorer = Scorer(gan)
    gan.format.check(shown.pictures, "the pictures")
    chosen = choose(METHODS, method, "method of attribution")
    if chosen.lifts:
        at = map_site(scorer, shown.pictures, at, labels=shown.labels)
    maps = attribute(scorer, shown.pictures, method, labels=shown.labels, at=at, of=of, plan=plan)
    # Grad-CAM looks at a site from the pictures' side.
    place = None if chosen.lifts else at
    used = plan if chosen.needs_baseline else Plan(seed=plan.seed)
    score, without = ends(scorer, shown.pictures, labels=shown.labels, at=place, of=of, plan=used)
    arrays = {"maps": maps, "pictures": shown.pictures, "score": score}
    if without is not None:
        arrays["baseline_score"] = without
        if chosen.complete:
            arrays["missed"] = maps.reshape(len(maps), -1).sum(1) - (score - without)
    named = f"the critic's {scorer.unit} (larger is more real)" if of is None else f"the mean of {of.name}"
    note = _said(named, method, arrays, at=at, plan=used) + _batch_wise(gan, shown)
    target = scorer.unit if of is None else of.name
    return explained(
        gan, f"attribution, {method}", target, units=shown.names, arrays=arrays, note=note, seed=shown.seed
    )


def _batch_wise(gan: GAN, shown: Shown) -> str:
    few, labels = shown.pictures[:CHECKED], None if shown.labels is None else shown.labels[:CHECKED]
    if len(few) < 2 or coupled(gan, few, labels) <= COUPLED:
        return ""
    return " This critic looks at its batch as a whole: a score, and its map, belong to these pictures together."


def _said(what: str, method: str, arrays: dict[str, Tensor], *, at: Place | None, plan: Plan) -> str:
    where = "" if at is None else f" at {at.name if isinstance(at, Unit) else at}"
    said = [f"{method} of {what}{where}: {METHODS[method].summary}."]
    if plan.baseline is not None:
        said.append(f"Baseline: {plan.baseline.name}.")
    if method == "integrated-gradients":
        said.append(f"{plan.steps} steps.")
    if method == "gradient-shap":
        said.append(f"{plan.draws} draws of seed {plan.seed}.")
    if "missed" in arrays:
        change = (arrays["score"] - arrays["baseline_score"]).abs().mean().clamp(min=1e-12)
        share = float(arrays["missed"].abs().mean() / change)
        said.append(f"The maps miss the change from the baseline by {share:.2g} of its mean size.")
    return " ".join(said)
