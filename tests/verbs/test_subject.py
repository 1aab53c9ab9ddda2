"""Every way to name a GAN, and what is said when a name is wrong or what it names is damaged."""

import sys
from pathlib import Path

import pytest
import torch
from shared_runs import small_run

from ganatomy.errors import InputError, UsageError
from ganatomy.models.disk import save
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format
from ganatomy.verbs.subject import earlier, named, subject

MINE = """
import torch
from ganatomy import GAN, Format, Normal
from ganatomy.models.mlp import MLP
import parts

def make():
    print("loading")
    return GAN(parts.network(), Normal(3), Format.point(2))

def build():
    return 1 / 0

def deep():
    return build()

def needs(path):
    return make()

def net():
    return torch.nn.Linear(3, 2)

def wrong():
    return GAN(torch.nn.Linear(4, 2), Normal(3), Format.point(2))

def leaves():
    raise SystemExit(3)

NUMBER = 4
READY = make()
"""
PARTS = """
import torch

def network():
    net = torch.nn.Linear(3, 2)
    net.bias.data.fill_({bias})
    return net
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "parts.py").write_text(PARTS.format(bias=7))
    return tmp_path / "mine.py"


def weights(gan: GAN) -> str:
    return gan.digest()


def test_a_run_stands_for_its_newest_checkpoint_and_others_are_named_after_an_at(small):
    newest, early = subject(small.folder), subject(f"{small.folder}@2")
    assert (newest.provenance["step"], early.provenance["step"]) == (4, 2)
    assert weights(newest) != weights(early)
    file = small.run.checkpoints / "step-000002"
    same = [f"{small.folder}@best", f"{file}.safetensors", f"{file}.json", f"{file}.optim.safetensors"]
    assert {weights(subject(name)) for name in same} == {weights(early)}
    assert weights(subject(small.folder, step=2)) == weights(subject(small.folder, step="best")) == weights(early)
    assert weights(subject(small.run.checkpoints)) == weights(newest)


def test_a_run_is_read_without_its_data(small, monkeypatch):
    for module in ("ganatomy.data.catalogue", "ganatomy.training.setup"):
        monkeypatch.setattr(f"{module}.load_splits", lambda *_given, **_named: pytest.fail("the data were asked for"))
    assert subject(small.folder).sample(0, range(3)).shape == (3, 2)


def test_a_damaged_newest_checkpoint_is_passed_over_with_a_note(tmp_path):
    small = small_run(tmp_path)
    newest, older = (small.run.checkpoints / f"step-00000{step}.safetensors" for step in (4, 2))
    newest.write_bytes(newest.read_bytes()[:-3])
    gan = subject(small.folder)
    assert gan.provenance["step"] == 2
    assert "damaged" in gan.provenance["notes"][0]
    assert "step 2 is taken" in gan.provenance["notes"][0]
    with pytest.raises(InputError, match="take step 2, which loads"):
        subject(f"{small.folder}@4")
    older.unlink()
    with pytest.raises(InputError, match=r"no checkpoint of .* loads"):
        subject(small.folder)


def test_a_run_that_has_saved_nothing_yet_says_so(tmp_path):
    with pytest.raises(InputError, match="holds no checkpoint\ntrain until the first one is saved"):
        subject(small_run(tmp_path, saved=()).folder)


def test_a_saved_gan_is_named_by_its_folder_or_its_files(tmp_path):
    gan = GAN.fresh(MLP(Format.point(2), Normal(3), hidden=(4,), critic_hidden=(4,)), 0)
    folder = save(gan, tmp_path / "gan")
    for name in (folder, *folder.iterdir()):
        assert weights(subject(name)) == weights(gan)


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("", UsageError, "no GAN was named\ngive a run's folder"),
        ("{runs}/0001-tinny-s0", InputError, "there is no GAN at .*\ndid you mean .*0001-tiny-s0"),
        ("{runs}/1", InputError, "did you mean .*0001-tiny-s0"),
        ("{runs}", InputError, "is no run: .*\ngive one of the 1 runs in it"),
        ("{run}@7", UsageError, "no checkpoint of step 7\nthere are 2, 4"),
        ("{run}@worst", UsageError, "'worst' .*\ngive @best, or a number as in @500"),
        ("{run}/checkpoints/step-000002.json@2", UsageError, "it is no run"),
        ("{run}/checkpoints/step-000009.safetensors", InputError, "there is no GAN at"),
        ("{run}/config.yaml", InputError, "config.yaml is no GAN\ngive a run's folder"),
        ("{there}/gone.py:make", InputError, "there is no file .*gone.py"),
        (
            "{there}/w.pt",
            UsageError,
            "w.pt may hold code, .*\nload it in a file of your own.*weights_only=True.*mine.py:make",
        ),
        ("{there}/w.PKL", UsageError, "may hold code"),
        ("{there}/w.safetensors", UsageError, "says nothing of the networks.*\nload it in a file of your own"),
        ("{there}/w.py", UsageError, "named without a function\nname the one .*w.py:make"),
        ("{there}/w.py:", UsageError, "'' was given as a function"),
        ("{there}/w.py:a b", UsageError, "'a b' was given as a function"),
    ],
)
def test_a_wrong_name_is_told_with_what_would_work(small, tmp_path, name, error, said):
    for ending in ("pt", "PKL", "safetensors", "py"):
        (tmp_path / f"w.{ending}").write_bytes(b"")
    with pytest.raises(error, match=said):
        subject(name.format(run=small.folder, runs=small.folder.parent, there=tmp_path))


def test_a_step_belongs_to_a_run_and_is_given_once(small):
    with pytest.raises(UsageError, match="steps are chosen among the checkpoints of a run"):
        subject(small.run.checkpoints / "step-000002.json", step=2)
    with pytest.raises(UsageError, match="give the step once"):
        subject(f"{small.folder}@2", step=4)
    assert named(f"{small.folder}@2").step == 2


def test_a_function_of_a_file_and_nothing_is_left_behind(mine, capsys, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    gan = subject(f"{mine}:make")
    assert (list(sys.path), set(sys.modules), sys.dont_write_bytecode) == before
    assert sorted(path.name for path in mine.parent.iterdir()) == ["mine.py", "parts.py"]
    assert capsys.readouterr() == ("", "loading\n" * 2)  # once as the file is read, for READY
    assert {name: gan.provenance[name] for name in ("file", "function")} == {"file": "mine.py", "function": "make"}
    assert gan.generator.bias.tolist() == [7, 7]
    assert torch.equal(gan.generator.weight, subject(f"{mine}:make").generator.weight)  # unseeded, and yet the same


def test_modules_of_one_name_in_two_folders_are_kept_apart(mine, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "mine.py").write_text(MINE)
    (other / "parts.py").write_text(PARTS.format(bias=8))
    biases = [subject(f"{path}:make").generator.bias[0].item() for path in (mine, other / "mine.py", mine)]
    assert biases == [7, 8, 7]


def test_a_gan_that_stands_in_the_file_will_do(mine):
    assert subject(f"{mine}:READY").format == Format.point(2)


def line_of(text: str) -> int:
    return MINE.splitlines().index(text) + 1


@pytest.mark.parametrize(
    ("function", "error", "said"),
    [
        ("mkae", UsageError, "has no function 'mkae'\ndid you mean 'make'"),
        ("NUMBER", UsageError, "'NUMBER' in .* is an? int, not a function\nwrite one that takes nothing"),
        ("needs", UsageError, r"'needs' in .* wants arguments \(path\)\nwrite one that takes nothing"),
        ("net", InputError, "mine.py:net returned a Linear\nlet it return a ganatomy.GAN"),
        (
            "build",
            InputError,
            f"mine.py, line {line_of('    return 1 / 0')}: ZeroDivisionError: division by zero\nmend it",
        ),
        ("deep", InputError, f"mine.py, line {line_of('    return 1 / 0')}: ZeroDivisionError"),
        ("leaves", InputError, f"mine.py, line {line_of('    raise SystemExit(3)')}: SystemExit: 3"),
        ("wrong", InputError, "mine.py, line .*: the generator does not take a normal latent of 3"),
    ],
)
def test_a_function_that_makes_no_gan_is_told_with_its_line(mine, function, error, said):
    with pytest.raises(error, match=said):
        subject(f"{mine}:{function}")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def make(:\n", "own.py, line 1: SyntaxError"),
        ("x = 1\nimport not_there_at_all\n", "own.py, line 2: ModuleNotFoundError.*\ninstall that package"),
        ("x = 1\n\nraise KeyboardError\n", "own.py, line 3: NameError: name 'KeyboardError'"),
        ("import sys\nsys.exit()\n", "own.py, line 2: SystemExit"),
        (b"\xff\xfe", "own.py cannot be read .not UTF-8."),
    ],
)
def test_a_file_that_does_not_run_is_told_with_its_line(tmp_path: Path, source, said):
    path = tmp_path / "own.py"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    before = list(sys.path), set(sys.modules)
    with pytest.raises(InputError, match=said):
        subject(f"{path}:make")
    assert (list(sys.path), set(sys.modules)) == before


def test_earlier_checkpoints_are_those_before_the_one_that_was_named(tmp_path: Path) -> None:
    run = small_run(tmp_path / "runs", saved=(2, 3, 4), best=3).folder
    assert list(earlier(run)) == ["round 2", "round 3"]
    assert list(earlier(f"{run}@3")) == list(earlier(f"{run}@best")) == ["round 2"]
    assert earlier(f"{run}@2") == {}
