"""A `Game`: what each player minimises in its turn, as named terms whose sum is the loss.

    game = game_named("ns-r1").tuned("r1", strength=0.1, every=16)
    terms = game.critic_terms(players, batch)      # terms.parts["adversarial"], terms.parts["r1"], terms.scores
    terms.total.backward()                         # step the critic and the heads, then game.after_critic_step(players)
    game.generator_terms(players, next_batch).total.backward()

In the critic's turn the fakes carry no gradient to the generator; the generator's turn makes and scores fresh ones. No
player is frozen here: a generator's turn leaves gradients on the critic, for the caller to prevent or discard.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from types import NoneType

import torch
from torch import Tensor, nn

from ganatomy.errors import UsageError, choose
from ganatomy.games.losses import Loss
from ganatomy.games.players import Batch, Players
from ganatomy.games.presentation import Presentation
from ganatomy.games.terms import Term, Terms, Turn
from ganatomy.games.weights import WeightClip
from ganatomy.numerics.schedule import Value, said
from ganatomy.results.formats import Format, Score, Side

ADVERSARIAL = "adversarial"
PARTS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "loss": (Loss, "give a loss, as in LOSSES['hinge'], or take a game by its name: game_named('hinge')"),
    "terms": (tuple, "give a tuple of terms, as in terms=(r1(),)"),
    "presentation": (Presentation, "give one, as in Presentation(packing=2)"),
    "clip": ((WeightClip, NoneType), "give WeightClip(0.01), or None"),
}


@dataclass(frozen=True)
class Game:
    """A loss, the terms beside it, how samples are shown to the critic, and a bound on its weights, if any."""

    name: str
    sentence: str
    loss: Loss
    terms: tuple[Term, ...] = ()
    presentation: Presentation = field(default_factory=Presentation)
    clip: WeightClip | None = None

    def __post_init__(self) -> None:
        self._check_types()
        names = [ADVERSARIAL, *(term.name for term in self.terms)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"the game {self.name!r} has the term {twice[0]!r} twice", "give each term once")
        alone = [term.name for term in self.terms if term.per_sample]
        if alone and self.presentation.packing > 1:
            raise UsageError(
                f"the term {alone[0]!r} reads single samples and the game packs {self.presentation.packing}",
                "drop the packing or the term",
            )

    def describe(self) -> str:
        """What is played, from its parts as they are now: the loss, each term with its strength, the switches.

        `sentence` is that of the name, and `replace` and `tuned` do not change it.
        """
        lines = [f"{self.loss.name}: {self.loss.sentence}"]
        for term in self.terms:
            often = "every turn" if term.every == 1 else f"every {term.every} turns"
            lines.append(f"{term.name}, strength {said(term.strength)}, {often}: {term.sentence}")
        lines += self.presentation.describe()
        if self.clip is not None:
            lines.append(f"weights of the critic held in [{-self.clip.bound:g}, {self.clip.bound:g}]")
        return "\n".join(lines)

    @property
    def score(self) -> Score:
        """How the score of a critic trained in this game is read: high always means real."""
        return self.loss.score

    @property
    def equilibrium(self) -> tuple[float, float]:
        """The adversarial term of critic and generator where generated and real are the same: `Loss.equilibrium`."""
        return self.loss.equilibrium

    @property
    def needs_real(self) -> bool:
        """Whether the generator's turn, too, reads a real batch."""
        return self.loss.needs_real or any(term.needs_real for term in self.terms)

    @property
    def coupled(self) -> tuple[str, ...]:
        """The terms that need the whole batch at once: averaging them over shards gives another number."""
        return tuple(term.name for term in self.terms if term.coupled)

    @property
    def block(self) -> int:
        """All other terms average exactly over shards of equal size, cut at multiples of so many samples."""
        return self.presentation.block

    def critic_format(self, sample: Format) -> Format:
        """What the critic must accept where samples have this format."""
        return self.presentation.critic_format(sample)

    def tuned(self, name: str, *, strength: Value | None = None, every: int | None = None) -> Game:
        """The same game with another strength or interval of one term."""
        if not self.terms:
            raise UsageError(
                f"the game {self.name!r} has no term to tune", "add one first, as in replace(game, terms=(r1(),))"
            )
        term = choose({term.name: term for term in self.terms}, name, f"term of the game {self.name!r}")
        changed = replace(
            term,
            strength=term.strength if strength is None else strength,
            every=term.every if every is None else every,
        )
        return replace(self, terms=tuple(changed if other is term else other for other in self.terms))

    def critic_terms(self, players: Players, batch: Batch, *, detach: bool = True) -> Terms:
        """What the critic and its heads minimise. `detach=False` keeps how the fakes hang on the generator, which the
        Jacobian of the game needs and a step must not have.
        """
        if batch.real is None:
            raise UsageError("the critic's turn was given no real samples", "give the batch `real`")
        self._demand(players, batch)
        with torch.no_grad() if detach else nullcontext():
            fake = players.generate(batch.latent, batch.fake_labels)
        due = self._due(batch)
        sloped = frozenset(term.slope_of for term in due if term.slope_of is not None)
        turn = self._turn(players, batch, fake, stream="critic", sloped=sloped)
        parts = {ADVERSARIAL: self.loss.critic(turn.real_scores, turn.fake_scores)}
        for term in due:
            if term.critic is not None:
                parts[term.name] = term.weigh(term.critic, turn)
        return Terms(parts, {"real": turn.real_scores.detach(), "fake": turn.fake_scores.detach()})

    def generator_terms(self, players: Players, batch: Batch) -> Terms:
        """What the generator minimises, on fakes made here and now."""
        if batch.real is None and self.needs_real:
            raise UsageError(
                f"the generator's turn of {self.name!r} was given no real samples",
                "give the batch `real`: they are compared",
            )
        self._demand(players, batch)
        fake = players.generate(batch.latent, batch.fake_labels)
        turn = self._turn(players, batch, fake, stream="generator")
        scores = {"fake": turn.fake_scores}
        if self.loss.needs_real:
            scores["real"] = turn.real_scores
        parts = {ADVERSARIAL: self.loss.generator(scores["fake"], scores.get("real"))}
        for term in self._due(batch):
            if term.generator is not None:
                parts[term.name] = term.weigh(term.generator, turn)
        return Terms(parts, {side: score.detach() for side, score in scores.items()})

    def after_critic_step(self, players: Players) -> None:
        """Put the critic's weights back inside the bound, in place; nothing where the game has none."""
        if self.clip is None:
            return
        if not isinstance(players.critic, nn.Module):
            raise UsageError("the game clips weights and the critic is no nn.Module", "give a module as critic")
        self.clip.apply(players.critic)

    def _check_types(self) -> None:
        for name, (kind, remedy) in PARTS.items():
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise UsageError(f"the game {self.name!r} was given {name} of type {type(value).__name__}", remedy)
        for term in self.terms:
            if not isinstance(term, Term):
                raise UsageError(
                    f"the game {self.name!r} was given a term of type {type(term).__name__}",
                    "make it a Term, as in terms=(r1(), r2())",
                )

    def _due(self, batch: Batch) -> list[Term]:
        return [term for term in self.terms if batch.step % term.every == 0]

    def _demand(self, players: Players, batch: Batch) -> None:
        """All that any term demands, of either player, before a network is run."""
        for term in self.terms:
            for demand in term.demands:
                demand(players, batch)

    def _turn(
        self, players: Players, batch: Batch, fake: Tensor, *, stream: str, sloped: frozenset[Side] = frozenset()
    ) -> Turn:
        """The turn as terms see it."""
        real = (fake[:0] if batch.real is None else batch.real).detach()
        if len(fake) != len(batch.latent) or fake.shape[1:] != real.shape[1:]:
            raise UsageError(
                f"{len(batch.latent)} latents gave samples {tuple(fake.shape)}; the real ones are {tuple(real.shape)}",
                "generated and real samples have one shape, one sample for each latent",
            )
        if players.labelled_critic and self.presentation.packing > 1:
            raise UsageError("a critic that takes labels was to judge packs", "drop the packing or the critic's labels")
        own = batch.stream.child(stream)
        real_noise, fake_noise = own.child("noise-real"), own.child("noise-fake")
        noisy, indices = self.presentation.noisy, batch.indices
        return Turn(
            players=players,
            batch=batch,
            presentation=self.presentation,
            wanted=self.score,
            stream=own,
            noisy_real=noisy(real, batch.seen, stream=real_noise, indices=indices[: len(real)]),
            noisy_fake=noisy(fake, batch.seen, stream=fake_noise, indices=indices),
            sloped=sloped,
        )
