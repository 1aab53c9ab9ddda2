"""Opens up generative adversarial networks and answers, with evidence, why they do what they do.

    import ganatomy
    digits = ganatomy.load("digits")
    gan = ganatomy.GAN(my_generator, ganatomy.Normal(64), digits.format)

The names below are loaded when they are first used; everything else is imported from its module.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.7.0"

if TYPE_CHECKING:
    from ganatomy.data.catalogue import load
    from ganatomy.games.named import game_named
    from ganatomy.models.gan import GAN
    from ganatomy.models.latent import Latent, Normal, Sphere, Uniform
    from ganatomy.results.explanation import Explanation
    from ganatomy.results.finding import Finding
    from ganatomy.results.formats import Format, Score
    from ganatomy.results.measurement import Measurement
    from ganatomy.results.provenance import Provenance

__all__ = [
    "GAN",
    "Explanation",
    "Finding",
    "Format",
    "Latent",
    "Measurement",
    "Normal",
    "Provenance",
    "Score",
    "Sphere",
    "Uniform",
    "game_named",
    "load",
]

_HOMES = {
    "GAN": "models.gan",
    "Explanation": "results.explanation",
    "Finding": "results.finding",
    "Format": "results.formats",
    "Latent": "models.latent",
    "Measurement": "results.measurement",
    "Normal": "models.latent",
    "Provenance": "results.provenance",
    "Score": "results.formats",
    "Sphere": "models.latent",
    "Uniform": "models.latent",
    "game_named": "games.named",
    "load": "data.catalogue",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganatomy' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"ganatomy.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
