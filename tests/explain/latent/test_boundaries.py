"""Boundaries: the true vector of a linear generator, the efficient error with noise, and labels that mislead."""

from __future__ import annotations

import math

import pytest
import torch
from oracles_latent import gaussian, known_gan, linear_gan, reader
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold

from ganatomy.errors import GanatomyError
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.latent.boundaries import PENALTIES, boundaries, from_scores, least_squares
from ganatomy.explain.latent.directions import conditioned
from ganatomy.models.latent import Sphere, Uniform
from ganatomy.planted.directions import LABELS, STRENGTHS, directions, labelled, leakage


@pytest.mark.parametrize("method", ["least squares", "logistic"])
def test_a_linear_concept_of_a_linear_generator_is_found(method: str) -> None:
    weight, reads = gaussian(8, 5), gaussian(2, 8, seed=3)
    gan = linear_gan(weight)
    found = boundaries(gan, [reader("score", reads)], method=method, n=1500)
    truth = torch.nn.functional.normalize(reads @ weight, dim=1)
    assert float((found.vectors * truth).sum(1).min()) > (1 - 1e-9 if method == "least squares" else 0.995)
    assert float(found.fit.min()) > 0.99
    assert found.names == found.targets == ("score: c0", "score: c1")


@pytest.mark.parametrize("latent", [Uniform(5), Sphere(5)])
def test_other_priors_need_nothing_else(latent: Uniform) -> None:
    weight, reads = gaussian(8, 5), gaussian(1, 8, seed=3)
    found = boundaries(linear_gan(weight, latent=latent), [reader("s", reads)], n=500)
    truth = torch.nn.functional.normalize(reads @ weight, dim=1)
    assert float((found.vectors * truth).sum()) > 1 - 1e-9


def test_with_noise_the_error_is_at_most_a_fifth_above_the_efficient_one() -> None:
    """Scores a.z + noise of standard deviation s: the bound of the angle is s sqrt((d - 1) / n)."""
    dim, n, noise = 30, 900, 2.0
    tangents = []
    for seed in range(8):
        z = gaussian(n, dim, seed=seed)
        told = z[:, :1] + noise * gaussian(n, 1, seed=100 + seed)
        (w,) = least_squares(lambda part, z=z: z[part.start : part.stop], told).slopes
        tangents.append(float(w[1:].norm() / w[0]))
    assert math.sqrt(sum(each**2 for each in tangents) / 8) <= 1.2 * noise * math.sqrt((dim - 1) / n)


def test_quality_is_the_out_of_fold_r2_at_the_best_penalty() -> None:
    n = 200
    z, told = gaussian(n, 6), gaussian(n, 2, seed=1) + gaussian(n, 6)[:, :2]
    ours = least_squares(lambda part: z[part.start : part.stop], told)
    order = torch.arange(n).reshape(-1, 5).T.reshape(-1)  # KFold takes stretches, ours every fifth
    for concept in range(2):
        best = -math.inf
        for penalty in PENALTIES:
            predicted, truth = [], []
            for train, test in KFold(5).split(order.numpy()):
                rows, out = order[train], order[test]
                model = Ridge(penalty * len(rows)).fit(z[rows].numpy(), told[rows, concept].numpy())
                predicted.append(torch.from_numpy(model.predict(z[out].numpy())))
                truth.append(told[out, concept])
            best = max(best, r2_score(torch.cat(truth).numpy(), torch.cat(predicted).numpy()))
        assert float(ours.quality[concept]) == pytest.approx(best, abs=1e-9)
    plain = LinearRegression().fit(z.numpy(), ((told - told.mean(0)) / told.std(0)).numpy())
    assert ours.slopes.numpy() == pytest.approx(plain.coef_, rel=0.15, abs=0.02)


def test_a_concept_that_the_latent_does_not_hold_has_no_quality() -> None:
    z = gaussian(300, 20)
    found = least_squares(lambda part: z[part.start : part.stop], gaussian(300, 1, seed=9))
    assert float(found.quality) < 0.05
    few = least_squares(lambda part: z[part.start : part.stop], gaussian(30, 1, seed=9))  # 24 samples a fold, 20 slopes
    assert bool(torch.isfinite(few.slopes).all())


