"""A GAN whose samples are points of the plane: the critic's field, what it pulls on, and where latents go in training.

    found = field(gan, real)                        # real: points (n, 2) of the data
    pulled(gan, loss, real, against=estimated(gan, of_world(world)))    # beside the pulls of the best critic
    trajectories({"round 500": early, "round 900": late}, world=world)

`plane_mesh` shows the generator, `plane_near` how near the critic is to the best one. All give arrays; views draw them.
The critic is that of `Scorer`: larger is more real, a logit where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ganatomy.data.worlds import World
from ganatomy.errors import UsageError
from ganatomy.explain.critic.scorer import Scorer
from ganatomy.explain.game.plane_mesh import require_plane, share_said
from ganatomy.explain.game.plane_near import KERNELS, Against, ticks_over
from ganatomy.explain.latent.explained import explained
from ganatomy.games.losses import Loss
from ganatomy.models.gan import GAN
from ganatomy.numerics.statistics.interval import mean_interval
from ganatomy.results.explanation import Explanation
from ganatomy.theory.optimal import optimum
from ganatomy.theory.regret import scored
from ganatomy.theory.vanishing import pulls

FREE = ("wasserstein", "relativistic")  # a constant may be added to all scores: they have no zero


def field(
    gan: GAN, real: Tensor | None = None, *, loss: Loss | None = None, n: int = 600, side: int = 241, seed: int = 0
) -> Explanation:
    """The critic's score on even ticks, rows from below, with real and generated points and their scores.

    It needs no density. The undecided score is the loss's; of unbounded scores without a loss, half way between both.
    """
    require_plane(gan)
    made, scorer = gan.sample(seed, range(n)).double().cpu(), Scorer(gan)
    data = torch.zeros(0, 2, dtype=torch.float64) if real is None else real.double().cpu()
    ticks = ticks_over(torch.cat([data, made]), side)
    places = torch.stack([axis.reshape(-1) for axis in torch.meshgrid(*ticks, indexing="xy")], 1)
    table, of_real, of_made = (
        scored(scorer, places),
        scored(scorer, data) if len(data) else data[:, 0],
        scored(scorer, made),
    )
    level, says = _undecided(scorer, loss, of_real, of_made)
    shares = [
        f"{share_said(int((scores > level).sum()), len(scores))} of {len(scores)} {name}"
        for name, scores in (("real", of_real), ("generated", of_made))
        if len(scores)
    ]
    said = f"The critic's score over the plane. Above {says}: {' and '.join(shares)} points."
    arrays = {"x": ticks[0], "y": ticks[1], "score": table.reshape(side, side), "level": torch.tensor(level)}
    arrays |= {"real": data, "made": made, "real_scores": of_real, "made_scores": of_made}
    return explained(gan, "critic field", scorer.unit, units=(), arrays=arrays, note=said, seed=seed)


def _undecided(scorer: Scorer, loss: Loss | None, real: Tensor, made: Tensor) -> tuple[float, str]:
    free = loss is not None and loss.name in FREE
    if (loss is not None and not free) or scorer.unit == "logit":
        level = 0.0 if loss is None else loss.undecided
        return level, f"the undecided score, {level:.3g}"
    level = float(made.mean()) if not len(real) else 0.5 * float(real.mean() + made.mean())
    return level, f"{level:.3g}, half way between the mean scores of both (such a score has no zero of its own)"


def pulled(
    gan: GAN, loss: Loss, real: Tensor, *, against: Against | None = None, n: int = 300, seed: int = 0
) -> Explanation:
    """At fresh samples: -d(generator's loss) / d(sample), of this critic and, where densities are given, of the best.

    The agreement is the cosine of both; its floor that of the best critics for two estimates of q.
    """
    require_plane(gan)
    start = 2 * (KERNELS if against is None else against.n)  # no sample is one that q was estimated from
    made = gan.sample(seed, range(start, start + n)).double().cpu()
    others = (real.double().cpu(), None) if loss.needs_real else None
    own = pulls(loss, Scorer(gan), made, real=others)
    arrays = {"samples": made, "pull": own, "real": real.double().cpu()}
    said = f"Where the generator's loss ({loss.name}) pulls {n} samples."
    best = None if against is None else optimum(loss)
    if best is not None and best.stepped:
        said += " The best critic of this loss is a step, and pulls nowhere."
    elif against is not None and best is not None:
        first, second = (pulls(loss, best.critic(against.p, q), made, real=others) for q in (against.q, against.other))
        same, most = _cosines(own, first), _cosines(first, second)
        along = share_said(int((same > 0).sum()), len(same))
        seen = mean_interval(same)
        said += (
            f" {along} of them are pulled within 90 degrees of the best critic's pull; mean cosine "
            f"{float(same.mean()):.2f} [{seen.low:.2f}, {seen.high:.2f}]"
        )
        said += "." if against.exact else f", {float(most.mean()):.2f} between the best critics for two estimates of q."
        said += f" {against.said}"
        arrays |= {"best": first, "cosine": same, "best_again": most}
    return explained(gan, "pulls", loss.name, units=(), arrays=arrays, note=said, seed=seed)


def _cosines(first: Tensor, second: Tensor) -> Tensor:
    return torch.nn.functional.cosine_similarity(first.double(), second.double(), dim=1, eps=1e-300)


def trajectories(gans: Mapping[str, GAN], *, n: int = 200, seed: int = 0, world: World | None = None) -> Explanation:
    """Where the same latents lie at each checkpoint, from old to new; with a world, whose mode is nearest.

    A row a checkpoint: places (n, 2), modes (n,), how many changed theirs since the one before, and moved how far.
    """
    if len(gans) < 2:
        raise UsageError(
            f"where latents go was asked of {len(gans)} checkpoint{'s' * (len(gans) != 1)}",
            "name a run that kept two or more, and train with -o cadence.keep=20 to keep more",
        )
    for gan in gans.values():
        require_plane(gan)
    last = list(gans.values())[-1]
    places = torch.stack([gan.sample(seed, range(n)).double().cpu() for gan in gans.values()])
    moved = torch.cat([torch.zeros(1, dtype=torch.float64), places.diff(dim=0).norm(dim=2).median(1).values])
    arrays = {"places": places, "moved": moved}
    names = list(gans)
    said = f"{n} latents over {len(names)} checkpoints, {names[0]} to {names[-1]}."
    if world is not None:
        nearest = torch.cdist(places.reshape(-1, 2), world.centres).argmin(1)
        modes = world.modes[nearest].reshape(len(names), n)
        changed = torch.cat([torch.zeros(1, dtype=torch.int64), (modes[1:] != modes[:-1]).sum(1)])
        arrays |= {"modes": modes, "changed": changed}
        most = int(changed.argmax())
        said += (
            f" Their nearest mode changed since the checkpoint before: most by {names[most]}, "
            f"{share_said(int(changed[most]), n)} of them; by the last, {share_said(int(changed[-1]), n)}."
        )
    return explained(last, "trajectories", "places", units=names, arrays=arrays, note=said, seed=seed)
