"""Critics with redrawn weights: which layers, in which order, how drawn, what stays; rank correlation as SciPy's."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import parametrizations, spectral_norm

from ganatomy.errors import UsageError
from ganatomy.evaluate.faithfulness.controls import constant, edges, random_map
from ganatomy.evaluate.faithfulness.randomised import cascade, layers, randomised, similarity
from ganatomy.evaluate.faithfulness.ranks import average_ranks, pearson, spearman
from ganatomy.numerics.random import Stream

STREAM = Stream(0, "redrawn")
PICTURES = Stream(0, "pictures").normal(range(6), 1, 8, 8)


class Critic(nn.Module):
    """Defined in another order than run; a normalisation; a spectral norm of either make; a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        with Stream(0, "critic").module_rng(0):
            self.head = parametrizations.spectral_norm(nn.Linear(8 * 4, 1))
            self.first = nn.Conv2d(1, 4, 3, 2, 1)
            self.second = nn.Sequential(spectral_norm(nn.Conv2d(4, 8, 3, 2, 1)), nn.BatchNorm2d(8), nn.LeakyReLU(0.2))
            self.scale = nn.Parameter(torch.tensor([1.0, 2.0, 3.0, 4.0]))

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.tanh(self.first(x)) * self.scale[None, :, None, None]
        scores: Tensor = self.head(self.second(hidden).flatten(1))
        return scores.flatten()


@pytest.fixture(name="critic")
def _critic() -> Critic:
    critic = Critic().train()
    with torch.no_grad():
        for _ in range(5):
            critic(PICTURES * 2 + 1)
        critic.second[1].weight.copy_(torch.rand(8, generator=torch.Generator().manual_seed(0)) + 0.5)
    critic(PICTURES)  # leaves a weight that was computed with gradients, which a plain deep copy refuses
    return critic


def gradient(network: nn.Module, pictures: Tensor) -> Tensor:
    pictures = pictures.detach().requires_grad_()
    return torch.autograd.grad(network(pictures).sum(), pictures)[0]


def wide(outputs: int) -> nn.Sequential:
    with Stream(3, "linear").module_rng(0):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, outputs))


