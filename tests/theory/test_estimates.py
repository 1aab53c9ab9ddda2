"""Estimates from samples say how far off they may be, and are not further off."""

from __future__ import annotations

import pytest
import torch
from oracles_divergences import PAIRS, ring

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream
from ganatomy.theory.divergences import divergence, divergences
from ganatomy.theory.estimates import from_samples, kernel_estimate, likeliest_bandwidth, total_variation_error

STREAM = Stream(2, "estimates")


def test_the_bound_on_total_variation_covers():
    p, q = PAIRS["C"]
    missed = 0
    for k in range(8):
        made = kernel_estimate(q.sample(Stream(k, "q"), range(150)), bandwidth=0.3)
        said = divergence("TV", q.blurred(0.3), made).value
        missed += said > total_variation_error(made).value
    assert missed == 0
    found = from_samples(p, q.sample(STREAM, range(400)), stream=STREAM, bandwidth=0.3)
    true = divergences(p.blurred(0.3), q.blurred(0.3), names=tuple(found))
    assert abs(found["TV"].value - true["TV"].value) <= found["TV"].within < 0.25
    sharp = divergences(p, q, names=tuple(found))
    assert all(true[name].value <= sharp[name].value for name in found)  # blurring brings nothing apart
    assert abs(found["JSD"].value - true["JSD"].value) < 5 * found["JSD"].floor
    assert found["JSD"].within is None


def test_a_perfect_generator_reads_the_floor():
    p, _ = PAIRS["C"]
    found = from_samples(p, p.sample(STREAM, range(300)), stream=STREAM, names=("JSD",))
    assert found["JSD"].value == pytest.approx(found["JSD"].floor, rel=0.8)
    assert found["JSD"].n == 300


def test_it_works_in_the_plane_and_says_what_it_is():
    p = ring(0.3)
    made = kernel_estimate(p.sample(STREAM, range(100)))
    assert "100 samples, bandwidth" in made.note
    assert "never exact" in made.note
    assert 0.1 < likeliest_bandwidth(p.sample(STREAM, range(400))) < 0.5  # not the std of the whole ring, 1.5
    assert torch.isfinite(made.log_density(torch.zeros(2, 2))).all()


def test_what_an_estimate_cannot_say_is_refused():
    p, _ = PAIRS["A"]
    x = p.sample(STREAM, range(50))
    with pytest.raises(UsageError, match="where samples are missing it says nothing"):
        from_samples(p, x, stream=STREAM, names=("KL(p|q)",))
    with pytest.raises(UsageError, match="give 10 to"):
        kernel_estimate(x[:3])
    with pytest.raises(UsageError, match="a bandwidth of -1"):
        kernel_estimate(x, bandwidth=-1)
