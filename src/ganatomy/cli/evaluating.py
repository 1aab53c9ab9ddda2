"""The command `evaluate`: the scorecard on stdout, and on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli.completion import data_sets, measures
from ganatomy.cli.folder_options import FolderCommand
from ganatomy.cli.gan_argument import GanName, numbers

EXAMPLES = """Examples: ganatomy evaluate runs/0001-digits-mlp-s0; ganatomy evaluate mine.py:make --data folder:scans
--limits ours.yaml; ganatomy evaluate runs/0002-mnist-dcgan-s0 copies distances --space pixels --space classifier"""
MISSED = 5


def _shown(wanted: bool) -> None:
    if wanted:
        from ganatomy.evaluate.scorecard.limits import shipped_text

        typer.echo(shipped_text(), nl=False)
        raise typer.Exit


def evaluate(
    context: typer.Context,
    gan: GanName,
    what: Annotated[
        list[str] | None, typer.Argument(help="names from `ganatomy list measures`", autocompletion=measures)
    ] = None,
    *,
    data: Annotated[
        str | None,
        typer.Option(
            help="Real samples: a data set's name, or folder:PATH; by default those that a run was trained on.",
            autocompletion=data_sets,
        ),
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where downloaded files lie, or shall lie.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where results go; by default the run's evaluation/.")] = None,
    space: Annotated[
        list[str] | None,
        typer.Option(help="Feature space: pixels, classifier, inception:WEIGHTS, file.py:function; two by default."),
    ] = None,
    samples: Annotated[str, typer.Option(help="Samples that are judged one by one: 0-23, or 3,17.")] = "0-23",
    unwanted: Annotated[list[str] | None, typer.Option(help="A class that should not be made, by name.")] = None,
    n: Annotated[
        int | None, typer.Option(help="Samples in tables of features, as far as so many are held out.", min=20)
    ] = None,
    limits: Annotated[
        Path | None,
        typer.Option(
            help="Your limits, as YAML; a miss, or a limit that judged nothing, ends with exit code 5.", dir_okay=False
        ),
    ] = None,
    _print_limits: Annotated[
        bool,
        typer.Option("--print-limits", callback=_shown, is_eager=True, help="Print the default limits."),
    ] = False,
    seed: Annotated[int, typer.Option(help="All random draws follow from it.", min=0)] = 0,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Five times the samples, and more of what is rare.")
    ] = False,
    long: Annotated[bool, typer.Option("--long", help="Name the estimator of every number.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Measure quality, diversity and trust: one table, each number beside its floor and under a limit."""
    from ganatomy.cli.narrator import Narrator
    from ganatomy.evaluate.scorecard.limits import limits_from
    from ganatomy.verbs.evaluate import evaluate as run
    from ganatomy.verbs.measures.material import How

    ruled = None if limits is None else limits_from(limits)
    with Narrator() as narrator:
        done = run(
            gan,
            what or (),
            data=data,
            out=out,
            how=How(
                n,
                seed,
                thorough,
                tuple(space or ()),
                numbers(samples, "--samples"),
                tuple(unwanted or ()),
                data_dir,
                context.obj,
            ),
            limits=ruled,
            progress=narrator.progress,
        )
    if json_:
        whole = {**done.card.to_dict(), "files": [str(file) for file in done.files]}
        typer.echo(json.dumps(whole, ensure_ascii=False, allow_nan=False))
    else:
        typer.echo(done.card.table(long=long))
        narrator.say("\n".join(str(file) for file in done.files))
    if ruled is not None and (done.card.failed or done.card.verdict is None or (done.card.idle and not what)):
        raise typer.Exit(MISSED)


def register(app: typer.Typer) -> None:
    app.command("evaluate", cls=FolderCommand, epilog=EXAMPLES)(evaluate)
