"""A GAN on disk: bit for bit there and back, never code, and an error that names the file for whatever is broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganatomy.errors import InputError, UsageError
from ganatomy.models import disk
from ganatomy.models.architectures import ARCHITECTURES, configure
from ganatomy.models.gan import GAN
from ganatomy.models.latent import Normal, Sphere
from ganatomy.models.mlp import MLP
from ganatomy.results.formats import Format, Score

PICTURE = Format.picture(1, 8)
WEIGHTS = "weights"  # stands for the one safetensors file of a folder
CONFIG = MLP(PICTURE, Normal(5, classes=2), hidden=(7,), critic_hidden=(7,))


class Theirs(nn.Module):
    """A foreign generator; its weights are given, so that making one draws nothing."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, 5 * width).reshape(5, width))

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(z @ self.weight).reshape(-1, 1, 8, 8)


class TheirCritic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, 64))

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.weight


def kept(folder: Path) -> Path:
    (file,) = folder.glob("*.safetensors")
    return file


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return disk.save(GAN.fresh(CONFIG, 3, classes=("no", "yes")), tmp_path / "gan")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_there_and_back_bit_for_bit(name: str, tmp_path: Path) -> None:
    config = configure(name, {}, format=PICTURE, latent=Sphere(5, classes=2))
    gan = GAN(
        config.generator(3),
        config.latent,
        config.format,
        config.critic(4),
        Score("unbounded", high="fake"),
        classes=("no", "yes"),
        data="digits8",
        architecture=config,
        provenance={"step": 5, "versions": {"torch": "2"}},
    )
    back = disk.load(disk.save(gan, tmp_path / "deep" / "er"))
    for field in ("latent", "format", "score", "classes", "data", "architecture", "provenance"):
        assert getattr(back, field) == getattr(gan, field), field
    assert back.digest() == gan.digest()
    samples = gan.sample(0, range(8))
    assert torch.equal(back.sample(0, range(8)), samples)
    labels = gan.latent.labels(0, range(8))
    assert torch.equal(back.score_of(samples, labels), gan.score_of(samples, labels))


def test_the_folder_holds_two_files_and_no_code(folder: Path) -> None:
    assert {file.suffix for file in folder.iterdir()} == {".json", ".safetensors"}
    assert len(list(folder.iterdir())) == 2
    header = kept(folder).read_bytes()
    names = json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])
    assert {name.split(".")[0] for name in names} - {"__metadata__"} == {"G", "D"}
    written = json.loads((folder / "gan.json").read_text())
    assert written["architecture"]["name"] == "mlp"
    assert written["generator"] == "Generator"


def test_foreign_modules_are_passed_in_and_filled(tmp_path: Path) -> None:
    generator, critic = Theirs(), TheirCritic()
    with torch.no_grad():
        generator.weight.mul_(0.5)
    gan = GAN(generator, Normal(5), PICTURE, critic)
    disk.save(gan, tmp_path)
    with pytest.raises(
        UsageError, match=r"generator is a foreign Theirs, and no code is kept on disk\npass it: load\(f"
    ):
        disk.load(tmp_path, critic=TheirCritic())
    with pytest.raises(UsageError, match="critic is a foreign TheirCritic"):
        disk.load(tmp_path, generator=Theirs())
    filled = Theirs()
    back = disk.load(tmp_path, generator=filled, critic=TheirCritic())
    assert back.generator is filled
    assert torch.equal(filled.weight, generator.weight)
    assert back.digest() == gan.digest()


def test_networks_that_do_not_fit_are_named_and_left_alone(tmp_path: Path) -> None:
    disk.save(GAN(Theirs(), Normal(5), PICTURE, TheirCritic()), tmp_path)
    with pytest.raises(
        InputError, match=r"safetensors holds G.weight as torch.float32 \(5, 64\), the network has .*65"
    ):
        disk.load(tmp_path, generator=Theirs(65), critic=TheirCritic())
    with pytest.raises(InputError, match=r"the network has torch.float64 \(5, 64\)\ngive networks of the same widths"):
        disk.load(tmp_path, generator=Theirs().double(), critic=TheirCritic())
    kept = Theirs()
    with torch.no_grad():
        kept.weight.fill_(2)
    with pytest.raises(InputError, match=r"holds an unknown tensor D.weight \(1 names differ\)"):
        disk.load(tmp_path, generator=kept, critic=nn.Flatten())
    assert bool((kept.weight == 2).all())
    larger = TheirCritic()
    larger.register_buffer("extra", torch.zeros(1))
    with pytest.raises(InputError, match=r"lacks tensor D.extra"):
        disk.load(tmp_path, generator=Theirs(), critic=larger)


def test_without_a_critic(tmp_path: Path) -> None:
    disk.save(GAN(Theirs(), Normal(5), PICTURE), tmp_path)
    assert disk.load(tmp_path, generator=Theirs()).critic is None
    with pytest.raises(UsageError, match="was saved without one"):
        disk.load(tmp_path, generator=Theirs(), critic=TheirCritic())


def test_the_type_of_the_weights_is_kept(tmp_path: Path) -> None:
    gan = GAN(CONFIG.generator(0).double(), CONFIG.latent, PICTURE, CONFIG.critic(0).double(), architecture=CONFIG)
    back = disk.load(disk.save(gan, tmp_path))
    assert back.digest() == gan.digest()
    assert next(back.generator.parameters()).dtype == torch.float64


def test_shared_and_strided_tensors_are_saved_by_value(tmp_path: Path) -> None:
    generator = Theirs()
    generator.register_buffer("turned", generator.weight.detach().T)
    generator.register_parameter("again", generator.weight)
    gan = GAN(generator, Normal(5), PICTURE)
    twin = Theirs()
    twin.register_buffer("turned", torch.zeros(64, 5))
    twin.register_parameter("again", twin.weight)
    assert disk.load(disk.save(gan, tmp_path), generator=twin).digest() == gan.digest()


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    written = json.loads(path.read_text())
    change(written)
    path.write_text(json.dumps(written))


