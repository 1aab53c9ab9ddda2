"""`evaluate` from a GAN's name to a scorecard on disk: every measure, what is left out, what is refused."""

from __future__ import annotations

import json
import xml.etree.ElementTree
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure
from shared_runs import small_run

from ganatomy.data.catalogue import load_splits
from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.scorecard.limits import Limits, limits_from
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format
from ganatomy.results.measurement import Measurement
from ganatomy.training import judge
from ganatomy.verbs.evaluate import Evaluated, evaluate
from ganatomy.verbs.measures import trust
from ganatomy.verbs.measures.catalogue import MEASURES
from ganatomy.verbs.measures.material import How, Material
from ganatomy.verbs.measures.told import Measure, Told, section

DIGITS = GAN.fresh(MLP(Format.picture(1, 8), Normal(8), hidden=(16,)), 0, data="digits")
ENDS = {"copied at least", "not finite at least"}  # the lower ends of intervals
FEW = How(n=60, samples=range(3), unwanted=("7",))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "STEPS", 60)
    plan = trust.FakePlan
    monkeypatch.setattr(trust, "FakePlan", lambda n, seed: plan(n=60, seeds=1, seed=seed))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(judge, "STEPS", 60)
        plan = trust.FakePlan
        patched.setattr(trust, "FakePlan", lambda n, seed: plan(n=60, seeds=1, seed=seed))
        return evaluate(DIGITS, out=tmp_path_factory.mktemp("card"), how=FEW)


def sections(done: Evaluated) -> dict[str, dict[str, Measurement]]:
    return {each.name: {row.name: row for row in each.measured} for each in done.card.sections}


def test_every_measure_that_applies_is_taken_and_none_is_left_out(done: Evaluated) -> None:
    assert done.card.left_out == ()
    families = {name.split()[0] for name in sections(done)}
    silent = {
        "groups",
        "modes",
        "seeds",
        "stability",
    }  # digits have no groups and no known modes; no run, and not named
    assert families - {"answers"} == set(MEASURES) - silent


def test_every_cell_has_an_estimator_an_interval_a_floor_and_its_space(done: Evaluated) -> None:
    bare = {
        "trained on shuffled labels",
        "trained on real samples, tested on generated ones",
        "always the largest class",
    }
    for name, rows in sections(done).items():
        for row in rows.values():
            assert row.estimator, (name, row.name)
            assert row.n > 0, (name, row.name)
            assert row.interval is not None or row.name in ENDS, (name, row.name)
            assert row.floor is not None or row.name in bare, (name, row.name)
    assert {"near-exact copies", "near-exact copies, excess", "exact copies"} <= sections(done)["copies"].keys()
    for name in ("distances classifier", "neighbours random-convolution-32", "copies"):
        assert all(row.space for row in sections(done)[name].values())


def test_a_generator_that_learnt_nothing_fails(done: Evaluated) -> None:
    assert done.card.verdict == "fail"
    found = sections(done)
    assert "Fréchet distance" in found["distances classifier"]
    assert found["usefulness"]["gap to real"].value > 0.2
    failed = set(done.card.failed)
    assert {"Fréchet distance (distances classifier)", "coverage (neighbours random-convolution-32)"} <= failed
    assert found["samples"]["unlike real ones"].value == 1.0


def test_the_same_again_but_for_the_hour(done: Evaluated, tmp_path: Path) -> None:
    again = evaluate(DIGITS, ["distances", "copies"], out=tmp_path, how=FEW)
    assert [str(row) for each in again.card.sections for row in each.measured] == [
        str(row)
        for each in done.card.sections
        if each.name.split()[0] in ("distances", "copies")
        for row in each.measured
    ]
    assert {path.name for path in again.files} == {
        "scorecard-distances-copies.json",
        "scorecard-distances-copies.txt",
        "distances-copies-copies.svg",
    }


def test_what_is_written_is_whole_and_parses(done: Evaluated) -> None:
    found = json.loads((done.folder / "scorecard.json").read_text())
    assert (done.folder / "scorecard.txt").read_text().startswith("digits against digits, 60 held-out samples")
    assert found["provenance"]["digests"]["gan"] == DIGITS.digest()
    assert len(found["kept"]["samples"]["samples"]) == 3
    assert found["figures"].keys() >= {"agreement", "copies", "samples", "worst", "off-prior"}
    for name in found["figures"].values():
        xml.etree.ElementTree.parse(done.folder / name)
    assert all(path.exists() for path in done.files)


