"""Eigenvalues at a checkpoint are the dense Jacobian's, ways and ranks those of known cases, and refusals are clear."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from shared_runs import Small, small_run
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.game import turning as module
from ganatomy.explain.game.rates import Rate, Rates
from ganatomy.explain.game.record import recorded
from ganatomy.explain.game.turning import Moment, Turned, turning
from ganatomy.explain.game.turning_fields import fields_of
from ganatomy.theory.spectra import PathAngle, path_angle
from ganatomy.training.described import gan_at
from ganatomy.training.runs.checkpoint import checkpoint_at, load_checkpoint

SMOOTH = ("game.terms.r1.strength=0.5",)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return small_run(tmp_path_factory.mktemp("turning"), SMOOTH, saved=(2, 4, 8))


def told(small: Small, rounds: tuple[int, ...] = (2, 4, 8)) -> Turned:
    fields = fields_of(small.folder, samples=16)
    return turning(gan_at(checkpoint_at(small.folder)), fields, rounds=rounds, record=recorded(small.folder))


def test_rates_are_the_dense_jacobians(small: Small) -> None:
    found = told(small).rates
    fields = fields_of(small.folder, samples=16)
    for place, step in enumerate((2, 4, 8)):
        field, weights = fields.at(step)
        here = field.at(weights)
        values = np.linalg.eigvals(here.jacobian().numpy())
        real, imag = found.arrays["real"][place], found.arrays["imag"][place]
        assert np.hypot(real[0], imag[0]) == pytest.approx(np.abs(values).max(), abs=1e-6)
        assert real[1] == pytest.approx(values.real.max(), abs=1e-6)
        assert imag[2] == pytest.approx(values.imag.max(), abs=1e-6)
        assert np.abs(values - (real[2] + 1j * imag[2])).min() < 1e-6
        assert found.arrays["speed"][place] == pytest.approx(here.speed)
    assert found.arrays["told"].all()
    assert (found.arrays["residual"] < 1e-6).all()


def test_the_field_is_that_of_the_raw_players_of_the_checkpoint(small: Small) -> None:
    """The same gradients as of the losses that training takes, at the weights that play; not the average."""
    fields = fields_of(small.folder, samples=16)
    field, weights = fields.at(4)
    snapshot = load_checkpoint(small.run, 4, moments=False).snapshot
    assert torch.equal(weights, field.flat(snapshot.weights))
    players = small.setup.fresh_players()
    for prefix, network in (("G.", players.generator), ("D.", players.critic)):
        assert isinstance(network, torch.nn.Module)
        network.load_state_dict({k[2:]: v for k, v in snapshot.weights.items() if k.startswith(prefix)})
        network.double()
    batch = fields.batch
    assert batch.real is not None
    batch = replace(batch, real=batch.real.double(), latent=batch.latent.double(), seen=4 * 16)
    game = fields.game(4)
    assert isinstance(players.critic, torch.nn.Module)
    own = torch.autograd.grad(game.critic_terms(players, batch).total, list(players.critic.parameters()))
    flat = -torch.cat([slope.reshape(-1) for slope in own])
    torch.testing.assert_close(field(weights)[: field.split], flat, rtol=1e-9, atol=1e-12)


def test_ways_are_the_path_angles_between_checkpoints(small: Small) -> None:
    found = told(small).paths
    fields = fields_of(small.folder, samples=16)
    (_, first), (field, last) = fields.at(2), fields.at(4)
    again = path_angle(field, first, last, places=module.PLACES)
    np.testing.assert_allclose(found.arrays["cosine"][0], again.cosine)
    assert found.units == ("round 2 to 4", "round 4 to 8")
    third = fields.at(8)[1]
    steps = torch.stack([last - first, third - last])
    assert found.arrays["next"][0] == pytest.approx(float(torch.cosine_similarity(steps[0], steps[1], dim=0)))
    assert np.isnan(found.arrays["next"][1])


def test_nothing_is_drawn_from_the_global_generator_and_answers_repeat(small: Small) -> None:
    before = torch.get_rng_state(), torch.get_num_threads()
    first, second = told(small), told(small)
    assert torch.equal(before[0], torch.get_rng_state())
    assert torch.get_num_threads() == before[1]
    np.testing.assert_array_equal(first.rates.arrays["real"], second.rates.arrays["real"])
    assert first.rates.note == second.rates.note


def test_a_way_across_a_rest_that_attracts_has_its_plateau() -> None:
    """v = -a (w - w*) + b turned: the closed form of theory.md, 2.3, far from the rest a / |lambda|."""
    pull, turn, off = 0.3, 1.0, 0.0
    places = np.array(module.PLACES)
    s = places - 0.5
    cosine = -(pull * s + turn * off) / (np.hypot(pull, turn) * np.maximum(np.hypot(s, off), 1e-300))
    row = module._path(PathAngle(places, cosine, np.ones_like(s)))
    assert row["attracted"] is True
    assert row["plateau"] == pytest.approx(pull / np.hypot(pull, turn))
    assert module._path(PathAngle(places, -cosine, np.ones_like(s)))["attracted"] is False
    assert module._path(PathAngle(places, cosine, np.ones_like(s)), 0.5)["attracted"] is False


def moments(*table: tuple[complex, complex, complex], speeds: Tensor) -> list[Moment]:
    return [
        Moment(
            2**place,
            torch.ones(4) * place,
            float(speed),
            0.0,
            Rates(Rate(ends[0], 0.0), Rate(ends[1], 0.0), Rate(ends[2], 0.0), products=9),
        )
        for place, (ends, speed) in enumerate(zip(table, speeds, strict=True))
    ]


def test_what_is_said_follows_the_rates() -> None:
    grown = moments((-3, 1, 1 + 2j), (-4, -1, -1 + 0.5j), speeds=torch.tensor([2.0, 0.5]))
    said = module._said(grown)
    assert "Something grows at 1 of them (largest real part 1)" in said
    assert "Turning was found at 2 (fastest 0.5 to 2), at 1 of them faster than it grows or dies" in said
    assert "0.5 at least (round 2)" in said
    still = moments((-3, -1, -3), (-4, -1, -4), speeds=torch.ones(2))
    assert "Nothing that grows was found" in module._said(still)
    assert "No turning was found" in module._said(still)


def test_ranks_are_told_beside_the_round_and_not_from_few(small: Small) -> None:
    record = replace(
        recorded(small.folder),
        rounds=2 ** torch.arange(8),
        readings={"gap": torch.tensor([3.0, 1, 2, 4, 5, 8, 7, 6], dtype=torch.float64)},
    )
    sizes = [3.0, 1, 2, 4, 5, 8, 7, 6]
    table = [(-size, -1.0, -1 + 1j * place) for place, size in enumerate(sizes)]
    gan = gan_at(checkpoint_at(small.folder))
    found = module._readings(gan, moments(*table, speeds=torch.arange(8.0)), record, 0)
    assert found.units == ("|v|", "gap")
    assert found.arrays["rank"][1, 0] == pytest.approx(1)
    assert found.arrays["control"][1, 0] == pytest.approx(found.arrays["rank"][0, 0])
    assert np.isnan(found.arrays["rank"][:, 1]).all()  # growth never varies
    assert found.arrays["checkpoints"][0, 2] == 7  # the first does not turn
    assert "gap with largest +1.00" in found.note
    few = module._readings(gan, moments(*table[:5], speeds=torch.arange(5.0)), record, 0)
    assert few.units == ()
    assert "cannot be told" in few.note


def test_large_networks_are_refused(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganatomy.explain.game.turning_fields.MOST", 50)
    with pytest.raises(UsageError, match=r"75 weights \(limit 50\)"):
        fields_of(small.folder)


def test_one_checkpoint_is_no_course(small: Small) -> None:
    with pytest.raises(UsageError, match="1 checkpoint"):
        told(small, (4,))


def test_a_change_of_the_game_is_in_the_field_and_others_are_refused(tmp_path: Path) -> None:
    changed = small_run(tmp_path / "a", ['interventions=["game.terms.r1.strength=9 from 4"]'])
    fields = fields_of(changed.folder)
    assert [term.strength for term in (fields.game(2).terms[0], fields.game(4).terms[0])] != [9, 9]
    assert fields.game(4).terms[0].strength == 9
    frozen = fields_of(small_run(tmp_path / "b", ['interventions=["freeze=critic from 4"]']).folder)
    frozen.game(2)
    with pytest.raises(UsageError, match="freeze=critic"):
        frozen.at(4)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["players.options.norm=batch"], "batch statistics"),
        (["players.options.dropout=0.3"], "dropout drops the same"),
        (["players.options.critic_norm=spectral"], "one power iteration"),
        (["game.clip=0.1"], "clipping"),
        (["game.packing=2", "game.name=non-saturating"], "on one batch of 16"),
        (["data.name=digits", "latent.conditional=true"], "on one batch of 16"),
    ],
)
def test_networks_in_the_mode_of_training_give_one_field(tmp_path: Path, changes: list[str], said: str) -> None:
    fields = fields_of(small_run(tmp_path, changes).folder, samples=16)
    (field, weights), (again, _) = fields.at(2), fields.at(2)
    assert torch.equal(field(weights), again(weights))
    assert torch.equal(field(weights), field(weights))
    assert said in fields.told
