"""What the critic's features must also tell: class, latent code, rotation; and feature matching.

    Players(generator, critic, heads={"class": nn.Linear(64, 10)})      # critic.features(x) -> (n, 64)
    game = replace(game_named("hinge"), terms=(class_head(), feature_matching()))

A head is a module from features (n, f) to outputs, looked up by the term's name. Heads share the critic's body and are
trained in its turn; in the generator's turn the same reading asks the generator for samples that read well.
"""

from __future__ import annotations

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from ganatomy.errors import UsageError
from ganatomy.games.players import Batch, Players
from ganatomy.games.scores import at_least_float32
from ganatomy.games.terms import Place, Term, Turn, at_fake, at_real, features_of_critic, labels_of_both
from ganatomy.numerics.schedule import Value


def class_loss(outputs: Tensor, labels: Tensor) -> Tensor:
    """-E log softmax(outputs)[label], natural logarithm; log(classes) for a head that knows nothing. Outputs (n, k)."""
    _check_outputs(outputs, len(labels))
    return F.cross_entropy(outputs, labels)


def continuous_code_loss(outputs: Tensor, code: Tensor) -> Tensor:
    """-E log N(code; mean, e^s), summed over the code's k entries; outputs (n, 2k): means, then log variances s.

    The code's entropy minus this bounds its mutual information with the sample from below. Log variances are held in
    [-10, 10], so the value stays finite. Chen et al. 2016 (InfoGAN), section 5.
    """
    _check_outputs(outputs, len(code), 2 * code.shape[1])
    mean, spread = outputs.chunk(2, dim=1)
    spread = spread.clamp(-10.0, 10.0)
    surprise = (code - mean).square() * (-spread).exp() + spread + math.log(2.0 * math.pi)
    return surprise.sum(dim=1).mean() / 2


def rotated(pictures: Tensor, quarters: Tensor) -> Tensor:
    """Picture i turned left by quarters[i] times 90 degrees."""
    if pictures.ndim != 4 or pictures.shape[2] != pictures.shape[3]:
        raise UsageError(f"samples of shape {tuple(pictures.shape[1:])} cannot be rotated", "give square pictures")
    turned = torch.stack([torch.rot90(pictures, times, dims=(2, 3)) for times in range(4)])
    return turned[quarters.to(pictures.device), torch.arange(len(pictures), device=pictures.device)]


def feature_distance(real: Tensor, fake: Tensor) -> Tensor:
    """|E real - E fake|^2, summed over features (n, f), no one-half; in [0, inf). Salimans et al. 2016, section 3.1."""
    return (real.mean(dim=0) - fake.mean(dim=0)).square().sum()


def class_head(strength: Value = 1.0, *, every: int = 1) -> Term:
    """Head "class", outputs (n, classes): the critic on real and fake (a sum of two means), the generator on fake.

    Odena et al. 2017 (AC-GAN).
    """
    sentence = "The critic also names the class, and the generator makes samples whose class can be told."
    demands = (features_of_critic, partial(_has_head, "class"), labels_of_both)
    critic, generator = partial(_class, places=(at_real, at_fake)), partial(_class, places=(at_fake,))
    return Term("class", sentence, strength, every, critic, generator, per_sample=True, demands=demands)


def continuous_code(first: int, last: int, *, strength: Value = 0.1, every: int = 1) -> Term:
    """Head "continuous-code", outputs (n, 2 (last - first)), reads latent columns first .. last - 1 off the fakes."""
    sentence = "Some latent numbers must be readable off the sample, so that each comes to mean something."
    name, value = "continuous-code", partial(_code, columns=(first, last))
    demands = (features_of_critic, partial(_has_head, name), partial(_columns_of_latent, (first, last)))
    return Term(name, sentence, strength, every, value, value, per_sample=True, demands=demands)


def categorical_code(strength: Value = 1.0, *, every: int = 1) -> Term:
    """Head "categorical-code", outputs (n, classes), reads off the fakes which label the generator was given.

    The labels are those of a latent with classes, the critic sees none, so a class comes to mean what the networks
    make of it. Chen et al. 2016 (InfoGAN), section 5: the loss is -E log softmax(outputs)[label].
    """
    sentence = "A latent choice must be readable off the sample, so that it comes to mean a kind of sample."
    name = "categorical-code"
    demands = (features_of_critic, partial(_has_head, name), _choice_unseen_by_the_critic)
    value = partial(_choice, name=name)
    return Term(name, sentence, strength, every, value, value, per_sample=True, demands=demands)


