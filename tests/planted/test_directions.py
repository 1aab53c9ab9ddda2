"""The published facts of planted directions: who finds them, who is misled, by closed forms."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.planted.catalogue import PLANTED
from ganatomy.planted.directions import LABELS, STRENGTHS, DirectionsTruth, directions, labelled, leakage
from ganatomy.planted.planted import Planted

N = 20_000


def unit(vector: Tensor) -> Tensor:
    scaled: Tensor = vector / vector.norm()
    return scaled


def mean_difference(z: Tensor, y: Tensor) -> Tensor:
    apart = z[y == 1].mean(0) - z[y == 0].mean(0)
    return unit(apart)


def least_squares(z: Tensor, y: Tensor) -> Tensor:
    found: Tensor = torch.linalg.lstsq(z.double(), y.double()[:, None] - 0.5).solution[:, 0].float()
    return unit(found)


def sefa(planted: Planted[DirectionsTruth]) -> Tensor:
    """Right singular vectors of the first affine, strongest first."""
    ways: Tensor = torch.linalg.svd(planted.gan.generator.get_parameter("mix.weight").double())[2]
    return ways.float()


@pytest.mark.parametrize("bend", [False, True])
def test_the_measure_reads_the_factors_without_error(bend: bool) -> None:
    planted = directions(STRENGTHS["distinct"], bend=bend)
    z = planted.gan.latent.sample(0, range(200))
    read = planted.measure(planted.gan.decode(z))
    wanted = z.double() @ planted.truth.latent.T.double()
    torch.testing.assert_close(read, wanted, atol=1e-3 if bend else 1e-5, rtol=0)
    assert planted.concepts == ("f1", "f2", "f3", "f4")


def test_a_step_along_a_direction_moves_its_factor_alone() -> None:
    planted = directions(STRENGTHS["distinct"])
    z = planted.gan.latent.sample(0, range(4))
    for place, way in enumerate(planted.truth.latent):
        moved = planted.measure(planted.gan.decode(z + 2 * way)) - planted.measure(planted.gan.decode(z))
        torch.testing.assert_close(moved[0], 2 * torch.eye(4, dtype=torch.float64)[place], atol=1e-5, rtol=0)
        assert leakage(planted, way, planted.concepts[place]) == pytest.approx(0, abs=1e-6)


def test_distinct_strengths_are_found_by_the_weights_alone() -> None:
    planted = directions(STRENGTHS["distinct"])
    cosines = (sefa(planted)[:4] * planted.truth.latent).sum(1).abs()
    torch.testing.assert_close(cosines, torch.ones(4), atol=1e-5, rtol=0)
    assert planted.truth.identifiable == planted.concepts


def test_of_equal_strengths_only_the_span_is_found() -> None:
    planted = directions(STRENGTHS["equal"])
    assert planted.truth.identifiable == ("f4",)
    cosines = torch.linalg.svdvals(sefa(planted)[:3] @ planted.truth.latent[:3].T)
    torch.testing.assert_close(cosines, torch.ones(3), atol=1e-5, rtol=0)


def test_a_strong_nuisance_pushes_the_weakest_factor_out() -> None:
    planted = directions(STRENGTHS["nuisance"])
    cosines = torch.linalg.svdvals(sefa(planted)[:4] @ planted.truth.latent.T)
    assert float(cosines.min()) < 1e-5


@pytest.mark.parametrize(
    ("kind", "factor", "naive", "naive_leak", "fair", "fair_leak"),
    [("plain", "f1", 1.0, 0.0, 1.0, 0.0), ("noisy", "f1", 1.0, 0.0, 1.0, 0.0), ("confounded", "f1", 0.78, 0.45, 1, 0)],
)
def test_a_confounder_misleads_the_mean_difference(
    kind: str, factor: str, naive: float, naive_leak: float, fair: float, fair_leak: float
) -> None:
    planted = directions(STRENGTHS["distinct"])
    z, y = labelled(planted, LABELS[kind], 0, range(N))
    way = planted.truth.latent[planted.concepts.index(factor)]
    for find, cosine, leak in ((mean_difference, naive, naive_leak), (least_squares, fair, fair_leak)):
        found = find(z, y)
        assert float(abs(found @ way)) == pytest.approx(cosine, abs=0.02)
        assert leakage(planted, found, factor) == pytest.approx(leak, abs=0.04)


def test_labels_that_read_two_factors_name_neither() -> None:
    planted = directions(STRENGTHS["distinct"])
    z, y = labelled(planted, LABELS["both"], 0, range(N))
    found = least_squares(z, y)
    torch.testing.assert_close((planted.truth.latent[:2] @ found).abs(), torch.full((2,), 0.7), atol=0.03, rtol=0)


def test_a_factor_that_goes_with_the_label_is_not_read_by_it() -> None:
    planted = directions(STRENGTHS["distinct"])
    z, y = labelled(planted, LABELS["proxy"], 0, range(N))
    first = planted.truth.latent[0]
    together = torch.corrcoef(torch.stack([z @ first, y.float()]))[0, 1]
    assert float(together) == pytest.approx(0.8 * (2 / torch.pi) ** 0.5, abs=0.02)  # .64
    assert float(abs(mean_difference(z, y) @ first)) == pytest.approx(0.62, abs=0.02)
    assert float(abs(least_squares(z, y) @ first)) < 0.04


def test_labelled_latents_are_by_address() -> None:
    planted = directions(STRENGTHS["distinct"])
    z, y = labelled(planted, LABELS["noisy"], 3, range(10))
    one, label = labelled(planted, LABELS["noisy"], 3, [7])
    torch.testing.assert_close(one[0], z[7])
    assert label[0] == y[7]


def test_five_strengths_are_wanted() -> None:
    with pytest.raises(UsageError, match=r"strengths \(1.0, 2.0\)"):
        directions((1.0, 2.0))


@pytest.mark.parametrize("name", PLANTED)
def test_every_planted_gan_is_one_and_measures_its_own_samples(name: str) -> None:
    planted = PLANTED[name]()
    samples = planted.gan.sample(0, range(6))
    again = PLANTED[name]()
    assert again.gan.digest() == planted.gan.digest()
    torch.testing.assert_close(torch.cat([planted.gan.sample(0, [i]) for i in range(6)]), samples, atol=1e-5, rtol=0)
    found = planted.measure(samples)
    assert found.shape[:2] == (6, len(planted.concepts))
    assert found.ndim == (4 if planted.kind == "mask" else 2)
