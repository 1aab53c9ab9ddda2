"""Attribution of one number of each sample to its values, or to what is inside the network: one verb, many methods.

    plan = Plan(baseline=baseline("mean", gan.format, train))
    maps = attribute(Scorer(gan), pictures, "integrated-gradients", plan=plan)             # the shape of the pictures
    attribute(Scorer(gan), pictures, "deeplift", at="down1.act", plan=plan)                # of a site's activation
    attribute(Scorer(gan), pictures, "gradient", of=channel("down2.act", 3))               # one unit explained
    attribute(through(gan), z, "integrated-gradients", plan=Plan(baseline=zero()))         # over latents
    score, without = ends(Scorer(gan), pictures, plan=plan)                                # f(x), f(baseline)

Networks run in eval mode and are left as they were. They see at most ROWS rows at a time, and activations and maps are
all that grows with the number of samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError, choose
from ganatomy.explain.attribution.baselines import BASELINES
from ganatomy.explain.attribution.methods import METHODS, ROWS, Method, Plan, Rows
from ganatomy.explain.attribution.receptive import grid_of_site
from ganatomy.explain.attribution.targets import Explained, Function, Place, target_of
from ganatomy.explain.generator.sites import PROBED, inner_sites
from ganatomy.explain.passes import BLOCK
from ganatomy.models.evaluating import evaluating
from ganatomy.numerics.random import Stream
from ganatomy.tracing.site import Site
from ganatomy.tracing.unit import Unit

PLAN = Plan()
Block = tuple[Tensor, tuple[Tensor, ...]]  # samples, and their labels if any


def attribute(
    target: nn.Module | Function,
    pictures: Tensor,
    method: str,
    *,
    labels: Tensor | None = None,
    at: Place | None = None,
    of: Unit | None = None,
    plan: Plan = PLAN,
) -> Tensor:
    """The shape of what is attributed: the pictures; or, `at` a site, its activation, or one unit's part of it.

    Where the network is split at a site, the baseline is what the site shows for the baseline picture. Grad-CAM looks
    `at` the last site with a map if none is named; its map has the pictures' shape, the same in all channels, which
    sum to it. A batch gives what its pictures give one by one: all share the draws.
    """
    chosen = choose(METHODS, method, "method of attribution")
    _check_samples(pictures)
    _check_plan(method, chosen, plan)
    whole = target_of(target)
    if chosen.lifts:
        at = map_site(whole, pictures, at, labels=labels)
    asked, ways = Explained(whole, at, of), _ways(chosen, plan)
    parts = []
    with _running(asked):
        for block in _blocks(asked, pictures, labels):
            given = _whole(asked, block, plan) if chosen.lifts else _rows(asked, block, plan, ways)
            found = _joined([_mean(chosen.run(rows), ways) for rows in given])
            parts.append(found.to(pictures.device, pictures.dtype))
        result = _joined(parts)
        if chosen.lifts:
            result = _lifted(asked, result, next(_blocks(asked, pictures, labels)))
    if not _finite(result):
        raise InputError(f"{method} gave NaN or infinite values", "check the network's weights, and the pictures")
    return result


def ends(
    target: nn.Module | Function,
    pictures: Tensor,
    *,
    labels: Tensor | None = None,
    at: Place | None = None,
    of: Unit | None = None,
    plan: Plan = PLAN,
) -> tuple[Tensor, Tensor | None]:
    """f(x) and f(baseline), (n,): what complete methods share out. A set counts with its mean; None without any."""
    _check_samples(pictures)
    asked = Explained(target_of(target), at, of)
    one, every = _Ways(()), _Ways(range(0 if plan.baseline is None else plan.baseline.count))
    scores: list[Tensor] = []
    without: list[Tensor] = []
    with _running(asked), torch.no_grad():
        for block in _blocks(asked, pictures, labels):
            scores += [asked(rows.x, *rows.given) for rows in _rows(asked, block, plan, one)]
            if plan.baseline is not None:
                without += [_mean(asked(rows.base, *rows.given), every) for rows in _rows(asked, block, plan, every)]
    score = torch.cat(scores).to(pictures.device, pictures.dtype)
    return score, torch.cat(without).to(score) if without else None


@dataclass(frozen=True, eq=False)
class _Ways:
    """The rows of one sample: each with the number of its baseline and how far on the way to the sample it lies."""

    baselines: Sequence[int]  # none: one row without a baseline
    shares: Tensor | None = None

    @property
    def count(self) -> int:
        return max(1, len(self.baselines))


def _ways(chosen: Method, plan: Plan) -> _Ways:
    if plan.baseline is None or not chosen.needs_baseline:
        return _Ways(())
    if not chosen.drawn:
        return _Ways(range(plan.baseline.count))
    stream = Stream(plan.seed, "gradient shap")
    # One in each of equal parts of the way, and all baselines in turn: the same on average, with less error.
    shares = (torch.arange(plan.draws) + stream.uniform(range(plan.draws), dtype=torch.float64)) / plan.draws
    return _Ways((stream.permutation(0, plan.draws) % plan.baseline.count).tolist(), shares)


@contextmanager
def _running(asked: Explained) -> Iterator[None]:
    """Eval mode, with gradients even where the caller has switched them off."""
    with torch.inference_mode(False), torch.enable_grad(), evaluating(asked):
        yield


def _blocks(asked: Explained, pictures: Tensor, labels: Tensor | None) -> Iterator[Block]:
    device, dtype = asked.home(pictures)
    for first in range(0, len(pictures), BLOCK):
        part = slice(first, first + BLOCK)
        # What inference mode has made knows no gradients. Else a copy would only cost time: passes take their own.
        samples = pictures[part].detach().to(device, dtype, copy=pictures.is_inference())
        yield samples, () if labels is None else (labels[part].to(device, copy=True),)


def _whole(asked: Explained, block: Block, plan: Plan) -> Iterator[Rows]:
    """Samples as they are, at most ROWS at a time, for a method that reads the site itself."""
    samples, labels = block
    for first in range(0, len(samples), ROWS):
        few, *mine = (each[first : first + ROWS] for each in (samples, *labels))
        yield Rows(asked, few, tuple(mine), few, plan)


def _rows(asked: Explained, block: Block, plan: Plan, ways: _Ways) -> Iterator[Rows]:
    """At most ROWS at a time; those of a sample lie together."""
    samples, labels = block
    count, most = ways.count, max(1, ROWS // ways.count)
    for first in range(0, len(samples), most):
        few, mine = samples[first : first + most], [each[first : first + most] for each in labels]
        each_labels = [_times(each, count) for each in mine]
        x = base = _times(asked.read(few, *mine), count)
        if ways.baselines:
            assert plan.baseline is not None
            held = plan.baseline.of(few)[:, list(ways.baselines)].flatten(0, 1)
            base = asked.read(held, *each_labels)
        split = [] if asked.site is None else [_times(few, count)]
        shares = None if ways.shares is None else ways.shares.repeat(len(few))
        yield Rows(asked, x, (*split, *each_labels), base, plan, shares)


def _times(values: Tensor, count: int) -> Tensor:
    return values if count == 1 else values.repeat_interleave(count, 0)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def _mean(found: Tensor, ways: _Ways) -> Tensor:
    """Over the rows of each sample."""
    if ways.count == 1:
        return found.detach()
    mean: Tensor = found.detach().unflatten(0, (-1, ways.count)).mean(1)
    return mean


def _lifted(asked: Explained, maps: Tensor, block: Block) -> Tensor:
    """(n, 1, *cells) to the pixels of the block's pictures, shared by their channels."""
    samples, labels = block
    grid = grid_of_site(asked, samples[:1], *(each[:1] for each in labels))
    channels = samples.shape[1]
    up: Tensor = grid.up(maps).to(maps.dtype).expand(-1, channels, -1, -1) / channels
    return up


