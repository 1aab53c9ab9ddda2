"""A GAN in a folder: `gan-DIGEST.safetensors` (tensors `G.*`, `D.*`), `gan.json` (everything else). Never code.

    save(gan, "runs/0001/best")
    gan = load("runs/0001/best")                                     # architectures of this package
    gan = load("theirs", generator=Theirs(), critic=TheirCritic())   # foreign ones: pass the modules to fill

The JSON file names the tensors by their hash. It is replaced after new tensors are there and before old ones go, so
a save that is cut short at any moment leaves the GAN of before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ganatomy.atomic import write_bytes, write_text
from ganatomy.errors import InputError, UsageError
from ganatomy.models.architectures import Architecture, from_dict, to_dict
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Latent
from ganatomy.models.options import read
from ganatomy.models.weights import fill, read_weights, to_bytes, weights_of
from ganatomy.numerics.fingerprint import fingerprint, named
from ganatomy.results.formats import Format, Score

DESCRIPTION = "gan.json"
VERSION = 1
SHORT = 12  # digits of a digest in a file name


@dataclass(frozen=True)
class Description:
    """The fields of `gan.json`; `generator` and `critic` name the classes, for people only."""

    version: int
    digest: str
    format: Mapping[str, Any]
    latent: Mapping[str, Any]
    score: Mapping[str, Any]
    generator: str
    critic: str | None
    architecture: Mapping[str, Any] | None
    classes: tuple[str, ...]
    data: str | None
    provenance: Mapping[str, Any]


def save(gan: GAN, folder: str | Path, *, replace: bool = False) -> Path:
    """Write both files into a folder, made if need be, and return its path.

    A folder that holds another GAN is refused unless that is to be replaced; the same weights may be saved again.
    """
    folder = Path(folder)
    weights = weights_of(gan.generator, gan.critic)
    description = Description(
        version=VERSION,
        digest=fingerprint(*named(weights)),
        format=asdict(gan.format),
        latent=asdict(gan.latent),
        score=asdict(gan.score),
        generator=type(gan.generator).__name__,
        critic=None if gan.critic is None else type(gan.critic).__name__,
        architecture=None if gan.architecture is None else to_dict(gan.architecture),
        classes=gan.classes,
        data=gan.data,
        provenance=dict(gan.provenance),
    )
    try:
        text = json.dumps(asdict(description), indent=2, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the GAN's provenance cannot be written as JSON ({error})", "keep plain values in it"
        ) from error
    if not replace:
        _refuse_another(folder, description.digest)
    kept = _weights_path(folder, description.digest)
    write_bytes(kept, to_bytes(weights))
    write_text(folder / DESCRIPTION, text + "\n")
    for old in folder.glob(f"gan-{'[0-9a-f]' * SHORT}.safetensors"):
        if old != kept:
            old.unlink()
    return folder


def load(folder: str | Path, *, generator: nn.Module | None = None, critic: nn.Module | None = None) -> GAN:
    """Read what `save` wrote. Modules that are passed in are filled, in place, instead of built."""
    path = Path(folder) / DESCRIPTION
    written = _read_description(path)
    try:
        latent, format = read(Latent, written.latent, what="part"), read(Format, written.format, what="part")
        score = read(Score, written.score, what="part")
        architecture = None if written.architecture is None else from_dict(written.architecture)
    except (UsageError, TypeError, AttributeError) as error:
        raise _damaged(path, str(error).split("\n")[0]) from error
    weights_path = _weights_path(path.parent, written.digest)
    weights = read_weights(weights_path)
    if fingerprint(*named(weights)) != written.digest:
        raise InputError(
            f"{weights_path} does not belong to {path}: their digests differ",
            "a file was damaged or exchanged: save the GAN again, or take an older copy of the folder",
        )
    if critic is not None and written.critic is None:
        raise UsageError(f"a critic was given, but {path} was saved without one", "leave the critic out")
    players = {"G.": generator or _built(architecture, "generator", written.generator, weights)}
    if written.critic is not None:
        players["D."] = critic or _built(architecture, "critic", written.critic, weights)
    fill(players, weights, path=weights_path)
    return GAN(
        players["G."],
        latent,
        format,
        players.get("D."),
        score,
        classes=written.classes,
        data=written.data,
        architecture=architecture,
        provenance=written.provenance,
    )


def _weights_path(folder: Path, digest: str) -> Path:
    return folder / f"gan-{digest[:SHORT]}.safetensors"


def _refuse_another(folder: Path, digest: str) -> None:
    path = folder / DESCRIPTION
    if not path.exists():
        return
    try:
        held = _read_description(path).digest
    except InputError:
        held = "unreadable"
    if held != digest:
        raise UsageError(f"{folder} holds another GAN ({held[:SHORT]})", "choose another folder, or pass replace=True")


def _built(architecture: Architecture | None, role: str, name: str, weights: Mapping[str, Tensor]) -> nn.Module:
    """A network to fill, in the type of the saved weights."""
    if architecture is None:
        raise UsageError(
            f"the {role} is a foreign {name}, and no code is kept on disk", f"pass it: load(folder, {role}={name}(...))"
        )
    network = architecture.generator(0) if role == "generator" else architecture.critic(0)
    return network.to(next(tensor.dtype for tensor in weights.values() if tensor.is_floating_point()))


def _read_description(path: Path) -> Description:
    try:
        plain = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(plain, dict):
        raise _damaged(path, "no JSON object")
    if plain.get("version") != VERSION:
        raise InputError(
            f"{path} has version {plain.get('version')!r}, this package reads {VERSION}",
            "read it with the version of ganatomy that wrote it",
        )
    try:
        return read(Description, plain, what="field")
    except UsageError as error:
        raise _damaged(path, error.said) from error


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} does not describe a GAN ({why})", "give a folder that holds gan.json and its gan-*.safetensors"
    )
