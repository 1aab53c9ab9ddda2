"""Importing is light and has no effect: looked at in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = (
    "scipy",
    "sklearn",
    "matplotlib",
    "PIL",
    "pandas",
    "pooch",
    "captum",
    "typer",
    "rich",
    "safetensors",
    "tensorboard",
)


def fresh(code: str) -> object:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_importing_the_package_loads_nothing_heavy_and_not_even_torch() -> None:
    loaded = fresh("import sys, json, ganatomy; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))")
    assert isinstance(loaded, list)
    assert set(loaded) & {*HEAVY, "torch", "numpy"} == set()


def test_using_the_root_names_loads_at_most_torch_and_numpy() -> None:
    code = (
        "import sys, json, ganatomy\n"
        "[getattr(ganatomy, name) for name in ganatomy.__all__]\n"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    loaded = fresh(code)
    assert isinstance(loaded, list)
    assert set(loaded) & set(HEAVY) == set()
    assert "torch" in loaded


def test_importing_patches_nothing() -> None:
    code = (
        "import sys, json, warnings, torch, builtins\n"
        "def state():\n"
        "    return [id(sys.excepthook), id(torch.Tensor.backward), id(torch.nn.Module.__call__), id(builtins.print),\n"
        "        len(warnings.filters), torch.get_num_threads(), torch.initial_seed()]\n"
        "before = state()\n"
        "import ganatomy\n"
        "[getattr(ganatomy, name) for name in ganatomy.__all__]\n"
        "print(json.dumps([before, state()]))"
    )
    before, after = fresh(code)  # type: ignore[misc]
    assert before == after


def test_help_does_not_import_torch() -> None:
    code = (
        "import sys, json, io, contextlib\n"
        "from ganatomy.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "    try:\n        main(['--help'])\n    except SystemExit:\n        pass\n"
        "print(json.dumps(['torch' in sys.modules, 'Usage' in out.getvalue()]))"
    )
    assert fresh(code) == [False, True]
