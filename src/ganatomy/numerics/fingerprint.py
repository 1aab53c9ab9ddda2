"""A short hash that names tensors and texts: of data, of weights, of feature spaces.

fingerprint("ring8", centres)                  # 32 hexadecimal digits
fingerprint(*named(module.state_dict()))       # names, types, shapes and bytes, in the order of the names
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor


def fingerprint(*parts: Tensor | str) -> str:
    """BLAKE2b of each part with its kind and size, so that no two lists of parts run together."""
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, Tensor):
            values = part.detach().cpu().contiguous()
            total.update(f"tensor {values.dtype} {tuple(values.shape)}:".encode())
            total.update(values.reshape(-1).view(torch.uint8).numpy().data)
        else:
            text = part.encode()
            total.update(f"text {len(text)}:".encode() + text)
    return total.hexdigest()


def named(tensors: Mapping[str, Tensor]) -> Iterator[Tensor | str]:
    """The parts that stand for a dictionary of tensors, in the order of the names."""
    for name in sorted(tensors):
        yield name
        yield tensors[name]
