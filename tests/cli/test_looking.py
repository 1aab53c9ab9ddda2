"""`sample`, `info`, `doctor` and `list` as their users meet them: what goes to stdout, what to stderr, how it ends."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from shared_runs import small_run
from typer.main import get_command

from ganatomy.cli.commands import app
from ganatomy.models.disk import save
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format
from ganatomy.verbs import selftest

COMMANDS = sorted(get_command(app).commands)
MINE = "from ganatomy import GAN, Format, Normal\nimport torch\ndef make():\n    print('hello')\n    return {}\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("runs")).folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GANATOMY_DATA", raising=False)
    return tmp_path


@pytest.fixture
def saved(tmp_path):
    names = ("cat", "dog")
    architecture = MLP(Format.picture(1, 8), Normal(3, 2), hidden=(4,), critic_hidden=(4,))
    return save(GAN.fresh(architecture, 0, classes=names), tmp_path / "gan")


def test_sample_prints_where_it_wrote_and_nothing_else(ganatomy, run, here):
    assert ganatomy("sample", run) == (0, "samples.png\n", "")
    assert ganatomy("sample", run, "--npz", "a.npz") == (0, "a.npz\n", "")
    assert ganatomy("sample", run, "--npz", "a.npz", "--out", "b.png") == (0, "b.png\na.npz\n", "")
    assert sorted(path.name for path in here.iterdir()) == ["a.npz", "b.png", "samples.png"]


def test_sample_takes_numbers_seed_labels_and_layout(ganatomy, saved, here):
    code, out, _ = ganatomy(
        *("sample", saved, "--seeds", "0-3,10", "--seed", 5, "--labels", "dog,0"),
        *("--npz", "a.npz", "--out", "s.png", "--columns", 5, "--scale", 2, "--json"),
    )
    found = json.loads(out)
    assert (code, found["samples"], found["seed"], found["labels"]) == (0, 5, 5, [1, 0, 1, 0, 1])
    with np.load("a.npz") as arrays:
        assert arrays["indices"].tolist() == [0, 1, 2, 3, 10]
        assert arrays["samples"].shape == (5, 1, 8, 8)
    with Image.open("s.png") as sheet:
        assert sheet.size == (5 * (16 + 1) + 1, 16 + 2)


def test_a_picture_is_replaced(ganatomy, run, here):
    (here / "s.png").write_text("old")
    assert ganatomy("sample", run, "--out", "s.png")[0] == 0
    assert (here / "s.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in here.iterdir()] == ["s.png"]


def test_info_is_lines_for_people_and_one_object_for_machines(ganatomy, run):
    code, out, err = ganatomy("info", f"{run}@2")
    assert (code, err) == (0, "")
    assert "looked at    step 2, averaged generator" in out
    found = json.loads(ganatomy("info", run, "--depth", 1, "--json")[1])
    assert (found["run"]["step"], found["kind"]) == (4, "run")
    assert all("." not in layer["name"] for layer in found["generator"]["layers"])


def test_what_somebodys_file_prints_does_not_reach_stdout(ganatomy, tmp_path):
    (tmp_path / "mine.py").write_text(MINE.format("GAN(torch.nn.Linear(3, 2), Normal(3), Format.point(2))"))
    code, out, err = ganatomy("info", f"{tmp_path}/mine.py:make", "--json")
    assert (code, err, json.loads(out)["kind"]) == (0, "hello\n", "function")


def test_doctor_ends_with_0_where_all_is_well_and_with_1_where_not(ganatomy, here, monkeypatch):
    code, out, err = ganatomy("doctor")
    assert (code, err) == (0, "")
    assert all(line.startswith(("ok ", "note ")) for line in out.splitlines())
    monkeypatch.setattr(selftest, "GOLDEN", ())
    code, out, err = ganatomy("doctor", "--json")
    assert (code, err, json.loads(out)["fit"]) == (1, "", False)


@pytest.mark.parametrize(
    ("words", "code", "said", "remedy"),
    [
        (["sample", "{run}", "--seeds", "9-3"], 2, "--seeds 9-3 was given", "as in --seeds 0-63"),
        (["sample", "{run}", "--seeds", "-1"], 2, "--seeds -1 was given", "give numbers"),
        (["sample", "{run}", "--seeds", "0,x"], 2, "--seeds 0,x was given", "give numbers"),
        (["sample", "{run}", "--labels", "3"], 2, "this GAN is unconditional", "leave --labels out"),
        (["sample", "{run}", "--out", "/proc/nowhere/s.png"], 1, "could not be written", "choose a folder"),
        (["sample", "{run}x"], 3, "there is no GAN at", "did you mean"),
        (["info", "nowhere.py:make"], 3, "there is no file nowhere.py", ""),
        (["info", "{here}/broken.py:make"], 3, "broken.py, line 5: NameError: name 'nothing'", "mend it there"),
        (["info", "{here}/torn"], 3, "gan.json does not describe a GAN", "give a folder"),
        (["list", "recipe"], 2, "no list called 'recipe'", "did you mean 'recipes'"),
    ],
)
def test_an_error_is_two_lines_and_an_exit_code(ganatomy, run, here, words, code, said, remedy):
    (here / "broken.py").write_text(MINE.format("nothing"))
    (here / "torn").mkdir()
    (here / "torn" / "gan.json").write_text("{")
    found = ganatomy(*(word.format(run=run, here=here) for word in words))
    lines = [line for line in found[2].strip().splitlines() if line != "hello"]
    assert (found[0], found[1], len(lines)) == (code, "", 2), found
    assert said in lines[0]
    assert remedy in lines[1]


def test_lists_are_names_with_a_sentence(ganatomy):
    found = json.loads(ganatomy("list", "experiments", "--json")[1])
    assert ("r1-prevents-collapse" in found["names"], found["note"]) == (True, None)
    assert "digits-mlp" in ganatomy("list")[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(ganatomy, command):
    code, out, _ = ganatomy(command, "--help")
    assert code == 0
    assert f"ganatomy {command}" in " ".join(out[out.index("Example") :].split())


def test_help_loads_neither_torch_nor_what_checks_recipes():
    """Typer itself reads the options of a single command with pydantic, so that only `ganatomy --help` is without."""
    code = (
        "import sys, json, io, contextlib\nfrom ganatomy.cli import main\n"
        "def loaded(*words):\n"
        "    with contextlib.redirect_stdout(io.StringIO()):\n"
        "        code = main([*words, '--help'])\n"
        "    return [code, *sorted({'torch', 'pydantic', 'numpy', 'tensorboard', 'yaml'} & set(sys.modules))]\n"
        f"print(json.dumps([loaded(), [loaded(name) for name in {COMMANDS}]]))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    alone, each = json.loads(done.stdout)
    assert alone == [0], done.stderr
    assert all(found in ([0], [0, "pydantic"]) for found in each), each
