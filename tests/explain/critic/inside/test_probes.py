"""Linear probes: ridge regression again, slowly; a mark that a layer drops is told apart before it and not after."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from shared_marked import SIDE, Noisy, Units, gan_of, linear, marked, sees, weighed
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.explain.critic.inside.probes import ProbePlan, probes
from ganatomy.explain.critic.inside.redrawn import redrawn
from ganatomy.explain.critic.inside.ridge import FLOOR, PENALTIES, WIDEST, Narrowing, fitted
from ganatomy.explain.critic.lots import Lot
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.networks import chain
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format, Score


def table(n: int, width: int, name: str) -> Tensor:
    return Stream(0, name).normal(range(n), width, dtype=torch.float64)


@pytest.mark.parametrize("width", [3, 40])
def test_a_probe_is_ridge_regression_with_the_penalty_of_leaving_one_out(width: int) -> None:
    from sklearn.linear_model import Ridge

    n = 24
    signs = torch.ones(n)
    signs[n // 2 :] = -1
    x = table(n, width, "x") * torch.linspace(0.5, 3, width) + 0.6 * signs[:, None]
    probe = fitted(x, signs)
    scaled = ((x - x.mean(0)) / x.std(0)).numpy()
    size = float(np.linalg.eigvalsh(scaled @ scaled.T).clip(0).mean())
    y = signs.numpy()

    def left_out(penalty: float) -> float:
        errors = []
        for each in range(n):  # the standard deviations stay those of all, as in the probe
            rest = np.arange(n) != each
            model = Ridge(alpha=penalty * size).fit(scaled[rest], y[rest])
            errors.append((y[each] - model.predict(scaled[each : each + 1])[0]) ** 2)
        return float(np.mean(errors))

    assert probe.penalty == min(PENALTIES, key=left_out)
    model = Ridge(alpha=probe.penalty * size).fit(scaled, y)
    other = table(7, width, "other")
    wanted = model.predict(((other - x.mean(0)) / x.std(0)).numpy())
    assert np.allclose(probe(other).numpy(), wanted, atol=1e-8)


def test_what_hardly_moves_is_not_blown_up() -> None:
    x = table(40, 2, "still")
    x[:, 1] = 1 + 1e-9 * x[:, 1]
    signs = torch.ones(40)
    signs[20:] = -1
    probe = fitted(x, signs)
    assert abs(float(probe.weights[1])) * 1e-9 < FLOOR
    assert bool(torch.isfinite(fitted(torch.ones(40, 3), signs).weights).all())


def test_hashing_keeps_inner_products_on_average_and_leaves_narrow_features() -> None:
    stream, width = Stream(0, "hash"), WIDEST + 500
    x = table(2, width, "wide").float()
    assert Narrowing.to(WIDEST, stream=stream)(x[:, :WIDEST]) is not None
    assert torch.equal(Narrowing.to(5, stream=stream)(x[:, :5]), x[:, :5])
    narrow = [Narrowing.to(width, stream=stream.child(str(each)))(x) for each in range(60)]
    assert narrow[0].shape == (2, WIDEST)
    assert torch.equal(narrow[0], Narrowing.to(width, stream=stream.child("0"))(x))
    products = torch.tensor([float(each[0] @ each[1]) for each in narrow])
    assert abs(float(products.mean()) - float(x[0] @ x[1])) < 4 * float(products.std()) / 60**0.5
    squares = torch.tensor([float(each[0] @ each[0]) for each in narrow])
    assert float(squares.mean()) == pytest.approx(float(x[0] @ x[0]), rel=0.02)


class Dropping(nn.Module):
    """The first layer sees the mark, the second does not, and the verdict is noise."""

    def __init__(self) -> None:
        super().__init__()
        rows = torch.stack([sees(1.0), sees(1.0, of=2), sees(1.0, of=4)])
        others = torch.tensor([[0.0, 1.0, 0.2], [0.0, 0.3, 1.0]])
        self.first = chain({"read": linear(rows, torch.ones(3)), "act": nn.ReLU()})
        self.second = chain({"read": linear(others, torch.zeros(2)), "act": nn.ReLU()})
        self.head = weighed(1.0, -0.5)

    def forward(self, x: Tensor) -> Tensor:
        scored: Tensor = self.head(self.second(self.first(x.flatten(1))))
        return scored


class Alike(Noisy):
    """Pictures of the law of `marked`, but for the mark."""

    def forward(self, z: Tensor) -> Tensor:
        wide = torch.cat([z * (3 + each) for each in range(5)], 1)[:, : SIDE * SIDE]
        uniform = (torch.sin(40 * wide) + 1) / 2
        return ((60 + 60 * uniform).floor() / 127.5 - 1).reshape(-1, 1, SIDE, SIDE)


def test_real_and_generated_come_apart_where_the_mark_is_seen_and_meet_where_it_is_dropped() -> None:
    gan = gan_of(Dropping(), Alike())
    told = probes(gan, marked(400, seed=1), marked(400, seed=2), plan=ProbePlan(n=400))
    assert told.units == ("picture", "first.act", "second.act", "verdict")
    contrasts = told.arrays["contrasts"][0].tolist()
    assert contrasts == ["held-out against generated", "training against generated", "training against held-out"]
    area, low, high = (told.arrays[name][:, 1] for name in ("area", "area_low", "area_high"))
    assert bool((area[:2, :2] > 0.99).all())
    assert bool((area[2, :2] < 0.75).all())
    assert bool(((low[:, 2] < 0.55) & (high[:, 2] > 0.45)).all()), "nothing tells training pictures from held-out ones"
    assert bool((told.arrays["gain_verdict"][1:, :, 2] <= 0).all())
    accuracy = told.arrays["accuracy"]
    assert bool(((told.arrays["accuracy_low"] <= accuracy) & (accuracy <= told.arrays["accuracy_high"])).all())
    assert np.array_equal(told.arrays["area"][0], told.arrays["twin_area"][0]), "pixels have no weights"
    assert told.arrays["area"][3].tolist() == told.arrays["area"][3, ::-1].tolist()
    again = probes(gan, marked(400, seed=1), marked(400, seed=2), plan=ProbePlan(n=400))
    assert all(np.array_equal(told.arrays[name], again.arrays[name]) for name in told.arrays)


def test_a_verdict_that_is_the_wrong_way_round_reads_below_chance() -> None:
    told = probes(gan_of(Units([sees(2.0)], [1.0], weighed(-1.0))), marked(120), plan=ProbePlan(n=120))
    assert told.arrays["contrasts"].shape == (3, 1)
    assert float(told.arrays["area"][-1, 0, 0]) < 0.01
    assert float(told.arrays["area"][1, 0, 0]) > 0.99, "a probe turns it round"
    high = Units([sees(2.0)], [1.0], linear(torch.ones(1, 1), torch.full((1,), 50.0)))
    far = probes(gan_of(high), marked(120), plan=ProbePlan(n=120))
    assert float(far.arrays["accuracy"][-1, 0, 0]) > 0.95, "scores have a zero of their own"


def test_the_twin_has_other_weights_and_the_critic_stays_as_it_is() -> None:
    networks = DCGAN(Format.picture(1, 8), Normal(4), width=4, critic_width=4, critic_norm="spectral")
    critic = networks.critic(0).train()
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    pictures = torch.rand(8, *networks.format.shape, generator=torch.Generator().manual_seed(0))
    twin = redrawn(critic, Lot(pictures, None), stream=Stream(0, "twin"))
    same = redrawn(critic, Lot(pictures, None), stream=Stream(0, "twin"))
    assert all(torch.equal(before[name], value) for name, value in critic.state_dict().items())
    assert all(module.training for module in critic.modules())
    with torch.no_grad():
        assert torch.equal(twin(pictures), same(pictures))
        assert not torch.allclose(twin(pictures), critic.eval()(pictures), atol=1e-3)
        size = float(twin(pictures).abs().max())
    assert 1e-4 < size < 100, "singular values are those of the new weights"


def test_the_twin_has_running_statistics_of_its_own() -> None:
    with Stream(0, "normed").module_rng(0):
        critic = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.LazyLinear(1))
        pictures = 5 + torch.rand(16, 1, 8, 8)
        critic(pictures)
    twin = redrawn(critic, Lot(pictures, None), stream=Stream(0, "twin"))
    before = {name: value.clone() for name, value in twin.state_dict().items()}
    with torch.no_grad():
        shown = twin[1](twin[0](pictures))  # type: ignore[index]
    wanted = before["1.bias"]
    assert torch.allclose(shown.mean((0, 2, 3)), wanted, atol=0.2 * float(shown.std()))


def test_probes_without_enough_real_pictures_say_so() -> None:
    gan = gan_of(Dropping())
    with pytest.raises(UsageError, match="no real pictures"):
        probes(gan)
    with pytest.raises(UsageError, match="10 real pictures"):
        probes(gan, marked(10))
    with pytest.raises(UsageError, match="take 40"):
        ProbePlan(n=10)


def test_the_note_gives_intervals_and_says_what_the_pixels_do_already() -> None:
    told = probes(gan_of(Dropping(), Alike()), marked(200, seed=1), marked(200, seed=2), plan=ProbePlan(n=200))
    value, low, high = (told.arrays[f"accuracy{end}"][1, 1, 0] for end in ("", "_low", "_high"))
    assert f"first.act {value:.2f} [{low:.2f}, {high:.2f}] (random weights " in told.note
    assert f"generated: picture {told.arrays['accuracy'][0, 1, 0]:.2f} [" in told.note
    assert abs(told.arrays["accuracy"][0, 1, 0] - told.arrays["accuracy"][0, 0, 0]) > 0.01, "pooled ones read otherwise"
    assert "Already the pixels do tell held-out from generated" in told.note
    assert "pixels do tell training from held-out" not in told.note
    assert "one accuracy at a time" in told.note
    assert "one group" not in told.note


def test_probes_of_a_saturated_critic_read_what_enters_its_sigmoid() -> None:
    base = gan_of(Units([sees(2.0)], [1.0], linear(torch.ones(1, 1), torch.full((1,), 60.0))))
    sure = GAN(base.generator, base.latent, base.format, nn.Sequential(base.critic, nn.Sigmoid()), Score("probability"))
    told = probes(sure, marked(120), plan=ProbePlan(n=120))
    assert float(told.arrays["area"][-1, 0, 0]) > 0.99