def test_confounded_latents_mislead_the_difference_of_means_but_not_the_boundary() -> None:
    planted = directions(STRENGTHS["distinct"])
    z, y = labelled(planted, LABELS["confounded"], 0, range(3000))
    means = (z[y == 1].mean(0) - z[y == 0].mean(0)).double()
    means = means / means.norm()
    truth = planted.truth.latent.double()
    assert float(means @ truth[0]) < 0.85
    assert leakage(planted, means, "f1") > 0.4
    for method in ("logistic", "least squares"):
        found = from_scores(planted.gan, z, y[:, None].double(), names=["label"], method=method)
        assert float(found.vectors[0] @ truth[0]) > 0.99
        assert leakage(planted, found.vectors[0], "f1") < 0.1


def test_a_label_of_two_factors_has_no_single_direction_and_a_proxy_is_seen_through() -> None:
    planted = directions(STRENGTHS["distinct"])
    truth = planted.truth.latent.double()
    z, y = labelled(planted, LABELS["both"], 0, range(3000))
    both = from_scores(planted.gan, z, y[:, None].double(), names=["label"], method="logistic").vectors[0] @ truth.T
    assert both[:2].tolist() == pytest.approx([math.sqrt(0.5)] * 2, abs=0.05)
    z, y = labelled(planted, LABELS["proxy"], 0, range(3000))
    proxy = from_scores(planted.gan, z, y[:, None].double(), names=["label"], method="logistic").vectors[0] @ truth.T
    assert abs(float(proxy[0])) < 0.1
    assert float(proxy[1]) > 0.99


def test_of_equal_strengths_labels_tell_apart_what_the_weights_cannot() -> None:
    planted = directions(STRENGTHS["equal"])
    measurer = Measurer("factors", planted.concepts, "score", planted.measure)
    found = boundaries(planted.gan, [measurer], n=500)
    assert float((found.vectors * planted.truth.latent.double()).sum(1).min()) > 0.999


def test_conditioning_on_a_boundary_leaves_its_concept_where_it_was() -> None:
    gan, known = known_gan([2.0, 1.5, 1.0])
    reads = torch.linalg.pinv(gan.generator.get_parameter("out.weight").detach().double())  # x -> z
    mixed = reader("m", torch.stack([reads.T @ (known[0] + known[1]), reads.T @ known[1]]))
    found = boundaries(gan, [mixed], n=300)
    rest = conditioned(found.only([0]), [found.only([1])])
    assert abs(float(rest.vectors[0] @ known[0])) > 1 - 1e-6
    assert float(rest.facts["kept"]) == pytest.approx(math.sqrt(0.5), abs=1e-3)


def test_it_is_deterministic_streams_and_refuses_what_never_varies() -> None:
    gan = linear_gan(gaussian(8, 5))
    measurer = reader("s", gaussian(2, 8, seed=3))
    first, second = boundaries(gan, [measurer], n=1100), boundaries(gan, [measurer], n=1100)
    assert torch.equal(first.vectors, second.vectors)
    assert first.again is not None
    assert torch.equal(first.again(0).vectors, first.vectors)
    constant = Measurer("flat", ("flat",), "score", lambda samples: torch.ones(len(samples), 1))
    with pytest.raises(GanatomyError, match="no concept of flat varies over 100 samples"):
        boundaries(gan, [constant], n=100)
    assert boundaries(gan, [constant, measurer], n=100).names == ("s: c0", "s: c1")
    with pytest.raises(GanatomyError, match="no regression called 'svm'"):
        boundaries(gan, [measurer], n=100, method="svm")
    with pytest.raises(GanatomyError, match="no measurers"):
        boundaries(gan, [])
    with pytest.raises(GanatomyError, match="boundary of 10"):
        boundaries(gan, [measurer], n=10)


def test_what_only_rounds_otherwise_has_no_boundary() -> None:
    gan = linear_gan(torch.eye(3).double())
    read = Measurer(
        "m", ("first", "rounded"), "score", lambda x: torch.stack([x[:, 0], 100 + 1e-5 * x[:, 1].sign()], 1)
    )
    assert boundaries(gan, [read], n=100).names == ("m: first",)