def state(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def test_layers_stand_as_they_run_from_the_top_with_their_normalisation(critic: Critic) -> None:
    assert layers(critic, PICTURES) == [("head", ""), ("second.0", "second.1"), ("first",)]
    assert cascade(3, 4) == [1, 2, 3]
    assert cascade(10, 4) == [2, 5, 7, 10]
    with pytest.raises(UsageError, match="no weights"):
        layers(nn.Flatten(0), PICTURES)


def test_only_the_layers_that_were_named_change_and_the_critic_never_does(critic: Critic) -> None:
    before, stages = state(critic), layers(critic, PICTURES)
    flags = [module.training for module in critic.modules()]
    for top in (1, 2, 3):
        after = state(randomised(critic, stages[:top], stream=STREAM, pictures=PICTURES))
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        names = [name for stage in stages[:top] for name in stage if name]
        wanted = {key for key in before if any(key.startswith(f"{name}.") for name in names)}
        wanted |= {"scale"}  # the critic's own: it ends when the critic does
        equal = {"second.1.num_batches_tracked", "second.1.bias", "head.bias", "head.parametrizations.weight.0._u"}
        assert wanted - changed <= equal  # whose values are all the same
        assert changed <= wanted
    assert all(torch.equal(before[name], tensor) for name, tensor in critic.state_dict().items())
    assert flags == [module.training for module in critic.modules()]
    assert not any(module._forward_hooks for module in critic.modules())


def test_vectors_are_exchanged_and_matrices_keep_their_size(critic: Critic) -> None:
    twin = randomised(critic, layers(critic, PICTURES), stream=STREAM, pictures=PICTURES)
    after, before = state(twin), state(critic)
    for name in ("second.1.weight", "second.1.running_var", "second.1.running_mean", "scale", "first.bias"):
        assert torch.equal(after[name].sort().values, before[name].sort().values)
    big = wide(500)
    redrawn = randomised(big, layers(big, PICTURES), stream=STREAM, pictures=PICTURES)
    drawn, own = state(redrawn)["1.weight"], state(big)["1.weight"]
    root = own.square().mean().sqrt()
    assert float(drawn.square().mean().sqrt()) == pytest.approx(float(root), rel=0.02)
    assert abs(float(drawn.mean())) < 0.01 * float(root) * 2
    assert abs(float(spearman(drawn.flatten(), own.flatten()))) < 0.02


def test_spectral_norms_are_those_of_the_new_weights(critic: Critic) -> None:
    twin = randomised(critic, layers(critic, PICTURES), stream=STREAM, pictures=PICTURES)
    twin.eval()(PICTURES)
    for weight in (twin.head.weight, twin.second[0].weight.flatten(1)):
        assert float(torch.linalg.matrix_norm(weight.detach(), 2)) == pytest.approx(1, abs=0.02)


def test_draws_have_addresses(critic: Critic) -> None:
    stages = layers(critic, PICTURES)
    both = [state(randomised(critic, stages, stream=STREAM, pictures=PICTURES)) for _ in range(2)]
    assert all(torch.equal(both[0][name], both[1][name]) for name in both[0])
    other = state(randomised(critic, stages, stream=STREAM.child("b"), pictures=PICTURES))
    assert not torch.equal(other["first.weight"], both[0]["first.weight"])
    top = state(randomised(critic, stages[:1], stream=STREAM, pictures=PICTURES))
    key = "head.parametrizations.weight.original"
    assert torch.equal(top[key], both[0][key])


def test_a_gradient_forgets_the_weights_and_a_map_that_ignores_them_does_not(critic: Critic) -> None:
    linear = wide(1)
    for network in (linear, critic.eval()):
        likes = []
        for draw in range(8):
            twin = randomised(network, layers(network, PICTURES), stream=STREAM.child(str(draw)), pictures=PICTURES)
            likes.append(similarity(gradient(network, PICTURES), gradient(twin, PICTURES)).signed)
            for control in (edges, constant, random_map(seed=0)):
                like = similarity(control(network, PICTURES), control(twin, PICTURES))
                assert torch.equal(like.signed, torch.ones(6, dtype=torch.float64))
        assert abs(float(torch.stack(likes).mean())) < 0.15


def test_gradient_times_input_keeps_the_structure_of_the_picture() -> None:
    linear = wide(1)
    sparse = PICTURES * (PICTURES > 1)
    twin = randomised(linear, layers(linear, sparse), stream=STREAM, pictures=sparse)
    like = similarity(gradient(linear, sparse) * sparse, gradient(twin, sparse) * sparse)
    assert float(like.absolute.mean()) > 0.8
    assert abs(float(like.signed.mean())) < 0.5


@given(st.lists(st.integers(-3, 3), min_size=3, max_size=20), st.randoms(use_true_random=False))
def test_rank_correlation_is_scipys(values: list[int], random: object) -> None:
    from scipy.stats import rankdata, spearmanr

    others = copy.copy(values)
    random.shuffle(others)  # type: ignore[attr-defined]
    x, y = torch.tensor([values, others]), torch.tensor([others, others])
    assert average_ranks(x[0]).tolist() == rankdata(values).tolist()
    if len(set(values)) > 1:
        assert spearman(x, y).tolist() == pytest.approx([spearmanr(values, others).statistic, 1.0])


def test_constant_maps_are_alike_only_if_equal() -> None:
    flat, ramp = torch.full((1, 9), 0.1, dtype=torch.float64), torch.arange(9.0)[None]
    assert spearman(flat, flat).tolist() == [1.0]
    assert spearman(flat, ramp).tolist() == [0.0]
    assert pearson(flat * 3, ramp).tolist() == [0.0]
    assert pearson(ramp, -2 * ramp + 7).tolist() == pytest.approx([-1.0])
