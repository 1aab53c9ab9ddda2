"""The critic's score as a probability: which head it needs, how far it is calibrated, and the density ratio it implies.

    found = as_probability(gan, held_out, 1000, seed=0)
    found.explanation.note                                     # in plain sentences
    found.explanation.grades["platt: Spiegelhalter Z"]         # Measurements, for each head that was tried
    found.head, found.logits(lot)                              # for `selection`

Which side scores high is found first (`explain.critic.order`), and a reversed score is turned round and reported. Heads
are fitted on one half of the held-out samples and judged on the other, in which groups stay whole. The data must be
held out from the critic: those it was trained on look more real to it than real ones do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganatomy.data.dataset import Dataset
from ganatomy.errors import UsageError
from ganatomy.evaluate.trust.calibration import BINS, Reliability, bounds, calibration, reliability, uncalibrated
from ganatomy.evaluate.trust.heads import AS_IT_IS, Head, chosen, fitted, names_for
from ganatomy.evaluate.trust.ratio import MEAN, TINY, density_ratio, refitted_mean
from ganatomy.explain.critic.constant import refuse_constant
from ganatomy.explain.critic.lots import Lot, fakes, groups_of, reals, scored, together
from ganatomy.explain.critic.order import order, oriented
from ganatomy.explain.critic.scorer import Scorer, coupled, saturated
from ganatomy.explain.latent.explained import explained, stacked
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.numerics.random import Stream
from ganatomy.numerics.statistics.groups import split
from ganatomy.results.explanation import Explanation
from ganatomy.results.measurement import Measurement

TOGETHER = 16  # pictures that are scored together and alone
COUPLED = 0.01  # standard deviations by which a score may change with the batch
OFF = 0.1  # by how much the mean ratio must be away from 1 to be of interest


@dataclass(frozen=True, eq=False)
class Probability:
    """`head` is the one to use; `gan` has its score turned round where it was reversed; `real` are all logits of real.

    The units of the explanation are the heads; its arrays hold the reliability of each over its bins (NaN where equal
    scores leave a bin empty) and the logits it was judged on.
    """

    explanation: Explanation
    head: Head
    gan: GAN
    real: Tensor

    def logits(self, lot: Lot) -> Tensor:
        """log p / q of samples, (n,), float64, after the head."""
        with torch.no_grad():
            return self.head(Scorer(self.gan)(lot.pictures, lot.labels))


def as_probability(
    gan: GAN, held_out: Dataset, n: int = 1000, *, seed: int, bins: int = BINS, progress: Progress | None = None
) -> Probability:
    """n held-out samples (fewer where the data end) and as many generated ones; half of each fit, half judge."""
    if n < 8 * bins:
        raise UsageError(f"{n} samples for {bins} bins were asked for", f"take {8 * bins} or more, or fewer bins")
    enough(min(n, held_out.size) // 2, bins, held_out)
    ordered = order(gan, held_out, n, seed=seed)
    gan, turned = oriented(gan, ordered)
    scorer, stream = Scorer(gan), Stream(seed, "trust")
    real = scored(scorer, reals(gan, held_out, n))
    made = scored(scorer, fakes(gan, len(real), seed=seed, progress=progress))
    refuse_constant(torch.cat([real, made]))
    parts = _parted(real, made, groups_of(held_out, n), stream=stream)
    enough(len(parts.judge[0]), bins, held_out)
    head = chosen(parts.fit[0], parts.fit[1], kind=gan.score.kind, stream=stream.child("head"), groups=parts.groups[0])
    rows, heads = [], {}
    grades: dict[str, Measurement] = {}
    for name in names_for(gan.score.kind):
        heads[name] = fitted(name, *parts.fit)
        p, q = (heads[name](scores) for scores in parts.judge)
        judged = calibration(p, q, stream=stream.child(name), bins=bins, groups=parts.groups[1])
        judged |= density_ratio(p, q, stream=stream.child(name), groups=parts.groups[1])
        if name != AS_IT_IS:
            judged[MEAN.name] = refitted_mean(
                name, parts.fit, parts.judge[1], stream=stream.child(name), groups=parts.groups[0]
            )
        rows.append(_row(reliability(p, q, bins=bins), bins, p, q, judged))
        grades |= {f"{name}: {what}": measured for what, measured in judged.items()}
    cut = _of_cut(saturated(gan, torch.cat([real, made])), 2 * len(real))
    said = [ordered.note, turned, cut, *_said(gan, heads, head, grades), _of_batches(gan, held_out)]
    note = " ".join(each for each in said if each)
    found = explained(
        gan, "score as a probability", "real", units=list(heads), arrays=stacked(rows), note=note, seed=seed
    )
    return Probability(found.graded(grades), head, gan, head(real))


def enough(judging: int, bins: int, held_out: Dataset) -> None:
    """Two samples for each bin, real and generated together: a bin of one shows nothing."""
    if judging < bins:
        raise UsageError(
            f"calibration in {bins} bins was asked for, and of the {held_out.size} held-out samples of"
            f" {held_out.name!r} {judging} are left to judge by, once a head is fitted",
            f"give a data set of {2 * bins} or more ({8 * bins} for steady bins; groups stay whole), or fewer bins",
        )


@dataclass(frozen=True, eq=False)
class _Parts:
    """Scores of real and of generated samples, equally many, and the groups of the real ones; to fit and to judge."""

    fit: tuple[Tensor, Tensor]
    judge: tuple[Tensor, Tensor]
    groups: tuple[Tensor | None, Tensor | None]


def _parted(real: Tensor, made: Tensor, ids: Tensor | None, *, stream: Stream) -> _Parts:
    sides = split(len(real), (0.5, 0.5), stream=stream.child("real"), groups=ids)
    mixed = stream.child("made").permutation(0, len(made))
    cut = len(sides[0])
    return _Parts(
        (real[sides[0]], made[mixed[:cut]]),
        (real[sides[1]], made[mixed[cut:]]),
        (None, None) if ids is None else (ids[sides[0]], ids[sides[1]]),
    )


def _row(
    curve: Reliability, bins: int, real: Tensor, made: Tensor, judged: dict[str, Measurement]
) -> dict[str, Tensor | float | bool]:
    padded = {name: _padded(values, bins) for name, values in vars(curve).items()}
    values = {name.lower().replace(" ", "_").replace(",", ""): each.value for name, each in judged.items()}
    return {**padded, "real_logits": real, "made_logits": made, **values}


def _padded(values: Tensor, bins: int) -> Tensor:
    room = torch.full((bins,), torch.nan, dtype=torch.float64)
    room[: len(values)] = values.double()
    return room


def _said(gan: GAN, heads: dict[str, Head], head: Head, grades: dict[str, Measurement]) -> list[str]:
    said = []
    if gan.score.kind == "unbounded":
        said.append("The score is unbounded: by itself it says nothing of probabilities, so a head was fitted.")
    else:
        wrong = uncalibrated(_of(AS_IT_IS, grades))
        z = grades[f"{AS_IT_IS}: Spiegelhalter Z"].value
        said.append(f"As it is the logit is {wrong or 'not refuted as a probability'} (Spiegelhalter Z {z:.1f}).")
    mine = _of(head.name, grades)
    wrong = uncalibrated(mine)
    ece, ess, bound = mine["ECE"], mine["effective sample size"], mine["JSD, at least"]
    said.append(
        f"The head is {head.name} ({head.said}); on samples it was not fitted to, Z {mine['Spiegelhalter Z'].value:.1f}"
        f"{f' ({wrong})' if wrong else ''}, ECE {ece.value:.3f}, where a calibrated one reads {ece.floor:.3f}."
    )
    said += [_of_bound(bound), *_of_mean(mine[MEAN.name])]
    if ess.value < TINY:
        said.append(
            f"The effective sample size is {ess.value:.2%} of the samples: a few would decide whatever is weighted."
        )
    falling = [each.name for each in heads.values() if each.falls]
    if falling:
        said.append(f"A higher score is no likelier to be real here, by: {', '.join(falling)}.")
    if gan.latent.classes:
        said.append("The critic is told classes, so its ratio is one for each class, and says nothing of their shares.")
    return said


def _of_bound(bound: Measurement) -> str:
    """The low end of the interval: half of all estimates of a bound lie above it."""
    least = max(0.0, bounds(bound).low)
    return f"The laws are at least {least:.3f} nats apart (of log 2 = 0.693; the estimate is {bound.value:.3f})."


def _of_mean(mean: Measurement) -> list[str]:
    """Nothing unless its whole interval is off by more than is of interest."""
    low, high = bounds(mean).low, bounds(mean).high
    if low <= 1 + OFF and high >= 1 - OFF:
        return []
    return [
        f"On generated samples the ratio averages {mean.value:.3g} [{low:.3g}, {high:.3g}], more than {OFF:.0%} away"
        " from 1: it is wrong, or too few show it."
    ]


def _of_cut(cut: int, many: int) -> str:
    told = f"{cut} of {many} scores are saturated, and their logits cut: take the critic's last sigmoid away."
    return told if cut else ""


def _of(name: str, grades: dict[str, Measurement]) -> dict[str, Measurement]:
    return {each.name: each for key, each in grades.items() if key.startswith(f"{name}: ")}


def _of_batches(gan: GAN, held_out: Dataset) -> str:
    few = together(reals(gan, held_out, TOGETHER))
    change = coupled(gan, few.pictures, few.labels)
    return "" if change <= COUPLED else f"A score belongs to its batch: alone it differs by up to {change:.2g} sd."
