"""What a recipe is: everything that decides a training run, as frozen data with its legal values.

    recipe = read_recipe("digits-mlp", ["game.terms.r1.strength=0.1"])      # from ganatomy.training.recipes.read
    recipe.pace.batch, recipe.game.terms.r1.strength, recipe.end.steps

Sections bear the names of what they become: `data`, `latent`, `players`, `game`, `pace`. A recipe that plays in stages
lists them; a stage says only what is different.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ganatomy.errors import UsageError
from ganatomy.training.interventions.written import intervention
from ganatomy.training.recipes.terms import Kinds, Terms
from ganatomy.training.recipes.values import (
    Amount,
    Beta,
    Changing,
    Count,
    Flag,
    Portion,
    Positive,
    Probability,
    Rate,
    Section,
    Share,
    Whole,
    as_number,
    plain,
)

__all__ = ["Changing", "Recipe", "plain"]

PlayerName = Literal["critic", "generator"]
BOTH: tuple[PlayerName, ...] = ("critic", "generator")


def _word(value: str) -> str:
    """Names become parts of folder names."""
    if not value or not value[0].isalnum() or not all(letter.isalnum() or letter in "-_." for letter in value):
        raise UsageError(f"{value!r} was given", "a name of letters, digits, - and _, such as digits-mlp")
    return value


def _sentence(value: str) -> str:
    if not value.strip() or "\n" in value.strip():
        raise UsageError(f"{value!r} was given", "one sentence that says what the recipe is for")
    return value.strip()


def _auto_or_count(value: object) -> object:
    number = as_number(value)
    if value != "auto" and (number is None or number != int(number) or number < 1):
        raise UsageError(f"{value!r} was given", "auto, or a whole number, at least 1")
    return value if number is None else int(number)


def _auto_or_flag(value: object) -> object:
    if value != "auto" and not isinstance(value, bool):
        raise UsageError(f"{value!r} was given", "auto, true or false")
    return value


def _switch(value: object) -> object:
    number = as_number(value)
    if not isinstance(value, bool) and number is None:
        raise UsageError(f"{value!r} was given", "true, false, or a number as the threshold")
    return value if isinstance(value, bool) else number


def _learners(value: tuple[PlayerName, ...]) -> tuple[PlayerName, ...]:
    if not value or len(set(value)) < len(value):
        raise UsageError(f"{list(value)} was given", "critic, generator, or both, each once")
    return value


def _interventions(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(intervention(each)) for each in value)


Learners = Annotated[tuple[PlayerName, ...], AfterValidator(_learners)]
Interventions = Annotated[tuple[str, ...], AfterValidator(_interventions)]
Word = Annotated[str, AfterValidator(_word)]
Sentence = Annotated[str, AfterValidator(_sentence)]
Threads = Annotated[Literal["auto"] | int, BeforeValidator(_auto_or_count)]
Switch = Annotated[bool | int | float, BeforeValidator(_switch)]


class Data(Section):
    """A data set by name; `size` makes its pictures that wide and high; `options` are those of folders.

    `share`: of the training part, chosen by the seed of the run; what is held out stays whole.
    """

    name: str
    share: Portion = 1.0
    size: Count | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class Latent(Section):
    """`conditional`: with as many classes as the data have."""

    kind: Literal["normal", "uniform", "sphere"] = "normal"
    dim: Count
    conditional: Flag = False


class Players(Section):
    architecture: str
    options: dict[str, Any] = Field(default_factory=dict)


class Noise(Section):
    """On everything the critic sees, gone after `until` images."""

    start: Amount
    until: Count


class Augmentation(Section):
    kinds: Kinds = ("colour", "translation", "cutout")
    probability: Probability = 1.0


class Game(Section):
    """A game by name; `smoothing` is that of labels; `clip` bounds the critic's weights, 0 leaves them free."""

    name: str
    smoothing: Share = 0.0
    terms: Terms = Terms()
    noise: Noise | None = None
    packing: Count = 1
    deviation_group: Whole = 0
    clip: Amount | None = None
    augment: Augmentation | None = None


