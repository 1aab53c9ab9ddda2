"""The verb `sweep`: what is read from the key and its list, the table, the files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ganatomy.errors import UsageError
from ganatomy.experiments.sweep import Sweep, Swept
from ganatomy.verbs import sweep as verb

SMALL = ["players.options.hidden=[8]", "pace.batch=8"]


def played(asked: Sweep, *, progress: object) -> Swept:
    values = np.arange(len(asked.values) * asked.seeds, dtype=float).reshape(len(asked.values), asked.seeds)
    return Swept(asked, {"gap": values + np.eye(*values.shape)})


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "play", played)


def told(vary: str, **more: object) -> verb.Told:
    asked = verb.planned("ring8", vary, changes=SMALL, **more)  # type: ignore[arg-type]
    return verb.sweep(asked, progress=lambda done, total: None)


@pytest.mark.usefixtures("quick")
def test_values_are_those_of_the_list_and_rounds_those_of_the_recipe() -> None:
    found = told("players.options.critic_hidden=[[8], [16, 8]]")
    assert found.swept.sweep.values == ("[8]", "[16, 8]")
    assert found.swept.sweep.rounds == 10_000
    assert found.swept.sweep.changes == tuple(SMALL)
    assert told("pace.both.rate=[1e-3, 2e-3]", rounds=7).swept.sweep.rounds == 7


@pytest.mark.usefixtures("quick")
def test_the_table_and_the_files_say_the_same(tmp_path: Path) -> None:
    found = told("data.name=[ring8, grid25]", seeds=4)
    lines = found.table().splitlines()
    assert len(lines) == 4
    assert "ring8" in lines[2]
    assert "present" in lines[3]
    files = verb.write(found, tmp_path)
    written = json.loads(files[0].read_text())
    assert written["rows"][1]["change"]["value"] == pytest.approx(float(f"{written['rows'][1]['change']['value']:.4g}"))
    assert np.array(written["values"]).shape == (2, 4)
    assert written["rows"][0]["nearly_alike"] is None  # no diversity was read
    assert written["rows"][0]["diverged"] == 0
    assert files[1].read_text().startswith("<?xml")


@pytest.mark.parametrize("vary", ["pace.both.rate", "pace.both.rate=1e-3", "pace.both.rate={a: 1}"])
def test_what_is_no_list_is_refused(vary: str) -> None:
    with pytest.raises(UsageError, match="give a key and a list"):
        told(vary)
