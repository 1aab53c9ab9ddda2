"""What there is to choose from: data sets, architectures, games, by name with a sentence each.

listing("games")        # {"minimax": "One forger, one expert, ...", ...}
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

from ganatomy.errors import choose


def listing(what: str) -> dict[str, str]:
    """Names and sentences of one kind of thing."""
    return choose(KINDS, what, "list")()


def _data() -> dict[str, str]:
    from ganatomy.data.catalogue import DATASETS

    return {name: f"{entry.summary} ({entry.source})" for name, entry in DATASETS.items()}


def _models() -> dict[str, str]:
    from ganatomy.models.architectures import ARCHITECTURES

    return {name: (inspect.getdoc(kind) or "").splitlines()[0] for name, kind in ARCHITECTURES.items()}


def _games() -> dict[str, str]:
    from ganatomy.games.named import GAMES

    return {name: game.sentence for name, game in GAMES.items()}


KINDS: dict[str, Callable[[], dict[str, str]]] = {"data": _data, "models": _models, "games": _games}
