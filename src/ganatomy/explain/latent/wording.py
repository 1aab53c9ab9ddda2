"""The plain sentences beneath a steering result; numbers come from its arrays.

told(found, concepts, arrays, plan=plan, random=against_random(...), repeated=True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganatomy.explain.latent.controls import AgainstRandom
from ganatomy.explain.latent.directions import Directions, spoken
from ganatomy.explain.latent.responses import Plan

SHOWN = 5  # names in one sentence
NOTICED = 0.02  # what a norm may change, or a share be cut short, without a word
DOUBTFUL = 0.8  # |cosine| with another sample below which a direction is not called stable


def told(
    found: Directions,
    concepts: Sequence[str],
    arrays: Mapping[str, Any],
    *,
    plan: Plan,
    random: AgainstRandom,
    repeated: bool,
) -> str:
    """Claims first, then how they compare with random directions, then what the steps did to the prior."""
    varied = bool(np.isfinite(np.asarray(arrays["effect"])).any())
    sentences = [found.note, _claims(found, concepts, arrays, plan), _random(found, plan, random) if varied else ""]
    sentences += [_prior(found, arrays)]
    if repeated:
        stable = int((np.asarray(arrays["stability"]) >= DOUBTFUL).sum())
        sentences.append(f"On other latents {stable} of {len(found)} are found again (|cosine| >= {DOUBTFUL}).")
    elif plan.samples:
        sentences.append("The method looks at no samples, so that there is nothing to find again.")
    return " ".join(sentence for sentence in sentences if sentence)


def _claims(found: Directions, concepts: Sequence[str], arrays: Mapping[str, Any], plan: Plan) -> str:
    tested = np.isfinite(np.asarray(arrays["effect"])).all(0)
    flat = [name for name, varied in zip(concepts, tested, strict=True) if not varied]
    unclaimed = f"Nothing is claimed of what never varies: {some(flat)}." if flat else ""
    if not tested.any():
        return unclaimed
    verdict = np.asarray(arrays["verdict"])[:, tested]
    counts = {word: int((verdict == word).sum()) for word in ("present", "absent", "undetermined")}
    claims = (
        f"Of {verdict.size} pairs of {len(found)} directions and {verdict.shape[1]} concepts, {counts['present']} "
        f"effects are present (larger than {plan.smallest:g} standard deviations at {plan.sizes[0]:g} steps), "
        f"{counts['absent']} absent, {counts['undetermined']} undetermined; "
        f"{plan.n - plan.n // 4} held-out latents, false discovery rate {1 - plan.level:.2g}."
    )
    return f"{claims} {unclaimed}".strip()


def _random(found: Directions, plan: Plan, random: AgainstRandom) -> str:
    names = [name for name, wins in zip(found.names, random.beats.tolist(), strict=True) if wins]
    concept = "the concept they were made for" if found.targets else "their strongest concept"
    if not names and not random.decides:
        where = "a latent" if found.site is None else "a place"
        return (
            f"Whether they move {concept} more than random directions do cannot be decided in {where} of so few "
            f"dimensions ({found.vectors.shape[1]}): even the best one would not stand out among {len(found)} "
            f"beside {plan.controls} controls."
        )
    law = f"by rank; the smallest p is {random.floor:.2g}"
    if not random.exact:
        law = "by the law of a random direction's cosine, since ranks of so few cannot decide"
    return (
        f"{len(names)} of {len(found)} directions{f' ({some(names)})' if names else ''} move {concept} more than "
        f"random directions of the same length do ({plan.controls} controls, corrected, {law})."
    )


def some(names: Sequence[str]) -> str:
    """The first few of them."""
    return f"{', '.join(names[:SHOWN])}{' ...' if len(names) > SHOWN else ''}"


def _prior(found: Directions, arrays: Mapping[str, Any]) -> str:
    if found.site is not None:
        return f"Steps are taken at {spoken(found.site)}, where no prior says what is usual."
    norm, cut = np.asarray(arrays["norm"]), np.asarray(arrays["cut"])
    words = []
    if abs(norm - 1).max() > NOTICED:
        words.append(f"the norm of the latents becomes up to {norm.max():.3g} times what it was")
    if cut.max() > 0:
        words.append(f"up to {cut.max():.0%} of latents cannot go all the way and stop at the edge of the prior")
    return f"At the largest step {' and '.join(words)}." if words else "All steps stay on the prior."
