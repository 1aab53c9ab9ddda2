"""What units are set to, by hand; where an activation falls; the reference sample."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError
from ganatomy.explain.concepts.measurer import Measurer
from ganatomy.explain.generator.panel import Panel
from ganatomy.explain.generator.plan import REFERENCE, Plan
from ganatomy.explain.generator.sites import named_sites
from ganatomy.explain.generator.values import INTERVENTIONS, Block, block_of, changes, falls, natural_of
from ganatomy.explain.passes import draws, made
from ganatomy.models.dcgan import DCGAN
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.tracing.trace import watch

PANEL = Panel(
    (Measurer("means", ("mean", "one"), "score", lambda x: torch.stack([x.mean((1, 2, 3)), x[:, 0, 0, 0] * 0], 1)),)
)


@pytest.fixture(scope="module", name="gan")
def _gan() -> GAN:
    arch = DCGAN(Format.picture(1, 8), Normal(4), width=2, scheme="fan-uniform")
    return GAN(arch.generator(0), Normal(4), arch.format)


@pytest.fixture(scope="module", name="block")
def _block(gan: GAN) -> Block:
    sites = named_sites(gan, next(iter(draws(gan, 2, seed=0))), ["up1.act"])
    (natural,), _ = natural_of(gan, sites, PANEL, plan=Plan())
    found = []
    for start in (0, 64):
        with watch(gan.generator, ["up1.act"]) as trace:
            made(gan.generator, next(iter(draws(gan, 5, seed=3, start=start))))
        found.append(trace["up1.act"])
    return block_of(natural, found[0], found[1], range(5), plan=Plan())


def test_the_reference_is_what_the_whole_sample_says(gan: GAN, block: Block) -> None:
    with watch(gan.generator, ["up1.act"]) as trace:
        made(gan.generator, next(iter(draws(gan, REFERENCE, seed=0, block=REFERENCE))))
    seen = trace["up1.act"].double()
    natural = block.natural
    assert torch.allclose(natural.mean, seen.mean(0), atol=1e-6)
    assert torch.allclose(natural.size, seen.abs().mean((0, 2, 3)), atol=1e-6)
    assert torch.allclose(natural.activity, seen.mean((2, 3)), atol=1e-6)
    assert torch.allclose(natural.level, torch.quantile(seen.amax((2, 3)), 0.9, dim=0), atol=1e-5)


def test_what_never_varies_has_no_spread(gan: GAN) -> None:
    sites = named_sites(gan, next(iter(draws(gan, 2, seed=0))), ["up1.act"])
    _, spread = natural_of(gan, sites, PANEL, plan=Plan())
    assert float(spread[0]) > 0
    assert float(spread[1]) == 0


def test_a_concept_that_only_rounding_moves_has_no_spread() -> None:
    """Pictures of mean 0 and length 1: brightness and contrast are the same up to the last digit."""

    class Normed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.act, self.last = nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 64)

        def forward(self, z: Tensor) -> Tensor:
            h: Tensor = self.last(self.act(self.first(z)))
            h = h - h.mean(1, keepdim=True)
            return (h / h.norm(dim=1, keepdim=True)).reshape(-1, 1, 8, 8)

    with Stream(0, "normed").module_rng(0):
        gan = GAN(Normed(), Normal(4), Format.picture(1, 8))
    panel = Panel((Measurer("looks", ("mean", "brightness", "left"), "score", _looks),))
    sites = named_sites(gan, next(iter(draws(gan, 2, seed=0))), None)
    spread = natural_of(gan, sites, panel, plan=Plan())[1]
    assert (spread > 0).tolist() == [False, False, True]


def _looks(pictures: Tensor) -> Tensor:
    mean = pictures.mean((1, 2, 3))
    return torch.stack([mean, 0.5 + mean / 2, pictures[..., :4].mean((1, 2, 3))], 1)


def test_each_intervention_sets_what_it_says(block: Block) -> None:
    values = {name: change(block, [1, 0]) for name, change in changes(Plan()).items()}
    assert tuple(values) == INTERVENTIONS
    shape = (2, *block.activation[:, 0].shape)
    assert all(each.shape == shape for each in values.values())
    assert not bool(values["zero"].any())
    assert torch.allclose(values["mean"][0, 3], block.natural.mean[1].float())
    assert torch.equal(values["resample"][1], block.donors[:, 0])
    changed = values["insert"] != block.activation[:, [1, 0]].transpose(0, 1)
    assert bool((changed.flatten(2).sum(2) <= 1).all())
    for place in range(5):
        assert float(values["insert"][0, place].flatten()[block.cells[place]]) == pytest.approx(
            float(block.natural.level[1])
        )


def test_the_place_is_random_by_address_or_given_or_everywhere(block: Block) -> None:
    again = block_of(block.natural, block.activation[2:], block.donors[2:], range(2, 5), plan=Plan())
    assert torch.equal(again.cells, block.cells[2:])
    assert len(set(block_of(block.natural, block.activation, block.donors, range(40), plan=Plan()).cells.tolist())) > 8
    given = block_of(block.natural, block.activation, block.donors, range(5), plan=Plan(place=(2, 3)))
    assert given.cells.tolist() == [2 * 4 + 3] * 5
    everywhere = changes(Plan(place="all"))["insert"](block, [0])
    assert torch.equal(everywhere, block.natural.level[0].float().expand_as(everywhere))
    with pytest.raises(UsageError, match=r"cell \(4, 0\) of a map of 4 x 4"):
        block_of(block.natural, block.activation, block.donors, range(5), plan=Plan(place=(4, 0)))


def test_units_without_places_are_set_as_a_whole(block: Block) -> None:
    flat = replace(block, activation=block.activation[:, :, 0, 0], donors=block.donors[:, :, 0, 0])
    assert torch.equal(changes(Plan())["insert"](flat, [1]), block.natural.level[1].float().expand(1, 5))
    assert falls(flat, flat.activation.T - 1, [0, 1]).tolist() == [[1.0] * 5] * 2


def test_an_activation_falls_where_its_mean_does(block: Block) -> None:
    own = block.activation[:, [0]].transpose(0, 1)
    shift = torch.tensor([-1.0, 1.0, 0.0, -1.0, 0.0])[None, :, None, None]
    assert falls(block, own + shift, [0]).tolist() == [[1, -1, 0, 1, 0]]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"samples": 2}, "at least 4"), ({"peak": 1.5}, "between 0 and 1"), ({"place": "corner"}, "random, all")],
)
def test_a_plan_that_cannot_be_is_an_error(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Plan(**wrong)  # type: ignore[arg-type]


def test_the_samples_of_a_plan_are_apart() -> None:
    plan = Plan(samples=301, images=70)
    parts = [range(REFERENCE), plan.choosing, plan.judging, plan.causal, plan.donors]
    assert [len(part) for part in parts[1:]] == [150, 151, 70, 70]
    assert all(a.stop <= b.start for a, b in itertools.pairwise(parts))
    assert all(part.start % 64 == 0 for part in parts)
    assert Stream(0, "x").integers(plan.causal, 5).shape == (70,)
