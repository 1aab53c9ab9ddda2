"""The run that goes wrong on purpose is explained: the critic saturated, when, and R1 would have saved it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganatomy.verbs.explain import explain
from ganatomy.verbs.fork import beside, fork
from ganatomy.verbs.train import train

pytestmark = pytest.mark.slow


def test_a_run_of_bad_strong_critic_is_explained_and_its_fork_with_r1_survives(tmp_path: Path) -> None:
    first = next(iter(list(train("bad-strong-critic", out=tmp_path))))
    run = first.values["folder"]
    (account,) = [answer for answer in explain(run, ["account"]) if answer.told.name == "phases"]
    assert "The critic is saturated from round 50" in account.said
    assert "to the end" in account.said
    assert "--do game.terms.r1.strength=1" in account.said
    at = int(account.said.split("--at ")[1].split()[0])
    assert at <= 50
    twin = next(iter(list(fork(run, at=at, do=["game.terms.r1.strength=1"], rounds=800 - at))))
    pair = beside(run, twin.values["folder"])
    original, saved = ([row["critic.relative"] for row in rows[-8:]] for rows in (pair.original, pair.twin))
    assert max(original) < 0.1  # the limit of the rule `critic-saturated`
    assert min(saved) > 0.3
    assert pair.twin[-1]["gap"] < pair.original[-1]["gap"]
    (spared,) = [a for a in explain(twin.values["folder"], ["account"]) if a.told.name == "phases"]
    assert "saturated from" not in spared.said.split("Rounds")[-1]
