"""A film-strip shows what the sites produce, from picture to verdict, and picks the units that tell the sorts apart."""

from __future__ import annotations

import pytest
import torch
from shared_marked import gan_of, marked, one_carrier
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.explain.critic.inside.layers import critic_places, film_strip, shown
from ganatomy.explain.critic.lots import Lot, fakes, reals, together
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.results.formats import Format
from ganatomy.tracing.site import Site
from ganatomy.tracing.trace import watch


def convolutional() -> GAN:
    return GAN.fresh(DCGAN(Format.picture(1, 8), Normal(4), width=4, critic_width=4, dropout=0.5), 0)


def test_the_maps_are_those_of_a_plain_pass_and_the_verdict_is_the_score() -> None:
    gan = convolutional()
    lots = {"real": Lot(gan.sample(1, range(3)), None), "generated": Lot(gan.sample(0, range(2)), None)}
    before = lots["real"].pictures.clone()
    strip = film_strip(gan, lots, units={"down1.act": [2, 0]})
    both = torch.cat([lot.pictures for lot in lots.values()])
    assert [each.target for each in strip] == ["picture", *(str(p.site) for p in critic_places(gan)), "verdict"]
    assert torch.equal(torch.from_numpy(strip[0].arrays["maps"].copy())[0], both[:, 0])
    critic = Scorer(gan).critic.eval()
    with watch(critic, ["down1.act"]) as trace, torch.no_grad():
        critic(both.clone())
    first = next(each for each in strip if each.target == "down1.act")
    assert first.units == ("down1.act:mean", "down1.act:2", "down1.act:0")
    maps = torch.from_numpy(first.arrays["maps"].copy())
    assert torch.allclose(maps[0], trace["down1.act"].mean(1), atol=1e-5)
    assert torch.allclose(maps[1:], trace["down1.act"][:, [2, 0]].transpose(0, 1), atol=1e-5)
    assert torch.allclose(torch.from_numpy(strip[-1].arrays["maps"].copy())[0].float(), gan.realness(both), atol=1e-5)
    assert strip[-1].units == ("logit",)
    assert strip[0].arrays["sorts"][0].tolist() == ["real"] * 3 + ["generated"] * 2
    assert torch.equal(lots["real"].pictures, before)


def test_the_units_that_tell_these_pictures_apart_come_first() -> None:
    gan = gan_of(one_carrier())
    lots = {"real": together(reals(gan, marked(), 6)), "generated": together(fakes(gan, 6, seed=0))}
    (place,) = film_strip(gan, lots, units=2)[1:-1]
    assert set(place.units) == {"body.act:mean", "body.act:0", "body.act:1"}
    (alone,) = film_strip(gan, {"real": lots["real"]}, units=1)[1:-1]
    assert len(alone.units) == 2


def test_what_cannot_be_shown_is_said() -> None:
    gan = convolutional()
    lot = {"generated": Lot(gan.sample(0, range(2)), None)}
    with pytest.raises(UsageError, match="no pictures"):
        film_strip(gan, {})
    with pytest.raises(UsageError, match=r"units are 0 to"):
        film_strip(gan, lot, units={"down1.act": [99]})

    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mean((1, 2, 3)) * (1.0 if len(x) < 20 else float("nan"))

    broken = GAN(gan.generator, gan.latent, gan.format, Broken())
    with pytest.raises(InputError, match="NaN"):
        shown(Scorer(broken), Lot(gan.sample(0, range(40)), None), [Site("")])
