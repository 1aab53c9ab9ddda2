"""The supervised loop: it learns, it ends in the same weights however often it is killed, it refuses nonsense."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import DivergedError, InputError, UsageError
from ganatomy.features import fit as fitting
from ganatomy.features.fit import Batch, Examples, Plan, fit, held_out_loss
from ganatomy.numerics.random import Stream

X = Stream(0, "test/x").normal(range(200), 3)
Y = (X @ torch.tensor([1.0, -2.0, 0.5]) + 0.3).unsqueeze(1)


def examples(n: int = 200) -> Examples:
    def read(indices: Sequence[int]) -> Batch:
        return X[list(indices)], Y[list(indices)]

    return Examples(read, n)


def net() -> nn.Sequential:
    with Stream(0, "test/net").module_rng(0):
        return nn.Sequential(nn.Linear(3, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 1))


def squared(model: nn.Module, batch: Batch) -> Tensor:
    return (model(batch[0]) - batch[1]).square().mean()


PLAN = Plan(steps=60, batch=16, rate=1e-2, every=7)


def test_it_learns_reports_and_leaves_the_model_in_eval_mode() -> None:
    model, seen = net(), []
    before = held_out_loss(model, squared, examples())
    fitted = fit(
        model,
        squared,
        examples(),
        plan=Plan(steps=400, batch=32, rate=2e-2),
        progress=lambda *entry: seen.append(entry),
    )
    assert held_out_loss(model, squared, examples()) < 0.1 * before
    assert not model.training
    assert fitted.kept == 400
    assert [entry[0] for entry in seen] == [100, 200, 300, 400]
    assert [step for step, _, _ in fitted.history] == [100, 200, 300, 400]


@pytest.mark.parametrize("deaths", [[1], [7], [8, 20], [59]])
@pytest.mark.parametrize("watched", [False, True])
def test_a_killed_fit_continued_equals_the_uninterrupted_one(
    deaths: list[int], watched: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_out = examples(50) if watched else None
    whole = net()
    expected = fit(whole, squared, examples(), plan=PLAN, held_out=held_out)
    step = fitting._step
    for death in deaths:

        def die(*args, death: int = death):
            if args[-1] == death:
                raise KeyboardInterrupt
            return step(*args)

        monkeypatch.setattr(fitting, "_step", die)
        with pytest.raises(KeyboardInterrupt):
            fit(net(), squared, examples(), plan=PLAN, held_out=held_out, folder=tmp_path)
    monkeypatch.setattr(fitting, "_step", step)
    resumed = net()
    found = fit(resumed, squared, examples(), plan=PLAN, held_out=held_out, folder=tmp_path)
    assert found == expected
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_a_finished_fit_is_read_back_without_another_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = net(), net()
    fit(first, squared, examples(), plan=PLAN, folder=tmp_path)
    monkeypatch.setattr(fitting, "_step", None)
    fit(second, squared, examples(), plan=PLAN, folder=tmp_path)
    assert torch.equal(first[0].weight, second[0].weight)  # type: ignore[index]


def test_every_example_comes_once_an_epoch_in_a_new_order() -> None:
    order = fitting._Order(Plan(batch=16), 40)
    drawn = [place for step in range(1, 6) for place in order(step)]
    first, second = drawn[:40], drawn[40:80]
    assert sorted(first) == sorted(second) == list(range(40))
    assert first != second


def test_the_best_weights_on_held_out_examples_are_kept() -> None:
    """The held-out target is the opposite of what is taught: the first look is the best one."""

    def opposite(indices: Sequence[int]) -> Batch:
        return X[list(indices)], -Y[list(indices)]

    model = net()
    fitted = fit(model, squared, examples(), plan=PLAN, held_out=Examples(opposite, 50))
    scores = [score for _, _, score in fitted.history if score is not None]
    assert fitted.kept == fitted.history[scores.index(min(scores))][0] < PLAN.steps
    assert held_out_loss(model, squared, Examples(opposite, 50)) == pytest.approx(min(scores), rel=1e-6)


def test_another_plan_another_model_and_a_broken_file_are_refused(tmp_path: Path) -> None:
    fit(net(), squared, examples(), plan=PLAN, folder=tmp_path)
    with pytest.raises(UsageError, match=r"another fit \(rate 0.01 -> 0.5\)"):
        fit(net(), squared, examples(), plan=Plan(steps=60, batch=16, rate=0.5, every=7), folder=tmp_path)
    with pytest.raises(InputError, match="does not fit this model"):
        fit(net()[0], squared, examples(), plan=PLAN, folder=tmp_path)
    turned = Examples(lambda indices: (X[list(indices)], -Y[list(indices)]), 200)
    with pytest.raises(UsageError, match=r"another fit \(examples 200, "):
        fit(net(), squared, turned, plan=PLAN, folder=tmp_path)
    with pytest.raises(UsageError, match=r"another fit \(loss squared -> "):
        fit(net(), lambda model, batch: squared(model, batch), examples(), plan=PLAN, folder=tmp_path)
    file = tmp_path / "fit.safetensors"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(InputError, match="cannot be read"):
        fit(net(), squared, examples(), plan=PLAN, folder=tmp_path)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: fit(net(), squared, examples(0), plan=PLAN), UsageError, "no examples"),
        (lambda: Plan(steps=0), UsageError, "steps = 0"),
        (lambda: Plan(rate=float("nan")), UsageError, "rate = nan"),
        (lambda: fit(net(), lambda m, b: m(b[0]), examples(), plan=PLAN), DivergedError, "one finite number"),
        (lambda: fit(net(), lambda m, b: m(b[0]).mean() / 0, examples(), plan=PLAN), DivergedError, "step 1"),
    ],
)
def test_nonsense_is_refused(ask, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ask()
