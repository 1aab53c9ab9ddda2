"""The architectures by name, and their configs as plain dictionaries for recipes and files on disk.

    config = configure("dcgan", {"width": 32}, format=Format.picture(1, 28), latent=Normal(64))
    from_dict(to_dict(config)) == config

A config holds everything that decides a network but its weights: `config.generator(seed)`, `config.critic(seed)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from torch import nn

from ganatomy.errors import UsageError, choose
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.latent import Latent
from ganatomy.models.mlp import MLP
from ganatomy.models.options import read
from ganatomy.models.r3 import R3
from ganatomy.models.sn_resnet import SNResNet
from ganatomy.models.style import Style
from ganatomy.results.formats import Format


class Architecture(Protocol):
    """A frozen config that builds both players; the same seed gives the same weights."""

    @property
    def format(self) -> Format: ...

    @property
    def latent(self) -> Latent: ...

    def generator(self, seed: int) -> nn.Module: ...

    def critic(self, seed: int) -> nn.Module: ...


ARCHITECTURES: dict[str, type[MLP] | type[DCGAN] | type[SNResNet] | type[R3] | type[Style]] = {
    "mlp": MLP,
    "dcgan": DCGAN,
    "sn-resnet": SNResNet,
    "r3": R3,
    "style": Style,
}


def configure(name: str, options: Mapping[str, Any], *, format: Format, latent: Latent) -> Architecture:
    """The named architecture with some options set; an unknown name or option is an error that names the nearest."""
    kind = choose(ARCHITECTURES, name, "architecture")
    return read(kind, {**options, "format": format, "latent": latent}, what=f"option of {name}")


def to_dict(architecture: Architecture) -> dict[str, Any]:
    """Name, format, latent and options, ready for JSON."""
    for name, kind in ARCHITECTURES.items():
        if type(architecture) is kind:
            options = asdict(architecture)
            return {"name": name, "format": options.pop("format"), "latent": options.pop("latent"), "options": options}
    raise UsageError(
        f"{type(architecture).__name__} is no architecture of this package", "legal are: " + ", ".join(ARCHITECTURES)
    )


def from_dict(plain: Mapping[str, Any]) -> Architecture:
    """The inverse of `to_dict`, also after a way through JSON."""
    written = read(_Written, plain, what="part of an architecture")
    format = read(Format, written.format, what="part of a format")
    latent = read(Latent, written.latent, what="part of a latent")
    return configure(written.name, written.options, format=format, latent=latent)


@dataclass(frozen=True)
class _Written:
    name: str
    format: Mapping[str, Any]
    latent: Mapping[str, Any]
    options: Mapping[str, Any]
