"""The commands `report`, `compare` and `export`: pages on disk, their names on stdout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli.gan_argument import GanName
from ganatomy.cli.report_options import ReportCommand

REPORT = "Examples: ganatomy report runs/0001-digits-mlp-s0; ganatomy report mine.py:make --data folder:scans --redact"
COMPARE = """Examples: ganatomy compare runs/0001-digits-mlp-s0 runs/0002-digits-mlp-s1;
ganatomy compare runs/0001-digits-mlp-s0@500 runs/0001-digits-mlp-s0 --out steps.html"""
CARD = "Example: ganatomy export card runs/0001-digits-mlp-s0 --out README.md"
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def report(
    context: typer.Context,
    gan: GanName,
    *,
    out: Annotated[Path | None, typer.Option(help="The HTML file; by default in the run's folder.")] = None,
    json_: Json = False,
) -> None:
    """One HTML page that says whether to trust a GAN, and why: explain and evaluate, with their evidence."""
    from ganatomy.cli.narrator import Narrator
    from ganatomy.verbs.report import report as run

    with Narrator() as narrator:
        done = run(gan, out=out, asking=context.obj, say=narrator.say, progress=narrator.progress)
    if json_:
        told = {"verdict": done.report.verdict, "headline": done.report.headline}
        _print_json({**told, "page": str(done.page), "json": str(done.json)})
        return
    narrator.say(done.report.headline)
    typer.echo(f"{done.page}\n{done.json}")


def compare(
    context: typer.Context,
    one: GanName,
    other: GanName,
    *,
    out: Annotated[Path | None, typer.Option(help="The HTML file; by default in the current folder.")] = None,
    json_: Json = False,
) -> None:
    """Two GANs, or two steps of one run, side by side in the form of the report."""
    from ganatomy.cli.narrator import Narrator
    from ganatomy.verbs.report import compare as run

    with Narrator() as narrator:
        done = run(one, other, out=out, asking=context.obj, say=narrator.say, progress=narrator.progress)
    if json_:
        _print_json({"headline": done.comparison.headline, "page": str(done.page), "json": str(done.json)})
        return
    narrator.say(done.comparison.headline)
    typer.echo(f"{done.page}\n{done.json}")


def card(
    context: typer.Context,
    gan: GanName,
    *,
    out: Annotated[Path | None, typer.Option(help="The Markdown file; by default in the run's folder.")] = None,
) -> None:
    """A model card from the facts of the report: what is not known stands there as not recorded."""
    from ganatomy.cli.narrator import Narrator
    from ganatomy.verbs.export import export_card

    with Narrator() as narrator:
        place = export_card(gan, out=out, asking=context.obj, say=narrator.say, progress=narrator.progress)
    typer.echo(str(place))


def _export() -> None:
    """Write what others can read: a model card."""


def _print_json(told: dict[str, str | None]) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False))


def register(app: typer.Typer) -> None:
    app.command("report", cls=ReportCommand, epilog=REPORT)(report)
    app.command("compare", cls=ReportCommand, epilog=COMPARE)(compare)
    export = typer.Typer(no_args_is_help=True, epilog=CARD)
    export.callback()(_export)
    export.command("card", cls=ReportCommand, epilog=CARD)(card)
    app.add_typer(export, name="export")
