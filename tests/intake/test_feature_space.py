"""Somebody's own space from a file: what may stand there, what is left as it was, what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from ganatomy.errors import InputError, UsageError
from ganatomy.intake.feature_space import space_from
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

PICTURE = Format.picture(1, 8)
FILE = """
import torch
from torch import nn
from ganatomy.features.space import pixels, space
from beside import WIDTH
print("hello")

def net():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, WIDTH), nn.Dropout(0.5))

def sized(format):
    return nn.Sequential(nn.Flatten(), nn.Linear(format.shape[1] ** 2, 3))

flat = nn.Flatten()

def ready(format):
    return space("mine", nn.Flatten(), format)

def borrowed(format):
    return space("inception-2015", nn.Flatten(), format)

def other(format):
    from ganatomy.results.formats import Format
    return pixels(Format.picture(1, 4))

def number():
    return 3

def broken():
    raise RuntimeError("no weights here")

class Batch(nn.Module):
    def forward(self, x):
        y = x.flatten(1)
        return y - y.mean(0)

class Nan(nn.Module):
    def forward(self, x):
        return x.flatten(1) * float("nan")

class Axes(nn.Module):
    def forward(self, x):
        return x

class Fails(nn.Module):
    def forward(self, x):
        raise ValueError("too small")

batch, nan, axes, fails = Batch(), Nan(), Axes(), Fails()
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("WIDTH = 5")
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize(
    ("name", "called", "width"),
    [("net", "mine:net", 5), ("sized", "mine:sized", 3), ("flat", "mine:flat", 64), ("ready", "mine", 64)],
)
def test_a_function_a_module_or_a_space_will_do(
    mine: Path, name: str, called: str, width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(sys.path), set(sys.modules)
    space = space_from(f"{mine}:{name}", PICTURE)
    assert (space.name, space.width) == (called, width)
    assert space.id == space_from(f"{mine}:{name}", PICTURE).id  # what it draws is drawn by address
    assert list(sys.path) == before[0]
    assert not {name for name in set(sys.modules) - before[1] if name in ("beside", "mine")}
    assert capsys.readouterr().out == ""
    x = Stream(0, "x").uniform(range(4), 1, 8, 8)
    assert torch.equal(space(x, PICTURE), space(x, PICTURE))  # dropout is off


def test_nobody_else_is_called_inception(mine: Path) -> None:
    assert space_from(f"{mine}:borrowed", PICTURE).name == "mine:borrowed"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("number", "gives a int"),
        ("broken", "line .*no weights here"),
        ("other", "the space pixels reads"),
        ("batch", "depends on those beside it"),
        ("nan", "NaN or infinite"),
        ("axes", "maps 2 samples to shape"),
        ("fails", "line .*too small"),
    ],
)
def test_what_is_no_space_is_refused(mine: Path, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        space_from(f"{mine}:{name}", PICTURE)


def test_names_that_stand_for_nothing(mine: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'sized'"):
        space_from(f"{mine}:size", PICTURE)
    with pytest.raises(UsageError, match=r"path/to/file.py:function"):
        space_from("pixels", PICTURE)
    with pytest.raises(InputError, match="cannot be read"):
        space_from(f"inception:{tmp_path / 'none.pth'}", PICTURE)
    with pytest.raises(InputError, match="cannot be read"):
        space_from(f"{tmp_path / 'none.py'}:net", PICTURE)
