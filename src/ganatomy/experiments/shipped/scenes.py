"""What several experiments share: recipes made small, controls, and how large an effect has to be.

The smallest effect of interest of an experiment is one standard deviation of what other batches and latents alone do to
its statistic, over seeds that it does not use (100 to 105), rounded up. Where it is not, the experiment's file says so.
"""

from __future__ import annotations

from ganatomy.experiments.experiment import Negative, Positive

# Digits by small perceptrons, as in digits-mlp with half the width, and rates that stay.
DIGITS = (
    "players.options.hidden=[64, 128]",
    "players.options.critic_hidden=[128, 64]",
    "pace.batch=64",
    "pace.both.rate=1e-3",
    "pace.both.betas=[0.5, 0.99]",
    "pace.half_life=2000",
)
# The ring without a penalty, at a high rate, from a latent of sixteen dimensions: this loses its modes.
FRAGILE = (
    "latent.kind=normal",
    "latent.dim=16",
    "players.options.hidden=[128, 128]",
    "players.options.critic_hidden=[64, 64]",
    "pace.batch=64",
    "pace.both.rate=2e-3",
    "pace.both.betas=[0.5, 0.99]",
    "pace.half_life=2000",
    "game.name=non-saturating",
)
# The same with a critic of twice the width and one layer more: without a penalty it never comes near the ring.
WIDE_CRITIC = "players.options.critic_hidden=[128, 128, 128]"
WITH_R1 = "game.terms.r1.strength=0.1"
STILL = Positive("the generator stands still", do=("freeze=generator",))
OTHER_BATCHES = Negative("other batches and latents", do=("randomness=1",))
