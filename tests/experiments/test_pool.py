"""Work shared among processes comes back in its order, each piece told as it is done."""

from __future__ import annotations

import pytest

from ganatomy.experiments import pool


@pytest.mark.parametrize("cores", [1, 2])
def test_results_come_in_the_order_of_the_items(cores: int, monkeypatch) -> None:
    monkeypatch.setattr(pool, "cores", lambda: cores)
    told: list[tuple[int, int]] = []
    assert pool.each(abs, range(-3, 1), progress=lambda done, total: told.append((done, total))) == [3, 2, 1, 0]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("cores", [1, 2])
def test_what_fails_in_a_process_fails_here(cores: int, monkeypatch) -> None:
    monkeypatch.setattr(pool, "cores", lambda: cores)
    with pytest.raises(ValueError, match="invalid literal"):
        pool.each(int, ["1", "x", "3"], progress=lambda done, total: None)
