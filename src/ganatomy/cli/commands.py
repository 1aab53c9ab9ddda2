"""The commands and their options; each calls one verb and prints what it returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ganatomy.cli.benching import register as register_benching
from ganatomy.cli.completion import KINDS, data_sets, kinds
from ganatomy.cli.evaluating import register as register_evaluating
from ganatomy.cli.experimenting import register as register_experimenting
from ganatomy.cli.explaining import register as register_explaining
from ganatomy.cli.folder_options import FolderCommand
from ganatomy.cli.forking import register as register_forking
from ganatomy.cli.looking import register as register_looking
from ganatomy.cli.reporting import register as register_reporting
from ganatomy.cli.sweeping import register as register_sweeping
from ganatomy.cli.theorising import register as register_theorising
from ganatomy.cli.training import register as register_training

app = typer.Typer(
    help="Opens up generative adversarial networks and answers, with evidence, why they do what they do.",
    epilog="Start with: ganatomy demo. With -v anywhere, an error shows its trace.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Seed = Annotated[int, typer.Option(help="All random draws follow from it.", min=0)]


def _version(wanted: bool) -> None:
    if wanted:
        from ganatomy import __version__

        typer.echo(f"ganatomy {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Options that stand before a command."""


@app.command("list", epilog="Example: ganatomy list games")
def list_command(
    what: Annotated[str, typer.Argument(help=", ".join(KINDS), autocompletion=kinds)] = "recipes",
    json_: Json = False,
) -> None:
    """What there is to choose from."""
    from ganatomy.verbs.listing import listing, planned

    found, note = listing(what), planned(what)
    if json_:
        _print({"what": what, "names": found, "note": note}, as_json=True)
    else:
        _print(found or {"none": note})


@app.command(
    cls=FolderCommand, epilog="Examples: ganatomy data digits --out digits.png; ganatomy data folder:scans --size 32"
)
def data(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help="a name from `ganatomy list data`, or folder:PATH", autocompletion=data_sets)
    ],
    *,
    out: Annotated[Path | None, typer.Option(help="Write a sheet of samples as PNG.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where downloaded files lie, or shall lie.")] = None,
    json_: Json = False,
) -> None:
    """Look at a data set before training on it: its format, classes, groups, and what was left out."""
    from ganatomy.cli.narrator import Narrator
    from ganatomy.verbs.survey import survey

    with Narrator() as narrator:
        found = survey(name, data_dir=data_dir, folder=context.obj, out=out, progress=narrator.progress("files"))
    if json_:
        _print(found.to_dict(), as_json=True)
        return
    _print(dict(found.facts()))
    for note in found.notes:
        typer.echo(f"note: {note}")
    for file in found.skipped:
        typer.echo(f"  left out {file.path}: {file.reason}")
    if found.sheet is not None:
        typer.echo(f"sheet {found.sheet}")


@app.command(epilog="Example: ganatomy demo --out demo")
def demo(
    out: Annotated[Path, typer.Option(help="Where to put the run and its report.")] = Path("demo"),
    seed: Seed = 0,
    json_: Json = False,
) -> None:
    """Train a GAN on the embedded digits, explain it, measure it, report: three minutes on two cores."""
    from ganatomy.cli.narrator import Narrator
    from ganatomy.verbs.demo import demo as run

    with Narrator() as narrator:
        found = run(out, seed=seed, say=narrator.say, progress=narrator.progress)
    told, page = found.reported.report, found.reported.page
    if json_:
        files = {"run": str(found.run), "page": str(page), "json": str(found.reported.json)}
        _print({**files, "verdict": told.verdict, "headline": told.headline, "next": list(found.next())}, as_json=True)
        return
    typer.echo(f"{told.headline}\n\nThe report: {page}\n\nNext:")
    typer.echo("\n".join(f"  {line}" for line in found.next()))


register_benching(app)
register_training(app)
register_looking(app)
register_explaining(app)
register_evaluating(app)
register_reporting(app)
register_forking(app)
register_sweeping(app)
register_theorising(app)
register_experimenting(app)


def _print(found: dict[str, Any], *, as_json: bool = False) -> None:
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, allow_nan=False))
        return
    width = max((len(name) for name in found), default=0)
    for name, value in found.items():
        typer.echo(f"{name:<{width}}  {value}")
