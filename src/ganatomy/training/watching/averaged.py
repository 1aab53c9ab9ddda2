"""How far the averaged weights are from those that are trained.

weights_apart(average, generator)      # |average - raw| / |raw|, over all parameters
"""

from __future__ import annotations

import torch
from torch import nn


def weights_apart(average: nn.Module, network: nn.Module) -> float | None:
    """None where there is no average, and where all weights are 0."""
    own, new = ({name: weight.detach() for name, weight in each.named_parameters()} for each in (average, network))
    if average is network or own.keys() != new.keys() or not own:
        return None
    apart = torch._foreach_sub(list(own.values()), [new[name] for name in own])
    far, size = (torch.stack(torch._foreach_norm(list(each))).double().norm() for each in (apart, new.values()))
    return float(far / size) if float(size) > 0.0 else None
