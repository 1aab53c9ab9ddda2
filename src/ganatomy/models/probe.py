"""Do generator, prior, format, critic and score fit together? A few samples tell, before the first step.

    samples, labels = check_generator(generator, latent, format=format)
    check_critic(critic, samples, labels=labels, score=score)

Each mismatch is one error that says what was found and what would work.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganatomy.errors import GanatomyError, UsageError
from ganatomy.models.evaluating import home, passed, traced
from ganatomy.models.latent import Latent
from ganatomy.models.networks import require_labels
from ganatomy.results.endings import last_operation, refuse_undeclared_probability
from ganatomy.results.formats import Format, Score

PROBES = range(8)  # of seed 0; several, so that a batch axis is not mistaken for another and a range is met


def check_generator(generator: nn.Module, latent: Latent, *, format: Format) -> tuple[Tensor, Tensor | None]:
    """A few samples and their labels, once shape, range, finiteness and independence within a batch are checked."""
    z, labels = latent.sample(0, PROBES), latent.labels(0, PROBES)
    samples = _tried(
        lambda: passed(generator, z, labels=labels, role="generator"),
        f"the generator does not take a {latent}",
        lambda: _remedy(generator, z, labels),
    )
    if len(samples) != len(PROBES):
        raise UsageError(
            f"the generator made {len(samples)} samples of {len(PROBES)} latents", "its first axis is the batch"
        )
    format.check(samples, "the generator's samples")
    _check_range(generator, samples, z, labels=labels, format=format)
    alone = passed(generator, z[-1:], labels=None if labels is None else labels[-1:])
    # Rounding differs between batch sizes by a few units in the last place, of the coarsest type there is.
    eps = max(torch.finfo(kind).eps for kind in (samples.dtype, home(generator)[1]))
    slack = 3 * eps**0.5 * max(1.0, float(samples.abs().max()))
    if float((alone - samples[-1:]).abs().max()) > slack:
        raise UsageError(
            "the generator gives one latent two different samples, alone and in a batch",
            "let it draw no noise of its own and use no batch statistics in eval mode",
        )
    return samples, labels


def check_critic(critic: nn.Module, samples: Tensor, *, labels: Tensor | None, score: Score) -> None:
    """One finite number a sample, within [0, 1] if declared a probability, and declared so if it is one."""
    raw = _tried(
        lambda: passed(critic, samples, labels=labels, role="critic"),
        f"the critic does not take samples of shape {tuple(samples.shape[1:])}",
        lambda: "give the generator and the critic one format",
    )
    if len(raw) != len(samples) or raw.numel() != len(samples):
        raise UsageError(
            f"the critic gives {tuple(raw.shape)} for {len(samples)} samples",
            "wanted is one number a sample: wrap a critic that also gives classes or patches",
        )
    if not bool(torch.isfinite(raw).all()):
        raise UsageError("the critic's scores hold NaN or infinite values", "check its weights")
    if score.kind == "probability":
        score.logit(raw.flatten())
    elif (out := traced(critic, samples, labels=labels)) is not None:
        refuse_undeclared_probability(out, score)


def check_labels(labels: Tensor | None, latent: Latent, *, n: int) -> None:
    """Labels exactly when the latent has classes: n whole numbers below them."""
    require_labels(labels, latent.classes)
    if labels is None:
        return
    if not isinstance(labels, Tensor):
        raise UsageError(f"labels of type {type(labels).__name__} were given", "give a tensor: torch.tensor([...])")
    if labels.shape != (n,) or labels.dtype != torch.int64:
        raise UsageError(
            f"labels of shape {tuple(labels.shape)} and type {labels.dtype} were given for {n} samples",
            f"wanted is one int64 a sample, shape ({n},)",
        )
    if n and (int(labels.min()) < 0 or int(labels.max()) >= latent.classes):
        raise UsageError(
            f"labels from {int(labels.min())} to {int(labels.max())} were given",
            f"the {latent.classes} classes are numbered from 0 to {latent.classes - 1}",
        )


def _check_range(generator: nn.Module, samples: Tensor, z: Tensor, *, labels: Tensor | None, format: Format) -> None:
    """Refuse what lies in [0, 1] and was declared to reach below 0.

    How the generator ends decides, where that can be seen: fresh weights may make samples on one side of 0 only.
    Else pictures that go far up and never below 0 are taken for such.
    """
    if format.low is None or format.high is None or format.low >= 0:
        return
    out = traced(generator, z, labels=labels)
    end = None if out is None else last_operation(out)
    low, high = float(samples.min()), float(samples.max())
    one_sided = format.kind == "picture" and low >= 0 and high >= format.high / 2
    if end == "Sigmoid" or (one_sided and end != "Tanh"):
        raise UsageError(
            f"the generator's samples lie in [{low:.3g}, {high:.3g}], declared was [{format.low:g}, {format.high:g}]",
            "if it ends in a sigmoid, say low=0.0, high=1.0",
        )


def _remedy(generator: nn.Module, z: Tensor, labels: Tensor | None) -> str:
    """What a generator that failed wants: latents as pictures of one pixel, if those work, else what it is given."""
    width = z.shape[1]
    if traced(generator, z[:, :, None, None], labels=labels) is not None:
        return f"ganatomy hands over (n, {width}): wrap it, as in forward = lambda z: g(z[:, :, None, None])"
    return f"it is called with z of shape (n, {width})" + ("" if labels is None else " and labels of shape (n,)")


def _tried(call: Callable[[], Tensor], said: str, remedy: Callable[[], str]) -> Tensor:
    try:
        return call()
    except GanatomyError:
        raise
    except Exception as error:  # whatever a foreign network may raise
        reason = str(error).strip().split("\n")[0]
        raise UsageError(f"{said} ({type(error).__name__}: {reason})", remedy()) from error
