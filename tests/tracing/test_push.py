"""One channel's change, and layers with few outputs, against torch's own layers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from tracing.hostile import normal, seeded

from ganatomy.tracing.edit import edit
from ganatomy.tracing.push import applied, linear, push, quick
from ganatomy.tracing.replay import Replay
from ganatomy.tracing.site import Site
from ganatomy.tracing.unit import channel

AXES = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3, nn.ConvTranspose1d: 1, nn.ConvTranspose2d: 2, nn.ConvTranspose3d: 3}


@st.composite
def layers(draw: Any) -> tuple[nn.Module, Tensor]:
    """Any setting that torch allows, and an input."""
    kind = draw(st.sampled_from(list(AXES)))
    groups = draw(st.sampled_from([1, 1, 2]))
    before, after = groups * draw(st.integers(1, 3)), groups * draw(st.sampled_from([1, 2, 5]))
    stride, dilation, kernel = (draw(st.integers(1, most)) for most in (3, 2, 4))
    padding = draw(st.integers(0, 2))
    transposed = kind in (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    more = {"output_padding": draw(st.integers(0, max(stride, dilation) - 1))} if transposed else {}
    size = draw(st.integers(5, 6)) + dilation * (kernel - 1)
    bias = draw(st.booleans())
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "bias": bias, **more}
    layer = seeded(lambda: kind(before, after, kernel, **settings).double())
    x = normal(2, before, *[size + axis for axis in range(AXES[kind])]).double()
    return layer, x


@given(layers(), st.integers(0, 99))
def test_a_pushed_change_is_the_difference_of_two_passes(case: tuple[Any, Tensor], index: int) -> None:
    layer, x = case
    with torch.no_grad():
        assert linear(layer)
        index %= x.shape[1]
        change = normal(*x[:, 0].shape, seed=1).double()
        other = x.clone()
        other[:, index] += change
        wanted = layer(other)
        out = torch.full_like(wanted, float("nan"))
        push(layer, index, change, onto=layer(x), out=out)
        torch.testing.assert_close(out, wanted, rtol=0, atol=1e-12)


@given(layers())
def test_a_quicker_way_comes_to_the_same(case: tuple[Any, Tensor]) -> None:
    layer, x = case
    if quick(layer):
        with torch.no_grad():
            torch.testing.assert_close(applied(layer, x), layer(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("after", [1, 3])
def test_last_layers_of_generators_have_a_quicker_way(after: int) -> None:
    for layer in (
        nn.ConvTranspose2d(6, after, 4, stride=2, padding=1),
        nn.Conv2d(6, after, 3, padding=1),
        nn.Conv2d(6, after, 1),
        nn.Conv2d(6, after, 3, padding="same"),
    ):
        assert quick(layer)
    for other in (
        nn.Conv2d(6, 16, 3),
        nn.Conv2d(6, after, 3, stride=2),
        nn.Conv2d(6, after, 1, padding=1),
        nn.Conv2d(6, after, 3, padding=1, padding_mode="reflect"),
        nn.Conv1d(6, after, 3),
        nn.Linear(6, after),
    ):
        assert not quick(other)


@pytest.fixture(autouse=True)
def _own_generator() -> Any:
    with torch.random.fork_rng():
        yield


def test_columns_of_a_linear_layer_are_the_places_of_a_channel() -> None:
    layer, x = seeded(lambda: nn.Linear(3 * 4 * 5, 7)), normal(2, 3, 4, 5)
    change = normal(2, 4, 5, seed=1)
    other = x.clone()
    other[:, 1] += change
    with torch.no_grad():
        out = torch.empty(2, 7)
        push(layer, 1, change, onto=layer(x.flatten(1)), out=out)
        torch.testing.assert_close(out, layer(other.flatten(1)), rtol=1e-4, atol=1e-5)


class _OwnForward(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(super().forward(x))


def test_what_is_not_linear_alone_is_not_pushed_through() -> None:
    hooked, patched = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
    hooked.register_forward_hook(lambda *_: None)
    patched.forward = torch.tanh  # type: ignore[method-assign]
    for layer in (hooked, patched, _OwnForward(3, 3, 1), nn.Conv2d(3, 3, 3, padding_mode="circular"), nn.ReLU()):
        assert not linear(layer)
    assert linear(nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 3, 1)))


class _Upright(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(2, 3)


@pytest.mark.parametrize(
    ("pushes", "follows"),
    [
        (True, [nn.Conv2d(4, 5, 3, padding="same")]),
        (True, [nn.Conv2d(4, 6, 3, groups=2), nn.ReLU(), nn.Conv2d(6, 2, 1)]),
        (True, [nn.ConvTranspose2d(4, 4, 3, stride=2, output_padding=1, groups=2)]),
        (True, [nn.ConvTranspose2d(4, 1, 4, stride=2, padding=1), nn.Tanh()]),
        (True, [nn.Flatten(), nn.Linear(4 * 36, 3)]),
        (True, [nn.Dropout(0.5), nn.Conv2d(4, 2, 1)]),
        (True, [nn.Identity(), nn.utils.parametrizations.spectral_norm(nn.Conv2d(4, 2, 3))]),
        (False, [nn.Conv2d(4, 5, 3, padding=1, padding_mode="reflect")]),
        (False, [_OwnForward(4, 2, 1)]),
        (False, [_Upright(), nn.Conv2d(4, 2, (1, 3))]),
        (False, [nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1)]),
        (False, [nn.Flatten(2), nn.Linear(36, 3)]),
    ],
)
def test_replays_push_where_the_very_tensor_goes_into_the_operator(pushes: bool, follows: list[nn.Module]) -> None:
    network = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.LeakyReLU(0.2), *follows).eval()
    x = normal(3, 2, 6, 6)
    replay = Replay(network, Site("1"))
    kept = replay.begin(x)
    assert (replay.prefix_reused, replay.pushes) == (True, pushes)
    for some, outputs in replay.each_channel(kept, range(4), 0.25):
        for index, output in zip(some, outputs, strict=True):
            with torch.no_grad(), edit(network, {"1": channel("1", index).set_to(0.25)}):
                torch.testing.assert_close(output, network(x), rtol=1e-5, atol=1e-6)
