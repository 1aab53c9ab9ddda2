"""The options of whatever is written from the facts of a report, declared once.

@app.command(cls=ReportCommand)
def report(context: typer.Context, gan: GanName) -> None: ...        # context.obj is an Asking
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ganatomy.cli.completion import data_sets
from ganatomy.cli.folder_options import FolderCommand, gathered

_report = typer.Typer(add_completion=False)


@_report.command()
def report_options(
    *,
    data: Annotated[
        str | None,
        typer.Option(
            help="Real samples: a data set's name, or folder:PATH; by default those that a run was trained on.",
            autocompletion=data_sets,
        ),
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where downloaded files lie, or shall lie.")] = None,
    limits: Annotated[
        Path | None, typer.Option(help="Your limits, as YAML, in place of the default.", dir_okay=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="All random draws follow from it.", min=0)] = 0,
    thorough: Annotated[bool, typer.Option("--thorough", help="More samples: five to ten times the work.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Work everything out anew, also what lies on disk.")] = False,
    redact: Annotated[bool, typer.Option("--redact", help="Leave out folders and machines.")] = False,
    max_mb: Annotated[float, typer.Option(help="Beyond so many megabytes figures are left out.", min=0.1)] = 3.0,
) -> Any:
    """An Asking; typed so because Typer looks every annotation up, and the class is not loaded for the help."""
    from ganatomy.evaluate.scorecard.limits import limits_from
    from ganatomy.verbs.reporting.collected import Asking

    return Asking(
        data,
        data_dir,
        seed=seed,
        thorough=thorough,
        limits=None if limits is None else limits_from(limits),
        again=again,
        redact=redact,
        most=int(max_mb * 1e6),
    )


class ReportCommand(FolderCommand):
    """A command that takes the options above, and those of `folder:PATH`, and finds an Asking as `context.obj`."""

    def get_params(self, ctx: Any) -> list[Any]:
        *own, help_option = super().get_params(ctx)
        return [*own, *typer.main.get_command(_report).params, help_option]

    def gathered(self, ctx: Any) -> Any:
        asking = gathered(_report, ctx)
        return replace(asking, folder=super().gathered(ctx))
