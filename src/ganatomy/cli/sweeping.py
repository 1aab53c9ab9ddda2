"""The command `sweep`: a key of a recipe over several values, paired seeds, one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli.completion import recipes

EXAMPLES = """Examples: ganatomy sweep digits-mlp "pace.both.rate=[1e-3, 2e-3, 4e-3]" --rounds 800; ganatomy sweep ring8
"players.options.critic_hidden=[[32], [256, 128]]" --reading modes.strict; ganatomy sweep digits-mlp
"data.share=[1, 0.1]" """


def sweep(
    recipe: Annotated[str, typer.Argument(help="a recipe, or a YAML file", autocompletion=recipes)],
    vary: Annotated[str, typer.Argument(help='a key and its values: "pace.both.rate=[1e-3, 2e-3]"')],
    *,
    rounds: Annotated[int | None, typer.Option(help="Rounds; by default the recipe's.", min=1)] = None,
    seeds: Annotated[int, typer.Option(help="Runs for each value, the same seeds for all.")] = 5,
    changes: Annotated[list[str] | None, typer.Option("-o", help="Other changes of the recipe, as in train.")] = None,
    reading: Annotated[str, typer.Option(help="What is compared: a reading of the page `health`.")] = "gap",
    smallest: Annotated[float, typer.Option(help="Smallest change of interest, in units of the reading.", min=0)] = 0.0,
    out: Annotated[Path | None, typer.Option(help="Write sweep.json and sweep.svg into this folder.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where downloaded files lie.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Compare values of a key of a recipe over paired seeds, with intervals."""
    from ganatomy.cli.narrator import Narrator
    from ganatomy.verbs.sweep import planned, write
    from ganatomy.verbs.sweep import sweep as run

    with Narrator() as narrator:
        asked = planned(recipe, vary, rounds=rounds, seeds=seeds, changes=changes or (), data_dir=data_dir)
        told = run(asked, reading=reading, smallest=smallest, progress=narrator.progress("seeds"))
    files = [] if out is None else [str(file) for file in write(told, out)]
    if json_:
        typer.echo(json.dumps({**told.to_dict(), "files": files}, ensure_ascii=False, allow_nan=False))
    else:
        typer.echo("\n".join([told.table(), *files]))


def register(app: typer.Typer) -> None:
    app.command("sweep", epilog=EXAMPLES)(sweep)
