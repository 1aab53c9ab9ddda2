"""The command `experiment`: a claim put to the test, told as a table and a verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli.completion import experiments

EXAMPLES = """Examples: ganatomy experiment batch-norm-couples; ganatomy experiment r1-prevents-collapse --seeds 20;
ganatomy experiment mine.py:CLAIM --out found"""


def experiment(
    name: Annotated[
        str,
        typer.Argument(
            help="a name from `ganatomy list experiments`, or file.py:NAME for one of your own",
            autocompletion=experiments,
        ),
    ],
    *,
    seeds: Annotated[int | None, typer.Option(help="Repeats; by default the experiment's own number.", min=3)] = None,
    out: Annotated[Path | None, typer.Option(help="Where the finding goes; by default experiments/NAME.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where downloaded files lie, or shall lie.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Put a claim to the test: a treatment, a control that must show, one that must not; a minute or two."""
    from ganatomy.cli.narrator import Narrator
    from ganatomy.verbs.experiment import experiment as run

    with Narrator() as narrator:
        done = run(name, seeds=seeds, out=out, data_dir=data_dir, progress=narrator.progress("seeds"))
    if json_:
        typer.echo(json.dumps(done.to_dict(), ensure_ascii=False, allow_nan=False))
        return
    typer.echo(done.text())
    typer.echo(str(done.folder))


def register(app: typer.Typer) -> None:
    app.command("experiment", epilog=EXAMPLES)(experiment)
