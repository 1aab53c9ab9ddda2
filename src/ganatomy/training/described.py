"""What a run trains, written beside it at its start, so that its GAN can be built again where the data are not.

    describe_gan(setup, run.folder)                        # networks.json
    require_same_data(setup, run.folder)                   # before the run goes on
    gan = gan_at(checkpoint_at("runs/0001-digits-mlp-s0"))  # the averaged generator and the critic, as a GAN

The weights are the checkpoint's; all else that a GAN is made of is in this file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ganatomy.atomic import write_text
from ganatomy.errors import InputError, UsageError
from ganatomy.models.architectures import Architecture, from_dict, to_dict
from ganatomy.models.gan import GAN
from ganatomy.models.options import read
from ganatomy.models.weights import fill
from ganatomy.results.formats import Score
from ganatomy.training.interventions.written import At, intervention
from ganatomy.training.recipes.compare import digest
from ganatomy.training.recipes.text import parsed
from ganatomy.training.runs.checkpoint import Checkpoint
from ganatomy.training.runs.folder import PROVENANCE
from ganatomy.training.setup import CODE, Setup

NETWORKS = "networks.json"
VERSION = 1
AVERAGE, GENERATOR, CRITIC = "ema.", "G.", "D."  # prefixes of a snapshot's weights
NO_CRITIC = "the critic is left out: it does not take single samples with their labels (packs, deviations, no labels)"


@dataclass(frozen=True)
class Described:
    """The fields of `networks.json`; `plain_critic`: it takes a sample, and the label the generator was given."""

    architecture: Architecture
    plain_critic: bool
    score: Score
    classes: tuple[str, ...]
    data: str
    data_digest: str
    recipe: str
    recipe_digest: str
    seed: int


def describe_gan(setup: Setup, folder: Path) -> Path:
    """Write what the networks of this setup are into a run's folder."""
    named = setup.latent.classes > 0 and CODE not in setup.heads
    written = {
        "version": VERSION,
        "architecture": to_dict(setup.architecture),
        "plain_critic": setup.plain_critic,
        "score": asdict(setup.stages[-1].game.score),
        "classes": setup.train.classes if named else (),
        "data": setup.train.name,
        "data_digest": setup.train.fingerprint,
        "recipe": setup.recipe.name,
        "recipe_digest": digest(setup.recipe),
        "seed": setup.recipe.seed,
    }
    path = folder / NETWORKS
    write_text(path, json.dumps(written, indent=2, allow_nan=False) + "\n")
    return path


def described(folder: Path) -> Described:
    """What `describe_gan` wrote."""
    path = folder / NETWORKS
    try:
        written = json.loads(path.read_text("utf-8"))
        if not isinstance(written, dict):
            raise ValueError("no JSON object")
        version = written.pop("version")
        if version != VERSION:
            raise InputError(
                f"{path} has version {version!r}, this package reads {VERSION}",
                "read it with the version of ganatomy that wrote it",
            )
        architecture, score = from_dict(written["architecture"]), read(Score, written["score"], what="part of a score")
        return read(Described, {**written, "architecture": architecture, "score": score}, what="field")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise InputError(
            f"{path} does not describe the networks of a run ({_why(error)})",
            f"`ganatomy train --resume {folder}` writes it anew",
        ) from error


def require_same_data(setup: Setup, folder: Path) -> None:
    """Another part of the same training would be of other pictures: a run whose data have changed is refused."""
    before = described(folder)
    if (before.data, before.data_digest) != (setup.train.name, setup.train.fingerprint):
        raise InputError(
            f"{folder} was trained with other data: {before.data} ({before.data_digest[:12]}), "
            f"now {setup.train.name} ({setup.train.fingerprint[:12]})",
            "put the data back as they were, or start a new run without --resume",
        )


def gan_at(checkpoint: Checkpoint, *, averaged: bool = True) -> GAN:
    """The GAN of a checkpoint: the averaged generator unless there is none or it is not wanted."""
    folder = checkpoint.path.parent.parent
    known = described(folder)
    weights = checkpoint.snapshot.weights
    notes = [*checkpoint.notes, *_held(checkpoint)]
    has_average = any(name.startswith(AVERAGE) for name in weights)
    if averaged and not has_average:
        notes.append("the run keeps no averaged generator: this is the one that is trained")
    prefix = AVERAGE if averaged and has_average else GENERATOR
    generator = _filled(known.architecture.generator(0), prefix, weights, path=checkpoint.path)
    critic = None
    if known.plain_critic:
        critic = _filled(known.architecture.critic(0), CRITIC, weights, path=checkpoint.path)
    else:
        notes.append(NO_CRITIC)
    return GAN(
        generator,
        known.architecture.latent,
        known.architecture.format,
        critic,
        known.score,
        classes=known.classes,
        data=known.data,
        architecture=known.architecture,
        provenance={
            **_provenance(folder),
            "run": folder.absolute().name,
            "recipe": known.recipe,
            "recipe_digest": known.recipe_digest,
            "seed": known.seed,
            "step": checkpoint.step,
            "best": checkpoint.best,
            "averaged": prefix == AVERAGE,
            "notes": notes,
        },
    )


def _held(checkpoint: Checkpoint) -> list[str]:
    """Units that were held as the checkpoint was written: the networks that are built from it have them again."""
    planned = parsed(checkpoint.config, str(checkpoint.path)).get("interventions", ())
    held = [
        each for each in map(intervention, planned) if isinstance(each.read, At) and each.holds(checkpoint.step - 1)
    ]
    return [f"it was trained with {each}; here the unit is what its weights make it" for each in held]


def _filled(network: nn.Module, prefix: str, weights: Mapping[str, Tensor], *, path: Path) -> nn.Module:
    """The network with its tensors of the snapshot, in their type."""
    own = {name: tensor for name, tensor in weights.items() if name.startswith(prefix)}
    kind = next((tensor.dtype for tensor in own.values() if tensor.is_floating_point()), None)
    network = network if kind is None else network.to(kind)
    fill({prefix: network}, own, path=path)
    return network.eval()


def _provenance(folder: Path) -> dict[str, Any]:
    """That of the run; nothing where it cannot be read, since the weights do not hang on it."""
    try:
        return dict(json.loads((folder / PROVENANCE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "it cannot be read"
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    return str(error).split("\n")[0]
