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
LEAVES = cell("wasserstein", "simultaneous")
CYCLE = cell("wasserstein-gp", "alternating")
DECIDED = "decided cells where eigenvalues or cycle, run and publication agree"
UNDECIDED = "undecided cells (radius 1) where the run circles, too"
METHODS = "published verdicts on methods that agree"


def named(rows: list[bench.Row]) -> dict[str, bench.Row]:
    return {row.name: row for row in rows}


def test_a_cell_is_a_row_with_the_closed_form_as_target() -> None:
    row = cell_row(CELLS[0])
    assert (
        row.name == "ns-r1, alternating: converges (published: a zero-centred penalty converges, Mescheder et al. 2018)"
    )
    assert row.reading.value == pytest.approx(0.96)
    assert row.unit == "radius; by hand 0.96"
    assert row.ok
    assert cell_row(CELLS[2]).name == "hinge, extragradient: converges (nothing published)"
    off = cell_row(replace(CELLS[0], closed=CELLS[0].closed + 1e-4))
    assert not off.ok
    strange = cell_row(replace(CELLS[1], radii=np.geomspace(1, 9, len(CELLS[1].radii))))
    assert strange.name == (
        "wasserstein, alternating: circles, undecided, but the run leaves "
        "(published: WGAN need not converge, Mescheder et al. 2018)"
    )


def test_what_has_no_jacobian_at_rest_is_told_by_its_cycle() -> None:
    row = cell_row(CYCLE)
    assert row.name == (
        "wasserstein-gp, alternating: not differentiable at rest, limit cycle "
        "(published: WGAN-GP need not converge, Mescheder et al. 2018)"
    )
    assert row.reading.value == pytest.approx(0.89, rel=0.02)
    assert row.ok
    assert CYCLE.cycle is not None
    assert not cell_row(replace(CYCLE, cycle=replace(CYCLE.cycle, size=0.8))).ok
    elsewhere = cell_row(replace(CYCLE, rule=CELLS[2].rule))
    assert (elsewhere.at_most, elsewhere.at_least) == (None, None)


def test_agreement_counts_what_is_decided_what_is_not_and_what_was_read() -> None:
    rows = named(agreement([*CELLS, CYCLE, LEAVES]))
    assert all(row.ok for row in rows.values())
    assert (rows[DECIDED].reading.value, rows[DECIDED].unit) == (4, "of 4")
    assert (rows[UNDECIDED].reading.value, rows[UNDECIDED].unit) == (1, "of 1")
    assert (rows["decided cells of these methods that agree"].unit) == "of 3"
    undecided = rows["undecided cells of these methods"]
    assert (undecided.reading.value, undecided.unit, undecided.at_least) == (1, "of 4", None)


def test_a_verdict_at_radius_1_is_no_agreement() -> None:
    """WGAN under alternating steps alone: a radius of 1 decides nothing, so "need not converge" has no witness."""
    rows = named(agreement(CELLS))
    assert (rows[METHODS].reading.value, rows[METHODS].unit) == (1, "of 2")
    assert not rows[METHODS].ok
    rows = named(agreement([*CELLS, LEAVES]))
    assert (rows[METHODS].reading.value, rows[METHODS].unit) == (2, "of 2")


def test_disagreement_of_each_kind_is_counted() -> None:
    against = replace(CELLS[2], published=replace(CYCLE.published, method="x"))  # type: ignore[type-var]
    rows = named(agreement([*CELLS, against]))
    assert not rows[DECIDED].ok
    assert rows["decided cells of these methods that agree"].reading.value == 1
    assert not rows["decided cells of these methods that agree"].ok
    remembered = replace(against.published, confirmed=False)  # type: ignore[type-var]
    rows = named(agreement([CELLS[0], replace(against, published=remembered)]))
    told = rows["remembered verdicts, not confirmed: decided cells that agree"]
    assert (told.reading.value, told.unit, told.ok) == (0, "of 1", True)
    rows = named(agreement([*CELLS, replace(CELLS[1], radii=np.geomspace(1, 9, len(CELLS[1].radii)))]))
    assert not rows[UNDECIDED].ok
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
    assert len(rows) == 3 + 9 + 2 + 8
    assert set(found.figures) == {"fields", "table"}


def test_the_table_as_a_figure_marks_what_is_published_and_what_disagrees() -> None:
    shrunk = replace(CELLS[1], radii=np.geomspace(1, 9, len(CELLS[1].radii)))
    huge = replace(CELLS[2], found=np.array([2e5, 1.0], dtype=complex))
    remembered = cell("wasserstein", "optimistic")
    (ax,) = bench.drawn_table([CELLS[0], shrunk, huge, CYCLE, remembered]).axes
    written = {text.get_text(): text.get_weight() for text in ax.texts}
    assert written == {
        "converges 0.9600": "bold",
        "circles 1.0000 *": "bold",
        "leaves 200000.0000 *": "normal",
        "cycles 0.89": "bold",
        "converges 0.9900": "normal",  # remembered
    }
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["ns-r1", "wasserstein", "hinge", "wasserstein-gp"]
    assert len({patch.get_facecolor() for patch in ax.patches}) == 3


def test_the_fields_are_of_games_of_the_table() -> None:
    assert set(bench.FIELDS) <= set(CASES)


bench_tracked = bench.tracked
