"""The command `train`: its options become changes of a recipe, its events lines, or a live line on a terminal."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli.completion import data_sets, recipes
from ganatomy.cli.folder_options import FolderCommand
from ganatomy.cli.live import Live

EXAMPLES = """Examples: ganatomy train digits-mlp; ganatomy train mnist-dcgan --until "gap<floor or 10min";
ganatomy train ring8 -o pace.batch=256 --seed 3 --resume auto; ganatomy train --resume runs/0001-ring8-s3"""


def train(
    context: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Argument(help="a name from `ganatomy list recipes`, or a YAML file", autocompletion=recipes),
    ] = None,
    *,
    changes: Annotated[list[str] | None, typer.Option("--set", "-o", help="key=value, as in pace.batch=32.")] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Other data than the recipe's: a name, or folder:PATH.", autocompletion=data_sets),
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where downloaded files lie, or shall lie.")] = None,
    steps: Annotated[
        int | None, typer.Option(help="End after so many rounds (of the last stage, where there are stages).", min=1)
    ] = None,
    until: Annotated[str | None, typer.Option(help="End it at a goal: 90s, 500k images, gap<0.02, plateau.")] = None,
    seed: Annotated[int | None, typer.Option(help="All random draws follow from it.", min=0)] = None,
    out: Annotated[Path, typer.Option(help="Where run folders are made.")] = Path("runs"),
    resume: Annotated[str | None, typer.Option(help="auto, or the folder of a run to go on with.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    print_config: Annotated[bool, typer.Option("--print-config", help="Print the resolved recipe and end.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and end.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON lines on stdout.")] = False,
) -> None:
    """Train a GAN by a recipe, into a run folder; go on with one that was stopped or killed."""
    from ganatomy.errors import UsageError

    if steps is not None and until is not None:
        raise UsageError("both --steps and --until were given", "give one: --until '5000 steps or gap<0.02'")
    wanted = [*(changes or []), *_named(context, data=data, seed=seed)]
    goal = until if steps is None else str(steps)
    if (print_config or dry_run) and (resume or json_):
        raise UsageError(
            f"{'--resume' if resume else '--json'} was given with --print-config or --dry-run",
            "those print what a recipe says, as text, and start nothing: leave it out",
        )
    if print_config or dry_run:
        _preview(recipe, wanted, goal, data_dir=data_dir, device=device, whole=print_config)
        return
    from ganatomy.verbs.train import train as run

    state = None
    events = run(recipe, wanted, until=goal, data_dir=data_dir, out=out, resume=resume, device=device)
    with Live(as_json=json_) as live, closing(events):
        for event in events:
            live.show(event)
            state = event.values.get("state") if event.kind == "end" else state
    if state == "interrupted":
        raise typer.Exit(130)


def _named(context: typer.Context, *, data: str | None, seed: int | None) -> list[str]:
    """The options that have names of their own, as changes of the recipe."""
    from dataclasses import fields

    found = [f"data.name={json.dumps(data)}"] if data is not None else []
    found += [f"seed={seed}"] if seed is not None else []
    folder = context.obj
    for field in fields(folder):
        value = getattr(folder, field.name)
        if value != field.default:
            key = "data.size" if field.name == "size" else f"data.options.{field.name}"
            found.append(f"{key}={json.dumps(value if isinstance(value, int) else str(value))}")
    return found


def _preview(
    recipe: str | None, changes: list[str], goal: str | None, *, data_dir: Path | None, device: str, whole: bool
) -> None:
    from ganatomy.errors import UsageError
    from ganatomy.training.goals import parse_goal
    from ganatomy.training.machine import device_named
    from ganatomy.training.recipes.plan import plan
    from ganatomy.training.recipes.read import read_recipe, to_yaml
    from ganatomy.training.setup import set_up

    if recipe is None:
        raise UsageError("no recipe was named", "give one from `ganatomy list recipes`")
    read = read_recipe(recipe, changes)
    if whole:
        typer.echo(to_yaml(read), nl=False)
        return
    end = [] if goal is None else [f"but until  {parse_goal(goal)}"]
    typer.echo("\n".join([plan(set_up(read, data_dir=data_dir, device=device_named(device))), *end]))


def register(app: typer.Typer) -> None:
    app.command("train", cls=FolderCommand, epilog=EXAMPLES)(train)
