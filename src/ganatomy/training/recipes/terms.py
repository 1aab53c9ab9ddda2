"""The terms that a recipe can tune or add, each with its own parameters.

    terms:
      r1: {strength: 0.05, every: 4}
      gradient_penalty: {strength: 10, one_sided: true}

A strength that is not given is that of the named game, or the term's usual one; a strength of 0 takes a term away.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from ganatomy.errors import UsageError
from ganatomy.training.recipes.values import Amount, Count, Flag, Positive, Section, Strength, Whole

Kind = Literal["colour", "translation", "cutout"]


def _some(kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    if not kinds or len(set(kinds)) < len(kinds):
        raise UsageError(f"{list(kinds)} was given", "one or more of colour, translation, cutout, each once")
    return kinds


Kinds = Annotated[tuple[Kind, ...], AfterValidator(_some)]


class TermOptions(Section):
    """What every term has."""

    strength: Strength | None = None
    every: Count | None = None


class GradientPenalty(TermOptions):
    target: Amount = 1.0
    one_sided: Flag = False


class Consistency(TermOptions):
    kinds: Kinds = ("translation",)
    fakes: Flag = False


class ContinuousCode(TermOptions):
    """Latent columns first .. last - 1 are to be read off the samples."""

    first: Whole = 0
    last: Count


class PathLength(TermOptions):
    target: Positive | None = None


class HessianPenalty(TermOptions):
    directions: Count = 2
    step: Positive = 0.1


class Orthogonal(TermOptions):
    off_diagonal: Flag = True


class Terms(Section):
    """None: as the named game has it."""

    r1: TermOptions | None = None
    r2: TermOptions | None = None
    zero_centred: TermOptions | None = None
    gradient_penalty: GradientPenalty | None = None
    consistency: Consistency | None = None
    class_head: TermOptions | None = None
    continuous_code: ContinuousCode | None = None
    categorical_code: TermOptions | None = None
    rotation_head: TermOptions | None = None
    feature_matching: TermOptions | None = None
    path_length: PathLength | None = None
    hessian_penalty: HessianPenalty | None = None
    orthogonal: Orthogonal | None = None

    def given(self) -> dict[str, TermOptions]:
        """Those that were tuned or added, by name."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: options for name, options in found.items() if options is not None}
