"""The doctor says ok of a sound installation, and finds each fault that is put in."""

import json
import os
import types

import pytest
import torch

from ganatomy.errors import GanatomyError, InputError
from ganatomy.verbs import doctor as doctor_module
from ganatomy.verbs import machine_checks, selftest
from ganatomy.verbs.checks import Check, looked
from ganatomy.verbs.doctor import doctor, satisfies


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GANATOMY_DATA", raising=False)
    return tmp_path


def states(look) -> list[str]:
    return [check.state for check in looked("look", look)]


def test_this_installation_is_fit_and_nothing_is_left_behind(here):
    before = torch.get_num_threads(), float(torch.tensor([1e-39]) * 0.5)
    found = doctor()
    assert found.problems == (), found
    names = ["versions", "threads", "numbers", "memory", "disk", "device", "speed", "extras", "data"]
    assert list(dict.fromkeys(check.name for check in found.checks)) == [*names, "writing", "draws", "play"]
    assert json.loads(json.dumps(found.to_dict()))["fit"] is True
    assert list(here.iterdir()) == []
    assert (torch.get_num_threads(), float(torch.tensor([1e-39]) * 0.5)) == before
    for check in found.checks:
        assert check.state == "ok" or check.remedy or "not used" in check.said, check.line()


def test_a_look_that_fails_is_a_problem_and_keeps_what_was_found_before():
    def broken():
        yield Check("look", "ok", "so far")
        raise ImportError("libtorch.so: cannot open\nmore")

    found = looked("look", broken)
    assert [check.state for check in found] == ["ok", "problem"]
    assert "ImportError: libtorch.so: cannot open" in found[1].said

    def told():
        raise InputError("it is broken", "mend it")
        yield

    assert looked("look", told) == [Check("look", "problem", "it is broken", "mend it")]


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("2.13.0+cpu", ">=2.13,<2.14", True),
        ("2.14.0", ">=2.13,<2.14", False),
        ("2.9", ">=2.13", False),
        ("2.13", "<=2.13.0", True),
        ("1.0.0", "==1", True),
        ("1.0.1", "==1", False),
        ("3", ">3", False),
        ("3.1", "~=2", True),  # not a bound that is read
        ("3.1", "", True),
    ],
)
def test_versions_are_compared_as_numbers(version, wanted, fits):
    assert satisfies(version, wanted) is fits


def test_a_missing_and_an_old_package_are_problems(monkeypatch):
    needs = ["not-there>=1", "numpy>=99", "torch<99", 'pandas>=3; extra == "frame"']
    monkeypatch.setattr("importlib.metadata.requires", lambda _name: needs)
    said = [check.said for check in doctor_module._versions() if check.state == "problem"]
    assert said[0] == "not-there is missing"
    assert said[1].startswith("numpy is")
    assert len(said) == 2


def test_more_threads_than_cores_are_noted(monkeypatch):
    monkeypatch.setattr("ganatomy.training.machine.cores", lambda: 0)
    (check,) = machine_checks.threads()
    assert (check.state, "OMP_NUM_THREADS" in check.remedy) == ("note", True)


@pytest.mark.parametrize(("free", "state"), [(None, "note"), (1000, "note"), (2**40, "ok")])
def test_memory(monkeypatch, free, state):
    monkeypatch.setattr(machine_checks, "free_memory", lambda: free)
    assert states(machine_checks.memory) == [state]


@pytest.mark.parametrize(("free", "state"), [(10**6, "problem"), (10**9, "note"), (10**12, "ok")])
def test_disk(monkeypatch, here, free, state):
    monkeypatch.setattr("shutil.disk_usage", lambda _path: types.SimpleNamespace(free=free))
    assert states(lambda: machine_checks.disk(here / "not" / "made" / "yet")) == [state, state]


def test_a_data_folder_that_is_named_and_missing_is_a_problem(here, monkeypatch):
    assert [check.state for check in doctor_module._data(here)] == ["ok"]
    monkeypatch.setenv("GANATOMY_DATA", str(here / "gone"))
    found = list(doctor_module._data(None))
    assert [check.state for check in found] == ["problem"]
    assert "gone" in found[0].said


def test_a_folder_that_cannot_be_written_is_a_problem(here, monkeypatch):
    def refuse(*_given):
        raise GanatomyError("it could not be written (Read-only file system)", "choose a folder you may write")

    monkeypatch.setattr("ganatomy.atomic.write_text", refuse)
    (check,) = machine_checks.writing()
    assert (check.state, "Read-only" in check.said, "--out" in check.remedy) == ("problem", True, True)
    assert os.listdir(here) == []


def test_a_missing_extra_is_noted_with_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert {(check.state, check.remedy) for check in doctor_module._extras()} == {
        ("note", "pip install tensorboard"),
        ("note", "pip install pandas"),
    }


def test_draws_that_differ_are_a_problem(monkeypatch):
    assert states(doctor_module._draws) == ["ok"]
    monkeypatch.setattr(selftest, "GOLDEN", ((1,), (2,)))
    assert states(doctor_module._draws) == ["problem"]


def test_a_game_that_does_not_repeat_is_a_problem(monkeypatch):
    rounds = selftest.played
    count = iter(range(100))

    def unsteady(game, rounds_=selftest.ROUNDS):
        weights = rounds(game, rounds_)
        return {name: tensor + next(count) for name, tensor in weights.items()}

    monkeypatch.setattr(selftest, "played", unsteady)
    assert states(doctor_module._play) == ["problem", "problem"]


def test_weights_of_other_names_are_not_the_same():
    one, other = {"a": torch.zeros(2)}, {"b": torch.zeros(2)}
    assert selftest.same(one, {"a": torch.zeros(2)})
    assert not selftest.same(one, other)
    assert not selftest.same(one, {"a": torch.tensor([0.0, 1.0])})
