"""Theory of two densities: how far apart, what the best critic is, how near a trained one comes, what it teaches.

shown = divergences(progress)
print(shown.said, shown.table())
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING

import torch
from torch import nn

from ganatomy.games.losses import LOSSES, smoothed
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.theory.densities import Density, bells, gaussian
from ganatomy.theory.divergences import divergences as all_divergences
from ganatomy.theory.optimal import best_value, optimum
from ganatomy.theory.penalised import penalised
from ganatomy.theory.regret import over_steps, ratio_map
from ganatomy.theory.transport import potential, wasserstein
from ganatomy.theory.vanishing import gaussian_gradients, parting
from ganatomy.verbs.theories.shown import Progress, Shown
from ganatomy.views.theory import apart, parted
from ganatomy.views.theory_curves import best_critics, nearing, two_gradients

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NORMAL, TWO = gaussian(0.0, 1.0), bells([-2.0, 2.0], [0.5, 0.5])
PAIRS: dict[str, tuple[Density, Density]] = {
    "A: N(0, 1), N(1, 1)": (NORMAL, gaussian(1.0, 1.0)),
    "B: N(0, 1), N(.5, 1.5^2)": (NORMAL, gaussian(0.5, 1.5**2)),
    "C: N(-2, .5^2) + N(2, .5^2), N(0, 1.5^2)": (TWO, gaussian(0.0, 1.5**2)),
    "D: the same, N(-2, .5^2)": (TWO, gaussian(-2.0, 0.5**2)),
    "E: N(0, 1), N(4, 1)": (NORMAL, gaussian(4.0, 1.0)),
}
DRAWN = "C: N(-2, .5^2) + N(2, .5^2), N(0, 1.5^2)"
MARKS, BATCH, RATE = (10, 30, 100, 300, 1000), 512, 2e-3
SHIFTS = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
FAINT = 1e-3  # of a pull
SEEN = torch.linspace(-5.0, 5.0, 401, dtype=torch.float64)[:, None]


def divergences(progress: Progress) -> Shown:
    """Five pairs on the line."""
    found = {}
    for done, (name, (p, q)) in enumerate(PAIRS.items()):
        found[name] = {**all_divergences(p, q), "W1": wasserstein(p, q)}
        progress(done + 1, len(PAIRS))
    rows = [(pair, name, each.value, each.error) for pair, all_ in found.items() for name, each in all_.items()]
    off = max(abs(each["V"].value + math.log(4) - 2 * each["JSD"].value) for each in found.values())
    infinite = sum(math.isinf(value) for _, _, value, _ in rows)

    def figure() -> Figure:
        drawn = apart(*PAIRS[DRAWN], found=found[DRAWN])
        drawn.suptitle(f"Pair {DRAWN}", fontsize=9, x=0.01, ha="left")
        return drawn

    said = f"V + log 4 - 2 JSD is at most {off:.1g} on {len(PAIRS)} pairs; {infinite} of {len(rows)} are infinite"
    return Shown(said, ("pair", "divergence", "value", "error at most"), tuple(rows), figure)


def critics(progress: Progress) -> Shown:
    """The best critic of every loss on one pair."""
    p, q = PAIRS[DRAWN]
    losses = {**LOSSES, "minimax, smoothed by 0.1": smoothed(LOSSES["minimax"], 0.1)}
    lines, rows = {}, []
    for done, (name, loss) in enumerate(losses.items()):
        if name == "wasserstein":
            worth, sentence = wasserstein(p, q).scaled(-1.0), "Slope 1 or -1: the sign of F_q - F_p."
            line = potential(p, q)(SEEN)
            line = line - line.mean()  # a constant is free
        else:
            best = optimum(loss)
            worth, sentence, line = best_value(loss, p, q), best.sentence, best.critic(p, q)(SEEN)
        lines[name] = line
        rows.append((name, sentence, worth.value, f"{worth.error:.1e}"))
        progress(done + 1, len(losses) + 1)
    bent = penalised(LOSSES["minimax"], p, q, r1=1.0, r2=1.0)
    lines["minimax, R1 and R2 of 1"] = bent.critic(SEEN)
    rows.append(("minimax, R1 and R2 of 1", "No formula: solved for on 4001 points.", bent.loss, "not bounded"))
    progress(len(losses) + 1, len(losses) + 1)
    densities = {"real": p.log_density(SEEN).exp(), "generated": q.log_density(SEEN).exp()}
    return Shown(
        f"with R1 and R2 of 1 the logistic critic's loss stays {bent.loss - rows[0][2]:.3g} above its least",
        ("loss", "its best critic", "loss there", "error at most"),
        tuple(rows),
        lambda: best_critics(SEEN[:, 0], densities, lines),
    )


def regret(progress: Progress) -> Shown:
    """A critic of 64 and 64 units trained on fresh samples."""
    p, q = PAIRS[DRAWN]
    kept = _trained(p, q, progress)
    steps = over_steps(LOSSES["minimax"], kept, p, q)
    rows = [
        (each.step, each.regret.value, each.regret.error, each.gap, each.worst, each.weighted, each.unweighted)
        for each in steps
    ]
    shown = ratio_map(LOSSES["minimax"], kept[-1][1], p, q, side=401)
    last = steps[-1]
    names = ("step", "regret", "error at most", "mean |D - D*|", "largest", "log ratio, weighted", "unweighted")
    said = (
        f"after {last.step} steps the loss lies {last.regret.value:.2g} above the least, mean |D - D*| {last.gap:.2g}; "
        f"the log ratio is off by {last.weighted:.2g} where there is mass, {last.unweighted:.2g} with the tails"
    )
    return Shown(said, names, tuple(rows), lambda: nearing(steps, shown))


def gradients(progress: Progress) -> Shown:
    """N(0, 1) against N(t, 1)."""
    rows = []
    for done, t in enumerate(SHIFTS):
        saturating, other = gaussian_gradients(t)
        rest = saturating.value + other.value - t
        rows.append((t, saturating.value, other.value, rest, saturating.error + other.error))
        progress(done + 1, len(SHIFTS))
    off = max(abs(row[3]) for row in rows)
    return Shown(
        f"the two add up to t within {off:.1g}; at t = {rows[-1][0]:g} the saturating one is {rows[-1][1]:.2g}",
        ("t", "saturating", "non-saturating", "sum less t", "error at most"),
        tuple(rows),
        lambda: two_gradients(SHIFTS, [row[1] for row in rows], [row[2] for row in rows]),
    )


def vanishing(progress: Progress) -> Shown:
    """The same two bells drawn apart, under every loss."""
    found = parting(SHIFTS)
    progress(1, 1)
    tables = {**found.apart, **{f"pull, {name}": row for name, row in found.pulls.items()}}
    rows = tuple(zip(SHIFTS, *(row.tolist() for row in tables.values()), strict=True))
    dead = [name for name, row in found.pulls.items() if float(row[-1]) < FAINT]
    said = f"at distance {SHIFTS[-1]:g} the mean pull is below {FAINT:g} under " + ", ".join(dead)
    return Shown(said, ("distance", *tables), rows, lambda: parted(found))


def _trained(p: Density, q: Density, progress: Progress) -> list[tuple[int, nn.Module]]:
    """Copies at the marks; Adam with a rate that falls to 0."""
    critic = MLP(Format.point(1), Normal(1), critic_hidden=(64, 64), dropout=0.0).critic(0)
    adam = torch.optim.Adam(critic.parameters(), RATE)
    slowing = torch.optim.lr_scheduler.CosineAnnealingLR(adam, MARKS[-1])
    kept: list[tuple[int, nn.Module]] = [(0, copy.deepcopy(critic))]
    for step in range(1, MARKS[-1] + 1):
        rows = range(BATCH * (step - 1), BATCH * step)
        real, fake = (each.sample(Stream(0, f"theory/{k}"), rows).float() for k, each in (("p", p), ("q", q)))
        adam.zero_grad()
        LOSSES["minimax"].critic(critic(real), critic(fake)).backward()
        adam.step()
        slowing.step()
        if step in MARKS:
            kept.append((step, copy.deepcopy(critic)))
            progress(step, MARKS[-1])
    return kept
