"""Rates of what is unwanted: the interval's coverage, planted rates, judges that err, classes that were asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from shared_tiny import DIM, SMALL, brightness, greys, tiny
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset, stored
from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.trust.unwanted import Seen, rogan_gladen, unwanted_rate
from ganatomy.features.classifier import Judge
from ganatomy.features.fit import Fitted
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import wilson


def counted(share: float, n: int, name: str, seed: int) -> Seen:
    return Seen(float((Stream(seed, name).uniform(range(n), dtype=torch.float64) < share).sum()), n)


@pytest.mark.parametrize(
    ("rate", "se", "sp"), [(0.0, 0.9, 0.97), (0.01, 0.9, 0.97), (0.1, 0.8, 0.9), (0.5, 0.95, 0.99), (0.03, 1.0, 1.0)]
)
def test_the_corrected_interval_holds_the_true_rate(rate: float, se: float, sp: float) -> None:
    """400 worlds, 40 of the class and 300 others to check the judge by: 95 % less two and a half standard errors."""
    held, values = 0, []
    for seed in range(400):
        seen = counted(rate * se + (1 - rate) * (1 - sp), 500, "made", seed)
        right, left = counted(se, 40, "of class", seed), counted(sp, 300, "others", seed)
        value, within = rogan_gladen(seen, right, left)
        held += rate in within
        values.append(value)
    assert held >= 369
    assert sum(values) / 400 == pytest.approx(rate, rel=0.1, abs=0.012)


def test_a_raw_interval_would_not_hold_it() -> None:
    held = sum(
        0.01 in wilson(int(counted(0.01 * 0.9 + 0.99 * 0.03, 500, "made", seed).count), 500) for seed in range(200)
    )
    assert held < 60


def test_by_hand_and_for_a_blind_judge() -> None:
    value, within = rogan_gladen(Seen(30, 100), Seen(45, 50), Seen(180, 200))
    assert value == pytest.approx((0.3 + 0.9 - 1) / (0.9 + 0.9 - 1))
    assert value in within
    assert rogan_gladen(Seen(30, 100), Seen(5, 10), Seen(6, 10))[1].method.startswith("none")
    assert rogan_gladen(Seen(0, 100), Seen(45, 50), Seen(190, 200))[0] == 0


class Reads(nn.Module):
    """The class that a picture's brightness says, in steps of 0.4 from -0.4 on; `slip`: how far off it reads."""

    def __init__(self, slip: float) -> None:
        super().__init__()
        self.slip, self.body, self.penultimate = slip, nn.Flatten(), nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        centres = torch.tensor([-0.4, 0.0, 0.4])
        mean = brightness(x)[:, None]
        return -80 * (mean + self.slip * (x[:, 0, 0, :1] - mean) - centres).square()


def judge(slip: float = 0.0) -> Judge:
    return Judge(Reads(slip), SMALL, 3, 1.0, wilson(50, 50), 50, Fitted((), 0), 1.0)  # type: ignore[arg-type]


