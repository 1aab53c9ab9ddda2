"""How long a dissection takes, and how its causal pass compares with a straightforward loop of forward passes.

rows = dissection(progress=lambda done, total: None)

All units of two layers of a DCGAN for 28 x 28 pictures, 12 built-in concepts. The loop does what one writes first: for
every unit a whole pass of the network with that unit at zero. Both measure the same concepts on the same pictures;
without them, the passes alone are compared. Weights are first ones: speed hangs on them only through holes.

The floor of a unit is what must run for it: the multiply-adds of its one channel through the next operator, and of all
operators after that. It is timed in two ways: by the network's own speed in multiply-adds, and by torch's kernels for
just these operators; batch normalisation, activations and the sums of transposed convolutions are in neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganatomy.bench.rows import Reading, Row, compared
from ganatomy.bench.trained import Progress
from ganatomy.explain.concepts.catalogue import measurers_for
from ganatomy.explain.generator.effects import measure_effects
from ganatomy.explain.generator.labelling import labelling
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import Plan
from ganatomy.explain.generator.sites import SiteShape, named_sites
from ganatomy.explain.generator.suffix import Suffix
from ganatomy.explain.generator.values import INTERVENTIONS
from ganatomy.explain.latent.pca import components, pca
from ganatomy.explain.passes import Draw, draws, made
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.formats import Format
from ganatomy.tracing.edit import edit
from ganatomy.tracing.trace import watch
from ganatomy.tracing.unit import channel
from ganatomy.tracing.work import counting

DIGITS = Format.picture(1, 28)
SITES = ("start.act", "up1.act")
WHOLE = 10  # passes of the whole network that are timed together
CONCEPTS = ("brightness", "contrast", "ink", "edges", "strokes", "holes", "layout", "symmetry")  # 12 with their parts


def dissection(*, progress: Progress, samples: int = 10_000, images: int = 256, rounds: int = 5) -> list[Row]:
    """`samples` of the label pass, `images` of the causal pass; the loop is timed on one block of images."""
    gan = GAN.fresh(DCGAN(DIGITS, Normal(64), width=32, critic_width=8), 0)
    panel = Panel(tuple(each for each in measurers_for(DIGITS) if each.name in CONCEPTS))
    draw = next(iter(draws(gan, min(64, images), seed=0)))
    sites, plan = named_sites(gan, draw, SITES), Plan(samples=samples, images=images)
    steps = 3 + 3 * len(sites)
    rows = _timed("label pass", f"n = {samples:,}", samples, lambda: labelling(gan, panel, sites, plan=plan))
    progress(1, steps)
    edited = images * sum(site.channels for site in sites) * len(INTERVENTIONS)
    rows += _timed("causal pass", f"n = {images:,}", edited, lambda: measure_effects(gan, panel, sites, plan=plan))
    progress(2, steps)
    for place, site in enumerate(sites):
        for at, concepts in enumerate((panel, None)):
            what = "passes and concepts" if concepts else "passes alone"
            gain = _gain(gan, site, draw, concepts, rounds=rounds)
            rows.append(Row(f"dissection: {site.site}, {what}", gain, "times as fast as a loop", at_least=1))
            progress(3 + 3 * place + at, steps)
        rows += _floors(gan, site, draw, rounds=rounds)
        progress(5 + 3 * place, steps)
    rows += _pca(gan, samples, rounds=rounds)
    progress(steps, steps)
    return rows


def _floors(gan: GAN, site: SiteShape, draw: Draw, *, rounds: int) -> list[Row]:
    """The floor's time over ours, for all units of a site."""
    generator, suffix = gan.generator, Suffix(gan.generator, site.site)
    with watch(generator, [site.site]) as trace, counting(generator) as work:
        made(generator, draw)
    stage = site.site.name.split(".")[0]
    names = list(work)  # in the order of running
    pushed, *after = names[1 + max(at for at, name in enumerate(names) if name.split(".")[0] == stage) :]
    must = work[pushed] / site.channels + sum(work[name] for name in after)
    start = suffix.begin(draw)
    values = torch.zeros_like(start.activation).transpose(0, 1)

    def ours() -> None:
        for _ in suffix.each(start, range(site.channels), values):
            pass

    def whole() -> None:
        for _ in range(WHOLE):
            made(generator, draw)

    operator = generator.get_submodule(pushed)
    assert isinstance(operator, nn.ConvTranspose2d)
    one, weight = trace[site.site][:, :1].contiguous(), operator.weight.detach()[:1]
    later = [(generator.get_submodule(name), _fed(gan, draw, name)) for name in after]

    def kernels() -> None:
        with torch.no_grad():
            for _ in range(site.channels):
                torch.conv_transpose2d(one, weight, stride=operator.stride, padding=int(operator.padding[0]))
                for module, given in later:
                    module(given)

    share = site.channels * must / (WHOLE * sum(work.values()))
    by_work = compared(whole, ours, rounds=rounds)
    scaled = Reading(share * by_work.value, _scaled(by_work.interval, share))
    name = f"dissection: {site.site}, share of the floor"
    return [
        Row(f"{name} by multiply-adds", scaled, "of the network's speed", at_least=0.7),
        Row(f"{name} by kernels", compared(kernels, ours, rounds=rounds), "of torch's time for them", at_least=0.7),
    ]


