"""What there is to choose from: recipes, data sets, architectures, games, by name with a sentence each.

listing("games")        # {"minimax": "One forger, one expert, ...", ...}
planned("games")         # why a list is empty: the sentence, or None
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

from ganatomy.errors import choose

PLANNED: dict[str, str] = {}


def listing(what: str) -> dict[str, str]:
    """Names and sentences of one kind of thing."""
    return choose(KINDS, what, "list")()


def planned(what: str) -> str | None:
    """A sentence where a kind of thing is still to come."""
    return PLANNED.get(what)


def _recipes() -> dict[str, str]:
    from ganatomy.training.recipes.shipped import summaries

    return summaries()


def _data() -> dict[str, str]:
    from ganatomy.data.catalogue import DATASETS

    return {name: f"{entry.summary} ({entry.source})" for name, entry in DATASETS.items()}


def _models() -> dict[str, str]:
    from ganatomy.models.architectures import ARCHITECTURES

    return {name: (inspect.getdoc(kind) or "").splitlines()[0] for name, kind in ARCHITECTURES.items()}


def _games() -> dict[str, str]:
    from ganatomy.games.named import GAMES

    return {name: game.sentence for name, game in GAMES.items()}


def _explainers() -> dict[str, str]:
    from ganatomy.verbs.explainers.catalogue import EXPLAINERS

    return {name: explainer.summary for name, explainer in EXPLAINERS.items()}


def _measures() -> dict[str, str]:
    from ganatomy.verbs.measures.catalogue import MEASURES

    return {name: measure.summary for name, measure in MEASURES.items()}


def _benches() -> dict[str, str]:
    from ganatomy.verbs.bench import BENCHES

    homes = {name: inspect.getmodule(run) for name, run in BENCHES.items()}
    return {name: (inspect.getdoc(home) or "").splitlines()[0] for name, home in homes.items()}


def _theory() -> dict[str, str]:
    from ganatomy.verbs.theory import THEORY

    return {name: question for name, (question, _) in THEORY.items()}


def _experiments() -> dict[str, str]:
    from ganatomy.experiments.catalogue import EXPERIMENTS

    return {name: experiment.claim for name, experiment in EXPERIMENTS.items()}


def _interventions() -> dict[str, str]:
    from ganatomy.training.interventions.written import KEYS, KINDS

    found = {kind.example: kind.sentence for kind in KINDS.values()}
    return {**found, **{f"{key.rstrip('.')}...=VALUE": "a key of the recipe, as -o takes it" for key in KEYS}}


KINDS: dict[str, Callable[[], dict[str, str]]] = {
    "recipes": _recipes,
    "data": _data,
    "models": _models,
    "games": _games,
    "explainers": _explainers,
    "measures": _measures,
    "experiments": _experiments,
    "interventions": _interventions,
    "benches": _benches,
    "theory": _theory,
}
