"""`train` as its users meet it: what is printed and where, what is written, and how each failure ends."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from PIL import Image
from shared_cli import Command

from ganatomy.training import judge, session
from ganatomy.training.recipes.read import read_recipe, recipe_text
from ganatomy.training.runs.checkpoint import checkpoint_at, load_checkpoint, steps_of
from ganatomy.training.runs.folder import open_run
from ganatomy.training.runs.lock import writing
from ganatomy.training.runs.status import read_status

NETWORKS = ["players.options.hidden=[8]", "players.options.critic_hidden=[8]", "pace.batch=16"]
CADENCE = ["cadence.samples=0", "cadence.log=4", "cadence.probe=0"]
TINY = [word for change in (*NETWORKS, *CADENCE) for word in ("-o", change)]
ALWAYS_SAVING = ["-o", "cadence.save_seconds=0.000001", "-o", "cadence.keep=9"]


@pytest.fixture(autouse=True)
def _no_tensorboard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its events have tests of their own and take time."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorboard" else found(name))


@pytest.fixture
def trained(ganatomy: Command) -> Path:
    """A run of nine rounds with a checkpoint of each; in the folder `runs`."""
    done = ganatomy("train", "ring8", *TINY, *ALWAYS_SAVING, "--steps", 9)
    assert done.code == 0
    return Path(done.out.strip())


def everything() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*"))


def test_the_folder_alone_is_printed_and_people_are_spoken_to_on_stderr(ganatomy: Command) -> None:
    done = ganatomy("train", "ring8", *TINY, "--steps", 9, "--out", "here")
    assert (done.code, done.out) == (0, "here/0001-ring8-s0\n")
    first, *_, last = done.err.splitlines()
    assert first == "run here/0001-ring8-s0 begun; cpu, 1 thread, float32"
    assert last == "reached 9 steps. Not measured: no probe was taken."
    assert any(line.startswith("round 4/9 ") for line in done.err.splitlines())
    assert read_status(Path("here/0001-ring8-s0")).state == "finished"


def test_machines_get_one_object_a_line_and_the_end_last(ganatomy: Command) -> None:
    done = ganatomy("train", "ring8", *TINY, "--steps", 9, "--seed", 3, "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["event"] for line in lines if line["event"] != "note"] == ["run", "log", "log", "checkpoint", "end"]
    assert (lines[0]["folder"], lines[0]["seed"], lines[0]["until"]) == ("runs/0001-ring8-s3", 3, ["9 steps"])
    assert (lines[-1]["event"], lines[-1]["state"], lines[-1]["step"]) == ("end", "finished", 9)
    assert "reached 9 steps" in done.err


def test_the_printed_recipe_reads_back_and_holds_the_changes(ganatomy: Command) -> None:
    done = ganatomy("train", "digits-mlp", "-o", "pace.batch=32", "--set", "end.steps=5", "--seed", 4, "--print-config")
    assert done.code == 0
    assert recipe_text(done.out) == read_recipe("digits-mlp", ["pace.batch=32", "end.steps=5", "seed=4"])
    Path("mine.yaml").write_text(done.out)
    assert ganatomy("train", "mine.yaml", "--print-config").out == done.out
    assert everything() == ["mine.yaml"]


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(ganatomy: Command) -> None:
    done = ganatomy("train", "ring8", *TINY, "--data", "grid25", "--until", "gap<0.1 or 90s", "--dry-run")
    assert (done.code, everything()) == (0, [])
    assert done.out.endswith("\nbut until  gap<0.1 or 90 seconds\n")
    assert "data       grid25: endless" in done.out
    assert ganatomy("train", "ring8", "--dry-run").out.endswith("threads    1\n")


def test_a_folder_of_pictures_is_trained_on_in_the_wanted_size(ganatomy: Command) -> None:
    Path("scans").mkdir()
    for number in range(6):
        Image.new("RGB", (9, 9), (40 * number, 10, 0)).save(f"scans/{number}.png")
    small = [*TINY[:4], "-o", "pace.batch=4", *TINY[6:], "-o", "cadence.samples=2"]
    done = ganatomy("train", "digits-mlp", *small, "--data", "folder:scans", "--size", 4, "--channels", 3, "--steps", 2)
    assert done.code == 0, done.err
    recipe = recipe_text(open_run(done.out.strip()).config)
    assert (recipe.data.name, recipe.data.size, recipe.data.options) == ("folder:scans", 4, {"channels": 3})
    with Image.open(f"{done.out.strip()}/samples/step-000002.png") as picture:
        assert picture.mode == "RGB"
    again = ganatomy("train", "--resume", done.out.strip(), "--steps", 3)
    assert (again.code, again.out) == (0, done.out)
    for number in range(6):  # one of them may be held out
        Image.new("RGB", (9, 9), (10, 40 * number, 0)).save(f"scans/{number}.png")
    changed = ganatomy("train", "--resume", done.out.strip(), "--steps", 4)
    assert (changed.code, changed.out, len(changed.error)) == (3, "", 2)
    assert re.search(r"trained with other data: folder:scans \(\w{12}\), now folder:scans \(\w{12}\)", changed.error[0])
    assert steps_of(open_run(done.out.strip()))[-1] == 3


@pytest.mark.parametrize(
    ("words", "code", "said", "remedy"),
    [
        (["ring8", "--steps", "5", "--until", "90s"], 2, "both --steps and --until were given", "give one"),
        (["rign8"], 2, "there is no recipe called 'rign8'", "did you mean 'ring8'"),
        (["ring8", "-o", "pace.bach=3"], 2, "there is no key 'pace.bach'", "did you mean 'pace.batch'"),
        (["ring8", "-o", "game.name=ns-r3"], 2, "'ns-r3'", "did you mean 'ns-r1"),
        (["ring8", "--data", "rign8"], 2, "no data set called 'rign8'", "did you mean 'ring8'"),
        (["ring8", "--until", "5 stepz"], 2, "the goal '5 stepz' was given", "say 5000, 500k images"),
        (["ring8", "--until", "5 stepz", "--dry-run"], 2, "the goal '5 stepz' was given", "say 5000"),
        (["ring8", "--device", "cuda"], 4, "the device 'cuda' cannot be used", "give auto, cpu"),
        (["ring8", "--device", "gpu"], 2, "the device 'gpu' cannot be used", "give auto, cpu"),
        ([], 2, "no recipe was named", "ganatomy list recipes"),
        (["--dry-run"], 2, "no recipe was named", "ganatomy list recipes"),
        (["--resume", "auto"], 2, "no recipe was named", "--resume with a run's folder"),
        (["--resume", "runs", "--seed", "3"], 2, "seed=3 was given and no recipe to change", "name the run's recipe"),
        (["--resume", "nowhere"], 3, "nowhere is no run", "give the folder of a run"),
        (["ring8", "--out", "file"], 1, "file could not be used for a new run", "choose another folder"),
        (["ring8", "--out", "file/runs"], 1, "file/runs could not be used for a new run", "choose another folder"),
        (["ring8", "--out", "/proc/nowhere"], 1, "/proc/nowhere could not be used for a new run", "folder you may"),
        (["digits-mlp", "--white", "4095"], 2, "white", ""),
    ],
)
def test_an_error_is_two_lines_and_an_exit_code_and_leaves_nothing(
    ganatomy: Command, words: list[str], code: int, said: str, remedy: str
) -> None:
    if "cuda" in words and torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    Path("file").write_text("in the way")
    done = ganatomy("train", *words)
    assert (done.code, done.out, len(done.error)) == (code, "", 2), done
    assert said in done.error[0]
    assert remedy in done.error[1]
    assert everything() == ["file"]


def test_resume_auto_starts_afresh_goes_on_and_sees_that_a_run_is_finished(ganatomy: Command) -> None:
    words = ["train", "ring8", *TINY, "--resume", "auto"]
    first = ganatomy(*words, "--steps", 5)
    assert (first.code, first.out) == (0, "runs/0001-ring8-s0\n")
    assert "begun" in first.err.splitlines()[0]
    second = ganatomy(*words, "--steps", 9)
    assert (second.code, second.out) == (0, first.out)
    assert second.err.startswith("run runs/0001-ring8-s0 resumed at round 5;")
    assert steps_of(open_run(second.out.strip()))[-1] == 9
    third = ganatomy(*words, "--steps", 9)
    assert (third.code, third.out) == (0, first.out)
    assert [line.split(";")[0] for line in third.err.splitlines()] == [
        "run runs/0001-ring8-s0 resumed at round 9",
        "reached 9 steps. Not measured: no probe was taken.",
    ]
    assert ganatomy(*words, "--steps", 2, "--seed", 1).out == "runs/0002-ring8-s1\n"


def test_a_run_goes_on_by_its_folder_alone_to_the_same_bits(ganatomy: Command, trained: Path) -> None:
    done = ganatomy("train", "--resume", trained, "--steps", 12)
    assert (done.code, done.out) == (0, f"{trained}\n")
    whole = ganatomy("train", "ring8", *TINY, "--steps", 12).out.strip()
    went_on, at_once = (load_checkpoint(open_run(folder)).snapshot for folder in (trained, whole))
    assert all(torch.equal(tensor, at_once.weights[name]) for name, tensor in went_on.weights.items())
    assert all(torch.equal(tensor, at_once.moments[name]) for name, tensor in went_on.moments.items())


def test_a_changed_recipe_is_refused_with_all_differences_and_a_cadence_is_not(
    ganatomy: Command, trained: Path
) -> None:
    changed = ["-o", "latent.dim=3", "-o", "pace.batch=8", "-o", "game.terms.r1.every=2"]
    done = ganatomy("train", "ring8", *TINY, *changed, "--resume", "auto")
    assert (done.code, done.out, len(done.error)) == (2, "", 2)
    for line in ("latent.dim: 2 -> 3", "pace.batch: 16 -> 8", "game.terms.r1.every: 4 -> 2"):
        assert line in done.error[0]
    assert "without the change" in done.error[1]
    done = ganatomy("train", "ring8", *TINY, "-o", "cadence.log=3", "--resume", trained, "--steps", 10)
    assert done.code == 0
    assert "not as before: cadence.log: 4 -> 3" in done.err


def test_a_run_that_another_process_writes_is_refused_by_its_number(ganatomy: Command, trained: Path) -> None:
    code = (
        "import sys\nfrom ganatomy.training.runs.folder import open_run\n"
        "from ganatomy.training.runs.lock import writing\n"
        f"with writing(open_run({str(trained)!r})): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    done = ganatomy("train", "--resume", trained, "--steps", 12)
    holder.communicate()
    assert (done.code, len(done.error)) == (2, 2)
    assert done.error[0] == f"ganatomy: {trained} is being written by process {holder.pid} on this host"


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_torn_checkpoint_is_passed_over_and_named(ganatomy: Command, trained: Path) -> None:
    torn(trained / "checkpoints" / "step-000009.safetensors")
    torn(trained / "checkpoints" / "step-000008.json")
    done = ganatomy("train", "--resume", trained, "--steps", 10)
    assert done.code == 0
    assert done.err.startswith(f"run {trained} resumed at round 7;")
    for name in ("step-000009.safetensors", "step-000008.json"):
        assert re.search(rf"{name}.*: passed over, step 7 is taken\n", done.err), done.err
    assert load_checkpoint(open_run(trained)).step == 10


def test_a_run_of_torn_checkpoints_alone_is_an_error(ganatomy: Command, trained: Path) -> None:
    for path in (trained / "checkpoints").glob("*.optim.safetensors"):
        torn(path)
    before = everything()
    done = ganatomy("train", "--resume", trained)
    assert (done.code, done.out, len(done.error)) == (3, "", 2)
    assert f"no checkpoint of {trained} loads" in done.error[0]
    assert done.error[1] == "start a new run"
    assert set(before) - set(everything()) == set()  # nothing was thrown away


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch, full: Callable[[str], bool]) -> Iterator[None]:
    """Files whose path `full` takes cannot be flushed to disk."""
    flush = os.fsync

    def refuse(handle: int) -> None:
        if full(os.readlink(f"/proc/self/fd/{handle}")):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        yield


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the names of open files are asked of Linux")
@pytest.mark.parametrize(
    "full", ["checkpoints/.step-000004.safetensors", ".step-000004.optim", ".step-000004.json", "status.json"]
)
def test_a_full_disk_is_one_error_that_names_the_checkpoint_that_loads(
    ganatomy: Command, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    def late(path: str) -> bool:
        return full in path and Path("runs/0001-ring8-s0/checkpoints/step-000003.json").exists()

    with full_disk(monkeypatch, late):
        done = ganatomy("train", "ring8", *TINY, *ALWAYS_SAVING, "--steps", 9)
    assert (done.code, done.out, len(done.error)) == (1, "", 2), done.err
    assert "could not be written (No space left on device)" in done.error[0]
    assert done.error[1] == "free some space, or choose a folder on another disk"
    named = re.findall(r"loads(?: is|:) (\S+\.json)", done.error[0])
    assert [checkpoint_at(path).step for path in named] == [3]
    again = ganatomy("train", "--resume", "runs/0001-ring8-s0", "--steps", 9)
    assert again.code == 0
    assert again.err.startswith("run runs/0001-ring8-s0 resumed at round 3;")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a file that is always full is Linux's")
def test_a_line_of_metrics_that_the_disk_refuses_names_the_checkpoint_too(
    ganatomy: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(session.Metrics):
        def write(self, step, values):
            self._file.close()
            self._file = open("/dev/full", "a+b", buffering=0)  # noqa: SIM115
            super().write(step, values)

    monkeypatch.setattr(session, "Metrics", Full)
    done = ganatomy("train", "ring8", *TINY, *ALWAYS_SAVING, "--steps", 9)
    assert (done.code, len(done.error)) == (1, 2)
    assert "metrics.jsonl could not be written (No space left on device)" in done.error[0]
    (named,) = re.findall(r"that loads is (\S+)", done.error[0])
    assert checkpoint_at(named).step == 3


def test_a_game_that_diverges_ends_with_5_and_says_so_in_its_status(ganatomy: Command) -> None:
    done = ganatomy("train", "ring8", *TINY, "-o", "pace.critic.rate=1e30", "--steps", 500)
    assert (done.code, done.out, len(done.error)) == (5, "", 2)
    assert "in a row were not finite" in done.error[0]
    status = read_status(Path("runs/0001-ring8-s0"))
    assert status.state == "diverged"
    assert "in a row were not finite" in status.reason


@contextmanager
def ctrl_c(number: int, once: Callable[[], bool]) -> Iterator[None]:
    """Sends the signal as soon as that is so. Tests that a shell put into the background were told to ignore Ctrl-C."""
    over = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def watch() -> None:
        deadline = time.monotonic() + 60
        while not once() and not over.is_set() and time.monotonic() < deadline:
            time.sleep(0.002)
        if not over.is_set():
            os.kill(os.getpid(), number)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_saves_and_ends_with_130_and_leaves_the_signals_as_they_were(
    ganatomy: Command, number: signal.Signals
) -> None:
    saving = [*ALWAYS_SAVING, "--steps", 100_000, "--json"]
    with ctrl_c(number, lambda: any(Path("runs").glob("*/checkpoints/*.json"))):
        before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
        done = ganatomy("train", "ring8", *TINY, *saving)
        assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before
    assert done.code == 130
    last = json.loads(done.out.splitlines()[-1])
    assert (last["event"], last["state"]) == ("end", "interrupted")
    assert "stopped on request" in done.err
    run = open_run("runs/0001-ring8-s0")
    assert (read_status(run.folder).state, load_checkpoint(run).step) == ("interrupted", last["step"])
    with writing(run):
        pass  # the lock was given back


# the signal may come while another package has a file open, which is left to the garbage collector then
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_ctrl_c_ends_the_demo_with_130_and_no_trace(ganatomy: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the GAN is trained: its run is saved."""
    monkeypatch.setattr(judge, "STEPS", 2)
    with ctrl_c(signal.SIGINT, lambda: any(Path().glob("d/runs/*/networks.json"))):
        done = ganatomy("demo", "--out", "d")
    assert (done.code, done.out) == (130, "")
    assert "Traceback" not in done.err
    (run,) = Path("d/runs").glob("0*")
    assert read_status(run).state == "interrupted"
    assert load_checkpoint(open_run(run)).step >= 0
