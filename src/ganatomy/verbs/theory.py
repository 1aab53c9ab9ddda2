"""What theory says of the game, computed here: tables with error bounds and closed forms beside them, and figures.

    for answer in theory(["divergences", "dirac"], progress=lambda name: lambda done, total: None):
        print(answer.name, answer.shown.said)
    write(answer, Path("theory"))                    # theory/divergences.svg and theory/divergences.json

Nothing is read from disk, no GAN is asked: games, losses and densities are those of this package.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganatomy.atomic import write_text
from ganatomy.errors import choose
from ganatomy.results.record import plain
from ganatomy.training.threads import threads
from ganatomy.verbs.theories.apart import critics, divergences, gradients, regret, vanishing
from ganatomy.verbs.theories.moving import angle, dirac, proxies, spectra
from ganatomy.verbs.theories.shown import Progress, Shown
from ganatomy.views.canvas import svg

THEORY: dict[str, tuple[str, Callable[[Progress], Shown]]] = {
    "divergences": (
        "How far apart are two known densities, by every divergence, with a bound on the error?",
        divergences,
    ),
    "critics": ("What is the best critic of each loss, and what is its loss there?", critics),
    "regret": ("How near does a trained critic come to the best one, where, and after how many steps?", regret),
    "gradients": ("What does the generator learn from the best critic: saturating against non-saturating?", gradients),
    "vanishing": ("Which losses still pull when real and generated samples lie far apart?", vanishing),
    "dirac": ("Which games converge? Eigenvalues by autograd, by hand, and what was published.", dirac),
    "spectra": ("How fast does a game turn and shrink: eigenvalues of its Jacobian, also on networks?", spectra),
    "angle": ("Does a path end at a rest, and does the game turn there? Curves whose answer is known.", angle),
    "proxies": ("Which cheap readings of a run go with its distance to the equilibrium?", proxies),
}


@dataclass(frozen=True, eq=False)
class Answer:
    """One name's table and figure."""

    name: str
    question: str
    shown: Shown

    def to_dict(self) -> dict[str, object]:
        """Rows by column; what is not finite is written as in results, {"float": "inf"}."""
        columns = [name.strip() for name in self.shown.columns]
        return {
            "name": self.name,
            "question": self.question,
            "said": self.shown.said,
            "columns": columns,
            "rows": [plain(list(row)) for row in self.shown.rows],
        }

    def text(self) -> str:
        return "\n".join([f"{self.name}: {self.question}", "", self.shown.table(), "", f"Found: {self.shown.said}."])


def theory(names: Sequence[str] = (), *, progress: Callable[[str], Progress]) -> Iterator[Answer]:
    """Each of the names once, in their order; without names all."""
    chosen = {name: choose(THEORY, name, "theory") for name in (names or THEORY)}
    for name, (question, work) in chosen.items():
        with threads(1):
            shown = work(progress(name))
        yield Answer(name, question, shown)


def write(answer: Answer, folder: Path) -> tuple[Path, ...]:
    """The figure and the rows, as NAME.svg and NAME.json."""
    files = folder / f"{answer.name}.json", folder / f"{answer.name}.svg"
    text = json.dumps(answer.to_dict(), indent=2, allow_nan=False, ensure_ascii=False)
    write_text(files[0], text + "\n")
    with threads(1):
        write_text(files[1], svg(answer.shown.figure()))
    return files
