"""The convergence table of Mescheder et al. 2018, by every game and rule: eigenvalues, closed forms, runs, verdicts.

found = dirac(progress=lambda done, total: None)
found.rows, found.figures["fields"]()

A cell's row is the radius of its update operator and has the closed form's as target, or the size of a limit cycle
where the game has no Jacobian at rest. At the end it is counted where eigenvalues, run and publication agree: cells
that are decided, cells at radius 1, where the linear part decides nothing, and methods whose verdict was read. Then the
laws of the third order, and how well cheap proxies rank runs of a game whose rest is known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from ganatomy.bench.rows import Illustrated, Reading, Row
from ganatomy.bench.trained import Progress
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.theory.cases import CASES, CYCLES
from ganatomy.theory.convergence import EDGE, Cell, as_published, by_method, portrait, table
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
# And the words, for those who see no colours.
SHADES = {"converges": BLUE, "circles": QUIET, "leaves": ORANGE, "cycles": ORANGE}
PALE = 0.75  # of a cell's shade: its number stands on it
SAID = {"circles": "circles, undecided", "cycles": "not differentiable at rest, limit cycle"}
NOTE = (
    "radius of a round's update at the equilibrium; circles: it decides nothing; cycles: no radius, mean |θ| instead\n"
    "bold: a published verdict on the method was read; *: something disagrees"
)
NEAR = 0.04  # how near a cycle's size is to the one found elsewhere, as a share: it hangs on where a turn is cut


def dirac(*, progress: Progress) -> Illustrated:
    cells = list(table(progress=progress))
    rows = (*map(cell_row, cells), *agreement(cells), *laws(), *tracked())
    return Illustrated(rows, {"fields": drawn_fields, "table": partial(drawn_table, cells)})


def drawn_fields() -> Figure:
    return fields([portrait(name) for name in FIELDS])


def cell_row(cell: Cell) -> Row:
    ran = "" if cell.ran == cell.verdict else f", but the run {cell.ran}"
    said = f"{SAID.get(cell.verdict, cell.verdict)}{ran} ({cell.published or 'nothing published'})"
    name = f"{cell.case.name}, {cell.rule.name}: {said}"
    if cell.cycle is not None:
        size, unit = CYCLES.get(cell.rule.name), "mean distance of theta on the cycle, target slope 1"
        ends = (None, None) if size is None else ((1 + NEAR) * size, (1 - NEAR) * size)
        return _row(name, cell.cycle.size, unit, at_most=ends[0], at_least=ends[1])
    closed = float(np.abs(cell.closed).max())
    slack = EDGE * max(1.0, closed)
    return _row(name, cell.radius, f"radius; by hand {closed:.6g}", at_most=closed + slack, at_least=closed - slack)


def agreement(cells: list[Cell]) -> list[Row]:
    """What can be held against another, and, apart, what cannot: radius 1 bears no verdict out and none down."""
    smooth = [cell for cell in cells if cell.cycle is None]
    growth = (abs(cell.growth - cell.radius) for cell in smooth)
    decided, undecided = ([cell.agree for cell in cells if cell.decided is so] for so in (True, False))
    return [
        _counted("decided cells where eigenvalues or cycle, run and publication agree", decided),
        _counted("undecided cells (radius 1) where the run circles, too", undecided),
        *_published(cells),
        _row(
            "eigenvalues off the closed forms, at most",
            _largest(c.apart for c in smooth),
            "of the largest",
            at_most=EDGE,
        ),
        _row("growth of a run off the radius, at most", _largest(growth), "a round", at_most=0.01),
    ]


def _published(cells: list[Cell]) -> list[Row]:
    """By method, as it was read, and by cell; what is remembered has no target."""
    methods = by_method((cell.published, cell.held) for cell in cells)
    read, read_open = _against(cells, confirmed=True)
    remembered, remembered_open = _against(cells, confirmed=False)
    name = "remembered verdicts, not confirmed"
    return [
        _counted("published verdicts on methods that agree", [bool(each) for each in methods.values()]),
        _counted("decided cells of these methods that agree", read),
        _row("undecided cells of these methods", read_open, f"of {len(read) + read_open}"),
        _row(f"{name}: decided cells that agree", sum(remembered), f"of {len(remembered)}"),
        _row(f"{name}: undecided cells", remembered_open, f"of {len(remembered) + remembered_open}"),
    ]


def _against(cells: list[Cell], *, confirmed: bool) -> tuple[list[bool], int]:
    """Whether decided cells do what was published, and how many more are undecided."""
    known = [each for each in cells if each.published is not None and each.published.confirmed is confirmed]
    found = [as_published(each.published, each.held) for each in known]
    decided = [each for each in found if each is not None]
    return decided, len(found) - len(decided)


def _counted(name: str, held: Sequence[bool]) -> Row:
    return _row(name, sum(held), f"of {len(held)}", at_least=len(held))


def _largest(values: Iterable[float]) -> float:
    return max(values, default=0.0)


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
    """A line a game, a column a rule: verdict and radius, in bold where a published verdict was read."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    games = list(dict.fromkeys(cell.case.name for cell in cells))
    rules = list(dict.fromkeys(cell.rule.name for cell in cells))
    figure, ax = canvas(1.9 + 1.2 * len(rules), 0.9 + 0.22 * len(games))
    for cell in cells:
        place = rules.index(cell.rule.name), games.index(cell.case.name)
        pale = [PALE + (1 - PALE) * part for part in to_rgb(SHADES[cell.verdict])]
        ax.add_patch(Rectangle(place, 1, 1, facecolor=pale, edgecolor="white", lw=1.5))
        read = cell.published is not None and cell.published.confirmed
        said, weight = _short(cell), "bold" if read else "normal"
        ax.text(place[0] + 0.5, place[1] + 0.5, said, ha="center", va="center", fontsize=7, weight=weight, color=INK)
    ax.set(xlim=(0, len(rules)), ylim=(len(games), 0), xticks=np.arange(len(rules)) + 0.5, xticklabels=rules)
    ax.set(yticks=np.arange(len(games)) + 0.5, yticklabels=games)
    ax.tick_params(length=0, labelsize=8, top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)
    ax.set_xlabel(NOTE, fontsize=7)
    return figure


def _short(cell: Cell) -> str:
    number = f"{cell.radius:.4f}" if cell.cycle is None else f"{cell.cycle.size:.2f}"
    return f"{cell.verdict} {number}{'' if cell.agree else ' *'}"


def _row(name: str, value: float, unit: str, *, at_most: float | None = None, at_least: float | None = None) -> Row:
    exact = Reading(float(value), Interval(float(value), float(value), 0.95, EXACT))
    return Row(name, exact, unit, at_most=at_most, at_least=at_least)
