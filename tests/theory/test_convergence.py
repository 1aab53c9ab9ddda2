"""The table: eigenvalues by autograd equal those by hand in every cell; runs do as they say, and so does the paper."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganatomy.errors import UsageError
from ganatomy.games.named import GAMES
from ganatomy.games.penalties import gradient_penalty, r1
from ganatomy.games.weights import WeightClip
from ganatomy.theory.cases import CASES, CYCLES, PUBLISHED, Local, Published
from ganatomy.theory.convergence import (
    CLOSED,
    Cycle,
    apart,
    as_published,
    by_method,
    cell,
    cycle,
    eigenvalues,
    portrait,
    table,
    verdict,
)
from ganatomy.theory.dirac import dirac
from ganatomy.theory.steps import RULES, multipliers, trajectory

BY_HAND = {  # theory.md 2.1, h = 0.1: radius under simultaneous and alternating steps
    "minimax": (1.001249, 1.0),
    "non-saturating": (1.001249, 1.0),
    "wasserstein": (1.004988, 1.0),
    "least-squares": (1.004988, 1.0),
    "minimax, noise 1": (0.975961, 0.974679),
    "minimax, noise 0.5": (0.994987, 0.993730),
    "minimax, R1 0.3": (0.986154, 0.984886),
    "ns-r1": (0.95, 0.96),
    "ns-r1-r2": (0.986603, 0.986793),
}


@pytest.mark.parametrize("name", CASES)
def test_the_eigenvalues_of_every_cell_are_the_closed_forms_and_say_what_was_published(name: str) -> None:
    case = CASES[name]
    field = dirac(case.game)
    for rule, stepping in RULES.items():
        found = multipliers(field, stepping, 0.1)
        assert apart(found, CLOSED[rule](case.local, 0.1)) < 1e-7, rule
        if not case.tip:
            assert as_published(PUBLISHED.get((name, rule)), verdict(abs(found[0]))) is not False


@pytest.mark.parametrize("name", BY_HAND)
def test_radii_of_the_reference(name: str) -> None:
    for rule, wanted in zip(("simultaneous", "alternating"), BY_HAND[name], strict=True):
        assert abs(CLOSED[rule](CASES[name].local, 0.1)).max() == pytest.approx(wanted, abs=6e-7)


@pytest.mark.parametrize(("gamma", "radius"), [(0.3, 0.993759), (1.0, 0.976281)])
def test_consensus_of_the_reference(gamma: float, radius: float) -> None:
    """-gamma/4 +- i/2, as radii of simultaneous steps of 0.1."""
    assert abs(1 + 0.1 * complex(-gamma / 4, 0.5)) == pytest.approx(radius, abs=6e-7)
    if gamma == 0.3:  # the table's own
        assert abs(CLOSED["consensus"](CASES["minimax"].local, 0.1)).max() == pytest.approx(radius, abs=6e-7)


@pytest.mark.parametrize(
    ("name", "rule", "wanted"),
    [
        ("minimax", "simultaneous", "leaves"),
        ("wasserstein", "alternating", "circles"),
        ("relativistic, R1", "alternating", "converges"),
        ("minimax, noise 1", "simultaneous", "converges"),
        ("hinge", "extragradient", "converges"),
    ],
)
def test_a_cell_runs_as_its_eigenvalues_say(name: str, rule: str, wanted: str) -> None:
    found = cell(name, rule)
    assert (found.verdict, found.ran, found.agree) == (wanted, wanted, True)
    if found.radius < 2:
        assert found.growth == pytest.approx(found.radius, abs=0.01)


def test_a_cell_that_disagrees_says_so() -> None:
    found = cell("non-saturating", "simultaneous")
    published = PUBLISHED["ns-r1", "alternating"]
    assert found.agree
    assert not replace(found, published=published).agree
    assert not replace(found, closed=found.closed + 1e-5).agree
    assert not replace(found, radii=np.ones_like(found.radii)).agree
    assert replace(found, radii=np.full_like(found.radii, np.nan)).ran == "leaves"


@pytest.mark.parametrize("rule", CYCLES)
def test_without_a_jacobian_at_rest_runs_from_within_and_from_without_meet(rule: str) -> None:
    """The tip of |psi| is rounded over 1e-6: its eigenvalues are that of the rounding, and are not told."""
    found = cell("wasserstein-gp", rule)
    assert math.isnan(found.radius)
    assert math.isnan(found.apart)
    assert (found.verdict, found.ran, found.decided, found.agree) == ("cycles", "cycles", True, True)
    assert found.cycle is not None
    assert found.cycle.inner == pytest.approx(found.cycle.outer, rel=1e-4)
    assert found.cycle.size == pytest.approx(CYCLES[rule], rel=0.04)
    assert not replace(found, cycle=Cycle(0.5, 1.4, 0.9)).agree
    assert not replace(found, published=PUBLISHED["ns-r1", "alternating"]).agree


def test_what_does_not_cycle_is_not_said_to() -> None:
    """The plain game under alternating steps keeps each run at its own distance."""
    found = cycle(dirac(CASES["wasserstein"].game), RULES["alternating"])
    assert found.ran == "wanders"
    assert found.inner < 0.2
    assert found.outer > 2
    assert Cycle(0.01, 0.02, 0.01).ran == "converges"
    assert Cycle(1.0, 9.0, 1.0).ran == Cycle(math.nan, 1.0, 1.0).ran == "leaves"


def test_radius_1_neither_bears_a_verdict_out_nor_refutes_it() -> None:
    """Non-saturating, alternating, creeps in: "need not converge" is not borne out by its circles of 384 rounds."""
    found = cell("non-saturating", "alternating")
    assert found.published is not None
    assert (found.verdict, found.decided, found.agree) == ("circles", False, True)
    assert as_published(found.published, found.held) is None
    assert as_published(replace(found.published, converges=True), found.held) is None


def test_a_method_converges_if_all_its_cells_do_and_need_not_if_one_does_not() -> None:
    always, not_always = Published("a", True, "read"), Published("b", False, "read")
    assert by_method([(always, "converges"), (always, "circles")]) == {"a": True}
    assert by_method([(always, "converges"), (always, "leaves")]) == {"a": False}
    assert by_method([(not_always, "converges"), (not_always, "leaves")]) == {"b": True}
    assert by_method([(not_always, "converges")]) == {"b": False}
    assert by_method([(not_always, "circles"), (None, "leaves")]) == {"b": None}
    assert by_method([(replace(always, confirmed=False), "leaves")]) == {}


def test_only_what_was_read_counts_as_published() -> None:
    """theory.md: the abstract and the project page were read, which judge methods; the row of consensus was not."""
    read = {each.method: each.converges for each in PUBLISHED.values() if each.confirmed}
    wanted = {"GAN": False, "NSGAN": False, "WGAN": False, "WGAN-GP": False}
    assert read == {**wanted, "instance noise": True, "a zero-centred penalty": True}
    assert {each.source for each in PUBLISHED.values() if each.confirmed} == {"Mescheder et al. 2018"}
    consensus = PUBLISHED["minimax", "consensus"]
    assert str(consensus) == "remembered, not confirmed: consensus converges, Mescheder et al. 2018"


def test_the_best_penalty_is_twice_the_slope() -> None:
    """gamma = 2 f'(0) = 1 dies at rate 1/2; 5 only at 0.05."""
    rates = {gamma: -eigenvalues(Local(gamma, 0.5, 0.5)).real.max() for gamma in (0.5, 0.9, 1.0, 1.1, 2.0, 5.0)}
    assert max(rates, key=lambda gamma: rates[gamma]) == 1.0
    assert rates[1.0] == pytest.approx(0.5)
    assert rates[5.0] == pytest.approx(0.0505, abs=1e-3)


