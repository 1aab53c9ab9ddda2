"""Replays against edited passes: every architecture, and networks that are hard to replay or cannot be."""

from __future__ import annotations

import warnings
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from tracing.hostile import Branching, Repeated, hooks, normal, plain, seeded

from ganatomy.errors import UsageError
from ganatomy.models.architectures import ARCHITECTURES, configure
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format
from ganatomy.tracing import replay as replaying
from ganatomy.tracing.edit import edit
from ganatomy.tracing.replay import Replay
from ganatomy.tracing.trace import watch
from ganatomy.tracing.unit import channel

X = normal(5, 4)


def edited(network: nn.Module, site: str, change: Callable[[Tensor], Tensor], *inputs: Tensor) -> Tensor:
    with torch.no_grad(), edit(network, {site: change}):
        return network(*inputs)  # type: ignore[no-any-return]


def close(found: Tensor, wanted: Tensor, share: float = 1e-5) -> None:
    assert found.shape == wanted.shape
    assert float((found - wanted).detach().abs().max()) <= share * float(wanted.detach().abs().max())


def as_edited(network: nn.Module, site: str, *inputs: Tensor) -> Replay:
    """Whole activations and single channels, against edited passes; nothing stays, and nothing runs out."""
    replay = Replay(network, site)
    kept = replay.begin(*inputs)
    others = [kept.activation, kept.activation.flip(0) * 1.5, kept.activation - 1]
    wanted = [edited(network, site, lambda _, other=other: other, *inputs) for other in others]
    close(replay.finish(kept, torch.cat(others)), torch.cat(wanted))
    n, count = kept.activation.shape[:2]
    channels = sorted({0, count // 2, count - 1})
    levels: list[float | Tensor] = [0.5, kept.activation[:, 0].flip(0), -1.0]
    seen = []
    for some, outputs in replay.each_channel(kept, channels, levels[: len(channels)]):
        assert outputs.shape == (len(some), n, *wanted[0].shape[1:])
        for index, output in zip(some, outputs, strict=True):
            level = levels[channels.index(index)]
            close(output, edited(network, site, channel(site, index).set_to(level), *inputs))
            seen.append(index)
    assert seen == channels
    close(kept.output, edited(network, site, lambda a: a, *inputs), 1e-6)
    assert hooks(network) == 0
    return replay


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_site_of_every_architecture(name: str, classes: int) -> None:
    latent = Normal(8, classes=classes)
    options = {"hidden": (8, 12)} if name == "mlp" else {"width": 8}
    config = configure(name, options, format=Format.picture(1, 14), latent=latent)
    generator, labels = config.generator(0).eval(), latent.labels(0, range(3))
    given = (latent.sample(0, range(3)),) if labels is None else (latent.sample(0, range(3)), labels)
    pushed = set()
    for site, module in generator.named_modules():
        levels = name == "style" and site.count(".") == 1 and "level" in site  # they return two tensors
        if isinstance(module, nn.Module) and not levels:
            replay = as_edited(generator, site, *given)
            assert (replay.prefix_reused, replay.reason) == (True, ""), site
            pushed |= {site} if replay.pushes else set()
    expected = {
        "mlp": {"hidden1.act", "hidden2.act"},
        "dcgan": {"start.act"},
        "sn-resnet": {"up1.act2", "output.act", "start"},
        "r3": {"stage1.block1.act1", "stage1.up"},
        "style": {"mapping.layer1.act"},
    }
    assert expected[name] <= pushed


def _calls(network: nn.Module) -> Counter[str]:
    """Counts the forwards that really run."""
    ran: Counter[str] = Counter()
    for name, module in network.named_modules():
        kind = type(module)

        def forward(*given: Any, name: str = name, kind: Any = kind, module: nn.Module = module) -> Any:
            ran[name] += 1
            return kind.forward(module, *given)

        module.forward = forward  # type: ignore[method-assign]
    return ran


def test_the_prefix_runs_once() -> None:
    network = seeded(plain)
    ran = _calls(network)
    replay = Replay(network, "act")
    replay.begin(X)
    ran.clear()
    kept = replay.begin(2 * X)  # of a shape that was checked
    assert ran == Counter(["", "fc1", "act", "fc2", "act2", "out"])
    ran.clear()
    replay.finish(kept, torch.cat([kept.activation] * 3))
    assert ran == Counter(["", "fc2", "act2", "out"])


def test_an_operator_that_is_pushed_through_does_not_run_and_few_samples_go_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replaying, "SAMPLES", 10)
    network = seeded(plain)
    replay = Replay(network, "act")
    kept = replay.begin(X)
    assert replay.pushes
    sizes: list[int] = []
    network.act2.register_forward_hook(lambda _m, _i, output: sizes.append(len(output)))
    groups: list[list[int]] = []
    with pytest.raises(UsageError, match="'fc2' did not run"), watch(network, ["fc2"]):
        groups.extend(some for some, _ in replay.each_channel(kept, range(5), 0.0))
    assert groups == [[0, 1], [2, 3], [4]]
    assert sizes == [10, 10, 5]


class _Skips(nn.Module):
    """Reads its input, an early tensor and a learned constant again, outside of any module."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.second = nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6)
        self.constant = nn.Parameter(torch.ones(1, 6))

    def forward(self, x: Tensor) -> Tensor:
        early = self.first(x)
        late = self.second(self.act(early)) + early * self.constant.expand(len(x), -1)
        return late * x.sum(1, keepdim=True)  # type: ignore[no-any-return]


class _AddsInPlace(nn.Module):
    """The rest of the network writes over what came before the site."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        early = self.first(x)
        early += self.second(early)
        early.relu_()
        return self.third(early)  # type: ignore[no-any-return]


class _OverwrittenEarly(nn.Module):
    """A layer in place writes over a tensor that is read again: what the first module returned is not what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.second = nn.Linear(4, 6), nn.ReLU(inplace=True), nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        early = self.first(x)
        self.act(early)
        return self.second(early) + early  # type: ignore[no-any-return]


class _Between(nn.Module):
    """Something happens to the site's tensor, in place, on the way to the operator."""

    def __init__(self, between: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.first, self.act, self.second = nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6)
        self.between = between

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.act(self.first(x)) + 0.0
        hidden = self.act(hidden)
        self.between(hidden)
        return torch.tanh(self.second(hidden))


def test_tensors_that_are_read_again_later() -> None:
    for site in ("first", "act", "second"):
        assert as_edited(seeded(_Skips), site, X).prefix_reused
    for site in ("first", "second", "third"):
        assert as_edited(seeded(_AddsInPlace), site, X).prefix_reused


def test_what_is_kept_is_not_written_over() -> None:
    replay = Replay(seeded(_AddsInPlace), "second")
    kept = replay.begin(X)
    given = torch.cat([kept.activation, kept.activation + 1])
    first = replay.finish(kept, given)
    assert torch.equal(given, torch.cat([kept.activation, kept.activation + 1]))
    assert torch.equal(replay.finish(kept, given), first)


def test_activations_that_are_given_are_not_written_over_and_little_is_kept() -> None:
    replay = Replay(seeded(lambda: nn.Sequential(plain(), nn.Identity(), nn.ReLU(inplace=True))), "1")
    kept = replay.begin(X)
    given = kept.activation - 1
    replay.finish(kept, given)
    assert torch.equal(given, kept.activation - 1)
    stored = [call.module for call in kept.recording.calls if call.output is not None]
    assert [type(module) for module in stored] == [nn.Sequential, nn.Identity]  # nothing of their insides


def test_work_in_place_before_the_site_is_noticed() -> None:
    replay = as_edited(seeded(_OverwrittenEarly), "second", X)
    assert not replay.prefix_reused
    assert "given the same activations after another pass, gives another output" in replay.reason
    assert as_edited(seeded(lambda: plain(inplace=True)), "act", X).pushes
    assert as_edited(seeded(lambda: plain(inplace=True)), "fc1", X).prefix_reused


@pytest.mark.parametrize("between", [Tensor.relu_, Tensor.sigmoid_, lambda a: a.mul_(2.0), lambda a: None])
def test_work_in_place_between_the_site_and_its_operator(between: Callable[[Tensor], Any]) -> None:
    """A ReLU changes nothing of what a ReLU returned, but something of a channel that is set below zero."""
    as_edited(seeded(lambda: _Between(between)), "act#1", X)


class _BatchMean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(0)


class _Counting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x + self.calls


class _Remembers(nn.Module):
    """The second half reads what the first left in an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 6), nn.Linear(6, 6)
        self.left: Tensor | None = None
        self.first.register_forward_hook(self._keep)

    def _keep(self, _module: nn.Module, _given: Any, output: Tensor) -> None:
        self.left = output

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.second(self.first(x).tanh())
        assert self.left is not None
        return out + self.left


def test_samples_that_see_each_other_get_full_passes() -> None:
    """Batch statistics in a replay would be those of all edits together."""
    replay = as_edited(seeded(lambda: nn.Sequential(plain(), _BatchMean())), "0.act", X)
    assert (replay.prefix_reused, replay.pushes) == (False, False)
    assert "beside other samples" in replay.reason
    training = seeded(lambda: nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 3))).train()
    assert not as_edited(training, "0", X).prefix_reused
    assert training.training


def test_what_a_module_leaves_in_an_attribute_is_noticed() -> None:
    network = seeded(_Remembers)
    before = hooks(network)
    replay = Replay(network, "second")
    kept = replay.begin(X)
    assert not replay.prefix_reused
    other = kept.activation + 1
    close(replay.finish(kept, torch.cat([other, other])), edited(network, "second", lambda a: a + 1, X).repeat(2, 1))
    assert hooks(network) == before


class _TurnsRound(nn.Module):
    """Looks at the sign, the place or the size of what it was given, of all samples at once."""

    def __init__(self, looks: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.out, self.looks = nn.Linear(4, 6), nn.Linear(6, 3), looks

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        out: Tensor = self.out(h)
        return out if bool(self.looks(h)) else -out


@pytest.mark.parametrize(
    "looks", [lambda h: h.mean() > 0, lambda h: h.mean() < 0, lambda h: h[:, :3].abs().mean() > h[:, 3:].abs().mean()]
)
def test_a_network_that_looks_at_its_numbers_is_not_replayed(looks: Callable[[Tensor], Tensor]) -> None:
    network = seeded(lambda: _TurnsRound(looks))
    replay = Replay(network, "first")
    kept = replay.begin(X)
    assert not replay.prefix_reused
    assert "beside other samples" in replay.reason
    for other in (-kept.activation, kept.activation.flip(1)):
        both = replay.finish(kept, torch.cat([kept.activation, other]))
        close(both[5:], edited(network, "first", lambda _, other=other: other, X))


def test_a_rest_that_has_no_numbers_for_some_activations_is_replayed() -> None:
    """Roots have none of what lies below zero."""

    class Root(nn.Module):
        def forward(self, h: Tensor) -> Tensor:
            return h.sqrt()

    network = seeded(lambda: nn.Sequential(nn.Linear(4, 6), nn.Softplus(), Root(), nn.Linear(6, 3)))
    replay = Replay(network, "1")
    replay.begin(X)
    assert (replay.prefix_reused, replay.reason) == (True, "")


class _KeepsItsMean(nn.Linear):
    """Something of any batch's shape, so that only the numbers can give it away."""

    def forward(self, x: Tensor) -> Tensor:
        hidden = super().forward(x)
        self.mean = hidden.detach().mean(0)
        return hidden


class _ReadsTheMean(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = _KeepsItsMean(4, 6), nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.second(self.first(x)) + self.first.mean)


@pytest.mark.parametrize("n", [5, 1])
def test_what_a_prefix_leaves_is_that_of_its_own_inputs(n: int) -> None:
    """Begun twice before the first is finished: the module holds what the second pass left."""
    network = seeded(_ReadsTheMean)
    replay = Replay(network, "second")
    first, second = replay.begin(X[:n]), replay.begin(3 - X[:n])
    assert not replay.prefix_reused
    assert "after another pass, gives another output" in replay.reason
    for kept, x in ((first, X[:n]), (second, 3 - X[:n]), (first, X[:n])):
        close(replay.finish(kept, kept.activation + 1), edited(network, "second", lambda a: a + 1, x))


def test_a_check_leaves_a_module_what_the_given_inputs_left() -> None:
    network = seeded(_ReadsTheMean)
    Replay(network, "second").begin(X)
    assert torch.equal(network.first.mean, nn.Linear.forward(network.first, X).mean(0))


def test_networks_that_never_say_the_same_twice_are_refused() -> None:
    counting, dropout = (seeded(lambda last=last: nn.Sequential(plain(), last())) for last in (_Counting, nn.Dropout))
    dropout.train()
    said = r"give two outputs.*\nput the network in eval mode"
    for network in (counting, dropout):
        with torch.random.fork_rng(), pytest.raises(UsageError, match=said):
            Replay(network, "0.act").begin(X)
        assert hooks(network) == 0


def test_noise_that_is_drawn_before_the_site_is_kept() -> None:
    network = seeded(lambda: nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 6), nn.Linear(6, 3))).train()
    with torch.random.fork_rng():
        replay = Replay(network, "1")
        kept = replay.begin(X)
        assert replay.prefix_reused
        close(replay.finish(kept, kept.activation), kept.output, 1e-6)