def test_figures_of_before_go_and_nothing_else(tmp_path: Path) -> None:
    first = evaluate(DIGITS, ["copies"], out=tmp_path, how=FEW)
    (tmp_path / "mine.svg").write_text("mine")
    old = next(path for path in first.files if path.suffix == ".svg")
    written = tmp_path / "scorecard-copies.json"
    found = json.loads(written.read_text())
    written.write_text(json.dumps(found | {"figures": {**found["figures"], "more": "../out.svg", "gone": "gone.svg"}}))
    (tmp_path / "gone.svg").write_text("old")
    (tmp_path.parent / "out.svg").write_text("not ours")
    evaluate(DIGITS, ["copies"], out=tmp_path, how=FEW)
    assert old.exists()
    assert (tmp_path / "mine.svg").exists()
    assert (tmp_path.parent / "out.svg").exists()
    assert not (tmp_path / "gone.svg").exists()


def test_a_measure_that_fails_is_left_out_with_its_reason_or_raised_if_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_: Material) -> None:
        raise ZeroDivisionError("of nothing")

    monkeypatch.setitem(MEASURES, "copies", Measure("broken", broken))  # type: ignore[arg-type]
    for name in set(MEASURES) - {"copies", "smoothness"}:
        monkeypatch.delitem(MEASURES, name)
    done = evaluate(DIGITS, out=tmp_path, how=FEW)
    assert [(each.name, each.said) for each in done.card.left_out] == [("copies", "ZeroDivisionError: of nothing")]
    assert "Not told: copies: ZeroDivisionError: of nothing" in done.card.table()
    with pytest.raises(ZeroDivisionError):
        evaluate(DIGITS, ["copies"], out=tmp_path, how=FEW)


def test_without_real_samples_the_rest_is_told(tmp_path: Path) -> None:
    alone = GAN(DIGITS.generator, DIGITS.latent, DIGITS.format)
    done = evaluate(alone, out=tmp_path, how=FEW)
    assert [each.name for each in done.card.sections] == ["smoothness"]
    assert {each.name for each in done.card.left_out} >= {"distances", "copies"}
    assert all("none were named" in each.said for each in done.card.left_out)
    with pytest.raises(UsageError, match="none were named"):
        evaluate(alone, ["copies"], out=tmp_path, how=FEW)


@pytest.mark.parametrize(
    ("what", "how", "said"),
    [
        (["copied"], FEW, "there is no measure called 'copied'"),
        (["groups"], FEW, "data without groups"),
        (["modes"], FEW, "modes are not known"),
        (["seeds"], FEW, "one run alone"),
        (["unwanted"], How(n=60), "no class was named"),
        (["unwanted"], How(n=60, unwanted=("cat",)), "cat"),
        (["distances"], How(n=60, spaces=("pixel",)), "there is no feature space called 'pixel'"),
        (["distances"], How(n=60, spaces=("nowhere.py:net",)), "nowhere.py"),
    ],
)
def test_what_cannot_be_done_is_one_clear_error(what: list[str], how: How, said: str, tmp_path: Path) -> None:
    with pytest.raises((UsageError, InputError), match=said):
        evaluate(DIGITS, what, out=tmp_path, how=how)
    assert not list(tmp_path.iterdir())


def test_limits_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(
        "by: Jane\ndate: 2026-01-02\nlimits:\n- {measure: path length, pass: '< 1e9', fail: '>= 1e9'}\n"
    )
    ours: Limits = limits_from(tmp_path / "ours.yaml")
    card = evaluate(DIGITS, ["smoothness"], out=tmp_path, how=FEW, limits=ours).card
    assert card.verdict == "pass"
    assert "limits of Jane, 2026-01-02" in card.table()


def test_spaces_are_taken_as_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import torch\n\ndef net():\n    return torch.nn.Flatten()\n")
    how = How(n=60, spaces=("pixels", f"{tmp_path / 'mine.py'}:net"))
    found = sections(evaluate(DIGITS, ["diversity"], out=tmp_path, how=how))
    assert [next(iter(rows.values())).space.split("-")[0] for rows in found.values()] == ["pixels", "mine:net"]  # type: ignore[union-attr]
    values = [rows["Vendi score"].value for rows in found.values()]
    assert values[0] == pytest.approx(values[1])


def test_a_world_of_points_has_modes_and_no_judge(tmp_path: Path) -> None:
    points = GAN.fresh(MLP(Format.point(2), Normal(4), hidden=(16,)), 0, data="ring8")
    done = evaluate(points, ["modes", "distances", "neighbours", "copies"], out=tmp_path, how=How(n=100))
    found = sections(done)
    assert found["modes"]["modes hit, strictly"].value <= 8
    assert {name for name in found if name.startswith("distances")} == {
        "distances pixels",
        "distances random-layers-32",
    }


