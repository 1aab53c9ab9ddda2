"""What is read is what was there when the site ran: copies, or autograd's tensors while nobody writes over them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from tracing.hostile import Branching, Pair, Repeated, hooks, normal, plain, seeded

from ganatomy.errors import UsageError
from ganatomy.tracing.edit import edit
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch

X = normal(5, 4)


def _pairs() -> list[Any]:
    def first_two(found: Any) -> Any:
        return found[0], found[1]

    return [
        pytest.param(lambda a, b: (a, b), first_two, "0", "1", id="tuple"),
        pytest.param(lambda a, b: [a, b], first_two, "0", "1", id="list"),
        pytest.param(Pair, lambda found: (found.mean, found.scale), "0", "1", id="named tuple"),
        pytest.param(lambda a, b: {"a": a, "b": b}, lambda found: (found["a"], found["b"]), "a", "b", id="dict"),
        pytest.param(
            lambda a, b: OrderedDict(a=a, b=b), lambda found: (found.pop("a"), found["b"]), "a", "b", id="ordered"
        ),
        pytest.param(lambda a, b: {3: a, 5: b}, lambda found: (found[3], found[5]), "3", "5", id="numbered"),
        pytest.param(lambda a, b: (a, b, None, "text", 3), first_two, "0", "1", id="mixed"),
    ]


def test_a_copy_outlives_a_layer_that_works_in_place() -> None:
    network = seeded(lambda: plain(inplace=True))
    with watch(network, ["fc1", "act"]) as trace:
        network(X)
    wanted = network.fc1(X)
    assert torch.equal(trace["fc1"], wanted)
    assert bool((wanted < 0).any())
    assert torch.equal(trace["act"], wanted.clamp(min=0))
    assert not trace["fc1"].requires_grad


def test_a_graph_overwritten_in_place_is_an_error() -> None:
    network = seeded(lambda: plain(inplace=True))
    with watch(network, ["fc1", "act"], graph=True) as trace:
        network(X)
    with pytest.raises(UsageError, match=r"what 'fc1' produced was overwritten in place later\nwatch it without graph"):
        trace["fc1"]
    assert torch.equal(trace["act"], network.fc1(X).clamp(min=0))


def test_a_tensor_overwritten_after_the_block_is_an_error_too() -> None:
    network = seeded(plain)
    with watch(network, ["out"], graph=True) as trace:
        out = network(X)
    with torch.no_grad():
        out.zero_()
    with pytest.raises(UsageError, match="overwritten in place later"):
        trace["out"]


def test_gradients_flow_to_what_a_graph_keeps() -> None:
    network = seeded(plain)
    with watch(network, ["act"], graph=True) as trace:
        out = network(X)
    (slopes,) = torch.autograd.grad(out.sum(), trace["act"])
    hidden = trace["act"].detach().requires_grad_()
    (wanted,) = torch.autograd.grad(network.out(network.act2(network.fc2(hidden))).sum(), hidden)
    torch.testing.assert_close(slopes, wanted)


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_without_gradients_copies_are_kept(mode: Any) -> None:
    network = seeded(lambda: plain(inplace=True))
    with mode(), watch(network, ["fc1"]) as trace:
        network(X)
    assert torch.equal(trace["fc1"], network.fc1(X))


def test_a_graph_in_inference_mode_is_refused() -> None:
    network = seeded(plain)
    asked = watch(network, ["act"], graph=True)
    with torch.inference_mode(), pytest.raises(UsageError, match="in inference mode"), asked:
        raise AssertionError("the block must not begin")
    assert hooks(network) == 0


def test_a_site_that_ran_several_times_is_named_by_its_call() -> None:
    network = seeded(Repeated)
    with watch(network, ["block", "block#0", "block#2"]) as trace:
        network(X)
    with pytest.raises(UsageError, match=r"'block' ran 3 times\n.*name the call: block#1"):
        trace["block"]
    assert torch.equal(trace["block#0"], network.block(X))
    assert torch.equal(network.out(torch.tanh(trace[Site("block", 2)])), network(X))
    with pytest.raises(UsageError, match="no watched site called 'block#1'"):
        trace["block#1"]


def test_reading_before_the_network_ran_is_an_error() -> None:
    network = seeded(plain)
    with watch(network, ["act"]) as trace:
        with pytest.raises(UsageError, match=r"'act' ran 0 times\nread it after one pass"):
            trace["act"]
        network(X)


def test_one_site_need_not_stand_in_a_list() -> None:
    network = seeded(plain)
    for site in ("act2", Site("act2")):
        with watch(network, site) as trace:
            network(X)
        assert torch.equal(network.out(trace[site]), network(X))


@pytest.mark.parametrize(("kind", "read", "first", "second"), _pairs())
def test_parts_of_what_a_module_returns(kind: Any, read: Any, first: str, second: str) -> None:
    network = Branching(kind, read)
    with watch(network, [f"parts[{first}]", f"parts[{second}]"]) as trace:
        network(X)
    assert torch.equal(trace[f"parts[{first}]"], X + 1)
    assert torch.equal(trace[f"parts[{second}]"], X * 2)
    with edit(network, {f"parts[{second}]": torch.zeros_like}):
        assert torch.equal(network(X), X + 1)
    with edit(network, {f"parts[{second}]": torch.neg, f"parts[{first}]": torch.zeros_like}):
        assert torch.equal(network(X), -20 * X)
    for site in ("parts", "parts[9]", "parts[other]"):
        listed = rf"its tensors are parts\[{first}\], parts\[{second}\]"
        with pytest.raises(UsageError, match=rf"the site 'parts.*' is no tensor: .*\n{listed}"), watch(network, [site]):
            network(X)
    assert hooks(network) == 0


def test_the_kind_of_what_a_module_returns_stays_under_an_edit() -> None:
    for kind in (Pair, lambda a, b: OrderedDict(a=a, b=b), lambda a, b: [a, b], lambda a, b: (a, b)):
        network = Branching(kind, lambda found: found)
        seen: list[Any] = []
        watching = network.parts.register_forward_hook(lambda _m, _i, output: seen.append(output))  # noqa: B023
        part = next(iter(kind(X, X))) if isinstance(kind(X, X), dict) else 0
        with edit(network, {Site("parts", None, part): torch.neg}):
            network.parts.register_forward_hook(lambda _m, _i, output: seen.append(output))  # noqa: B023
            network.parts(X)
        watching.remove()
        plainly, edited = seen
        assert type(plainly) is type(edited)
        assert len(plainly) == len(edited) == 2
        assert plainly[part] is not edited[part]  # and what the module itself returned is as it was
        assert torch.equal(plainly[part], X + 1)


def test_nested_parts_are_refused_with_a_reason() -> None:
    lstm = seeded(lambda: nn.LSTM(4, 3, batch_first=True))
    x = normal(2, 5, 4)
    with watch(nn.Sequential(lstm), ["0[0]"]) as trace:
        lstm(x)
    assert trace["0[0]"].shape == (2, 5, 3)
    said = r"'\[1\]' is no tensor: .* a tuple\nits tensors are \[0\]"
    with pytest.raises(UsageError, match=said), watch(lstm, ["[1]"]):
        lstm(x)
    network = Branching(lambda a, b: ((a, b),), lambda found: found[0])
    with (
        pytest.raises(UsageError, match="returned a tuple\nchoose a module that returns tensors"),
        watch(network, ["parts"]),
    ):
        network(X)


@dataclass
class _Answer:
    first: Tensor
    second: Tensor


def test_what_has_no_flat_parts_is_refused() -> None:
    network = Branching(_Answer, lambda found: (found.first, found.second))
    for site in ("parts", "parts[first]"):
        with pytest.raises(UsageError, match="returned a _Answer\nchoose a module that returns"), watch(network, site):
            network(X)


def test_a_part_of_a_single_tensor_is_refused_rather_than_its_first_sample() -> None:
    network = seeded(plain)
    with (
        pytest.raises(UsageError, match=r"'act\[0\]' is no tensor: .*\nits tensors are act"),
        watch(network, ["act[0]"]),
    ):
        network(X)
    with pytest.raises(UsageError, match=r"'act\[0\]'"), edit(network, {"act[0]": torch.neg}):
        network(X)


def test_what_torch_returns_with_field_names_is_a_tuple_too() -> None:
    class Highest(nn.Module):
        def forward(self, x: Tensor) -> Any:
            return x.max(dim=1)

    network = Highest()
    with watch(network, ["[0]", "[1]"]) as trace, edit(network, {"[0]": torch.neg}):
        out = network(X)
    assert torch.equal(out.values, -X.max(dim=1).values)
    assert torch.equal(out.indices, trace["[1]"])
    assert type(out) is type(X.max(dim=1))


def test_the_order_of_edit_and_watch_decides_what_is_seen() -> None:
    network = seeded(plain)
    plainly = network.act(network.fc1(X))
    with watch(network, ["act"]) as before, edit(network, {"act": lambda a: a + 1}), watch(network, ["act"]) as after:
        network(X)
    assert torch.equal(before["act"], plainly)
    assert torch.equal(after["act"], plainly + 1)


def test_memory_of_a_trace_is_its_own() -> None:
    network = nn.Sequential(nn.Identity())
    given = X.clone()
    with watch(network, ["0"]) as trace:
        network(given)
    given.zero_()
    assert torch.equal(trace["0"], X)
