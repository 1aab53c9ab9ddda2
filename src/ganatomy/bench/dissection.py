"""How long a dissection takes, and how its causal pass compares with a straightforward loop of forward passes.

rows = dissection(progress=lambda done, total: None)

All units of two layers of a DCGAN for 28 x 28 pictures, 12 built-in concepts. The loop does what one writes first: for
every unit a whole pass of the network with that unit at zero. Both measure the same concepts on the same pictures;
without them, the passes alone are compared. Weights are first ones: speed hangs on them only through holes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

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
from ganatomy.explain.passes import Draw, draws, made
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.formats import Format
from ganatomy.tracing.edit import edit
from ganatomy.tracing.unit import channel

DIGITS = Format.picture(1, 28)
SITES = ("start.act", "up1.act")
CONCEPTS = ("brightness", "contrast", "ink", "edges", "strokes", "holes", "layout", "symmetry")  # 12 with their parts


def dissection(*, progress: Progress, samples: int = 10_000, images: int = 256, rounds: int = 5) -> list[Row]:
    """`samples` of the label pass, `images` of the causal pass; the loop is timed on one block of images."""
    gan = GAN.fresh(DCGAN(DIGITS, Normal(64), width=32, critic_width=8), 0)
    panel = Panel(tuple(each for each in measurers_for(DIGITS) if each.name in CONCEPTS))
    draw = next(iter(draws(gan, min(64, images), seed=0)))
    sites, plan = named_sites(gan, draw, SITES), Plan(samples=samples, images=images)
    steps = 2 + 2 * len(sites)
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
            progress(3 + 2 * place + at, steps)
    return rows


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
