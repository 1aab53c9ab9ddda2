"""How long a way is in pictures, and the shortest way there is.

    found = length(seen, way, label)                    # value, energy, error, converged
    geodesics(gan, 4, seed=0)                           # shortest paths between samples, and what they save

Length: the sum of chords over ever finer steps, until halving them changes it little. Energy: k sum |chord|^2 for k
chords, the integral of squared speed without one half; at least length^2, equal at constant speed. A geodesic makes
the energy of a chain of latents smallest (Shao, Kumar & Fletcher 2018). A chain of few latents could step over a ridge
without paying for it, so what a geodesic saves is measured on the fine path.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import DivergedError, UsageError
from ganatomy.explain.latent.explained import Row, explained, stacked
from ganatomy.explain.latent.panel import within
from ganatomy.explain.latent.paths import Path, between, spread
from ganatomy.explain.latent.surface import Surface, surface
from ganatomy.explain.passes import BLOCK, Progress
from ganatomy.features.space import FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent
from ganatomy.numerics.random import Stream
from ganatomy.results.explanation import Explanation

COARSE, FINE = 16, 1024  # chords at first and at most
TOLERANCE = 1e-3  # relative change at which a length counts as found
PARTS = 3  # searches a pair
BUMP, NUDGE = 0.1, 0.01  # how far, as a share of the distance, a chain is pushed off for another start


@dataclass(frozen=True)
class Length:
    """`error` is what the last halving of the steps changed; `chords` how many there were then."""

    value: float
    energy: float
    error: float
    chords: int
    converged: bool


def chords(seen: Surface, way: Path, many: int, label: Tensor | None = None) -> Tensor:
    """Lengths of the steps of an even chain of points, (many,), block by block."""
    t = torch.linspace(0, 1, many + 1, dtype=seen.dtype, device=seen.device)
    parts, last = [], None
    with torch.no_grad():
        for first in range(0, many + 1, BLOCK):
            here = t[first : first + BLOCK]
            made = seen(way(here), spread(label, len(here)))
            chain = made if last is None else torch.cat([last, made])
            parts.append((chain[1:] - chain[:-1]).norm(dim=1))
            last = made[-1:]
    return torch.cat(parts)


def length(
    seen: Surface, way: Path, label: Tensor | None = None, *, tolerance: float = TOLERANCE, most: int = FINE
) -> Length:
    """Halve the steps until the length changes by at most `tolerance` of itself, or there are `most` of them."""
    if most < 2 * COARSE or not tolerance > 0:
        raise UsageError(
            f"a length from {most} chords to {tolerance} was asked for", f"at least {2 * COARSE} chords, above 0"
        )
    many, before = COARSE, float(chords(seen, way, COARSE, label).double().sum())
    while True:
        many *= 2
        steps = chords(seen, way, many, label).double()
        value = float(steps.sum())
        error = abs(value - before)
        if error <= tolerance * value or 2 * many > most:
            break
        before = value
    return Length(value, float(steps.square().sum()) * many, error, many, error <= tolerance * value)


def geodesics(
    gan: GAN,
    pairs: int = 4,
    *,
    seed: int = 0,
    inner: int = 15,
    rounds: int = 60,
    space: FeatureSpace | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Shortest chains of `inner` latents between consecutive samples, from two starts, and the floor of the saving.

    The floor: how far the length changes when the best chain is pushed a little and found again, plus the errors of
    both lengths. A saving below it is none.
    """
    if pairs < 1 or inner < 1 or rounds < 1:
        raise UsageError(
            f"{pairs} geodesics of {inner} latents in {rounds} rounds were asked for", "one or more of each"
        )
    seen = surface(gan, space, double=False)  # what rounding does to a length shows in the floor
    if not seen.backward:
        raise UsageError(
            "geodesics of a generator without gradients were asked for", "interpolation and continuity need none"
        )
    rows: list[Row] = []
    for pair in range(pairs):
        told = within(progress, pair * PARTS, pairs * PARTS)
        rows.append(_geodesic(seen, pair, seed=seed, inner=inner, rounds=rounds, progress=told))
    arrays = stacked(rows)
    saved = int((arrays["saved"] > arrays["floor"]).sum())
    share = float((arrays["saved"] / arrays["straight"].clamp(min=1e-300)).median())
    note = (
        f"{saved} of {pairs} shortest paths are shorter than the straight ones by more than the optimiser's floor; "
        f"the median saving is {share:.2%} of the length. Lengths in {seen.name}. {seen.note}"
    )
    if not bool(arrays["converged"].all()):
        note = f"{note.strip()} Some lengths were still changing at {FINE} steps: `error` says by how much."
    units = [f"{2 * pair} to {2 * pair + 1}" for pair in range(pairs)]
    return explained(gan, "geodesics", seen.name, units=units, arrays=arrays, note=note, seed=seed)


