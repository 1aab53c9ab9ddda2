"""Does a game turn, shrink or leave: eigenvalues of its Jacobian at the checkpoints of a run, and the ways between.

    found = turning(gan, fields_of("runs/0001-digits-mlp-s0"), rounds=[16, 128, 1024, 3500], record=recorded(folder))
    found.rates.arrays["real"], found.rates.arrays["imag"]      # (checkpoints, ENDS), beside "speed" and "residual"
    found.paths.arrays["cosine"]                                # (ways, places): of v with the way to the next one
    found.readings.arrays["rank"]                               # (readings, SPECTRAL): rank correlations

Eigenvalues say what happens next only where |v| is small. On a way from one checkpoint to the next, v that points on at
its begin and back at its end is attraction to something between; only there the height far from it tells pull from
turning (Berard et al. 2020).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.explain.game.rates import Rates, rates
from ganatomy.explain.game.record import Record
from ganatomy.explain.game.turning_fields import Fields
from ganatomy.explain.latent.explained import Row, explained, stacked
from ganatomy.explain.passes import Progress
from ganatomy.models.gan import GAN
from ganatomy.results.explanation import Explanation
from ganatomy.theory.field import Field
from ganatomy.theory.spectra import PathAngle, path_angle
from ganatomy.training.threads import threads

ENDS = ("largest", "rightmost", "rotating")
SPECTRAL = ("largest", "growth", "turning")  # |lambda|, the largest real part, the largest imaginary part
READINGS = ("gap", "critic.relative", "norm.critic", "norm.generator", "norm.ratio", "average.distance", "drift")
FEWEST = 6  # checkpoints from which a rank correlation is told
NEAR = 0.15  # a reading belongs to a checkpoint if it was taken within so much of its round
PLACES = tuple(round(-0.5 + 0.1 * place, 1) for place in range(21))
OUTER = 0.3  # before the begin and beyond the end of a way: there lies the plateau


@dataclass(frozen=True, eq=False)
class Turned:
    """`readings` has no units where too few checkpoints have readings."""

    rates: Explanation
    paths: Explanation
    readings: Explanation


@dataclass(frozen=True, eq=False)
class Moment:
    round: int
    weights: Tensor
    critic: float  # |v| of each player
    generator: float
    rates: Rates

    @property
    def speed(self) -> float:
        return float((self.critic**2 + self.generator**2) ** 0.5)

    @property
    def spectral(self) -> tuple[float, float, float]:
        """NaN for what was not found, or not exactly enough."""
        told = [getattr(self.rates, end) for end in ENDS]
        values = (abs(told[0].value), told[1].value.real, told[2].value.imag or math.nan)
        return tuple(value if each.told else float("nan") for value, each in zip(values, told, strict=True))  # type: ignore[return-value]


def turning(
    gan: GAN, fields: Fields, *, rounds: Sequence[int], record: Record, progress: Progress | None = None
) -> Turned:
    """`gan` is whom it is told of; two checkpoints or more."""
    if len(rounds) < 2:
        raise UsageError(
            f"the turning of {len(rounds)} checkpoint was asked for",
            "it wants earlier ones: train with cadence.milestones on",
        )
    moments: list[Moment] = []
    ways: list[PathAngle] = []
    with threads(fields.setup.threads or torch.get_num_threads()):
        for done, step in enumerate(rounds):
            field, weights = fields.at(step)
            if moments:  # by the game of the later one
                ways.append(path_angle(field, moments[-1].weights, weights, places=PLACES))
            moments.append(_moment(field, weights, step, fields.seed))
            if progress is not None:
                progress(done + 1, len(rounds))
    return Turned(
        _rates(gan, moments, fields),
        _paths(gan, moments, ways, fields.seed),
        _readings(gan, moments, record, fields.seed),
    )


def _moment(field: Field, weights: Tensor, step: int, seed: int) -> Moment:
    here = field.at(weights)
    critic, generator = (float(part.norm()) for part in (here.value[: field.split], here.value[field.split :]))
    return Moment(step, weights, critic, generator, rates(here, seed=seed))


def _rates(gan: GAN, moments: Sequence[Moment], fields: Fields) -> Explanation:
    rows: list[Row] = []
    for each in moments:
        ends = [getattr(each.rates, end) for end in ENDS]
        values = torch.tensor([end.value for end in ends], dtype=torch.complex128)
        rows.append(
            {
                "round": torch.tensor(each.round),
                "speed": each.speed,
                "speed.critic": each.critic,
                "speed.generator": each.generator,
                "real": values.real.clone(),
                "imag": values.imag.clone(),
                "residual": torch.tensor([end.residual for end in ends], dtype=torch.float64),
                "ratio": torch.tensor([end.ratio for end in ends], dtype=torch.float64),
                "told": torch.tensor([end.told for end in ends]),
                "products": torch.tensor(each.rates.products),
            }
        )
    units, note = [f"round {each.round}" for each in moments], f"{_said(moments)} {fields.told}"
    return explained(gan, "turning", "rates", units=units, arrays=stacked(rows), note=note, seed=fields.seed)


def grows(found: Rates) -> bool:
    return found.rightmost.told and found.rightmost.value.real > 0


def turns(found: Rates) -> bool:
    """Its fastest turning is faster than that part of it grows or dies."""
    return found.rotating.told and found.rotating.ratio > 1


def _said(moments: Sequence[Moment]) -> str:
    """What was found, and what it is worth."""
    many, table = len(moments), [each.rates for each in moments]
    growing = [each.rightmost.value.real for each in table if grows(each)]
    turning_ = [each for each in table if each.rotating.told and each.rotating.value.imag > 0]
    fast = sum(map(turns, table))
    parts = [f"{many} checkpoints, rounds {moments[0].round} to {moments[-1].round}."]
    parts.append(
        f"Something grows at {len(growing)} of them (largest real part {_span(growing)})."
        if growing
        else "Nothing that grows was found."
    )
    if turning_:
        speeds = _span([each.rotating.value.imag for each in turning_])
        parts.append(
            f"Turning was found at {len(turning_)} (fastest {speeds}), at {fast} of them faster than it grows or dies."
        )
    else:
        parts.append("No turning was found beside the fastest rates.")
    quiet = min(moments, key=lambda each: each.speed)
    parts.append(
        f"|v| is {moments[0].speed:.2g} at first, {quiet.speed:.2g} at least (round {quiet.round}) and "
        f"{moments[-1].speed:.2g} at the end: rates say what happens next only where it is small."
    )
    off = sum(not getattr(each, end).told for each in table for end in ENDS)
    if off:
        parts.append(f"{off} of {many * len(ENDS)} rates were not found exactly enough and are left out.")
    return " ".join(parts)


def _span(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2g}", f"{max(values):.2g}"
    return low if low == high else f"{low} to {high}"


def _paths(gan: GAN, moments: Sequence[Moment], ways: Sequence[PathAngle], seed: int) -> Explanation:
    by_chance = 1 / len(moments[0].weights) ** 0.5  # the size of a cosine of random ways
    arrays = stacked([_path(way, 2 * by_chance) for way in ways]) | {
        "next": _straight([each.weights for each in moments])
    }
    there = arrays["attracted"]
    heights = arrays["plateau"][there].tolist()
    if heights:
        said = (
            f"On {len(heights)} of {len(ways)} ways from a checkpoint to the next v points on at the begin and back at "
            f"the end, as it does around what attracts. Far from there |cosine| is {_span(heights)}: beside a rest 1 "
            "is pull alone and 0 turning alone, but whatever of v lies across the way lowers it, too."
        )
    else:
        said = (
            f"On none of {len(ways)} ways from a checkpoint to the next does v point on at the begin and back at the "
            "end: nothing attracts between them, so the height of these curves says nothing of turning."
        )
    straight = arrays["next"][arrays["next"].isfinite()].tolist()
    if straight:
        said += f" Each way has a cosine of {_span(straight)} with the next (1: straight on, below 0: back)."
    said += f" The largest |cosine| is {float(arrays['cosine'].abs().max()):.2g}; of random ways it is {by_chance:.1g}."
    units = [f"round {early.round} to {late.round}" for early, late in pairwise(moments)]
    return explained(gan, "turning", "ways", units=units, arrays=arrays, note=said, seed=seed)


def _path(way: PathAngle, least: float = 0.0) -> Row:
    """A sign is one from `least` on."""
    places, cosine = torch.as_tensor(way.places), torch.as_tensor(way.cosine)
    outer = (places <= -OUTER) | (places >= 1 + OUTER)
    begin, end = (float(cosine[(places - at).abs().argmin()]) for at in (0.0, 1.0))
    return {
        "places": places,
        "cosine": cosine,
        "speed": torch.as_tensor(way.speed),
        "begin": begin,
        "end": end,
        "attracted": begin > least and end < -least,
        "plateau": float(cosine[outer].abs().mean()),
    }


def _straight(weights: Sequence[Tensor]) -> Tensor:
    """The cosine of each way with the next one; NaN for the last."""
    ways = [late - early for early, late in pairwise(weights)]
    found = [float(torch.cosine_similarity(early, late, dim=0)) for early, late in pairwise(ways)]
    return torch.tensor([*found, float("nan")], dtype=torch.float64)


def _readings(gan: GAN, moments: Sequence[Moment], record: Record, seed: int) -> Explanation:
    """Rank correlations of what is cheap with the spectrum, and as a control those of the round itself."""
    truth = torch.tensor([each.spectral for each in moments], dtype=torch.float64)
    cheap = {"|v|": torch.tensor([each.speed for each in moments], dtype=torch.float64)}
    cheap |= {name: _near(record, name, [each.round for each in moments]) for name in READINGS}
    rounds = torch.tensor([float(each.round) for each in moments], dtype=torch.float64)
    rows = {}
    for name, values in cheap.items():
        there = [values.isfinite() & column.isfinite() for column in truth.T]
        row = [
            (_rank(values[at], column[at]), _rank(rounds[at], column[at]), int(at.sum()))
            for at, column in zip(there, truth.T, strict=True)
        ]
        if any(math.isfinite(rank) for rank, _, _ in row):
            rows[name] = torch.tensor(row, dtype=torch.float64)
    table = torch.stack(list(rows.values())) if rows else torch.empty(0, len(SPECTRAL), 3, dtype=torch.float64)
    arrays = {"rank": table[..., 0], "control": table[..., 1], "checkpoints": table[..., 2]}
    return explained(gan, "turning", "readings", units=list(rows), arrays=arrays, note=_ranked(rows), seed=seed)


def _near(record: Record, name: str, rounds: Sequence[int]) -> Tensor:
    """The reading that was taken nearest to each round; NaN where none was near."""
    at, values = record.course(name)
    found = torch.full((len(rounds),), torch.nan, dtype=torch.float64)
    for place, step in enumerate(rounds if len(at) else ()):
        away = (at - step).abs()
        if int(away.min()) <= NEAR * step:
            found[place] = values[away.argmin()]
    return found


def _rank(values: Tensor, truth: Tensor) -> float:
    """Spearman's; NaN for too few, or where one never varies."""
    if len(values) < FEWEST:
        return math.nan
    ranks = torch.stack(
        [(x[:, None] > x).double().sum(1) + 0.5 * (x[:, None] == x).double().sum(1) for x in (values, truth)]
    )
    ranks = ranks - ranks.mean(1, keepdim=True)
    size = float(ranks.norm(dim=1).prod())
    return float((ranks[0] * ranks[1]).sum()) / size if size > 0 else math.nan


def _ranked(rows: Mapping[str, Tensor]) -> str:
    """For each number of the spectrum the reading that goes with it most, beside the round itself."""
    if not rows:
        return f"Which cheap readings go with the rates cannot be told: {FEWEST} checkpoints with readings are needed."
    names, table = list(rows), torch.stack(list(rows.values()))
    said = []
    for place, spectral in enumerate(SPECTRAL):
        column = table[:, place]
        if not bool(column[:, 0].isfinite().any()):
            continue
        best = int(column[:, 0].abs().nan_to_num(-1.0).argmax())
        rank, control, count = column[best].tolist()
        said.append(
            f"{names[best]} with {spectral} {rank:+.2f} (the round itself {control:+.2f}, {count:.0f} checkpoints)"
        )
    return (
        f"Rank correlations, the highest for each: {'; '.join(said)}. They come without an interval: checkpoints are "
        "few, neighbours are alike, and whatever drifts with the rounds goes with all else that does."
    )