class Optimiser(Section):
    """`momentum` is SGD's, `smoothing` RMSprop's, `clip` the gradient's largest norm, `noise` a share of its norm."""

    kind: Literal["adam", "rmsprop", "sgd"] = "adam"
    rate: Rate = 2e-4
    betas: tuple[Beta, Beta] = (0.5, 0.99)
    momentum: Share = 0.0
    smoothing: Share = 0.99
    clip: Positive | None = None
    normalise: Flag = False
    noise: Amount = 0.0
    optimistic: Flag = False


class Pace(Section):
    """How fast. `half_life` (images) is that of the averaged generator, 0 for none; `average_every` counts rounds."""

    batch: Count = 64
    critic: Optimiser = Optimiser()
    generator: Optimiser = Optimiser()
    critic_turns: Count = 1
    generator_turns: Count = 1
    extragradient: Flag = False
    micro_batches: Count = 1
    half_life: Amount = 10_000.0
    average_every: Count = 1
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    channels_last: Annotated[Literal["auto"] | bool, BeforeValidator(_auto_or_flag)] = "auto"

    @model_validator(mode="after")
    def _divides(self) -> Pace:
        if self.batch % self.micro_batches:
            raise UsageError(
                f"a batch of {self.batch} in {self.micro_batches} micro-batches was asked for", "batch is a multiple"
            )
        return self


class End(Section):
    """The first goal that is reached ends the stage: a budget, a measured gap, or so many probes without progress."""

    steps: Count | None = None
    images: Count | None = None
    seconds: Positive | None = None
    gap: Positive | None = None
    plateau: Count | None = None

    @model_validator(mode="after")
    def _some(self) -> End:
        if not self.goals():
            raise UsageError("no goal was given", "give one or more of steps, images, seconds, gap, plateau")
        return self

    def goals(self) -> tuple[str, ...]:
        """As `--until` takes them: "steps: 3000"."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return tuple(
            f"{name}: {goal:g}" if goal != int(goal) else f"{name}: {int(goal)}"
            for name, goal in found.items()
            if goal is not None
        )


class Stage(Section):
    """Part of a run; `players` are those that learn in it."""

    name: Word
    players: Learners = BOTH
    game: Game
    pace: Pace
    end: End


class Cadence(Section):
    """Every so many steps (0: never), except `save_seconds`; `keep` checkpoints stay, beside the best.

    `milestones` (16, 24, 32, 48, 64, 96 ...) are saved and stay, too: what they were tells how the run went.
    """

    log: Whole = 50
    probe: Whole = 250
    samples: Whole = 500
    save_seconds: Positive = 60.0
    keep: Count = 3
    milestones: Flag = True


class Recipe(Section):
    """`end` is that of the only stage; where `stages` are listed, each has its own.

    `interventions` change the run on its way: "freeze=critic from 500 until 900"; rounds count over all stages.
    """

    name: Word
    summary: Sentence
    seed: Whole = 0
    data: Data
    latent: Latent
    players: Players
    game: Game
    pace: Pace = Pace()
    end: End | None = None
    stages: tuple[Stage, ...] = ()
    interventions: Interventions = ()
    cadence: Cadence = Cadence()
    threads: Threads = "auto"
    health: dict[str, Switch] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ends(self) -> Recipe:
        if not self.stages and self.end is None:
            raise UsageError("the key 'end' is missing", "give a goal, as in end: {steps: 3000}")
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise UsageError(f"the stages {names} were given", "each stage has a name of its own")
        return self

    def all_stages(self) -> tuple[Stage, ...]:
        """The stages, or the whole run as the only one."""
        if self.stages:
            return self.stages
        assert self.end is not None, "checked above"
        return (Stage(name="whole", game=self.game, pace=self.pace, end=self.end),)
