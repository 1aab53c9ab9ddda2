"""Rows of the convergence table: the target is the closed form, and disagreement of any kind is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganatomy.bench import dirac as bench
from ganatomy.bench.dirac import agreement, cell_row, laws
from ganatomy.theory.cases import CASES
from ganatomy.theory.convergence import Cell, cell

CELLS = [cell("ns-r1", "alternating"), cell("wasserstein", "alternating"), cell("hinge", "extragradient")]


def named(rows: list[bench.Row]) -> dict[str, bench.Row]:
    return {row.name: row for row in rows}


def test_a_cell_is_a_row_with_the_closed_form_as_target() -> None:
    row = cell_row(CELLS[0])
    assert row.name == "ns-r1, alternating: converges (published: converges, Mescheder et al. 2018)"
    assert row.reading.value == pytest.approx(0.96)
    assert row.unit == "radius; by hand 0.96"
    assert row.ok
    assert cell_row(CELLS[2]).name == "hinge, extragradient: converges (nothing published)"
    off = cell_row(replace(CELLS[0], closed=CELLS[0].closed + 1e-4))
    assert not off.ok
    strange = cell_row(replace(CELLS[1], radii=np.geomspace(1, 9, len(CELLS[1].radii))))
    assert strange.name == (
        "wasserstein, alternating: circles, but the run leaves (published: does not, Mescheder et al. 2018)"
    )


def test_agreement_counts_cells_and_takes_the_worst() -> None:
    rows = named(agreement(CELLS))
    assert all(row.ok for row in rows.values())
    assert (rows["cells that agree"].reading.value, rows["cells that agree"].unit) == (3, "of 3")
    assert rows["published ones that agree"].unit == "of 2"
    wrong = [*CELLS, replace(CELLS[1], published=CELLS[0].published)]
    rows = named(agreement(wrong))
    assert not rows["cells that agree"].ok
    assert rows["published ones that agree"].reading.value == 2
    assert not rows["published ones that agree"].ok
    rows = named(agreement([*CELLS, replace(CELLS[0], closed=CELLS[0].closed * 1.001)]))
    assert not rows["eigenvalues off the closed forms, at most"].ok
    rows = named(agreement([*CELLS, replace(CELLS[0], radii=np.ones_like(CELLS[0].radii))]))
    assert rows["growth of a run off the radius, at most"].reading.value == pytest.approx(0.04)
    assert not rows["growth of a run off the radius, at most"].ok


def test_the_laws_hold_and_the_bench_is_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    near, cycle = laws(rounds=400)
    assert 0.9 < near.reading.value < 1.03  # nearer with more rounds
    assert cycle.ok, cycle

    def few(*, progress: bench.Progress) -> list[Cell]:
        progress(1, 1)
        return CELLS

    monkeypatch.setattr(bench, "table", few)
    monkeypatch.setattr(bench, "laws", lambda: [near, cycle])
    monkeypatch.setattr(bench, "STUDIED", ("ns-r1", "wasserstein"))
    monkeypatch.setattr(bench, "tracked", lambda: bench_tracked(rounds=40))
    told: list[tuple[int, int]] = []
    found = bench.dirac(progress=lambda done, total: told.append((done, total)))
    rows = found.rows
    assert told == [(1, 1)]
    assert [row.name.partition(":")[0] for row in rows].count("proxy") == 8
    assert len(rows) == 3 + 4 + 2 + 8
    assert set(found.figures) == {"fields", "table"}


def test_the_table_as_a_figure_marks_what_is_published_and_what_disagrees() -> None:
    shrunk = replace(CELLS[1], radii=np.geomspace(1, 9, len(CELLS[1].radii)))
    huge = replace(CELLS[2], found=np.array([2e5, 1.0], dtype=complex))
    (ax,) = bench.drawn_table([CELLS[0], shrunk, huge]).axes
    written = {text.get_text(): text.get_weight() for text in ax.texts}
    assert written == {"converges 0.9600": "bold", "circles 1.0000 *": "bold", "leaves 2.0e+05 *": "normal"}
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["ns-r1", "wasserstein", "hinge"]
    assert len({patch.get_facecolor() for patch in ax.patches}) == 3


def test_the_fields_are_of_games_of_the_table() -> None:
    assert set(bench.FIELDS) <= set(CASES)


bench_tracked = bench.tracked