def _fed(gan: GAN, draw: Draw, name: str) -> Tensor:
    """What a module is given in a pass."""
    seen: list[Tensor] = []
    handle = gan.generator.get_submodule(name).register_forward_pre_hook(lambda _module, given: seen.append(given[0]))
    try:
        made(gan.generator, draw)
    finally:
        handle.remove()
    return seen[0].clone()


def _scaled(interval: Interval, by: float) -> Interval:
    return Interval(by * interval.low, by * interval.high, interval.level, interval.method)


def _pca(gan: GAN, samples: int, *, rounds: int) -> list[Row]:
    """Both fit 8 components of the same activations and make them anew, as a stream would.

    Then ours with two things that theirs has not: slopes on z (the same samples again) and R^2 on a quarter more.
    """
    from sklearn.decomposition import IncrementalPCA

    k, n, unit = 8, min(max(samples, 256), 2048), "times IncrementalPCA's time"

    def fit() -> None:
        components(gan, "start.act", k=k, n=n)

    def whole() -> None:
        pca(gan, "start.act", k=k, n=n)

    def theirs() -> None:
        fitted = IncrementalPCA(k)
        for draw in draws(gan, n, seed=0, block=max(64, 3 * k)):
            with watch(gan.generator, ["start.act"]) as trace:
                made(gan.generator, draw)
            fitted.partial_fit(trace["start.act"].flatten(1).numpy())

    name = f"dissection: PCA of start.act, n = {n:,}"
    return [
        Row(f"{name}: passes and fit of both", compared(fit, theirs, rounds=rounds), unit, at_most=1),
        Row(f"{name}: ours with slopes and R^2 too", compared(whole, theirs, rounds=rounds), unit),
    ]


def _timed(name: str, size: str, pictures: int, work: Callable[[], object]) -> list[Row]:
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    return [
        Row(f"dissection: {name}, {size}", _once(seconds), "seconds"),
        Row(f"dissection: speed of the {name}, {size}", _once(pictures / seconds), "pictures a second"),
    ]


def _once(value: float) -> Reading:
    return Reading(value, Interval(value, value, 0.95, "a single run"))


def _gain(gan: GAN, site: SiteShape, draw: Draw, panel: Panel | None, *, rounds: int) -> Reading:
    suffix = Suffix(gan.generator, site.site)
    channels = range(site.channels)

    def ours() -> None:
        start = suffix.begin(draw)
        values = torch.zeros_like(start.activation).transpose(0, 1)
        for pictures in suffix.each(start, channels, values):
            if panel is not None:
                panel.told(pictures.flatten(0, 1))

    def loop() -> None:
        for number in channels:
            with edit(gan.generator, {site.site: channel(site.site, number).set_to(0.0)}):
                pictures = made(gan.generator, draw)
            if panel is not None:
                panel.told(pictures)

    return compared(loop, ours, rounds=rounds)  # the loop's time over ours
