"""Grading as a whole: what stays as it was, one picture or many, planted critics, and how often chance passes."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.faithfulness import grades as grading
from ganatomy.evaluate.faithfulness.cases import Attribute, case_of, maps_of, unbound
from ganatomy.evaluate.faithfulness.controls import constant, edges, of_weights, random_map
from ganatomy.evaluate.faithfulness.grades import graded, grades
from ganatomy.evaluate.faithfulness.judging import ABSOLUTE, SIGNED, Grades, judged
from ganatomy.evaluate.faithfulness.planned import GradePlan, Method
from ganatomy.evaluate.faithfulness.readings import Readings, prepared, readings
from ganatomy.numerics.random import Stream
from ganatomy.results.explanation import Explanation
from ganatomy.results.folder import load, save
from ganatomy.results.formats import Format

SMALL = Format.picture(1, 8)
BLACK = torch.full((1, 1, 8, 8), -1.0)
QUICK = GradePlan(steps=6, orders=4, noise=8, squares=12, nudges=2, stages=2, redraws=2)


class Weighted(nn.Module):
    """A linear score with weights of its own."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.weights).flatten(1).sum(1)


def pictures(n: int, seed: int = 0) -> Tensor:
    return 2 * Stream(seed, "pictures").uniform(range(n), 1, 8, 8) - 1


