"""Multiply-adds against closed forms."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from tracing.hostile import Repeated, hooks, normal, plain, seeded

from ganatomy.models.dcgan import DCGAN
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format
from ganatomy.tracing.replay import Replay
from ganatomy.tracing.work import counting, multiply_adds


def test_a_dcgan_costs_what_its_shapes_say() -> None:
    generator = DCGAN(Format.picture(1, 28), Normal(10), width=8).generator(0)
    n = 3
    assert multiply_adds(generator, [normal(n, 10)]) == {
        "start.linear": n * 10 * 16 * 49,
        "up1.conv": n * 49 * 16 * 8 * 16,
        "output.conv": n * 14 * 14 * 8 * 1 * 16,
    }
    assert hooks(generator) == 0


@pytest.mark.parametrize(
    ("layer", "shape", "wanted"),
    [
        (lambda: nn.Linear(4, 6), (5, 4), 5 * 24),
        (lambda: nn.Linear(4, 6), (5, 7, 4), 5 * 7 * 24),
        (lambda: nn.Conv1d(4, 6, 3), (2, 4, 9), 2 * 7 * 6 * 4 * 3),
        (lambda: nn.Conv2d(4, 6, 3, padding=1, stride=2, groups=2), (2, 4, 8, 8), 2 * 16 * 6 * 2 * 9),
        (lambda: nn.ConvTranspose2d(4, 6, (3, 2), stride=2, groups=2), (2, 4, 5, 5), 2 * 25 * 4 * 3 * 6),
        (lambda: nn.Conv3d(1, 2, 2), (1, 1, 3, 3, 3), 8 * 2 * 8),
    ],
)
def test_layers_cost_a_product_for_each_weight_and_place(layer: object, shape: tuple[int, ...], wanted: int) -> None:
    network = nn.Sequential(seeded(layer))
    assert multiply_adds(network, [normal(*shape)]) == {"0": wanted}


def test_every_call_counts_and_a_shared_module_once() -> None:
    assert multiply_adds(seeded(Repeated), [normal(5, 4)]) == {"block": 3 * 5 * 16, "out": 5 * 8}


def test_a_replay_is_counted_for_what_it_runs() -> None:
    network, x = seeded(plain), normal(5, 4)
    replay = Replay(network, "act")
    kept = replay.begin(x)
    with counting(network) as work:
        replay.finish(kept, kept.activation.repeat(3, 1))
    assert dict(work) == {"fc2": 15 * 36, "out": 15 * 18}
    with counting(network) as work:
        list(replay.each_channel(kept, range(6), 0.0))
    assert dict(work) == {"out": 6 * 5 * 18}


def test_nothing_stays_when_the_network_fails() -> None:
    network = seeded(plain)
    with pytest.raises(RuntimeError):
        multiply_adds(network, [normal(5, 3)])
    assert hooks(network) == 0


def test_gradients_are_not_asked_for() -> None:
    network, seen = nn.Sequential(seeded(lambda: nn.Linear(4, 4))), list[Tensor]()
    network.register_forward_hook(lambda _m, _i, output: seen.append(output))
    multiply_adds(network, [normal(2, 4)])
    assert not seen[0].requires_grad
    assert torch.is_grad_enabled()
