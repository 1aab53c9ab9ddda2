"""Nothing stays on a network, whatever fails and wherever; what did not happen is said."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from tracing.hostile import Lazy, Repeated, hooks, normal, plain, seeded

from ganatomy.errors import UsageError
from ganatomy.tracing.edit import edit
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch
from ganatomy.tracing.visit import visiting

FIVE = ["fc1", "act", "fc2", "act2", "out"]
X = normal(5, 4)
PASS = 2  # hooks on the network itself, where a pass begins and where it ends


class _Breaks(Exception):
    pass


def _raise(error: type[BaseException]) -> Callable[[Tensor], Tensor]:
    def change(activation: Tensor) -> Tensor:
        raise error("inside")

    return change


def test_a_pass_is_as_it_was_within_a_watch_and_after() -> None:
    network = seeded(plain)
    before = network(X)
    with watch(network, FIVE) as trace:
        assert torch.equal(network(X), before)
        assert hooks(network) == 5 + PASS
    assert hooks(network) == 0
    assert torch.equal(trace["out"], before)


@pytest.mark.parametrize("place", range(5))
def test_a_failure_while_attaching_any_of_five_leaves_nothing(place: int) -> None:
    network = seeded(plain)
    sites = [*FIVE[:place], "missing", *FIVE[place:4]]
    with pytest.raises(UsageError, match="there is no site called 'missing'"), watch(network, sites):
        raise AssertionError("the block must not begin")
    assert hooks(network) == 0


def test_a_hook_that_cannot_be_registered_leaves_none_of_the_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    network = seeded(plain)

    def refuse(*_given: object) -> None:
        raise _Breaks

    monkeypatch.setattr(network.fc2, "register_forward_hook", refuse)
    with pytest.raises(_Breaks), watch(network, FIVE):
        raise AssertionError("the block must not begin")
    assert hooks(network) == 0


def _in_an_edit(network: nn.Module, error: type[BaseException]) -> None:
    with watch(network, ["act"]), edit(network, {"fc2": _raise(error)}):
        network(X)


def _in_the_block(network: nn.Module, error: type[BaseException]) -> None:
    with watch(network, ["act"]):
        raise error


def _in_a_nested_trace(network: nn.Module, error: type[BaseException]) -> None:
    with watch(network, ["act"]), edit(network, {"fc2": torch.neg}), watch(network, ["out"]):
        network(X)
        raise error


def _in_a_layer(network: nn.Module, error: type[BaseException]) -> None:
    with watch(network, ["act"]), edit(network, {"fc2": torch.neg}), pytest.MonkeyPatch.context() as patched:
        patched.setattr(network.fc2, "forward", _raise(error))
        network(X)


@pytest.mark.parametrize("error", [_Breaks, KeyboardInterrupt, SystemExit, RecursionError])
@pytest.mark.parametrize("fails", [_in_an_edit, _in_the_block, _in_a_nested_trace, _in_a_layer])
def test_whatever_is_raised_comes_out_and_nothing_stays(
    fails: Callable[[nn.Module, type[BaseException]], None], error: type[BaseException]
) -> None:
    network = seeded(plain)
    with pytest.raises(error):
        fails(network, error)
    assert hooks(network) == 0


def test_an_edit_that_runs_the_network_again_for_ever_leaves_nothing() -> None:
    network = seeded(plain)
    with pytest.raises(RecursionError), edit(network, {"fc1": lambda a: network(X)}):
        network(X)
    assert hooks(network) == 0


@pytest.mark.parametrize("close", ["close", "collect"])
def test_a_generator_left_half_way_takes_its_hooks_along(close: str) -> None:
    network = seeded(plain)

    def passes() -> Iterator[Tensor]:
        with watch(network, ["act"]) as trace, edit(network, {"fc1": torch.abs}):
            while True:
                network(X)
                yield trace["act"]

    running = passes()
    next(running)
    assert hooks(network) == 2 * (1 + PASS)
    if close == "close":
        running.close()  # type: ignore[attr-defined]
    del running
    gc.collect()
    assert hooks(network) == 0


def test_only_own_hooks_are_removed() -> None:
    network = seeded(plain)
    seen: list[int] = []
    own = network.act.register_forward_hook(lambda *_given: seen.append(1))
    with watch(network, ["act"]):
        network(X)
        with watch(network, ["act"]) as inner:
            network(X)
        assert hooks(network) == 2 + PASS
    assert (hooks(network), len(seen), inner["act"].shape) == (1, 2, (5, 6))
    own.remove()


@pytest.mark.parametrize(
    ("site", "said"), [("unused", "did not run"), ("weights", "did not run"), ("used#1", "did not run")]
)
def test_a_site_that_did_not_run_is_an_error(site: str, said: str) -> None:
    network = seeded(Lazy)
    with pytest.raises(UsageError, match=said), watch(network, [site]):
        network(X)
    with pytest.raises(UsageError, match=said), edit(network, {site: torch.abs}):
        network(X)
    assert hooks(network) == 0


def test_a_block_in_which_nothing_ran_is_an_error() -> None:
    said = "'act' did not run in this block\nrun the network inside of the block"
    with pytest.raises(UsageError, match=said), edit(seeded(plain), {"act": torch.abs}):
        pass


def test_the_error_of_the_block_is_not_hidden_by_a_site_that_did_not_run() -> None:
    with pytest.raises(_Breaks), watch(seeded(plain), ["act"]):
        raise _Breaks


def test_calls_are_counted_within_a_pass() -> None:
    """Each pass has its own first call, also after one that failed half-way."""
    network = seeded(Repeated)
    second = network.block(torch.tanh(network.block(X)))
    with edit(network, {"block#1": torch.neg}):
        outs = [network(X), network(X)]
        with pytest.raises(RuntimeError):
            network(X.double())
        with edit(network, {"block#0": _raise(_Breaks)}), pytest.raises(_Breaks):
            network(X)
        outs.append(network(X))
    wanted = network.out(torch.tanh(network.block(torch.tanh(-second))))
    for out in outs:
        assert torch.equal(out, wanted)
    seen: list[Tensor] = []
    with visiting(network, [Site("block", 1)], lambda _site, tensor: seen.append(tensor)):
        network(X)
        network(X)
    assert [bool(torch.equal(each, second)) for each in seen] == [True, True]


class _Sometimes(nn.Module):
    """Runs `act` only where the mean is above zero."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act = nn.Linear(4, 4), nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = self.first(x)
        return self.act(h) if float(x.mean()) > 0 else h


