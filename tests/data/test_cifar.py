import io
import tarfile

import numpy as np
import pytest

from ganatomy.data import cifar
from ganatomy.data.cifar import FILES, cifar10, parse_records
from ganatomy.errors import InputError

N = 20  # records a file, instead of 10,000


def records(label, n=N):
    """Records whose pixels count up from the label, one plane of colour after another."""
    pixels = (np.arange(3 * 32 * 32) % 251 + label).astype(np.uint8)
    return np.tile(np.concatenate([np.array([label], np.uint8), pixels]), (n, 1)).tobytes()


def archive(path, contents):
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without data and without a network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GANATOMY_DATA", raising=False)
    monkeypatch.setattr(cifar, "RECORDS_PER_FILE", N)
    monkeypatch.setattr(cifar, "ARCHIVE", cifar.Remote("http://127.0.0.1:9/x", "cifar-10-binary.tar.gz", "0"))
    return tmp_path


def test_a_record_is_a_label_and_three_planes():
    pictures, labels = parse_records(records(3, n=2), "there", records=2)
    assert labels.tolist() == [3, 3]
    assert pictures.shape == (2, 3, 32, 32)
    plane, row, column = 2, 5, 7
    assert pictures[1, plane, row, column].item() == (plane * 1024 + row * 32 + column) % 251 + 3


@pytest.mark.parametrize("place", ["cifar10/cifar-10-binary.tar.gz", "cifar-10-binary.tar.gz"])
def test_the_archive_is_read_where_it_lies(machine, place):
    (machine / "cifar10").mkdir()
    archive(machine / place, {"batches.meta.txt": b"airplane", "test_batch.bin": records(4)})
    data = cifar10("held-out", data_dir=machine)
    assert (data.size, data.format.shape, data.classes[4]) == (N, (3, 32, 32), "deer")
    assert (data.labels(range(N)) == 4).all()
    assert [path for path in machine.rglob("*") if path.is_file()] == [machine / place]


@pytest.mark.parametrize("folder", ["cifar10/cifar-10-batches-bin", "cifar-10-batches-bin", "."])
def test_an_unpacked_folder_is_read_in_the_order_of_the_files(machine, folder):
    (machine / folder).mkdir(parents=True, exist_ok=True)
    for label, name in enumerate(FILES["train"]):
        (machine / folder / name).write_bytes(records(label))
    data = cifar10("train", data_dir=machine)
    assert data.size == 5 * N
    assert data.labels(range(0, 5 * N, N)).tolist() == [0, 1, 2, 3, 4]


def test_a_folder_that_lacks_a_file_is_not_taken_for_the_whole(machine):
    for name in FILES["train"][:4]:
        (machine / name).write_bytes(records(0))
    with pytest.raises(InputError, match="is not on this machine"):
        cifar10("train", data_dir=machine)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (records(1)[:-1], "test_batch.bin has 61459 bytes, 20 records of CIFAR-10 take 61460"),
        (b"", "test_batch.bin is empty"),
        (records(10), "test_batch.bin holds a label 10"),
    ],
)
def test_damaged_files_are_named(machine, content, message):
    (machine / "test_batch.bin").write_bytes(content)
    with pytest.raises(InputError, match=message):
        cifar10("held-out", data_dir=machine)


def test_an_archive_that_lacks_a_file_or_is_cut_off_is_named(machine):
    path = machine / "cifar-10-binary.tar.gz"
    archive(path, {"batches.meta.txt": b"airplane"})
    with pytest.raises(InputError, match=r"cifar-10-binary.tar.gz lacks test_batch.bin\nfetch the binary version"):
        cifar10("held-out", data_dir=machine)
    archive(path, {"test_batch.bin": records(0)})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"cifar-10-binary.tar.gz cannot be read: .*\ndelete the file"):
        cifar10("held-out", data_dir=machine)
    path.write_bytes(b"not an archive")
    with pytest.raises(InputError, match="cannot be read"):
        cifar10("held-out", data_dir=machine)


def test_without_the_archive_the_error_says_how_to_get_it(machine):
    with pytest.raises(InputError, match=r"cifar10: cifar-10-binary.tar.gz is not on this.*\nput the file from"):
        cifar10("train", data_dir=machine)
