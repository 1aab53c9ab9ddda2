"""`explain RUN game` on a tiny run, and the one refusal where there is no run."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared_runs import small_run
from shared_tiny import SMALL, Linear

from ganatomy.errors import InputError, UsageError
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal
from ganatomy.training.runs.folder import open_run
from ganatomy.training.runs.status import Status, write_status
from ganatomy.verbs.answers import FIGURE
from ganatomy.verbs.explain import explain


def test_a_run_is_told_with_its_figures(tmp_path: Path) -> None:
    small = small_run(tmp_path, saved=(2, 4, 6))
    found = {each.folder.name: each for each in explain(small.folder, ["account", "filmstrip"])}
    assert list(found) == ["account-phases", "account-lead", "filmstrip-samples"]
    assert found["account-phases"].said.startswith("Rounds 1 to 6")
    assert found["filmstrip-samples"].told.record.units == ("round 2", "round 4", "round 6")  # type: ignore[union-attr]
    assert (small.folder / "findings" / "account-phases" / FIGURE).read_text().count("round") >= 1
    assert (small.folder / "findings" / "filmstrip-samples" / FIGURE).exists()


def test_emergence_over_a_tiny_run(tmp_path: Path) -> None:
    small = small_run(tmp_path, saved=(2, 4))
    found = list(explain(small.folder, ["emergence"]))
    assert found[0].told.record.arrays["rounds"][0].tolist() == [2, 4]  # type: ignore[union-attr]
    assert "control" in found[0].said


def test_an_earlier_checkpoint_ends_the_film(tmp_path: Path) -> None:
    small = small_run(tmp_path, saved=(2, 4, 6))
    (found,) = explain(f"{small.folder}@4", ["filmstrip"])
    assert found.told.record.units == ("round 2", "round 4")  # type: ignore[union-attr]


def test_a_gan_that_is_no_run_is_refused_once(tmp_path: Path) -> None:
    gan = GAN(Linear(), Normal(5), SMALL)
    with pytest.raises(UsageError, match="no run"):
        list(explain(gan, ["account"], out=tmp_path))


def test_a_run_whose_networks_give_no_numbers_is_told_from_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = small_run(tmp_path, saved=(2, 4))
    write_status(small.folder, Status("diverged", "the critic was not finite", step=4))

    def none(*_: object, **__: object) -> GAN:
        raise UsageError("the generator's samples hold NaN or infinite values", "check the weights")

    monkeypatch.setattr("ganatomy.verbs.explain.subject", none)
    said = [each.said for each in explain(small.folder, ["account"])]
    assert "The run diverged: it was given up in round 4 (the critic was not finite)." in said[0]
    left: list[str] = []
    found = list(explain(small.folder, failed=lambda name, _error: left.append(name)))
    assert {each.explainer for each in found} == {"account"}
    assert left == ["samples"]
    for what in (["filmstrip"], ["account", "filmstrip"], []):
        with pytest.raises(UsageError, match="NaN"):
            list(explain(small.folder, what))


def test_a_film_wants_no_readings(tmp_path: Path) -> None:
    small = small_run(tmp_path, saved=(2, 4))
    open_run(small.folder).metrics.write_bytes(b"")
    (found,) = explain(small.folder, ["filmstrip"])
    assert found.told.record.units == ("round 2", "round 4")  # type: ignore[union-attr]
    with pytest.raises(InputError, match="no readings"):
        list(explain(small.folder, ["account"]))
