"""The plain sentences beneath a steering result; numbers come from its arrays.

told(found, concepts, arrays, plan=plan, random=against_random(...), repeated=True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganatomy.explain.latent.controls import AgainstRandom
from ganatomy.explain.latent.directions import Directions
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
    sentences = [found.note, _claims(found, concepts, arrays, plan), _random(found, plan, random)]
    sentences += [_prior(found, arrays)]
    if repeated:
        stable = int((np.asarray(arrays["stability"]) >= DOUBTFUL).sum())
        sentences.append(f"On other latents {stable} of {len(found)} are found again (|cosine| >= {DOUBTFUL}).")
    elif plan.samples:
        sentences.append("The method looks at no samples, so that there is nothing to find again.")
    return " ".join(sentence for sentence in sentences if sentence)


def _claims(found: Directions, concepts: Sequence[str], arrays: Mapping[str, Any], plan: Plan) -> str:
    verdict = np.asarray(arrays["verdict"])
    counts = {word: int((verdict == word).sum()) for word in ("present", "absent", "undetermined")}
    return (
        f"Of {verdict.size} pairs of {len(found)} directions and {len(concepts)} concepts, {counts['present']} effects "
        f"are present (larger than {plan.smallest:g} standard deviations at {plan.sizes[0]:g} steps), "
        f"{counts['absent']} absent, {counts['undetermined']} undetermined; "
        f"{plan.n - plan.n // 4} held-out latents, false discovery rate {1 - plan.level:.2g}."
    )


def _random(found: Directions, plan: Plan, random: AgainstRandom) -> str:
    names = [name for name, wins in zip(found.names, random.beats.tolist(), strict=True) if wins]
    some = f" ({', '.join(names[:SHOWN])}{' ...' if len(names) > SHOWN else ''})" if names else ""
    law = f"by rank; the smallest p is {random.floor:.2g}"
    if not random.exact:
        law = "by a t law, since ranks of so few cannot decide"
    concept = "the concept they were made for" if found.targets else "their strongest concept"
    return (
        f"{len(names)} of {len(found)} directions{some} move {concept} more than random directions of the "
        f"same length do ({plan.controls} controls, corrected, {law})."
    )


def _prior(found: Directions, arrays: Mapping[str, Any]) -> str:
    if found.site is not None:
        return f"Steps are taken at {found.site}, where no prior says what is usual."
    norm, cut = np.asarray(arrays["norm"]), np.asarray(arrays["cut"])
    words = []
    if abs(norm - 1).max() > NOTICED:
        words.append(f"the norm of the latents becomes up to {norm.max():.3g} times what it was")
    if cut.max() > 0:
        words.append(f"up to {cut.max():.0%} of latents cannot go all the way and stop at the edge of the prior")
    return f"At the largest step {' and '.join(words)}." if words else "All steps stay on the prior."