def test_a_pass_that_leaves_a_site_out_is_an_error_whatever_the_passes_before_did() -> None:
    network = seeded(_Sometimes)
    said = "'act' did not run in this pass"
    with edit(network, {"act": torch.neg}):
        network(X.abs())
        with pytest.raises(UsageError, match=said):
            network(-X.abs())
        assert torch.equal(network(X.abs()), -torch.tanh(network.first(X.abs())))
    with watch(network, ["act"]):
        network(X.abs())
        with pytest.raises(UsageError, match=said):
            network(-X.abs())
    assert hooks(network) == 0


def test_an_edit_that_runs_the_network_leaves_the_counts_of_the_pass_around_it() -> None:
    """The third call is still the third, for the edit itself and for a watch around it."""
    network = seeded(Repeated)
    plainly, depth = network(X), [0]

    def again(activation: Tensor) -> Tensor:
        if depth[0] == 0:
            depth[0] += 1
            assert torch.equal(network(X), plainly)
            depth[0] -= 1
        return activation

    edits = {"block#0": again, "block#2": lambda a: a if depth[0] else -a}
    with edit(network, edits):
        out = network(X)
    h = X
    for turn in (1, 1, -1):
        h = torch.tanh(turn * network.block(h))
    assert torch.equal(out, network.out(h))
    seen: list[tuple[int, Tensor]] = []
    around = visiting(network, [Site("block", 2)], lambda _site, tensor: seen.append((depth[0], tensor)))
    with around, edit(network, {"block#1": again}):
        network(X)
    assert [inner for inner, _ in seen] == [1, 0]
    assert torch.equal(seen[0][1], seen[1][1])


def test_no_sites_of_what_cannot_be_seen_is_an_error_of_ours() -> None:
    script = torch.jit.script(seeded(plain))
    with pytest.raises(UsageError, match="TorchScript, and runs without it"), watch(script, []):
        pass


def test_a_call_that_no_pass_makes_is_an_error_however_many_passes_there_are() -> None:
    network = seeded(Repeated)
    said = r"'block#3' did not run.*\n.*counted from 0 in each pass"
    with pytest.raises(UsageError, match=said), edit(network, {"block#3": torch.neg}):
        assert torch.equal(network(X), network(X))
    assert hooks(network) == 0


