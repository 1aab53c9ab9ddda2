"""The latent space as the generator lays it into the plane: where it is dense, folded, and drawn out between modes.

    found = mesh(gan)                               # arrays: lines (lines, points, 2), log_density (lines, points)
    found.note                                      # what the colour is, how much is folded, what bridges hold

Latents of two numbers are a sheet, whose density is exactly p(z) / |det J|, part by part where it lies on
itself. Latents on a circle or a line are a curve: its density is per length, and in the plane there is none. Of longer
latents a plane through them is shown, with what it leaves out, and the density is a kernel estimate.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.latent.explained import explained
from ganatomy.explain.latent.jacobian import averaged
from ganatomy.models.evaluating import evaluating, home
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent
from ganatomy.numerics.linear import jvp
from ganatomy.numerics.statistics.interval import wilson
from ganatomy.results.explanation import Explanation
from ganatomy.theory.estimates import kernel_estimate

REACH = {"normal": 2.5, "uniform": 1.0, "sphere": 1.5}  # how far the grid goes, in numbers of the latent
FLAT = 1e-12  # a smaller det J is taken as this: the density is infinite there
FINE = 300  # points along a line
KERNELS = 1000
NEARBY = 1e-3  # of the shortest edge at a node: so far beside it others are looked for, since edges meet in nodes
PAIRS = 2**22  # nodes times triangles looked at at once


def mesh(gan: GAN, *, n: int = 2000, side: int = 31, seed: int = 0) -> Explanation:
    """`n` samples say what share is folded, or left out; the grid has `side` lines each way."""
    require_plane(gan)
    if gan.latent.dim == 1 and gan.latent.kind == "sphere":
        raise UsageError("the mesh of a latent of two points was asked for", "give a latent of two numbers or more")
    if gan.latent.dim == 1 or (gan.latent.dim == 2 and gan.latent.kind == "sphere"):
        return _curve(gan, n=n, seed=seed)
    return (_sheet if gan.latent.dim == 2 else _slice)(gan, n=n, side=side, seed=seed)


def require_plane(gan: GAN) -> None:
    if gan.format.shape != (2,) or gan.latent.classes:
        raise UsageError(
            f"pictures of the plane were asked of a GAN of {gan.format} with a {gan.latent}",
            "its samples must be points of two numbers, without classes: recipes ring8 and grid25",
        )


def _curve(gan: GAN, *, n: int, seed: int) -> Explanation:
    device, dtype = home(gan.generator)
    place, chance, along = _line(gan.latent)
    t = torch.linspace(*along, FINE * 10, dtype=torch.float64)

    def laid(at: Tensor) -> Tensor:
        out: Tensor = gan.generator(place(at).to(device, dtype).clone())
        return out

    with evaluating(gan.generator), torch.no_grad():
        # Each point hangs on its own t alone, so that the slope along all ones holds the slope of each.
        where, slope = laid(t).double().cpu(), jvp(laid, t, torch.ones_like(t)).double().cpu().norm(dim=1)
    mass, length = chance(t), slope.clamp(min=FLAT)
    said = (
        "The latents are a line or a circle, so that the samples lie on a curve and have no density in the plane; "
        "colour is the density along the curve, exactly p(z) / |dG|. " + _sparse(mass, length, "the curve's length")
    )
    arrays = {"lines": where[None], "log_density": (mass.log() - length.log())[None], "made": _made(gan, n, seed)}
    return _found(gan, arrays, said, seed)


def _line(latent: Latent) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor], tuple[float, float]]:
    """From a number to a latent, the density of that number, and its range."""
    if latent.kind == "sphere":
        return (
            lambda t: math.sqrt(2) * torch.stack([t.cos(), t.sin()], 1),
            lambda t: torch.full_like(t, 1 / (2 * math.pi)),
            (0.0, 2 * math.pi),
        )
    return (
        lambda t: t[:, None],
        lambda t: latent.log_density(t[:, None]).exp(),
        (-REACH[latent.kind], REACH[latent.kind]),
    )


def _sheet(gan: GAN, *, n: int, side: int, seed: int) -> Explanation:
    reach = REACH[gan.latent.kind]
    z = _lines(side, FINE, reach)
    where, turn = laid_out(gan, z.reshape(-1, 2))
    own = gan.latent.log_density(z.reshape(-1, 2)) - turn.abs().clamp(min=FLAT).log()
    nodes, others, shares = _nodes(gan, side, reach)
    signs = laid_out(gan, gan.latent.sample(seed, range(n)).double())[1] < 0
    rarer = min(int(signs.sum()), n - int(signs.sum()))
    said = (
        f"Colour is the density that this part of the sheet makes, exactly p(z) / |det J|. Turned over (det J of the "
        f"other sign), which only a fold can do, are {share_said(rarer, n)} of the latents; {float(shares):.0%} of the "
        f"density at a sample comes from other parts of the sheet that lie on it, by a mesh of {side} x {side}. "
        + _sparse(gan.latent.log_density(z.reshape(-1, 2)).exp(), turn.abs(), "the area covered")
    )
    arrays = {
        "lines": where.reshape(*z.shape),
        "log_density": own.reshape(z.shape[:2]),
        "turned": turn.reshape(z.shape[:2]) < 0,
        "nodes": nodes,
        "others": others,
        "made": _made(gan, n, seed),
    }
    return _found(gan, arrays, said, seed)


def _lines(side: int, points: int, reach: float) -> Tensor:
    """Latents along `side` lines each way, (2 side, points, 2): many on each, since a line may jump between two."""
    ticks, along = (torch.linspace(-reach, reach, k, dtype=torch.float64) for k in (side, points))
    level, moving = torch.broadcast_tensors(ticks[:, None], along[None])
    return torch.cat([torch.stack([level, moving], -1), torch.stack([moving, level], -1)])


def _nodes(gan: GAN, side: int, reach: float) -> tuple[Tensor, Tensor, Tensor]:
    """Where the crossings of the lines go, the density that other parts of the sheet make there, its mean share."""
    ticks = torch.linspace(-reach, reach, side, dtype=torch.float64)
    z = torch.stack(torch.meshgrid(ticks, ticks, indexing="ij"), -1)
    where, turn = laid_out(gan, z.reshape(-1, 2))
    mass = gan.latent.log_density(z.reshape(-1, 2)).exp()
    others = lying_on(where.reshape(z.shape), mass.reshape(side, side) * float(ticks[1] - ticks[0]) ** 2)
    own = (mass / turn.abs().clamp(min=FLAT)).reshape(side, side)
    share = (mass.reshape(side, side) * others / (own + others)).sum() / mass.sum()
    return where.reshape(z.shape), others, share


def laid_out(gan: GAN, z: Tensor) -> tuple[Tensor, Tensor]:
    """Of latents of two numbers where they go (n, 2), and det J there (n,)."""
    device, dtype = home(gan.generator)
    at = z.to(device, dtype)

    def made(given: Tensor) -> Tensor:
        # A foreign network may work in place on what it is given.
        out: Tensor = gan.generator(given.clone())
        return out

    with evaluating(gan.generator), torch.no_grad():
        first, second = (jvp(made, at, axis.expand_as(at)).double().cpu() for axis in torch.eye(2).to(at))
        where = made(at).double().cpu()
    return where, first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]


def lying_on(nodes: Tensor, mass: Tensor) -> Tensor:
    """At each node (rows, columns, 2) the density made by other parts of the mesh; mass is of a cell at each node.

    The cells are cut into triangles, each of which spreads its mass evenly: a cell that is drawn out between two modes
    is thin, however dense its ends are.
    """
    rows, columns = mass.shape
    number = torch.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    corners = torch.cat([torch.stack(each, -1).reshape(-1, 3) for each in ((a, b, d), (a, d, c))])
    flat = nodes.reshape(-1, 2)
    beside = flat + NEARBY * _shortest(nodes).reshape(-1, 1) * torch.tensor([0.8, 0.6], dtype=flat.dtype)
    tips = flat[corners]
    edges = tips[:, 1:] - tips[:, :1]
    twice = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
    height = mass.reshape(-1)[corners].mean(1) / twice.abs().clamp(min=FLAT)  # half a cell over half of `twice`
    low, high = tips.amin(1), tips.amax(1)
    found = torch.zeros(len(flat), dtype=flat.dtype)
    for part in torch.arange(len(flat)).split(max(1, PAIRS // len(corners))):
        at = beside[part][:, None]
        node, triangle = ((at >= low) & (at <= high)).all(2).nonzero(as_tuple=True)
        node = part[node]
        apart, edge = beside[node] - tips[triangle, 0], edges[triangle]
        one = (apart[:, 0] * edge[:, 1, 1] - apart[:, 1] * edge[:, 1, 0]) / twice[triangle]
        two = (edge[:, 0, 0] * apart[:, 1] - edge[:, 0, 1] * apart[:, 0]) / twice[triangle]
        inside = (one >= 0) & (two >= 0) & (one + two <= 1)
        inside &= (corners[triangle] != node[:, None]).all(1)  # its own triangles are its own part
        found.index_add_(0, node[inside], height[triangle[inside]])
    return found.reshape(rows, columns)


def _shortest(nodes: Tensor) -> Tensor:
    """The shortest edge at each node."""
    found = torch.full(nodes.shape[:2], math.inf, dtype=nodes.dtype)
    down, across = nodes.diff(dim=0).norm(dim=2), nodes.diff(dim=1).norm(dim=2)
    for part, lengths in ((found[:-1], down), (found[1:], down), (found[:, :-1], across), (found[:, 1:], across)):
        torch.minimum(part, lengths, out=part)
    return found


def _slice(gan: GAN, *, n: int, side: int, seed: int) -> Explanation:
    """The two directions that move samples most; on a sphere, seen from the third."""
    latent, sphere = gan.latent, gan.latent.kind == "sphere"
    rows = averaged(gan, k=3 if sphere else 2, n=64, seed=seed).vectors.double()
    offset = math.sqrt(latent.dim) * rows[2] if sphere else torch.zeros(latent.dim, dtype=torch.float64)
    grid = _lines(side, FINE, REACH[latent.kind] * (math.sqrt(latent.dim) if sphere else 1.0))
    where = gan.decode(latent.project((offset + grid.reshape(-1, 2) @ rows[:2]).float())).double().cpu()
    z = latent.sample(seed, range(n))
    made, kept = gan.decode(z).double().cpu(), latent.project((z.double() @ rows.T @ rows).float())
    missed = (made - gan.decode(kept).double().cpu()).square().sum()
    carried = 1 - float(missed / (made - made.mean(0)).square().sum().clamp(min=1e-300))
    estimate = kernel_estimate(made[:KERNELS])
    said = (
        f"A plane through a {latent}, along the two directions that move the samples most. It carries {carried:.0%} of "
        f"the samples' variance (1 less what they miss when the rest of the latent is put to its mean). Colour is a "
        f"{estimate.note}."
    )
    arrays = {"lines": where.reshape(grid.shape), "log_density": estimate.log_density(where).reshape(grid.shape[:2])}
    arrays |= {"made": made, "directions": rows, "carried": torch.tensor(carried)}
    return _found(gan, arrays, said, seed)


def _sparse(mass: Tensor, size: Tensor, what: str) -> str:
    """What share of the latents the sparser half holds: bridges between modes are long and hold next to nothing."""
    order = (mass / size).argsort()
    below = size[order].cumsum(0) <= 0.5 * size.sum()
    return f"The sparser half of {what} holds {float(mass[order][below].sum() / mass.sum()):.2%} of the latents shown."


def share_said(count: int, n: int) -> str:
    seen = wilson(count, n)
    return f"{count / n:.1%} [{seen.low:.1%}, {seen.high:.1%}]"


def _made(gan: GAN, n: int, seed: int) -> Tensor:
    return gan.sample(seed, range(n)).double().cpu()


def _found(gan: GAN, arrays: dict[str, Tensor], said: str, seed: int) -> Explanation:
    return explained(gan, "latent mesh", "density", units=(), arrays=arrays, note=said, seed=seed)
