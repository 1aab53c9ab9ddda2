"""Readings of layers against their formulas, worked out again by other means."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from ganatomy.data.worlds import WORLDS
from ganatomy.games.named import game_named
from ganatomy.games.players import Players
from ganatomy.games.presentation import Presentation
from ganatomy.models.spectral import spectrally_normalised
from ganatomy.numerics.random import Stream
from ganatomy.training.watching.averaged import weights_apart
from ganatomy.training.watching.gradients import gradient_signals, pulls
from ganatomy.training.watching.layers import as_matrix, layer_named, layers_of, spread_out
from ganatomy.training.watching.likeness import cka, gram, grams
from ganatomy.training.watching.modes import mode_signals
from ganatomy.training.watching.slopes import steepness
from ganatomy.training.watching.spectra import largest_singular, spectrum_signals


def drawn(*shape: int, name: str = "x") -> Tensor:
    return Stream(0, name).normal(range(shape[0]), *shape[1:], dtype=torch.float64)


def fresh(make: Callable[[], nn.Module]) -> nn.Module:
    """Layers draw their first weights."""
    with Stream(0, "weights").module_rng(0):
        return make()


def network() -> nn.Sequential:
    def made() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.LeakyReLU(inplace=True), nn.Flatten(), nn.Linear(144, 1)
        )

    found = fresh(made)
    assert isinstance(found, nn.Sequential)
    return found


# --- layers


def test_layers_are_linear_maps_and_convolutions_by_name() -> None:
    assert list(layers_of(network())) == ["0", "4"]
    assert layers_of(fresh(lambda: nn.Linear(2, 2))) == {}
    names = ["D.head.weight", "D.head.parametrizations.weight.original", "H.class.bias", "constant"]
    assert [layer_named(name) for name in names] == ["D.head", "D.head", "H.class", "constant"]


@given(st.integers(0, 40), st.integers(2, 9))
def test_so_many_at_most_with_both_ends(n: int, most: int) -> None:
    names = [str(place) for place in range(n)]
    chosen = spread_out(names, most)
    assert chosen == sorted(set(chosen), key=int)
    assert len(chosen) == min(n, most)
    assert n == 0 or (chosen[0], chosen[-1]) == (names[0], names[-1])


# --- gradients


def test_gradient_norms_are_those_of_all_weights_of_a_layer() -> None:
    net = network()
    loss = net(drawn(8, 1, 8, 8).float()).square().mean()
    weights = {f"D.{name}": weight for name, weight in net.named_parameters()}
    slopes = dict(zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True))
    signals = gradient_signals({"critic": slopes}, {"D.": net})
    loss = net(drawn(8, 1, 8, 8).float()).square().mean()
    loss.backward()
    for name in ("0", "1", "4"):
        layer = net.get_submodule(name)
        pull = torch.cat([weight.grad.flatten() for weight in layer.parameters()]).norm()  # type: ignore[union-attr]
        size = torch.cat([weight.detach().flatten() for weight in layer.parameters()]).norm()
        assert signals[f"gradient.D.{name}"] == pytest.approx(float(pull), rel=1e-5)
        assert signals[f"gradient.relative.D.{name}"] == pytest.approx(float(pull / size), rel=1e-5)
    assert len(signals) == 6


def test_gradients_that_are_not_finite_are_said_and_layers_of_zeros_have_no_relative_one() -> None:
    net = fresh(lambda: nn.Sequential(nn.Linear(2, 2, bias=False)))
    nn.init.zeros_(net.get_parameter("0.weight"))
    mine = {"G.0.weight": torch.full((2, 2), 3.0)}
    assert gradient_signals({"generator": mine}, {"G.": net}) == {"gradient.G.0": 6.0}
    mine = {"G.0.weight": torch.tensor([[math.nan, 0.0], [0.0, 0.0]])}
    assert gradient_signals({"generator": mine}, {"G.": net}) == {"nonfinite.gradient.G.0": 1.0}
    assert pulls({}) == {}


# --- slopes


def parabola(scale: float) -> Players:
    class Parabola(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 0.5 * scale * x.flatten(1).square().sum(1)

    return Players(nn.Identity(), Parabola(), score=game_named("ns-r1").score)


def test_the_slope_of_a_parabola_is_its_distance_from_the_middle() -> None:
    samples = drawn(12, 1, 4, 4).float()
    steep = steepness(game_named("ns-r1"), parabola(3.0), samples, None)
    torch.testing.assert_close(steep, 3 * samples.flatten(1).norm(dim=1))
    packed = replace(game_named("non-saturating"), presentation=Presentation(packing=3))
    torch.testing.assert_close(steepness(packed, parabola(3.0), samples, None), steep)
    assert not samples.requires_grad


def test_twice_the_r1_penalty_of_the_game_is_the_mean_square() -> None:
    from ganatomy.games.penalties import half_square
    from ganatomy.games.slopes import slopes_of

    net = network().eval()
    samples = drawn(8, 1, 8, 8).float()
    mine = steepness(game_named("ns-r1"), Players(nn.Identity(), net), samples, None).square().mean()
    theirs = half_square(slopes_of(lambda x: net(x)[:, 0], samples)).mean().detach()
    assert float(mine) == pytest.approx(2 * float(theirs), rel=1e-5)


# --- spectra


@pytest.mark.parametrize("shape", [(1, 9), (3, 3), (64, 7), (128, 200), (129, 400), (300, 260), (900, 513)])
def test_the_largest_singular_value_is_that_of_a_whole_decomposition(shape: tuple[int, int]) -> None:
    matrix = drawn(*shape).float()
    exact = float(torch.linalg.svdvals(matrix.double())[0])
    assert largest_singular(matrix) == pytest.approx(exact, rel=1e-4)
    assert largest_singular(matrix) == largest_singular(matrix.clone())
    assert largest_singular(1e-30 * matrix) == pytest.approx(1e-30 * exact, rel=1e-4)


def test_matrices_of_one_direction_of_equal_directions_and_of_none() -> None:
    one = torch.outer(torch.ones(200), torch.arange(300.0))
    assert largest_singular(one) == pytest.approx(float(one.norm()), rel=1e-5)
    assert largest_singular(2.5 * torch.eye(200)) == pytest.approx(2.5, rel=1e-5)
    assert largest_singular(torch.zeros(200, 300)) == 0.0
    assert math.isnan(largest_singular(torch.tensor([[1.0, math.inf]])))


def test_readings_of_layers_as_they_act() -> None:
    net = network()
    signals = spectrum_signals({"D.": net})
    values = torch.linalg.svdvals(net[0].weight.detach().double().flatten(1))  # type: ignore[union-attr]
    assert signals["singular.D.0"] == pytest.approx(float(values[0]), rel=1e-6)
    assert signals["rank.D.0"] == pytest.approx(float(values.square().sum() / values[0] ** 2), rel=1e-6)
    assert "rank.D.4" not in signals  # one output has one direction
    turned = fresh(lambda: nn.ConvTranspose2d(3, 5, 2))
    torch.testing.assert_close(
        as_matrix(turned), turned.get_parameter("weight").detach().permute(1, 0, 2, 3).reshape(5, 12)
    )


def test_a_spectral_norm_is_read_and_not_moved() -> None:
    net = spectrally_normalised(network(), Stream(0, "spectral")).train()
    with torch.no_grad():
        for _ in range(200):
            net(drawn(2, 1, 8, 8).float())
    before = {name: value.clone() for name, value in net.state_dict().items()}
    signals = spectrum_signals({"D.": net})
    assert signals["singular.D.0"] == pytest.approx(1.0, rel=1e-4)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert net.training


# --- CKA


def slow_cka(x: np.ndarray, y: np.ndarray) -> float:
    """HSIC_1 of Song et al. 2012, eq. 5, term by term."""

    def hsic(k: np.ndarray, m: np.ndarray) -> float:
        n = len(k)
        k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
        one = np.ones(n)
        first = np.trace(k @ m) + (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
        return float(first - 2 / (n - 2) * (one @ k @ m @ one)) / (n * (n - 3))

    k, m = x @ x.T, y @ y.T
    return hsic(k, m) / math.sqrt(hsic(k, k) * hsic(m, m))


def test_cka_is_its_formula() -> None:
    x = drawn(20, 30) + 5.0
    y = x @ drawn(30, 12, name="map") + 2.0 * drawn(20, 12, name="noise")
    assert cka(gram(x), gram(y)) == pytest.approx(slow_cka(x.numpy(), y.numpy()), abs=1e-6)


def test_cka_does_not_see_rotations_factors_and_shifts_and_sees_other_maps() -> None:
    x = drawn(40, 10)
    turn = torch.linalg.qr(drawn(10, 10, name="turn"))[0]
    assert cka(gram(x), gram(x)) == pytest.approx(1.0, abs=1e-6)
    assert cka(gram(x), gram(-3.0 * x @ turn + 7.0)) == pytest.approx(1.0, abs=1e-6)
    assert cka(gram(x), gram(x * torch.tensor([30.0] + [1.0] * 9))) < 0.8


def test_unrelated_features_read_0_on_average_however_wide() -> None:
    """The plain estimate reads 0.98 here."""
    readings = [cka(gram(drawn(16, 1000, name=f"a{k}")), gram(drawn(16, 1000, name=f"b{k}"))) for k in range(200)]
    error = float(np.std(readings)) / math.sqrt(len(readings))
    assert abs(float(np.mean(readings))) < 4 * error
    assert error < 0.01


def test_tables_are_taken_before_what_follows_works_in_place_and_leave_no_hook() -> None:
    net = network().eval()
    x = drawn(8, 1, 8, 8).float()
    found = grams(net, lambda: net(x))
    assert list(found) == ["0", "4"]
    torch.testing.assert_close(found["0"], gram(net[0](x)))
    assert not any(module._forward_hooks for module in net.modules())

    def broken() -> None:
        net(x)
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        grams(net, broken)
    assert not any(module._forward_hooks for module in net.modules())


def test_layers_that_say_nothing_or_see_too_few_have_no_table() -> None:
    net = network().eval()
    assert grams(net, lambda: net(drawn(3, 1, 8, 8).float())) == {}
    nn.init.zeros_(net[4].weight)  # type: ignore[arg-type]
    assert list(grams(net, lambda: net(drawn(8, 1, 8, 8).float()))) == ["0"]
    assert gram(torch.full((5, 2), math.nan)).isnan().any()


# --- modes, averages


def test_modes_of_a_world() -> None:
    world = WORLDS["ring8"]()
    samples = world.sample(Stream(0, "samples"), range(400))
    whole = mode_signals(samples, world)
    assert (whole["modes.found"], whole["modes.strict"]) == (8, 8)
    assert whole["modes.quality"] == pytest.approx(0.989, abs=0.02)
    assert whole["modes.reverse_kl"] < 0.03
    half = mode_signals(samples[samples[:, 0] > 0.1], world)
    assert half["modes.found"] == 3
    assert half["modes.reverse_kl"] == pytest.approx(math.log(8 / 3), abs=0.03)
    off = mode_signals(samples + 0.3, world)
    assert (off["modes.found"], off["modes.quality"]) == (0, 0)
    assert "modes.reverse_kl" not in off


def test_no_modes_where_the_truth_has_none_that_are_alike() -> None:
    points = torch.zeros(5, 2)
    assert mode_signals(points, None) == mode_signals(points, WORLDS["moons"]()) == {}


def test_averaged_weights_by_hand() -> None:
    one, two, other = (fresh(make) for make in (lambda: nn.Linear(2, 1), lambda: nn.Linear(2, 1), network))
    with torch.no_grad():
        for net, value in ((one, 1.0), (two, 2.0)):
            for weight in net.parameters():
                weight.fill_(value)
    assert weights_apart(one, two) == pytest.approx(0.5)
    assert weights_apart(one, one) is None
    assert weights_apart(one, other) is None
