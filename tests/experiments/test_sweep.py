"""A sweep: paired seeds, the first value as the one the others are held against, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganatomy.errors import UsageError
from ganatomy.experiments.arms import Arm, Scene, branches
from ganatomy.experiments.sweep import Sweep, Swept, one_seed, sweep
from ganatomy.training.recipes.read import read_recipe, to_yaml

SMALL = ("players.options.hidden=[8]", "players.options.critic_hidden=[8]", "pace.batch=8")
TINY = Sweep("ring8", "pace.both.rate", ("1e-3", "1e-30"), rounds=3, seeds=3, changes=SMALL)


def test_every_value_is_trained_as_a_recipe_that_says_so() -> None:
    own = one_seed(TINY, 1)
    scene = Scene(to_yaml(read_recipe("ring8", [*SMALL, "pace.both.rate=1e-30"])), 0, (3,))
    ((_, played),) = branches(scene, [Arm("it")], seed=1)
    ours, theirs = dict(own[1]), dict(played.readings[-1])
    assert ours == theirs
    assert own[0]["gap"] != own[1]["gap"]


def test_all_seeds_and_values_are_in_the_table() -> None:
    told = []
    swept = sweep(TINY, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3)
    assert swept.readings["gap"].shape == (2, 3)
    assert swept.readings["gap"][1, 2] == one_seed(TINY, 2)[1]["gap"]
    first, second = swept.rows("gap")
    assert first.change is None
    assert second.change is not None
    assert second.change.value == pytest.approx(float(np.diff(swept.readings["gap"], axis=0).mean()))
    assert first.interval[0] <= first.mean.value <= first.interval[1]


def test_rows_of_known_numbers_and_the_correction() -> None:
    noise = np.random.Generator(np.random.Philox(3)).normal(size=(3, 12))
    table = np.stack([noise[0], noise[0] + 0.01 * noise[1], noise[0] + 1 + 0.01 * noise[2]])
    diversity = np.array([[1.0] * 12, [0.2] * 6 + [1.0] * 6, [0.2] * 12])
    swept = Swept(Sweep("ring8", "seed", ("a", "b", "c"), 1, 12), {"gap": table, "diversity.samples": diversity})
    rows = swept.rows("gap", smallest=0.1)
    assert [row.change.verdict for row in rows if row.change] == ["absent", "present"]
    assert [row.uniform for row in rows] == [0.0, 0.5, 1.0]
    assert [row.lost for row in rows] == [0, 0, 0]
    with pytest.raises(UsageError, match="no reading 'gaps'"):
        swept.rows("gaps")


def test_seeds_that_diverged_are_counted_and_left_out() -> None:
    table = np.array([[1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, np.nan], [np.nan, np.nan, 1.0, 1.0]])
    rows = Swept(Sweep("ring8", "seed", ("a", "b", "c"), 1, 4), {"gap": table}).rows("gap", smallest=0.1)
    assert [row.lost for row in rows] == [0, 1, 2]
    assert rows[1].mean is not None
    assert (rows[1].mean.value, rows[1].change.value if rows[1].change else None) == (3.0, 1.0)
    assert (rows[2].mean, rows[2].change) == (None, None)


def test_a_value_that_explodes_does_not_take_the_others_with_it() -> None:
    wild = replace(TINY, values=("1e-3", "1e30"), rounds=40, changes=(*SMALL, "pace.both.kind=sgd"))
    calm, exploded = one_seed(wild, 0)
    assert calm["step"] == 40
    assert exploded == {}


def test_a_recipe_in_stages_is_refused() -> None:
    with pytest.raises(UsageError, match="plays in stages"):
        one_seed(Sweep("mnist-two-stage", "pace.both.rate", ("1e-3", "2e-3"), 2, changes=("data.name=digits",)), 0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"values": ("1", "1")}, "two different values"),
        ({"values": ("1",)}, "two different"),
        ({"seeds": 2}, "3 or more"),
    ],
)
def test_a_sweep_that_compares_nothing_is_refused(changed: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Sweep(**{"recipe": "ring8", "key": "pace.both.rate", "values": ("1", "2"), "rounds": 3, **changed})


def test_a_value_that_is_impossible_is_told_before_anything_is_trained() -> None:
    with pytest.raises(UsageError, match=r"pace\..*rate"):
        sweep(Sweep("ring8", "pace.both.rate", ("1e-3", "-1"), rounds=3, seeds=3), progress=lambda done, total: None)
