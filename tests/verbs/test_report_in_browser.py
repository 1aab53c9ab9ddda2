"""The report of a real GAN beside real data in a browser: what holds of the scenes holds of what users get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ganatomy.data.catalogue import load_splits
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.training import judge
from ganatomy.verbs.explainers.catalogue import EXPLAINERS
from ganatomy.verbs.measures.catalogue import MEASURES
from ganatomy.verbs.report import report

SMALL = 3_000_000


@pytest.mark.thorough
def test_a_real_report_holds_its_bars(browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(judge, "STEPS", 40)
    monkeypatch.setattr("ganatomy.verbs.explain.EXPLAINERS", {n: EXPLAINERS[n] for n in ("activations", "order")})
    monkeypatch.setattr("ganatomy.verbs.evaluate.MEASURES", {n: MEASURES[n] for n in ("copies",)})
    _, held_out = load_splits("digits")
    gan = GAN.fresh(MLP(held_out.format, Normal(8), hidden=(16,), critic_hidden=(16,)), 0, data="digits")
    place = report(gan).page
    assert place.stat().st_size < SMALL
    for options in ({}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}):
        context = browser.new_context(**options)
        tab, asked, told = context.new_page(), [], []
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.on("console", lambda message, told=told: told.append(message.text))
        tab.goto(place.absolute().as_uri())
        assert [url for url in asked if not url.startswith("data:")] == [place.absolute().as_uri()]
        assert told == []
        tab.get_by_role("button", name="Open all folded parts").click()
        found = axe.Axe().run(tab).response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
        assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
        context.close()
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(place.absolute().as_uri())
    for heading in ("What does it make?", "Is it copying?", "Where does this come from?"):
        assert tab.get_by_role("heading", name=heading).is_visible()
    context.close()
