"""`bench` as its users meet it: rows, figures where they were asked for, and options that fit together."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from ganatomy.bench import published
from ganatomy.bench.modes import Tally
from ganatomy.bench.rows import Illustrated, Published, Reading, Row
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.verbs import bench
from ganatomy.views.canvas import canvas

SURE = Reading(2.0, Interval(1.0, 3.0, 0.95, "test"))


def drawn():
    figure, ax = canvas(2, 2)
    ax.plot([0, 1], [0, 1])
    return figure


@pytest.fixture(autouse=True)
def _benches(monkeypatch):
    """Two that are quick."""
    rows = (Row("work", SURE, "times", at_most=0.5, published=Published(1.0, None, "A 2018", confirmed=False)),)
    monkeypatch.setitem(bench.BENCHES, "speed", lambda *, progress: list(rows))
    monkeypatch.setitem(
        bench.BENCHES, "dirac", lambda *, progress: Illustrated((Row("x", SURE, "y"),), {"line": drawn})
    )


def test_a_missed_target_ends_with_five_and_published_values_are_shown(ganatomy):
    code, out, _ = ganatomy("bench", "speed")
    assert code == 5
    assert "1, remembered, not confirmed (1)" in out
    code, out, _ = ganatomy("bench", "speed", "--json")
    assert code == 5
    (row,) = json.loads(out)["rows"]
    assert (row["name"], row["ok"], row["published"]["confirmed"]) == ("work", False, False)


def test_figures_are_written_where_they_are_asked_for(ganatomy, tmp_path):
    code, out, _ = ganatomy("bench", "dirac")
    assert (code, list(tmp_path.iterdir())) == (0, [])
    code, out, _ = ganatomy("bench", "dirac", "--out", "here")
    assert (code, out.splitlines()[-1]) == (0, "here/line.svg")
    assert (tmp_path / "here" / "line.svg").read_text().startswith("<?xml")
    assert json.loads(ganatomy("bench", "dirac", "--out", "here", "--json")[1])["files"] == ["here/line.svg"]


def test_the_published_protocol_takes_its_steps_and_trials(ganatomy, monkeypatch):
    asked = []

    def done(trials, folder, *, progress):
        asked.append((len(trials), str(folder)))
        return [asdict(Tally(25, 25, 0.95, 0.01, 1.0)) for _ in trials]

    monkeypatch.setattr(published, "all_kept", done)
    code, out, _ = ganatomy("bench", "grid", "--published", "--steps", 2000, "--trials", 2)
    assert (code, asked) == (0, [(2 + 2 * 2, "runs/bench/grid")])
    assert "grid25, GAN, 2,000 steps, 2 trials: modes" in out
    assert "Cut short" in out
    code, out, _ = ganatomy("bench", "grid", "--published", "--steps", 2000, "--trials", 2, "--out", "here", "--json")
    assert (code, asked[1][1]) == (0, "here")
    assert all(row["published"] is None for row in json.loads(out)["rows"] if "GAN" in row["name"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["speed", "--steps", 3], "without --published"),
        (["speed", "--published"], "there is no benchmark with a published protocol called 'speed'"),
        (["ring", "--published", "--trials", 11], "11 trials were asked for"),
        (["speed", "--out", "here"], "has no figures"),
        (["spede"], "there is no benchmark called 'spede'"),
    ],
)
def test_options_that_do_not_fit_are_two_lines(ganatomy, words, said):
    code, out, err = ganatomy("bench", *words)
    assert (code, out) == (2, "")
    first, second = err.strip().splitlines()
    assert said in first
    assert second
