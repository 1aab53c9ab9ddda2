"""The game, played: an iterator that yields a `Step` after every round; the caller's loop logs, saves and stops.

    for step in play(game, players, data, latent, pace=Pace(seed=3)):
        if step.count == 2000: break
    step.average                                      # the averaged generator

A round is a few turns of each player in order (`Pace`), each on its own addressed batch. A player's gradient is taken
with respect to its own weights only, so the other is frozen without a flag being touched. Everything drawn depends on
(seed, turn), so the same call plays the same game, bit for bit, also from a snapshot on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import DivergedError
from ganatomy.games.game import Game
from ganatomy.games.players import Players
from ganatomy.games.terms import Terms
from ganatomy.models.evaluating import home
from ganatomy.models.latent import Latent
from ganatomy.numerics.random import Stream
from ganatomy.training.average import Average
from ganatomy.training.descent import Descent
from ganatomy.training.fitting import check, modules_of
from ganatomy.training.pace import ROLES, Pace, Role
from ganatomy.training.snapshot import Snapshot, check_fit, fill
from ganatomy.training.step import Step, joined_parts, values_of
from ganatomy.training.supply import Supply
from ganatomy.training.team import ALONE, Team, check_divisible

PATIENCE = 20  # steps in a row that one player may skip before the game is given up


@dataclass(frozen=True, eq=False)
class _Pull:
    """Where a player is drawn: its terms and the gradient of their sum over the whole batch."""

    terms: Terms
    gradients: list[Tensor]


def play(game: Game, players: Players, data: Dataset, latent: Latent, *, pace: Pace, team: Team = ALONE) -> Play:
    """Endless; the modules of `players` are trained in place, where they are: samples are brought to their device.

    What does not fit together (shapes, ranges, labels, the critic's score) is an error before the first round. A step
    whose gradient is not finite is left out and told; too many in a row end the game.
    """
    check(game, players, data, latent)
    check_divisible(game, processes=team.size, micro_batches=pace.micro_batches)
    return Play(game, players, data, latent, pace=pace, team=team)


class Play(Iterator[Step]):
    """A game under way. `play` makes one; `snapshot` and `restore` carry it across processes."""

    def __init__(
        self, game: Game, players: Players, data: Dataset, latent: Latent, *, pace: Pace, team: Team = ALONE
    ) -> None:
        self.game, self.players, self.pace, self.team = game, players, pace, team
        self.data, self.latent = data, latent
        self.modules = modules_of(players)
        generator = self.modules["G."]
        device, _ = home(generator)
        for module in self.modules.values():
            module.train()
            if pace.channels_last:
                module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        team.share_out_([tensor for module in self.modules.values() for tensor in module.state_dict().values()])
        own = {"critic": {k: m for k, m in self.modules.items() if k != "G."}, "generator": {"G.": generator}}
        self.descents: dict[Role, Descent] = {
            role: Descent(_weights(own[role]), pace.optimiser(role), _noise(pace, role)) for role in ROLES
        }
        self._draw_from(data)
        self.autocast = torch.autocast(device.type, torch.bfloat16, enabled=pace.precision == "bfloat16")
        self.averaged = Average(generator, pace.half_life)
        buffers = (buffer for module in self.modules.values() for buffer in module.buffers())
        self.statistics = [buffer for buffer in buffers if buffer.is_floating_point()]
        self.count = 0
        self.turned: dict[Role, int] = dict.fromkeys(ROLES, 0)
        self.skips: dict[Role, int] = dict.fromkeys(ROLES, 0)  # in all
        self.streaks: dict[Role, int] = dict.fromkeys(ROLES, 0)  # in a row

    def retune(self, game: Game, pace: Pace, data: Dataset | None = None) -> None:
        """From the next round on, play that instead. Weights stay, and what an optimiser of the same kind remembers.

        What a run cannot change on its way is the caller's to refuse: the batch, by which samples are addressed, what
        the critic is shown, and whether an average is kept.
        """
        assert (pace.batch, pace.half_life > 0) == (self.pace.batch, self.pace.half_life > 0), "see the docstring"
        self.game, self.pace = game, pace
        self.descents = {role: self.descents[role].retuned(pace.optimiser(role), _noise(pace, role)) for role in ROLES}
        self.averaged.half_life = pace.half_life
        self._draw_from(self.data if data is None else data)

    def _draw_from(self, data: Dataset) -> None:
        """Batches and what modules draw inside; new ones only where their addresses have changed."""
        self.data, pace = data, self.pace
        device, dtype = home(self.modules["G."])
        self.supplies: dict[Role, Supply] = {
            role: Supply(role, data, self.latent, pace=pace, team=self.team, block=self.game.block) for role in ROLES
        }
        for supply in self.supplies.values():
            supply.bring_to(device, dtype)
        self.inside = Stream(pace.seed, "play/inside" + (f"/{self.team.rank}" if self.team.rank else ""))

    @property
    def average(self) -> nn.Module:
        """The averaged generator, in eval mode; the generator itself where none is kept."""
        return self.averaged.network

    @property
    def seen(self) -> int:
        """Images the critic has been shown, fresh ones of the data: its turns times the batch."""
        return self.turned["critic"] * self.pace.batch

    def __next__(self) -> Step:
        """Play a round."""
        with self.inside.module_rng(self.count):
            pulls, norms, skipped = self._together() if self.pace.extragradient else self._in_turn()
        self.count += 1
        for role in ROLES:
            self.turned[role] += self.pace.turns(role)
        self.team.share_out_(self.statistics)  # of batches: each process has seen another part, the leader's count
        if self.count % self.pace.average_every == 0:
            self.averaged.follow(self.pace.average_every * self.pace.critic_turns * self.pace.batch)
        critic, generator = pulls["critic"].terms, pulls["generator"].terms
        return Step(
            self.count,
            self.seen,
            values_of(critic),
            values_of(generator),
            critic.scores,
            {role: dict(zip(self.descents[role].names, pull.gradients, strict=True)) for role, pull in pulls.items()},
            norms,
            skipped,
            self.players,
            self.average,
        )

    def _in_turn(self) -> tuple[dict[Role, _Pull], dict[str, Tensor], dict[str, tuple[str, ...]]]:
        pulls: dict[Role, _Pull] = {}
        norms: dict[str, Tensor] = {}
        skipped: dict[str, tuple[str, ...]] = {}
        for role in ROLES:
            for turn in range(self.turned[role], self.turned[role] + self.pace.turns(role)):
                pulls[role] = self._pull(role, turn)
                norms[role] = self._move(role, pulls[role], skipped)
        return pulls, norms, skipped

    def _together(self) -> tuple[dict[Role, _Pull], dict[str, Tensor], dict[str, tuple[str, ...]]]:
        """Both look a step ahead from where they are, and step from there by what they find. Gidel et al. 2019."""
        skipped: dict[str, tuple[str, ...]] = {}
        here = {role: [weight.detach().clone() for weight in self.descents[role].weights] for role in ROLES}
        for role, pull in {role: self._pull(role, self.turned[role]) for role in ROLES}.items():
            self._move(role, pull, skipped)
        pulls = {role: self._pull(role, self.turned[role]) for role in ROLES}
        with torch.no_grad():
            for role in ROLES:
                torch._foreach_copy_(self.descents[role].weights, here[role])
        return pulls, {role: self._move(role, pulls[role], skipped) for role in ROLES}, skipped

    def _pull(self, role: Role, turn: int) -> _Pull:
        """The gradient of the player's loss over the whole batch, all parts and processes together."""
        terms_of = self.game.critic_terms if role == "critic" else self.game.generator_terms
        weights, total = self.descents[role].weights, None
        found: list[tuple[float, Terms]] = []
        seen = self.seen + (turn - self.turned[role]) * self.pace.batch * (role == "critic")
        for share, batch in self.supplies[role](turn, seen):
            with self.autocast:
                terms = terms_of(self.players, batch)
                loss = terms.total if share == 1.0 else terms.total * share
            pull = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
            # Not in place: autograd may give two weights one and the same tensor.
            total = pull if total is None else torch._foreach_add(total, pull)
            found.append((share, terms))
        assert total is not None
        return _Pull(joined_parts(found), self.team.summed(total))

    def _move(self, role: Role, pull: _Pull, skipped: dict[str, tuple[str, ...]]) -> Tensor:
        """A step of the player, or none if its gradient is not finite; the norm of the gradient."""
        descent = self.descents[role]
        if role not in self.pace.trains:
            return torch.nn.utils.get_total_norm(pull.gradients)
        norm = descent.step(pull.gradients, self.seen)
        if not float(norm) < torch.inf:
            self._skip(role, pull, skipped)
            return norm
        self.streaks[role] = 0
        if role == "critic":
            self.game.after_critic_step(self.players)
        return norm

    def _skip(self, role: Role, pull: _Pull, skipped: dict[str, tuple[str, ...]]) -> None:
        skipped[role] = self.descents[role].odd(pull.gradients)
        self.skips[role] += 1
        self.streaks[role] += 1
        if self.streaks[role] >= PATIENCE:
            odd = [name for name, value in pull.terms.parts.items() if not bool(torch.isfinite(value))]
            raise DivergedError(
                f"{PATIENCE} steps of the {role} in a row were not finite, up to round {self.count}, "
                f"at {', '.join(skipped[role][:3])}" + (f"; its terms {', '.join(odd)} are not either" if odd else ""),
                "lower the rate or the penalty; the weights are those before the first of these steps",
            )

    def snapshot(self) -> Snapshot:
        """All that the rest of the game depends on, copied."""
        weights = {
            f"{prefix}{name}": tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            for prefix, module in self._kept().items()
            for name, tensor in module.state_dict().items()
        }
        moments = {name: value for descent in self.descents.values() for name, value in descent.moments().items()}
        return Snapshot(weights, moments, self._counters())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from there; nothing is changed if it does not fit."""
        check_fit(self._kept(), snapshot.weights)
        counters = {name: snapshot.counter(name) for name in self._counters()}
        moments = {}
        for role, descent in self.descents.items():
            own = tuple(f"{name}/" for name in descent.names)
            moments[role] = {name: value for name, value in snapshot.moments.items() if name.startswith(own)}
            descent.check_moments(moments[role], begun=counters[f"made/{role}"] > 0)
        fill(self._kept(), snapshot.weights)
        for role, descent in self.descents.items():
            descent.remember(moments[role], made=counters[f"made/{role}"])
            self.turned[role] = counters[f"turned/{role}"]
            self.skips[role], self.streaks[role] = counters[f"skipped/{role}"], counters[f"streak/{role}"]
        self.count, self.averaged.seen = counters["count"], counters["averaged"]

    def _counters(self) -> dict[str, int]:
        found = {"count": self.count, "averaged": self.averaged.seen}
        made = {role: self.descents[role].made for role in ROLES}
        counts = {"turned": self.turned, "made": made, "skipped": self.skips, "streak": self.streaks}
        return found | {f"{what}/{role}": counts[what][role] for what in counts for role in ROLES}

    def _kept(self) -> dict[str, nn.Module]:
        return self.modules if self.averaged.of_itself else {**self.modules, "ema.": self.average}


def _noise(pace: Pace, role: Role) -> Stream:
    return Stream(pace.seed, f"play/noise/{role}")


def _weights(modules: Mapping[str, nn.Module]) -> dict[str, nn.Parameter]:
    return {
        prefix + name: weight
        for prefix, module in modules.items()
        for name, weight in module.named_parameters()
        if weight.requires_grad
    }