def test_calls_of_an_inner_network_are_counted_in_its_own_passes() -> None:
    """The network is the one that is given, whoever calls it."""
    outer = nn.Sequential(OrderedDict(inner=seeded(Repeated), last=seeded(lambda: nn.Linear(2, 4))))
    outer.again = outer.inner
    seen: list[Tensor] = []
    with visiting(outer.inner, [Site("block", 0)], lambda _site, tensor: seen.append(tensor)):
        outer(X)
    assert len(seen) == 2
    with watch(outer, ["inner.block#0", "again.block#5"]) as trace:
        outer(X)
    assert torch.equal(trace["inner.block#0"], seen[0])
    assert not torch.equal(trace["again.block#5"], seen[1])


class _Checkpointed(nn.Module):
    def __init__(self, *, reentrant: bool) -> None:
        super().__init__()
        self.first, self.second, self.reentrant = nn.Linear(4, 4), nn.Linear(4, 4), reentrant

    def forward(self, x: Tensor) -> Tensor:
        return self.second(checkpoint(self.first, x, use_reentrant=self.reentrant))  # type: ignore[no-any-return]


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_call_that_a_backward_pass_makes_again_is_refused(reentrant: bool) -> None:
    """Checkpoints run their part anew; which call that is nobody can tell."""
    network = seeded(lambda: _Checkpointed(reentrant=reentrant))
    x = X.clone().requires_grad_()
    said = r"'first' ran again in a backward pass\nswitch its checkpointing off"
    with pytest.raises(UsageError, match=said), edit(network, {"first": torch.tanh}):
        network(x).sum().backward()
    assert hooks(network) == 0
    with watch(network, ["second"]) as trace:
        network(x).sum().backward()
    assert trace["second"].shape == (5, 4)


@given(st.lists(st.tuples(st.sampled_from(FIVE), st.floats(-2, 2)), max_size=6), st.booleans())
def test_random_nested_edits_do_what_they_say_and_leave_no_hooks(edits: list[tuple[str, float]], breaks: bool) -> None:
    """Oracle: the layers by hand, the changes of a site in the order they were begun."""
    network = seeded(plain)

    def nested(left: list[tuple[str, float]]) -> Tensor:
        if not left:
            if breaks:
                raise _Breaks
            return network(X)  # type: ignore[no-any-return]
        (site, shift), *rest = left
        with edit(network, {site: lambda a: (a + shift).clamp(-1, 1)}):
            return nested(rest)

    if breaks:
        with pytest.raises(_Breaks):
            nested(edits)
    else:
        x = X
        for name in FIVE:
            x = network.get_submodule(name)(x)
            for shift in [shift for site, shift in edits if site == name]:
                x = (x + shift).clamp(-1, 1)
        torch.testing.assert_close(nested(edits), x, rtol=0, atol=0)
    assert hooks(network) == 0


def test_flags_gradients_and_weights_stay() -> None:
    network = seeded(plain)
    network.fc2.train()
    network.fc1.weight.requires_grad_(False)
    weights = {name: weight.clone() for name, weight in network.state_dict().items()}
    flags = [(module.training, type(module)) for module in network.modules()]
    with watch(network, FIVE, graph=True) as trace, edit(network, {"act": lambda a: a * 2}):
        network(X)
    assert trace["out"].requires_grad
    assert [(module.training, type(module)) for module in network.modules()] == flags
    assert [p.requires_grad for p in network.parameters()] == [False, *[True] * 5]
    assert all(p.grad is None for p in network.parameters())
    assert all(torch.equal(weights[name], weight) for name, weight in network.state_dict().items())


def test_hooks_on_every_instance_of_a_shared_module_are_one() -> None:
    """A module under two names has one set of hooks: both sites see each of its calls."""
    network = seeded(Repeated)
    with watch(network, ["block#0", "alias#1"]) as trace:
        network(X)
    assert torch.equal(trace["block#0"], network.block(X))
    assert torch.equal(trace["alias#1"], network.block(torch.tanh(network.block(X))))
    assert hooks(network) == 0


def test_no_module_is_needed_but_the_network() -> None:
    network = nn.Tanh()
    with watch(network, [""]) as trace, edit(network, {"": torch.abs}):
        out = network(X)
    assert torch.equal(trace[""], torch.tanh(X))
    assert torch.equal(out, torch.tanh(X).abs())
