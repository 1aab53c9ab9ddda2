"""The command `fork`: the twin is trained, both are drawn side by side, and the change's effect is measured."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli.live import Live

EXAMPLES = """Examples: ganatomy fork runs/0001-digits-mlp-s0 --at 500 --do game.terms.r1.strength=1.0; ganatomy fork
runs/0001-digits-mlp-s0 --at 500 --do "freeze=critic until 600" --rounds 300 --bases 0; ganatomy list interventions"""


def fork(
    run: Annotated[str, typer.Argument(help="the folder of a run")],
    *,
    at: Annotated[int, typer.Option(help="The round after which the twin goes its own way.", min=0)],
    do: Annotated[
        list[str] | None, typer.Option(help='A change: "WHAT=VALUE from ROUND until ROUND"; without any, a null fork.')
    ] = None,
    rounds: Annotated[int, typer.Option(help="How many are played after the fork.", min=1)] = 300,
    to_the_end: Annotated[bool, typer.Option("--to-the-end", help="Play the twin to the recipe's end.")] = False,
    bases: Annotated[
        int, typer.Option(help="Base runs over which the effect is measured; 0 for the twin alone.", min=0)
    ] = 10,
    reading: Annotated[
        list[str] | None, typer.Option(help="Readings that are judged; by default the main ones.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the twin's folder goes; by default beside the run.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where downloaded files lie.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1.")] = "auto",
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """A counterfactual twin of a run, and the effect of what was changed, with intervals and a verdict."""
    from ganatomy.cli.narrator import Narrator
    from ganatomy.verbs.fork import beside, require_measurable
    from ganatomy.verbs.fork import effect as measure
    from ganatomy.verbs.fork import fork as start
    from ganatomy.verbs.fork_told import require_readings, told_of_effect, told_of_pair

    twin, changes = "", do or ()
    if bases and changes:
        require_measurable(run, bases=bases, do=changes)
    played = None if to_the_end else rounds
    with (
        Live(as_json=False, answers=False) as live,
        closing(start(run, at=at, do=changes, rounds=played, out=out, data_dir=data_dir, device=device)) as events,
    ):
        for event in events:
            live.show(event)
            twin = event.values["folder"] if event.kind == "run" else twin
            if event.kind == "end" and event.values["state"] == "interrupted":
                raise typer.Exit(130)
    pair = beside(run, twin)
    found = {"run": run, "twin": twin, "at": at, "do": list(changes), **told_of_pair(pair, Path(twin))}
    require_readings(reading or (), pair)
    with Narrator() as narrator:
        if bases and changes:
            progress = narrator.progress("base runs")
            whole = measure(run, at=at, do=changes, rounds=rounds, bases=bases, data_dir=data_dir, progress=progress)
            found["effects"] = told_of_effect(whole, Path(twin), reading)
    if json_:
        typer.echo(json.dumps(found, ensure_ascii=False, allow_nan=False))
        return
    typer.echo(found["table"])
    for answer in found.get("effects", []):
        typer.echo(answer["said"])
    typer.echo("\n".join(found["files"] + [answer["folder"] for answer in found.get("effects", [])]))


def register(app: typer.Typer) -> None:
    app.command("fork", epilog=EXAMPLES)(fork)
