"""The benchmark of the dissection in miniature: what is timed is what is said."""

from __future__ import annotations

from ganatomy.bench.dissection import dissection


def test_rows_say_how_much_was_done_and_progress_ends() -> None:
    seen: list[tuple[int, int]] = []
    rows = dissection(progress=lambda done, total: seen.append((done, total)), samples=64, images=2, rounds=1)
    assert len({row.name for row in rows}) == len(rows) == 14
    assert "n = 64" in rows[0].name
    seconds, speed = (row.reading.value for row in rows[2:4])
    assert round(seconds * speed) == 2 * 96 * 4  # images, units, interventions
    assert seen[-1] == (9, 9)
    shares = [row for row in rows if "share of the floor" in row.name]
    assert len(shares) == 4
    assert all(0 < row.reading.value < 10 for row in shares)
