"""Small data, players and games that the tests of training share, also in processes of their own."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset, stored
from ganatomy.games.augment import Augment
from ganatomy.games.game import Game
from ganatomy.games.heads import categorical_code, class_head, continuous_code, rotation_head
from ganatomy.games.latent_terms import hessian_penalty, path_length
from ganatomy.games.named import GAMES
from ganatomy.games.penalties import consistency, gradient_penalty, r1, r2, zero_centred
from ganatomy.games.players import Players
from ganatomy.games.presentation import FadingNoise, Presentation
from ganatomy.games.terms import Term
from ganatomy.games.weights import orthogonal
from ganatomy.models.latent import Latent, Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format
from ganatomy.training.pace import Optimiser, Pace
from ganatomy.training.play import Play, play
from ganatomy.training.snapshot import Snapshot
from ganatomy.training.team import ALONE, Team

CLASSES = ("a", "b", "c")
PLAIN, CHOICE = Normal(4), Normal(4, classes=3)
OUTPUTS = {"class": 3, "categorical-code": 3, "continuous-code": 4, "rotation": 4}
BLIND = ("categorical-code",)


def tiny(n: int = 40, size: int = 4) -> Dataset:
    """Grey pictures of noise in three classes; an epoch is shorter than four batches of 12."""
    stream = Stream(0, "tiny")
    pictures = stream.integers(range(n), 256, 1, size, size).to(torch.uint8)
    return stored("tiny", "train", pictures=pictures, labels=torch.arange(n) % 3, classes=CLASSES)


DATA = tiny()


def shifted(samples: Tensor, stream: Stream, indices: Any) -> Tensor:
    """A harmless change with its own draws."""
    return samples + 0.1 * stream.normal(indices, 1, 1, 1, dtype=torch.float64).to(samples)


def with_terms(*terms: Term, game: str = "non-saturating") -> Game:
    return replace(GAMES[game], terms=terms)


def shown(**switches: Any) -> Game:
    return replace(GAMES["ns-r1"], presentation=Presentation(**switches))


@dataclass(frozen=True)
class Case:
    """A game, and the latent that it needs."""

    game: Game
    latent: Latent = PLAIN
    labelled_critic: bool = False


CASES: dict[str, Case] = {name: Case(game) for name, game in GAMES.items()} | {
    "r1 lazy": Case(with_terms(r1(0.5, every=3))),
    "r1 and r2 lazy": Case(with_terms(r1(0.5, every=2), r2(0.3, every=3), game="relativistic")),
    "zero-centred lazy": Case(with_terms(zero_centred(0.5, every=2), game="hinge")),
    "gradient penalty lazy": Case(with_terms(gradient_penalty(2.0, every=2), game="wasserstein-clip")),
    "one-sided": Case(with_terms(gradient_penalty(2.0, one_sided=True), game="least-squares")),
    "consistency": Case(with_terms(consistency(shifted, 1.0, fakes=True, every=2))),
    "class": Case(with_terms(class_head()), CHOICE, labelled_critic=True),
    "labelled r1": Case(GAMES["ns-r1"], CHOICE, labelled_critic=True),
    "choice": Case(with_terms(categorical_code()), CHOICE),
    "code": Case(with_terms(continuous_code(0, 2), r1())),
    "rotation": Case(with_terms(rotation_head(every=2))),
    "orthogonal": Case(with_terms(orthogonal(0.1))),
    "path length": Case(with_terms(path_length(0.5, target=0.3, every=2))),
    "hessian": Case(with_terms(hessian_penalty(0.1))),
    "augment": Case(shown(augment=Augment(probability=0.7))),
    "noise": Case(shown(noise=FadingNoise(0.3, until=2_000))),
    "packing": Case(shown(packing=2)),
    "deviation": Case(shown(deviation_group=2)),
}


def case_players(case: Case, *, seed: int = 0, dtype: torch.dtype = torch.float64, data: Dataset = DATA, **how: Any):
    """Without normalisation or dropout unless `how` (fields of an MLP) says so."""
    how = {"hidden": (8,), "critic_hidden": (8, 6), "dropout": 0.0, **how}
    classes = case.latent.classes if case.labelled_critic else 0
    of_critic: Format = case.game.critic_format(data.format)
    generator = MLP(data.format, case.latent, **how).generator(seed)
    critic = MLP(of_critic, replace(case.latent, classes=classes), **how).critic(seed)
    heads: dict[str, nn.Module] = {}
    for name in (term.name for term in case.game.terms if term.name in OUTPUTS):
        with Stream(seed, f"head/{name}").module_rng(0):
            heads[name] = nn.Linear(critic.feature_width, OUTPUTS[name]).to(dtype)
    return Players(generator.to(dtype), critic.to(dtype), heads, labelled_critic=classes > 0)


def started(
    case: Case, pace: Pace, *, team: Team = ALONE, seed: int = 0, dtype: torch.dtype = torch.float64, **how: Any
) -> Play:
    duo = case_players(case, seed=seed, dtype=dtype, **how)
    return play(case.game, duo, DATA, case.latent, pace=pace, team=team)


def sgd(rate: float = 0.05, **fields: Any) -> Optimiser:
    return Optimiser("sgd", rate=rate, **fields)


def both(how: Optimiser, **fields: Any) -> Pace:
    return Pace(**{"batch": 12, "critic": how, "generator": how, "half_life": 100.0, **fields})


def advance(game: Play, rounds: int) -> Play:
    for _ in itertools.islice(game, rounds):
        pass
    return game


def furthest(one: Mapping[str, Tensor], two: Mapping[str, Tensor]) -> float:
    """The largest difference between tensors of one name."""
    assert one.keys() == two.keys()
    return max((float((one[name].double() - two[name].double()).abs().max()) for name in one), default=0.0)


def tensors(snapshot: Snapshot) -> dict[str, Tensor]:
    return {**snapshot.weights, **{f"moment {name}": value for name, value in snapshot.moments.items()}}


def assert_same(one: Snapshot, two: Snapshot) -> None:
    """Bit for bit."""
    assert one.counters == two.counters
    assert tensors(one).keys() == tensors(two).keys()
    odd = [name for name, value in tensors(one).items() if not torch.equal(value, tensors(two)[name])]
    assert odd == []


def numbers(terms: Mapping[str, Tensor]) -> dict[str, float]:
    return {name: float(value) for name, value in terms.items()}
