"""Whether maps and concepts go together: pooled overlap, correlation, and p-values from the law of permutations.

    overlap = Overlap.of(on, masks) + ...            # on (n, units, pixels), masks (n, concepts, pixels), float 0 or 1
    overlap.iou(), overlap.ceiling(), overlap.link.p("greater")
    link = link_of(grades, scores) + ...             # (n, units) against (n, concepts)

The null: within each group of GROUP pictures any map could have met any concept. The statistic sum_i A(i, s(i)) over a
random permutation s has moments in closed form (Hoeffding 1951): with D = A less its row and column means,
mean = sum A / g, variance = sum D^2 / (g - 1), third moment = g sum D^3 / ((g - 1) (g - 2)). They add up over groups,
and p is that of the gamma law with the three (Pearson III). A unit that is always on where a concept always is shows
nothing by this. Too few groups in which both vary decide nothing: p = 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

GROUP = 16  # pictures among which a permutation goes
FEWEST = 10.0  # groups that must speak, at the least, counted by their share of the variance


@dataclass(frozen=True, eq=False)
class Link:
    """Sums over groups for every unit and concept, float64 (units, concepts); `squares` is the sum of variance^2."""

    excess: Tensor
    variance: Tensor
    third: Tensor
    squares: Tensor

    def __add__(self, other: Link) -> Link:
        return Link(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def groups(self) -> Tensor:
        """How many groups speak: 1 / sum of the squared shares of the variance."""
        return torch.where(self.squares > 0, self.variance.square() / self.squares.clamp(min=1e-300), 0.0)

    def p(self, alternative: str) -> Tensor:
        """Of the tail above ("greater"), or twice the smaller tail ("two-sided")."""
        speaks = (self.groups() >= FEWEST) & (self.variance > 0)
        sd = self.variance.clamp(min=1e-300).sqrt()
        z, skew = self.excess / sd, self.third / sd**3
        above = _above(z, skew)
        if alternative == "two-sided":
            above = (2 * torch.minimum(above, _above(-z, -skew))).clamp(max=1)
        return torch.where(speaks, above, 1.0)


@dataclass(frozen=True, eq=False)
class Overlap:
    """Counts of pixels on in a unit, in a concept and in both, (units, concepts) but for `area`, and their link."""

    pixels: int
    on: Tensor
    area: Tensor
    both: Tensor
    link: Link

    @classmethod
    def of(cls, on: Tensor, masks: Tensor) -> Overlap:
        both = torch.zeros(on.shape[1], masks.shape[1], dtype=torch.float64, device=on.device)
        links = []
        for some, those in _grouped(on, masks):
            meet = torch.einsum("iup,jcp->uicj", some, those).permute(0, 2, 1, 3)
            both = both + meet.diagonal(dim1=2, dim2=3).double().sum(2)
            links.append(_moments(meet))
        units, concepts = on.shape[1], masks.shape[1]
        return cls(
            len(on) * on.shape[2],
            on.sum((0, 2), dtype=torch.float64)[:, None].expand(units, concepts).cpu(),
            masks.sum((0, 2), dtype=torch.float64).cpu(),
            both.cpu(),
            sum(links[1:], links[0]),
        )

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(
            self.pixels + other.pixels,
            self.on + other.on,
            self.area + other.area,
            self.both + other.both,
            self.link + other.link,
        )

    def iou(self) -> Tensor:
        """Over all pixels of all pictures; 0 where neither was ever seen."""
        return self.both / (self.on + self.area - self.both).clamp(min=1)

    def ceiling(self) -> Tensor:
        """The largest that the on-rate and the area allow: the smaller over the larger."""
        return torch.minimum(self.on, self.area) / torch.maximum(self.on, self.area).clamp(min=1)


def beside(parts: Sequence[Overlap]) -> Overlap:
    """Of more units, over the same pictures and concepts."""
    link = Link(*(torch.cat([getattr(part.link, f.name) for part in parts]) for f in fields(Link)))
    on, both = (torch.cat([getattr(part, name) for part in parts]) for name in ("on", "both"))
    return Overlap(parts[0].pixels, on, parts[0].area, both, link)


@dataclass(frozen=True, eq=False)
class Cross:
    """Running means, squares and products of two tables with the same rows, (n, a) and (n, b), float64."""

    n: int
    means: tuple[Tensor, Tensor]
    squares: tuple[Tensor, Tensor]
    products: Tensor

    @classmethod
    def of(cls, a: Tensor, b: Tensor) -> Cross:
        x, y = a.double().cpu(), b.double().cpu()
        means = (x.mean(0), y.mean(0))
        x, y = x - means[0], y - means[1]
        return cls(len(x), means, (x.square().sum(0), y.square().sum(0)), x.T @ y)

    def __add__(self, other: Cross) -> Cross:
        n, weight = self.n + other.n, self.n * other.n / (self.n + other.n)
        a, b = (theirs - mine for mine, theirs in zip(self.means, other.means, strict=True))
        means = (self.means[0] + a * (other.n / n), self.means[1] + b * (other.n / n))
        squares = (
            self.squares[0] + other.squares[0] + a.square() * weight,
            self.squares[1] + other.squares[1] + b.square() * weight,
        )
        return Cross(n, means, squares, self.products + other.products + torch.outer(a, b) * weight)

    def correlation(self) -> Tensor:
        """Pearson's, (a, b); 0 where one of the two is constant, up to rounding."""
        flat = [s <= 1e-20 * self.n * (1e-30 + m.square()) for s, m in zip(self.squares, self.means, strict=True)]
        size = torch.outer(self.squares[0].sqrt(), self.squares[1].sqrt())
        found = self.products / size.clamp(min=1e-300)
        return torch.where(flat[0][:, None] | flat[1][None, :], 0.0, found).clamp(-1, 1)


