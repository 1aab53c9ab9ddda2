"""What each process of a test does: `python worker.py TASK FILE`, with the environment that torchrun would set.

Every process writes what it found to FILE.<rank>; differences are against the same game played by this process alone.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from oracles_training import CASES, DATA, Case, advance, both, case_players, furthest, sgd, started, with_terms
from torch import Tensor, nn

from ganatomy.errors import GanatomyError
from ganatomy.games.heads import feature_matching
from ganatomy.games.penalties import r1
from ganatomy.games.terms import Term, Turn
from ganatomy.numerics.fingerprint import fingerprint, named
from ganatomy.training.descent import Descent
from ganatomy.training.launch import announcements, team_from_environment
from ganatomy.training.pace import Optimiser, Pace
from ganatomy.training.play import Play, play
from ganatomy.training.team import ALONE, Team

Found = dict[str, Any]
ADAM = both(Optimiser(rate=2e-3), batch=14)
PLAIN = both(sgd(), batch=14)
STEEP = {"wasserstein-gp": 0.005, "gradient penalty lazy": 0.005}  # lower rates, for gradients of this size
PACES = {
    "extragradient": replace(ADAM, extragradient=True),
    "micro-batches": replace(ADAM, micro_batches=2),
    "turns": replace(ADAM, critic_turns=3, generator_turns=2),
    "optimistic": both(sgd(optimistic=True, clip=0.5), batch=14),
    "rmsprop, normalised": both(Optimiser("rmsprop", rate=1e-3, normalise=True), batch=14),
    "extragradient in micro-batches": replace(ADAM, extragradient=True, micro_batches=3),
}


def idle(turn: Turn) -> Tensor:
    """Two weights that are added, one that is used every other turn, and one that never is."""
    critic = turn.players.critic
    assert isinstance(critic, nn.Module)
    value = (critic.get_parameter("one") + critic.get_parameter("two")).square().sum()
    return value + (critic.get_parameter("seldom").mean() if turn.batch.step % 2 else 0.0)


ODD = Case(with_terms(r1(0.5, every=3), Term("idle", "Weights with and without gradients.", critic=idle)))


def odd_players(seed: int = 0) -> Any:
    duo = case_players(ODD, seed=seed)
    for name in ("one", "two", "seldom", "never"):
        duo.critic.register_parameter(name, nn.Parameter(torch.full((3,), 0.5 + seed, dtype=torch.float64)))
    return duo


def apart(begin: Callable[[Team, int], Play], team: Team, rounds: int) -> float:
    """How far a game in company ends from the same alone; the processes begin with different weights."""
    own = advance(begin(team, team.rank), rounds).snapshot()
    team.require_equal(fingerprint(*named({**own.weights, **own.moments})), "weights and moments")
    if not team.leads:
        return 0.0
    return furthest(own.weights, advance(begin(ALONE, 0), rounds).snapshot().weights)


def case_apart(name: str, team: Team, rounds: int, pace: Pace, dtype: torch.dtype = torch.float64, **how: Any) -> float:
    return apart(lambda who, seed: started(CASES[name], pace, team=who, seed=seed, dtype=dtype, **how), team, rounds)


@contextmanager
def recorded() -> Iterator[list[list[Tensor]]]:
    """The gradients that players are given."""
    found: list[list[Tensor]] = []
    step = Descent.step

    def watched(self: Descent, gradients: Any, seen: int) -> Tensor:
        found.append([gradient.clone() for gradient in gradients])
        return step(self, gradients, seen)

    Descent.step = watched  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Descent.step = step  # type: ignore[method-assign]


def gradients_apart(name: str, team: Team) -> float:
    """Of the first turns in float32, as a share of the largest entry where that is above 1."""
    found = []
    for who in (team, ALONE):
        with recorded() as gradients:
            next(started(CASES[name], PLAIN, team=who, dtype=torch.float32))
        found.append([gradient for turn in gradients for gradient in turn])
    worst = 0.0
    for own, alone in zip(*found, strict=True):
        worst = max(worst, float((own - alone).abs().max()) / max(1.0, float(alone.abs().max())))
    return worst


def slow_pace(name: str) -> Pace:
    return both(sgd(STEEP.get(name, 0.05)), batch=14)


def follow(team: Team, rounds: int) -> Found:
    """Every case, and every order of steps."""
    return {
        "float64": {name: case_apart(name, team, rounds, ADAM) for name in CASES},
        "paces": {name: case_apart("r1 and r2 lazy", team, rounds, pace) for name, pace in PACES.items()},
        "spectral": {"": case_apart("hinge", team, rounds, ADAM, critic_norm="spectral")},
        "odd weights": {
            "": apart(
                lambda who, seed: play(ODD.game, odd_players(seed), DATA, ODD.latent, pace=ADAM, team=who), team, rounds
            )
        },
    }


def single(team: Team) -> Found:
    """In float32."""
    return {
        "gradients": {name: gradients_apart(name, team) for name in CASES},
        "five steps": {name: case_apart(name, team, 5, slow_pace(name), torch.float32) for name in CASES},
    }


def short(team: Team) -> Found:
    """As much as a few seconds allow: three processes cut the batch unevenly, two go far."""
    if team.size == 2:
        far = {name: case_apart(name, team, 200, ADAM) for name in ("r1 and r2 lazy", "wasserstein-clip")}
        return {"float64": far, **single(team), **manners(team)}
    gradients = {name: gradients_apart(name, team) for name in CASES}
    return {**follow(team, 4), "gradients": gradients, **manners(team)}


def long(team: Team) -> Found:
    return {**follow(team, 200), **single(team)}


def manners(team: Team) -> Found:
    """What is not a matter of numbers."""
    batched = advance(started(CASES["ns-r1"], ADAM, team=team, seed=team.rank, norm="batch", dropout=0.3), 3)
    kept = batched.snapshot()
    return {
        "message of unequal": caught(lambda: team.require_equal("a" if team.rank == 1 else "b", "the weights")),
        "batch norm": fingerprint(*named({**kept.weights, **kept.moments})),
        "announced": announcements([(batched.game, batched.pace)], batched.players, team),
        "followed": team.follow(10 + team.rank),
        "skipped": skipped(team),
        "summed": summed(team),
        "shared": shared(team),
        "refused": caught(lambda: started(Case(with_terms(feature_matching())), ADAM, team=team)),
        "too small": caught(lambda: started(CASES["hinge"], replace(ADAM, batch=1), team=team)),
        "dropout": float(batched.inside.uniform(range(1), 1)[0]),
        "threads": torch.get_num_threads(),
    }


def caught(action: Callable[[], object]) -> str:
    try:
        action()
    except GanatomyError as error:
        return str(error)
    return ""


def skipped(team: Team) -> list[str]:
    """NaN on the last process only: all leave the step out."""

    def value(turn: Turn) -> Tensor:
        assert isinstance(turn.players.critic, nn.Module)
        bad = team.rank == team.size - 1 and turn.batch.step == 1
        return turn.players.critic.get_parameter("head.bias").sum() * (math.nan if bad else 0.0)

    game = advance(started(Case(with_terms(Term("trap", "NaN once.", critic=value))), ADAM, team=team), 1)
    names = list(next(game).skipped["critic"])
    kept = advance(game, 1).snapshot()
    team.require_equal(fingerprint(*named(kept.weights)), "weights after a skipped step")
    return names


def summed(team: Team) -> list[list[float]]:
    """Tensors that share memory, in several types and layouts."""
    base = torch.full((2,), 1.0 + team.rank)
    tensors = [base, base, torch.tensor(2.0).expand(3), base.to(torch.bfloat16), torch.eye(2)[:, :1]]
    found = team.summed(tensors)
    assert [t.dtype for t in found] == [t.dtype for t in tensors]
    assert float(base[0]) == 1.0 + team.rank
    return [tensor.flatten().tolist() for tensor in found]


def shared(team: Team) -> list[list[float]]:
    own = [
        torch.full((2, 3), float(team.rank)),
        torch.full((1, 2, 3, 2), team.rank + 0.5).contiguous(memory_format=torch.channels_last),
        torch.tensor(team.rank + 7),
        torch.full((2,), float(team.rank), dtype=torch.float64),
    ]
    team.share_out_(own)
    return [tensor.flatten().tolist() for tensor in own]


def end_at(step: int, team: Team, end: Callable[[], object]) -> Found:
    for played in started(CASES["hinge"], ADAM, team=team):
        if played.count == step and team.rank == 1:
            end()
        if played.count == 2000:
            break
    return {}


def die(team: Team) -> Found:
    return end_at(5, team, lambda: os._exit(7))


def hang(team: Team) -> Found:
    return end_at(5, team, lambda: time.sleep(9))


def fail(team: Team) -> Found:
    def end() -> None:
        raise GanatomyError("this process had enough", "let it rest")

    return end_at(5, team, end)


TASKS: dict[str, Callable[[Team], Found]] = {
    "short": short,
    "long": long,
    "die": die,
    "hang": hang,
    "fail": fail,
}


def thread_names() -> list[str]:
    """Of this process, those that Python does not know among them; on Linux."""
    return [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]


def main(task: str, where: str, timeout: str = "60") -> int:
    try:
        with team_from_environment(timeout=float(timeout)) as team:
            found = TASKS[task](team)
        found["threads left"] = [name for name in thread_names() if "gloo" in name]
    except GanatomyError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    Path(f"{where}.{team.rank}").write_text(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
