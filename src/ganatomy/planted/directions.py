"""A generator that is linear in known latent directions, and labels that mislead who looks for them.

    planted = directions(STRENGTHS["distinct"])
    planted.truth.latent                           # (4, 16): the direction of each factor, of length 1
    z, y = labelled(planted, LABELS["confounded"], 0, range(1000))

x = U diag(s) B^T z (or tanh(3x)): four factors of strengths s, twelve further directions of 0.3, B and U orthonormal.
A factor's score is b^T z, read back from the picture without error. Published: theory.md, section 4.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.planted.planted import Planted
from ganatomy.results.formats import Format

FACTORS, LATENT, SIDE, WEAK = 4, 16, 16, 0.3
STEEP = 3.0  # how much larger a picture is before its tanh, so that it bends

# Strengths of the four factors, and of the first of the other directions.
STRENGTHS: Mapping[str, tuple[float, float, float, float, float]] = MappingProxyType(
    {
        "distinct": (3.0, 2.4, 1.8, 1.2, WEAK),
        "equal": (2.0, 2.0, 2.0, 1.2, WEAK),  # three of a kind: only the space they span can be found without labels
        "nuisance": (3.0, 2.4, 1.8, 1.2, 3.5),  # the strongest direction is no factor
    }
)


@dataclass(frozen=True, eq=False)
class DirectionsTruth:
    """`strengths` are of all directions, the factors first; `identifiable` are factors with a strength of their own."""

    factors: tuple[str, ...]
    strengths: tuple[float, ...]
    identifiable: tuple[str, ...]
    latent: Tensor = field(repr=False)  # (4, 16), rows of length 1
    basis: Tensor = field(repr=False)  # (16, 16): all directions, the factors first
    pixels: Tensor = field(repr=False)  # (4, 256): what each draws, of length 1


@dataclass(frozen=True)
class Labels:
    """A label is 1 where the sum of `reads` over the factors, plus noise, is above 0.

    `together` is the correlation of the first two factors among the labelled latents; the prior has none.
    """

    reads: tuple[float, float, float, float]
    together: float = 0.0
    noise: float = 0.0


LABELS: Mapping[str, Labels] = MappingProxyType(
    {
        "plain": Labels((1, 0, 0, 0)),
        "noisy": Labels((1, 0, 0, 0), noise=0.5),
        "confounded": Labels((1, 0, 0, 0), together=0.8),  # the second comes along, though the label does not read it
        "both": Labels((1, 1, 0, 0)),  # no direction is the right one
        "proxy": Labels((0, 1, 0, 0), together=0.8),  # the first goes with the label and is not read
    }
)


def directions(strengths: Sequence[float], *, bend: bool = False, seed: int = 0) -> Planted[DirectionsTruth]:
    """Five strengths: the four factors' and that of the first of the others; `bend` puts a tanh behind."""
    if len(strengths) != FACTORS + 1 or min(strengths) <= 0:
        raise UsageError(f"the strengths {tuple(strengths)} were given", "give five numbers above 0")
    scale = torch.tensor([*strengths, *[WEAK] * (LATENT - len(strengths))], dtype=torch.float64)
    basis, drawn = _orthonormal(seed, "latent", LATENT), _orthonormal(seed, "pixels", SIDE * SIDE)
    mix = nn.utils.skip_init(nn.Linear, LATENT, LATENT, bias=False)  # nothing is drawn from torch's generator
    draw = nn.utils.skip_init(nn.Linear, LATENT, SIDE * SIDE, bias=False)
    mix.weight.data, draw.weight.data = (scale[:, None] * basis.T).float(), (drawn * (STEEP if bend else 1)).float()
    layers = OrderedDict[str, nn.Module](mix=mix, draw=draw, shape=nn.Unflatten(1, (1, SIDE, SIDE)))
    if bend:
        layers["bend"] = nn.Tanh()
    names = tuple(f"f{place + 1}" for place in range(FACTORS))
    alone = [name for name, strength in zip(names, strengths, strict=False) if list(strengths).count(strength) == 1]
    truth = DirectionsTruth(
        names,
        tuple(scale.tolist()),
        tuple(alone),
        latent=basis.T[:FACTORS].float(),
        basis=basis.T.float(),
        pixels=drawn.T[:FACTORS].float(),
    )
    format = Format.picture(1, SIDE) if bend else Format((1, SIDE, SIDE))
    name = "directions" + ("-bent" if bend else "")
    gan = GAN(nn.Sequential(layers).eval().requires_grad_(False), Normal(LATENT), format, data=f"planted {name}")
    return Planted(name, gan, truth, names, "score", _reader(truth, bend=bend))


def labelled(
    planted: Planted[DirectionsTruth], kind: Labels, seed: int, indices: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Latents (n, 16) and labels (n,) of 0 and 1, as somebody hands them over."""
    z = planted.gan.latent.sample(seed, indices)
    basis = planted.truth.basis.to(z)
    factors = z @ basis.T
    factors[:, 1] = kind.together * factors[:, 0] + (1 - kind.together**2) ** 0.5 * factors[:, 1]
    noise = Stream(seed, "planted/labels").normal(indices, 1)[:, 0]
    score = factors[:, :FACTORS] @ torch.tensor(kind.reads).to(z) + kind.noise * noise
    return factors @ basis, (score > 0).long()


def leakage(planted: Planted[DirectionsTruth], direction: Tensor, factor: str) -> float:
    """The share of what a step along `direction` moves in the four factors that is not `factor`: 0 is clean."""
    moved = (planted.truth.latent.to(direction) @ direction).abs()
    return float(1 - moved[planted.truth.factors.index(factor)] / moved.sum().clamp(min=1e-12))


def _reader(truth: DirectionsTruth, *, bend: bool) -> Callable[[Tensor], Tensor]:
    """Scores of standard deviation 1 under the prior; a tanh is undone, but for pixels that have saturated."""
    scale = torch.tensor(truth.strengths[:FACTORS], dtype=torch.float64)

    def measured(pictures: Tensor) -> Tensor:
        flat = pictures.flatten(1).double()
        if bend:
            flat = flat.clamp(-1 + 1e-7, 1 - 1e-7).atanh() / STEEP
        read: Tensor = flat @ truth.pixels.T.to(flat) / scale.to(flat)
        return read

    return measured


def _orthonormal(seed: int, name: str, rows: int) -> Tensor:
    """(rows, 16), orthonormal columns, float64."""
    stream = Stream(seed, f"planted/directions/{name}")
    columns: Tensor = torch.linalg.qr(stream.normal(range(rows), LATENT, dtype=torch.float64))[0]
    return columns