class Mixes(nn.Module):
    """Class 2 for a tenth of the latents, else 0 or 1; conditional: what was asked, but 2 for a fifth of class 1."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        told = torch.where(z[:, 0] > 1.2816, 2.0, (z[:, 1] > 0).float())
        if labels is not None:
            told = torch.where((labels == 1) & (z[:, 0] > 0.8416), 2.0, labels.clamp(max=1).float())
        noise = 0.3 * torch.tanh(z[:, 2:3, None, None].expand(-1, 1, 6, 6))
        mask = torch.zeros(1, 1, 6, 6)
        mask[..., 0, 0] = 1
        return (self.one * 0.4 * (told - 1))[:, None, None, None] + noise * mask


def classed(n: int) -> Dataset:
    labels = torch.arange(n) % 3
    x = 0.4 * (labels - 1.0)[:, None, None, None].expand(-1, 1, 6, 6).clone()
    x[:, 0, 0, 0] += 0.3 * torch.tanh(Stream(7, "noise").normal(range(n)))
    return stored(
        "classed",
        "held-out",
        pictures=((x + 1) * 127.5).round().to(torch.uint8),
        labels=labels,
        classes=("dark", "grey", "bright"),
    )


def test_a_planted_rate_is_found_by_a_judge_that_errs() -> None:
    gan, data = GAN(Mixes(), Normal(DIM), SMALL), classed(600)
    exact = unwanted_rate(gan, "bright", 1000, judge=judge(), data=data)
    due = float((gan.latent.sample(0, range(1000))[:, 0] > 1.2816).double().mean())
    assert exact.measured["rate"].value == due
    assert exact.indices.tolist() == (gan.latent.sample(0, range(1000))[:, 0] > 1.2816).nonzero()[:, 0].tolist()
    slips = unwanted_rate(gan, "bright", 1000, judge=judge(0.85), data=data)
    raw, corrected = slips.measured["rate"], slips.measured["rate, corrected for the judge"]
    assert raw.floor == pytest.approx(
        float(
            (judge(0.85).predict(data.read(range(600)), SMALL).argmax(1)[torch.arange(600) % 3 != 2] == 2)
            .double()
            .mean()
        )
    )
    assert raw.floor is not None
    assert raw.floor > 0.01
    assert corrected.interval is not None
    assert due in corrected.interval
    assert abs(corrected.value - due) < abs(raw.value - due)
    assert corrected.floor == 0


def test_none_seen_says_the_rule_of_three() -> None:
    told = unwanted_rate(tiny(), lambda x: brightness(x) > 0.9, 1000, data=greys(100))
    assert told.measured["rate"].value == 0
    assert told.at_most == pytest.approx(3 / 1000, rel=0.01)
    assert "none of 1000 was seen, so at most 0.30% of all (3/n, 95 %)" in told.note
    assert list(told.measured) == ["rate"]


def test_of_a_function_the_floor_is_what_it_says_of_real_ones() -> None:
    data = greys(200)
    told = unwanted_rate(tiny(), lambda x: brightness(x) > 0.2, 100, data=data)
    assert told.measured["rate"].floor == float((brightness(data.read(range(200))) > 0.2).double().mean())


def test_by_the_class_that_was_asked_for() -> None:
    gan = GAN(Mixes(), Normal(DIM, 3), SMALL, classes=("dark", "grey", "bright"))
    told = unwanted_rate(gan, 2, 900, judge=judge(), data=classed(300))
    assert [told.by_class[name].value > 0 for name in gan.classes] == [False, True, False]
    within = told.by_class["grey"].interval
    assert within is not None
    assert 0.2 in within
    assert within.level == pytest.approx(1 - 0.05 / 3)
    assert sum(each.n for each in told.by_class.values()) == 900


def test_groups_of_the_real_ones_widen_it() -> None:
    gan, data = GAN(Mixes(), Normal(DIM), SMALL), classed(600)
    alike = data.read(range(600))[torch.arange(600) // 12 * 12 + torch.arange(600) % 3]
    one = stored(
        "alike",
        "held-out",
        pictures=((alike + 1) * 127.5).round().to(torch.uint8),
        labels=data.labels(range(600)),
        classes=data.classes,
    )
    both = replace(one, groups=torch.arange(600) // 12, group_names=tuple(map(str, range(50))))
    widths = []
    for each in (one, both):
        within = (
            unwanted_rate(gan, 2, 300, judge=judge(0.85), data=each).measured["rate, corrected for the judge"].interval
        )
        assert within is not None
        widths.append(within.high - within.low)
    assert widths[1] > 1.1 * widths[0]


def test_samples_that_are_not_finite_count() -> None:
    class Sick(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Parameter(torch.ones(1))

        def forward(self, z: Tensor) -> Tensor:
            made = (self.one * 0.1 * z[:, :1, None, None]).expand(-1, 1, 6, 6)
            return torch.where(z[:, :1, None, None] > 1.8, float("inf"), made)

    told = unwanted_rate(GAN(Sick(), Normal(DIM), SMALL), lambda x: brightness(x) > 2, 400, data=greys(50))
    assert told.broken == len(told.indices) > 0
    assert "not finite, and count as unwanted" in told.note


def test_what_cannot_be_is_refused() -> None:
    gan, data = GAN(Mixes(), Normal(DIM), SMALL), classed(60)
    with pytest.raises(UsageError, match="without a judge"):
        unwanted_rate(gan, 2, 100, data=data)
    with pytest.raises(UsageError, match="dark, grey, bright"):
        unwanted_rate(gan, "blue", 100, judge=judge(), data=data)
    with pytest.raises(UsageError, match="class 7"):
        unwanted_rate(gan, 7, 100, judge=judge(), data=data)
    with pytest.raises(UsageError, match="true or false"):
        unwanted_rate(gan, brightness, 100, data=data)
    with pytest.raises(InputError, match="has no labels"):
        unwanted_rate(gan, 2, 100, judge=judge(), data=replace(data, draw_labels=None))
    with pytest.raises(InputError, match="hold 0 of the class 'bright'"):
        unwanted_rate(gan, 2, 100, judge=judge(), data=replace(data, draw_labels=lambda i: torch.zeros(len(i)).long()))
