"""Which real data `evaluate` takes: in random order, a run's own, at a step, of a run's like; and what it says else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from shared_runs import Small, small_run
from torch import Tensor

from ganatomy.data.catalogue import load, load_splits
from ganatomy.data.dataset import Dataset, stored
from ganatomy.data.decode import FolderOptions
from ganatomy.errors import InputError, UsageError
from ganatomy.explain.concepts.classes import half_places, halves
from ganatomy.features.defaults import named_space
from ganatomy.features.space import FeatureSpace
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.models.mlp import MLP
from ganatomy.numerics.statistics.interval import Interval
from ganatomy.results.formats import Format
from ganatomy.results.measurement import Measurement
from ganatomy.training import judge
from ganatomy.training.runs.status import Status, write_status
from ganatomy.verbs import real
from ganatomy.verbs.evaluate import Evaluated, evaluate
from ganatomy.verbs.explain import explain
from ganatomy.verbs.measures import again
from ganatomy.verbs.measures.material import DRAWN, How, Material
from ganatomy.verbs.places import place_of
from ganatomy.verbs.real import Source, real_pictures
from ganatomy.verbs.subject import named

SQUARE = Format.picture(1, 8)
DIGITS = GAN.fresh(MLP(SQUARE, Normal(8), hidden=(16,)), 0, data="digits")
IN_FOLDER = 700  # digits that are written as files; an honest GAN shows others
PIXELS = How(n=40, spaces=("pixels",))
QUIET = {"progress": lambda _what: lambda _done, _total: None}


class Shows(torch.nn.Module):
    """A generator of the pictures that it was given."""

    def __init__(self, pictures: Tensor) -> None:
        super().__init__()
        self.pictures = torch.nn.Parameter(pictures)

    def forward(self, z: Tensor) -> Tensor:
        share = torch.special.ndtr(z[:, 0])
        return self.pictures[(share * len(self.pictures)).long().clamp(max=len(self.pictures) - 1)]


def written(folder: Path, n: int, *, apart: int = 0) -> Path:
    """A subfolder a class, as people keep pictures: whatever is read in the order of files comes class by class."""
    digits = load("digits")
    pictures = ((digits.read(range(n)) + 1) * 127.5).round().to(torch.uint8).numpy()
    labels = digits.labels(range(n))
    assert labels is not None
    for place, (picture, label) in enumerate(zip(pictures, labels.tolist(), strict=True)):
        at = folder / f"class-{label}" / f"{place + apart:04d}.png"
        at.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture[0]).save(at)
    return folder


def grouped(folder: Path, file: Path) -> Path:
    """Four pictures of a class belong together."""
    files = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*.png"))
    rows = [f"{name},writer {name.split('/')[0]} {place // 4}" for place, name in enumerate(files)]
    file.write_text("\n".join(["file,group", *rows]) + "\n")
    return file


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "STEPS", 40)


@pytest.fixture(scope="module")
def by_class(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("data") / "digits", IN_FOLDER)


def material(train: Dataset, held_out: Dataset, how: How, gan: GAN = DIGITS) -> Material:
    return Material(gan, train, held_out, how, **QUIET)  # type: ignore[arg-type]


def rows_of(done: Evaluated, name: str) -> list[str]:
    return [row.name for each in done.card.sections if each.name.startswith(name) for row in each.measured]


def test_a_folder_sorted_by_class_is_read_in_random_order(by_class: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "STEPS", 300)
    found = material(*load_splits(f"folder:{by_class}"), How(n=100))
    assert found.judge is not None
    assert found.judge.accuracy > 0.8
    assert found.judge.n == found.held_out.size
    assert len(found.labels("real").unique()) == 10
    assert len(found.labels("spare").unique()) == 10


def test_an_honest_gan_of_such_a_folder_is_not_failed(
    by_class: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "STEPS", 300)
    digits = load("digits")
    honest = GAN(Shows(digits.read(range(IN_FOLDER, digits.size))), Normal(2), SQUARE)
    done = evaluate(honest, ["neighbours", "classes"], data=f"folder:{by_class}", out=tmp_path, how=How(n=120))
    assert {"precision", "coverage"} <= set(rows_of(done, "neighbours"))
    assert done.card.failed == ()


def numbered(n: int, split: str, *, groups: Tensor | None = None) -> Dataset:
    """Pictures whose first two pixels say their number, sorted by class."""
    x = torch.zeros(n, 1, 8, 8, dtype=torch.uint8)
    x[:, 0, 0, 0], x[:, 0, 0, 1] = torch.arange(n) // 256, torch.arange(n) % 256
    data = stored("numbered", split, pictures=x, labels=torch.arange(n) // (n // 2), classes=("a", "b"))  # type: ignore[arg-type]
    return replace(data, groups=groups)


def numbers(samples: Tensor) -> list[int]:
    bytes_ = ((samples[:, 0, 0, :2] + 1) * 127.5).round().long()
    return (bytes_[:, 0] * 256 + bytes_[:, 1]).tolist()


def test_judge_and_spare_come_from_the_two_halves_groups_whole() -> None:
    train = numbered(400, "train", groups=torch.arange(400) // 4)
    found = material(train, numbered(200, "held-out"), How(n=150))
    own, pool = halves(train)
    first, second = half_places(train)
    assert (numbers(own.read(range(own.size))[0]), numbers(pool.read(range(pool.size))[0])) == (first, second)
    assert not {place // 4 for place in first} & {place // 4 for place in second}
    spare = list(found.indices("spare"))
    assert spare == list(second[: len(spare)])
    assert len(spare) == 150


def test_the_judge_learns_from_the_first_half_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, set[int]] = {}

    def fitted(examples, format, *, held_out, plan, **_):  # type: ignore[no-untyped-def]
        seen["own"] = set(numbers(examples.read(range(examples.size))[0]))
        seen["judged"] = set(numbers(held_out.read(range(held_out.size))[0]))
        assert (plan.steps, plan.rate) == (7, 2e-3)

    monkeypatch.setattr(judge, "STEPS", 7)
    monkeypatch.setattr("ganatomy.verbs.measures.material.train_classifier", fitted)
    train = numbered(300, "train")
    _ = material(train, numbered(90, "held-out"), How(n=50)).judge
    assert seen == {"own": set(half_places(train)[0]), "judged": set(range(90))}


@pytest.mark.parametrize("sort", ["real", "train", "spare"])
def test_groups_labels_and_numbers_are_of_the_rows(sort: str) -> None:
    sets = [numbered(n, split, groups=torch.arange(n) // 3) for n, split in ((300, "train"), (90, "held-out"))]
    found = material(*sets, How(n=40))
    shown = numbers(torch.cat(list(found.samples(sort))))  # type: ignore[arg-type]
    ids, half = found.groups(sort), sets[sort == "real"].size // 2  # type: ignore[arg-type]
    assert ids is not None
    assert ids.tolist() == [number // 3 for number in shown]
    assert found.labels(sort).tolist() == [number // half for number in shown]  # type: ignore[arg-type]
    assert found.numbers(sort, torch.tensor([2, 0])) == [shown[2], shown[0]]  # type: ignore[arg-type]
    assert shown != sorted(shown)


def test_pooled_groups_never_clash_and_stand_in_where_a_side_has_none() -> None:
    ids = torch.arange(300) // 3
    train, held_out = numbered(300, "train"), numbered(90, "held-out")
    assert material(train, held_out, How(n=90)).pooled_groups() is None
    for pair in (
        (replace(train, groups=ids), held_out),
        (train, replace(held_out, groups=ids[:90])),
        (replace(train, groups=ids), replace(held_out, groups=ids[:90])),
    ):
        pooled = material(*pair, How(n=60)).pooled_groups()
        assert pooled is not None
        assert [len(each) for each in pooled] == [300, 90]
        assert not set(pooled[0].tolist()) & set(pooled[1].tolist())
        assert [len(each.unique()) for each in pooled] == [
            len(each.groups[torch.as_tensor(chosen)].unique()) if each.groups is not None else len(chosen)
            for each, chosen in zip(pair, (range(300), material(*pair, How(n=60)).indices("held")), strict=True)
        ]


def test_large_tables_are_made_in_the_space_asked_alone() -> None:
    found = material(
        numbered(300, "train"), numbered(90, "held-out"), How(n=40, spaces=("pixels", "random-projection"))
    )
    pixels, other = found.spaces
    assert found.table(pixels, "train").shape[0] == 300
    assert found.table(pixels, "many").shape[0] == 2000
    assert set(found._tables) == {(pixels.id, "train"), (pixels.id, "many")}
    found.table(pixels, "made")
    assert (other.id, "made") in found._tables
    same = found.beside(GAN.fresh(MLP(SQUARE, Normal(8), hidden=(16,)), 1))
    assert {sort for _, sort in same._tables} == {"train"}


def test_as_many_as_are_made_are_not_made_again() -> None:
    found = material(numbered(300, "train"), numbered(2100, "held-out"), How(n=2100, spaces=("pixels",)))
    assert found.table(found.spaces[0], "many") is found.table(found.spaces[0], "made")


def test_endless_data_are_read_as_ranges() -> None:
    train, held_out = load_splits("ring8")
    points = GAN.fresh(MLP(Format.point(2), Normal(4), hidden=(16,)), 0)
    found = material(train, held_out, How(n=50), points)
    assert (found.indices("real"), found.indices("train")) == (range(50), range(DRAWN))
    assert found.indices("spare") == range(1, 101, 2)
    assert found.table(named_space("pixels", points.format, None), "real").shape == (50, 2)


@pytest.fixture
def own(tmp_path: Path) -> Small:
    """A run of a folder with groups, of which it was trained on a half."""
    folder = written(tmp_path / "scans", 240)
    groups = grouped(folder, tmp_path / "groups.csv")
    changes = [f"data.name=folder:{folder}", f"data.options.groups={groups}", "data.share=0.5"]
    return small_run(tmp_path / "runs", changes)


def test_a_run_is_measured_on_its_own_split(own: Small, tmp_path: Path) -> None:
    how = PIXELS
    for name in (own.folder, own.folder / "checkpoints" / "step-000004.safetensors"):
        done = evaluate(name, ["distances"], out=tmp_path / "card", how=how)
        digests = done.card.provenance.digests
        assert digests["train"] == own.setup.train.fingerprint
        assert digests["held out"] == own.setup.held_out.fingerprint
    other = evaluate(own.folder, ["distances"], data=f"folder:{tmp_path / 'scans'}", out=tmp_path / "card", how=how)
    assert other.card.provenance.digests["held out"] != digests["held out"]  # as is: without its groups


def test_explain_takes_the_same(own: Small) -> None:
    train, held_out = real_pictures(DIGITS, Source(), own.folder)
    assert train is not None
    assert held_out is not None
    assert (train.size, train.fingerprint) == (own.setup.train.size, own.setup.train.fingerprint)
    assert held_out.groups is not None


def test_data_that_changed_or_moved_are_an_error_that_says_so(own: Small, tmp_path: Path) -> None:
    how, out = PIXELS, tmp_path / "card"
    for file in (tmp_path / "scans" / "class-0").iterdir():
        Image.open(file).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(file)
    with pytest.raises(InputError, match=r"'distances' looks at real samples: folder.* has changed since") as changed:
        evaluate(own.folder, ["distances"], out=out, how=how)
    assert "--data folder:PATH" in changed.value.remedy
    (tmp_path / "scans").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"which .* was trained on, cannot be read: there is no folder") as moved:
        evaluate(own.folder, ["distances"], out=out, how=how)
    assert "--data folder:PATH" in moved.value.remedy
    assert rows_of(evaluate(own.folder, ["smoothness"], out=out, how=how), "smoothness")
    with pytest.raises(InputError, match=r"'memory' looks at real pictures: folder.* cannot be read"):
        list(explain(own.folder, ["memory"], out=out))


def test_why_there_are_no_data_is_told_with_its_own_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        raise InputError("mnist is not here", "say where with --data-dir")

    large = GAN.fresh(MLP(Format.picture(1, 16), Normal(8), hidden=(16,)), 0, data="digits")
    with pytest.raises(UsageError, match="the data 'digits' are picture"):
        evaluate(large, ["copies"], out=tmp_path)
    with pytest.raises(UsageError, match="nothing tells how the data 'folder:x'"):
        evaluate(GAN(DIGITS.generator, DIGITS.latent, SQUARE, data="folder:x"), ["copies"], out=tmp_path)
    monkeypatch.setattr(real, "load_splits", absent)
    with pytest.raises(InputError, match="'copies' looks at real samples: mnist is not here") as error:
        evaluate(DIGITS, ["copies"], out=tmp_path)
    assert error.value.remedy == "say where with --data-dir"
    assert rows_of(evaluate(DIGITS, ["smoothness"], out=tmp_path, how=How()), "smoothness")
    with pytest.raises(InputError, match=r"^mnist is not here"):  # named: at once, whatever is measured
        evaluate(DIGITS, ["smoothness"], data="mnist", out=tmp_path)


def test_options_of_a_folder_want_the_folder(own: Small) -> None:
    with pytest.raises(UsageError, match="--size, --groups was given without --data"):
        evaluate(own.folder, ["smoothness"], how=How(folder=FolderOptions(size=8, groups="mine.csv")))


def test_named_folders_are_read_as_their_options_say(own: Small, tmp_path: Path) -> None:
    how = How(n=40, spaces=("pixels",), folder=FolderOptions(groups=tmp_path / "groups.csv"))
    data = f"folder:{tmp_path / 'scans'}"
    done = evaluate(own.folder, ["distances"], data=data, out=tmp_path / "card", how=how)
    assert done.card.provenance.digests["held out"] == own.setup.held_out.fingerprint


def test_a_step_has_a_folder_of_its_own(tmp_path: Path) -> None:
    run = small_run(tmp_path / "runs").folder
    newest = evaluate(run, ["smoothness"])
    kept = newest.files[0].read_text()
    assert evaluate(f"{run}@2", ["smoothness"]).folder == run / "evaluation-at-2"
    assert evaluate(f"{run}@best", ["smoothness"]).folder == run / "evaluation-at-best"
    assert newest.folder == run / "evaluation"
    assert newest.files[0].read_text() == kept
    assert place_of(f"{run}@2", "findings") == run / "findings-at-2"


@pytest.fixture
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Runs of one recipe, whose distances are not worked out."""

    def read(_self: Material, space: FeatureSpace) -> dict[str, Measurement]:
        return {"far": Measurement("far", 1.0, 40, "by hand", "low", Interval(0.5, 1.5, 0.95, "by hand"), 0, space.id)}

    monkeypatch.setattr(Material, "distances", read)
    return [small_run(tmp_path / "runs", [f"seed={seed}"]).folder for seed in range(4)]