def test_modules_called_several_times_and_under_two_names() -> None:
    for site in ("block#0", "block#1", "block#2", "alias#1", "out"):
        assert as_edited(seeded(Repeated), site, X).prefix_reused
    with pytest.raises(UsageError, match="'block' ran 3 times in a pass\nname one: block#0 to block#2"):
        Replay(seeded(Repeated), "block").begin(X)
    with pytest.raises(UsageError, match="'block#3' ran 3 times"):
        Replay(seeded(Repeated), "block#3").begin(X)


class _SharedInside(nn.Module):
    """A module runs inside of a block before the site, and by itself after it."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Linear(4, 4)
        self.block = nn.Sequential(nn.Linear(4, 4), self.shared)
        self.site = nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shared(self.site(self.block(self.shared(x))))
        return out


def test_a_module_inside_of_what_is_skipped_runs_later() -> None:
    assert as_edited(seeded(_SharedInside), "site", X).prefix_reused
    assert as_edited(seeded(_SharedInside), "block", X).prefix_reused


@dataclass
class _Answer:
    first: Tensor
    second: Tensor


def test_modules_that_return_several_tensors() -> None:
    kinds: list[tuple[Any, Any, str]] = [
        (lambda a, b: (a, b), lambda found: found, "0"),
        (lambda a, b: {"a": a, "b": b}, lambda found: (found["a"], found["b"]), "b"),
    ]
    for kind, read, part in kinds:
        network = nn.Sequential(OrderedDict(first=seeded(lambda: nn.Linear(4, 4)), inner=Branching(kind, read)))
        assert as_edited(network, f"inner.parts[{part}]", X).prefix_reused
    odd = Branching(_Answer, lambda found: (found.first, found.second))
    network = nn.Sequential(OrderedDict(inner=odd, last=nn.Tanh()))
    assert as_edited(network, "last", X).prefix_reused


class _OddlyReturning(nn.Module):
    """What the first module returns cannot be taken apart, so that it runs again; its own first part need not."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Branching(_Answer, lambda found: found)
        self.odd = self.inner.parts
        self.last = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        found = self.odd(x)
        out: Tensor = self.last(found.first * found.second)
        return out


