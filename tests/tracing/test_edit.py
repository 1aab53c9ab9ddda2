"""Edits: applied where they say, checked, chained, and without a trace in the tensors of others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from tracing.hostile import Repeated, hooks, normal, plain, seeded

from ganatomy.errors import UsageError
from ganatomy.tracing.edit import Edit, edit, then
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch

X = normal(5, 4)
CHANGES: dict[str, Edit] = {
    "double": lambda a: a * 2,
    "shift": lambda a: a - 0.5,
    "clamp": lambda a: a.clamp(min=0),
    "swap": lambda a: a.flip(1),
}


def test_an_edit_reaches_the_output_and_vanishes_afterwards() -> None:
    network = seeded(plain)
    before = network(X)
    with edit(network, {"act": torch.zeros_like}):
        inside = network(X)
    wanted = network.out(network.act2(network.fc2(torch.zeros(5, 6))))
    assert torch.equal(inside, wanted)
    assert torch.equal(network(X), before)


@given(*[st.lists(st.sampled_from(sorted(CHANGES)), max_size=3) for _ in range(3)])
def test_chaining_is_associative_and_has_a_neutral_edit(a: list[str], b: list[str], c: list[str]) -> None:
    first, second, third = (then(*[CHANGES[name] for name in names]) for names in (a, b, c))
    wanted = X
    for name in a + b + c:
        wanted = CHANGES[name](wanted)
    for chained in (
        then(then(first, second), third),
        then(first, then(second, third)),
        then(then(), first, second, third),
    ):
        assert torch.equal(chained(X), wanted)


def test_a_chain_is_the_same_as_nested_blocks() -> None:
    network = seeded(plain)
    with edit(network, {"act": then(CHANGES["double"], CHANGES["shift"])}):
        chained = network(X)
    with edit(network, {"act": CHANGES["double"]}), edit(network, {"act": CHANGES["shift"]}):
        assert torch.equal(network(X), chained)


def test_every_call_or_one_call_is_edited() -> None:
    network = seeded(Repeated)
    x = torch.tanh(network.block(torch.tanh(network.block(X))))
    with edit(network, {"block#2": torch.neg}):
        assert torch.equal(network(X), network.out(torch.tanh(-network.block(x))))
    with edit(network, {"block": torch.zeros_like}):
        assert torch.equal(network(X), network.out(torch.zeros(5, 4)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: None, "made a NoneType"),
        (lambda a: 0.0, "made a float"),
        (lambda a: a[:, :2], r"made \(5, 2\) torch.float32 on cpu of \(5, 6\) torch.float32"),
        (lambda a: a.sum(), r"made \(\) "),
        (lambda a: a.double(), r"made \(5, 6\) torch.float64"),
        (lambda a: a.to("meta"), ".* on meta"),
        (lambda a: (a,), "made a tuple"),
    ],
)
def test_what_is_no_such_activation_is_refused(change: Callable[[Tensor], Tensor], said: str) -> None:
    network = seeded(plain)
    wanted = f"the edit of 'act' {said}.*\nreturn the new activation, of the same shape"
    with pytest.raises(UsageError, match=wanted), edit(network, {"act": change}):
        network(X)
    assert hooks(network) == 0


def test_two_edits_of_one_site_are_not_silently_one() -> None:
    both = edit(seeded(plain), {"act": torch.neg, Site("act"): torch.abs})
    with pytest.raises(UsageError, match="two edits of one site were given\nchain them"), both:
        raise AssertionError("the block must not begin")


class _Skip(nn.Module):
    """Its identity hands on the very tensor that the sum reads again."""

    def __init__(self) -> None:
        super().__init__()
        self.same = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = x + 1
        out: Tensor = x + 10 * self.same(x)
        return out


@pytest.mark.parametrize("inference", [False, True])
def test_an_edit_that_works_in_place_changes_its_site_alone(inference: bool) -> None:
    network = _Skip()
    with torch.inference_mode(inference), edit(network, {"same": lambda a: a.zero_()}):
        assert torch.equal(network(X), X + 1)


def test_a_layer_that_works_in_place_does_not_write_over_what_an_edit_returned() -> None:
    """Activations of one pass put into another: the trace they come from stays as it was."""
    network = seeded(lambda: plain(inplace=True))
    with watch(network, ["fc1"]) as trace:
        wanted = network(X)
    kept = trace["fc1"].clone()
    assert bool((kept < 0).any())
    with edit(network, {"fc1": lambda a: trace["fc1"]}):
        assert torch.equal(network(-X), wanted)
        assert torch.equal(network(2 * X), wanted)
    assert torch.equal(trace["fc1"], kept)


def test_gradients_flow_through_an_edit() -> None:
    network = seeded(plain)
    level = torch.tensor(0.3, requires_grad=True)
    with edit(network, {"act": lambda a: a * level}):
        (slope,) = torch.autograd.grad(network(X).sum(), level)
    hidden = network.act(network.fc1(X)).detach()

    def total(at: float) -> Tensor:
        return network.out(network.act2(network.fc2(hidden * at))).sum()  # type: ignore[no-any-return]

    torch.testing.assert_close(slope, (total(0.301) - total(0.299)) / 0.002, rtol=1e-2, atol=1e-2)


def test_the_network_runs_several_times_in_a_block() -> None:
    network = seeded(plain)
    with edit(network, {"act": lambda a: a * 0}):
        both = [network(x) for x in (X, X + 1)]
    assert torch.equal(*both)
