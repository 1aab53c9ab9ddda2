"""Boundary checks, once for every function that takes numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError, UsageError
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.effects import mean_effect, paired_effect, unpaired_effect
from ganatomy.numerics.statistics.estimate import estimate
from ganatomy.numerics.statistics.interval import mean_interval
from ganatomy.numerics.statistics.multiplicity import benjamini_hochberg, holm
from ganatomy.numerics.statistics.permutation import against_controls, permute_labels, sign_flip
from ganatomy.numerics.statistics.samples import sample, vector
from ganatomy.numerics.statistics.statistic import Statistic

STREAM = Stream(0, "faults")
MEAN = Statistic("mean", torch.mean, "smooth")
TAKERS = {
    "mean_interval": mean_interval,
    "mean_effect": lambda x: mean_effect(x, smallest=0),
    "paired_effect": lambda x: paired_effect(x, x, smallest=0),
    "unpaired_effect": lambda x: unpaired_effect(x, x, smallest=0),
    "sign_flip": lambda x: sign_flip(x, stream=STREAM),
    "permute_labels": lambda x: permute_labels(x, x, stream=STREAM),
    "against_controls": lambda x: against_controls(1, x),
    "estimate": lambda x: estimate(MEAN, (x,), method="jackknife", stream=STREAM),
    "benjamini_hochberg": benjamini_hochberg,
    "holm": holm,
}


@pytest.mark.parametrize("taker", TAKERS.values(), ids=TAKERS)
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([0.1, math.nan], InputError, "NaN or infinite"),
        ([0.1, math.inf], InputError, "NaN or infinite"),
        ([], UsageError, "empty"),
        (torch.tensor(0.5), UsageError, "single number"),
        (["a", "b"], InputError, "cannot be read as numbers"),
    ],
)
def test_what_is_no_sample_is_refused_everywhere(taker, given, error, message):
    with pytest.raises(error, match=message):
        taker(given)


@pytest.mark.parametrize("taker", TAKERS.values(), ids=TAKERS)
def test_tensors_arrays_and_lists_give_the_same_and_stay_untouched(taker):
    values = [0.5, 0.25, 0.75, 0.125]
    array, tensor = np.array(values), torch.tensor(values, requires_grad=True)
    array.flags.writeable = False
    results = [taker(values), taker(array), taker(array.astype(np.float32)), taker(tensor)]
    assert all(str(result) == str(results[0]) for result in results)
    assert tensor.tolist() == values
    assert tensor.grad is None


def test_a_vector_has_one_number_a_sample():
    with pytest.raises(UsageError, match=r"shape \(2, 2\)"):
        vector(torch.zeros(2, 2), "x")
    assert sample(torch.zeros(2, 2), "x").dtype == torch.float64


@pytest.mark.parametrize("level", [0, 1, 95, -0.5])
def test_a_level_lies_between_0_and_1(level):
    with pytest.raises(UsageError, match="between 0 and 1"):
        mean_interval([1.0, 2.0], level=level)
