"""The FID's network: numbers of torch-fidelity 0.4.0 with the same drawn weights, the resize by its rule, bad files."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganatomy.errors import InputError, UsageError
from ganatomy.evaluate.quality.frechet import frechet
from ganatomy.evaluate.quality.pairs import pair
from ganatomy.features import inception as module
from ganatomy.features.inception import Inception, as_bytes, inception, resized, title
from ganatomy.numerics.random import Stream
from ganatomy.results.formats import Format

SMALL = Format.picture(3, 16)
# torch-fidelity's FeatureExtractorInceptionV3("2048") on `picture` with `drawn` weights: features 0, 1, 500, 511, 1000,
# 1500, 2047, and the sum of all; measured once, outside of this test.
GOLDEN: dict[tuple[int, ...], list[float]] = {
    (3, 16, 16): [0.0, 9.752761, 0.08251316, 0.005010084, 0.0, 1.79283, 0.0, 4099.976],
    (1, 28, 20): [0.0, 8.89581, 0.04449324, 0.01459181, 0.005344288, 1.353357, 0.0, 3746.712],
    (3, 320, 301): [0.0, 13.0685, 0.02997496, 0.03090087, 0.00783585, 2.937307, 0.0, 5649.626],
}


def drawn() -> dict[str, Tensor]:
    """Weights by address, at the published names."""
    with Stream(0, "test").module_rng(0), torch.device("meta"):
        shapes = Inception(SMALL).state_dict()
    found = {}
    for name, value in shapes.items():
        public, kind = name.partition(".")[2], name.rpartition(".")[2]
        if kind == "num_batches_tracked":
            continue
        u = Stream(0, f"test/inception/{public}").uniform(range(1), value.numel())[0].reshape(value.shape)
        wide = math.sqrt(6 / value[0].numel()) if value.dim() == 4 else 0.2
        found[public] = 0.5 + u if kind in ("weight", "running_var") and value.dim() == 1 else (2 * u - 1) * wide
    return found


def picture(format: Format) -> Tensor:
    """Bytes by address, in the range of the format."""
    low, high = format.bounds or (-1.0, 1.0)
    return Stream(1, "pics").integers(range(1), 256, *format.shape).float() / 255 * (high - low) + low


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return drawn()


@pytest.fixture(scope="module")
def path(weights: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.save(weights, path)
    yield path
    path.unlink()


SLOW = [pytest.param(shape, marks=pytest.mark.slow) for shape in ((3, 16, 16), (3, 320, 301))]


@pytest.mark.parametrize("shape", [(1, 28, 20), *SLOW])
def test_features_are_those_of_torch_fidelity(shape: tuple[int, ...], path: Path) -> None:
    format = Format(shape, -1.0, 1.0)
    space = inception(path, format)
    assert (space.name, space.width) == ("inception-other", 2048)
    found = space(picture(format), format)[0].double()
    told = [*found[[0, 1, 500, 511, 1000, 1500, 2047]].tolist(), float(found.sum())]
    assert told == pytest.approx(GOLDEN[shape], rel=1e-4, abs=1e-5)


def test_the_range_does_not_matter_and_no_gradient_or_global_draw_is_left(path: Path) -> None:
    one, other = Format.picture(1, 8), Format.picture(1, 8, low=0.0, high=1.0)
    space = inception(path, one)
    assert torch.equal(space(picture(one), one), space((picture(one) + 1) / 2, other))
    assert not any(each.requires_grad for each in space.module.parameters())
    assert not space.module.training


def test_the_name_of_2015_takes_its_hash_and_gives_the_fid(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_sha256", lambda _: "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2")
    assert inception(path, SMALL).name == "inception-2015"


def test_only_in_that_space_a_frechet_distance_is_called_fid() -> None:
    assert title("inception-2015-0123456789ab") == "FID"
    for other in ("inception-other-0123456789ab", "inception-2015", "inception-20150-ab", "pixels-0123"):
        assert title(other) == "Fréchet distance"
    real, made = (Stream(0, name).normal(range(60), 3) for name in ("real", "made"))
    found = frechet(pair(real, made, space="inception-2015-ab", stream=Stream(0, "t")))
    assert list(found) == ["FID", "FID less its bias"]


def test_resizing_is_the_rule_written_out() -> None:
    x = Stream(0, "resize").uniform(range(2), 1, 5, 3, dtype=torch.float64)
    made = resized(x, 7)
    for i, j in ((0, 0), (3, 4), (6, 6)):
        a, b = i * 5 / 7, j * 3 / 7
        p, q = int(a), int(b)
        far = min(p + 1, 4), min(q + 1, 2)
        above = x[0, 0, p, q] * (1 - b + q) + x[0, 0, p, far[1]] * (b - q)
        below = x[0, 0, far[0], q] * (1 - b + q) + x[0, 0, far[0], far[1]] * (b - q)
        assert float(made[0, 0, i, j]) == pytest.approx(float(above * (1 - a + p) + below * (a - p)), abs=1e-6)
    same = Stream(0, "same").uniform(range(1), 3, 9, 9)
    assert torch.equal(resized(same, 9), same)


def test_every_byte_comes_back_as_it_was_and_outliers_are_brought_in() -> None:
    grid = torch.arange(256)
    for low, high in ((-1.0, 1.0), (0.0, 1.0)):
        assert torch.equal(as_bytes(grid / 255 * (high - low) + low, low, high), grid.float())
    assert as_bytes(torch.tensor([-1.2, 1.2, 0.0]), -1.0, 1.0).tolist() == [0, 255, 128]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run",)


def test_files_that_are_no_such_weights_are_refused(
    tmp_path: Path, weights: dict[str, Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    short = dict(list(weights.items())[:5])
    cases: list[tuple[str, object, str]] = [
        ("code", Evil(), "it was not run"),
        ("other", short, "it has no"),
        ("besides", weights | {"AuxLogits.w": torch.zeros(1)}, "AuxLogits"),
        ("shape", weights | {"Mixed_5b.branch1x1.bn.bias": torch.zeros(3)}, "wanted"),
        ("nan", weights | {"Mixed_5b.branch1x1.bn.bias": torch.full((64,), math.nan)}, "finite"),
        ("list", [torch.zeros(1)], "no dictionary"),
    ]
    for name, content, said in cases:
        file = tmp_path / f"{name}.pth"
        if isinstance(content, Evil):
            file.write_bytes(pickle.dumps(content))
        else:
            torch.save(content, file)
        with pytest.raises(InputError, match=said):
            inception(file, SMALL)
        file.unlink()
    for name in ("cut.pth", "cut.safetensors"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 cut short")
        with pytest.raises(InputError, match=r"cut short|not run"):
            inception(tmp_path / name, SMALL)
    with pytest.raises(InputError, match="No such file"):
        inception(tmp_path / "none.pth", SMALL)
    assert "run" not in capsys.readouterr().out


def test_what_is_no_picture_of_one_or_three_colours_is_refused(path: Path) -> None:
    for format in (Format.point(2), Format.picture(4, 8)):
        with pytest.raises(UsageError, match="it reads pictures"):
            inception(path, format)


@pytest.mark.slow
def test_safetensors_with_and_without_the_last_layer_give_the_same(path: Path, weights: dict[str, Tensor]) -> None:
    from safetensors.torch import save_file

    other = path.with_suffix(".safetensors")
    last = {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    save_file(weights | last, other)
    assert inception(other, SMALL).id == inception(path, SMALL).id
    other.unlink()
