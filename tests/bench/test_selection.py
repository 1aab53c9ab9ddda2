"""The rows on generators whose density is known: what a true ratio gains is shown, a blind critic gains nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganatomy.bench import selection as bench
from ganatomy.bench.rows import Row
from ganatomy.data.worlds import WORLDS
from ganatomy.explain.critic.lots import Lot
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format
from ganatomy.training.recipes.read import read_recipe
from ganatomy.training.setup import set_up


class Ratio(nn.Module):
    """The true logit, times `sharp`."""

    def __init__(self, sharp: float) -> None:
        super().__init__()
        self.sharp = nn.Parameter(torch.tensor(sharp))

    def forward(self, x: Tensor) -> Tensor:
        world = WORLDS["grid25"]()
        if not self.sharp:  # blind: it looks at what tells nothing
            return torch.sin(1e4 * x).sum(1)
        return self.sharp * bench._log_ratio(world, bench._wide(), Lot(x, None)).clamp(min=-30).float()


def one_by_one(measure: Any, seeds: Any, *, progress: Any) -> list[Any]:
    return [measure(seed) for seed in seeds]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SAMPLES", 250)
    monkeypatch.setattr(bench, "HELD_OUT", 300)
    monkeypatch.setattr(bench, "LENGTH", 20)
    monkeypatch.setattr(bench, "SEEDS", range(3))
    monkeypatch.setattr(bench, "each_seed", one_by_one)


def rows_with(monkeypatch: pytest.MonkeyPatch, sharp: float) -> dict[str, Row]:
    def made(recipe: str, seed: int, changes: Any) -> Any:
        setup = set_up(read_recipe(recipe, [*changes, f"seed={seed}"]))
        gan = GAN(bench.Wide(bench._wide()), Normal(3), Format.point(2), Ratio(sharp))
        return SimpleNamespace(setup=setup, gan=lambda: gan)

    monkeypatch.setattr(bench, "trained", made)
    return {row.name.removeprefix("selection: "): row for row in bench.selection(progress=lambda done, total: None)}


def test_a_true_ratio_gains_and_every_target_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_with(monkeypatch, 1.0)
    assert all(row.ok for row in rows.values())
    assert rows["Metropolis-Hastings: high quality"].reading.value > 0.85
    assert rows["no selection: high quality"].reading.value == pytest.approx(0.542, abs=0.04)
    gain = rows["rejection over no selection: gain"].reading
    assert rows["rejection over no selection: gain, at least"].reading.value == gain.interval.low > 0
    assert gain.value == pytest.approx(
        rows["rejection: high quality"].reading.value - rows["no selection: high quality"].reading.value
    )
    told = {name: row.published for name, row in rows.items() if row.published is not None}
    assert set(told) == {"no selection: high quality", "rejection: high quality"}
    assert all("not confirmed" in str(each) for each in told.values())
    exact = "known density, exact ratio, rejection: high quality"
    assert rows[exact].reading.value == pytest.approx(0.989, abs=0.02)


def test_a_blind_critic_misses_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_ceiling", list)
    rows = rows_with(monkeypatch, 0.0)
    missed = [name for name, row in rows.items() if not row.ok]
    assert missed
    assert all(name.endswith("at least") for name in missed)


def test_the_shorter_recipe_ends_its_schedules_with_it() -> None:
    recipe = read_recipe(bench.RECIPE, [*bench.SHORTER, "seed=0"])
    assert recipe is not None
    assert bench.ROUNDS * 128 == bench.IMAGES
