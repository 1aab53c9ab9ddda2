"""Attributions put to the test: measurements with intervals and floors, claims against the floors, and a caption.

    methods = {"gradient": Method(gradient, "slope"), "integrated gradients": Method(integrated, "share")}
    found = grades(Scorer(gan), methods, pictures, baseline=black, format=gan.format)
    found["gradient"].measurements["insertion - deletion"]          # 0.31, [0.24, 0.38], floor 0.003, n 16
    found["gradient"].caption                   # "Beats random attributions at ...; changes (rho = 0.03) when ..."
    explanation = filled(explanation, found["gradient"])            # with its grades, the caption in its note
    explanation = graded(explanation, Scorer(gan), methods["gradient"], baseline=black, format=gan.format)    # in one

A map beats a floor where its advantage over the pictures, each paired with itself, is shown to be above the smallest
that counts. The floors: random attributions; the edges of the picture, with the sign that does better, since a score
may well fall where there is most to see; and the method itself on a critic with random weights. All claims of the
methods graded together are one family (Benjamini-Hochberg). Intervals are about pictures: draws and redrawn weights
stay as they are. Ten or more pictures are wanted; one decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.faithfulness.cases import Bound, Case, case_of, maps_of
from ganatomy.evaluate.faithfulness.controls import edges
from ganatomy.evaluate.faithfulness.judging import ABSOLUTE, SIGNED, Grades, joined, judged
from ganatomy.evaluate.faithfulness.planned import PART, GradePlan, Method
from ganatomy.evaluate.faithfulness.randomised import Likeness, cascade, layers, randomised, similarity
from ganatomy.evaluate.faithfulness.readings import Part, Readings, prepared, readings, stream_of
from ganatomy.evaluate.faithfulness.sensitivity import sensitivity
from ganatomy.models.evaluating import evaluating
from ganatomy.results.explanation import Explanation
from ganatomy.results.formats import Format
from ganatomy.results.record import Array

SAME = 1e-3  # of the largest value: what maps may differ by when they are made again
BRIGHT, DARK = "/edges", "/edges turned"  # stand beside the methods under these names


def grades(
    network: nn.Module,
    methods: Mapping[str, Method],
    pictures: Tensor,
    *,
    baseline: Tensor,
    format: Format,
    labels: Tensor | None = None,
    plan: GradePlan | None = None,
) -> dict[str, Grades]:
    """`network`: pictures -> (n,), or with labels. The baseline is one sample for all pictures or one for each."""
    plan = plan or GradePlan()
    if not methods or {BRIGHT, DARK} & set(methods):
        raise UsageError(
            f"methods called {list(methods)} were given to grade", f"give one or more, and none called {BRIGHT!r}"
        )
    format.check(pictures, "pictures")
    with evaluating(network):
        cases = list(_cases(network, pictures, baseline, labels))
        _check_scores(torch.cat([torch.cat([case.scores, case.blank]) for _, case in cases]))
        scale = _unit(torch.cat([case.change for _, case in cases]))
        noise = any(method.promises("noise") for method in methods.values())
        tables = []
        for bound, case in cases:
            part = prepared(case, scale=scale, span=_span(format, pictures), plan=plan, noise=noise)
            tables.append(_graded(bound, part, methods, plan, _span(format, pictures)))
    read = {name: joined([table[name] for table in tables]) for name in tables[0]}
    sides = [read.pop(side) for side in (BRIGHT, DARK)]
    return judged(read, edges=sides, plan=plan)


def filled(explanation: Explanation, found: Grades) -> Explanation:
    """The explanation with these grades, and the caption at the end of its note."""
    note = f"{explanation.note} {found.caption}".strip()
    return replace(explanation.graded(found.measurements), note=note)


def graded(
    explanation: Explanation,
    network: nn.Module,
    method: Method,
    *,
    baseline: Tensor,
    format: Format,
    labels: Tensor | None = None,
    plan: GradePlan | None = None,
) -> Explanation:
    """An explanation that holds "maps" and their "pictures", graded alone: its claims are a family of their own."""
    pictures, maps = (torch.from_numpy(_held(explanation, name).copy()) for name in ("pictures", "maps"))
    few, own = pictures[:PART], None if labels is None else labels[:PART]
    again = maps_of(method.attribute, network if own is None else Bound(network, own), few)
    if maps.shape != pictures.shape or float((again - maps[:PART]).abs().max()) > SAME * float(again.abs().max()):
        raise UsageError(
            f"{explanation.method}: the maps are not those that the method now makes of the pictures",
            "grade with the network, the method and the baseline that the explanation was made with",
        )
    named = {explanation.method: method}
    found = grades(network, named, pictures, baseline=baseline, format=format, labels=labels, plan=plan)
    return filled(explanation, found[explanation.method])


def _held(explanation: Explanation, name: str) -> Array:
    if name not in explanation.arrays:
        raise UsageError(
            f"{explanation.method}: an explanation without {name} was to be graded",
            "give one whose arrays hold maps and their pictures",
        )
    return explanation.arrays[name]


def _cases(
    network: nn.Module, pictures: Tensor, baseline: Tensor, labels: Tensor | None
) -> Iterator[tuple[nn.Module, Case]]:
    every = baseline.expand_as(pictures) if baseline.dim() < pictures.dim() or len(baseline) == 1 else baseline
    for first in range(0, len(pictures), PART):
        rows = slice(first, first + PART)
        bound = network if labels is None else Bound(network, labels[rows])
        yield bound, case_of(bound, pictures[rows], every[rows], start=first)


def _check_scores(scores: Tensor) -> None:
    if float(scores.min()) == float(scores.max()):
        raise InputError("the critic gives all pictures the same score", "give a critic that looks at pictures")


def _unit(change: Tensor) -> float:
    """Root mean square, or 1 where the score does not change at all."""
    return float(change.square().mean().sqrt()) or 1.0


def _span(format: Format, pictures: Tensor) -> float:
    """The width of the format's range; of the pictures' own where it has none."""
    low, high = format.bounds or (float(pictures.min()), float(pictures.max()))
    return high - low


def _graded(
    network: nn.Module, part: Part, methods: Mapping[str, Method], plan: GradePlan, span: float
) -> dict[str, Readings]:
    case = part.case
    maps = {name: maps_of(method.attribute, network, case.pictures) for name, method in methods.items()}
    read = {name: readings(part, maps[name], method.kind, plan=plan) for name, method in methods.items()}
    alike = _similarities(network, case, methods, maps, plan)
    for name, method in methods.items():
        moved = sensitivity(
            lambda pictures, method=method: maps_of(method.attribute, network, pictures),  # type: ignore[misc]
            case,
            maps[name],
            radius=plan.radius * span,
            draws=plan.nudges,
            stream=stream_of(plan, "nudges"),
        )
        own = {**read[name].own, "maximum sensitivity": moved, **alike[name]}
        random = {**read[name].random, **{key: torch.zeros_like(moved) for key in alike[name]}}
        read[name] = Readings(own, random)
    drawn = maps_of(edges, network, case.pictures)
    sides = {BRIGHT: drawn, DARK: -drawn}
    return read | {name: readings(part, each, "rank", plan=plan) for name, each in sides.items()}


@dataclass(frozen=True)
class _Redraw:
    """So many layers from the top, by the given redraw; `says` names the steps before the last."""

    says: str
    top: int
    redraw: int


def _redraws(total: int, plan: GradePlan) -> list[_Redraw]:
    steps = cascade(total, plan.stages)
    partly = [_Redraw(f"similarity with the top {top} of {total} layers random", top, 0) for top in steps[:-1]]
    return partly + [_Redraw("", total, redraw) for redraw in range(plan.redraws)]


def _similarities(
    network: nn.Module, case: Case, methods: Mapping[str, Method], maps: Mapping[str, Tensor], plan: GradePlan
) -> dict[str, dict[str, Tensor]]:
    """Of each method, (n,) under each name; one redrawn critic at a time is in memory."""
    stages = layers(network, case.pictures)
    found: dict[str, dict[str, Tensor]] = {name: {} for name in methods}
    whole: dict[str, list[Likeness]] = {name: [] for name in methods}
    for each in _redraws(len(stages), plan):
        stream = stream_of(plan, f"weights/{each.redraw}")
        twin = randomised(network, stages[: each.top], stream=stream, pictures=case.pictures)
        for name, method in methods.items():
            like = similarity(maps[name], maps_of(method.attribute, twin, case.pictures))
            if each.says:
                found[name] |= {each.says: like.signed, f"{each.says}, absolute": like.absolute}
            else:
                whole[name].append(like)
    for name, likes in whole.items():
        found[name] |= {
            SIGNED: torch.stack([like.signed for like in likes]).mean(0),
            ABSOLUTE: torch.stack([like.absolute for like in likes]).mean(0),
        }
    return found
