"""What a GAN is, and for a run what became of it so far: a look that changes nothing and trains nothing.

found = info("runs/0001-digits-mlp-s0")
found.generator.parameters, found.ratio, found.run.state
print("\n".join(found.lines()))
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.models.gan import GAN
from ganatomy.results.record import plain
from ganatomy.training.runs.folder import open_run
from ganatomy.verbs.layers import Layer, layers, parameters
from ganatomy.verbs.run_facts import RunFacts, run_facts
from ganatomy.verbs.sample import notes_of
from ganatomy.verbs.subject import Named, gan_of, named

PROBES = range(2)  # samples of seed 0 that are sent through the networks
SCORES = {
    "logit": "a logit",
    "probability": "a probability",
    "unbounded": "an unbounded number, of which only differences mean something",
}


@dataclass(frozen=True)
class NetworkFacts:
    """One of the two: its class, its size, its parts."""

    kind: str
    parameters: int
    type: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Info:
    """`gan` is what it says of itself in one line, None where a run has no checkpoint to look at.

    ratio: parameters of the critic for one of the generator.
    """

    name: str
    kind: str
    gan: str | None
    latent: str | None
    format: str | None
    score: str | None
    classes: tuple[str, ...]
    data: str | None
    generator: NetworkFacts | None
    critic: NetworkFacts | None
    ratio: float | None
    provenance: dict[str, Any]
    notes: tuple[str, ...]
    run: RunFacts | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        found: dict[str, Any] = plain(asdict(self))
        return found

    def lines(self) -> list[str]:
        """For people."""
        facts = {"name": self.name, "kind": self.kind, "latent": self.latent, "format": self.format}
        if self.classes:
            facts["classes"] = f"{len(self.classes)}: {', '.join(self.classes[:10])}" + ", ..." * (
                len(self.classes) > 10
            )
        facts |= {"data": self.data, "score": self.score}
        if self.ratio is not None:
            facts["D/G"] = f"{self.ratio:.2f} parameters of the critic for one of the generator"
        if "averaged" in self.provenance:
            which = "averaged generator" if self.provenance["averaged"] else "generator as it is trained"
            facts["looked at"] = f"step {self.provenance['step']}, {which}"
        if self.run is None:
            facts |= {key: str(value) for key, value in self._origin().items()}
        else:
            facts |= self.run.facts()
        width = max(len(key) for key in facts)
        told = [f"{key:<{width}}  {value}" for key, value in facts.items() if value is not None]
        for role, network in (("generator", self.generator), ("critic", self.critic)):
            if network is not None:
                told += ["", f"{role}: {network.kind}, {network.parameters:,} parameters, {network.type}"]
                told += _tree(network.layers)
        told += [""] * bool(self.notes) + [f"note: {note}" for note in self.notes]
        return told

    def _origin(self) -> dict[str, Any]:
        """The plain parts of the provenance: nested ones are in the JSON."""
        return {
            key: value
            for key, value in self.provenance.items()
            if isinstance(value, str | int | float) and key != "notes"
        }


def info(name: str | Path, *, depth: int = 2) -> Info:
    """Look at a GAN by its name."""
    if depth < 0:
        raise UsageError(f"a depth of {depth} was asked for", "give 0 for no layers, 1 for the outermost, ...")
    found = named(name)
    run = run_facts(open_run(found.path)) if found.kind == "run" else None
    try:
        gan = gan_of(found)
    except InputError as error:
        if run is None or run.checkpoints:
            raise
        return _without_gan(found, run, note=error.said)
    return _of(gan, found, run, depth=depth)


def _of(gan: GAN, found: Named, run: RunFacts | None, *, depth: int) -> Info:
    labels = gan.latent.labels(0, PROBES)
    generator = _network(gan.generator, gan.latent.sample(0, PROBES), labels, depth)
    critic = None if gan.critic is None else _network(gan.critic, gan.sample(0, PROBES), labels, depth)
    ratio = None
    if critic is not None and generator.parameters:
        ratio = critic.parameters / generator.parameters
    return Info(
        name=_said(found),
        kind=found.kind,
        gan=repr(gan),
        latent=str(gan.latent),
        format=str(gan.format),
        score=None if gan.critic is None else f"{SCORES[gan.score.kind]}; {gan.score.high} is high",
        classes=gan.classes,
        data=gan.data,
        generator=generator,
        critic=critic,
        ratio=ratio,
        provenance={key: value for key, value in gan.provenance.items() if key != "notes"},
        notes=(*notes_of(gan), *(() if gan.critic is not None or notes_of(gan) else ("it has no critic",))),
        run=run,
    )


def _without_gan(found: Named, run: RunFacts, *, note: str) -> Info:
    return Info(
        name=_said(found),
        kind=found.kind,
        gan=None,
        latent=None,
        format=None,
        score=None,
        classes=(),
        data=None,
        generator=None,
        critic=None,
        ratio=None,
        provenance={},
        notes=(note,),
        run=run,
    )


def _said(found: Named) -> str:
    if found.kind == "function":
        return f"{found.path}:{found.function}"
    return str(found.path) + (f"@{found.step}" if found.step is not None else "")


def _network(network: Any, batch: Tensor, labels: Tensor | None, depth: int) -> NetworkFacts:
    weight = next(iter(network.parameters()), None)
    kind = "no parameters" if weight is None else str(weight.dtype).removeprefix("torch.")
    return NetworkFacts(
        type(network).__name__, parameters(network), kind, layers(network, batch, labels=labels, depth=depth)
    )


def _tree(parts: tuple[Layer, ...]) -> list[str]:
    """A line for each part, indented by its depth."""
    rows = [
        (
            "  " * layer.depth + layer.name.rpartition(".")[2],
            layer.kind,
            "did not run" if layer.shape is None else " x ".join(map(str, layer.shape)) or "1",
            f"{layer.parameters:,}" if layer.parameters else "",
        )
        for layer in parts
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    return [
        f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]:>{widths[3]}}".rstrip()
        for row in rows
    ]
