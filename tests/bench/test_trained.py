"""What is measured is what a run of the recipe ends with, and a row's value is the worst seed's."""

from __future__ import annotations

from pathlib import Path

import torch

from ganatomy.bench.trained import each_seed, trained, worst
from ganatomy.training.described import gan_at
from ganatomy.training.runs.checkpoint import load_checkpoint
from ganatomy.training.runs.folder import open_run
from ganatomy.verbs.train import train

TINY = ["players.options.hidden=[8]", "players.options.critic_hidden=[8]", "pace.batch=16"]


def test_the_samples_are_those_of_a_run(tmp_path: Path) -> None:
    changes = [*TINY, "end.steps=9"]
    events = train("ring8", [*changes, "seed=5", "cadence.samples=0"], out=tmp_path)
    folder = next(events).values["folder"]
    list(events)
    gan = gan_at(load_checkpoint(open_run(folder)))
    found = trained("ring8", 5, changes)
    torch.testing.assert_close(found.samples(40), gan.sample(5, range(40)), rtol=0, atol=0)
    assert found.gan().digest() == gan.digest()  # of both networks


def halved(number: int) -> float:
    return number / 2


def test_results_come_in_the_order_of_the_seeds() -> None:
    told: list[tuple[int, int]] = []
    assert each_seed(halved, [3, 1, 2], progress=lambda done, total: told.append((done, total))) == [1.5, 0.5, 1.0]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_the_worst_seed_meets_the_target_or_the_row_misses_it() -> None:
    modes = worst("modes", [25, 24, 25], "of 25", at_least=25)
    assert (modes.reading.value, modes.ok, modes.name) == (24, False, "modes (25, 24, 25)")
    distance = worst("distance", [0.2, 0.6], "", at_most=0.5)
    assert (distance.reading.value, distance.ok) == (0.6, False)
    assert worst("distance", [0.2, 0.4], "", at_most=0.5).ok
