import gzip
import hashlib
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from shared_data import need

from ganatomy.data import mnist
from ganatomy.data.catalogue import load
from ganatomy.data.mnist import FAMILIES, mnist_like
from ganatomy.errors import InputError

FILES = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
    return header + array.tobytes()


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A set with the names, files and checks of a family, six pictures long, that needs no download."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GANATOMY_DATA", raising=False)
    pictures = np.arange(6 * 28 * 28, dtype=np.uint64).reshape(6, 28, 28).astype(np.uint8)
    contents = (idx(pictures), idx(np.array([9, 8, 7, 2, 1, 0], dtype=np.uint8)))
    sums = tuple(("0" * 32, hashlib.md5(content, usedforsecurity=False).hexdigest()) for content in contents)
    family = replace(FAMILIES["mnist"], url="http://127.0.0.1:9/", sums={"held-out": sums})
    monkeypatch.setitem(mnist.FAMILIES, "tiny", family)
    monkeypatch.setitem(mnist.COUNTS, "held-out", 6)
    for name, content in zip(FILES, contents, strict=True):
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_pictures_and_labels_are_those_of_the_files(tiny):
    data = mnist_like("tiny", "held-out", data_dir=tiny)
    assert data.labels(range(6)).tolist() == [9, 8, 7, 2, 1, 0]
    assert torch.allclose((data.read([0])[0, 0, 1] + 1) * 127.5, torch.arange(28.0, 56.0), atol=1e-4)


def test_files_may_be_compressed_again(tiny):
    for name in FILES:
        (tiny / f"{name}.gz").write_bytes(gzip.compress((tiny / name).read_bytes(), 1))
        (tiny / name).unlink()
    assert mnist_like("tiny", "held-out", data_dir=tiny).size == 6


def test_a_changed_byte_is_found(tiny):
    content = bytearray((tiny / FILES[0]).read_bytes())
    content[-1] ^= 1
    (tiny / FILES[0]).write_bytes(content)
    with pytest.raises(InputError, match=r"t10k-images-idx3-ubyte has a wrong checksum.*\ndelete the file"):
        mnist_like("tiny", "held-out", data_dir=tiny)


def without_sums(name):
    return replace(FAMILIES[name], sums={"held-out": (("0" * 32, None), ("0" * 32, None))})


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (FILES[0], np.zeros((6, 28, 27), np.uint8), r"holds uint8 of shape \(6, 28, 27\), tiny has .*\(6, 28, 28\)"),
        (FILES[0], np.zeros((5, 28, 28), np.uint8), r"holds uint8 of shape \(5, 28, 28\)"),
        (FILES[1], np.zeros(7, np.uint8), r"holds uint8 of shape \(7,\)"),
        (FILES[1], np.full(6, 10, np.uint8), "holds a label 10\nlabels run from 0 to 9"),
    ],
)
def test_without_known_sums_the_structure_is_checked(tiny, monkeypatch, name, array, message):
    monkeypatch.setitem(mnist.FAMILIES, "tiny", without_sums("tiny"))
    (tiny / name).write_bytes(idx(array))
    with pytest.raises(InputError, match=message):
        mnist_like("tiny", "held-out", data_dir=tiny)


def test_a_missing_file_says_how_to_get_it(tiny):
    (tiny / FILES[1]).unlink()
    with pytest.raises(
        InputError, match=r"tiny: t10k-labels-idx1-ubyte.gz is not .*\nput the file from http://127.*tiny"
    ):
        mnist_like("tiny", "held-out", data_dir=tiny)


def test_files_of_another_family_are_not_taken_for_this_one(tmp_path):
    shutil.copy(need("fashion-mnist/t10k-images-idx3-ubyte.gz"), tmp_path)
    for name in ("mnist", "kmnist"):
        with pytest.raises(InputError, match=f"belongs to fashion-mnist, not to {name}\nkeep the files"):
            mnist_like(name, "held-out", data_dir=tmp_path)


@pytest.mark.parametrize(("name", "mean", "std"), [("mnist", 0.1307, 0.3081), ("fashion-mnist", 0.2860, 0.3530)])
def test_the_real_sets_have_their_known_moments_and_labels(name, mean, std):
    root = need(f"{name}/train-images-idx3-ubyte.gz").parent
    train = load(name, data_dir=root.parent)
    assert (train.size, train.format.shape, len(train.classes)) == (60_000, (1, 28, 28), 10)
    values = train.read(range(60_000))
    assert values.mean().item() == pytest.approx(2 * mean - 1, abs=2e-4)
    assert values.square().mean().item() == pytest.approx((2 * mean - 1) ** 2 + 4 * std**2, abs=2e-4)
    held_out = load(name, split="held-out", data_dir=root)
    assert torch.bincount(held_out.labels(range(10_000))).sum() == 10_000
    assert train.labels(range(5)).tolist() == {"mnist": [5, 0, 4, 1, 9], "fashion-mnist": [9, 0, 0, 3, 0]}[name]


def test_real_stacks_take_their_digits_from_their_part():
    data = load("stacked-mnist", split="held-out", data_dir=need("mnist").parent)
    plain = load("mnist", split="held-out", data_dir=need("mnist"))
    pictures, numbers = data.read(range(4)), data.labels(range(4))
    distance, where = torch.cdist(pictures[:, 0].flatten(1), plain.read(range(plain.size)).flatten(1)).min(1)
    assert distance.max() < 0.05
    assert torch.equal(plain.labels(where), numbers // 100)
