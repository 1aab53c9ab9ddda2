"""What is told of a GAN and of a run, against what they were made of."""

import json
import math

import pytest
import torch
from shared_runs import small_run
from torch import nn

from ganatomy.errors import InputError, UsageError
from ganatomy.models.disk import save
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.training.runs.lock import writing
from ganatomy.training.runs.metrics import Metrics
from ganatomy.training.runs.status import Status, write_status
from ganatomy.verbs.info import info
from ganatomy.verbs.layers import layers, parameters


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture(autouse=True)
def _first_weights():
    with Stream(0, "test").module_rng(0):
        yield


def test_layers_are_named_with_shapes_and_sizes_counted_by_hand():
    network = nn.Sequential()
    network.add_module("body", nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()))
    network.add_module("idle", nn.Linear(1, 1))
    network.forward = lambda x: network.body(x)  # type: ignore[method-assign]
    network.train()
    found = layers(network, torch.zeros(4, 1, 5, 5), depth=2)
    rows = [(layer.name, layer.kind, layer.depth, layer.shape, layer.parameters) for layer in found]
    assert rows == [
        ("body", "Sequential", 1, (18,), 20),
        ("body.0", "Conv2d", 2, (2, 3, 3), 20),
        ("body.1", "Flatten", 2, (18,), 0),
        ("idle", "Linear", 1, None, 2),
    ]
    assert [layer.name for layer in layers(network, torch.zeros(1, 1, 5, 5), depth=1)] == ["body", "idle"]
    assert layers(network, torch.zeros(1, 1, 5, 5), depth=0) == ()
    assert all(not module._forward_hooks and module.training for module in network.modules())


def test_nothing_stays_on_a_network_that_fails():
    network = nn.Sequential(nn.Linear(3, 2))
    with pytest.raises(RuntimeError):
        layers(network, torch.zeros(1, 4))
    assert not network[0]._forward_hooks


def test_parameters_shared_by_two_layers_count_once():
    first = nn.Linear(3, 3)
    assert parameters(nn.Sequential(first, first)) == 12


def test_a_run_is_described_as_it_was_made(small):
    found = info(small.folder)
    assert (found.kind, found.data, found.latent) == ("run", "ring8", "normal latent of 2")
    assert found.generator.parameters == 2 * 8 + 8 + 8 * 2 + 2
    assert found.ratio == pytest.approx((2 * 8 + 8 + 8 + 1) / found.generator.parameters)
    run = found.run
    assert (run.recipe, run.seed, run.state, run.step, run.images) == ("tiny", 0, "finished", 4, 4 * 16)
    assert (run.seconds, run.gap, run.lowest_gap, run.best) == (1.0, 0.25, 0.25, 2)
    assert run.recipe_digest == found.provenance["digests"]["recipe"]
    assert [(saved.step, saved.best, saved.whole) for saved in run.checkpoints] == [(2, True, True), (4, False, True)]
    folder = small.run.checkpoints
    sizes = sum((folder / f"step-000002{part}.safetensors").stat().st_size for part in ("", ".optim"))
    assert run.checkpoints[0].bytes == sizes
    text = "\n".join(found.lines())
    for wanted in ("step 4, averaged generator", "alarms       none", "best)", "hidden1", "a logit; real is high"):
        assert wanted in text
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["run"]["best"] == 2


def test_alarms_and_losses_that_are_not_finite_are_told(tmp_path):
    small = small_run(tmp_path)
    with Metrics(small.run) as metrics:
        metrics.write(5, {"kind": "log", "seen": 80, "critic.adversarial": math.nan})
        for step in range(6, 16):
            metrics.write(step, {"kind": "alarm", "seen": 96, "rule": "critic-asleep", "sentence": "It sleeps."})
    found = info(small.folder)
    assert math.isnan(found.run.losses["critic.adversarial"])
    assert len(found.run.alarms) == 10
    text = "\n".join(found.lines())
    assert "10: critic-asleep at step 6" in text
    assert ", and 2 more" in text
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_a_run_that_nobody_writes_any_more_was_killed(tmp_path):
    small = small_run(tmp_path)
    write_status(small.folder, Status("running"))
    told = info(small.folder).run
    assert told.state == "killed"
    assert f"--resume {small.folder}" in told.reason
    with writing(small.run):
        assert info(small.folder).run.state == "running"


def test_a_run_without_a_checkpoint_is_described_without_networks(tmp_path):
    found = info(small_run(tmp_path, saved=()).folder)
    assert (found.gan, found.generator, found.run.recipe) == (None, None, "tiny")
    assert "holds no checkpoint" in found.notes[0]
    assert "checkpoints  none yet" in "\n".join(found.lines())


def test_a_run_all_of_whose_checkpoints_are_damaged_is_an_error(tmp_path):
    small = small_run(tmp_path, saved=(1,))
    (small.run.checkpoints / "step-000001.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match=r"no checkpoint of .* loads"):
        info(small.folder)


def test_a_saved_gan_without_a_critic(tmp_path):
    whole = GAN.fresh(MLP(Format.picture(1, 8), Normal(3, 2), hidden=(4,)), 0, classes=("cat", "dog"), data="pets")
    save(
        GAN(whole.generator, whole.latent, whole.format, classes=whole.classes, architecture=whole.architecture),
        tmp_path,
    )
    found = info(tmp_path)
    assert (found.critic, found.ratio, found.score, found.run) == (None, None, None, None)
    assert found.notes == ("it has no critic",)
    assert "2: cat, dog" in "\n".join(found.lines())
    assert [layer.name for layer in info(tmp_path, depth=1).generator.layers] == ["input", "hidden1", "output"]
    with pytest.raises(UsageError, match="a depth of -1"):
        info(tmp_path, depth=-1)
