"""Changed activations sent on from a site equal plain edits of the whole network."""

from __future__ import annotations

import pytest
import torch

from ganatomy.explain.generator.suffix import Suffix
from ganatomy.explain.passes import draws, made
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.tracing.edit import edit, then
from ganatomy.tracing.unit import channel


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("site", ["start.act", "up1.act"])
def test_it_equals_plain_edits(site: str, classes: int) -> None:
    arch = DCGAN(Format.picture(1, 8), Normal(4, classes=classes), width=2, scheme="fan-uniform")
    gan = GAN(arch.generator(0), arch.latent, arch.format)
    draw = next(iter(draws(gan, 5, seed=0)))
    suffix = Suffix(gan.generator, site)
    start = suffix.begin(draw)
    assert torch.allclose(start.pictures, made(gan.generator, draw), atol=1e-6)
    channels = [1, 0]
    values = Stream(0, "values").normal(range(2), *start.activation[:, 0].shape)
    found = torch.cat(list(suffix.each(start, channels, values)))
    for place, number in enumerate(channels):
        with edit(gan.generator, {site: channel(site, number).set_to(values[place])}):
            assert torch.allclose(found[place], made(gan.generator, draw), atol=1e-5)
    together = suffix.changed(start, [(0, 1), (1,)], 0.5)
    both = then(channel(site, 0).set_to(0.5), channel(site, 1).set_to(0.5))
    with edit(gan.generator, {site: both}):
        assert torch.allclose(together[0], made(gan.generator, draw), atol=1e-5)
    with edit(gan.generator, {site: channel(site, 1).set_to(0.5)}):
        assert torch.allclose(together[1], made(gan.generator, draw), atol=1e-5)
    assert gan.generator.training  # as it was found
