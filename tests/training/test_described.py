"""What is written of the networks at a run's start is enough to build its GAN, and damage to it is told."""

import json

import pytest
import torch
from shared_runs import small_run

from ganatomy.errors import InputError
from ganatomy.models.evaluating import passed
from ganatomy.training.described import NETWORKS, NO_CRITIC, described, gan_at
from ganatomy.training.runs.checkpoint import checkpoint_at
from ganatomy.training.setup import as_gan


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("described"))


def test_it_is_the_gan_that_setup_would_make(small):
    gan, own = gan_at(checkpoint_at(small.folder)), as_gan(small.setup, small.game.average, small.game.players.critic)
    assert gan.digest() == own.digest()
    for part in ("latent", "format", "score", "classes", "data", "architecture"):
        assert getattr(gan, part) == getattr(own, part), part


def test_the_averaged_generator_is_taken_unless_the_trained_one_is_wanted(small):
    z = small.setup.latent.sample(0, range(5))
    average, trained = (gan_at(checkpoint_at(small.folder), averaged=wanted) for wanted in (True, False))
    assert torch.equal(average.decode(z), passed(small.game.average, z))
    assert torch.equal(trained.decode(z), passed(small.game.players.generator, z))
    assert not torch.equal(average.decode(z), trained.decode(z))
    assert (average.provenance["averaged"], trained.provenance["averaged"]) == (True, False)


def test_it_says_where_it_comes_from(small):
    provenance = gan_at(checkpoint_at(small.folder, 2)).provenance
    wanted = {"run": "0001-tiny-s0", "recipe": "tiny", "seed": 0, "step": 2, "best": True, "notes": []}
    assert {name: provenance[name] for name in wanted} == wanted
    assert provenance["digests"]["recipe"] == provenance["recipe_digest"]
    assert json.dumps(provenance, allow_nan=False)


def test_a_run_without_an_average_says_so(tmp_path):
    gan = gan_at(checkpoint_at(small_run(tmp_path, changes=["pace.half_life=0"], saved=(1,)).folder))
    assert not gan.provenance["averaged"]
    assert "keeps no averaged generator" in gan.provenance["notes"][0]


def test_a_critic_that_does_not_take_single_samples_is_left_out_with_a_note(tmp_path):
    gan = gan_at(checkpoint_at(small_run(tmp_path, changes=["game.deviation_group=4"], saved=(1,)).folder))
    assert gan.critic is None
    assert gan.provenance["notes"] == [NO_CRITIC]


def test_the_classes_of_a_conditional_latent_are_named(tmp_path):
    gan = gan_at(checkpoint_at(small_run(tmp_path, changes=["latent.conditional=true"], saved=(1,)).folder))
    assert gan.latent.classes == len(gan.classes) == 8


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda written: None, "No such file"),
        (lambda written: "{", "Expecting property name"),
        (lambda written: "[1]", "no JSON object"),
        (lambda written: json.dumps({**written, "version": 7}), "version 7, this package reads 1"),
        (lambda written: json.dumps({k: v for k, v in written.items() if k != "score"}), "'score' is missing"),
        (lambda written: json.dumps({**written, "colour": "red"}), "no field called 'colour'"),
        (lambda written: json.dumps({**written, "architecture": {"name": "mlq"}}), "is missing"),
    ],
)
def test_a_damaged_description_is_an_error_that_says_how_to_mend_it(tmp_path, damage, why):
    folder = small_run(tmp_path, saved=(1,)).folder
    content = damage(json.loads((folder / NETWORKS).read_text()))
    if content is None:
        (folder / NETWORKS).unlink()
    else:
        (folder / NETWORKS).write_text(content)
    with pytest.raises(InputError, match=why) as caught:
        described(folder)
    assert str(folder / NETWORKS) in caught.value.said
    assert "--resume" in caught.value.remedy or "version" in caught.value.said


def test_weights_of_other_networks_are_refused(tmp_path):
    folder, other = (small_run(tmp_path, saved=(1,), changes=change).folder for change in ([], ["latent.dim=5"]))
    (folder / NETWORKS).write_text((other / NETWORKS).read_text())
    with pytest.raises(InputError, match="networks of the same widths"):
        gan_at(checkpoint_at(folder))