def diverge(run: Path) -> None:
    write_status(run, Status("diverged", "losses were not finite", step=3, seconds=1.0))


def test_runs_that_diverged_are_counted_and_not_averaged(seeds: list[Path], tmp_path: Path) -> None:
    diverge(seeds[3])
    done = evaluate(seeds[0], ["seeds"], out=tmp_path / "card", how=PIXELS)
    first, second, *_ = done.card.sections
    assert first.name == "collapse"
    assert (first.measured[0].value, first.measured[0].n) == (0.25, 4)
    assert f"Not compared: {seeds[3].name} (diverged)." in first.said
    assert {row.n for row in second.measured} == {3}


def test_fewer_than_three_that_did_not_break_have_a_rate_alone(seeds: list[Path], tmp_path: Path) -> None:
    for run in (seeds[0], seeds[3]):  # the one that was named is no exception
        diverge(run)
    (seeds[2] / "metrics.jsonl").unlink()
    (told,) = evaluate(seeds[0], ["seeds"], out=tmp_path / "card", how=PIXELS).card.sections
    assert (told.measured[0].n, told.measured[0].value) == (3, pytest.approx(2 / 3))
    assert f"{seeds[2].name} is not counted: " in told.said
    assert f"Nor is {seeds[0].name} (diverged)." in told.said
    assert "3 runs or more, and 2 can be compared." in told.said


