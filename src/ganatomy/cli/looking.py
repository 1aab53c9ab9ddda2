"""The commands that look: `sample` and `info` at a GAN, `doctor` at the installation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ganatomy.cli.gan_argument import GanName, labels, numbers
from ganatomy.cli.sheet_options import SheetCommand

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
SAMPLE = """Examples: ganatomy sample runs/0001-digits-mlp-s0 --seeds 0-63 --out grid.png;
ganatomy sample mine.py:make --npz samples.npz; ganatomy sample runs/0002-shapes-s0@best --labels 0-9 --columns 10"""
INFO = "Examples: ganatomy info runs/0001-digits-mlp-s0; ganatomy info mine.py:make --depth 3 --json"
DOCTOR = "Example: ganatomy doctor"


def sample(
    context: typer.Context,
    gan: GanName,
    *,
    seeds: Annotated[str, typer.Option(help="Numbers of the samples: 0-63, or 3,5,10-19.")] = "0-63",
    seed: Annotated[int, typer.Option(help="All random draws follow from it.", min=0)] = 0,
    wanted: Annotated[
        str | None, typer.Option("--labels", help="Labels or class names, over and over: 3, 0-9, or cat,dog.")
    ] = None,
    json_: Json = False,
) -> None:
    """Draw samples: number i of a seed is the same everywhere."""
    indices = numbers(seeds, "--seeds")
    asked = None if wanted is None else labels(wanted)
    from ganatomy.verbs.sample import Layout
    from ganatomy.verbs.sample import sample as run

    files = context.obj
    layout = Layout(files.columns, files.scale)
    found = run(gan, indices, seed=seed, labels=asked, out=files.out, npz=files.npz, layout=layout)
    facts = found.to_dict()
    if json_:
        _print_json(facts)
        return
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    for path in (found.picture, found.arrays):
        if path is not None:
            typer.echo(str(path))


def info(
    gan: GanName,
    *,
    depth: Annotated[int, typer.Option(help="How deep the parts of the networks are listed.", min=0)] = 2,
    json_: Json = False,
) -> None:
    """What a GAN is: networks, sizes, score, data, provenance; for a run, what became of it so far."""
    from ganatomy.verbs.info import info as run

    found = run(gan, depth=depth)
    if json_:
        _print_json(found.to_dict())
    else:
        typer.echo("\n".join(found.lines()))


def doctor(
    data_dir: Annotated[Path | None, typer.Option(help="Where downloaded files lie, or shall lie.")] = None,
    json_: Json = False,
) -> None:
    """Is this installation fit? Says what to do where it is not, and ends with 1 then."""
    from ganatomy.verbs.doctor import doctor as run

    found = run(data_dir=data_dir)
    if json_:
        _print_json(found.to_dict())
    else:
        for check in found.checks:
            typer.echo(check.line())
    if found.problems:
        raise typer.Exit(1)


def _print_json(found: dict[str, Any]) -> None:
    typer.echo(json.dumps(found, ensure_ascii=False, allow_nan=False))


def register(app: typer.Typer) -> None:
    app.command("sample", cls=SheetCommand, epilog=SAMPLE)(sample)
    app.command("info", epilog=INFO)(info)
    app.command("doctor", epilog=DOCTOR)(doctor)
