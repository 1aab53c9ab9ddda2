"""Concepts from somebody's file: what works, and one clear error for what does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from ganatomy.errors import GanatomyError, InputError, UsageError
from ganatomy.explain.concepts.measurer import masks, scores
from ganatomy.explain.concepts.own import measurer_from
from ganatomy.results.formats import Format

FORMAT = Format.picture(3, 6, low=0.0, high=1.0)
X = torch.linspace(0, 1, 2 * 108).reshape(2, 3, 6, 6)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.py"


def told(file: Path, body: str, name: str = "f") -> str:
    file.write_text("import torch\nfrom torch import nn\n" + body)
    return f"{file}:{name}"


@pytest.mark.parametrize(
    ("body", "kind", "concepts"),
    [
        ("def f(x): return x.mean((1, 2, 3))", "score", ("f",)),
        ("def f(x): return x.mean((2, 3))", "score", ("f 0", "f 1", "f 2")),
        ("def f(x): return (x[:, 0] > .5).float()", "mask", ("f",)),
        ("def f(x): return (x > .5)", "mask", ("f 0", "f 1", "f 2")),
        ("def f(x): return x.mean((2, 3))\nf.concepts = ('r', 'g', 'b')", "score", ("r", "g", "b")),
        (
            "net = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Dropout(.5), nn.Sigmoid()).eval()\ndef f(x): return net(x)",
            "mask",
            ("f 0", "f 1"),
        ),
        ("def f(x): x.zero_(); return x[:, 0]", "mask", ("f",)),
        ("def f(x): torch.rand(3); print('hello'); return x.mean((1, 2, 3))", "score", ("f",)),
        (
            "from ganatomy.explain.concepts.measurer import Measurer\n"
            "f = Measurer('sky', ('blue',), 'mask', lambda x: x[:, 2:])",
            "mask",
            ("blue",),
        ),
    ],
)
def test_functions_of_many_forms_will_do(
    file: Path, body: str, kind: str, concepts: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    before = X.clone()
    path, modules, folder = list(sys.path), set(sys.modules), set(file.parent.iterdir())
    measurer = measurer_from(told(file, body), FORMAT)
    assert (measurer.kind, measurer.concepts) == (kind, concepts)
    assert scores(measurer, X).shape == (2, len(concepts))
    if kind == "mask":
        assert masks(measurer, X).shape == (2, len(concepts), 6, 6)
    assert torch.equal(X, before)
    assert sys.path == path
    assert not {name for name in set(sys.modules) - modules if name.startswith("_ganatomy")}
    assert set(file.parent.iterdir()) - folder == {file}
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("def g(x): return x", UsageError, "has no function 'f'"),
        ("f = 3", UsageError, "'f' in .* is a int, not a function"),
        ("def f(x): return 1.0", InputError, "returned a float\nreturn a tensor"),
        ("def f(x): return x.mean()", InputError, r"returned shape \(\) for 3 pictures"),
        ("def f(x): return x[:1, 0, 0, 0]", InputError, r"returned shape \(1,\) for 3 pictures"),
        ("def f(x): return x[:, 0, ::2]", InputError, r"masks of 'f' are \(3, 6\), the pictures \(6, 6\)"),
        ("def f(x): return x[:, 0] * 9 - 4", InputError, "from 0 to 1: a logit becomes one"),
        ("def f(x): return x[:, 0, 0, 0] / 0", InputError, "NaN or infinite"),
        ("def f(x): return x.mean((1, 2, 3)) - x.mean()", InputError, "depends on those beside it"),
        ("def f(x): return x.mean((2, 3))\nf.concepts = ('r',)", InputError, "names 1 concepts and gives 3"),
        ("def f(x):\n    return x.nothing", InputError, "mine.py, line 4: AttributeError"),
        ("raise SystemExit(3)", InputError, "mine.py, line 3: SystemExit: 3"),
        ("def f(x:", InputError, "mine.py, line 3: SyntaxError"),
        ("import nothing_like_it", InputError, "line 3: ModuleNotFoundError.*\ninstall that package"),
    ],
)
def test_what_does_not_work_is_one_error(file: Path, body: str, error: type[GanatomyError], message: str) -> None:
    with pytest.raises(error, match=message):
        measurer_from(told(file, body), FORMAT)


def test_a_later_failure_names_its_line(file: Path) -> None:
    measurer = measurer_from(told(file, "def f(x):\n    assert len(x) != 2, 'no pairs'\n    return x[:, 0]"), FORMAT)
    with pytest.raises(InputError, match=r"mine\.py, line 4: AssertionError: no pairs"):
        scores(measurer, X)


def test_a_second_function_is_the_twin(file: Path) -> None:
    body = "def f(x): return x[:, 0]\ndef g(x): return x[:, 1]\ndef h(x): return x.mean((2, 3))"
    measurer = measurer_from(told(file, body, "f,g"), FORMAT)
    other = measurer.other()
    assert other is not None
    torch.testing.assert_close(masks(other, X)[:, 0], X[:, 1])
    with pytest.raises(InputError, match="same concepts"):
        measurer_from(told(file, body, "f,h"), FORMAT)


def test_modules_beside_the_file_are_found_and_forgotten(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (file.parent / "beside_it.py").write_text("HALF = 0.5\n")
    measurer = measurer_from(told(file, "from beside_it import HALF\ndef f(x): return x[:, 0] * HALF"), FORMAT)
    torch.testing.assert_close(masks(measurer, X)[:, 0], X[:, 0] / 2)
    assert not sys.dont_write_bytecode
    assert "beside_it" not in sys.modules
    assert {each.name for each in file.parent.iterdir()} == {"mine.py", "beside_it.py"}


@pytest.mark.parametrize("text", ["mine.py", "a.py:f,g,h", ""])
def test_a_name_without_a_function_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"write path/to/file\.py:function"):
        measurer_from(text, FORMAT)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        measurer_from(f"{tmp_path}/none.py:f", FORMAT)
    (tmp_path / "text.txt").write_text("x = 1\n")
    with pytest.raises(InputError, match=r"ends in \.py"):
        measurer_from(f"{tmp_path}/text.txt:f", FORMAT)


def test_one_network_alone_is_no_two(tmp_path: Path) -> None:
    net = "from torch import nn\nclass Net(nn.Module):\n"
    net += "    def __init__(self): super().__init__(); self.drop = nn.Dropout(0.5)\n"
    net += "    def forward(self, x): return self.drop(x.mean((1, 2, 3)))\n"
    file = tmp_path / "nets.py"
    file.write_text(f"{net}first, second = Net(), Net()\ndef sky(x): return first(x)\n")
    with pytest.raises(UsageError, match="needs two that were trained apart\\nname both"):
        measurer_from(f"{file}:first", FORMAT)
    assert measurer_from(f"{file}:first,second", FORMAT).twin is not None
    assert measurer_from(f"{file}:sky", FORMAT).twin is None
