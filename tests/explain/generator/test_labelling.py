"""The label pass: thresholds from another sample, IoU by hand, dead ends labelled, blocks and memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles_dissection import BRIGHT, DARK, HALVES, parts_of, small
from oracles_peak import peak

from ganatomy.explain.generator import labelling as module
from ganatomy.explain.generator.alignment import grid_of
from ganatomy.explain.generator.labelling import labelling
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import Plan
from ganatomy.explain.generator.sites import named_sites
from ganatomy.explain.passes import draws, made
from ganatomy.models.gan import GAN
from ganatomy.results.explanation import Explanation
from ganatomy.tracing.trace import watch

PLAN = Plan(samples=300)


def labels_of(gan: GAN, *, plan: Plan = PLAN, shuffle: int | None = None) -> Explanation:
    sites = named_sites(gan, next(iter(draws(gan, 2, seed=0))), ["start.act", "up1.act"])
    return labelling(gan, Panel((HALVES, BRIGHT, DARK), shuffle), sites, plan=plan)


@pytest.fixture(scope="module", name="found")
def _found() -> Explanation:
    return labels_of(small())


def test_iou_and_correlation_are_those_of_the_judging_sample(found: Explanation) -> None:
    """Slowly, from all samples at once, at the threshold that was chosen."""
    gan, a = small(), found.arrays
    with watch(gan.generator, ["up1.act"]) as trace:
        draw = next(iter(draws(gan, 150, seed=0, start=PLAN.judging.start, block=150)))
        pictures = made(gan.generator, draw)
    maps = trace["up1.act"]
    up = torch.nn.functional.interpolate(maps, (8, 8), mode="bilinear", align_corners=False)
    assert grid_of(gan, "up1.act").measured
    assert (a["threshold"][:, 2] != a["threshold"][:, 3]).any()  # each pair has its own
    for unit in range(2):
        row = found.units.index(f"up1.act:{unit}")
        for concept, mask in ((2, pictures[:, 0] > 0), (3, pictures[:, 0] < -0.25)):
            on, seen = (up[:, unit] > a["threshold"][row, concept]).numpy(), mask.numpy()
            iou = (on & seen).sum() / (on | seen).sum()
            rates = sorted([on.mean(), seen.mean()])
            assert a["iou"][row, concept] == pytest.approx(iou, abs=2e-4)  # a pixel may fall either way
            assert a["on_rate"][row, concept] == pytest.approx(on.mean(), abs=2e-4)
            assert a["ceiling"][row, concept] == pytest.approx(rates[0] / rates[1], abs=2e-3)
        means, top = maps[:, unit].mean((1, 2)), pictures[:, 0, :4].mean((1, 2))
        assert a["correlation"][row, 0] == pytest.approx(np.corrcoef(means, top)[0, 1], abs=1e-5)
        ranks = [torch.argsort(torch.argsort(x)).double() for x in (means, top)]
        assert a["rank_correlation"][row, 0] == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=0.02)
        assert a["correlation_of_peaks"][row, 1] == pytest.approx(
            np.corrcoef(maps[:, unit].amax((1, 2)), pictures[:, 0, :, :4].mean((1, 2)))[0, 1], abs=1e-5
        )


def test_only_masks_have_an_iou_and_all_pairs_enter_one_control(found: Explanation) -> None:
    iou, q = found.arrays["iou"], found.arrays["q"]
    assert np.isnan(iou[:, :2]).all()
    assert np.isfinite(iou[:, 2:]).all()
    assert q.shape == (6, 4)
    assert (q >= found.arrays["p"]).all()
    assert "24 pairs" in found.note
    assert (iou[:, 2:] <= found.arrays["ceiling"][:, 2:] + 1e-12).all()


def test_thresholds_are_chosen_on_the_one_sample_and_judged_on_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the best threshold on the first sample is a bad one on the second, it stays chosen."""
    gan = small()
    before = labels_of(gan).arrays
    monkeypatch.setattr(Plan, "judging", property(lambda plan: range(20_032, 20_182)))
    after = labels_of(gan).arrays
    assert np.array_equal(before["threshold"], after["threshold"], equal_nan=True)
    assert np.array_equal(before["iou_chosen"], after["iou_chosen"], equal_nan=True)
    assert not np.array_equal(before["iou"], after["iou"], equal_nan=True)


def test_the_same_bits_again_and_other_blocks_within_rounding(
    found: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = labels_of(small())
    assert all(np.array_equal(found.arrays[name], again.arrays[name], equal_nan=True) for name in found.arrays)
    monkeypatch.setattr(module, "draws", lambda gan, n, *, seed, start: draws(gan, n, seed=seed, start=start, block=16))
    other = labels_of(small())
    for name in ("iou", "correlation", "threshold", "rank_correlation", "ceiling"):
        np.testing.assert_allclose(found.arrays[name], other.arrays[name], atol=1e-5)


def test_memory_does_not_grow_with_the_number_of_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most bytes alive at any operation, at n and 8 n; a pass that keeps its maps holds 1.4 times as many."""
    monkeypatch.setattr(module, "SIZED", 64)
    few, many = (peak(lambda n=n: labels_of(small(), plan=Plan(samples=n))) for n in (128, 1024))
    assert many < 1.01 * few


def test_units_go_in_parts_of_bounded_size_and_no_bit_hangs_on_it(
    found: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Plan(samples=128)
    with monkeypatch.context() as patch:
        patch.setattr(module, "SIZED", 64)
        whole = peak(lambda: labels_of(small(), plan=few))
        patch.setattr(module, "HELD", 1)
        assert peak(lambda: labels_of(small(), plan=few)) < 0.6 * whole
    monkeypatch.setattr(module, "HELD", 1)
    apart = labels_of(small())
    assert all(np.array_equal(found.arrays[name], apart.arrays[name], equal_nan=True) for name in found.arrays)


def test_a_dead_end_is_labelled_as_if_it_drew() -> None:
    """That is what IoU is: the causal pass must tell them apart."""
    planted, measurer = parts_of("parts")
    sites = named_sites(planted.gan, next(iter(draws(planted.gan, 2, seed=0))), ["units"])
    labels = labelling(planted.gan, Panel((measurer,)), sites, plan=Plan(samples=512))
    for dead, copied in planted.truth.dead_ends.items():
        concept = {0: 0, 1: 1, 3: 2, 5: 3}[copied]
        assert labels.arrays["q"][dead, concept] < 1e-6
        assert labels.arrays["iou"][dead, concept] >= 0.5 * labels.arrays["iou"][:, concept].max()
    noise = labels.arrays["q"][16:, :]
    assert (noise > 0.01).all()
    assert labels.arrays["aligned"].all()
