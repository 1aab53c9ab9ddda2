"""The options of `folder:PATH`, declared once for every command that reads a data set.

@app.command(cls=FolderCommand)
def data(context: typer.Context, name: str) -> None: ...        # context.obj is a FolderOptions
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

_folder = typer.Typer(add_completion=False)


@_folder.command()
def folder_options(
    *,
    size: Annotated[int | None, typer.Option(help="folder: side of the pictures.", min=1)] = None,
    channels: Annotated[str, typer.Option(help="folder: auto, 1 (grey) or 3 (RGB).")] = "auto",
    groups: Annotated[Path | None, typer.Option(help="folder: CSV with columns file,group.")] = None,
    white: Annotated[int, typer.Option(help="folder: white in 16-bit pictures, 4095 for 12 bits.")] = 65_535,
    ground: Annotated[int, typer.Option(help="folder: grey, 0 to 255, under transparent pictures.")] = 255,
) -> Any:
    """The FolderOptions; typed so because Typer looks every annotation up, and the class is not loaded for the help."""
    from ganatomy.data.decode import FolderOptions
    from ganatomy.errors import choose

    numbers = {"auto": "auto", "1": 1, "3": 3}
    wanted: Any = choose(numbers, channels, "number of channels")
    return FolderOptions(size=size, channels=wanted, groups=groups, white=white, ground=ground)


class FolderCommand(TyperCommand):
    """A command that takes the options above besides its own and finds them as `context.obj`."""

    def get_params(self, ctx: Any) -> list[Any]:
        *own, help_option = super().get_params(ctx)
        return [*own, *typer.main.get_command(_folder).params, help_option]

    def invoke(self, ctx: Any) -> Any:
        ctx.obj = self.gathered(ctx)
        return super().invoke(ctx)

    def gathered(self, ctx: Any) -> Any:
        """What the options stand for."""
        return gathered(_folder, ctx)


def gathered(options: typer.Typer, ctx: Any) -> Any:
    """What the one command of `options` makes of its options, which the real command no longer sees."""
    command = typer.main.get_command(options)
    assert command.callback is not None
    return command.callback(**{option.name: ctx.params.pop(option.name) for option in command.params})
