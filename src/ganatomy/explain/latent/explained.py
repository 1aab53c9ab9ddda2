"""The Explanations of this folder: made of rows, one a unit, and signed with the GAN's digest.

rows = [{"length": torch.tensor(1.0)}, {"length": torch.tensor(2.0)}]
explained(gan, "paths", "pixels", units=("0 to 1", "2 to 3"), arrays=stacked(rows), note="...", seed=0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ganatomy.models.gan import GAN
from ganatomy.results.explanation import Explanation
from ganatomy.results.provenance import Provenance

Row = Mapping[str, Tensor | float | bool]


def explained(
    gan: GAN, method: str, target: str, *, units: Sequence[str], arrays: Mapping[str, Tensor], note: str, seed: int
) -> Explanation:
    """An Explanation of this GAN, made here and now."""
    subject = gan.digest()
    provenance = Provenance.here(seed=seed, digests={"gan": subject})
    kept = {name: _wide(values.detach().cpu()).numpy() for name, values in arrays.items()}
    return Explanation(method, subject, target, tuple(units), kept, note=note.strip(), provenance=provenance)


def stacked(rows: Sequence[Row]) -> dict[str, Tensor]:
    """Arrays with one row a unit, from the rows of all units; plain numbers become arrays of numbers."""
    return {name: torch.stack([_tensor(row[name]) for row in rows]) for name in rows[0]}


def _wide(values: Tensor) -> Tensor:
    """numpy has no bfloat16."""
    return values.float() if values.dtype == torch.bfloat16 else values


def _tensor(value: Tensor | float | bool) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach().cpu()
    return torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else None)
