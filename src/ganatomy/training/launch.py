"""One run by several processes, as `torchrun --nproc-per-node 2 -m ganatomy train ...` starts them.

    with team_from_environment(device="cpu") as team:          # ALONE without torchrun
        for line in announcements([(game, pace)], players, team): print(line)
        play(game, players, data, latent, pace=pace, team=team)

The context links the processes and unlinks them at the end. A process that is gone, or silent for `timeout` seconds,
ends the others with one message that names it.
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from types import FrameType
from typing import Any

import torch
import torch.distributed as processes
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

from ganatomy.errors import DeviceError, GanatomyError, UsageError
from ganatomy.games.game import Game
from ganatomy.games.players import Players
from ganatomy.training.pace import Pace
from ganatomy.training.team import ALONE, LostError, Team, check_divisible, parts

SILENCE = 120.0  # seconds without a word after which a process counts as gone
ROLL_CALL = 0.5  # seconds that each of the others has to answer when a link has broken
WHERE = ("MASTER_ADDR", "MASTER_PORT")


@contextmanager
def team_from_environment(device: str | torch.device = "cpu", *, timeout: float = SILENCE) -> Iterator[Team]:
    """The team that RANK, WORLD_SIZE and LOCAL_RANK speak of; none of them set, or one process: ALONE.

    On `cuda` each process gets the GPU of its local number, which then is the current one.
    """
    team, local, beside = _place(os.environ)
    if team.alone:
        yield team
        return
    backend = "gloo"
    if torch.device(device).type == "cuda":
        _take_gpu(local, beside)
        backend = "cpu:gloo,cuda:nccl"
    with _told_to_stop(team):
        _link(team, backend, timeout)
        try:
            yield team
        except LostError as error:
            raise LostError(team, error.cause, gone=_missing(team)) from error
        finally:
            with suppress(RuntimeError):  # the others may be gone
                processes.destroy_process_group()


def announcements(stages: Sequence[tuple[Game, Pace]], players: Players, team: Team) -> list[str]:
    """What is not the same as with one process, in sentences; a game or batch that cannot be divided is refused."""
    for game, pace in stages:
        check_divisible(game, processes=team.size, micro_batches=pace.micro_batches)
        parts(pace.batch, team.size, block=game.block)
    batched = _named(players, lambda layer: isinstance(layer, BatchNorm))
    micro = max(pace.micro_batches for _, pace in stages)
    said = []
    if batched and micro > 1:
        said.append(f"batch statistics ({_listed(batched)}) are of each of the {micro} micro-batches, not of the batch")
    if team.alone:
        return said
    said.append(f"{team.size} processes, each with its part of every batch; gradients are summed")
    if batched:
        said.append(
            f"batch statistics ({_listed(batched)}) are of each process's own part, so training is not quite that of "
            "one process; the running ones that are kept are those of process 0"
        )
    drawing = _named(players, _draws)
    if drawing:
        said.append(f"dropout ({_listed(drawing)}) draws anew on each process, so training is not that of one process")
    return said


def _place(environment: os._Environ[str] | dict[str, str]) -> tuple[Team, int, int]:
    """The team, this process's number on its machine, and how many there are beside it, itself included."""
    given = {name: environment.get(name) for name in ("RANK", "WORLD_SIZE")}
    if all(value is None for value in given.values()):
        return ALONE, 0, 1
    rank, size = (_whole(name, value) for name, value in given.items())
    local, beside = (
        _whole(name, environment.get(name, str(default)))
        for name, default in (("LOCAL_RANK", rank), ("LOCAL_WORLD_SIZE", size))
    )
    missing = [name for name in WHERE if name not in environment]
    if not 0 <= rank < size or not 0 <= local < beside or (size > 1 and missing):
        raise UsageError(
            f"process {rank} of {size}, number {local} of {beside} on its machine, was asked for"
            + (f" without {' and '.join(missing)}" if missing else ""),
            "start the processes with torchrun, which sets all of this",
        )
    return Team(rank, size, beside), local, beside


def _whole(name: str, value: str | None) -> int:
    try:
        return int(value or "")
    except ValueError:
        raise UsageError(
            f"the environment says {name}={value}", "start the processes with torchrun, or unset RANK and WORLD_SIZE"
        ) from None


def _take_gpu(local: int, beside: int) -> None:
    if torch.cuda.device_count() < beside:
        raise DeviceError(
            f"{beside} processes were started on a machine with {torch.cuda.device_count()} GPUs",
            "start one process a GPU (--nproc-per-node), or train with --device cpu",
        )
    torch.cuda.set_device(local)
    os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")  # silence becomes an error here, not the end of the process


def _link(team: Team, backend: str, timeout: float) -> None:
    # functions of this module, which the optimisers load, keep the group that they find when they are defined: its
    # threads would outlive its end, and now and then abort the process on its way out
    importlib.import_module("torch.distributed.nn")
    try:
        processes.init_process_group(backend, rank=team.rank, world_size=team.size, timeout=timedelta(seconds=timeout))
    except RuntimeError as error:
        raise GanatomyError(
            f"process {team.rank} of {team.size} did not find the others within {timeout:g} seconds "
            f"({str(error).splitlines()[0][:100]})",
            "start all of them together with torchrun, and look for the messages of the others",
        ) from error


def _missing(team: Team) -> list[int] | None:
    """Who does not answer a roll call; None, not known, if the board they would write on is gone as well."""
    with suppress(RuntimeError), _deaf():
        board: Any = processes.distributed_c10d._get_default_store()
        board.set(f"roll-call/{team.rank}", "here")
        silent = [rank for rank in range(team.size) if rank != team.rank]
        deadline = time.monotonic() + ROLL_CALL
        while silent and time.monotonic() < deadline:
            silent = [rank for rank in silent if not board.check([f"roll-call/{rank}"])]
            time.sleep(0.02)
        return silent
    return None


@contextmanager
def _told_to_stop(team: Team) -> Iterator[None]:
    """torchrun stops the others when one process has ended: that, too, is to end with a message."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise LostError(team, "this process was told to stop")

    with _on_stop(stop):
        yield


@contextmanager
def _deaf() -> Iterator[None]:
    """Told to stop or not, a message that is being put together gets out."""
    with _on_stop(signal.SIG_IGN):
        yield


@contextmanager
def _on_stop(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> Iterator[None]:
    """Python lets only the main thread say what a signal does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _named(players: Players, chosen: Callable[[nn.Module], bool]) -> list[str]:
    networks = {"generator": players.generator, "critic": players.critic, **players.heads}
    return [
        f"{role}.{name}" if name else role
        for role, network in networks.items()
        if isinstance(network, nn.Module)
        for name, layer in network.named_modules()
        if chosen(layer)
    ]


def _draws(layer: nn.Module) -> bool:
    return isinstance(layer, nn.modules.dropout._DropoutNd) and layer.p > 0


def _listed(names: list[str]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
