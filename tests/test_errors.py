"""Errors for people: two lines, a nearest name, an exit code."""

from __future__ import annotations

import pickle

import pytest

from ganatomy.errors import DeviceError, DivergedError, GanatomyError, InputError, UsageError, choose, nearest


def test_an_error_is_what_was_said_and_what_would_work() -> None:
    error = UsageError("this was asked", "that would work")
    assert str(error).splitlines() == ["this was asked", "that would work"]
    assert isinstance(error, ValueError)
    again = pickle.loads(pickle.dumps(error))  # errors cross process borders
    assert (type(again), again.said, again.remedy) == (UsageError, "this was asked", "that would work")


def test_exit_codes() -> None:
    codes = [kind.exit_code for kind in (GanatomyError, UsageError, InputError, DeviceError, DivergedError)]
    assert codes == [1, 2, 3, 4, 5]


def test_a_typo_names_the_nearest() -> None:
    table = {"hinge": 1, "wasserstein": 2, "minimax": 3}
    assert choose(table, "hinge", "game") == 1
    with pytest.raises(UsageError, match=r"no game called 'hnge'\ndid you mean 'hinge'\?"):
        choose(table, "hnge", "game")
    assert nearest("zzz", table) == "legal are: hinge, wasserstein, minimax"
    with pytest.raises(UsageError, match="no game called None"):
        choose(table, None, "game")  # type: ignore[arg-type]
    assert nearest("zzz", []) == "legal are: none"