def chain_path(latent: Latent, chain: Tensor) -> Path:
    """Straight from latent to latent of a chain (k + 1, dim), each stretch in the same time."""

    def way(t: Tensor) -> Tensor:
        place = (t * (len(chain) - 1)).clamp(max=len(chain) - 1)
        here = place.floor().long().clamp(max=len(chain) - 2)
        return latent.project(torch.lerp(chain[here], chain[here + 1], (place - here)[:, None]))

    return way


def shortest(seen: Surface, chain: Tensor, label: Tensor | None = None, *, rounds: int) -> Tensor:
    """The chain with the least energy that L-BFGS finds from this one; both ends stay."""
    ends = chain[:1], chain[-1:]
    free = chain[1:-1].clone().requires_grad_()
    scale = max(float(_energy(seen, chain, label).detach()), 1e-30)
    optimiser = torch.optim.LBFGS([free], max_iter=rounds, line_search_fn="strong_wolfe", tolerance_grad=1e-10)

    def closure() -> Tensor:
        optimiser.zero_grad()
        kept = torch.cat([ends[0], seen.gan.latent.project(free), ends[1]])
        # In units of the first chain's energy, so that tolerances mean the same for every generator.
        energy = _energy(seen, kept, label) / scale
        (slope,) = torch.autograd.grad(energy, free)
        free.grad = slope.contiguous()  # L-BFGS lays it flat
        return energy.detach()

    with torch.enable_grad():
        optimiser.step(closure)
    if not bool(torch.isfinite(free).all()):
        raise DivergedError("the latents of a geodesic left the finite range", "ask for fewer rounds")
    return torch.cat([ends[0], seen.gan.latent.project(free.detach()), ends[1]])


def _energy(seen: Surface, chain: Tensor, label: Tensor | None) -> Tensor:
    made = seen(chain, spread(label, len(chain)))
    return (made[1:] - made[:-1]).square().sum() * (len(chain) - 1)


def _geodesic(seen: Surface, pair: int, *, seed: int, inner: int, rounds: int, progress: Progress | None) -> Row:
    way, label = between(seen, pair, seed=seed)
    t = torch.linspace(0, 1, inner + 2, dtype=seen.dtype, device=seen.device)
    straight, latent = way(t), seen.gan.latent
    before = length(seen, way, label)

    def settled(start: Tensor, part: int) -> tuple[Tensor, Length]:
        chain = shortest(seen, start, label, rounds=rounds)
        far = length(seen, chain_path(latent, chain), label)
        if progress is not None:
            progress(part, PARTS)
        return chain, far

    stream = Stream(seed, "geodesic")
    starts = (straight, pushed_off(latent, straight, stream.child("bump"), pair, share=BUMP))
    found = [settled(start, part) for part, start in enumerate(starts, 1)]
    chain, best = min([(straight, before), *found], key=lambda one: one[1].value)  # a chain may be no shorter
    _, again = settled(pushed_off(latent, chain, stream.child("nudge"), pair, share=NUDGE), PARTS)
    return {
        "chain": chain.float(),
        "norms": chain.norm(dim=1) / latent.dim**0.5,
        "straight": before.value,
        "shortest": best.value,
        "saved": before.value - best.value,
        "floor": abs(best.value - again.value) + before.error + best.error,
        "error": before.error + best.error,
        "energy_straight": before.energy,
        "energy_shortest": best.energy,
        "converged": before.converged and best.converged,
    }


def pushed_off(latent: Latent, chain: Tensor, stream: Stream, index: int, *, share: float) -> Tensor:
    """The chain bent to one random side, most in the middle and not at its ends."""
    side = stream.normal(range(index, index + 1), latent.dim, dtype=torch.float64)[0].to(chain)
    far = share * (chain[-1] - chain[0]).norm()
    bow = torch.sin(torch.linspace(0, torch.pi, len(chain), dtype=chain.dtype, device=chain.device))
    bent = latent.project(chain + bow[:, None] * (far * side / side.norm()))
    return torch.cat([chain[:1], bent[1:-1], chain[-1:]])
