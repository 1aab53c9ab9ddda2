"""A run as TensorBoard shows it, where that is installed: numbers, distributions, samples, latents, health.

    with Board(run.folder) as board:
        for event in train(setup, run): board.show(event)
    board.note                                   # why nothing is written, or None

What costs time (distributions, the map of latents) rests after each writing until it takes one part in a hundred.
Nothing of TensorBoard is imported where it is missing, and a failure to write its events never ends a run: the JSON
lines of the run hold the numbers anyway.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ganatomy.features.space import random_convolution
from ganatomy.models.evaluating import passed
from ganatomy.training.described import Described, described

if TYPE_CHECKING:
    from ganatomy.training.events import Event
    from ganatomy.training.step import Step

MISSING = "no TensorBoard events: pip install tensorboard, and the next run writes them"
SHOWN = 256  # latents on the map; their samples are the tiles of one picture
LATENTS = "latents"
MAP = "00000"  # the folder of the map: TensorBoard names it after a step, and there is but one map
BINS = 64
SHARE = 0.01  # of a run's time that distributions, and as much that maps, may take
NUMBERS = ("log", "probe")
TOLD = ("alarm", "stage", "checkpoint", "end")


class Board:
    """One a run, in its folder; the events of rounds that a resumed run plays again are hidden."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.note = None if importlib.util.find_spec("tensorboard") is not None else MISSING
        self.writer: Any = None
        self.summary: Any = None
        self.known: Described | None = None
        self.average: nn.Module | None = None
        self.rests: dict[str, float] = {}  # until when, by the clock

    def show(self, event: Event) -> None:
        """Write what there is to an event; a tick is nothing."""
        if self.note is not None or event.kind == "tick":
            return
        try:
            if self.writer is None:
                self._open(event.step)
            self._show(event)
        except Exception as error:  # a guest of many versions: whatever it fails by, training goes on
            self.note = f"TensorBoard events ended at step {event.step} ({error})"
            self.close()

    def close(self) -> None:
        """Ends the thread that writes."""
        writer, self.writer = self.writer, None
        if writer is not None:
            try:
                writer.close()
            except OSError as error:
                self.note = self.note or f"the last TensorBoard events could not be written ({error})"

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(self.folder), purge_step=step or None)
        self.summary = importlib.import_module("tensorboard.compat.proto.summary_pb2").Summary
        self.known = described(self.folder)

    def _show(self, event: Event) -> None:
        if event.round is not None:
            self.average = event.round.average
        if event.kind in NUMBERS:
            self._numbers(event.values, event.step)
        if event.kind == "probe" and event.round is not None:
            played, step = event.round, event.step
            self._rarely("distributions", lambda: self._distributions(played, step))
        if event.kind == "samples":
            self._samples(Path(event.values["path"]), event.step)
        if event.kind in TOLD and event.text:
            self.writer.add_text("health" if event.kind == "alarm" else "run", event.text, event.step)
        if event.kind == "checkpoint":
            self._rarely("map", self._map_latents)
        if event.kind == "end":
            self._map_latents()

    def _rarely(self, what: str, write: Callable[[], None]) -> None:
        """Write, unless it would take more than its share of the time since it was last written."""
        began = time.monotonic()
        if began >= self.rests.get(what, began):
            write()
            now = time.monotonic()
            self.rests[what] = now + (now - began) / SHARE

    def _numbers(self, values: Mapping[str, Any], step: int) -> None:
        """All in one event, which costs a tenth of one each."""
        found = [
            {"tag": name.replace(".", "/", 1), "simple_value": float(value)}
            for name, value in values.items()
            if isinstance(value, int | float) and math.isfinite(value)
        ]
        self.writer.file_writer.add_summary(self.summary(value=found), step)

    def _distributions(self, played: Step, step: int) -> None:
        """Weights by name, and the critic's scores of real and generated samples."""
        for role, network in (("generator", played.players.generator), ("critic", played.players.critic)):
            if isinstance(network, nn.Module):
                self._histograms(f"{role}/", network.named_parameters(), step)
        self._histograms("scores/", played.scores.items(), step)

    def _histograms(self, prefix: str, tensors: Iterable[tuple[str, Tensor]], step: int) -> None:
        for name, tensor in tensors:
            values = tensor.detach().flatten().float().cpu()
            finite = values[torch.isfinite(values)]
            if len(finite):
                self.writer.add_histogram(prefix + name, finite.numpy(), step, bins=BINS)

    def _samples(self, path: Path, step: int) -> None:
        from PIL import Image

        with Image.open(path) as sheet:
            self.writer.add_image("samples", np.asarray(sheet.convert("RGB")), step, dataformats="HWC")

    def _map_latents(self) -> None:
        """The same latents each time, by what their samples look like now: the map of before is replaced."""
        if self.average is None or self.known is None:
            return
        latent, format = self.known.architecture.latent, self.known.architecture.format
        places = range(SHOWN)
        labels = latent.labels(self.known.seed, places)
        samples = passed(self.average, latent.sample(self.known.seed, places), labels=labels).float().cpu()
        if not bool(torch.isfinite(samples).all()):
            return
        tiles, features = None, samples.flatten(1)
        if format.kind == "picture" and format.bounds is not None:
            low, high = format.bounds
            tiles = ((samples - low) / (high - low)).clamp(0, 1)
            tiles = tiles if tiles.shape[1] == 3 else tiles[:, :1].expand(-1, 3, -1, -1)
            if tiles.shape[2] != tiles.shape[3]:
                tiles = None  # TensorBoard takes square tiles alone
            features = random_convolution(format)(samples.clamp(low, high), format)
        shutil.rmtree(self.folder / MAP / LATENTS, ignore_errors=True)
        vars(self.writer).pop("_projector_config", None)  # its list of maps
        metadata = [str(place) for place in places] if labels is None else [str(int(label)) for label in labels]
        self.writer.add_embedding(features, metadata, tiles, global_step=0, tag=LATENTS)
