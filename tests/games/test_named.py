"""Games by the names of papers, what a game says of itself once it was changed, and parts that are none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import copysign
from typing import Any

import pytest

from ganatomy.errors import UsageError
from ganatomy.games.losses import LOSSES, smoothed
from ganatomy.games.named import GAMES, SYNONYMS, game_named
from ganatomy.games.penalties import r1
from ganatomy.games.presentation import FadingNoise, Presentation
from ganatomy.games.weights import WeightClip


@pytest.mark.parametrize("name", [*SYNONYMS, "WGAN-GP", "wgan_gp", "LSGAN"])
def test_a_name_from_the_papers_leads_to_ours(name: str) -> None:
    with pytest.raises(UsageError, match=f"no game called '{name}'\nhere it is called '[a-z0-9-]+'$") as caught:
        game_named(name)
    ours = caught.value.remedy.split("'")[1]
    assert game_named(ours).name == ours


def test_synonyms_mean_what_the_papers_mean() -> None:
    assert GAMES[SYNONYMS["wgan-gp"]].terms[0].name == "gradient-penalty"
    assert GAMES[SYNONYMS["wgan"]].clip == WeightClip(0.01)
    assert [term.name for term in GAMES[SYNONYMS["r3gan"]].terms] == ["r1", "r2"]
    assert not SYNONYMS.keys() & GAMES.keys()


def test_a_game_describes_its_parts_as_they_are_now() -> None:
    game = GAMES["r3"].tuned("r1", strength=0).tuned("r2", strength=0.25, every=16)
    loss, one, two = game.describe().split("\n")
    assert loss == f"relativistic: {LOSSES['relativistic'].sentence}"
    assert one == f"r1, strength 0, every turn: {game.terms[0].sentence}"
    assert two == f"r2, strength 0.25, every 16 turns: {game.terms[1].sentence}"
    noise = Presentation(FadingNoise(0.3, until=100), packing=2, deviation_group=4)
    changed = replace(
        GAMES["ns-r1"], loss=smoothed(LOSSES["minimax"], 0.1), terms=(), presentation=noise, clip=WeightClip()
    )
    assert changed.describe().split("\n") == [
        f"minimax: {LOSSES['minimax'].sentence} Reals are worth 0.9 to the critic, so that it stays unsure.",
        "noise of 0.3 on what the critic sees, gone after 100 images",
        "the critic judges 2 samples at once",
        "the critic sees the deviation within groups of 4",
        "weights of the critic held in [-0.01, 0.01]",
    ]


@pytest.mark.parametrize("game", GAMES.values(), ids=list(GAMES))
def test_no_equilibrium_is_minus_nothing(game: Any) -> None:
    assert all(value != 0 or copysign(1.0, value) == 1.0 for value in game.equilibrium)


def test_tuning_a_game_without_terms_says_how_to_add_one() -> None:
    with pytest.raises(UsageError, match=r"'hinge' has no term to tune\nadd one .* replace\(game, terms=\(r1\(\),\)\)"):
        GAMES["hinge"].tuned("r1", strength=1.0)
    assert replace(GAMES["hinge"], terms=(r1(),)).tuned("r1", strength=2.0).terms[0].strength == 2.0


WRONG: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "a name": (
        lambda: {"loss": "hinge"},
        r"the game 'hinge' was given loss of type str\n.*LOSSES\['hinge'\].*game_named",
    ),
    "one term": (lambda: {"terms": r1()}, r"was given terms of type Term\n.*terms=\(r1\(\),\)"),
    "no term": (lambda: {"terms": (r1,)}, r"was given a term of type function\n.*r1\(\)"),
    "a number": (lambda: {"clip": 0.01}, r"was given clip of type float\ngive WeightClip\(0.01\), or None"),
    "packing": (lambda: {"presentation": 2}, r"was given presentation of type int\n.*packing=2"),
}


@pytest.mark.parametrize("case", WRONG)
def test_parts_of_a_wrong_type_are_named(case: str) -> None:
    changed, message = WRONG[case]
    with pytest.raises(UsageError, match=message):
        replace(GAMES["hinge"], **changed())
