"""The demo from the command line to its files: the GAN comes near the digits, and every number can be traced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from ganatomy.cli import main
from ganatomy.results.folder import load as load_result
from ganatomy.results.measurement import Measurement
from ganatomy.verbs.subject import subject


@pytest.mark.thorough
def test_the_demo_trains_measures_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path / "demo"), "--seed", "5", "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert "training a GAN: 3500 of 3500" in err
    values = {(row["name"], row["space"].rsplit("-", 1)[0]): row for row in found["rows"]}
    assert len(values) == len(found["rows"]) == 8
    for space in ("random-convolution-32", "classifier"):
        noise, fake, real = (values[name, space] for name in ("noise", "generated digits", "other real digits"))
        assert fake["value"] < 0.1 * noise["value"]
        assert real["interval"]["low"] <= fake["interval"]["high"]
        assert noise["interval"]["low"] > fake["interval"]["high"]
    (run,) = (tmp_path / "demo" / "runs").iterdir()
    gan = subject(run)
    assert (gan.score.kind, gan.data, gan.provenance["seed"]) == ("unbounded", "digits", 5)
    for file in found["files"]:
        assert Path(file).exists()
    for name in ("samples.png", "real.png"):
        with Image.open(tmp_path / "demo" / name) as sheet:
            assert sheet.size == (8 * (64 + 4) + 4,) * 2
    row = load_result(tmp_path / "demo" / "findings" / "02")
    assert isinstance(row, Measurement)
    assert row.provenance is not None
    assert (row.provenance.seed, row.provenance.digests["gan"]) == (5, gan.digest())


def test_a_folder_that_cannot_be_written_is_known_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["demo", "--out", str(tmp_path / "file")]) == 1
    err = capsys.readouterr().err
    assert "training" not in err
    assert "could not be written" in err