def rotation_head(strength: Value = 1.0, *, every: int = 1) -> Term:
    """Head "rotation", outputs (n, 4): which quarter turn a picture was given, drawn by address; natural logarithm.

    The critic reads reals and the generator fakes. Chen et al. 2019 (SS-GAN), with 1 for the critic, 0.2 for it.
    """
    sentence = "The critic also says how a picture was turned, so that it keeps knowing what pictures look like."
    demands = (features_of_critic, partial(_has_head, "rotation"))
    critic, generator = partial(_rotation, place=at_real), partial(_rotation, place=at_fake)
    return Term("rotation", sentence, strength, every, critic, generator, per_sample=True, demands=demands)


def feature_matching(strength: Value = 1.0, *, every: int = 1) -> Term:
    """strength * |E features(real) - E features(fake)|^2 for the generator, over the whole batch at once."""
    sentence = "The generator matches the mean of the critic's features on real samples."
    return Term(
        "feature-matching",
        sentence,
        strength,
        every,
        generator=_feature_gap,
        coupled=True,
        needs_real=True,
        demands=(features_of_critic,),
    )


def _class(turn: Turn, *, places: tuple[Place, ...]) -> Tensor:
    return torch.stack([_class_at(turn, *place(turn)) for place in places]).sum()


def _class_at(turn: Turn, samples: Tensor, labels: Tensor | None) -> Tensor:
    assert labels is not None, "the term demands labels"
    return class_loss(_read(turn, "class", samples, labels), labels)


def _rotation(turn: Turn, *, place: Place) -> Tensor:
    pictures, labels = place(turn)
    quarters = turn.stream.child("rotation").integers(turn.batch.indices, 4).to(pictures.device)
    outputs = _read(turn, "rotation", rotated(pictures, quarters), labels)
    _check_outputs(outputs, len(pictures), 4)
    return F.cross_entropy(outputs, quarters)


def _code(turn: Turn, *, columns: tuple[int, int]) -> Tensor:
    code = at_least_float32(turn.batch.latent[:, slice(*columns)])
    return continuous_code_loss(_read(turn, "continuous-code", turn.fake, turn.batch.fake_labels), code)


def _choice(turn: Turn, *, name: str) -> Tensor:
    labels = turn.batch.fake_labels
    assert labels is not None, "the term demands labels"
    return class_loss(_read(turn, name, turn.fake, None), labels)


def _choice_unseen_by_the_critic(players: Players, batch: Batch) -> None:
    if batch.fake_labels is None or players.labelled_critic:
        raise UsageError(
            "a categorical code was asked of "
            + ("labels that the critic is given" if players.labelled_critic else "no labels"),
            "give the latent classes, the batch fake_labels, and the critic no labels",
        )


def _feature_gap(turn: Turn) -> Tensor:
    return feature_distance(turn.features(*at_real(turn)), turn.features(*at_fake(turn)))


def _read(turn: Turn, name: str, samples: Tensor, labels: Tensor | None) -> Tensor:
    return at_least_float32(turn.players.head(name)(turn.features(samples, labels)))


def _check_outputs(outputs: Tensor, n: int, width: int | None = None) -> None:
    if outputs.ndim != 2 or len(outputs) != n or (width is not None and outputs.shape[1] != width):
        raise UsageError(
            f"a head put out shape {tuple(outputs.shape)}",
            f"it must be ({n}, {'classes' if width is None else width}): one row of outputs per sample",
        )


def _has_head(name: str, players: Players, _batch: Batch) -> None:
    players.head(name)


def _columns_of_latent(columns: tuple[int, int], _players: Players, batch: Batch) -> None:
    width = batch.latent.shape[1] if batch.latent.ndim == 2 else 0
    if not 0 <= columns[0] < columns[1] <= width:
        raise UsageError(
            f"a code in columns {columns[0]} to {columns[1]} of latents {tuple(batch.latent.shape)} was asked for",
            "the columns lie inside flat latents (n, d): first < last <= d",
        )
