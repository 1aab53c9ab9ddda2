"""Every experiment that ships can be played and says what it claims and why; controls behave; so do a user's own."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from shared_scenes import TINY, scene

import ganatomy.experiments.shipped as shipped
from ganatomy.errors import InputError, UsageError
from ganatomy.experiments.arms import Arm, Scene, branches
from ganatomy.experiments.catalogue import EXPERIMENTS
from ganatomy.experiments.conduct import conduct, experiment_named
from ganatomy.experiments.experiment import Experiment
from ganatomy.experiments.shipped.batch_norm_couples import coupling
from ganatomy.experiments.shipped.data_loss_shows import EVERY, FORK, LOST, departure
from ganatomy.experiments.shipped.r1_prevents_collapse import modes_held
from ganatomy.experiments.shipped.taken_out import changes_of
from ganatomy.training.recipes.read import read_recipe, to_yaml

PAGE = Path(__file__).parents[2] / "docs" / "experiments.md"


def test_every_claim_that_ships_is_in_the_list() -> None:
    folder = Path(str(shipped.__file__)).parent
    claims = [path for path in folder.glob("*.py") if re.search(r"^CLAIM = ", path.read_text(), re.MULTILINE)]
    assert len(claims) == len(EXPERIMENTS) >= 8
    assert len({experiment.claim for experiment in EXPERIMENTS.values()}) == len(EXPERIMENTS)


@pytest.mark.thorough
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_shipped_experiment_says_what_has_to_be_known_and_can_be_played(name: str) -> None:
    experiment = EXPERIMENTS[name]
    assert len(experiment.why.split()) > 25
    assert experiment.seeds >= 6
    # Two rounds from the beginning; readings that its statistic wants in number are those of these two rounds.
    there = Scene(to_yaml(read_recipe(experiment.recipe, [*experiment.changes, "pace.batch=16"])), 0, (1, 2))
    arms = [replace(arm, do=tuple(each.partition(" from ")[0] for each in arm.do)) for arm in experiment.arms]
    for arm, played in branches(there, arms, seed=0, also=experiment.also):
        assert played is not None, arm
        assert len(played.readings) == 2, arm
        if name != "data-loss-shows-first":  # its band wants twenty
            assert math.isfinite(experiment.read(played)), arm


def test_coupling_is_none_without_batch_statistics_and_whole_where_the_partner_is_judged_too() -> None:
    found = {}
    for name, changes in {
        "alone": ("critic_norm=none",), "layer": ("critic_norm=layer",), "batch": ("critic_norm=batch",), "pairs": ()
    }.items():  # fmt: skip
        options = [f"players.options.{change}" for change in changes] or ["game.packing=2"]
        ((_, played),) = branches(scene(*options, "game.name=non-saturating"), [Arm("base")], seed=1)
        found[name] = coupling(played)
    assert found["alone"] == pytest.approx(0.0, abs=1e-5)
    assert found["layer"] == pytest.approx(0.0, abs=1e-5)
    assert found["batch"] > 0.01
    assert found["pairs"] > 0.3


def test_a_departure_is_two_readings_in_a_row_outside_of_the_band() -> None:
    known = (LOST - FORK) // EVERY
    calm = [float(place % 2) for place in range(known)]  # mean 0.5, sd about 0.5
    assert departure([*calm, 0.5, 9.0, 0.5, 9.0, 9.0]) == 4 * EVERY
    assert departure([*calm, -9.0, 9.0]) == EVERY
    assert departure([*calm, 0.5, 1.0, 0.5]) == 3 * EVERY
    assert departure([*calm, 0.5, 0.5, 9.0]) == 3 * EVERY


def test_modes_are_held_where_a_fifth_of_their_share_lies_near() -> None:
    ((_, played),) = branches(scene(), [Arm("base")], seed=1)
    assert played is not None
    centres = played.setup.train.truth.centres

    class Drawn:
        def __init__(self, points: torch.Tensor) -> None:
            self.points = points

        def sample(self, seed: int, indices: range) -> torch.Tensor:
            return self.points[torch.arange(len(indices)) % len(self.points)]

    for points, held in ((centres, 8), (centres[:3], 3), (centres * 0, 0), (centres[:4] + 0.1, 4)):
        assert modes_held(replace(played, end=Drawn(points))) == held
    rare = torch.cat([centres[:1].expand(99, 2), centres[1:2]])  # one in a hundred, where 2.5 would do
    assert modes_held(replace(played, end=Drawn(rare))) == 1


def test_taking_a_unit_out_is_what_a_network_without_it_would_draw() -> None:
    there = scene("players.options.hidden=[6, 8]", recipe="digits-mlp")
    ((_, played),) = branches(there, [Arm("base")], seed=1)
    gan = played.end
    changes, active = changes_of(gan, range(20))
    assert changes.shape == (6, 6)
    assert active.shape == (6,)
    before = {name: value.clone() for name, value in gan.generator.state_dict().items()}
    _, again = changes_of(gan, range(20))
    assert torch.equal(active, again)
    assert all(torch.equal(value, before[name]) for name, value in gan.generator.state_dict().items())
    # A unit that nothing reads changes nothing; one that is read does.
    with torch.no_grad():
        gan.generator.get_parameter("hidden2.linear.weight")[:, 2] = 0.0
    silent, _ = changes_of(gan, range(20))
    assert float(silent[2].abs().max()) == pytest.approx(0.0, abs=1e-6)
    assert float(silent[[0, 1, 3, 4, 5]].abs().max()) > 1e-4


MINE = """
from ganatomy.experiments.arms import Arm
from ganatomy.experiments.experiment import Experiment, Negative, Positive, Treatment
from ganatomy.experiments.statistics import last

