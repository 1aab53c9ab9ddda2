"""The command `explain`: a line for each answer, results on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ganatomy.cli.completion import data_sets, explainers
from ganatomy.cli.folder_options import FolderCommand
from ganatomy.cli.gan_argument import GanName

EXAMPLES = """Examples: ganatomy explain runs/0001-digits-mlp-s0; ganatomy explain mine.py:make dissection directions
--data folder:scans; ganatomy explain runs/0002-mnist-dcgan-s0@best invert --data-dir data --thorough"""


def explain(
    context: typer.Context,
    gan: GanName,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="names from `ganatomy list explainers`, or a group: generator, latent, critic",
            autocompletion=explainers,
        ),
    ] = None,
    *,
    data: Annotated[
        str | None, typer.Option(help="Real pictures: a data set's name, or folder:PATH.", autocompletion=data_sets)
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where downloaded files lie, or shall lie.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where results go; by default the run's findings/.")] = None,
    seed: Annotated[int, typer.Option(help="All random draws follow from it.", min=0)] = 0,
    thorough: Annotated[bool, typer.Option("--thorough", help="About ten times the samples.")] = False,
    sites: Annotated[str | None, typer.Option(help="Places in the generator or the critic: up1.act,down1.act.")] = None,
    concept: Annotated[list[str] | None, typer.Option(help="A concept of your own, as file.py:function.")] = None,
    smallest: Annotated[float, typer.Option(help="Smallest effect of interest, in sd of a concept.", min=0)] = 0.1,
    permute_labels: Annotated[
        int | None, typer.Option(help="A seed: concepts are dealt out at random, and nothing may be found.", min=0)
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Explain a GAN: units, concepts, directions, geometry; without a name all that apply."""
    from ganatomy.cli.narrator import Narrator
    from ganatomy.errors import GanatomyError
    from ganatomy.verbs.explain import Wanted
    from ganatomy.verbs.explain import explain as run

    wanted = Wanted(
        seed=seed,
        thorough=thorough,
        sites=None if sites is None else tuple(site for each in sites.split(",") if (site := each.strip())),
        own=tuple(concept or ()),
        smallest=smallest,
        permute_labels=permute_labels,
        data_dir=data_dir,
        folder=context.obj,
    )
    narrator, told, skipped = Narrator(), [], []

    def failed(name: str, error: GanatomyError) -> None:
        skipped.append({"explainer": name, "said": error.said, "remedy": error.remedy})
        narrator.say(f"{name}: left out: {error.said}")

    try:
        for answer in run(
            gan,
            what or (),
            data=data,
            out=out,
            wanted=wanted,
            progress=narrator.progress,
            failed=failed,
        ):
            told.append(answer.to_dict())
            if not json_ and not answer.told.aside:
                narrator.say(f"{answer.explainer}: {answer.said}")
                typer.echo(str(answer.folder))
    except GanatomyError as error:
        skipped.append({"explainer": "", "said": error.said, "remedy": error.remedy})
        raise
    finally:
        narrator.close()
        if json_ and (told or not skipped):  # what was found is not lost to a later error
            whole = {"gan": gan, "answers": told, "left_out": skipped}
            typer.echo(json.dumps(whole, ensure_ascii=False, allow_nan=False))


def register(app: typer.Typer) -> None:
    app.command("explain", cls=FolderCommand, epilog=EXAMPLES)(explain)
