from math import pi

import pytest
import torch
from scipy import stats

from ganatomy.data.worlds import WORLDS, grid25, mixture, moons, ring8, spiral
from ganatomy.errors import UsageError
from ganatomy.numerics.distances import count_modes
from ganatomy.numerics.random import Stream

STREAM = Stream(3, "worlds")


def make(name):
    return WORLDS[name]()


def slow_density(world, x):
    """The mixture again, term by term, from SciPy."""
    terms = zip(world.weights.tolist(), world.centres.numpy(), world.stds.tolist(), strict=True)
    return sum(w * stats.multivariate_normal(c, s**2).pdf(x.numpy()) for w, c, s in terms)


@pytest.mark.parametrize("name", WORLDS)
def test_density_equals_the_sum_of_its_parts(name):
    world = make(name)
    x = world.sample(STREAM, range(40))
    assert torch.allclose(world.log_density(x).exp(), torch.as_tensor(slow_density(world, x)).reshape(-1), rtol=1e-9)


@pytest.mark.parametrize("name", ["two-gaussians", "three-gaussians"])
def test_density_on_the_line_integrates_to_one(name):
    x = torch.linspace(-9, 9, 20_001, dtype=torch.float64)
    assert torch.trapezoid(make(name).log_density(x[:, None]).exp(), x).item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", ["moons", "spiral"])
def test_density_in_the_plane_integrates_to_one(name):
    ticks = torch.linspace(-3, 3, 201, dtype=torch.float64)  # a step of 0.03, well below the smaller std
    mass = make(name).log_density(torch.cartesian_prod(ticks, ticks)).exp().sum() * (ticks[1] - ticks[0]) ** 2
    assert mass.item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("world", [ring8(), grid25()], ids=["ring8", "grid25"])
def test_narrow_modes_hold_an_equal_share_each(world):
    ticks = torch.linspace(-8, 8, 65, dtype=torch.float64) * world.mode_std
    patch = torch.cartesian_prod(ticks, ticks)
    cell = (ticks[1] - ticks[0]) ** 2
    masses = torch.stack([world.log_density(centre + patch).exp().sum() * cell for centre in world.centres])
    assert torch.allclose(masses, torch.full_like(masses, 1 / len(masses)), rtol=1e-9)


@pytest.mark.parametrize("name", WORLDS)
def test_samples_have_the_moments_of_the_density(name):
    world, n = make(name), 20_000
    x = world.sample(STREAM, range(n))
    weights = world.weights[:, None]
    mean = (weights * world.centres).sum(0)
    spread = world.centres - mean
    covariance = (weights * spread).T @ spread + (world.weights * world.stds**2).sum() * torch.eye(world.dimensions)
    error = (covariance.diagonal() / n).sqrt()
    assert ((x.mean(0) - mean).abs() < 4 * error).all()
    assert torch.allclose(
        x.T.cov().reshape(covariance.shape), covariance, rtol=0, atol=4 * 1.5 * covariance.max() / n**0.5
    )


@pytest.mark.parametrize("name", ["two-gaussians", "three-gaussians"])
def test_samples_on_the_line_follow_the_distribution_function(name):
    world = make(name)
    parts = list(zip(world.weights.tolist(), world.centres[:, 0].tolist(), world.stds.tolist(), strict=True))

    def below(x):
        return sum(w * stats.norm(c, s).cdf(x) for w, c, s in parts)

    assert stats.kstest(world.sample(STREAM, range(5000))[:, 0].numpy(), below).pvalue > 0.01


@pytest.mark.parametrize("name", WORLDS)
def test_labels_name_the_mode_the_point_came_from_and_splits_do_not_matter(name):
    world = make(name)
    x, labels = world.sample(STREAM, range(500)), world.labels(STREAM, range(500))
    parts = [world.sample(STREAM, range(123)), world.sample(STREAM, range(123, 500))]
    assert torch.equal(x, torch.cat(parts))
    assert labels.dtype == torch.int64
    nearest = world.modes[torch.cdist(x, world.centres).argmin(1)]
    assert (nearest == labels).float().mean() > 0.98
    assert set(labels.tolist()) == set(range(world.n_modes))


