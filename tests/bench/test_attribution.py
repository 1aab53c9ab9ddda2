"""The benchmark of attributions in miniature: both sides compute the same."""

from __future__ import annotations

import pytest
import torch

from ganatomy.bench.attribution import BARE, SITE, _gan, attribution
from ganatomy.evaluate.faithfulness.planned import GradePlan
from ganatomy.explain.attribution.attribution import attribute
from ganatomy.explain.attribution.baselines import baseline
from ganatomy.explain.attribution.methods import Plan
from ganatomy.explain.critic.scorer import Scorer

QUICK = GradePlan(steps=2, orders=1, noise=1, squares=2, nudges=1, stages=1, redraws=1)


def test_a_row_for_each_method_and_progress_ends() -> None:
    seen: list[tuple[int, int]] = []
    rows = attribution(
        progress=lambda done, total: seen.append((done, total)),
        pictures=2,
        rounds=1,
        widths={"critic of width 64": 2},
        plan=QUICK,
    )
    assert [row.name.split(": ")[1].split(",")[0] for row in rows[:-1]] == list(BARE)
    assert all(row.at_most == 1.05 for row in rows[:-1])
    assert all(row.reading.value > 0 for row in rows)
    assert seen[-1] == (7, 7)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", [name for name in BARE if name not in ("grad-cam", "occlusion")])
def test_what_is_timed_is_the_same_map(method: str) -> None:
    gan = _gan(2)
    x, black = gan.sample(0, range(3)).float(), baseline("black", gan.format)
    found = attribute(Scorer(gan), x, method, plan=Plan(baseline=black))
    assert gan.critic is not None
    bare = BARE[method](gan.critic.eval(), x, black.of(x)[:, 0])
    torch.testing.assert_close(found, bare, atol=1e-5, rtol=1e-3)


def test_grad_cam_and_occlusion_share_out_what_captum_gives() -> None:
    gan = _gan(2)
    x, black = gan.sample(0, range(3)).float(), baseline("black", gan.format)
    assert gan.critic is not None
    critic, base = gan.critic.eval(), black.of(x)[:, 0]
    windows = attribute(Scorer(gan), x, "occlusion", plan=Plan(baseline=black)) * 16
    torch.testing.assert_close(windows, BARE["occlusion"](critic, x, base), atol=1e-5, rtol=1e-3)
    cam = BARE["grad-cam"](critic, x, base)
    assert cam.shape[2:] == (7, 7)
    lifted = attribute(Scorer(gan), x, "grad-cam", at=SITE)
    together = torch.stack([lifted.flatten(1).sum(1), cam.detach().flatten(1).sum(1)])
    assert float(torch.corrcoef(together)[0, 1]) > 0.9
