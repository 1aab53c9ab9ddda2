"""The table of what may be done with which kind of statistic."""

from __future__ import annotations

import pytest
import torch

from ganatomy.errors import UsageError
from ganatomy.numerics.statistics.estimate import METHODS
from ganatomy.numerics.statistics.statistic import KINDS, Statistic, allow


def test_every_method_named_exists_and_every_method_has_a_use():
    assert {method for kind in KINDS.values() for method in kind.methods} == set(METHODS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", METHODS)
def test_a_method_outside_the_table_is_refused_with_reason_and_remedy(kind, method):
    statistic = Statistic("thing", torch.mean, kind)
    if method in KINDS[kind].methods:
        allow(statistic, method)
        return
    with pytest.raises(UsageError) as refusal:
        allow(statistic, method)
    assert f"the {method} interval fails for thing, a {kind} statistic: {KINDS[kind].why}" == refusal.value.said
    assert all(name in refusal.value.remedy for name in KINDS[kind].methods)


@pytest.mark.parametrize("kind", ["plug-in distance", "neighbour"])
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_percentiles_are_refused_where_they_miss(kind, method):
    assert method not in KINDS[kind].methods


def test_an_unknown_kind_is_named():
    with pytest.raises(UsageError, match="did you mean 'neighbour'"):
        allow(Statistic("thing", torch.mean, "neighbor"), "bca")