def link_of(a: Tensor, b: Tensor) -> Link:
    """The link of products, A(i, j) = a_i b_j, of every column of `a` with every one of `b`."""
    links = []
    for x, y in _grouped(a.double().cpu(), b.double().cpu()):
        g = len(x)
        x, y = x - x.mean(0), y - y.mean(0)
        if g < 3:
            nothing = torch.zeros(x.shape[1], y.shape[1], dtype=torch.float64)
            links.append(Link(x.T @ y, nothing, nothing, nothing))
            continue
        variance = torch.outer(x.square().sum(0), y.square().sum(0)) / (g - 1)
        third = torch.outer(x.pow(3).sum(0), y.pow(3).sum(0)) * (g / ((g - 1) * (g - 2)))
        links.append(Link(x.T @ y, variance, third, variance.square()))
    return sum(links[1:], links[0])


def _grouped(a: Tensor, b: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The last group takes what is left, so that none has fewer than GROUP where there are as many."""
    starts = range(0, max(len(a) - GROUP + 1, 1), GROUP)
    for number, first in enumerate(starts):
        last = len(a) if number == len(starts) - 1 else first + GROUP
        yield a[first:last], b[first:last]


def _moments(meet: Tensor) -> Link:
    """Of A (units, concepts, g, g)."""
    g = meet.shape[-1]
    meet = meet.double()  # counts are exact, and so is what is constant
    centred = meet - meet.mean(-1, keepdim=True)
    centred = centred - centred.mean(-2, keepdim=True)
    excess = centred.diagonal(dim1=2, dim2=3).sum(2).cpu()
    if g < 3:  # no law to speak of
        nothing = torch.zeros_like(excess)
        return Link(excess, nothing, nothing, nothing)
    square = centred.square()
    variance = square.sum((2, 3)).cpu() / (g - 1)
    third = (square * centred).sum((2, 3)).cpu() * (g / ((g - 1) * (g - 2)))
    return Link(excess, variance, third, variance.square())


def _above(z: Tensor, skew: Tensor) -> Tensor:
    """P(Z >= z) for the gamma law with mean 0, variance 1 and this skewness; the normal law where there is none."""
    from scipy.special import gammainc, gammaincc, ndtr

    plain = torch.from_numpy(ndtr(-z.numpy()))
    bent = skew.abs().clamp(min=1e-4)
    shape = 4 / bent.square()
    place = (shape + torch.sign(skew) * z * shape.sqrt()).clamp(min=0)
    right = torch.from_numpy(gammaincc(shape.numpy(), place.numpy()))
    left = torch.from_numpy(gammainc(shape.numpy(), place.numpy()))
    return torch.where(skew.abs() < 1e-3, plain, torch.where(skew > 0, right, left))