def test_parts_by_group_follow_the_nearest_real_sample(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A GAN that makes samples of eleven of twelve groups only, which must be named."""
    train, held_out = load_splits("digits")
    at = torch.arange(held_out.size) % 12
    kept = held_out.read(range(held_out.size))

    class Some(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.known = torch.nn.Parameter(kept[at != 2])

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            picked = (z[:, 0].sigmoid() * len(self.known)).long().clamp(max=len(self.known) - 1)
            return self.known[picked]

    def grouped(data: Dataset, ids: torch.Tensor) -> Dataset:
        from dataclasses import replace

        return replace(data, groups=ids, group_names=tuple("abcdefghijkl"))

    sets = grouped(train, torch.arange(train.size) % 12), grouped(held_out, at)
    monkeypatch.setattr("ganatomy.verbs.evaluate.real_pictures", lambda *_: sets)
    gan = GAN(Some(), Normal(2), held_out.format, data="digits")
    done = evaluate(gan, ["groups"], out=tmp_path, how=How(n=359, spaces=("pixels",)))
    assert "missing: c" in done.card.sections[0].said
    ratios = {name: row.value for name, row in sections(done)["groups"].items()}
    assert ratios.pop("c: share over due") < 0.2
    assert min(ratios.values()) > 0.5


@pytest.mark.thorough
def test_seeds_beside_a_run_are_found_and_compared(tmp_path: Path) -> None:
    runs = [small_run(tmp_path / "runs", [f"seed={seed}"]).folder for seed in range(3)]
    done = evaluate(runs[0], ["seeds"], out=tmp_path / "card", how=How(n=60, data_dir=None))
    found = sections(done)
    assert found["collapse"]["collapse rate"].n == 3
    spreads = next(rows for name, rows in found.items() if name.startswith("seeds"))
    assert spreads["Fréchet distance: mean over seeds"].n == 3


def test_a_figure_that_cannot_be_drawn_leaves_its_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse() -> Figure:
        raise UsageError("two channels cannot be drawn", "none")

    row = Measurement("x", 1.0, 5, "by hand", "high")
    answer: Callable[[Material], object] = lambda _: iter([Told(section("copies", "Copies", [row]), partial(refuse))])  # noqa: E731
    monkeypatch.setitem(MEASURES, "copies", Measure("by hand", answer))  # type: ignore[arg-type]
    done = evaluate(DIGITS, ["copies"], out=tmp_path, how=FEW)
    assert [path.suffix for path in done.files] == [".json", ".txt"]


def test_samples_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of n samples only features stay: pictures are asked for block by block."""
    most = 0
    plain = Material.samples

    def watched(self: Material, sort: str):  # type: ignore[no-untyped-def]
        nonlocal most
        for block in plain(self, sort):  # type: ignore[arg-type]
            most = max(most, len(block))
            yield block

    monkeypatch.setattr(Material, "samples", watched)
    train, held_out = load_splits("digits")
    material = Material(DIGITS, train, held_out, How(n=300, spaces=("pixels",)), progress=lambda _: lambda *_: None)
    assert material.table(material.spaces[0], "made").shape == (300, 64)
    assert most == 256


def test_a_scorecard_that_answers_the_same_stands_under_the_limits_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def answer(material: Material) -> Iterator[Told]:
        taken.append(material.n)
        number = Measurement("copied", 0.4, n=20, estimator="counted", better="low", interval=None, floor=0.0)
        yield Told(section("copies", "Copies", [number], "said"), Figure, {"pairs": [[1, 2]]})

    monkeypatch.setattr("ganatomy.verbs.evaluate.MEASURES", {"copies": Measure("", answer, needs_data=False)})
    how = replace(FEW, again=False)
    first, second = (evaluate(DIGITS, out=tmp_path, how=how) for _ in range(2))
    assert len(taken) == 1
    assert second.card.to_dict() == first.card.to_dict()
    assert (second.files, second.figures, second.kept) == (first.files, first.figures, first.kept)
    (tmp_path / "limits.yaml").write_text(
        'by: us\ndate: 2026-11-22\nlimits:\n- {measure: copied, pass: "<= 0.1", fail: "> 0.1"}\n'
    )
    ruled = evaluate(DIGITS, out=tmp_path, how=how, limits=limits_from(tmp_path / "limits.yaml"))
    assert (len(taken), ruled.card.verdict, ruled.card.limits.by) == (1, "fail", "us")
    for other in (replace(how, seed=1), replace(how, n=50), replace(how, again=True), replace(how, samples=range(4))):
        evaluate(DIGITS, out=tmp_path, how=other)
    assert len(taken) == 5
    (tmp_path / "scorecard-copies.svg").unlink()
    evaluate(DIGITS, out=tmp_path, how=replace(how, samples=range(4)))
    assert len(taken) == 6