CLAIM = Experiment(
    claim="half the rate is worse", why="a guess", statistic="gap", read=last("gap"), expected="rises",
    recipe="ring8", changes={changes!r}, base=Arm("base"),
    treatment=Treatment("slow", do=("pace.generator.rate=1e-3",)),
    positive=Positive("still", do=("freeze=generator",)), negative=Negative("other", do=("randomness=1",)),
    rounds=(6,), smallest=0.05, seeds=3,
)
OTHER = 3
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(MINE.format(changes=TINY))
    return path


def test_a_claim_of_ones_own_is_carried_out_in_the_same_way(mine: Path, monkeypatch) -> None:
    monkeypatch.setattr("ganatomy.experiments.pool.cores", lambda: 1)  # processes take seconds to begin
    told: list[tuple[int, int]] = []
    found = conduct(f"{mine}:CLAIM", progress=lambda done, total: told.append((done, total)))
    assert (found.replication, list(found.arrays)) == ("seed", ["base", "slow", "still", "other"])
    assert {len(values) for values in found.arrays.values()} == {3}
    assert told[-1] == (3, 3)


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("mine.py:NONE", UsageError, "NONE is not there"),
        ("mine.py:OTHER", UsageError, "OTHER is a int"),
        ("gone.py:CLAIM", InputError, "there is no file"),
        ("r1-prevents-colapse", UsageError, "r1-prevents-collapse"),
    ],
)
def test_what_is_no_experiment_is_said(mine: Path, monkeypatch, name: str, error: type[Exception], said: str) -> None:
    monkeypatch.chdir(mine.parent)
    with pytest.raises(error, match=said):
        experiment_named(name)


def test_the_example_of_the_page_is_an_experiment(tmp_path: Path) -> None:
    block = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert block is not None
    (tmp_path / "mine.py").write_text(textwrap.dedent(block[1]))
    assert isinstance(experiment_named(f"{tmp_path / 'mine.py'}:CLAIM"), Experiment)


def test_the_page_holds_what_its_script_found() -> None:
    spec = importlib.util.spec_from_file_location("experiments_page", PAGE.with_suffix(".py"))
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    kept = json.loads(script.KEPT.read_text())
    assert script.page(kept, PAGE.read_text()) == PAGE.read_text()
    for name, told in kept.items():  # what was measured is what ships
        experiment = EXPERIMENTS[name]
        assert (told["claim"], told["smallest"]) == (experiment.claim, experiment.smallest)
        assert [arm["arm"] for arm in told["arms"]] == [arm.name for arm in experiment.arms]
    assert set(kept) == set(EXPERIMENTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["batch-norm-couples", "strong-critic-saturates"])
def test_controls_behave(name: str) -> None:
    experiment = EXPERIMENTS[name]
    found = conduct(name, seeds=5, progress=lambda done, total: None)
    assert abs(found.positive_control.value) > 2 * experiment.smallest
    assert abs(found.negative_control.value) < experiment.smallest
    assert "control" not in found.note
    assert found.verdict == "present"
