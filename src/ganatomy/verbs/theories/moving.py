"""Theory of the game as it moves: does it converge, how does it turn, and what tells so cheaply.

shown = dirac(progress)
print(shown.said, shown.table())
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganatomy.games.named import GAMES
from ganatomy.games.penalties import r1
from ganatomy.games.players import Batch, Players
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.theory.cases import CASES, PUBLISHED, Case, Published
from ganatomy.theory.convergence import CLOSED, RATE, apart, as_published, by_method, cycle, portrait, verdict
from ganatomy.theory.dirac import dirac as dirac_field
from ganatomy.theory.dirac import quadratic
from ganatomy.theory.field import Field
from ganatomy.theory.proxies import proxies as readings
from ganatomy.theory.proxies import studied, tracking
from ganatomy.theory.spectra import PathAngle, Spectrum, path_angle, spectrum
from ganatomy.theory.steps import RULES, multipliers, trajectory
from ganatomy.verbs.theories.shown import Cell, Progress, Shown
from ganatomy.views.dirac import fields
from ganatomy.views.spectra import angles, eigenvalue_maps
from ganatomy.views.theory_curves import ranked

Floats = NDArray[np.float64]
GRADIENT = ("simultaneous", "alternating")
DRAWN = (
    "minimax",
    "non-saturating",
    "wasserstein",
    "wasserstein-gp",
    "minimax, noise 1",
    "minimax, R1 0.3",
    "ns-r1",
    "r3",
)
QUADRATIC = ("minimax", "ns-r1", "ns-r1-r2", "least-squares", "wasserstein", "wasserstein, R1")
SAMPLES, UNITS, TRAINED = 128, (16, 16), 300  # of the network game: quantiles, hidden units, rounds
STUDIED = ("minimax", "ns-r1", "ns-r1-r2", "minimax, R1 0.3", "wasserstein", "wasserstein, R1", "least-squares", "r3")
DIRECTIONS = 24
LINEAR = ((1.0, 0.0), (0.3, 1.0), (0.0, 1.0))  # pull and turn
OFF = 0.2
THROUGH = (-0.5, 0.0, 0.25, 0.499, 0.5, 0.501, 0.75, 1.0, 1.5)  # the curve steps at 0.5
SPECTRAL = ("speed", "rotation", "expansion", "contraction", "largest_rate")


def dirac(progress: Progress) -> Shown:
    """Every game under simultaneous and alternating steps: eigenvalues by autograd, by hand, and what was published."""
    rows: list[tuple[Cell, ...]] = []
    judged: list[tuple[Published | None, str]] = []
    worst = 0.0
    for done, (name, case) in enumerate(CASES.items()):
        row: list[Cell] = [name]
        for rule in GRADIENT:
            cells, so, off = _under(case, rule)
            row += cells
            judged.append((PUBLISHED.get((name, rule)), so))
            worst = max(worst, off)
        said = dict.fromkeys(str(published) for published, _ in judged[-len(GRADIENT) :] if published is not None)
        rows.append((*row, "; ".join(said) or "-"))
        progress(done + 1, len(CASES))
    names = ("game", "simultaneous", "by hand", "so it", "alternating", "by hand ", "so it ", "published")
    return Shown(
        f"eigenvalues equal the closed forms within {worst:.1g}; {_held(judged)}",
        names,
        tuple(rows),
        lambda: fields([portrait(name, rounds=150) for name in DRAWN]),
    )


def _under(case: Case, rule: str) -> tuple[list[Cell], str, float]:
    """Radius, radius by hand and what follows; the word for it; how far the eigenvalues are off."""
    field = dirac_field(case.game)
    if case.tip:
        found_cycle = cycle(field, RULES[rule])
        return ["-", "-", f"{found_cycle.ran}, |θ| {found_cycle.size:.2f}"], found_cycle.ran, 0.0
    found, closed = multipliers(field, RULES[rule], RATE), CLOSED[rule](case.local, RATE)
    radius = float(np.abs(found).max())
    so = verdict(radius)
    return [radius, float(np.abs(closed).max()), so], so, apart(found, closed)


def _held(judged: Sequence[tuple[Published | None, str]]) -> str:
    """What was read is counted, by method and by cell, and what the linear part leaves open is counted apart."""
    methods = by_method(judged)
    read = [as_published(each, so) for each, so in judged if each is not None and each.confirmed]
    decided = [each for each in read if each is not None]
    return (
        f"{sum(map(bool, methods.values()))} of {len(methods)} published verdicts on methods agree, with "
        f"{sum(decided)} of {len(decided)} decided cells of theirs; {len(read) - len(decided)} more are undecided"
    )


def spectra(progress: Progress) -> Shown:
    """The game of a bell and a parabola at rest, and small networks at two places."""
    found: dict[str, Spectrum] = {}
    for name in QUADRATIC:
        field = quadratic(CASES[name].game)
        found[f"{name}, at rest"] = spectrum(field, field.start)
        progress(len(found), len(QUADRATIC) + 2)
    network = _networks()
    later = trajectory(network, RULES["alternating"], start=network.start, h=0.05, rounds=TRAINED)[-1]
    for name, place in (("networks, at the start", network.start), (f"networks, {TRAINED} rounds later", later)):
        found[name] = spectrum(network, place)
        progress(len(found), len(QUADRATIC) + 2)
    rows: list[tuple[Cell, ...]] = []
    for name, each in found.items():
        numbers: list[float] = [_still(float(getattr(each, what))) for what in SPECTRAL]
        rows.append((name, each.weights, *numbers))
    names = ("game and place", "weights", "|v|", "rotation", "largest real part", "contraction", "rates below")
    slow = found["minimax, at rest"]
    turns = max(abs(value.imag / value.real) for value in slow.values)
    said = f"the slowest part of the minimax game turns {turns:.3g} times as fast as it shrinks"
    return Shown(said, names, tuple(rows), lambda: eigenvalue_maps(found))


def angle(progress: Progress) -> Shown:
    """Along a line past the rest of a linear field, where the curve is known; then the Dirac game from all sides."""
    linear, averaged = {}, {}
    rows: list[tuple[Cell, ...]] = []
    for pull, turn in LINEAR:
        found, known = _past_a_linear_rest(pull, turn)
        name = f"pull {pull:g}, turn {turn:g}"
        linear[name] = (found, known)
        rows.append((f"linear, {name}", float(found.cosine[0]), float(known[0]), pull / math.hypot(pull, turn)))
    for done, (name, field, consensus, jacobian) in enumerate(_damped()):
        averaged[name], by_hand, damping = _averaged(field, consensus, jacobian)
        rows.append((name, float(averaged[name].cosine[0]), by_hand, damping))
        progress(done + 1, 4)
    off = max(float(np.abs(found.cosine - known).max()) for found, known in linear.values())
    low = max(float(row[3]) - float(row[1]) for row in rows[len(LINEAR) :])
    return Shown(
        f"past a linear rest the whole curve is the known one within {off:.1g}; in the Dirac game its height, averaged "
        f"over {DIRECTIONS} directions, is at most {low:.2g} below the damping",
        ("game", "cosine at the start", "by hand", "damping, |Re| / |eigenvalue|"),
        tuple(rows),
        lambda: angles(linear, averaged),
    )


def proxies(progress: Progress) -> Shown:
    """Sixteen runs of the game of a bell and a parabola, whose rest is known."""
    runs, distances = studied([CASES[name] for name in STUDIED], rounds=200)
    progress(1, 1)
    found = tracking(runs, distances)
    rows = tuple(sorted(found.items(), key=lambda item: -abs(item[1])))
    each = [readings(run) for run in runs]
    drawn = {name: [one[name] for one in each] for name in ("gap of the scores", "speed")}
    best, worst = rows[0], rows[-1]
    return Shown(
        f"over {len(runs)} runs {best[0]} goes best with the distance to rest ({best[1]:.2f}), {worst[0]} least "
        f"({worst[1]:.2f}); on networks this need not hold",
        ("reading", "rank correlation"),
        rows,
        lambda: ranked(found, drawn, distances),
    )


def _networks() -> Field:
    """A bell of quantiles against networks, every sample the same each round."""
    made = MLP(Format.point(1), Normal(1), hidden=UNITS, critic_hidden=UNITS, dropout=0.0)
    nodes = torch.special.ndtri((torch.arange(SAMPLES, dtype=torch.float64) + 0.5) / SAMPLES)[:, None]
    batch = Batch(1 + 0.5 * nodes, nodes, stream=Stream(0, "theory/networks"), indices=range(SAMPLES))
    return Field(GAMES["ns-r1"], Players(made.generator(0), made.critic(1)), batch)


def _still(value: float) -> float:
    """What rounding leaves of 0 is 0."""
    return 0.0 if abs(value) < 1e-12 else value


def _past_a_linear_rest(pull: float, turn: float) -> tuple[PathAngle, Floats]:
    """v = A w, A = [[-a, -b], [b, -a]], on a line past 0 at a distance e: -(a s + b e) / (|(a, b)| |(s, e)|)."""
    matrix = torch.tensor([[-pull, -turn], [turn, -pull]], dtype=torch.float64)
    first, last = (torch.tensor([s, OFF], dtype=torch.float64) for s in (-1.0, 1.0))
    found = path_angle(lambda weights: matrix @ weights, first, last)
    s = 2 * found.places - 1
    return found, -(pull * s + turn * OFF) / (math.hypot(pull, turn) * np.hypot(s, OFF))


def _damped() -> list[tuple[str, Field, float, Floats]]:
    """Games with their weight of consensus, and the Jacobian of the whole by hand."""
    plain = dirac_field(GAMES["minimax"])
    made = [("minimax", plain, 0.0, np.array([[0.0, -0.5], [0.5, 0.0]]))]
    for gamma in (0.3, 0.7):
        field = dirac_field(replace(GAMES["minimax"], terms=(r1(gamma),)))
        made.append((f"minimax, R1 of {gamma:g}", field, 0.0, np.array([[-gamma, -0.5], [0.5, 0.0]])))
    return [*made, ("minimax, consensus of 1", plain, 1.0, np.array([[-0.25, -0.5], [0.5, -0.25]]))]


def _averaged(field: Field, consensus: float, jacobian: Floats) -> tuple[PathAngle, float, float]:
    """The mean curve over lines through rest, its height by hand, and the damping."""

    def v(weights: Tensor) -> Tensor:
        here = field.at(weights)
        return here.value - consensus * here.pull(here.value)

    curves, by_hand = [], []
    for turn in np.linspace(0, math.pi, DIRECTIONS, endpoint=False):
        way = np.array([math.cos(turn), math.sin(turn)])
        pulled = jacobian @ way
        by_hand.append(float(-pulled @ way / np.linalg.norm(pulled)))
        line = 1e-3 * torch.from_numpy(way)
        curves.append(path_angle(v, -line, line, places=THROUGH))
    cosine, speed = (np.mean([getattr(each, name) for each in curves], axis=0) for name in ("cosine", "speed"))
    value = np.linalg.eigvals(jacobian)[0]
    return PathAngle(curves[0].places, cosine, speed), float(np.mean(by_hand)), float(abs(value.real) / abs(value))
