"""Inception-style score: its two ends, torchmetrics, merging, and covering intervals."""

from __future__ import annotations

import math
import warnings

import pytest
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.class_score import Classified, class_score
from ganatomy.numerics.random import Stream
from ganatomy.results.measurement import Measurement

AT = Stream(0, "test")


def score(p: Tensor, seed: int = 0) -> Measurement:
    return class_score(Classified.of(p, stream=Stream(seed, "test")), space="classifier-0123")["IS[classifier-0123]"]


def logits(n: int, *, seed: int = 0) -> Tensor:
    return 2 * Stream(seed, "logits").normal(range(n), 5, dtype=torch.float64)


def test_uniform_is_1_and_balanced_one_hot_is_the_number_of_classes() -> None:
    assert score(torch.full((300, 10), 0.1)).value == pytest.approx(1, abs=1e-12)
    hot = torch.eye(10).repeat_interleave(50, dim=0)  # sorted by class, which splits would make 1 of
    assert score(hot).value == pytest.approx(10, rel=1e-12)
    assert score(hot[:50].repeat(4, 1)).value == pytest.approx(1, abs=1e-12)
    assert score(hot).better == "high"


def test_it_is_torchmetrics_with_one_split() -> None:
    from torchmetrics.image.inception import InceptionScore

    raw = logits(200)
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore")
        theirs = InceptionScore(feature=torch.nn.Identity(), splits=1)
        theirs.update(raw)
        mean = float(theirs.compute()[0])
    assert score(raw.softmax(1)).value == pytest.approx(mean, rel=1e-6)


def test_parts_merge() -> None:
    p = logits(300).softmax(1)
    whole = Classified.of(p, stream=AT)
    parts = Classified.of(p[100:], first=100, stream=AT) + Classified.of(p[:100], stream=AT)
    assert torch.equal(whole.counts, parts.counts)
    assert torch.allclose(whole.mass, parts.mass, atol=1e-12)
    assert torch.allclose(whole.certainty, parts.certainty, atol=1e-12)


def test_intervals_cover_the_score_of_endless_samples() -> None:
    p = logits(200_000, seed=999).softmax(1)
    truth = math.exp(Classified.of(p, stream=AT).information(range(20)))
    hits = sum(truth in score(logits(200, seed=seed).softmax(1), seed).interval for seed in range(100))
    assert hits >= 89


def test_the_interval_lies_about_the_score_less_its_bias_which_is_downward() -> None:
    found = score(logits(200).softmax(1))
    assert found.interval.low * found.interval.high > found.value**2 * 1.004


def test_what_is_no_probability_or_too_little_is_refused() -> None:
    with pytest.raises(InputError, match="softmax"):
        score(logits(300))
    with pytest.raises(UsageError, match="blocks hold no sample"):
        score(logits(8).softmax(1))
    with pytest.raises(UsageError, match="classes"):
        Classified.of(torch.rand(5, generator=torch.Generator().manual_seed(0)), stream=AT)
    with pytest.raises(UsageError, match="different numbers"):
        Classified.of(torch.full((9, 2), 0.5), stream=AT) + Classified.of(torch.full((9, 4), 0.25), stream=AT)
