"""What each unit of a layer does to what a picture looks like, by taking it out.

changes, activity = changes_of(gan, range(256))     # (units, concepts) in standard deviations, (units,)
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ganatomy.explain.concepts.layout import layout
from ganatomy.explain.concepts.looks import contrast, ink
from ganatomy.explain.concepts.measurer import scores
from ganatomy.models.evaluating import passed
from ganatomy.models.gan import GAN
from ganatomy.tracing.edit import edit
from ganatomy.tracing.trace import watch

SITE = "hidden1.act"


def changes_of(gan: GAN, indices: Sequence[int], *, site: str = SITE) -> tuple[Tensor, Tensor]:
    """The mean change of each concept as one unit after the other puts out 0, and each unit's mean size."""
    z = gan.latent.sample(0, indices)
    with watch(gan.generator, [site]) as trace:
        whole = passed(gan.generator, z, block=len(z))
    activation = trace[site]
    told = _told(gan, whole)
    spread = told.std(0).clamp(min=1e-12)
    rows = []
    for unit in range(activation.shape[1]):
        with edit(gan.generator, {site: lambda a, unit=unit: a.index_fill(1, torch.tensor([unit]), 0.0)}):
            rows.append((_told(gan, passed(gan.generator, z, block=len(z))) - told).mean(0) / spread)
    return torch.stack(rows), activation.abs().double().mean(0)


def _told(gan: GAN, pictures: Tensor) -> Tensor:
    """Ink, contrast, and where the ink lies: x, y, width, height."""
    return torch.cat([scores(make(gan.format), pictures) for make in (ink, contrast, layout)], 1)
