"""The command `theory`: what theory says of the game, as tables on stdout or as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli.completion import theories

EXAMPLES = "Examples: ganatomy theory; ganatomy theory dirac --out theory; ganatomy theory gradients --json"


def theory(
    what: Annotated[
        list[str] | None, typer.Argument(help="names from `ganatomy list theory`; all without", autocompletion=theories)
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="Write NAME.svg and NAME.json into this folder.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """What theory says of the game: divergences, best critics, convergence, spectra; about a minute for all."""
    from ganatomy.cli.narrator import Narrator
    from ganatomy.verbs.theory import theory as run
    from ganatomy.verbs.theory import write

    narrator, told = Narrator(), []
    with narrator:
        for answer in run(what or (), progress=narrator.progress):
            files = [] if out is None else [str(file) for file in write(answer, out)]
            told.append({**answer.to_dict(), "files": files})
            if json_:
                continue
            if out is None:
                typer.echo(answer.text() + "\n")
            else:
                narrator.say(f"{answer.name}: {answer.shown.said}")
                typer.echo("\n".join(files))
    if json_:
        typer.echo(json.dumps({"theory": told}, ensure_ascii=False, allow_nan=False))


def register(app: typer.Typer) -> None:
    app.command("theory", epilog=EXAMPLES)(theory)
