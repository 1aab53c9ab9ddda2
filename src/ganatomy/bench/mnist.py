"""Does `mnist-dcgan` reach digits of every class in ten minutes on two cores?

rows = mnist(progress=lambda done, total: None)         # MNIST is found where GANATOMY_DATA points, or downloaded
"""

from __future__ import annotations

import time

import torch

from ganatomy.bench.rows import Row
from ganatomy.bench.trained import Progress, trained, worst
from ganatomy.training.judge import judge_of

NAME, SEEDS, SAMPLES = "mnist-dcgan", (0,), 10_000
MINUTES = 10


def mnist(*, progress: Progress) -> list[Row]:
    """One seed, on all cores, with a clock on the wall: the target is a time."""
    shares, minutes = [], []
    for done, seed in enumerate(SEEDS):
        began = time.monotonic()
        run = trained(NAME, seed)
        minutes.append(round((time.monotonic() - began) / 60, 2))
        setup = run.setup
        judge = judge_of(setup.train, setup.held_out, seed=0)
        read = judge.predict(run.samples(SAMPLES), setup.train.format).argmax(1)
        shares.append(torch.bincount(read, minlength=10) / SAMPLES)
        progress(done + 1, len(SEEDS))
    return [
        worst(f"{NAME}: rarest class", [round(float(s.min()), 4) for s in shares], "of samples", at_least=0.05),
        worst(f"{NAME}: commonest class", [round(float(s.max()), 4) for s in shares], "of samples", at_most=0.15),
        worst(f"{NAME}: training", minutes, "minutes", at_most=MINUTES),
    ]
