"""From the game and the pace of a recipe to those that are played.

game = game_of(recipe.game)              # ganatomy.games.game.Game
pace = pace_of(recipe.pace, seed=3)      # ganatomy.training.pace.Pace
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.games import heads, latent_terms, penalties, weights
from ganatomy.games.augment import Augment
from ganatomy.games.game import Game
from ganatomy.games.losses import smoothed
from ganatomy.games.named import game_named
from ganatomy.games.presentation import FadingNoise, Presentation
from ganatomy.games.terms import Term
from ganatomy.numerics.random import Stream
from ganatomy.training.pace import ROLES, Optimiser, Pace, Role
from ganatomy.training.recipes import schema
from ganatomy.training.recipes import terms as written
from ganatomy.training.recipes.complaints import under
from ganatomy.training.recipes.values import plain


@dataclass(frozen=True)
class Factory:
    """The name of the term in a game, what makes it from the options in a recipe, and the kind of these."""

    term: str
    make: Callable[[Any], Term]
    options: Callable[[], written.TermOptions] = written.TermOptions


def _consistency(options: written.Consistency) -> Term:
    change = partial(_changed, augment=Augment(options.kinds))
    return penalties.consistency(change, fakes=options.fakes)


def _changed(samples: Tensor, stream: Stream, indices: Sequence[int], *, augment: Augment) -> Tensor:
    return augment(samples, 0, stream=stream, indices=indices)


def _no_code() -> written.TermOptions:
    raise UsageError("a continuous code without columns was asked for", "give its columns: {first: 0, last: 4}")


FACTORIES: dict[str, Factory] = {
    "r1": Factory("r1", lambda _: penalties.r1()),
    "r2": Factory("r2", lambda _: penalties.r2()),
    "zero_centred": Factory("zero-centred", lambda _: penalties.zero_centred()),
    "gradient_penalty": Factory(
        "gradient-penalty",
        lambda options: penalties.gradient_penalty(target=options.target, one_sided=options.one_sided),
        written.GradientPenalty,
    ),
    "consistency": Factory("consistency", _consistency, written.Consistency),
    "class_head": Factory("class", lambda _: heads.class_head()),
    "continuous_code": Factory(
        "continuous-code", lambda options: heads.continuous_code(options.first, options.last), _no_code
    ),
    "categorical_code": Factory("categorical-code", lambda _: heads.categorical_code()),
    "rotation_head": Factory("rotation", lambda _: heads.rotation_head()),
    "feature_matching": Factory("feature-matching", lambda _: heads.feature_matching()),
    "path_length": Factory(
        "path-length", lambda options: latent_terms.path_length(target=options.target), written.PathLength
    ),
    "hessian_penalty": Factory(
        "hessian",
        lambda options: latent_terms.hessian_penalty(directions=options.directions, step=options.step),
        written.HessianPenalty,
    ),
    "orthogonal": Factory(
        "orthogonal", lambda options: weights.orthogonal(off_diagonal=options.off_diagonal), written.Orthogonal
    ),
}


def game_of(wanted: schema.Game, key: str = "game") -> Game:
    """The named game with its terms tuned, others added, those of strength 0 taken away, and the switches set.

    Errors name the key in which the game stands.
    """
    with under(f"{key}.name"):
        game = game_named(wanted.name)
    if wanted.smoothing:
        with under(f"{key}.smoothing"):
            game = replace(game, loss=smoothed(game.loss, wanted.smoothing))
    clip = game.clip if wanted.clip is None else weights.WeightClip(wanted.clip) if wanted.clip else None
    terms = _terms(game, wanted.terms.given(), f"{key}.terms")
    with under(key):
        return replace(game, terms=terms, presentation=_presentation(wanted), clip=clip)


def _terms(game: Game, given: Mapping[str, written.TermOptions], key: str) -> tuple[Term, ...]:
    """Those of the game in its order, then the added ones."""
    played = {term.name: term for term in game.terms}
    for name, options in given.items():
        factory = FACTORIES[name]
        with under(f"{key}.{name}"):
            played[factory.term] = _tuned(factory, options, played.get(factory.term))
    return tuple(term for term in played.values() if term.strength != 0.0)


def _tuned(factory: Factory, options: written.TermOptions, usual: Term | None) -> Term:
    made = factory.make(options)
    usual = usual or made
    return replace(
        made,
        strength=usual.strength if options.strength is None else plain(options.strength),
        every=options.every or usual.every,
    )


def _presentation(wanted: schema.Game) -> Presentation:
    augment, noise = wanted.augment, wanted.noise
    return Presentation(
        augment=None if augment is None else Augment(augment.kinds, plain(augment.probability)),
        noise=None if noise is None else FadingNoise(noise.start, noise.until),
        packing=wanted.packing,
        deviation_group=wanted.deviation_group,
    )


def pace_of(wanted: schema.Pace, key: str = "pace", *, trains: tuple[Role, ...] = ROLES, seed: int = 0) -> Pace:
    """`auto` is float32 and the usual layout here; `set_up` knows better."""
    with under(key):
        return Pace(
            batch=wanted.batch,
            critic=_optimiser(wanted.critic),
            generator=_optimiser(wanted.generator),
            critic_turns=wanted.critic_turns,
            generator_turns=wanted.generator_turns,
            extragradient=wanted.extragradient,
            micro_batches=wanted.micro_batches,
            half_life=wanted.half_life,
            average_every=wanted.average_every,
            trains=trains,
            precision="float32" if wanted.precision == "auto" else wanted.precision,
            channels_last=wanted.channels_last is True,
            seed=seed,
        )


def _optimiser(wanted: schema.Optimiser) -> Optimiser:
    first, second = wanted.betas
    return Optimiser(
        kind=wanted.kind,
        rate=plain(wanted.rate),
        betas=(plain(first), plain(second)),
        momentum=wanted.momentum,
        smoothing=wanted.smoothing,
        clip=wanted.clip,
        normalise=wanted.normalise,
        noise=wanted.noise,
        optimistic=wanted.optimistic,
    )
