"""How hard each layer is pulled: the norm of its gradient, alone and against the norm of its weights.

pulls(step.gradients["critic"])                                   # {"D.head": 0.3, ...}
gradient_signals(step.gradients, {"D.": critic, "G.": generator})
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganatomy.training.gauge import Signals, put
from ganatomy.training.watching.layers import layer_named


def pulls(tensors: Mapping[str, Tensor]) -> dict[str, float]:
    """By layer, the norm of all tensors whose names begin with it."""
    if not tensors:
        return {}
    squares: dict[str, float] = {}
    norms = torch.stack([norm.double() for norm in torch._foreach_norm(list(tensors.values()))]).tolist()
    for name, norm in zip(tensors, norms, strict=True):
        squares[layer_named(name)] = squares.get(layer_named(name), 0.0) + norm * norm
    return {layer: square**0.5 for layer, square in squares.items()}


def gradient_signals(gradients: Mapping[str, Mapping[str, Tensor]], networks: Mapping[str, nn.Module]) -> Signals:
    """`gradient.LAYER` and `gradient.relative.LAYER`; no relative one where all weights of a layer are 0."""
    signals: Signals = {}
    weights = {
        prefix + name: weight.detach()
        for prefix, module in networks.items()
        for name, weight in module.named_parameters()
    }
    for mine in gradients.values():
        sizes = pulls({name: weights[name] for name in mine if name in weights})
        for layer, norm in pulls(mine).items():
            put(signals, f"gradient.{layer}", norm)
            if sizes.get(layer, 0.0) > 0.0:
                put(signals, f"gradient.relative.{layer}", norm / sizes[layer])
    return signals
