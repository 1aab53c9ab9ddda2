"""How each region of the picture depends on each layer and on each latent coordinate, to first order.

    layers, latent, *places = region_sensitivity(gan, 16, seed=0, grid=(4, 4))
    places[0].arrays["sensitivity"]                 # (units, 4, 4): root mean square over samples
    latent.arrays["slope"]                          # (dim, 4, 4): with its sign

A region's value is the sum of its pixels over all channels; its gradient is one backward pass (vjp). Sensitivity of a
unit to a region: |d value / d map|, Euclidean over the map's places. It says what a small change would do, nothing
about large ones: an ablation is another question. Units are in the activation's own size; `per_sd` multiplies by the
unit's standard deviation, so that layers can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.explain.generator.sites import named_sites
from ganatomy.explain.passes import Draw, Progress, draws
from ganatomy.models.evaluating import evaluating, home
from ganatomy.models.gan import GAN
from ganatomy.numerics.running import Moments, rows
from ganatomy.results.explanation import Explanation
from ganatomy.results.provenance import Provenance
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch

LATENT = "latent"
SMALL_BLOCK = 16  # samples with a graph behind them at once


@dataclass(frozen=True, eq=False)
class Gradients:
    """`of[site]` is (regions, n, *activation): the gradient of each region's value for each sample; `at`: the values.

    The latent stands under LATENT.
    """

    of: dict[str, Tensor]
    at: dict[str, Tensor]


def region_gradients(
    generator: nn.Module, draw: Draw, sites: Sequence[str | Site], *, grid: tuple[int, int] = (4, 4)
) -> Gradients:
    """Blocks of the Jacobian, a backward pass a region. In eval mode no sample touches another."""
    device, dtype = home(generator)
    z = draw.z.to(device, dtype, copy=True).requires_grad_()
    given = () if draw.labels is None else (draw.labels.to(device),)
    with evaluating(generator), torch.enable_grad():
        entry = z.clone()  # no leaf, since a foreign network may work in place
        with watch(generator, sites, graph=True) as trace:
            samples = generator(entry, *given)
        places = {LATENT: z, **{str(site): trace[site] for site in sites}}
        if not samples.requires_grad:
            raise UsageError("the generator gave samples without a gradient", "take torch.no_grad out of its forward")
        values = region_sums(samples, grid)
        graphs = [place for place in places.values() if place.requires_grad]
        found: dict[str, list[Tensor]] = {name: [] for name in places}
        for region in range(values.shape[1]):
            pulled = iter(torch.autograd.grad(values[:, region].sum(), graphs, retain_graph=True, allow_unused=True))
            for name, place in places.items():
                slope = next(pulled) if place.requires_grad else None
                found[name].append(torch.zeros_like(place) if slope is None else slope)
    return Gradients(
        {name: torch.stack(each).detach().float().cpu() for name, each in found.items()},
        {name: place.detach().float().cpu() for name, place in places.items()},
    )


def region_sums(samples: Tensor, grid: tuple[int, int]) -> Tensor:
    """(n, regions), row by row, the channels added up; each coordinate of a point is a region of its own."""
    if samples.ndim == 2:
        return samples
    return torch.stack([part.sum((1, 2, 3)) for part in _regions(samples, grid)], dim=1)


def _regions(samples: Tensor, grid: tuple[int, int]) -> Iterator[Tensor]:
    down, across = grid
    height, width = samples.shape[2:]
    if not (1 <= down <= height and 1 <= across <= width):
        raise UsageError(
            f"a grid of {down} x {across} regions was asked of pictures of {height} x {width}",
            f"choose from 1 x 1 to {height} x {width}",
        )
    for strip in samples.tensor_split(down, dim=2):
        yield from strip.tensor_split(across, dim=3)


def region_sensitivity(
    gan: GAN,
    n: int = 16,
    *,
    seed: int,
    sites: Sequence[str | Site] | None = None,
    grid: tuple[int, int] = (4, 4),
    progress: Progress | None = None,
) -> tuple[Explanation, ...]:
    """The layers together (a row a site), the latent's coordinates, then each site with a row a unit.

    Arrays run over (units, *grid); for points over (units, coordinates). `slope` is the mean over samples with its
    sign, of the whole map moved evenly; `sensitivity` the root mean square over samples of the size.
    """
    places = named_sites(gan, next(draws(gan, min(n, 2), seed=seed)), sites)
    names = [str(place.site) for place in places]
    sums = {name: _Sums() for name in [LATENT, *names]}
    for draw in draws(gan, n, seed=seed, block=SMALL_BLOCK, progress=progress):
        found = region_gradients(gan.generator, draw, names, grid=grid)
        for name, total in sums.items():
            total.add(found.of[name], found.at[name])
    shape = grid if gan.format.kind == "picture" else gan.format.shape
    provenance = Provenance.here(seed=seed, digests={"gan": gan.digest()})
    note = f"{n} samples; regions {' x '.join(map(str, shape))}; gradients, so of small changes only."

    def told(target: str, units: tuple[str, ...], arrays: dict[str, Tensor]) -> Explanation:
        shaped = {name: values.reshape(len(units), *shape).numpy() for name, values in arrays.items()}
        said = f"{_strongest(units, arrays['per_sd'], shape)} {note}"
        return Explanation(
            "region gradients", provenance.digests["gan"], target, units, shaped, note=said, provenance=provenance
        )

    each = {name: sums[name].told(n) for name in sums}
    whole = {key: torch.stack([each[name][key].square().sum(0).sqrt() for name in names]) for key in SIZES}
    return (
        told("layers", tuple(names), whole),
        *(
            told(name, tuple(f"{name}:{number}" for number in range(len(arrays["slope"]))), arrays)
            for name, arrays in each.items()
        ),
    )


def _strongest(units: tuple[str, ...], moved: Tensor, shape: Sequence[int]) -> str:
    """Which unit moves the picture most, by how much beside the others, and where. `moved` (units, regions)."""
    size = moved.square().sum(1).sqrt()
    best = int(size.argmax())
    if not float(size[best]) > 0:
        return "Nothing here moves a sample."
    place = int(moved[best].argmax())
    where = f"row {place // shape[1] + 1}, column {place % shape[1] + 1}" if len(shape) == 2 else f"coordinate {place}"
    others = torch.cat([size[:best], size[best + 1 :]])
    beside = (
        "" if not len(others) else "; the other: " if len(others) == 1 else f"; the median of {len(others)} others: "
    )
    beside += f"{float(others.quantile(0.5)):.3g}" if beside else ""
    return (
        f"{units[best]} moves samples most, by {float(size[best]):.3g} for each of its standard deviations, the most in"
        f" {where}{beside}."
    )


SIZES = ("sensitivity", "per_sd")


class _Sums:
    """Running sums over samples, (regions, units), and the moments of the activation itself."""

    def __init__(self) -> None:
        self.squares: Tensor | float = 0.0
        self.slopes: Tensor | float = 0.0
        self.moments: Moments | None = None

    def add(self, gradients: Tensor, values: Tensor) -> None:
        flat = gradients.reshape(*gradients.shape[:3], -1).double()
        self.squares = self.squares + flat.square().sum((1, 3))
        self.slopes = self.slopes + flat.sum((1, 3))
        moments = Moments.of(rows(values))
        self.moments = moments if self.moments is None else self.moments + moments

    def told(self, n: int) -> dict[str, Tensor]:
        """(units, regions) each."""
        assert isinstance(self.squares, Tensor)
        assert isinstance(self.slopes, Tensor)
        assert self.moments is not None
        size = (self.squares / n).sqrt().T
        sd = (self.moments.squares / self.moments.n).sqrt()
        return {"sensitivity": size, "per_sd": size * sd[:, None], "slope": (self.slopes / n).T}
