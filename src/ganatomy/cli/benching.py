"""The command that measures: `bench`, with the published protocols that take hours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli.completion import benches

EXAMPLES = """Examples: ganatomy bench speed --json; ganatomy bench dirac --out dirac;
ganatomy bench ring --published --steps 2000 --trials 2"""
PUBLISHED = "Play the published protocol beside the recipe (ring, grid): hours; run again, it goes on where it was."
STEPS = "With --published: end after so many of its 400,000 steps; no longer compared with the table."
TRIALS = "With --published: so many of its 10 trials; no longer compared with the table."
OUT = "Where figures go (dirac), or, with --published, the trials under way [default: runs/bench/NAME]."


def bench(
    name: Annotated[str, typer.Argument(help=", ".join(benches("")), autocompletion=benches)] = "speed",
    *,
    published: Annotated[bool, typer.Option("--published", help=PUBLISHED)] = False,
    steps: Annotated[int | None, typer.Option(help=STEPS, min=1)] = None,
    trials: Annotated[int | None, typer.Option(help=TRIALS, min=1)] = None,
    out: Annotated[Path | None, typer.Option(help=OUT)] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Measure this installation; ends with 5 if a row misses its target."""
    from ganatomy.bench.published import cut
    from ganatomy.bench.rows import table
    from ganatomy.cli.narrator import Narrator
    from ganatomy.verbs.bench import bench as run

    asked = cut(published, steps=steps, trials=trials)
    with Narrator() as narrator:
        found = run(name, progress=narrator.progress(name), out=out, published=asked)
    if json_:
        facts = {"bench": name, "rows": [row.to_dict() for row in found.rows]}
        files = {"files": [str(path) for path in found.files]} if found.files else {}
        typer.echo(json.dumps({**facts, **files}, ensure_ascii=False, allow_nan=False))
    else:
        typer.echo(table(found.rows))
        for path in found.files:
            typer.echo(str(path))
    if found.failed:
        raise typer.Exit(5)


def register(app: typer.Typer) -> None:
    app.command("bench", epilog=EXAMPLES)(bench)
