"""Results: frozen, complete on disk, honest in JSON, plain in a notebook."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.errors import GanatomyError, InputError, UsageError
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results import folder as folder_module
from ganatomy.results.explanation import Explanation
from ganatomy.results.finding import Finding
from ganatomy.results.folder import load, save
from ganatomy.results.measurement import Measurement
from ganatomy.results.provenance import Provenance
from ganatomy.results.record import Record, frame

INTERVAL = Interval(0.5, 1.5, 0.95, "t")


def measurement(value: float = 1.0, **changes: object) -> Measurement:
    made = Measurement("frechet", value, 100, "symmetric", "low", INTERVAL, 0.25, "pixels-ab12", "squared units")
    return dataclasses.replace(made, **changes)


def explanation() -> Explanation:
    arrays = {"iou": torch.tensor([0.25, 0.5]), "maps": np.arange(8.0).reshape(2, 2, 2)}
    return Explanation("dissection", "abc123", "ink", ("a:0", "a:1"), arrays, {"deletion": measurement()})


def finding(**changes: object) -> Finding:
    made = Finding(
        claim="unit a:0 draws the loop",
        estimand="mean change of ink",
        population="latents of seed 7",
        replication="latent",
        treatment="mean ablation",
        positive_control=measurement(2.0),
        negative_control=measurement(math.nan),
        smallest_effect=0.1,
        family="12 tests, Holm",
        effect=math.inf,
        interval=INTERVAL,
        p=0.01,
        verdict="present",
        arrays={"effects": np.array([1.0, math.nan])},
        provenance=Provenance.here(seed=3, digests={"generator": "abc"}),
    )
    return dataclasses.replace(made, **changes)


ALL: list[Record] = [
    measurement(),
    measurement(provenance=Provenance.here()),
    explanation(),
    finding(),
    Provenance.here(),
]


@pytest.mark.parametrize("result", ALL, ids=lambda r: type(r).__name__)
def test_what_is_saved_is_read_back_whole(result: Record, tmp_path: Path) -> None:
    again = load(save(result, tmp_path / "deep" / "one"))
    assert type(again) is type(result)
    assert again.to_dict() == result.to_dict()
    for name, values in getattr(result, "arrays", {}).items():
        assert np.array_equal(values, again.arrays[name], equal_nan=True)  # type: ignore[attr-defined]
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"one"}


@pytest.mark.parametrize("result", ALL, ids=lambda r: type(r).__name__)
def test_json_is_strict_and_results_are_frozen(result: Record) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    assert json.loads(result.to_json(), parse_constant=refuse)["type"] == type(result).__name__
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.name = "x"  # type: ignore[attr-defined]


def test_arrays_are_copies_that_cannot_be_written() -> None:
    mine = np.ones(2)
    kept = Explanation("m", "s", "t", ("a", "b"), {"x": mine})
    mine[0] = 7
    assert kept.arrays["x"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="read-only"):
        kept.arrays["x"][0] = 2
    with pytest.raises(TypeError, match="does not support item assignment"):
        kept.arrays["x"] = mine  # type: ignore[index]
    assert pickle.loads(pickle.dumps(kept)).arrays["x"].tolist() == [1, 1]


def test_saving_again_replaces_its_own_two_files_and_touches_no_other(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "thesis.txt").write_text("mine")
    (tmp_path / "figure.svg").write_text("drawn")
    save(explanation(), tmp_path)
    save(measurement(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure.svg", "finding.json", "notes"]
    assert (tmp_path / "notes" / "thesis.txt").read_text() == "mine"


def test_a_save_cut_short_between_its_files_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(finding(), tmp_path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder_module, "write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        save(finding(arrays={"effects": np.zeros(3)}), tmp_path)
    with pytest.raises(InputError, match=r"arrays\.npz does not belong to finding\.json"):
        load(tmp_path)


def test_arrays_of_every_kind_come_back(tmp_path: Path) -> None:
    given = {
        "half": torch.tensor([0.5, 2.0], dtype=torch.bfloat16),
        "text": np.array(["a", "bc"]),
        "empty": np.zeros((0, 3)),
        "yes": np.array([True, False]),
        "turned": np.arange(6).reshape(2, 3).T,
    }
    again = load(save(finding(arrays=given), tmp_path))
    assert isinstance(again, Finding)
    assert again.arrays["half"].tolist() == [0.5, 2.0]
    for name in ("text", "empty", "yes", "turned"):
        assert np.array_equal(again.arrays[name], given[name])


def test_a_save_that_fails_half_way_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(measurement(), tmp_path / "x")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(GanatomyError, match=r"could not be written \(No space left on device\)"):
        save(explanation(), tmp_path / "x")
    assert load(tmp_path / "x").to_dict() == measurement().to_dict()
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("damage", ["missing", "truncated", "no arrays", "unknown type", "wrong field", "bad zip"])
def test_a_damaged_folder_is_one_clear_error(damage: str, tmp_path: Path) -> None:
    folder = save(finding(), tmp_path / "x")
    text = (folder / "finding.json").read_text()
    if damage == "missing":
        (folder / "finding.json").unlink()
    elif damage == "no arrays":
        (folder / "arrays.npz").unlink()
    elif damage == "bad zip":
        (folder / "arrays.npz").write_bytes((folder / "arrays.npz").read_bytes()[:40])
    else:
        bad = {
            "truncated": text[:100],
            "unknown type": text.replace('"type": "Finding"', '"type": "os.system"'),
            "wrong field": text.replace('"claim"', '"klaim"'),
        }
        (folder / "finding.json").write_text(bad[damage])
    with pytest.raises(InputError, match=r"holds no readable result"):
        load(folder)


def test_html_escapes_what_users_can_name() -> None:
    page = measurement(name="<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_html_of_an_explanation_has_a_row_for_each_unit_and_says_when_there_are_more() -> None:
    page = explanation()._repr_html_()
    assert page.count("<tr>") == 3
    many = Explanation("m", "s", "t", tuple(map(str, range(50))), {"x": np.arange(50)})._repr_html_()
    assert many.count("<tr>") == 21
    assert "the first 20 of 50" in many


def test_frames() -> None:
    table = frame([measurement(1.0), measurement(2.0)])
    assert table["value"].tolist() == [1.0, 2.0]
    assert table["interval.high"].tolist() == [1.5, 1.5]
    units = explanation().to_frame()
    assert units["unit"].tolist() == ["a:0", "a:1"]
    assert units["iou"].tolist() == [0.25, 0.5]
    assert units["grades.deletion"].tolist() == [1.0, 1.0]
    assert "maps" not in units
    assert finding().to_frame()["effect"].tolist() == [math.inf]


@pytest.mark.parametrize("field", ["name", "space", "estimator", "unit", "n"])
def test_measurements_of_different_things_refuse_to_be_compared(field: str) -> None:
    measurement(1.0).comparable(measurement(2.0))
    other = 7 if field == "n" else "other"
    with pytest.raises(UsageError, match=f"differ in {field}"):
        measurement().comparable(measurement(**{field: other}))


def test_above_the_floor() -> None:
    assert measurement(1.0).above_floor == 0.75
    assert measurement(floor=None).above_floor is None
    assert str(measurement()) == "frechet 1 squared units, [0.5, 1.5], floor 0.25, n 100"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: finding(verdict="yes"), "ended as 'yes'"),
        (lambda: finding(p=1.5), "p = 1.5"),
        (lambda: finding(smallest_effect=-1.0), "smallest effect"),
        (lambda: measurement(better="higher"), "better when 'higher'"),
        (lambda: measurement(n=-1), "-1 samples"),
        (lambda: Explanation("m", "s", "t", ("a",), {"x": np.ones(2)}), r"shape \(2,\) for 1 units"),
        (lambda: Explanation("m", "s", "t", (), {"x": np.array([object()])}), "Python objects"),
        (lambda: Explanation("m", "s", "t", (), {"file": np.ones(1)}), "NumPy keeps for itself"),
        (lambda: Interval(2.0, 1.0, 0.95, "t"), "from 2 to 1"),
        (lambda: Explanation("m", "s", "t", (), {}, note=b"x").to_json(), "holds a bytes"),  # type: ignore[arg-type]
    ],
)
def test_results_that_make_no_sense_are_refused(make, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()


def test_grading_makes_a_new_explanation() -> None:
    before = explanation()
    after = before.graded({"insertion": measurement(3.0)})
    assert set(after.grades) == {"deletion", "insertion"}
    assert set(before.grades) == {"deletion"}
