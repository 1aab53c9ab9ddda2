"""What a simulated rate may be: outside a 99.9 % binomial band it contradicts the stated one."""

from __future__ import annotations

from typing import Literal

from scipy.stats import binomtest


def agrees(
    hits: int, trials: int, rate: float, *, wrong: Literal["two-sided", "greater", "less"] = "two-sided"
) -> bool:
    """Whether `hits` of `trials` agree with the stated rate; wrong="greater" allows rarer hits than stated."""
    assert trials >= 500
    return bool(binomtest(int(hits), trials, rate, alternative=wrong).pvalue >= 0.001)