def test_two_laws_of_the_non_saturating_game() -> None:
    """Simultaneous steps end in a circle of sqrt(2h); alternating ones creep in like sqrt(8 / t), t = h rounds."""
    field, start = dirac(GAMES["non-saturating"]), torch.ones(2, dtype=torch.float64)
    circle = trajectory(field, RULES["simultaneous"], start=start, h=0.4, rounds=400)[-160:].norm(dim=1)
    assert float(circle.mean()) == pytest.approx(math.sqrt(0.8), rel=0.01)
    creeping = trajectory(field, RULES["alternating"], start=start, h=0.4, rounds=500)[-40:].norm(dim=1)
    assert float(creeping.mean()) == pytest.approx(math.sqrt(8 / (0.4 * 480)), rel=0.03)


def test_the_circle_of_the_gradient_penalty_grows_with_its_target_and_clipping_bounds_the_critic() -> None:
    """Not differentiable at 0: a cycle whose size is the target's (the field is homogeneous)."""
    start = torch.tensor([0.5, 0.5], dtype=torch.float64)
    sizes = []
    for target in (0.5, 1.0):
        field = dirac(replace(GAMES["wasserstein-gp"], terms=(gradient_penalty(1.0, target=target),)))
        run = trajectory(field, RULES["alternating"], start=start * target, h=0.1, rounds=300)
        sizes.append(float(run[-150:, 1].abs().mean()))
    assert sizes[1] == pytest.approx(2 * sizes[0], rel=0.03)
    clipped = dirac(replace(GAMES["wasserstein-clip"], clip=WeightClip(0.3)))
    run = trajectory(clipped, RULES["simultaneous"], start=start, h=0.1, rounds=300)
    assert float(run[1:, 0].abs().max()) == 0.3
    assert float(run.norm(dim=1).max()) < 2


def test_the_table_is_every_game_under_every_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganatomy.theory.convergence.ROUNDS", 384)
    monkeypatch.setattr("ganatomy.theory.convergence.CASES", {"ns-r1": CASES["ns-r1"]})
    monkeypatch.setattr("ganatomy.theory.convergence.RULES", dict(itertools.islice(RULES.items(), 2)))
    told: list[tuple[int, int]] = []
    cells = list(table(progress=lambda done, total: told.append((done, total))))
    assert [(each.case.name, each.rule.name) for each in cells] == [("ns-r1", "simultaneous"), ("ns-r1", "alternating")]
    assert told == [(1, 2), (2, 2)]
    assert all(each.agree for each in cells)
    with pytest.raises(UsageError, match="rule"):
        cell("ns-r1", "sideways")


def test_a_portrait_is_the_field_in_theta_and_psi() -> None:
    drawn = portrait("ns-r1", rules=("alternating",), rounds=5)
    theta, psi = drawn.places[7]
    wanted = dirac(GAMES["ns-r1"])(torch.tensor([psi, theta]))
    assert drawn.arrows[7].tolist() == pytest.approx([float(wanted[1]), float(wanted[0])])
    assert drawn.paths["alternating"].shape == (6, 2)
    assert drawn.paths["alternating"][0].tolist() == [1.0, 1.0]


def test_a_penalty_of_another_size_is_another_cell() -> None:
    field = dirac(replace(GAMES["minimax"], terms=(r1(5.0),)))
    wanted = CLOSED["alternating"](Local(5.0, 0.5, 0.5), 0.1)
    assert apart(multipliers(field, RULES["alternating"], 0.1), wanted) < 1e-9
