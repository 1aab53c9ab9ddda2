"""The convergence table of Mescheder et al. 2018, by every game and rule: eigenvalues, closed forms, runs, verdicts.

found = dirac(progress=lambda done, total: None)
found.rows, found.figures["fields"]()

A cell's row is the radius of its update operator and has the closed form's as target; whether eigenvalues, run and
publication agree is counted over all cells at the end. Then the laws where the linear part decides nothing, and how
well cheap proxies rank runs of a game whose equilibrium is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from ganatomy.bench.rows import Illustrated, Reading, Row
from ganatomy.bench.trained import Progress
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.theory.cases import CASES
from ganatomy.theory.convergence import EDGE, Cell, portrait, table
from ganatomy.theory.dirac import dirac as field_of
from ganatomy.theory.proxies import studied, tracking
from ganatomy.theory.steps import RULES, trajectory
from ganatomy.views.canvas import BLUE, INK, ORANGE, QUIET, canvas
from ganatomy.views.dirac import fields

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXACT = "computed, no chance in it"
STUDIED = ("minimax", "ns-r1", "ns-r1-r2", "minimax, R1 0.3", "wasserstein", "wasserstein, R1", "least-squares", "r3")
TRACKS = ("speed", "gap of the scores", "spread of the critic's loss", "critic's loss off its value at rest")
FIELDS = ("minimax", "non-saturating", "wasserstein", "least-squares", "ns-r1", "ns-r1-r2", "wasserstein-gp", "r3")
SHADES = {"converges": BLUE, "circles": QUIET, "leaves": ORANGE}  # and the words, for those who see no colours
PALE = 0.75  # of a cell's shade: its number stands on it


def dirac(*, progress: Progress) -> Illustrated:
    cells = list(table(progress=progress))
    rows = (*map(cell_row, cells), *agreement(cells), *laws(), *tracked())
    return Illustrated(rows, {"fields": drawn_fields, "table": partial(drawn_table, cells)})


def drawn_fields() -> Figure:
    return fields([portrait(name) for name in FIELDS])


def cell_row(cell: Cell) -> Row:
    said = "nothing published"
    if cell.published is not None:
        said = f"published: {'converges' if cell.published.converges else 'does not'}, {cell.published.source}"
    closed = float(np.abs(cell.closed).max())
    ran = "" if cell.ran == cell.verdict else f", but the run {cell.ran}"
    name = f"{cell.case.name}, {cell.rule.name}: {cell.verdict}{ran} ({said})"
    slack = EDGE * max(1.0, closed)
    return _row(name, cell.radius, f"radius; by hand {closed:.6g}", at_most=closed + slack, at_least=closed - slack)


def agreement(cells: list[Cell]) -> list[Row]:
    known = [cell for cell in cells if cell.published is not None]
    smooth = [abs(cell.growth - cell.radius) for cell in cells if cell.radius < 2.0]  # the others leave at once
    furthest = max(cell.apart for cell in cells)
    return [
        _row("cells that agree", sum(cell.agree for cell in cells), f"of {len(cells)}", at_least=len(cells)),
        _row("published ones that agree", sum(cell.agree for cell in known), f"of {len(known)}", at_least=len(known)),
        _row("eigenvalues off the closed forms, at most", furthest, "of the largest", at_most=EDGE),
        _row("growth of a run off the radius, at most", max(smooth, default=0.0), "a round", at_most=0.01),
    ]


def laws(*, rounds: int = 2000, h: float = 0.4) -> list[Row]:
    """The non-saturating game, whose eigenvalues lie on the imaginary axis: what its third order does."""
    field, start = field_of(CASES["non-saturating"].game), torch.ones(2, dtype=torch.float64)
    creeping = trajectory(field, RULES["alternating"], start=start, h=0.1, rounds=rounds)
    circling = trajectory(field, RULES["simultaneous"], start=start, h=h, rounds=600)[-200:]
    near = float(creeping[-1].norm()) / math.sqrt(8 / (0.1 * rounds))
    cycle = float(circling.norm(dim=1).mean()) / math.sqrt(2 * h)
    return [
        _row(
            f"non-saturating, alternating: distance after {rounds} rounds",
            near,
            "of sqrt(8 / (h rounds))",
            at_most=1.03,
            at_least=0.97,
        ),
        _row("non-saturating, simultaneous: radius of the cycle", cycle, "of sqrt(2 h)", at_most=1.01, at_least=0.99),
    ]


def tracked(*, rounds: int = 400) -> list[Row]:
    """Sixteen runs of the game of a bell and a parabola."""
    found = tracking(*studied([CASES[name] for name in STUDIED], rounds=rounds))
    unit = "rank correlation with the distance to the equilibrium"
    return [_row(f"proxy: {name}", rho, unit, at_least=0.6 if name in TRACKS else None) for name, rho in found.items()]


def drawn_table(cells: Sequence[Cell]) -> Figure:
    """A line a game, a column a rule: verdict and radius, in bold where there is a published verdict."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    games = list(dict.fromkeys(cell.case.name for cell in cells))
    rules = list(dict.fromkeys(cell.rule.name for cell in cells))
    figure, ax = canvas(1.9 + 1.2 * len(rules), 0.9 + 0.22 * len(games))
    for cell in cells:
        place = rules.index(cell.rule.name), games.index(cell.case.name)
        pale = [PALE + (1 - PALE) * part for part in to_rgb(SHADES[cell.verdict])]
        ax.add_patch(Rectangle(place, 1, 1, facecolor=pale, edgecolor="white", lw=1.5))
        said, weight = _short(cell), "normal" if cell.published is None else "bold"
        ax.text(place[0] + 0.5, place[1] + 0.5, said, ha="center", va="center", fontsize=7, weight=weight, color=INK)
    ax.set(xlim=(0, len(rules)), ylim=(len(games), 0), xticks=np.arange(len(rules)) + 0.5, xticklabels=rules)
    ax.set(yticks=np.arange(len(games)) + 0.5, yticklabels=games)
    ax.tick_params(length=0, labelsize=8, top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)
    ax.set_xlabel(
        "radius of a round's update at the equilibrium; bold: published, too; *: something disagrees", fontsize=7
    )
    return figure


def _short(cell: Cell) -> str:
    radius = f"{cell.radius:.4f}" if cell.radius < 10 else f"{cell.radius:.1e}"
    return f"{cell.verdict} {radius}{'' if cell.agree else ' *'}"


def _row(name: str, value: float, unit: str, *, at_most: float | None = None, at_least: float | None = None) -> Row:
    exact = Reading(float(value), Interval(float(value), float(value), 0.95, EXACT))
    return Row(name, exact, unit, at_most=at_most, at_least=at_least)
