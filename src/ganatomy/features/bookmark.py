"""Where a fit stands, in memory and on disk: weights, the best weights, optimiser state, history.

A bookmark is one safetensors file (tensors, and the rest as JSON in its header), written atomically; never code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganatomy.atomic import replacing
from ganatomy.errors import InputError, UsageError

FILE = "fit.safetensors"
Entry = tuple[int, float, float | None]  # step, mean training loss since the last entry, held-out loss


@dataclass(frozen=True, eq=False)
class Bookmark:
    """`best` are the weights of step `kept`: lowest held-out loss so far, or the newest where nothing is held out."""

    step: int = 0
    kept: int = 0
    best: Mapping[str, Tensor] = field(default_factory=dict)
    history: tuple[Entry, ...] = ()

    def seen(self, step: int, loss: float, held_out: float | None, weights: Mapping[str, Tensor]) -> Bookmark:
        """One entry further."""
        before = [score for _, _, score in self.history if score is not None]
        history = (*self.history, (step, loss, held_out))
        if held_out is not None and before and held_out >= min(before):
            return replace(self, step=step, history=history)
        return Bookmark(step, step, weights, history)


def remember(
    folder: str | Path | None,
    mark: Bookmark,
    *,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    identity: Mapping[str, Any],
) -> None:
    """Write the bookmark, if there is a folder for it."""
    if folder is None:
        return
    from safetensors.torch import save_file

    state = optimizer.state_dict()["state"]
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"best.{name}": tensor for name, tensor in mark.best.items()}
    tensors |= {f"optimizer.{place}.{name}": value for place, kept in state.items() for name, value in kept.items()}
    header = {"step": mark.step, "kept": mark.kept, "history": mark.history, "identity": dict(identity)}
    with replacing(Path(folder) / FILE) as fresh:
        save_file(
            {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()},
            fresh,
            metadata={"fit": json.dumps(header)},
        )


def recall(
    folder: str | Path | None, model: nn.Module, optimizer: torch.optim.Optimizer, identity: Mapping[str, Any]
) -> Bookmark | None:
    """Load an earlier bookmark into model and optimiser; None where there is none. Another fit's is refused."""
    if folder is None or not (Path(folder) / FILE).exists():
        return None
    path = Path(folder) / FILE
    header, tensors = _read(path)
    before = header["identity"]
    differing = sorted(name for name, value in identity.items() if before.get(name) != value)
    if differing:
        changes = ", ".join(f"{name} {before.get(name)} -> {identity[name]}" for name in differing)
        raise UsageError(f"{path} belongs to another fit ({changes})", "fit the same again, or choose an empty folder")
    try:
        model.load_state_dict(_part(tensors, "model."))
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _part(tensors, "optimizer.").items():
            place, _, key = name.partition(".")
            state.setdefault(int(place), {})[key] = value
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"{path} does not fit this model ({error})".splitlines()[0], "choose an empty folder"
        ) from error
    history = tuple((step, loss, score) for step, loss, score in header["history"])
    return Bookmark(header["step"], header["kept"], _part(tensors, "best."), history)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads(file.metadata()["fit"])
            return header, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error})", "delete it to fit afresh") from error


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
