"""What `explain` tells of a latent space: each method by itself, w where there is one, maps of every concept."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from ganatomy.errors import GanatomyError, InputError, UsageError
from ganatomy.explain.concepts.looks import brightness, edges
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.latent.directions import Directions
from ganatomy.explain.latent.geodesics import geodesics
from ganatomy.explain.latent.paths import interpolation
from ganatomy.explain.latent.responses import Plan
from ganatomy.explain.latent.sefa import sefa
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.models.style import Style
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.verbs.asked import Asked, Told
from ganatomy.verbs.explain import Wanted
from ganatomy.verbs.explainers import latent
from ganatomy.verbs.explainers.latent import DIRECTIONS, tell_directions, tell_map
from ganatomy.views.latent import savings

PICTURE = Format.picture(1, 8)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent, "_steps", lambda _asked, samples=0: Plan(n=8, controls=3, samples=samples))


def asked(
    gan: GAN,
    measurers: Sequence[Measurer] = (),
    *,
    own: tuple[str, ...] = (),
    sites: tuple[str, ...] | None = None,
    progress: object = None,
) -> Asked:
    heard = progress if callable(progress) else lambda _done, _total: None
    return Asked(gan, lambda: measurers, None, None, Wanted(own=own, sites=sites), heard)


def arrays(told: Told) -> dict[str, np.ndarray]:
    assert isinstance(told.record, Explanation)
    return dict(told.record.arrays)


def failing(error: GanatomyError) -> Callable[[Asked], None]:
    def make(_asked: Asked) -> None:
        raise error

    return make


def only(*names: str) -> dict[str, object]:
    return {name: DIRECTIONS[name] for name in names}


def test_in_a_style_network_w_is_factorised_and_steered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    gan = GAN.fresh(Style(PICTURE, Normal(5), width=4, critic_width=4, latent_width=7), 0)
    monkeypatch.setattr(latent, "DIRECTIONS", only("sefa", "sefa of w"))
    seen: list[tuple[int, int]] = []
    told = list(tell_directions(asked(gan, [brightness(PICTURE)], progress=lambda *at: seen.append(at))))
    assert [each.name for each in told] == ["sefa", "sefa effects", "sefa of mapping", "sefa of mapping effects"]
    found = arrays(told[2])
    np.testing.assert_allclose(found["vector"], sefa(gan, k=4, source="mapping").vectors)
    assert found["vector"].shape == (4, 7)
    assert "The output of mapping enters several affine maps" in told[2].said
    assert "Steps are taken at mapping" in told[2].said
    assert (1000, 1000) in seen, "the samples from which the steps take their length"
    for each in told:
        assert each.figure is not None
        assert each.figure()


def test_where_there_is_no_w_nothing_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gan = GAN.fresh(MLP(PICTURE, Normal(4), hidden=(6,)), 0)
    monkeypatch.setattr(latent, "DIRECTIONS", only("sefa", "sefa of w"))
    assert [each.name for each in tell_directions(asked(gan, [brightness(PICTURE)]))] == ["sefa", "sefa effects"]


def test_every_method_that_cannot_be_applied_is_named_after_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    gan = GAN.fresh(MLP(PICTURE, Normal(4), hidden=(6,)), 0)
    table = {
        "one": failing(UsageError("no affine map", "name a place")),
        "sefa": DIRECTIONS["sefa"],
        "two": failing(InputError("nothing varies", "name others")),
        "three": failing(UsageError("no measurers", "name others")),
    }
    monkeypatch.setattr(latent, "DIRECTIONS", table)
    told = tell_directions(asked(gan, [brightness(PICTURE)]))
    assert [next(told).name, next(told).name] == ["sefa", "sefa effects"]
    with pytest.raises(GanatomyError) as raised:
        next(told)
    assert raised.value.said == (
        "3 of 4 ways to find directions cannot be applied: one: no affine map; two: nothing varies; three: no measurers"
    )
    assert raised.value.remedy == "name a place; name others"
    assert type(raised.value) is GanatomyError
    monkeypatch.setattr(latent, "DIRECTIONS", {"one": table["one"], "three": table["three"]})
    with pytest.raises(UsageError, match="2 of 2 ways"):
        list(tell_directions(asked(gan, [brightness(PICTURE)])))


def test_a_map_is_coloured_by_every_concept_and_own_ones_come_first() -> None:
    gan = GAN.fresh(MLP(PICTURE, Normal(4), hidden=(6,)), 0)
    names = tuple(f"c{place}" for place in range(12))
    many = Measurer("many", names, "score", lambda x: x.flatten(1)[:, :12])
    mine = Measurer("mine", ("up",), "score", lambda x: x.flatten(1)[:, 3:4])
    (told,) = tell_map(asked(gan, [edges(PICTURE), many, mine], own=("mine.py:up",)))
    shown = [name for name in arrays(told) if name.startswith("score")]
    assert shown == ["score mine: up", "score edges", *(f"score many: c{place}" for place in range(10))]
    pictures = gan.sample(0, range(500)).flatten(1)
    np.testing.assert_allclose(arrays(told)["score mine: up"], pictures[:, 3], atol=1e-6)
    np.testing.assert_allclose(arrays(told)["score many: c9"], pictures[:, 9], atol=1e-6)
    assert told.figure is not None
    assert len([ax for ax in told.figure().axes if ax.get_title(loc="left")]) == 12
    with pytest.raises(UsageError, match="a map has no colour"):
        list(tell_map(asked(gan)))


def test_where_umap_is_installed_its_map_comes_second(monkeypatch: pytest.MonkeyPatch) -> None:
    class Standing:
        def __init__(self, *, random_state: int, n_jobs: int) -> None: ...

        def fit_transform(self, rows: np.ndarray) -> np.ndarray:
            return rows[:, :2]

    monkeypatch.setitem(sys.modules, "umap", types.SimpleNamespace(UMAP=Standing))
    gan = GAN.fresh(MLP(PICTURE, Normal(4), hidden=(6,)), 0)
    told = list(tell_map(asked(gan, [brightness(PICTURE)])))
    assert [each.name for each in told] == ["latents", "latents umap"]
    np.testing.assert_allclose(arrays(told[1])["place"], gan.latent.sample(0, range(500))[:, :2])
    assert told[1].figure is not None
    assert told[1].figure().axes[0].get_xlabel() == "first UMAP axis (no unit)"


@pytest.mark.parametrize("name", [name for name in DIRECTIONS if name != "sefa"])
def test_every_way_to_directions_reports(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    style = Style(PICTURE, Normal(3), width=4, critic_width=4, latent_width=5, mapping_layers=1)
    gan = GAN.fresh(style if name == "sefa of w" else MLP(PICTURE, Normal(3), hidden=(6,)), 0)
    monkeypatch.setattr(Asked, "many", lambda _self, usual, _thorough: min(usual, 64))
    seen: list[tuple[int, int]] = []
    assert DIRECTIONS[name](asked(gan, [brightness(PICTURE)], progress=lambda *at: seen.append(at)))
    assert seen
    assert seen[-1][0] == seen[-1][1]


def test_pca_is_done_at_each_place_that_is_named_and_a_place_where_it_fails_loses_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gan = GAN.fresh(MLP(PICTURE, Normal(3), hidden=(6, 5)), 0)
    whole = latent.pca

    def sometimes(gan: GAN, site: str, *, k: int, n: int, seed: int, progress: Progress) -> Directions:
        if site == "hidden2":
            raise InputError("rows of lower rank", "ask for fewer")
        return whole(gan, site, k=k, n=n, seed=seed, progress=progress)

    monkeypatch.setattr(latent, "pca", sometimes)
    monkeypatch.setattr(Asked, "many", lambda _self, usual, _thorough: min(usual, 64))
    monkeypatch.setattr(latent, "DIRECTIONS", only("sefa", "pca"))
    told = tell_directions(asked(gan, [brightness(PICTURE)], sites=("hidden1", "hidden2", "")))
    sefas, hidden, output = ((next(told), next(told))[0] for _ in range(3))
    assert (sefas.name, hidden.name, output.name) == ("sefa", "pca of hidden1", "pca of the output")
    assert hidden.said.startswith("PCA of hidden1 over")
    assert output.said.startswith("PCA of the output over")
    with pytest.raises(InputError, match="1 of 4 ways to find directions cannot be applied: pca of hidden2: rows"):
        next(told)


def test_pictures_of_half_precision_and_pictures_that_never_change_are_told_of_and_drawn() -> None:
    half = GAN(GAN.fresh(MLP(PICTURE, Normal(3), hidden=(6,)), 0).generator.bfloat16(), Normal(3), PICTURE)
    ways = interpolation(half, 2, seed=0)
    assert ways.arrays["pictures"].dtype == np.float32
    still = GAN.fresh(MLP(PICTURE, Normal(3), hidden=(6,)), 0)
    for weight in still.generator.parameters():
        torch.nn.init.zeros_(weight)
    assert savings(geodesics(still, 2, seed=0))
