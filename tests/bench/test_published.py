"""The published protocol is the one that is played, and nothing that is cut short is held against its table."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganatomy.bench import published as bench
from ganatomy.bench.comparing import Line, Setting, beside_table, means
from ganatomy.bench.modes import Tally
from ganatomy.bench.published import Cut, Maxout, cut, protocol, stored
from ganatomy.bench.rows import Row
from ganatomy.bench.trials import Trial
from ganatomy.data.worlds import WORLDS, World
from ganatomy.errors import UsageError
from ganatomy.models.initialise import built
from ganatomy.numerics.random import Stream

GOOD = Tally(loose=8, strict=8, high_quality=0.98, reverse_kl=0.01, seconds=2.0)
LINE = Line(modes=(6.3, 0.5), high_quality=(0.982, 0.002), reverse_kl=(0.45, 0.09))


def named(rows: list[Row]) -> dict[str, Row]:
    return {row.name.partition(": ")[2]: row for row in rows}


def test_maxout_takes_the_largest_of_its_pieces() -> None:
    stream = Stream(0, "test")
    layer, x = built(lambda: Maxout(3, 4, pieces=5), stream, scheme="fan-uniform"), stream.normal(range(7), 3)
    weight, bias = layer.linear.weight, layer.linear.bias
    by_hand = torch.stack(
        [(x @ weight[5 * out : 5 * out + 5].T + bias[5 * out : 5 * out + 5]).max(1).values for out in range(4)], 1
    )
    torch.testing.assert_close(layer(x), by_hand)


@pytest.mark.parametrize("packing", [1, 2])
def test_the_game_is_the_published_one(packing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "POINTS", 300)
    game = protocol("ring8", packing, seed=3)
    generator, critic = game.modules["G."], game.modules["D."]
    widths = [layer.weight.shape for layer in generator.modules() if isinstance(layer, nn.Linear)]
    assert widths == [(400, 2), (400, 400), (400, 400), (400, 400), (2, 400)]
    assert [layer.momentum for layer in generator.modules() if isinstance(layer, nn.BatchNorm1d)] == [0.05] * 4
    judged = [layer.weight.shape for layer in critic.modules() if isinstance(layer, nn.Linear)]
    assert judged == [(1000, 2 * packing), (1000, 200), (1000, 200), (1, 200)]
    assert float(critic.state_dict()["1.linear.weight"].std()) == pytest.approx(0.02, rel=0.01)
    assert game.pace.batch == 100 * packing  # a batch of 100 packs
    assert game.pace.critic == game.pace.generator
    assert (game.pace.critic.rate, game.pace.critic.betas, game.pace.half_life) == (1e-4, (0.8, 0.999), 0)
    assert (game.game.loss.name, game.game.terms) == ("non-saturating", ())
    step = next(game)
    assert step.scores["real"].numel() == 100
    assert step.average is generator


def test_the_points_are_stored_and_each_trial_has_its_own() -> None:
    first, again, other = stored("ring8", 50, 0), stored("ring8", 50, 0), stored("ring8", 50, 1)
    assert first.size == 50
    assert torch.equal(first.read([3, 49, 3]), again.read([3, 49, 3]))
    assert not torch.equal(first.read(range(50)), other.read(range(50)))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    world = first.truth
    assert isinstance(world, World)
    assert float(torch.cdist(first.read(range(50)).double(), world.centres).min(1).values.max()) < 0.06


def test_the_tally_is_of_the_generator_with_its_running_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "POINTS", 300)
    game = protocol("ring8", 1, seed=0)
    next(game)
    seen: list[bool] = []
    game.modules["G."].register_forward_hook(lambda module, given, out: seen.append(module.training))
    found = Tally(**bench._tallied(bench.Normal(2), 0, game, 3.0))
    assert found.seconds == 3.0
    assert not any(seen)
    assert len(seen) == math.ceil(bench.SAMPLES / 64)
    assert found.loose <= 8


def few(rows: Any, kept: list[str], monkeypatch: pytest.MonkeyPatch, asked: Cut) -> list[Row]:
    """With trials that have been run, so that only the rows are made."""

    def done(trials: list[Trial], folder: Path, *, progress: Any) -> list[dict[str, Any]]:
        kept.extend(trial.name for trial in trials)
        return [asdict(replace(GOOD, loose=8 - place % 2)) for place, _ in enumerate(trials)]

    monkeypatch.setattr(bench, "all_kept", done)
    found: list[Row] = rows(asked, Path("nowhere"), progress=lambda done, total: None)
    return found


def test_the_whole_protocol_stands_beside_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    rows = {row.name: row for row in few(bench.ring, kept, monkeypatch, Cut())}
    assert kept[:5] == [f"ring8-recipe-seed{seed}" for seed in range(5)]
    assert kept[5:] == [f"ring8-{game}-400000-steps-seed{seed}" for game in ("gan", "pacgan2") for seed in range(10)]
    row = rows["ring8, PacGAN2, 400,000 steps, 10 trials: modes"]
    assert row.published is not None
    assert (row.reading.value, row.published.value, row.published.spread) == (7.5, 7.9, 0.1)
    apart = rows["ring8, PacGAN2, 400,000 steps, 10 trials: modes, ours less the published"]
    assert apart.reading.value == pytest.approx(-0.4)
    recipe = rows["ring8, our recipe: modes"]
    assert recipe.published is not None
    assert recipe.published.value == 6.3
    assert "10,000 steps" in str(recipe.differences)


@pytest.mark.parametrize("asked", [Cut(steps=2000, trials=2), Cut(trials=9), Cut(steps=399_999)])
def test_what_is_cut_short_is_never_compared(monkeypatch: pytest.MonkeyPatch, asked: Cut) -> None:
    rows = few(bench.grid, [], monkeypatch, asked)
    protocol_rows = [row for row in rows if "GAN" in row.name]
    assert len(protocol_rows) == 2 * 5
    for row in protocol_rows:
        assert f"{asked.steps:,} steps, {asked.trials} trials" in row.name
        assert (row.published, row.at_least, row.at_most) == (None, None, None)
        assert "training" in row.name or str(row.differences).startswith(
            f"Cut short: {asked.steps:,} of 400,000 steps and {asked.trials} of 10 trials"
        )


def test_the_difference_has_both_spreads() -> None:
    """Ten against ten with equal errors: Welch's degrees of freedom are 18."""
    from scipy.stats import t

    values = [0.9 + 0.002 * 10**0.5 * z for z in (-1.5, -1, -0.5, -0.5, 0, 0, 0.5, 0.5, 1, 1.5)]
    mean, spread = sum(values) / 10, math.sqrt(sum((v - 0.9) ** 2 for v in values) / 9 / 10)
    line = replace(LINE, high_quality=(0.95, spread))
    found = [replace(GOOD, high_quality=value) for value in values]
    row = named(beside_table(Setting("x", 8, line, "y"), found))["high quality, ours less the published"]
    assert row.reading.value == pytest.approx(mean - 0.95)
    away = t.ppf(0.975, 18) * math.sqrt(2) * spread
    assert row.reading.interval.high - row.reading.value == pytest.approx(away)


