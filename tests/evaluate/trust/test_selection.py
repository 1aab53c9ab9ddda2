"""Selection where its law is known: two normal laws, a toy of three values, and a critic that cannot tell."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.metropolis import chain, metropolis
from ganatomy.evaluate.trust.rejection import Rejection, acceptance, rejection
from ganatomy.evaluate.trust.selection import Selection, at_random, unselected
from ganatomy.explain.critic.lots import Lot
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

EXACT = Rejection(burn_in=500, percentile=None)


class Wider(nn.Module):
    """N(0, 4) from a standard normal latent."""

    def forward(self, z: Tensor) -> Tensor:
        return 2 * z


@pytest.fixture(scope="module", name="gan")
def _gan() -> GAN:
    return GAN(Wider(), Normal(1), Format.point(1))


def ratio(lot: Lot) -> Tensor:
    """log N(x; 0, 1) - log N(x; 0, 4) = log 2 - 3 x^2 / 8."""
    return torch.log(torch.tensor(2.0)) - 0.375 * lot.pictures[:, 0].double().square()


def half(lot: Lot) -> Tensor:
    return torch.zeros(len(lot))


def real(n: int) -> Tensor:
    return ratio(Lot(Stream(5, "real").normal(range(n), 1), None))


WAYS: dict[str, Callable[[GAN, Callable[[Lot], Tensor], int], Selection]] = {
    "rejection": lambda gan, of, n: rejection(gan, of, n, seed=1, plan=EXACT),
    "metropolis": lambda gan, of, n: metropolis(gan, of, n, seed=1, real=real(200), length=12),
}


def test_exact_rejection_accepts_one_over_m_and_gives_the_law(gan: GAN) -> None:
    found = rejection(gan, ratio, 3000, seed=0, plan=EXACT)
    assert 0.5 in found.measured["acceptance"].interval  # sigma = 2 proposes for N(0, 1): M = 2
    assert found.samples(gan).std().item() == pytest.approx(1.0, abs=0.04)
    assert found.measured["effective sample size"].value == pytest.approx(0.661, abs=0.03)  # sqrt(7) / 4


def test_chains_give_the_law(gan: GAN) -> None:
    found = metropolis(gan, ratio, 2000, seed=0, real=real(500), length=16)
    assert found.samples(gan).std().item() == pytest.approx(1.0, abs=0.05)
    assert found.measured["acceptance"].interval is not None


def test_the_stationary_law_of_a_chain_is_p() -> None:
    """Three values: q = (.5, .3, .2) proposes, p = (.1, .3, .6)."""
    p, q = torch.tensor([0.1, 0.3, 0.6]).double(), torch.tensor([0.5, 0.3, 0.2]).double()
    stream = Stream(0, "toy")
    values = torch.searchsorted(q.cumsum(0), stream.uniform(range(8000), 30, dtype=torch.float64))
    u = stream.child("u").uniform(range(8000), 30, dtype=torch.float64)
    end, _ = chain((p / q).log()[values], u, torch.full((8000,), -5.0, dtype=torch.float64))
    share = torch.bincount(values.gather(1, end[:, None])[:, 0], minlength=3) / 8000
    assert share.tolist() == pytest.approx(p.tolist(), abs=0.02)


def test_a_chain_is_the_slow_one() -> None:
    stream = Stream(1, "slow")
    logits, u = stream.normal(range(5), 20).double(), stream.uniform(range(5), 20).double()
    begin = torch.tensor([0.0, 1.0, 2.0, 3.0, 50.0]).double()
    end, moves = chain(logits, u, begin)
    for c in range(5):
        now, place, moved = float(begin[c]), -1, 0
        for step in range(20):
            if float(u[c, step]) < min(1.0, torch.tensor(float(logits[c, step]) - now).exp().item()):
                now, place, moved = float(logits[c, step]), step, moved + 1
        assert (int(end[c]), int(moves[c])) == (place, moved)
    assert int(end[4]) == -1


@pytest.mark.parametrize("way", WAYS)
def test_a_critic_that_cannot_tell_accepts_all(gan: GAN, way: str) -> None:
    found = {
        "rejection": lambda: rejection(gan, half, 100, seed=1, plan=EXACT),
        "metropolis": lambda: metropolis(gan, half, 100, seed=1, real=torch.zeros(20), length=5),
    }[way]()
    assert found.measured["acceptance"].value == 1.0
    assert len(found.indices) == 100


@pytest.mark.parametrize("way", WAYS)
def test_addresses_are_kept_and_a_selection_repeats(gan: GAN, way: str) -> None:
    state = torch.get_rng_state()
    found, again = (WAYS[way](gan, ratio, 70) for _ in range(2))
    assert torch.equal(found.indices, again.indices)
    assert torch.equal(torch.get_rng_state(), state)
    kept = Lot(found.samples(gan), None)
    assert ratio(kept).mean() > found.logits.mean()
    some = WAYS[way](gan, ratio, 30).indices
    assert torch.equal(some, found.indices[: len(some)])  # asking for fewer gives the first ones


def test_rejection_is_the_exact_one_at_gamma_zero_and_lets_more_through_by_percentile() -> None:
    logits = Stream(2, "logits").normal(range(400)).double()
    top = float(logits.max())
    exact = acceptance(logits, top, logits, plan=EXACT)
    assert torch.allclose(exact, (logits - top).exp(), atol=1e-5)
    for percentile in (95.0, 80.0):
        chance = acceptance(logits, top, logits, plan=Rejection(percentile=percentile))
        assert float((chance >= 0.5).double().mean()) == pytest.approx(1 - percentile / 100, abs=0.01)
    d = (logits - top).numpy()
    import numpy as np

    wanted = d - np.log(1 - np.exp(d - 1e-6))
    gamma = np.percentile(wanted, 80)
    np.testing.assert_allclose(chance.numpy(), 1 / (1 + np.exp(gamma - wanted)), rtol=1e-9)


def test_a_ratio_beyond_the_burn_in_raises_m_and_is_told(gan: GAN) -> None:
    far = max(range(40), key=lambda seed: float(gan.sample(seed, range(1)).abs()))  # whose burn-in knows no real one
    found = rejection(gan, ratio, 500, seed=far, plan=Rejection(burn_in=1, percentile=None))
    assert "raised" in found.note
    assert found.measured["acceptance"].value == pytest.approx(0.5, abs=0.06)
    assert found.samples(gan).std().item() == pytest.approx(1.0, abs=0.1)


def test_a_ratio_that_lets_little_through_ends_and_warns(gan: GAN) -> None:
    found = rejection(gan, lambda lot: 20 * ratio(lot), 50, seed=0, plan=Rejection(500, percentile=None, most=4))
    assert len(found.indices) < 50
    assert found.tried == 200
    assert "of 50 were found in 200 samples" in found.note
    few = metropolis(gan, lambda lot: 100 * lot.pictures[:, 0], 20, seed=0, real=torch.full((5,), 1e4), length=16)
    assert "20 of 20 chains never left" in few.note
    assert "effective sample size" in few.note
    assert len(few.samples(gan)) == 0


def test_controls_look_at_nothing() -> None:
    assert unselected(5, seed=0).indices.tolist() == [0, 1, 2, 3, 4]
    found = at_random(2000, seed=0, share=0.25)
    assert len(found.indices) == 2000
    assert found.tried == pytest.approx(8000, rel=0.06)
    assert at_random(9, seed=0, share=0.25).indices.tolist() == found.indices[:9].tolist()
    with pytest.raises(UsageError, match="share of 0"):
        at_random(5, seed=0, share=0)


def test_what_cannot_be_selected_by_is_refused(gan: GAN) -> None:
    with pytest.raises(UsageError, match="not finite"):
        rejection(gan, lambda lot: lot.pictures[:, 0] / 0, 5, seed=0)
    with pytest.raises(UsageError, match="chains of 0"):
        metropolis(gan, ratio, 5, seed=0, real=real(5), length=0)
