"""Every architecture of the house, and somebody else's generator with its recorded effects of single units."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from shared_data import need
from torch import Tensor, nn
from tracing.hostile import hooks

from ganatomy.models.architectures import ARCHITECTURES, configure
from ganatomy.models.latent import Normal
from ganatomy.models.networks import chain
from ganatomy.results.formats import Format
from ganatomy.tracing.edit import edit
from ganatomy.tracing.replay import Replay
from ganatomy.tracing.trace import watch
from ganatomy.tracing.unit import channel

PAIR = "gan_mnist_wgangp_akanametov"


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_all_modules_of_both_players_are_sites(name: str, classes: int) -> None:
    """Watching all changes nothing; an edit that returns what it was given changes nothing; one that does not, does."""
    latent = Normal(8, classes=classes)
    options = {"hidden": (8, 12), "critic_hidden": (8,)} if name == "mlp" else {"width": 8, "critic_width": 8}
    if name == "r3":
        options = {"width": 8}
    config = configure(name, options, format=Format.picture(1, 14), latent=latent)
    labels = latent.labels(0, range(3))
    given = () if labels is None else (labels,)
    x = latent.sample(0, range(3))
    for network in (config.generator(0).eval(), config.critic(0).eval()):
        with torch.no_grad():
            before = network(x, *given)
            called: set[str] = set()

            def note(name: str, output: object, called: set[str] = called) -> None:
                if isinstance(output, Tensor):
                    called.add(name)

            counters = [
                module.register_forward_hook(lambda _m, _i, output, name=name, note=note: note(name, output))
                for name, module in network.named_modules()
            ]
            network(x, *given)
            for counter in counters:
                counter.remove()
            assert len(called) > 5
            with edit(network, {site: lambda a: a for site in called}), watch(network, called) as trace:
                assert torch.equal(network(x, *given), before)
            for site in sorted(called):
                with edit(network, {site: lambda a: a + 0.5 if a.is_floating_point() else a}):
                    changed = network(x, *given)
                assert trace[site].shape[0] in (3, len(trace[site]))
                assert changed.shape == before.shape
        assert hooks(network) == 0
        x = before


@pytest.fixture(scope="module", name="theirs")
def _theirs() -> tuple[nn.Module, dict[str, Tensor]]:
    """The authors' layout wants latents of shape (n, 64, 1, 1)."""
    shapes = [(64, 256, 3, 2), (256, 128, 4, 1), (128, 64, 3, 2)]
    with torch.random.fork_rng():
        blocks = [
            chain({"block": nn.Sequential(nn.ConvTranspose2d(i, o, k, s), nn.BatchNorm2d(o), nn.ReLU())})
            for i, o, k, s in shapes
        ]
        network = nn.Sequential()
        network.add_module("model", nn.Sequential(*blocks, nn.ConvTranspose2d(64, 1, 4, 2), nn.Tanh()))
    network.load_state_dict(load_file(need(PAIR) / "generator.safetensors"))
    with np.load(need(PAIR) / "golden.npz") as file:
        golden = {name: torch.from_numpy(file[name]) for name in file.files}
    return network.eval(), golden


def test_the_effects_of_the_units_of_a_real_generator_are_those_recorded(
    theirs: tuple[nn.Module, dict[str, Tensor]],
) -> None:
    """Mean absolute change of the picture when a channel is set to 0: by a replay for all, by edits for some."""
    network, golden = theirs
    z, wanted = golden["z"].reshape(64, 64, 1, 1), golden["ablation_effect"].double()
    replay = Replay(network, "model.2.block.2")
    kept = replay.begin(z)
    assert (replay.prefix_reused, replay.pushes) == (True, True)
    torch.testing.assert_close(kept.output[:16], golden["x16"], rtol=1e-5, atol=1e-5)
    effects = torch.zeros(64, dtype=torch.float64)
    for channels, outputs in replay.each_channel(kept, range(64), 0.0):
        effects[channels] = (outputs - kept.output).abs().double().mean((1, 2, 3, 4))
    torch.testing.assert_close(effects, wanted, rtol=1e-4, atol=1e-7)
    for index in (0, 31, 63):
        with torch.no_grad(), edit(network, {"model.2": channel("model.2", index).set_to(0.0)}):
            effect = (network(z) - kept.output).abs().double().mean()
        torch.testing.assert_close(effect, wanted[index], rtol=1e-4, atol=1e-7)
    assert hooks(network) == 0


@pytest.mark.parametrize("site", ["model.0", "model.0.block.0", "model.1.block.2", "model.2.block.1", "model.3"])
def test_replays_of_a_real_generator_are_edited_passes(theirs: tuple[nn.Module, dict[str, Tensor]], site: str) -> None:
    network, golden = theirs
    z = golden["z"].reshape(64, 64, 1, 1)[:8]
    replay = Replay(network, site)
    kept = replay.begin(z)
    assert (replay.prefix_reused, replay.pushes) == (True, site in ("model.0", "model.1.block.2"))
    last = kept.activation.shape[1] - 1
    for some, outputs in replay.each_channel(kept, sorted({0, last}), 0.7):
        for index, output in zip(some, outputs, strict=True):
            with torch.no_grad(), edit(network, {site: channel(site, index).set_to(0.7)}):
                wanted = network(z)
            assert float((output - wanted).abs().max()) <= 1e-5 * float(wanted.abs().max())
