"""Spectral normalisation of a whole network: every weight divided by its largest singular value (Miyato et al. 2018).

    critic = spectrally_normalised(critic, Stream(seed, "init/critic"))     # after `initialise`

The singular value is followed by one power iteration per forward pass in train mode; eval mode leaves it as it is.
A convolution is normalised as the matrix (outputs, inputs x height x width), as usual: its norm as an operator on
pictures can be larger.
"""

from __future__ import annotations

from typing import TypeVar

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from ganatomy.numerics.random import Stream

Network = TypeVar("Network", bound=nn.Module)


def spectrally_normalised(network: Network, stream: Stream) -> Network:
    """The same network, its linear layers and convolutions normalised in place; the first vectors have an address."""
    with stream.child("spectral").module_rng(0):
        for module in list(network.modules()):
            if isinstance(module, nn.Linear | nn.Conv2d):
                spectral_norm(module)
    return network