def test_what_cannot_be_returned_again_runs_again() -> None:
    assert as_edited(seeded(_OddlyReturning), "last", X).prefix_reused


@pytest.mark.parametrize("site", ["0.fc1", "2.fc1", "2.act", "2"])
def test_scripts_on_the_way(site: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        script = torch.jit.script(seeded(lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh())))
    network = nn.Sequential(seeded(plain), script, seeded(plain, 1))
    assert as_edited(network, site, X).prefix_reused


def test_fx_graphs_and_data_parallel() -> None:
    assert as_edited(torch.fx.symbolic_trace(seeded(plain)), "act", X).pushes
    assert as_edited(nn.DataParallel(seeded(plain)), "module.act", X).pushes


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("run", [0, 1, 2, 3, 4, 5, 6])
def test_whatever_fails_everything_is_put_back(error: type[BaseException], run: int) -> None:
    """The last layer fails at its run-th call: in the recorded pass, in a check, or later."""
    network = seeded(plain)
    attributes = [sorted(vars(module)) for module in network.modules()]
    left = [run]

    def fail(_module: nn.Module, _given: Any, _output: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise error("late")

    handle = network.act2.register_forward_hook(fail)
    replay = Replay(network, "act")
    try:
        kept = replay.begin(X)
        replay.finish(kept, kept.activation)
        list(replay.each_channel(kept, range(6), 0.0))
    except error:
        pass
    assert hooks(network) == 1
    handle.remove()
    assert [sorted(vars(module)) for module in network.modules()] == attributes
    assert torch.equal(network(X), network.out(network.act2(network.fc2(network.act(network.fc1(X))))))


def test_channels_left_half_way_leave_nothing() -> None:
    network = seeded(plain)
    replay = Replay(network, "act")
    running = replay.each_channel(replay.begin(X), range(6), 0.0)
    next(running)
    assert hooks(network) == 0


def test_gradients_flow_to_the_activations() -> None:
    network = seeded(plain)
    replay = Replay(network, "act")
    kept = replay.begin(X)
    assert not kept.output.requires_grad
    given = (kept.activation + 0.1).requires_grad_()
    (slopes,) = torch.autograd.grad(replay.finish(kept, given).sum(), given)
    again = (kept.activation + 0.1).requires_grad_()
    (wanted,) = torch.autograd.grad(network.out(network.act2(network.fc2(again))).sum(), again)
    torch.testing.assert_close(slopes, wanted)


def test_inference_mode_and_half_precision() -> None:
    with torch.inference_mode():
        as_edited(seeded(plain), "act", X)
    network = seeded(plain).bfloat16()
    replay = Replay(network, "act")
    kept = replay.begin(X.bfloat16())
    assert (replay.prefix_reused, kept.output.dtype) == (True, torch.bfloat16)
    assert as_edited(seeded(plain).double(), "act", X.double()).pushes


def test_an_edit_begun_before_is_part_of_what_is_replayed() -> None:
    network = seeded(plain)
    doubled = torch.relu(2 * network.fc1(X))
    with edit(network, {"fc1": lambda a: 2 * a}):
        replay = Replay(network, "act")
        kept = replay.begin(X)
        assert torch.equal(kept.activation, doubled)
        changed = replay.finish(kept, kept.activation + 1)
    assert replay.prefix_reused
    close(changed, edited(network, "act", lambda a: doubled + 1, X))


def test_a_watch_sees_the_rest_of_the_network_in_a_replay() -> None:
    network = seeded(plain)
    replay = Replay(network, "act")
    kept = replay.begin(X)
    with watch(network, ["fc2", "out"]) as trace:
        out = replay.finish(kept, torch.cat([kept.activation, kept.activation * 0]))
    assert torch.equal(trace["out"], out)
    assert trace["fc2"].shape == (10, 6)


def test_calls_are_not_miscounted_by_those_who_watch_a_replay() -> None:
    """The calls that a replay answers pass hooks by: what is called block#1 would be the third call."""
    network = seeded(Repeated)
    replay = Replay(network, "block#0")
    kept = replay.begin(X)
    replay.finish(kept, kept.activation)
    with pytest.raises(UsageError, match="would miscount"), watch(network, ["block#1"]):
        replay.finish(kept, kept.activation)
    assert hooks(network) == 0
    with edit(network, {"block#2": lambda a: a + 1}):
        assert not as_edited_before(network, "block#1").prefix_reused


def as_edited_before(network: nn.Module, site: str) -> Replay:
    """Within an edit begun before."""
    replay = Replay(network, site)
    kept = replay.begin(X)
    close(replay.finish(kept, kept.activation + 1), edited(network, site, lambda a: a + 1, X))
    return replay


class _TwoOutputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Any:
        return self.first(x), x


class _NoBatch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale(torch.ones(1, 4))  # type: ignore[no-any-return]


def test_what_has_no_samples_is_refused() -> None:
    with pytest.raises(UsageError, match="the network returned a tuple\nwrap it to return one tensor"):
        Replay(seeded(_TwoOutputs), "first").begin(X)
    with pytest.raises(UsageError, match=r"'scale' is \(1, 4\) where the output is \(5, 4\)"):
        Replay(seeded(_NoBatch), "scale").begin(X)
    with pytest.raises(UsageError, match="no site called 'fc'"):
        Replay(seeded(plain), "fc").begin(X)


def test_wrong_requests_are_refused() -> None:
    replay = Replay(seeded(plain), "act")
    kept = replay.begin(X)
    for wrong in (kept.activation[:3], kept.activation[:, :3], kept.activation[:0]):
        with pytest.raises(UsageError, match=r"activations of shape .*\ngive \(5, 6\)"):
            replay.finish(kept, wrong)
    for channels, values in (
        ([6], 0.0),
        ([-1], 0.0),
        ([0, 1], [0.0]),
        ([0], [torch.zeros(1, 5)]),
        ([0], [torch.zeros(3)]),
    ):
        with pytest.raises(UsageError, match=r"values? .*given"):
            next(replay.each_channel(kept, channels, values))


def test_another_batch_is_checked_again_and_a_single_sample_will_do() -> None:
    network = seeded(plain)
    replay = Replay(network, "act")
    for n in (5, 1, 3):
        kept = replay.begin(X[:n])
        ((some, outputs),) = replay.each_channel(kept, [2, 4], torch.tensor([0.5, -1.0]))
        assert some == [2, 4]
        for index, level, output in zip(some, (0.5, -1.0), outputs, strict=True):
            close(output, edited(network, "act", channel("act", index).set_to(level), X[:n]))


def test_a_layer_with_a_quicker_way_is_seen_by_those_who_watch_it() -> None:
    network = seeded(lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.Tanh(), nn.ConvTranspose2d(4, 1, 4, stride=2)))
    replay = Replay(network, "0")
    kept = replay.begin(normal(3, 2, 6, 6))
    plainly = replay.finish(kept, kept.activation + 1)
    with watch(network, ["2"]) as trace, edit(network, {"2": lambda a: a * 2}):
        edited_too = replay.finish(kept, kept.activation + 1)
    close(trace["2"], plainly)
    close(edited_too, 2 * plainly)
