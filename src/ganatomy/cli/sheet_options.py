"""The options of what `sample` writes: where, and how the pictures are laid out.

@app.command(cls=SheetCommand)
def sample(context: typer.Context, gan: GanName) -> None: ...      # context.obj is a SheetOptions
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from ganatomy.cli.folder_options import gathered

DEFAULT = Path("samples.png")


@dataclass(frozen=True)
class SheetOptions:
    """`out` is None where arrays alone are wanted."""

    out: Path | None
    npz: Path | None
    columns: int | None
    scale: int | None


_sheet = typer.Typer(add_completion=False)


@_sheet.command()
def sheet_options(
    *,
    out: Annotated[Path | None, typer.Option(help="Write a picture; samples.png unless --npz is given.")] = None,
    npz: Annotated[Path | None, typer.Option(help="Write samples, latents and labels as NumPy arrays.")] = None,
    columns: Annotated[int | None, typer.Option(help="Pictures a row; a square unless given.", min=1)] = None,
    scale: Annotated[int | None, typer.Option(help="Enlarge each pixel so many times.", min=1)] = None,
) -> Any:
    """The SheetOptions; typed so because Typer looks every annotation up."""
    return SheetOptions(DEFAULT if out is None and npz is None else out, npz, columns, scale)


class SheetCommand(TyperCommand):
    """A command that takes the options above besides its own and finds them as `context.obj`."""

    def get_params(self, ctx: Any) -> list[Any]:
        *own, help_option = super().get_params(ctx)
        return [*own, *typer.main.get_command(_sheet).params, help_option]

    def invoke(self, ctx: Any) -> Any:
        ctx.obj = gathered(_sheet, ctx)
        return super().invoke(ctx)
