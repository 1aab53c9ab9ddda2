"""What `explain` tells of a GAN of the plane, and what it assumes of its loss."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from shared_runs import TINY, small_run
from torch import Tensor, nn

from ganatomy.data.catalogue import load_splits
from ganatomy.errors import UsageError
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format, Score
from ganatomy.results.provenance import Provenance
from ganatomy.training.described import describe_gan
from ganatomy.training.recipes.read import read_recipe, to_yaml
from ganatomy.training.runs.folder import new_run
from ganatomy.training.session import train
from ganatomy.training.setup import set_up
from ganatomy.verbs.asked import Asked
from ganatomy.verbs.explain import Wanted, explain
from ganatomy.verbs.explainers import plane
from ganatomy.verbs.explainers.plane import loss_of, tell_optimum, tell_plane, tell_trajectories
from ganatomy.verbs.subject import subject


class Distance(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 1 - x.square().sum(1)


def gan(score: Score | None = None, *, critic: bool = True, **more: Any) -> GAN:
    judge = Distance() if critic else None
    return GAN(nn.Identity(), Normal(2), Format.point(2), judge, score or Score("logit"), data="moons", **more)


def asked(whom: GAN, *, data: str | None = None, earlier: Callable[[], Mapping[str, GAN]] = dict) -> Asked:
    train, held_out = (None, None) if data is None else load_splits(data)
    return Asked(whom, list, train, held_out, Wanted(), lambda _done, _total: None, earlier)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Asked, "many", lambda _self, usual, _thorough: max(usual // 10, 5))


def test_all_of_it_with_data_and_less_without() -> None:
    told = list(tell_plane(asked(gan(), data="moons")))
    assert [each.name for each in told] == ["mesh", "field", "pulls"]
    assert "Assumed is the logistic loss" in told[-1].said
    for each in told:
        assert each.figure is not None
        assert each.figure().axes
    assert [each.name for each in tell_plane(asked(gan()))] == ["mesh", "field"]
    assert [each.name for each in tell_plane(asked(gan(critic=False), data="moons"))] == ["mesh"]
    assert [each.name for each in tell_plane(asked(gan(Score("unbounded")), data="moons"))] == ["mesh", "field"]


def test_the_optimum_needs_a_known_density_and_a_known_loss() -> None:
    first, second = tell_optimum(asked(gan()))  # the world it names
    assert "known exactly" in first.said
    assert second.aside
    with pytest.raises(UsageError, match="the loss of this GAN is not known"):
        list(tell_optimum(asked(gan(Score("unbounded")))))
    with pytest.raises(UsageError, match="density of the data is not known"):
        list(tell_optimum(asked(GAN(nn.Identity(), Normal(2), Format.point(2), Distance()))))


def test_trajectories_go_by_round() -> None:
    last = gan(provenance={"step": 30})
    (told,) = tell_trajectories(asked(last, earlier=lambda: {"round 9": gan(), "round 10": gan()}))
    assert told.record.units == ("round 9", "round 10", "round 30")  # type: ignore[union-attr]
    with pytest.raises(UsageError, match="1 checkpoint"):
        list(tell_trajectories(asked(last)))


def test_the_loss_is_that_of_the_run_or_assumed(tmp_path: Path) -> None:
    run = small_run(tmp_path, ["game.name=hinge"]).folder
    loss, said = loss_of(gan(Score("unbounded")), run)
    assert loss is not None
    assert loss.name == "hinge"
    assert said == "The loss is that of the run, hinge."
    loss, said = loss_of(gan(Score("unbounded")), small_run(tmp_path).folder)
    assert "r1" in said
    assert "Assumed" in loss_of(gan())[1]
    assert loss_of(gan(Score("unbounded")))[0] is None


STAGES = [
    "stages=[{name: apart, end: {steps: 3}, game: {name: hinge}}, {name: joint, end: {steps: 3}}]",
    "end=null",
]


def played(parent: Path, changes: list[str]) -> Path:
    """A run that was trained, with a checkpoint at each of its first rounds."""
    written = parent / "tiny.yaml"
    written.write_text(TINY)
    setup = set_up(
        read_recipe(written, [*changes, "cadence={log: 0, probe: 0, samples: 0, save_seconds: 1e-9, keep: 20}"])
    )
    run = new_run(parent, "tiny", seed=0, config=to_yaml(setup.recipe), provenance=Provenance.here(seed=0))
    describe_gan(setup, run.folder)
    list(train(setup, run))
    return run.folder


def at(run: Path, step: int) -> tuple[str, str]:
    whom = subject(f"{run}@{step}")
    loss, said = loss_of(whom, run)
    assert loss is not None
    return loss.name, said


def test_the_loss_is_that_of_the_round_behind_the_checkpoint(tmp_path: Path) -> None:
    """An intervention changes the game from a round on, and until one: checkpoints before and after know others."""
    changed = ["game.name=hinge from 2 until 4", "game.terms.r1.strength=5 from 4"]
    run = played(tmp_path, ["end.steps=6", f"interventions={json.dumps(changed)}"])
    assert at(run, 2)[0] == "non-saturating"
    assert at(run, 3) == ("hinge", "The loss is that of the run with game.name=hinge from 2 until 4, hinge.")
    assert at(run, 4)[0] == "hinge"
    name, said = at(run, 6)
    assert name == "non-saturating"
    assert "with game.terms.r1.strength=5 from 4, non-saturating. Beside it the critic minimises r1" in said
    assert loss_of(gan(Score("unbounded")), run)[1] == said  # the newest, where no step is known


def test_the_loss_is_that_of_the_stage_under_way(tmp_path: Path) -> None:
    run = played(tmp_path, [*STAGES, 'interventions=["game.name=least-squares from 5"]'])
    assert at(run, 2) == ("hinge", "The loss is that of the run in its stage apart, hinge.")
    assert at(run, 3)[0] == "hinge"
    assert at(run, 4)[0] == "non-saturating"
    assert at(run, 6)[0] == "least-squares"


def test_a_critic_of_packs_is_told_as_such(tmp_path: Path) -> None:
    run = small_run(tmp_path, ["game.name=non-saturating", "game.packing=2"]).folder
    with pytest.raises(UsageError, match="without a critic: the critic is left out: it does not take single samples"):
        list(explain(run, ["optimum"]))
    told: list[str] = []
    names = iter(explain(run, failed=lambda name, error: told.append(f"{name}: {error.said}")))
    next(names)
    assert told[0].startswith("critic: this GAN has no critic: the critic is left out: it does not take single samples")


def test_pictures_are_refused_in_one_sentence() -> None:
    class Picture(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return torch.tanh(z).reshape(-1, 1, 4, 4)

    pictures = asked(GAN(Picture(), Normal(16), Format.picture(1, 4)))
    for tell in (tell_plane, tell_trajectories, tell_optimum):
        with pytest.raises(UsageError, match="points of two numbers"):
            list(tell(pictures))
    assert plane.REAL > 0