def test_modes_are_where_the_protocol_says():
    assert torch.allclose(ring8().centres.norm(dim=1), torch.ones(8, dtype=torch.float64))
    assert torch.allclose(
        torch.cdist(ring8().centres, ring8().centres).sort().values[:, 1],
        torch.tensor(2.0).double() * torch.tensor(pi / 8).sin(),
    )
    assert {tuple(c) for c in grid25().centres.tolist()} == {
        (x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)
    }
    assert (ring8().mode_std, grid25().mode_std) == (0.01, 0.05)


@pytest.mark.parametrize("world", [ring8(), grid25()], ids=["ring8", "grid25"])
def test_real_samples_fill_all_modes(world):
    counted = count_modes(world.sample(STREAM, range(2500)), world.centres, world.mode_std)
    assert counted.loose == counted.strict == len(world.centres)
    assert counted.high_quality == pytest.approx(
        1 - torch.exp(torch.tensor(-4.5)).item(), abs=0.01
    )  # 3 std in the plane


@pytest.mark.parametrize("name", ["three-gaussians", "moons", "spiral"])
def test_worlds_without_round_modes_of_one_size_say_so(name):
    assert make(name).mode_std is None


@pytest.mark.parametrize("world", [moons(), spiral()], ids=["moons", "spiral"])
def test_curves_are_smooth_along_their_length(world):
    gaps = torch.cdist(world.centres, world.centres).fill_diagonal_(9).amin(1)
    assert (gaps < world.stds).all()
    assert gaps.min() > 0.95 * gaps.max()  # chords of equal arcs
    line = world.centres[world.modes == 0][20:40]
    steps = torch.linspace(0, 1, 11, dtype=torch.float64)[:, None, None]
    between = world.log_density((line[:-1] + steps * (line[1:] - line[:-1])).reshape(-1, 2)).reshape(11, -1)
    # Off the curve by the sagitta of a chord and by its bend, but with no ripple between one centre and the next.
    assert (between.amax(0) - between.amin(0)).max() < 0.05


def test_density_is_differentiable_and_leaves_its_input_alone():
    x = torch.tensor([[0.3], [-1.0]], dtype=torch.float32, requires_grad=True)
    make("two-gaussians").log_density(x).sum().backward()
    y = x.detach().double()
    post = torch.sigmoid(y * 4 / 0.25)  # weight of the right mode, from the ratio of the two parts
    assert torch.allclose(x.grad.double(), -(y - (4 * post - 2)) / 0.25, rtol=1e-5)


def test_density_does_not_depend_on_how_the_points_are_cut():
    world = grid25()
    x = world.sample(STREAM, range(300)) + 0.1
    whole = world.log_density(x)
    assert torch.allclose(whole, torch.cat([world.log_density(part) for part in x.split(7)]), rtol=1e-12)
    assert world.log_density(x[:0]).shape == (0,)


def test_points_in_the_wrong_space_are_refused():
    with pytest.raises(UsageError, match=r"'ring8' was asked at points of shape \(5, 3\)\npoints have shape \(n, 2\)"):
        ring8().log_density(torch.zeros(5, 3))


def test_a_mixture_of_ones_own():
    world = mixture("mine", [[0.0, 1.0], [2.0, 3.0]], std=[0.1, 0.2], weights=[1, 3])
    assert world.weights.tolist() == [0.25, 0.75]
    assert (world.stds.tolist(), world.dimensions, world.n_modes) == ([0.1, 0.2], 2, 2)
    assert (world.labels(STREAM, range(4000)) == 1).double().mean().item() == pytest.approx(0.75, abs=0.03)


def test_modes_of_unequal_weight_are_not_counted_as_equal():
    assert mixture("mine", [[0.0], [1.0]], std=0.1).mode_std == 0.1
    assert mixture("mine", [[0.0], [1.0]], std=0.1, weights=[1, 2]).mode_std is None
    assert mixture("mine", [[0.0], [1.0]], std=0.1, modes=torch.zeros(2, dtype=torch.int64)).mode_std is None


@pytest.mark.parametrize("wrong", [{"std": 0.0}, {"std": [0.1, 0.1]}, {"std": 0.1, "weights": [-1.0]}])
def test_impossible_mixtures_are_refused(wrong):
    with pytest.raises(UsageError, match="one positive std and weight for each"):
        mixture("mine", [[0.0]], **wrong)
    with pytest.raises(UsageError, match="give centres"):
        mixture("mine", [0.0, 1.0], std=1.0)
