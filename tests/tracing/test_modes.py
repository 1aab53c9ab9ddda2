"""Watching and editing under what torch does to modules and to its own arithmetic."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
from torch.nn.utils.parametrize import cached
from tracing.hostile import hooks, normal, plain, seeded

from ganatomy.errors import UsageError
from ganatomy.tracing.edit import edit
from ganatomy.tracing.replay import Replay
from ganatomy.tracing.trace import watch

X = normal(5, 4)


@pytest.mark.parametrize("norm", [spectral_norm, weight_norm])
def test_parametrized_weights(norm: object) -> None:
    network = seeded(lambda: nn.Sequential(norm(nn.Linear(4, 6)), nn.ReLU(), norm(nn.Linear(6, 3))))  # type: ignore[operator]
    with watch(network, ["0", "0.parametrizations.weight.0"]) as trace, edit(network, {"1": lambda a: a + 1}):
        out = network(X)
    assert torch.equal(trace["0"], network[0](X))
    assert trace["0.parametrizations.weight.0"].shape == (6, 4)
    torch.testing.assert_close(out, network[2](torch.relu(trace["0"]) + 1))
    with cached(), watch(network, "0.parametrizations.weight.0") as once:  # by the second pass it is known
        assert torch.equal(network(X), network(X))
    assert torch.equal(once["0.parametrizations.weight.0"], network[0].weight)
    replay = Replay(network, "1")
    kept = replay.begin(X)
    assert replay.pushes
    torch.testing.assert_close(replay.finish(kept, torch.relu(trace["0"]) + 1), out)


def test_a_functional_call_is_a_pass() -> None:
    network = seeded(plain)
    weights = {name: weight * 0 + 1 for name, weight in network.named_parameters()}
    with edit(network, {"act#0": torch.neg}), watch(network, ["fc2"]) as trace:
        functional_call(network, weights, (X,))
    torch.testing.assert_close(trace["fc2"], 1 - torch.relu(1 + X.sum(1, keepdim=True)).expand(-1, 6) * 6)
    assert hooks(network) == 0


def test_autocast_and_its_types() -> None:
    network = seeded(plain)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with edit(network, {"fc1": lambda a: a * 2}), watch(network, ["fc1"]) as trace:
            network(X)
        said = r"made .* torch.float32 on cpu of .* torch.bfloat16"
        with pytest.raises(UsageError, match=said), edit(network, {"fc1": Tensor.float}):
            network(X)
    assert trace["fc1"].dtype == torch.bfloat16
    torch.testing.assert_close(trace["fc1"].float(), 2 * network.fc1(X), rtol=2e-2, atol=2e-2)


def test_a_network_without_numbers_gives_shapes() -> None:
    network = seeded(plain).to("meta")
    with edit(network, {"act": lambda a: a * 2}), watch(network, ["fc2"]) as trace:
        network(X.to("meta"))
    assert (trace["fc2"].shape, trace["fc2"].device.type) == ((5, 6), "meta")


def test_passes_that_are_mapped_over_are_edited() -> None:
    network = seeded(plain)
    with edit(network, {"act": lambda a: a * 2}):
        torch.testing.assert_close(vmap(network)(X), network(X))
    assert hooks(network) == 0


def test_hooks_of_others_stay_in_their_order() -> None:
    """A hook that was there before ours has changed what we see, one that comes later changes what we made."""
    network = seeded(plain)
    before = network.act.register_forward_hook(lambda _m, _i, output: output + 1)
    with edit(network, {"act": lambda a: a * 2}), watch(network, ["act", "fc2"]) as trace:
        after = network.act.register_forward_hook(lambda _m, _i, output: output - 3)
        network(X)
    wanted = 2 * (torch.relu(network.fc1(X)) + 1)
    torch.testing.assert_close(trace["act"], wanted)
    torch.testing.assert_close(trace["fc2"], network.fc2(wanted - 3))
    assert hooks(network) == 2
    before.remove()
    after.remove()


def test_a_module_that_is_replaced_in_the_block_gives_its_hook_back() -> None:
    network = seeded(plain)
    old = network.act
    with watch(network, ["act"]):
        network(X)
        network.act = nn.Tanh()
    assert len(old._forward_hooks) == hooks(network) == 0