def gradient(network: nn.Module, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    return torch.autograd.grad(network(x).sum(), x)[0]


def shares(network: nn.Module, x: Tensor) -> Tensor:
    return gradient(network, x) * (x - BLACK)


def plain(seed: int) -> Weighted:
    return Weighted(Stream(seed, "weights").normal(range(1), 1, 8, 8)[0])


def critic() -> nn.Sequential:
    with Stream(0, "critic").module_rng(0):
        return nn.Sequential(
            nn.Conv2d(1, 6, 3, 2, 1),
            nn.BatchNorm2d(6),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(96, 1),
            nn.Flatten(0),
        ).train()


METHODS = {
    "gradient": Method(gradient, "slope"),
    "gradient x input": Method(shares, "share"),
    "random": Method(random_map(seed=9), "rank"),
}


def take(
    network: nn.Module, x: Tensor, methods: dict[str, Method] = METHODS, plan: GradePlan = QUICK
) -> dict[str, Grades]:
    return grades(network, methods, x, baseline=BLACK, format=SMALL, plan=plan)


def values(found: Grades) -> dict[str, float]:
    return {name: each.value for name, each in found.measurements.items()}


def test_nothing_is_left_behind_and_it_can_be_done_again() -> None:
    network, x = critic(), pictures(5)
    before, kept = copy.deepcopy(network.state_dict()), x.clone()
    first, second = take(network, x), take(network, x)
    assert {name: values(each) for name, each in first.items()} == {name: values(each) for name, each in second.items()}
    assert torch.equal(x, kept)
    assert all(module.training and not module._forward_hooks for module in network.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert all(weight.grad is None and weight.requires_grad for weight in network.parameters())
    other = take(network, x, plan=replace(QUICK, seed=1))
    assert values(other["gradient"])["insertion"] == values(first["gradient"])["insertion"]  # no ties to break
    assert values(other["gradient"])["infidelity to noise"] != values(first["gradient"])["infidelity to noise"]


def test_an_error_half_way_leaves_the_critic_as_it_was() -> None:
    network, calls = critic(), []

    def breaks(given: nn.Module, x: Tensor) -> Tensor:
        calls.append(1)
        if len(calls) > 3:
            raise RuntimeError("half-way")
        return gradient(given, x)

    with pytest.raises(RuntimeError, match="half-way"):
        take(network, pictures(4), {"breaks": Method(breaks, "slope")})
    assert all(module.training and not module._forward_hooks for module in network.modules())


def test_pictures_graded_one_by_one_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    network, x = plain(3).double(), pictures(5).double()
    whole = take(network, x)
    monkeypatch.setattr(grading, "PART", 1)
    singles = take(network, x)
    for name in METHODS:
        assert values(singles[name]) == pytest.approx(values(whole[name]), abs=1e-9)


def test_a_linear_critic_is_explained_by_its_weights_alone() -> None:
    found = take(
        plain(1), pictures(16), {**METHODS, "constant": Method(constant, "rank"), "edges": Method(edges, "rank")}
    )
    slope, share = found["gradient"].measurements, found["gradient x input"].measurements
    for name in ("infidelity to noise", "infidelity to noise, unscaled", "infidelity to squares, unscaled"):
        assert slope[name].value == pytest.approx(0, abs=1e-6)
    assert slope["infidelity to noise"].floor == pytest.approx(1, abs=0.2)
    assert slope["maximum sensitivity"].value == pytest.approx(0, abs=1e-6)
    assert share["completeness"].value == pytest.approx(0, abs=1e-4)
    assert share["completeness"].floor == pytest.approx(1, abs=0.2)
    assert share["faithfulness correlation"].value == pytest.approx(1, abs=1e-4)
    assert share["insertion"].value > share["deletion"].value
    with torch.no_grad():
        change = plain(1)(pictures(16)).double() - float(plain(1)(BLACK))
    unit = change.mean() / change.square().mean().sqrt()  # scores count from the baseline's, in their root mean square
    assert share["insertion"].value + share["deletion"].value == pytest.approx(float(unit), abs=1e-4)
    assert set(slope) - set(share) == {name for name in slope if "noise" in name}
    for name in ("gradient", "gradient x input"):
        assert all(claim.holds for claim in found[name].claims), found[name].caption
        assert found[name].caption.startswith("Beats random attributions and edges at insertion and deletion")
        assert "does not beat" not in found[name].caption
    for name in ("random", "constant", "edges"):
        assert not any(claim.holds for claim in found[name].claims if claim.floor == "edges")
        assert "oes not beat" in found[name].caption
        assert "stays similar (rho = 1.00) when the critic's weights are random" in found[name].caption
    assert abs(slope[SIGNED].value) < 0.3
    assert found["random"].measurements[SIGNED].value == 1
    assert found["gradient x input"].measurements[ABSOLUTE].value > abs(share[SIGNED].value)


def test_a_trained_critic_is_explained_by_its_gradient_and_not_by_edges() -> None:
    """It learns to see a mark in a corner; everything else in the pictures has more edges."""
    x = pictures(96)
    real = x.clone()
    real[:, :, 6:, 6:] = 0.9
    network = critic()
    with Stream(0, "dropout").module_rng(0):
        steps = torch.optim.Adam(network.parameters(), 0.02)
        for _ in range(40):
            loss = nn.functional.softplus(-network(real)).mean() + nn.functional.softplus(network(x)).mean()
            steps.zero_grad(set_to_none=True)
            loss.backward()
            steps.step()
    methods = {"gradient x input": METHODS["gradient x input"], "edges": Method(edges, "rank")}
    found = take(network, real[:16], methods)
    assert found["gradient x input"].claims[0].holds
    assert found["gradient x input"].claims[1].holds
    assert not found["edges"].claims[0].holds
    assert "oes not beat random attributions and edges at insertion and deletion" in found["edges"].caption


def test_a_random_map_beats_its_floors_no_more_often_than_it_may() -> None:
    """220 critics and four claims of each as one family: 11 may have a claim that holds, and 18 in 5 % of studies."""
    plan, x = replace(QUICK, steps=4, squares=8, smallest=0.0), pictures(8)
    passed = [chance(plain(seed), x, random_map(seed=seed), replace(plan, seed=seed)) for seed in range(220)]
    assert sum(passed) <= 18


def chance(network: nn.Module, x: Tensor, attribute: Attribute, plan: GradePlan) -> bool:
    """Whether any claim of better than a floor holds, without what takes more attributions."""
    with torch.no_grad():
        part = prepared(case_of(network, x, BLACK), scale=1.0, span=2.0, plan=plan, noise=False)
    drawn = maps_of(edges, network, x)
    own, *edge = (readings(part, each, "rank", plan=plan) for each in (maps_of(attribute, network, x), drawn, -drawn))
    unasked = {SIGNED: torch.zeros(len(x)), ABSOLUTE: torch.zeros(len(x))}
    found = judged({"random": Readings({**own.own, **unasked}, own.random)}, edges=edge, plan=plan)
    return any(claim.holds for claim in found["random"].claims)


def test_the_true_map_always_does() -> None:
    x = pictures(8)
    for seed in range(20):
        network = plain(seed)
        assert chance(network, x, of_weights(network.weights.detach()), replace(QUICK, seed=seed))


class Conditional(nn.Module):
    """What counts depends on the class."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(Stream(5, "weights").normal(range(3), 1, 8, 8))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        return (x * self.weights[labels]).flatten(1).sum(1)


def test_labels_go_with_their_pictures() -> None:
    network, x, labels = Conditional(), pictures(20), torch.arange(20) % 3
    asked: list[bool] = []

    def by_hand(given: nn.Module, x: Tensor) -> Tensor:
        inner, own = unbound(given)
        asked.append(own is not None and len(own) == len(x))
        return inner.weights[own].detach().expand_as(x)

    methods = {"gradient": Method(gradient, "slope"), "by hand": Method(by_hand, "slope")}
    found = grades(network, methods, x, baseline=BLACK, format=SMALL, labels=labels, plan=QUICK)
    assert all(asked)
    assert values(found["gradient"]) == pytest.approx(values(found["by hand"]), abs=1e-5)
    assert found["gradient"].measurements["infidelity to noise, unscaled"].value == pytest.approx(0, abs=1e-6)
    wrong = grades(network, methods, x, baseline=BLACK, format=SMALL, labels=labels.flip(0), plan=QUICK)
    assert values(wrong["gradient"])["insertion"] != values(found["gradient"])["insertion"]


def test_the_baseline_may_be_each_pictures_own_and_points_have_no_range() -> None:
    x = pictures(18)
    own = x.flip(0)
    found = grades(plain(1), METHODS, x, baseline=own, format=SMALL, plan=QUICK)["gradient"]
    assert found.measurements["infidelity to squares, unscaled"].value == pytest.approx(0, abs=1e-6)
    points, linear = x.flatten(1)[:, :5], Weighted(torch.arange(5.0))
    slopes = {"gradient": Method(of_weights(torch.arange(5.0)), "slope")}
    flat = grades(linear, slopes, points, baseline=torch.zeros(5), format=Format.point(5), plan=QUICK)
    assert flat["gradient"].measurements["infidelity to noise, unscaled"].value == pytest.approx(0, abs=1e-6)


def test_an_explanation_gets_its_grades_and_its_caption_and_keeps_them_on_disk(tmp_path: Path) -> None:
    network, x = plain(1), pictures(9)
    arrays = {"pictures": x.numpy(), "maps": gradient(network, x).numpy()}
    units = tuple(f"sample {i}" for i in range(9))
    bare = Explanation("attribution, gradient", "0" * 32, "logit", units, arrays, note="Slopes.")
    full = graded(bare, network, METHODS["gradient"], baseline=BLACK, format=SMALL, plan=QUICK)
    assert full.grades["insertion - deletion"].n == 9
    assert full.note.startswith("Slopes. Beats random attributions")
    assert not bare.grades
    back = load(save(full, tmp_path / "gradient"))
    assert isinstance(back, Explanation)
    assert back.grades == full.grades
    with pytest.raises(UsageError, match="not those that the method now makes"):
        graded(bare, plain(2), METHODS["gradient"], baseline=BLACK, format=SMALL)
    with pytest.raises(UsageError, match="without pictures"):
        graded(
            replace(bare, arrays={"maps": arrays["maps"]}), network, METHODS["gradient"], baseline=BLACK, format=SMALL
        )


def test_one_picture_decides_nothing_and_wrong_asking_is_refused() -> None:
    assert graded_caption(1) == "Graded on one picture, which decides nothing."
    assert "eats" in graded_caption(2)
    with pytest.raises(UsageError, match="kind of attribution called 'slop'"):
        Method(gradient, "slop")
    with pytest.raises(UsageError, match="to grade"):
        grades(plain(1), {}, pictures(2), baseline=BLACK, format=SMALL)
    with pytest.raises(UsageError, match="pictures lie in"):
        grades(plain(1), METHODS, pictures(2) * 9, baseline=BLACK, format=SMALL)
    with pytest.raises(UsageError, match="orders = 0"):
        GradePlan(orders=0)


def saturated(network: nn.Module, x: Tensor) -> Tensor:
    """Slopes, but for pictures whose first pixel is dark: there are none."""
    return gradient(network, x) * (x[:, :, :1, :1] > 0)


def test_a_map_of_zeros_is_not_called_similar_and_a_constant_critic_is_refused() -> None:
    x = pictures(9)
    dark = int((x[:, 0, 0, 0] <= 0).sum())
    assert 0 < dark < 8
    methods = {"zero": Method(lambda _, x: torch.zeros_like(x), "slope"), "part": Method(saturated, "slope")}
    found = take(plain(1), x, {**methods, "gradient": METHODS["gradient"]})
    assert found["zero"].caption == "The map is zero: nothing to grade."
    assert found["zero"].claims == ()
    assert SIGNED not in found["zero"].measurements
    assert found["part"].measurements[SIGNED].n == 9 - dark
    assert found["part"].caption.endswith(f"The maps of {dark} pictures are zero: they were left out of this.")
    assert "zero" not in found["gradient"].caption
    assert take(plain(1), x, {"zero": methods["zero"]})["zero"].claims == ()
    with pytest.raises(InputError, match="same score"):
        take(Weighted(torch.zeros(1, 8, 8)), x)


def graded_caption(n: int) -> str:
    return take(plain(1), pictures(n))["gradient"].caption


def test_memory_does_not_grow_and_passes_are_as_promised() -> None:
    sizes: list[int] = []

    class Counted(Weighted):
        def forward(self, x: Tensor) -> Tensor:
            sizes.append(len(x))
            return super().forward(x)

    network, asked = Counted(torch.ones(1, 8, 8)), [0]

    def counting(_: nn.Module, x: Tensor) -> Tensor:
        asked[0] += len(x)
        return x

    grades(network, {"map": Method(counting, "slope")}, pictures(32), baseline=BLACK, format=SMALL)
    assert max(sizes) <= 64
    assert asked[0] == 32 * (1 + 4 + 3)  # a single layer: nothing between the critic and one that is wholly redrawn
    # A pass for each redrawn critic, too, and two to order the layers.
    assert sum(sizes) == 32 * (372 + 32 + 28 + 3 + 2)