def test_a_run_that_gives_no_samples_is_judged_by_its_record(
    seeds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diverge(seeds[0])

    def broken(_name: object) -> GAN:
        raise InputError("the critic's scores hold NaN", "check its weights")

    monkeypatch.setattr("ganatomy.verbs.evaluate.subject", broken)
    done = evaluate(seeds[0], ["seeds"])
    (told,) = done.card.sections
    assert (told.measured[0].value, told.measured[0].n) == (0.25, 4)
    assert (
        json.loads((seeds[0] / "evaluation" / "scorecard-seeds.json").read_text())["sections"][0]["name"] == "collapse"
    )
    assert "the critic's scores hold NaN" in done.card.table()
    for what in ([], ["copies"], ["seeds", "copies"]):
        with pytest.raises(InputError, match="hold NaN"):
            evaluate(seeds[0], what)


def test_a_step_is_compared_with_the_same_step(
    seeds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    plain = again.subject
    monkeypatch.setattr(again, "subject", lambda run, step=None: asked.append(step) or plain(run, step=step))
    done = evaluate(f"{seeds[0]}@2", ["seeds"], out=tmp_path / "card", how=PIXELS)
    assert asked == [2, 2, 2]
    assert {row.n for row in done.card.sections[1].measured} == {4}
    for run in seeds[1:]:
        for file in (run / "checkpoints").glob("step-000002.*"):
            file.unlink()
    for what in ("seeds", "stability"):
        with pytest.raises(UsageError, match="compared with its like at step 2, and none of them loads there: 000"):
            evaluate(f"{seeds[0]}@2", [what], out=tmp_path / "card", how=PIXELS)


@pytest.mark.parametrize("thorough", [False, True])
def test_stability_keeps_the_seed(thorough: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(again, "measurers_for", lambda *_, **__: ())
    monkeypatch.setattr(again, "stable", lambda *_, budget, **__: seen.append(budget) or {})
    found = Material(DIGITS, None, None, How(seed=7, thorough=thorough), **QUIET)  # type: ignore[arg-type]
    assert list(again.tell_stability(found)) == []
    assert (seen[0].seed, seen[0].images) == (7, 2048 if thorough else 512)


def test_stability_leaves_out_what_broke(seeds: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, int] = {}
    monkeypatch.setattr(again, "measurers_for", lambda *_, **__: ())
    monkeypatch.setattr(again, "stable", lambda *_, others, **__: seen.update(n=len(others)) or {})
    for run in seeds[1:3]:
        diverge(run)
    gan = again.subject(seeds[0])
    assert not list(again.tell_stability(Material(gan, None, None, How(), named=named(seeds[0]), **QUIET)))  # type: ignore[arg-type]
    assert seen == {"n": 1}
