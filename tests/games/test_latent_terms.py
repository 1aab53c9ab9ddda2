"""Path length and Hessian penalty on maps whose Jacobian and Hessian are known."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
import torch
from oracles_games import LATENT, N, batch, built, players
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.games.latent_terms import (
    hessian_penalty,
    mixed_curvature,
    path_length,
    path_length_spread,
    path_lengths,
    running_target,
)
from ganatomy.games.named import GAMES
from ganatomy.games.terms import Term
from ganatomy.numerics.random import Stream

STREAM = Stream(0, "latent terms")
W = STREAM.child("w").normal(range(6), 3, dtype=torch.float64)
Z = STREAM.child("z").normal(range(5), 3, dtype=torch.float64)


def every_direction(d: int, n: int) -> Tensor:
    return torch.tensor(list(itertools.product([-1, 1], repeat=d)), dtype=torch.float64).expand(n, -1, -1)


def test_path_lengths_of_a_linear_map_written_out() -> None:
    noise = STREAM.normal(range(5), 6, dtype=torch.float64)
    found = path_lengths(lambda z: z @ W.T, Z, noise)
    for i in range(5):
        pulled = [sum(W[k, j].item() * noise[i, k].item() for k in range(6)) for j in range(3)]
        assert found[i].item() == pytest.approx(math.sqrt(sum(entry**2 for entry in pulled)))


def test_mean_square_of_path_lengths_is_the_jacobians_size_per_place() -> None:
    """A picture of 2 x 3 places: E |J^T y|^2 = |J|_F^2 / 6."""
    n = 20_000
    noise = STREAM.child("many").normal(range(n), 1, 2, 3, dtype=torch.float64)
    lengths = path_lengths(lambda z: (z @ W.T).reshape(-1, 1, 2, 3), Z[:1].expand(n, 3), noise)
    assert lengths.square().mean().item() == pytest.approx(float(W.square().sum()) / 6, rel=0.03)


def test_path_lengths_differentiate_again_and_leave_the_latent_alone() -> None:
    noise, scale = torch.ones(5, 3, dtype=torch.float64), torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    with Stream(0, "gradcheck").module_rng(0):
        assert torch.autograd.gradcheck(lambda a: path_lengths(lambda z: (a * z).tanh(), Z, noise).mean(), (scale,))
    assert (Z.requires_grad, Z.grad) == (False, None)


def test_a_constant_generator_has_no_length_and_a_finite_gradient() -> None:
    scale = torch.zeros((), dtype=torch.float64, requires_grad=True)
    lengths = path_lengths(lambda z: scale * z, Z, torch.ones_like(Z))
    (gradient,) = torch.autograd.grad(lengths.sum(), scale)
    assert lengths.tolist() == pytest.approx([1e-6] * 5)
    assert gradient.isfinite()


def test_spread_about_a_target_and_about_the_mean() -> None:
    lengths = torch.tensor([1.0, 2.0, 6.0])
    assert float(path_length_spread(lengths, 2.0)) == pytest.approx((1 + 0 + 16) / 3)
    assert float(path_length_spread(lengths)) == pytest.approx((4 + 1 + 9) / 2)
    with pytest.raises(UsageError, match="2 samples or more"):
        path_length_spread(lengths[:1])


def test_the_running_target_goes_to_the_mean() -> None:
    target = 0.0
    for _ in range(600):
        target = running_target(target, torch.tensor([1.0, 3.0]))
    assert target == pytest.approx(2.0 * (1 - 0.99**600))


def test_curvature_of_a_quadratic_form_is_its_off_diagonal_part() -> None:
    a = STREAM.child("a").normal(range(3), 3, dtype=torch.float64)
    a = a + a.T
    directions = every_direction(3, 5)
    found = mixed_curvature(lambda z: torch.einsum("ni,ij,nj->n", z, a, z)[:, None] / 2, Z, directions)
    off = 2 * sum(a[i, j].item() ** 2 for i in range(3) for j in range(3) if i != j)
    assert found.item() == pytest.approx(off * 8 / 7, rel=1e-8)  # all 8 directions: the unbiased variance is 8/7 of it


@pytest.mark.parametrize("step", [0.1, 0.01])
def test_known_curvatures(step: float) -> None:
    """z0 z1 has 4; z0^2 z1 has 16 z0^2; numbers that act apart have 0. A step matters not for the first two."""
    directions, z = every_direction(3, 1), torch.tensor([[0.5, -1.0, 2.0]], dtype=torch.float64)

    def of(function: object) -> float:
        return mixed_curvature(function, z, directions, step=step).item() * 7 / 8  # type: ignore[arg-type]

    assert of(lambda z: z[:, :1] * z[:, 1:2]) == pytest.approx(4.0, rel=1e-6)
    assert of(lambda z: z[:, :1] ** 2 * z[:, 1:2]) == pytest.approx(16 * 0.25, rel=1e-6)
    assert of(lambda z: z.sin().sum(dim=1, keepdim=True)) == pytest.approx(0.0, abs=1e-15)


def test_the_worst_output_counts_for_each_sample() -> None:
    directions = every_direction(3, 5)
    both = mixed_curvature(lambda z: torch.stack([z[:, 0] * z[:, 1], 3 * z[:, 1] * z[:, 2]], dim=1), Z, directions)
    assert both.item() == pytest.approx(9 * 4 * 8 / 7, rel=1e-6)


@pytest.mark.parametrize("directions", [torch.ones(5, 1, 3), torch.ones(5, 3), torch.ones(4, 2, 3)])
def test_directions_that_do_not_fit_are_refused(directions: Tensor) -> None:
    with pytest.raises(UsageError, match="k at least 2"):
        mixed_curvature(lambda z: z, Z, directions)


def test_the_games_terms_are_the_formulas_at_their_addresses() -> None:
    pair, given = players((1, 2, 3)), batch((1, 2, 3))
    game = replace(GAMES["hinge"], terms=(path_length(2.0), hessian_penalty(0.1)))
    stream = given.stream.child("generator")
    noise = stream.child("path-length").normal(range(N), 1, 2, 3, dtype=torch.float64)
    signs = 2 * stream.child("hessian").integers(range(N), 2, 2, LATENT) - 1
    parts = game.generator_terms(pair, given).parts
    lengths = path_lengths(pair.generator, given.latent, noise)
    assert parts["path-length"].item() == pytest.approx(2 * lengths.var().item())
    assert parts["hessian"].item() == pytest.approx(0.1 * mixed_curvature(pair.generator, given.latent, signs).item())
    assert game.coupled == ("path-length",)
    assert set(signs.unique().tolist()) == {-1, 1}


def test_a_target_uncouples_path_length() -> None:
    game = replace(GAMES["hinge"], terms=(path_length(2.0, target=0.5),))
    assert game.coupled == ()
    assert game.generator_terms(players(), batch()).parts["path-length"].item() > 0


@pytest.mark.parametrize(("directions", "step"), [(1, 0.1), (2, 0.0)])
def test_nonsense_is_refused(directions: int, step: float) -> None:
    with pytest.raises(UsageError, match="give 2 or more"):
        hessian_penalty(directions=directions, step=step)


@pytest.mark.parametrize("term", [path_length(), hessian_penalty()], ids=lambda term: term.name)
def test_a_generator_with_batch_statistics_is_refused(term: Term) -> None:
    layers = built(lambda: nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2)))
    pair, game = replace(players(), generator=layers), replace(GAMES["hinge"], terms=(term,))
    before = layers[1].running_mean.clone()
    with pytest.raises(UsageError, match="layer '1' uses batch statistics"):
        game.generator_terms(pair, batch())
    layers.eval()
    game.generator_terms(pair, batch())  # frozen statistics are no batch statistics
    assert torch.equal(layers[1].running_mean, before)
