"""What was answered before is found again where the very same is asked, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from shared_runs import small_run
from shared_tiny import DIM, greys, linear, tiny

from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.results.measurement import Measurement
from ganatomy.verbs.answers import Answer, kept_as_told, recalled
from ganatomy.verbs.asked import Asked, Explainer, Told
from ganatomy.verbs.explain import Wanted, explain

ASKING = {"gan": ["a", "b"], "how": {"seed": 0, "sites": None}}


def told(*names: str) -> Iterator[Told]:
    for place, name in enumerate(names):
        number = Measurement(name, 1.5 + place, n=3, estimator="counted", better="high")
        yield Told(name, number, f"{name} was <counted>", aside=bool(place))


def test_answers_come_back_as_they_were_told(tmp_path: Path) -> None:
    first = list(kept_as_told("map", told("One", "one", "x/y"), tmp_path, ASKING))
    again = recalled("map", tmp_path, ASKING)
    assert again is not None
    assert [each.to_dict() for each in again] == [each.to_dict() for each in first]
    assert [each.told.record.to_dict() for each in again] == [each.told.record.to_dict() for each in first]
    assert [each.told.aside for each in again] == [False, True, True]
    assert again[0].figure is None


@pytest.mark.parametrize("changed", [{"gan": ["a", "c"]}, {"how": {"seed": 1, "sites": None}}, {"more": 1}])
def test_another_question_is_not_answered(tmp_path: Path, changed: dict[str, object]) -> None:
    list(kept_as_told("map", told("one"), tmp_path, ASKING))
    assert recalled("map", tmp_path, {**ASKING, **changed}) is None
    assert recalled("order", tmp_path, ASKING) is None


def test_what_was_cut_short_is_no_answer(tmp_path: Path) -> None:
    list(kept_as_told("map", told("one", "two"), tmp_path, ASKING))
    cut = kept_as_told("map", told("one", "two"), tmp_path, ASKING)
    next(cut)
    cut.close()
    assert recalled("map", tmp_path, ASKING) is None


def lost(folder: Path) -> None:
    (folder / "map-one" / "finding.json").unlink()


def mangled(folder: Path) -> None:
    (folder / "map.json").write_text("{")


def foreign(folder: Path) -> None:
    (folder / "map.json").write_text(json.dumps({"asked": ASKING, "answers": 3}))


@pytest.mark.parametrize("harm", [lost, mangled, foreign])
def test_what_cannot_be_read_is_no_answer(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    list(kept_as_told("map", told("one"), tmp_path, ASKING))
    harm(tmp_path)
    assert recalled("map", tmp_path, ASKING) is None


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    monkeypatch.chdir(tmp_path)
    names: list[str] = []

    def explainer(name: str, *, by_default: bool) -> Explainer:
        def answer(asked: Asked) -> Iterator[Told]:
            names.append(name)
            return told("one", "two")

        return Explainer("", answer, by_default=by_default)

    table = {name: explainer(name, by_default=name != "sets") for name in ("map", "features", "sets")}
    monkeypatch.setattr("ganatomy.verbs.explain.EXPLAINERS", table)
    return names


def asked(gan: GAN | str | Path, **how: object) -> list[Answer]:
    wanted = replace(Wanted(again=False), **how)  # type: ignore[arg-type]
    return list(explain(gan, wanted=wanted, failed=lambda _name, _error: None))


def test_explain_works_nothing_out_twice_and_brings_what_others_have_told(called: list[str]) -> None:
    gan = tiny()
    assert [each.explainer for each in asked(gan)] == ["map", "map", "features", "features"]
    list(explain(gan, ["sets"]))
    assert called == ["map", "features", "sets"]
    assert [each.explainer for each in asked(gan)] == ["map", "map", "features", "features", "sets", "sets"]
    assert called == ["map", "features", "sets"]
    asked(gan, again=True)
    assert called == ["map", "features", "sets", "map", "features"]


@pytest.mark.parametrize("how", [{"seed": 1}, {"thorough": True}, {"smallest": 0.2}])
def test_explain_asks_anew_where_anything_else_is_wanted(called: list[str], how: dict[str, object]) -> None:
    asked(tiny())
    asked(tiny(), **how)
    assert called == ["map", "features"] * 2


def test_explain_asks_anew_of_other_weights_and_beside_other_data(
    called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(tiny())
    asked(tiny(size=0.02))
    assert called == ["map", "features"] * 2
    data = greys(20, split="train"), greys(20)
    monkeypatch.setattr("ganatomy.verbs.explain.real_pictures", lambda _gan, _source, _run: data)
    asked(tiny(size=0.02))
    assert called == ["map", "features"] * 3


def test_explain_asks_anew_once_the_run_has_gone_on(called: list[str], tmp_path: Path) -> None:
    run = small_run(tmp_path / "runs").folder
    asked(f"{run}@2")
    asked(f"{run}@2")
    assert called == ["map", "features"]
    with (run / "metrics.jsonl").open("a") as metrics:
        metrics.write('{"step": 9, "kind": "probe"}\n')
    asked(f"{run}@2")
    assert called == ["map", "features"] * 2


def test_two_steps_of_a_run_keep_apart(called: list[str], tmp_path: Path) -> None:
    run = small_run(tmp_path / "runs").folder
    for name in (f"{run}@2", str(run), f"{run}@2", str(run)):
        asked(name)
    assert called == ["map", "features"] * 2
    assert {each.name for each in run.glob("findings*")} == {"findings", "findings-at-2"}


def test_what_computes_otherwise_with_the_same_weights_is_asked_anew(called: list[str]) -> None:
    """Code may change where weights do not: an activation, a factor, the names of classes."""
    asked(tiny())
    asked(tiny(lambda x: 3 * linear(x)))
    asked(tiny(classes=("a", "b"), latent=Normal(DIM, 2)))
    asked(tiny(classes=("a", "c"), latent=Normal(DIM, 2)))
    assert called == ["map", "features"] * 4
