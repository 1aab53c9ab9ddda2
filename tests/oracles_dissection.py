"""Dissections of planted generators and a small one, for tests."""

from __future__ import annotations

from functools import cache
from unittest.mock import patch

import torch
from torch import Tensor

from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.generator import joint
from ganatomy.explain.generator.dissection import Dissection, dissection
from ganatomy.explain.generator.plan import Plan
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.planted.catalogue import PLANTED
from ganatomy.planted.planted import Planted
from ganatomy.planted.wiring import PartsTruth
from ganatomy.results.formats import Format

PLAN = Plan(samples=512, images=64)


def parts_of(name: str) -> tuple[Planted[PartsTruth], Measurer]:
    planted = PLANTED[name]()
    assert isinstance(planted.truth, PartsTruth)
    return planted, Measurer("parts", planted.concepts, planted.kind, planted.measure)  # type: ignore[return-value]


@cache
def dissected(name: str) -> Dissection:
    planted, measurer = parts_of(name)
    sets = [(1, 2), (3, 4), (11, 12), (0, 11)] if name == "parts" else []
    with patch.object(joint, "CONTROLS", 4):  # fewer random sets, for speed
        return dissection(planted.gan, [measurer], sites=["units"], sets={"units": sets}, plan=PLAN)


def small() -> GAN:
    """Six units at two sites, 8 x 8 pictures, first weights."""
    arch = DCGAN(Format.picture(1, 8), Normal(4), width=2, scheme="fan-uniform")
    return GAN(arch.generator(0).eval(), Normal(4), arch.format)


def halves(pictures: Tensor) -> Tensor:
    return torch.stack([pictures[:, :, :4].mean((1, 2, 3)), pictures[..., :4].mean((1, 2, 3))], 1)


BRIGHT = Measurer("bright", ("bright",), "mask", lambda pictures: (pictures > 0).float())
DARK = Measurer("dark", ("dark",), "mask", lambda pictures: (pictures < -0.25).float())
HALVES = Measurer("halves", ("top", "left"), "score", halves)
