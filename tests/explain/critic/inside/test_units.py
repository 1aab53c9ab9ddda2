"""Which units tell the sorts apart, with DeLong's error by definition; responses within the sorts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from shared_marked import Units, gan_of, marked, one_carrier, sees, weighed
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.critic.inside.responses import correlated, responses
from ganatomy.explain.critic.inside.units import UnitPlan, _separation, unit_separation
from ganatomy.explain.critic.lots import fakes, reals, together
from ganatomy.explain.generator.panel import Panel
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.roc import auc

MARK = Measurer("mark", ("mark",), "score", lambda x: x[:, :, :2, :2].mean((1, 2, 3))[:, None])
SPOT = Measurer("spot", ("spot",), "score", lambda x: x[:, :, 2:4, 2:4].mean((1, 2, 3))[:, None])


def test_a_unit_that_reads_the_mark_tells_the_sorts_apart_used_or_not() -> None:
    rows = [sees(2.0), sees(4.0), sees(1.0, of=2), torch.zeros(36)]
    gan = gan_of(Units(rows, [1.0, 2.0, 1.0, 1.0], weighed(1.0, 0.0, 0.05, 0.0)))
    told = unit_separation(gan, marked(), plan=UnitPlan(n=200))
    assert told.units == tuple(f"body.act:{unit}" for unit in range(4))
    assert told.arrays["area"][:2, 0].tolist() == [1.0, 1.0]
    assert told.arrays["verdict"][:2].min() == 1
    assert told.arrays["area"][3, 0] == 0.5
    assert told.arrays["verdict"][3, 0] == -1, "a constant unit surely tells nothing"
    x, y = (
        gan.critic.body(together(lots).pictures.flatten(1))[:, 2].detach().double()
        for lots in (reals(gan, marked(), 200), fakes(gan, 200, seed=0))
    )  # type: ignore[union-attr, operator]
    wanted = auc(x, y)
    assert told.arrays["area"][2, 0] == pytest.approx(wanted.value, abs=1e-12)
    assert told.arrays["area_low"][2, 0] == pytest.approx(wanted.interval.low)
    assert told.arrays["area"][0, 1] == 1.0, "the maximum too"


def normal(name: str, *shape: int) -> Tensor:
    return Stream(0, name).normal(range(shape[0]), *shape[1:], dtype=torch.float64)


def test_a_concept_that_only_differs_between_the_sorts_is_no_response() -> None:
    n = 400
    units, concepts = normal("u", 2 * n, 2), normal("c", 2 * n, 1)
    units[:n] += 3  # both are larger on real pictures
    concepts[:n] += 3
    units[:, 1] += 0.8 * (concepts[:, 0] - 3 * (torch.arange(2 * n) < n))  # and the second goes with it within
    found = responses(units[:n], concepts[:n], units[n:], concepts[n:], smallest=0.1, level=0.95)
    raw = np.corrcoef(units[:, 0].numpy(), concepts[:, 0].numpy())[0, 1]
    assert raw > 0.6
    assert abs(float(found["partial"][0, 0])) < 0.1
    assert found["response"][:, 0].tolist() == [found["response"][0, 0].item(), 1]
    assert int(found["response"][0, 0]) <= 0
    for sort, part in enumerate((slice(None, n), slice(n, None))):
        wanted = np.corrcoef(units[part, 1].numpy(), concepts[part, 0].numpy())[0, 1]
        assert float(found["within"][1, 0, sort]) == pytest.approx(wanted, abs=1e-9)
    assert float(found["partial_low"][1, 0]) < float(found["partial"][1, 0]) < float(found["partial_high"][1, 0])


def test_the_error_of_a_correlation_covers_where_normal_theory_does_not() -> None:
    """Of a shared scale: uncorrelated, but large together; (1 - r^2) / sqrt(n) would be far too small."""
    n, values, errors = 300, [], []
    for seed in range(200):
        stream = Stream(seed, "cover")
        scale = stream.normal(range(n), 1, dtype=torch.float64).mul(0.6).exp()
        x, y = (scale * stream.child(name).normal(range(n), 1, dtype=torch.float64) for name in "xy")
        r, error = correlated(x - x.mean(0), y - y.mean(0))
        values.append(float(r))
        errors.append(float(error))
    spread = float(np.std(values))
    missed = np.mean(np.abs(values) > 1.96 * np.array(errors))
    assert missed <= 0.09 < np.mean(np.abs(values) > 1.96 / n**0.5)
    assert np.mean(errors) == pytest.approx(spread, rel=0.15)


def test_the_error_of_a_correlation_is_that_of_leaving_one_out() -> None:
    n = 200
    x = normal("jx", n, 1)
    y = 0.7 * x + normal("jy", n, 1) * (0.3 + x.abs())
    x, y = x - x.mean(), y - y.mean()
    r, error = correlated(x, y)
    a, b = x[:, 0].numpy(), y[:, 0].numpy()
    assert float(r) == pytest.approx(np.corrcoef(a, b)[0, 1])
    without = [np.corrcoef(np.delete(a, at), np.delete(b, at))[0, 1] for at in range(n)]
    wanted = float(np.sqrt((n - 1) / n * np.square(np.array(without) - np.mean(without)).sum()))
    assert float(error) == pytest.approx(wanted, rel=0.1)


def test_with_enough_pictures_no_response_is_shown_absent() -> None:
    tables = [normal(name, 3000, 1) for name in ("p", "q", "r", "s")]
    found = responses(tables[0], tables[1], tables[2], tables[3], smallest=0.1, level=0.95)
    assert int(found["response"][0, 0]) == -1


def test_units_that_mean_nothing_are_not_called_responses() -> None:
    false = 0
    for seed in range(60):
        stream = Stream(seed, "null")
        tables = [stream.child(name).normal(range(96), 3, dtype=torch.float64) for name in "abcd"]
        found = responses(tables[0], tables[1], tables[2], tables[3], smallest=0.1, level=0.95)
        false += int((found["response"] > 0).any())
    assert false <= 7


def test_units_of_one_law_are_not_said_to_tell_the_sorts_apart() -> None:
    false, absent = 0, 0
    for seed in range(60):
        x, y = (Stream(seed, name).normal(range(100), 6, dtype=torch.float64)[None] for name in "xy")
        verdict = _separation(x, y, UnitPlan())["verdict"]
        false, absent = false + int((verdict > 0).any()), absent + int((verdict < 0).any())
    assert false <= 3
    assert absent < 60


def test_a_panel_adds_what_units_respond_to() -> None:
    gan = gan_of(one_carrier())
    told = unit_separation(gan, marked(), panel=Panel((MARK, SPOT)), plan=UnitPlan(n=300))
    assert told.arrays["concepts"][0].tolist() == ["mark", "spot"]
    assert told.arrays["response"][0].tolist()[0] == 1
    assert told.arrays["response"][2].tolist()[1] == 1
    assert told.arrays["partial"][2, 1] > 0.9
    assert "respond to one of 2 concepts" in told.note


def test_the_critic_is_left_as_it_was_and_the_answer_is_the_same_again() -> None:
    gan = gan_of(one_carrier().train())
    one, two = (unit_separation(gan, marked(), plan=UnitPlan(n=64)) for _ in range(2))
    assert all(np.array_equal(one.arrays[name], two.arrays[name]) for name in one.arrays)
    assert gan.critic is not None
    assert all(module.training and not module._forward_hooks for module in gan.critic.modules())
    assert all(weight.requires_grad and weight.grad is None for weight in gan.critic.parameters())
    with pytest.raises(UsageError, match="take 25"):
        UnitPlan(n=3)


def test_few_pictures_are_refused() -> None:
    gan = gan_of(one_carrier())
    with pytest.raises(UsageError, match="6 real pictures"):
        unit_separation(gan, marked(6), plan=UnitPlan(n=512))


def test_units_that_tell_nothing_are_accused_as_rarely_as_said_also_in_few_groups() -> None:
    few = groups = 0
    ids = torch.arange(10).repeat_interleave(12)
    for seed in range(60):
        draws = Stream(seed, "units/null").normal(range(2), 120, 40)
        few += bool((_separation(draws[:1, :25], draws[1:, :25], UnitPlan(smallest=0.0))["verdict"] > 0).any())
        alike = 0.8 * Stream(seed, "units/shared").normal(range(1), 10, 40)[:, ids] + 0.6 * draws[:1]
        told = _separation(alike, draws[1:], UnitPlan(smallest=0.0), groups=ids)
        groups += bool((told["verdict"] > 0).any())
    assert few <= 8  # 3 on average
    assert groups <= 8  # without ids all 60


def test_responses_say_that_they_know_no_groups() -> None:
    data = replace(marked(), groups=torch.arange(300) // 10)
    panel = Panel((MARK,))
    told = unit_separation(gan_of(one_carrier()), data, panel=panel, plan=UnitPlan(n=60))
    assert "Intervals of responses take pictures of one group as independent" in told.note
    alone = unit_separation(gan_of(one_carrier()), marked(), panel=panel, plan=UnitPlan(n=60))
    assert "one group" not in alone.note
    wide, narrow = (float(each.arrays["area_high"][2, 0] - each.arrays["area_low"][2, 0]) for each in (told, alone))
    assert wide != narrow


def test_a_perfect_unit_is_as_sure_as_its_ranks() -> None:
    told = _separation(torch.ones(2, 25, 1), torch.zeros(2, 25, 1), UnitPlan())
    assert told["verdict"].min() == 1
    assert 1e-6 < float(told["p"][0, 0]) < 1e-4, "of Student's t with the error of ranks; not 2^-25"
    assert told["area_low"][0, 0] < 0.95
