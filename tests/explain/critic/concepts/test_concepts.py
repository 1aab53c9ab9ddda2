"""Sensitivity to concepts: closed forms, the nominal rate under a random concept, and the t-test that has none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganatomy.data.catalogue import load_splits
from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.critic.concepts.concept_claims import (
    COLUMNS,
    At,
    Rules,
    answers_at,
    claimed,
    controls_for,
    rises,
    words,
)
from ganatomy.explain.critic.concepts.concepts import ConceptPlan, places_of, sensitivity, slopes_at
from ganatomy.explain.critic.concepts.vectors import KINDS, Sets, at_random, extremes
from ganatomy.explain.critic.lots import Lot
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score

DIGIT = Format.picture(1, 8)
PLAN = ConceptPlan(n=80, sets=119, smallest=0.05)


class Halves(nn.Module):
    """A first layer that shows every pixel; the score hears of the upper half, or of the lower."""

    def __init__(self, upper: float = 1.0, lower: float = 0.0) -> None:
        super().__init__()
        self.act = nn.LeakyReLU(0.9)
        self.weights = nn.Parameter(torch.tensor([upper, lower]).repeat_interleave(32) / 32)

    def forward(self, x: Tensor) -> Tensor:
        heard: Tensor = self.act(x.flatten(1)) @ self.weights
        return heard


def gan_with(critic: nn.Module | None = None) -> GAN:
    networks = DCGAN(DIGIT, Normal(4), width=4, critic_width=4, dropout=0.5)
    return GAN(networks.generator(0), networks.latent, DIGIT, critic or networks.critic(0), Score("unbounded"))


def noise_of_hash(x: Tensor) -> Tensor:
    mixed = (x.double() * torch.arange(1, 65).reshape(1, 1, 8, 8)).sum((1, 2, 3))
    return ((mixed * 12.9898).sin() * 43758.5453).frac().abs().float()[:, None]


UPPER = Measurer("upper", ("upper",), "score", lambda x: x[:, :, :4].mean((1, 2, 3))[:, None])
NOISE = Measurer("noise", ("noise",), "score", noise_of_hash)
STILL = Measurer("still", ("still",), "score", lambda x: torch.zeros(len(x), 1))


@pytest.fixture(scope="module", name="data")
def _data() -> Dataset:
    return load_splits("digits")[0]


def test_a_score_that_hears_a_concept_is_found_and_a_random_concept_is_not(data: Dataset) -> None:
    gan = gan_with(Halves())
    found = sensitivity(gan, [UPPER, NOISE, STILL], data, plan=PLAN)
    a = found.arrays
    assert found.units == ("upper", "noise", "still")
    assert a["sites"].tolist() == [["act"]] * 3
    assert a["verdict"][0].tolist() == [[1, 1]]
    assert a["reason"][0].tolist() == [["", ""]]
    assert (a["accuracy_low"][0] > 0.55).all()
    assert (a["slope"][0] > 0.3).all()
    assert (a["share"][0] == 1).all()
    assert (a["p_share"][0] > 0.05).all()  # a nearly linear critic rises for all pictures along many a vector
    assert (a["verdict"][1:] == 0).all()
    assert set(a["reason"][1].flatten()) == {"its vector does not beat chance on held-out pictures"}
    assert set(a["reason"][2].flatten()) == {"the concept does not vary enough"}
    assert np.isnan(a["accuracy"][2]).all()
    assert "present: upper at act" in found.note
    assert "No vector that beats chance: noise." in found.note
    again = sensitivity(gan, [UPPER, NOISE, STILL], data, plan=PLAN)
    assert all(np.array_equal(v, again.arrays[k], equal_nan=v.dtype.kind == "f") for k, v in a.items())


def test_a_score_deaf_to_a_concept_is_shown_to_be(data: Dataset) -> None:
    lower = Measurer("lower", ("lower",), "score", lambda x: x[:, :, 4:].mean((1, 2, 3))[:, None])
    found = sensitivity(
        gan_with(Halves(0.0, 1.0)), [UPPER, lower], data, plan=ConceptPlan(n=80, sets=119, smallest=0.25)
    )
    assert (found.arrays["p_absent"][0] <= 0.05).all()
    assert (found.arrays["verdict"][0] == -1).all()
    assert (found.arrays["verdict"][1] == 1).all()
    assert "absent: upper at act" in found.note


def site(slopes: Tensor, z: Tensor, judged: Tensor) -> At:
    return At(z, judged, slopes, z.std(0), judged[:, 0], [range(len(judged))])


def test_slopes_and_shares_of_a_linear_score_are_closed_forms() -> None:
    stream = Stream(0, "concepts/linear")
    spread = torch.tensor([3.0, 2.0, 1.0]).double()
    z, judged = (stream.child(side).normal(range(400), 3).double() * spread for side in "ab")
    z = z - z.mean(0)
    weight = torch.tensor([1.0, -2.0, 0.5]).double()
    own = extremes(z[:, 1], [range(400)], 0.25, stream=stream)
    other = extremes(judged[:, 1], [range(400)], 0.25, stream=stream)
    assert own is not None
    at = At(z, judged, weight.expand(400, 3), z.std(0), judged @ weight, [range(400)])
    random = at_random([range(400)], 0.25, 39, stream=stream)
    table = answers_at(at, [own], [other], random=random, rules=Rules(4, 0.1, 0.95, 0))
    arrays = claimed([table], level=0.95)
    for place, fit in enumerate(KINDS.values()):
        along = fit(z / z.std(0), z.std(0), own).along[0]
        step = float((along * z.std(0)).norm())
        wanted = float(along @ weight) * step / float((judged @ weight).std())
        assert float(arrays["slope"][0, 0, place, 0]) == pytest.approx(wanted)
        assert wanted == pytest.approx(-0.79, abs=0.15)
        assert float(arrays["share"][0, 0, place, 0]) == 0
        assert float(arrays["accuracy"][0, 0, place]) > 0.95
        assert float(arrays["cosine"][0, 0, place]) > 0.9
    shares, means = rises(at, KINDS["difference"](z / z.std(0), z.std(0), own))
    assert float(means[0, 0]) == pytest.approx(float(arrays["slope"][0, 0, 1, 0]))
    assert float(shares[0, 0]) == 0
    # Each p is the place among the random sets, and never below 1 / 40.
    nulls = rises(at, KINDS["logistic"](z / z.std(0), z.std(0), random))[1][:, 0].abs()
    assert (
        float(arrays["p_slope"][0, 0, 0, 0]) == (1 + int((nulls >= abs(float(arrays["slope"][0, 0, 0, 0]))).sum())) / 40
    )


def test_the_block_test_rejects_a_random_concept_at_its_rate_and_the_t_test_half_the_time() -> None:
    """150 concepts that mean nothing, on activations with slopes that are their own for each picture."""
    from scipy.stats import ttest_ind

    n, d, runs, spread = 120, 16, 20, torch.ones(16, dtype=torch.float64)
    by_blocks = {"share": 0, "slope": 0, "claim": 0}
    by_t = 0
    for null in range(150):
        stream = Stream(null, "concepts/null")
        z = stream.child("z").normal(range(n), d).double()
        slopes = stream.child("slopes").normal(range(n), d).double() + stream.child("mean").normal(range(1), d).double()
        at = At(z, z, slopes, spread, slopes[:, 0], [range(n)])
        values = stream.child("concept").uniform(range(n), 1)[:, 0]
        own = extremes(values, at.blocks, 0.25, stream=stream.child("ties"))
        other = extremes(stream.child("other").uniform(range(n), 1)[:, 0], at.blocks, 0.25, stream=stream)
        random = at_random(at.blocks, 0.25, 39, stream=stream.child("random"))
        table = answers_at(at, [own], [other], random=random, rules=Rules(2, 0.0, 0.95, null))
        arrays = claimed([table], level=0.95)
        by_blocks["share"] += float(arrays["p_share"][0, 0, 0, 0]) <= 0.05
        by_blocks["slope"] += float(arrays["p_slope"][0, 0, 0, 0]) <= 0.05
        by_blocks["claim"] += int(arrays["verdict"][0, 0, 0]) == 1
        assert own is not None
        negatives = at_random(at.blocks, 0.25, runs, stream=stream.child("runs"))
        fixed = Sets(own.having.expand(runs, -1), negatives.lacking)
        fit = KINDS["difference"]
        shares = [rises(at, fit(z, spread, sets))[0][:, 0].numpy() for sets in (fixed, negatives)]
        by_t += ttest_ind(*shares).pvalue < 0.05
    assert by_blocks["share"] <= 12
    assert by_blocks["slope"] <= 12
    assert by_blocks["claim"] <= 4  # it must beat chance on held-out pictures too
    assert by_t >= 60


def test_a_batch_equals_one_by_one_and_nothing_is_left_behind(data: Dataset) -> None:
    gan = gan_with()
    critic = gan.critic
    assert critic is not None
    critic.train()
    for weight in critic.parameters():
        weight.requires_grad_(False)
    x = data.in_format(DIGIT).read(range(6))
    before = x.clone()
    places = places_of(gan, None, 0)
    assert len(places) > 1
    scorer = Scorer(gan)
    whole = slopes_at(scorer, Lot(x, None), places)
    alone = [slopes_at(scorer, Lot(x[i : i + 1], None), places) for i in range(6)]
    assert torch.allclose(whole[0], torch.cat([each[0] for each in alone]), atol=1e-5)
    for kind in (1, 2):
        for place in range(len(places)):
            each = torch.cat([one[kind][place] for one in alone])
            assert torch.allclose(whole[kind][place], each, atol=1e-5)
    assert torch.equal(x, before)
    assert not x.requires_grad
    assert critic.training
    assert all(weight.grad is None and not weight.requires_grad for weight in critic.parameters())
    assert all(not module._forward_hooks for module in critic.modules())


def test_without_real_data_and_with_bad_input(data: Dataset) -> None:
    found = sensitivity(gan_with(Halves()), [UPPER], plan=PLAN)
    assert found.arrays["sorts"].tolist() == [["generated"]]
    assert found.arrays["verdict"].shape == (1, 1, 1)
    with pytest.raises(UsageError, match="pictures were planned"):
        ConceptPlan(n=10)
    with pytest.raises(UsageError, match="random sets"):
        ConceptPlan(sets=5)
    with pytest.raises(InputError, match="same score"):
        sensitivity(gan_with(Halves(0.0, 0.0)), [UPPER], plan=PLAN)
    with pytest.raises(UsageError, match="samples"):
        sensitivity(gan_with(Halves()), [UPPER], few(data, 60), plan=PLAN)

    class Counted(Halves):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).detach()

    with pytest.raises(InputError, match="no gradient"):
        sensitivity(gan_with(Counted()), [UPPER], plan=PLAN)


def few(data: Dataset, n: int) -> Dataset:
    from dataclasses import replace

    return replace(data, size=n)


def test_random_sets_are_as_many_as_the_family_needs() -> None:
    assert controls_for(1, 0.95) == 39
    assert 1 / (1 + controls_for(64, 0.95)) * 64 <= 0.05


def test_pictures_that_judge_are_others() -> None:
    seen: list[Tensor] = []

    def kept(x: Tensor) -> Tensor:
        seen.append(x.flatten(1))
        return x.mean((1, 2, 3))[:, None]

    sensitivity(gan_with(Halves()), [Measurer("kept", ("kept",), "score", kept)], plan=PLAN)
    assert len(torch.cat(seen).unique(dim=0)) == 2 * PLAN.n


@pytest.mark.parametrize(
    ("changes", "verdict", "reason"),
    [
        ({}, 1, ""),
        ({(0, "p_slope"): 0.5}, 0, "random sets"),
        ({(1, "p_slope"): 0.5}, 1, ""),
        ({(1, "slope"): -0.4}, 0, "disagree"),
        ({(1, "p_present"): 0.5}, 0, "neither"),
        ({(1, "accuracy_low"): 0.45}, 0, "beat chance"),
        ({(0, "p_absent"): 0.01, (1, "p_absent"): 0.01, (0, "p_present"): 0.9}, -1, ""),
        ({(0, "p_absent"): 0.01, (0, "p_present"): 0.9}, 0, "neither"),
        (
            {(0, "p_absent"): 0.01, (1, "p_absent"): 0.01, (0, "p_present"): 0.9, (0, "accuracy_low"): 0.4},
            0,
            "beat chance",
        ),
        ({(0, "slope"): float("nan")}, 0, "does not vary"),
    ],
)
def test_a_claim_needs_all_of_its_tests(changes: dict[tuple[int, str], float], verdict: int, reason: str) -> None:
    good = {"accuracy_low": 0.7, "slope": 0.5, "p_slope": 0.01, "p_present": 0.001, "p_absent": 1.0}
    table = torch.tensor([[[[good.get(name, 0.5) for name in COLUMNS]]] * len(KINDS)], dtype=torch.float64)
    for (kind, name), value in changes.items():
        table[0, kind, 0, COLUMNS.index(name)] = value
    arrays = claimed([table], level=0.95)
    assert int(arrays["verdict"][0, 0, 0]) == verdict
    said = str(words(arrays["reason"])[0, 0, 0])
    assert reason in said
    assert bool(said) == bool(reason)
