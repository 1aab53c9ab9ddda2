"""Addressed randomness: every draw has an address (seed, stream name, index) and nothing else decides its value.

    noise = Stream(seed=3, name="latent").normal(range(17, 18), 64)   # the 17th latent of seed 3, shape (1, 64)

Draw i is the same whatever the batch size, the split of the batch, the device or the number of processes, because
NumPy's counter-based Philox is read at a position computed from i. The key is blake2b(seed, name, words per draw),
so streams, and draws of another size on one stream, share no bits. The counter of draw i is i times the number of
256-bit blocks a draw needs: a run of consecutive indices is one contiguous read, at the speed of the generator.

Integers are exact on every machine. Normals (Box-Muller in float64) can differ in the last bits between machines,
since they use the machine's logarithm and cosine; after rounding to float32 they agree to about 1e-6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.errors import UsageError

WORDS_PER_BLOCK = 4  # Philox 4x64 yields four 64-bit words for each value of its counter.
Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Stream:
    """An endless, named sequence of draws; `indices` always says which ones are wanted."""

    seed: int
    name: str

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int | np.integer) or not isinstance(self.name, str):
            raise UsageError(
                f"a stream with seed {self.seed!r} and name {self.name!r} was asked for",
                "a seed is a whole number, a name is text",
            )
        object.__setattr__(self, "seed", int(self.seed))  # a NumPy integer names the same stream

    def words(self, indices: Sequence[int], per_draw: int) -> Words:
        """Raw 64-bit words, shape (len(indices), per_draw): the integers all other draws are made from."""
        if per_draw < 1:
            raise UsageError(f"a draw of {per_draw} words was asked for", "a draw needs at least one word")
        ends = (indices[0], indices[-1]) if isinstance(indices, range) and len(indices) else indices
        if any(index < 0 for index in ends):
            raise UsageError("a negative index was asked for", "draws are numbered from 0")
        blocks = -(-per_draw // WORDS_PER_BLOCK)
        out = np.empty((len(indices), per_draw), dtype=np.uint64)
        key = self._key(per_draw)
        for first, last in _runs(indices):
            generator = np.random.Philox(key=key, counter=indices[first] * blocks)
            raw = generator.random_raw((last - first) * blocks * WORDS_PER_BLOCK)
            out[first:last] = raw.reshape(last - first, -1)[:, :per_draw]
        return out

    def uniform(self, indices: Sequence[int], *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Uniform in [0, 1), shape (len(indices), *shape)."""
        return _tensor(_unit(self.words(indices, prod(shape))), len(indices), shape, dtype)

    def normal(self, indices: Sequence[int], *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Standard normal, shape (len(indices), *shape)."""
        wanted = prod(shape)
        pairs = -(-wanted // 2)
        words = self.words(indices, 2 * pairs)
        radius = np.sqrt(-2.0 * np.log(1.0 - _unit(words[:, :pairs])))  # 1 - u lies in (0, 1]: the logarithm is finite
        angle = 2.0 * np.pi * _unit(words[:, pairs:])
        both = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        return _tensor(both[:, :wanted], len(indices), shape, dtype)

    def integers(self, indices: Sequence[int], high: int, *shape: int) -> Tensor:
        """Integers in [0, high), int64, shape (len(indices), *shape); the bias is below high / 2^32."""
        if not 0 < high <= 2**32:
            raise UsageError(f"integers below {high} were asked for", "the bound lies between 1 and 2^32")
        top = self.words(indices, prod(shape)) >> np.uint64(32)
        scaled = (top * np.uint64(high)) >> np.uint64(32)
        return torch.from_numpy(scaled.astype(np.int64)).reshape(len(indices), *shape)

    def permutation(self, index: int, n: int) -> Tensor:
        """The index-th random order of 0 .. n-1, int64."""
        if n == 0:
            return torch.empty(0, dtype=torch.int64)
        keys = self.words(range(index, index + 1), n)[0]
        return torch.from_numpy(np.argsort(keys, kind="stable").astype(np.int64))

    @contextmanager
    def module_rng(self, index: int) -> Iterator[None]:
        """Run modules that draw inside (dropout, noise layers) at an address; torch's global generator is restored.

        Exact for resume and forks, but not equal across numbers of processes. torch keeps 32 bits of a CPU seed.
        """
        seed = int(self.words(range(index, index + 1), 1)[0, 0] >> np.uint64(32))
        # torch.manual_seed would queue a call, with a stack trace, for every backend that is not in use.
        devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else range(0)
        with torch.random.fork_rng(devices=devices):
            torch.default_generator.manual_seed(seed)
            if devices:
                torch.cuda.manual_seed_all(seed)
            yield

    def child(self, name: str) -> Stream:
        """A stream of its own for a part of the work."""
        return Stream(self.seed, f"{self.name}/{name}")

    def _key(self, per_draw: int) -> Words:
        address = f"{self.seed}\0{self.name}\0{per_draw}".encode()
        return np.frombuffer(hashlib.blake2b(address, digest_size=16).digest(), dtype="<u8").astype(np.uint64)


def _runs(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Bounds of the stretches of consecutive indices."""
    if isinstance(indices, range) and indices.step == 1:
        if len(indices):
            yield 0, len(indices)
        return
    first = 0
    for place in range(1, len(indices) + 1):
        if place == len(indices) or indices[place] != indices[place - 1] + 1:
            yield first, place
            first = place


def _unit(words: Words) -> NDArray[np.float64]:
    """The top 53 bits as a number in [0, 1)."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _tensor(values: NDArray[np.float64], n: int, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(dtype).reshape(n, *shape)
