"""How samples spread over the modes of a world that is known.

mode_signals(samples, WORLDS["ring8"]())     # modes.found, modes.strict, modes.quality, modes.reverse_kl
"""

from __future__ import annotations

import math

from torch import Tensor

from ganatomy.data.worlds import World
from ganatomy.numerics.distances import count_modes
from ganatomy.training.gauge import Signals


def mode_signals(samples: Tensor, truth: object) -> Signals:
    """Of finite samples; nothing where the truth is not a world whose modes are round and alike."""
    if not isinstance(truth, World) or truth.mode_std is None:
        return {}
    found = count_modes(samples, truth.centres, truth.mode_std)
    signals: Signals = {
        "modes.found": float(found.loose),
        "modes.strict": float(found.strict),
        "modes.quality": found.high_quality,
    }
    return signals | ({"modes.reverse_kl": found.reverse_kl} if math.isfinite(found.reverse_kl) else {})