def test_intervals_stay_within_what_can_be() -> None:
    """One trial bounds a number that is no end not at all: then the interval is all that there is."""
    for found in ([GOOD], [GOOD, replace(GOOD, reverse_kl=0.5)]):
        rows = named(means(Setting("x", 8, None, "y"), found))
        kl = rows["reverse KL"].reading.interval
        assert (kl.low, kl.high) == (0, math.log(8))
        assert rows["high quality"].published is None


@pytest.mark.parametrize(("trials", "others"), [(1, 0.975), (2, 0.8419), (10, 0.3085)])
def test_equal_counts_bound_the_mean_by_the_trials_that_may_be_others(trials: int, others: float) -> None:
    """Clopper and Pearson: of 0 of 10 the upper end is 0.3085, so that the mean may be 8 (1 - 0.3085) = 5.53."""
    from scipy.stats import beta

    assert beta.ppf(0.975, 1, trials) == pytest.approx(others, abs=1e-4)
    row = named(means(Setting("x", 8, LINE, "y"), [GOOD] * trials))["modes"]
    interval = row.reading.interval
    assert (interval.low, interval.high) == (pytest.approx(8 * (1 - others), abs=1e-3), 8)
    assert f"All {trials} trials gave modes 8: up to {others:.0%} of trials may give another number" in str(
        row.differences
    )
    inner = named(means(Setting("x", 8, None, "y"), [replace(GOOD, loose=7)] * trials))["modes"].reading.interval
    assert inner.low < 7 < inner.high


@pytest.mark.parametrize(("short", "modes"), [(0.05, 0), (0.1, 7), (0.2, 0)])
def test_the_interval_of_counts_that_saturate_holds_their_mean(short: float, modes: int) -> None:
    """500 times ten trials, of which a few fall short of all 8 modes: 95 % less three standard errors."""
    drawn = torch.rand(500, 10, generator=torch.Generator().manual_seed(3)) < short
    mean, held = 8 - short * (8 - modes), 0
    for trials in drawn:
        found = [replace(GOOD, loose=modes if fails else 8) for fails in trials.tolist()]
        held += mean in named(means(Setting("x", 8, None, "y"), found))["modes"].reading.interval
    assert held / 500 > 0.92


def test_what_is_published_is_not_beaten_by_ten_equal_trials() -> None:
    """8.0 in all ten, and 7.9 ± 0.1: the difference has what both may be off."""
    line = replace(LINE, modes=(7.9, 0.1))
    row = named(beside_table(Setting("x", 8, line, "y"), [GOOD] * 10))["modes, ours less the published"]
    assert row.reading.value == pytest.approx(0.1)
    assert row.reading.interval.low == pytest.approx(0.1 - math.hypot(8 * 0.3085, 2.2622 * 0.1), abs=1e-3)
    assert row.reading.interval.high == pytest.approx(0.1 + 2.2622 * 0.1, abs=1e-3)


def test_trials_without_a_good_sample_have_no_reverse_kl() -> None:
    none = replace(GOOD, loose=0, strict=0, high_quality=0.0, reverse_kl=math.inf)
    rows = named(means(Setting("x", 8, LINE, "y"), [GOOD, none, GOOD]))
    assert rows["reverse KL (of 2 trials: the others hit no mode)"].reading.value == 0.01
    assert not any("KL" in name for name in named(beside_table(Setting("x", 8, LINE, "y"), [none, none])))


def test_the_table_is_that_of_the_reference() -> None:
    assert str(bench.TABLE["grid25", "GAN"]) == "modes 17.3 ± 0.8, high quality 0.948 ± 0.007, reverse KL 0.7 ± 0.07"
    assert set(bench.TABLE) == {(world, game) for world in ("ring8", "grid25") for game in bench.GAMES}
    assert all(world in WORLDS for world, _ in bench.TABLE)


def test_steps_and_trials_belong_to_the_published_protocol() -> None:
    assert cut(False, steps=None, trials=None) is None
    assert cut(True, steps=None, trials=None) == Cut(400_000, 10)
    assert cut(True, steps=7, trials=2) == Cut(7, 2)
    with pytest.raises(UsageError, match="without --published"):
        cut(False, steps=None, trials=3)
    with pytest.raises(UsageError, match="at most these"):
        Cut(trials=11)