def map_site(
    target: nn.Module | Function, pictures: Tensor, at: Place | None = None, *, labels: Tensor | None = None
) -> str | Site:
    """Where Grad-CAM looks: the site that is named, or the last that has a map."""
    network = target_of(target).network
    if pictures.ndim != 4:
        raise UsageError("Grad-CAM was asked of samples that are no pictures", "choose another method")
    if isinstance(at, Unit) or network is None:
        raise UsageError(
            "Grad-CAM was asked of a unit, or of a function without a network",
            "it is a map of pictures from all channels of a site: at='down2.act'",
        )
    if at is not None:
        return at
    with torch.inference_mode(False):
        places = inner_sites(network, pictures[:PROBED].detach(), labels=None if labels is None else labels[:PROBED])
    maps = [place.site for place in places if place.spatial]
    if not maps:
        raise UsageError(
            "Grad-CAM was asked of a network whose places have no height and width", "choose occlusion, or gradients"
        )
    return maps[-1]


def _check_samples(pictures: Tensor) -> None:
    if not isinstance(pictures, Tensor) or not pictures.is_floating_point() or pictures.ndim < 2 or not len(pictures):
        said = (
            f"{tuple(pictures.shape)} of {pictures.dtype}" if isinstance(pictures, Tensor) else type(pictures).__name__
        )
        raise UsageError(f"samples were given as {said}", "give one or more as floats (n, ...), in the GAN's format")
    if not _finite(pictures):
        raise UsageError("the samples hold NaN or infinite values", "check the data they come from")


def _finite(values: Tensor) -> bool:
    """By the sum, which is several times quicker than looking at each."""
    return bool(values.sum().isfinite())


def _check_plan(method: str, chosen: Method, plan: Plan) -> None:
    count = None if plan.baseline is None else plan.baseline.count
    if chosen.needs_baseline and count is None:
        raise UsageError(
            f"{method} was asked for without a baseline",
            f"Plan(baseline=baseline(name, gan.format, data)), where name is one of {', '.join(BASELINES)}",
        )
    if chosen.baseline == "one" and count is not None and count > 1:
        raise UsageError(f"{method} was asked for with {count} baselines", "give it one: mean, blurred, black or zero")
    if max(count or 1, plan.draws) > ROWS:
        raise UsageError(f"{count} baselines and {plan.draws} draws were asked for", f"each is at most {ROWS}")
