"""The battery finds what a planted critic looks at, nothing else, and does not accuse a critic of noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset, stored
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.cues.cue_claims import Moved, claimed, more_than
from ganatomy.explain.critic.cues.cues import Battery, CuePlan, cues
from ganatomy.explain.critic.cues.edits import BANDS, Address, Given, banded, edited, in_range, in_unit
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Mean
from ganatomy.results.formats import Format, Score

SIDE = 12
TEXTURE = Format.picture(1, SIDE)
PLAN = CuePlan(n=96, levels=(0.04,))


class Textures(nn.Module):
    """Greys around the middle of the range, with room on both sides; of all frequencies."""

    def __init__(self, shift: float = 0.0) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.tensor(shift))

    def forward(self, z: Tensor) -> Tensor:
        fine = z[:, :144].reshape(-1, 1, SIDE, SIDE)
        coarse = nn.functional.interpolate(z[:, 144:153].reshape(-1, 1, 3, 3), size=(SIDE, SIDE), mode="bilinear")
        return (0.15 * fine + 0.25 * coarse + 0.1 * z[:, 153, None, None, None] + self.shift).clamp(-1, 1)


class Planted(nn.Module):
    def __init__(self, look: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.look, self.weight = look, nn.Parameter(torch.tensor(2.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * self.look(x)


def corner_mark(x: Tensor) -> Tensor:
    """The top left mark against what is around it."""
    return x[:, 0, :2, :2].mean((1, 2)) - (x[:, 0, :4, :4].sum((1, 2)) - x[:, 0, :2, :2].sum((1, 2))) / 12


def fine_energy(x: Tensor) -> Tensor:
    high = banded(BANDS["high"], 1.0, Given(x, 0.1, Address(0, range(len(x)))))
    return high.square().mean((1, 2, 3))


def brightness(x: Tensor) -> Tensor:
    return x.mean((1, 2, 3))


def noise_of_hash(x: Tensor) -> Tensor:
    """Another number for each picture, whatever it shows."""
    mixed = (x.detach().double() * torch.arange(1, 145).reshape(1, 1, SIDE, SIDE)).sum((1, 2, 3))
    return ((mixed * 12.9898).sin() * 43758.5453).frac().abs().float()


def gan_with(look: Callable[[Tensor], Tensor]) -> GAN:
    return GAN(Textures(), Normal(154), TEXTURE, Planted(look), Score("unbounded"))


@pytest.fixture(scope="module", name="data")
def _data() -> Dataset:
    with torch.no_grad():
        x = Textures(0.1)(Normal(154).sample(7, range(96)))
    return stored("textures", "held-out", pictures=((x + 1) * 127.5).round().to(torch.uint8))


def present(found: Battery, sort: int) -> set[str]:
    verdicts = found.told.arrays["verdict"][:, sort]
    return set(found.told.arrays["cue"][verdicts == 1].tolist())


def absent(found: Battery, sort: int) -> set[str]:
    return set(found.told.arrays["cue"][found.told.arrays["verdict"][:, sort] == -1].tolist())


# Contrast multiplies what there is of any frequency, and compression removes the highest.
FINE = {"checkerboard", "high frequencies less", "high frequencies more", "more contrast", "less contrast"}


@pytest.mark.parametrize(
    ("look", "wanted", "still"),
    [
        (
            corner_mark,
            {"light mark, top left", "dark mark, top left"},
            {"brighter", "light mark, top right", "checkerboard"},
        ),
        (fine_energy, FINE, {"brighter", "darker", "low frequencies more", "middle frequencies more"}),
        (brightness, {"brighter", "darker"}, {"light mark, top left", "dark frame", "checkerboard", *FINE}),
    ],
)
def test_a_planted_critic_is_found_out(
    data: Dataset, look: Callable[[Tensor], Tensor], wanted: set[str], still: set[str]
) -> None:
    found = cues(gan_with(look), data, plan=PLAN)
    for sort in (0, 1):
        assert present(found, sort) == wanted
        possible = found.told.arrays["possible"][:, sort] > 0.5
        assert wanted <= set(found.told.arrays["cue"][possible].tolist())
        assert absent(found, sort) >= still
    assert {each.claim.split(" raises ")[0].split(" lowers ")[0] for each in found.findings} == wanted


def test_arrays_are_what_edits_do_to_scores(data: Dataset) -> None:
    gan = gan_with(brightness)
    found = cues(gan, data, plan=PLAN)
    place = found.told.units.index("brighter, 0.04")
    a = {name: values[place] for name, values in found.told.arrays.items()}
    x = data.in_format(gan.format).read(range(96))
    score = Scorer(gan)
    done = edited("brighter", in_unit(x, gan.format), level=0.04, address=Address(0, range(96)))
    with torch.no_grad():
        base, change = score(x).double(), (score(in_range(done.pictures, gan.format)) - score(x)).double()
        fake = score(gan.sample(0, range(96))).double()
    assert a["effect"][0] == pytest.approx(float(change.mean() / base.std()), rel=1e-4)
    assert a["effect"][0] == pytest.approx(0.16 / float(base.std()), rel=0.02)  # 2 x 0.04 x 2
    gap = float(base.mean() - fake.mean())
    assert a["gap_share"][0] == pytest.approx(float(change.mean()) / gap, rel=1e-3)
    assert a["size"][0] == pytest.approx(abs(a["effect"][0]), rel=1e-5)
    assert a["moves"].tolist() == [1, 1]
    finding = next(each for each in found.findings if each.claim == "brighter raises the score of real pictures")
    assert finding.effect == a["effect"][0]
    assert finding.positive_control.value == pytest.approx(-gap / float(base.std()), rel=1e-6)
    assert finding.negative_control.value == pytest.approx(a["control"][0, 0])
    assert 0.0 in finding.negative_control.interval
    assert "beyond" in str(finding) or "present" in str(finding)


def test_a_finding_is_of_the_level_that_moves_the_score_most() -> None:
    found = cues(gan_with(brightness), plan=CuePlan(n=40, levels=(0.1, 0.2, 0.05)))
    brighter = [each for each in found.findings if each.claim.startswith("brighter")]
    assert len(brighter) == 1
    assert "by 0.2 of the range" in brighter[0].treatment
    assert brighter[0].effect == np.nanmax(found.told.arrays["effect"])


def test_equal_noise_that_moves_a_score_as_much_is_no_cue(data: Dataset) -> None:
    found = cues(gan_with(fine_energy), data, plan=PLAN)
    mark = found.told.units.index("light mark, top left, 0.04")
    assert found.told.arrays["excess"][mark, 0, 0] < 0
    assert found.told.arrays["verdict"][mark, 0] == -1
    noisy = cues(gan_with(lambda x: -fine_energy(x)), data, plan=PLAN)
    salt = noisy.told.units.index("salt, 0.04")
    assert noisy.told.arrays["moves"][salt, 0] == 1
    assert noisy.told.arrays["verdict"][salt, 0] != 1


def test_a_critic_that_ignores_pictures_is_not_accused(data: Dataset) -> None:
    found = cues(gan_with(noise_of_hash), data, plan=PLAN)
    assert not found.findings
    assert "no cue present" in found.told.note


def test_rates_of_false_claims() -> None:
    """Changes that have nothing to do with edits: of 150 critics at most 8 % are accused of anything."""
    accused = 0
    for seed in range(150):
        noise = Stream(seed, "cues/null").normal(range(30), 1 + 6 * 4, dtype=torch.float64)
        base = noise[:, :1]
        changes = noise[:, 1:].reshape(30, 6, 4) - base[..., None]
        found = claimed(
            {"real": Moved(base[:, 0], changes[..., 0], changes[..., 1:])}, smallest=0.0, level=0.95, adjust="holm"
        )
        accused += any(each.verdict == "present" for each in found.values())
    assert accused <= 12


def test_a_present_effect_needs_all_its_tests_and_an_absent_one_any() -> None:
    noise = Stream(3, "joint").normal(range(100), 3, dtype=torch.float64) * 0.1
    noise = noise - noise.mean(0)
    big = 1 + noise[:, 0]

    def verdict(change: Tensor, controls: tuple[Tensor, ...]) -> str:
        filled = [*controls, *[torch.full((100,), math.nan)] * (3 - len(controls))]
        moved = Moved(noise[:, 1], change[:, None], torch.stack(filled, 1)[:, None])
        return claimed({"real": moved}, smallest=0.2, level=0.95, adjust="holm")[0, "real"].verdict

    assert verdict(big, (noise[:, 1],)) == "present"
    assert verdict(big, (noise[:, 1], big + noise[:, 2])) == "absent"
    assert verdict(-big, (noise[:, 1],)) == "present"
    assert verdict(noise[:, 2], (noise[:, 1],)) == "absent"
    assert verdict(big, (big - 0.2 + 3 * noise[:, 2],)) == "undetermined"
    assert verdict(big, ()) == "present"
    alternating = big * torch.tensor([1.0, -1.0]).repeat(50)
    assert verdict(alternating, (noise[:, 1],)) != "present"


def test_an_excess_is_one_sided() -> None:
    from scipy.stats import t

    yes, no = more_than(Mean(0.5, 0.1, 20, 21), 0.2)
    assert yes == pytest.approx(t.sf(3, 20) + t.sf(7, 20))
    assert no == pytest.approx(t.sf(-3, 20))
    below = more_than(Mean(-5.0, 0.1, 20, 21), 0.2)
    assert below[0] > 0.9
    assert below[1] == pytest.approx(t.sf(2, 20))


def test_without_real_data_generated_pictures_are_edited_alone() -> None:
    gan = gan_with(brightness)
    before = {name: value.clone() for name, value in gan.critic.state_dict().items()}  # type: ignore[union-attr]
    gan.critic.train()  # type: ignore[union-attr]
    found = cues(gan, plan=PLAN)
    again = cues(gan, plan=PLAN)
    assert found.told.arrays["effect"].shape[1] == 1
    assert all(
        np.array_equal(v, again.told.arrays[k], equal_nan=v.dtype.kind == "f") for k, v in found.told.arrays.items()
    )
    assert "Without real data" in found.told.note
    assert math.isnan(found.findings[0].positive_control.value)
    assert all(torch.equal(value, before[name]) for name, value in gan.critic.state_dict().items())  # type: ignore[union-attr]
    assert gan.critic.training  # type: ignore[union-attr]


def test_bad_input_is_one_error() -> None:
    for wrong in ({"n": 5}, {"levels": ()}, {"levels": (2.0,)}):
        with pytest.raises(UsageError):
            CuePlan(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="same score"):
        cues(gan_with(lambda x: 0 * x.mean((1, 2, 3))), plan=PLAN)
    with Stream(0, "weights").module_rng(0):
        points = GAN(nn.Linear(2, 2), Normal(2), Format.point(2), nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)))
    with pytest.raises(UsageError, match="range"):
        cues(points, plan=PLAN)


def test_pictures_of_one_group_are_taken_together() -> None:
    """Groups that differ in their response, and no effect on average: seldom present with ids, often without."""
    ids, counts = torch.arange(8).repeat_interleave(30), [0, 0]
    for seed in range(60):
        shared = Stream(seed, "cues/groups").normal(range(8), 1, dtype=torch.float64)[ids]
        noise = Stream(seed, "cues/own").normal(range(240), 4, dtype=torch.float64)
        change, controls = 0.7 * shared + 0.3 * noise[:, :1], 0.01 * noise[:, None, 1:]
        for at, groups in enumerate((ids, None)):
            moved = Moved(noise[:, 0], change, controls, groups=groups)
            found = claimed({"real": moved}, smallest=0.0, level=0.95, adjust="holm")
            counts[at] += found[0, "real"].verdict == "present"
    assert counts[0] <= 8  # 3 on average
    assert counts[1] > 25


def test_groups_of_the_data_are_heeded(data: Dataset) -> None:
    plan = CuePlan(n=60, levels=(0.04,))
    alone = cues(gan_with(corner_mark), data, plan=plan)
    whole = cues(gan_with(corner_mark), replace(data, groups=torch.arange(96) // 12), plan=plan)
    assert np.array_equal(alone.told.arrays["effect"], whole.told.arrays["effect"], equal_nan=True)
    assert not np.array_equal(alone.told.arrays["low"][:, 0], whole.told.arrays["low"][:, 0], equal_nan=True)
    mark = whole.told.units.index("light mark, top left, 0.04")
    first, second = (each.told.arrays["excess_low"][mark] for each in (alone, whole))
    assert (first[0] != second[0]).all()
    assert np.array_equal(first[1], second[1]), "generated ones stand each for itself"
    assert np.array_equal(alone.told.arrays["moves"][:, 1], whole.told.arrays["moves"][:, 1])
    on_real = [each for each in whole.findings if each.claim.endswith("real pictures")]
    assert {each.replication for each in on_real} == {"group"}
    beside = next(each for each in alone.findings if each.claim == on_real[0].claim)
    assert on_real[0].positive_control.interval != beside.positive_control.interval
    assert on_real[0].negative_control.interval != beside.negative_control.interval
    assert int(on_real[0].population.split()[0]) > 40, "pictures, of eight groups"


def test_what_was_not_tested_is_not_absent() -> None:
    few = stored("few", "held-out", pictures=torch.full((6, 1, SIDE, SIDE), 120, dtype=torch.uint8))
    note = cues(gan_with(brightness), few, plan=CuePlan(n=30, levels=(0.04,))).told.note
    assert "On real pictures: too few, not tested" in note
    assert "On generated pictures: brighter" in note
    assert "On real pictures: no cue" not in note
