"""Addressed draws: golden integers, and a draw that depends on its address alone."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ganatomy.errors import UsageError
from ganatomy.numerics.random import Stream


def test_golden_values() -> None:
    stream = Stream(0, "golden")
    assert stream.words(range(2), 2).tolist() == GOLDEN_WORDS
    assert stream.integers(range(6), 1000).tolist() == GOLDEN_INTEGERS
    assert stream.permutation(3, 8).tolist() == GOLDEN_ORDER
    assert torch.allclose(stream.normal(range(2), 3).double(), torch.tensor(GOLDEN_NORMALS).double(), atol=1e-6)
    assert torch.allclose(stream.uniform(range(3)).double(), torch.tensor(GOLDEN_UNIFORMS).double(), atol=1e-7)


def test_words_are_philox_read_at_the_index() -> None:
    """The specification again, one draw at a time: key from seed and stream, counter from the index."""
    stream, per_draw = Stream(12, "z"), 6
    blocks = 2
    for index in (0, 1, 17, 2**40):
        generator = np.random.Philox(key=stream._key(per_draw), counter=index * blocks)
        assert stream.words([index], per_draw)[0].tolist() == generator.random_raw(8)[:per_draw].tolist()


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=12), st.integers(1, 9), st.integers(0, 2**63))
def test_a_draw_depends_on_its_address_alone(indices: list[int], width: int, seed: int) -> None:
    stream = Stream(seed, "z")
    together = stream.normal(indices, width)
    alone = torch.cat([stream.normal(range(i, i + 1), width) for i in indices])
    assert torch.equal(together, alone)


@given(st.integers(1, 40), st.integers(1, 40))
def test_any_split_of_a_batch_gives_the_same_draws(left: int, right: int) -> None:
    stream = Stream(3, "z")
    whole = stream.uniform(range(left + right), 2, 3)
    assert torch.equal(
        whole, torch.cat([stream.uniform(range(left), 2, 3), stream.uniform(range(left, left + right), 2, 3)])
    )


def test_seeds_that_agree_in_32_bits_differ_here() -> None:
    """torch.manual_seed keeps 32 bits on the CPU; addressed draws keep the whole seed."""
    assert not torch.equal(Stream(5, "z").normal(range(4), 2), Stream(5 + 2**32, "z").normal(range(4), 2))


def test_a_numpy_seed_names_the_same_stream_and_any_order_of_indices_is_served() -> None:
    assert Stream(np.int64(7), "z") == Stream(7, "z")  # type: ignore[arg-type]
    backwards = Stream(7, "z").words(range(4, -1, -1), 2)
    assert backwards.tolist() == Stream(7, "z").words(range(5), 2)[::-1].tolist()


def test_streams_seeds_and_sizes_share_no_words() -> None:
    seen: Counter[int] = Counter()
    for seed in range(3):
        for name in ("a", "b", "a/b"):
            for per_draw in (1, 2, 4, 8):
                seen.update(set(Stream(seed, name).words(range(200), per_draw).ravel().tolist()))
    assert max(seen.values()) == 1
    assert Stream(0, "a").child("b") == Stream(0, "a/b")


def test_another_process_draws_the_same() -> None:
    code = "from ganatomy.numerics.random import Stream; print(Stream(7, 'p').words(range(5), 3).tolist())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(Stream(7, "p").words(range(5), 3).tolist())


@pytest.mark.parametrize("seed", range(3))
def test_distributions(seed: int) -> None:
    """Kolmogorov-Smirnov on marginals, correlation within a draw and between neighbouring draws."""
    stream, n = Stream(seed, "law"), 20_000
    normal, uniform = stream.normal(range(n), 3, dtype=torch.float64), stream.uniform(range(n), 2, dtype=torch.float64)
    p = [stats.kstest(normal[:, k].numpy(), "norm").pvalue for k in range(3)]
    p += [stats.kstest(uniform[:, k].numpy(), "uniform").pvalue for k in range(2)]
    p += [stats.pearsonr(normal[:, 0], normal[:, k]).pvalue for k in (1, 2)]
    p += [stats.pearsonr(normal[1:, 0], normal[:-1, 0]).pvalue]
    counts = torch.bincount(stream.integers(range(n), 7), minlength=7)
    p += [stats.chisquare(counts.numpy()).pvalue]
    assert min(p) > 1e-4


def test_permutations_hold_every_number_once_and_differ() -> None:
    stream = Stream(0, "order")
    first, second = stream.permutation(0, 500), stream.permutation(1, 500)
    assert sorted(first.tolist()) == list(range(500))
    assert not torch.equal(first, second)
    assert stream.permutation(0, 0).tolist() == []


def test_modules_that_draw_inside_run_at_an_address_and_leave_the_global_generator_alone() -> None:
    dropout, x, stream = torch.nn.Dropout(0.5), torch.ones(100), Stream(0, "dropout")
    before = torch.get_rng_state()
    with stream.module_rng(4):
        first = dropout(x)
    torch.get_rng_state()
    with stream.module_rng(4):
        again = dropout(x)
    with stream.module_rng(5):
        other = dropout(x)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda s: s.normal(range(-1, 3), 2), "negative index"),
        (lambda s: s.normal([3, -2], 2), "negative index"),
        (lambda s: s.words(range(2, -2, -1), 1), "negative index"),
        (lambda s: Stream(3.0, "z"), "seed 3.0"),
        (lambda s: Stream(True, "z"), "seed True"),
        (lambda s: Stream("0", "z"), "whole number"),
        (lambda s: s.words(range(3), 0), "a draw of 0 words"),
        (lambda s: s.integers(range(3), 0), "integers below 0"),
        (lambda s: s.integers(range(3), 2**33), "integers below"),
    ],
)
def test_impossible_draws_are_refused(ask, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ask(Stream(0, "z"))


GOLDEN_WORDS: list[list[int]] = [
    [18343978220677117783, 12000576637742761198],
    [1157526426260362932, 16319385922663671666],
]
GOLDEN_INTEGERS: list[int] = [847, 44, 212, 239, 942, 296]
GOLDEN_ORDER: list[int] = [0, 3, 5, 6, 7, 4, 1, 2]
GOLDEN_NORMALS: list[list[float]] = [[0.4885157, 0.3789621, 0.0642392], [1.2236335, 0.2263881, 0.3558563]]
GOLDEN_UNIFORMS: list[float] = [0.84702629, 0.04493789, 0.21257515]