BROKEN: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "no description": ("gan.json", Path.unlink, "does not describe a GAN"),
    "no weights": (WEIGHTS, Path.unlink, "cannot be read as safetensors"),
    "empty description": ("gan.json", lambda path: path.write_text(""), "does not describe a GAN"),
    "binary description": ("gan.json", lambda path: path.write_bytes(b"\xff\xfe\x00"), "does not describe a GAN"),
    "a list": ("gan.json", lambda path: path.write_text("[]"), "no JSON object"),
    "truncated description": (
        "gan.json",
        lambda path: path.write_text(path.read_text()[:99]),
        "does not describe a GAN",
    ),
    "empty weights": (WEIGHTS, lambda path: path.write_bytes(b""), "cannot be read as safetensors"),
    "truncated weights": (
        WEIGHTS,
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        "cannot be read as safetensors",
    ),
    "a pickle": (
        WEIGHTS,
        lambda path: torch.save({"G.weight": torch.zeros(1)}, path),
        "cannot be read as safetensors",
    ),
    "a flipped bit": (
        WEIGHTS,
        lambda path: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
        "does not belong to .*gan.json: their digests differ\na file was damaged",
    ),
    "other weights": (
        WEIGHTS,
        lambda path: (
            disk.save(GAN.fresh(CONFIG, 4), path.parent / "other") and kept(path.parent / "other").replace(path)
        ),
        "their digests differ",
    ),
    "newer version": (
        "gan.json",
        lambda path: rewrite(path, lambda plain: plain.update(version=2)),
        "has version 2, this package reads 1",
    ),
    "unknown key": (
        "gan.json",
        lambda path: rewrite(path, lambda plain: plain.update(formt=1)),
        "no field called 'formt'",
    ),
    "missing key": ("gan.json", lambda path: rewrite(path, lambda plain: plain.pop("latent")), "'latent' is missing"),
    "unknown architecture": (
        "gan.json",
        lambda path: rewrite(path, lambda plain: plain["architecture"].update(name="mpl")),
        "no architecture called 'mpl'",
    ),
    "unknown option": (
        "gan.json",
        lambda path: rewrite(path, lambda plain: plain["architecture"]["options"].update(widht=1)),
        "no option of mlp called 'widht'",
    ),
    "latent of text": (
        "gan.json",
        lambda path: rewrite(path, lambda plain: plain.update(latent="normal")),
        "does not describe a GAN",
    ),
    "dim of text": (
        "gan.json",
        lambda path: rewrite(path, lambda plain: plain["latent"].update(dim="5")),
        "does not describe a GAN",
    ),
    "another range": (
        "gan.json",
        lambda path: rewrite(path, lambda plain: plain["score"].update(kind="percent")),
        "score of kind 'percent'",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_folders_are_named_with_a_remedy(fault: str, folder: Path) -> None:
    name, damage, message = BROKEN[fault]
    disk.load(folder)
    broken = kept(folder) if name == WEIGHTS else folder / name
    damage(broken)
    with pytest.raises(InputError, match=message) as caught:
        disk.load(folder)
    assert broken.name in caught.value.said
    assert caught.value.remedy


@pytest.mark.parametrize("victim", ["write_bytes", "write_text"])
def test_a_save_cut_short_leaves_the_gan_of_before(victim: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = disk.load(folder).digest()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for _ in range(2):  # also when a second save is cut short over the rests of the first
        with monkeypatch.context() as patch:
            patch.setattr(disk, victim, killed)
            with pytest.raises(KeyboardInterrupt):
                disk.save(GAN.fresh(CONFIG, 8), folder, replace=True)
        assert disk.load(folder).digest() == before
    disk.save(GAN.fresh(CONFIG, 9), folder, replace=True)
    assert len(list(folder.iterdir())) == 2


def test_another_gan_is_replaced_on_request_only(folder: Path) -> None:
    first, other = disk.load(folder), GAN.fresh(CONFIG, 9)
    held = f"gan holds another GAN \\({first.digest()[:12]}\\)\nchoose another folder, or pass replace=True"
    with pytest.raises(UsageError, match=held):
        disk.save(other, folder)
    assert disk.load(folder).digest() == first.digest()
    assert len(list(folder.iterdir())) == 2
    disk.save(first, folder)
    (folder / "gan-of-mine.safetensors").touch()
    disk.save(other, folder, replace=True)
    assert disk.load(folder).digest() == other.digest()
    (folder / "gan-of-mine.safetensors").unlink()  # fails if saving took it for its own
    (folder / "gan.json").write_text("torn")
    with pytest.raises(UsageError, match="holds another GAN"):
        disk.save(other, folder)
    disk.save(other, folder, replace=True)
    assert disk.load(folder).digest() == other.digest()
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()], ids=["nan", "set", "object"])
def test_provenance_that_json_cannot_hold_is_refused_before_anything_is_written(value: object, tmp_path: Path) -> None:
    gan = GAN(Theirs(), Normal(5), PICTURE, provenance={"value": value})
    with pytest.raises(UsageError, match="provenance cannot be written as JSON"):
        disk.save(gan, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_state_that_is_no_tensor_is_refused(tmp_path: Path) -> None:
    class Stateful(Theirs):
        def get_extra_state(self) -> object:
            return {"text": "code?"}

        def set_extra_state(self, state: object) -> None: ...

    with pytest.raises(UsageError, match=r"state '_extra_state' of a network is no tensor"):
        disk.save(GAN(Stateful(), Normal(5), PICTURE), tmp_path)
