"""The inception-style score under a classifier of one's own: are samples of clear classes, and of all of them?

    counted = Classified.of(judge.predict(samples, format), stream=at)      # merges by +
    class_score(counted, space=judge.space().id)                            # "IS[classifier-0123456789ab]"

exp of the mean KL(p(y|x) || p(y)), p(y) the mean over all samples: from 1 to the number of classes (Salimans et al.
2016). All samples make one split: splits bias it down and, of samples sorted by class, make nonsense. Real samples do
not reach the number of classes; measure some beside it. One picture a class, repeated, has the best score there is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.pairs import BLOCKS, Readings
from ganatomy.evaluate.quality.plug_in import jackknifed
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.measurement import Measurement

SLACK = 1e-4  # how far float32 probabilities may sum beside 1


@dataclass(frozen=True, eq=False)
class Classified:
    """Of `BLOCKS` blocks: how many samples, the sum of their probabilities, the sum of their negative entropies."""

    counts: Tensor
    mass: Tensor
    certainty: Tensor

    @classmethod
    def of(cls, probabilities: Tensor, *, stream: Stream, first: int = 0) -> Classified:
        """Probabilities (n, classes); sample i, counted from `first` on, falls into a block by its address."""
        p = probabilities.detach().double().cpu()
        if p.dim() != 2 or p.shape[1] < 2 or not len(p):
            raise UsageError(f"probabilities of shape {tuple(p.shape)} were given", "give (samples, classes)")
        total = p.sum(1, keepdim=True)
        if not bool(((p >= 0) & ((total - 1).abs() <= SLACK)).all()):
            raise InputError("rows were given that are no probabilities", "give a softmax, not logits")
        p = p / total
        part = stream.child("blocks").integers(range(first, first + len(p)), BLOCKS)
        certainty = torch.xlogy(p, p).sum(1)
        return cls(
            torch.bincount(part, minlength=BLOCKS).double(),
            torch.zeros(BLOCKS, p.shape[1], dtype=torch.float64).index_add_(0, part, p),
            torch.zeros(BLOCKS, dtype=torch.float64).index_add_(0, part, certainty),
        )

    def __add__(self, other: Classified) -> Classified:
        if self.mass.shape != other.mass.shape:
            raise UsageError("probabilities of different numbers of classes were merged", "use one classifier")
        return Classified(self.counts + other.counts, self.mass + other.mass, self.certainty + other.certainty)

    def information(self, which: Sequence[int]) -> float:
        """The mean KL in nats: the mean negative entropy less that of the mean."""
        at = torch.tensor(list(which))
        n = self.counts[at].sum()
        mean = self.mass[at].sum(0) / n
        return max(float(self.certainty[at].sum() / n - torch.xlogy(mean, mean).sum()), 0.0)


def class_score(counted: Classified, *, space: str) -> Readings:
    """`space` is the classifier's id, with the hash of its weights, and part of the name; the floor is 1.

    The interval is about the score of endless samples: the bias, about (classes - 1) / 2n nats, is taken off for it.
    """
    if bool((counted.counts == 0).any()):
        raise UsageError("some blocks hold no sample", f"give {10 * BLOCKS} samples or more")
    n, classes = int(counted.counts.sum()), counted.mass.shape[1]
    seen = jackknifed(counted.information, (counted.counts / n).tolist())
    nats = seen.interval(seen.corrected, low=0.0, high=math.log(classes))
    within = Interval(math.exp(nats.low), math.exp(nats.high), nats.level, f"{nats.method}, on nats")
    name = f"IS[{space}]"
    said = f"exp of the mean KL to the mean of all samples, one split, float64, {classes} classes"
    return {name: Measurement(name, math.exp(seen.value), n, said, "high", within, 1.0, space)}
