import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from PIL import Image
from shared_data import SHARED, need

from ganatomy.data import cifar, mnist
from ganatomy.data.catalogue import DATASETS, load, load_splits
from ganatomy.data.decode import FolderOptions
from ganatomy.data.download import Remote
from ganatomy.data.mnist import FAMILIES
from ganatomy.errors import InputError, UsageError

FETCHED = [name for name, entry in DATASETS.items() if entry.source.startswith("downloaded")]
ISSUE = ["digits", "stacked-digits", "shapes", "ring8", "grid25", "moons", "spiral", "mnist", "fashion-mnist", "kmnist"]


def test_every_data_set_that_was_promised_is_there():
    assert {*ISSUE, "cifar10", "folder:PATH"} <= set(DATASETS)
    assert all(entry.summary and entry.source for entry in DATASETS.values())


@pytest.fixture(scope="module", params=[name for name in DATASETS if name not in ("kmnist", "cifar10")])
def parts(request, tmp_path_factory):
    """Both parts of each data set that is at hand: from a formula, the shared data, or a folder written here."""
    name = request.param
    if name.startswith("folder:"):
        folder = tmp_path_factory.mktemp("folder")
        for grey in range(10):
            Image.new("L", (8, 8), grey).save(folder / f"{grey}.png")
        name = f"folder:{folder}"
    elif name in FETCHED:
        need(name.removeprefix("stacked-"))
    return name, *load_splits(name, data_dir=SHARED)


def test_every_data_set_keeps_the_contract(parts):
    name, train, held_out = parts
    for split, data in (("train", train), ("held-out", held_out)):
        assert (data.name, data.split) == (name, split)
        count = min(data.size, 12)
        batch = data.read(range(count))
        data.format.check(batch)
        assert (batch.dtype, len(batch)) == (torch.float32, count)
        mixed = [count - 1, 0]
        assert torch.equal(data.read(mixed), torch.cat([data.read([index]) for index in mixed]))
        labels = data.labels(range(count))
        assert (labels is None) == (not data.classes)
        if labels is not None:
            assert labels.dtype == torch.int64
            assert 0 <= int(labels.min()) <= int(labels.max()) < len(data.classes)
        assert data.skipped == ()
        assert data.in_format(data.format).read(mixed).equal(data.read(mixed))
    assert train.format == held_out.format
    assert train.fingerprint != held_out.fingerprint


def test_the_parts_share_no_sample(parts):
    _, train, held_out = parts
    rows = [{row.numpy().tobytes() for row in data.read(range(min(data.size, 2000)))} for data in (train, held_out)]
    assert not rows[0] & rows[1]


def test_loading_twice_gives_the_same(parts):
    name, train, _ = parts
    again = load(name, data_dir=SHARED)
    assert again.fingerprint == train.fingerprint
    assert torch.equal(again.read(range(3)), train.read(range(3)))


@pytest.mark.parametrize("name", FETCHED)
def test_without_files_and_network_every_data_set_explains_how_to_get_it(name, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("GANATOMY_DATA", raising=False)
    closed = "http://127.0.0.1:9/"
    for family, value in FAMILIES.items():
        monkeypatch.setitem(mnist.FAMILIES, family, replace(value, url=closed))
    monkeypatch.setattr(cifar, "ARCHIVE", Remote(closed, "cifar-10-binary.tar.gz", "0"))
    with pytest.raises(
        InputError, match=r"is not on this machine and its download failed: .*\nput the file from"
    ) as caught:
        load(name)
    assert caught.value.said.count("\n") == caught.value.remedy.count("\n") == 0
    assert "GANATOMY_DATA" in caught.value.remedy


def test_official_addresses_are_used():
    assert FAMILIES["mnist"].remotes("held-out")[1].url.endswith("/mnist/t10k-labels-idx1-ubyte.gz")
    assert cifar.ARCHIVE.url.startswith("https://www.cs.toronto.edu/")


@pytest.mark.parametrize(
    ("name", "message"),
    [("digts", "no data set called 'digts'\ndid you mean 'digits'"), ("folders:x", "no data set called")],
)
def test_a_typo_names_the_nearest(name, message):
    with pytest.raises(UsageError, match=message):
        load(name)


def test_a_wrong_split_is_refused():
    with pytest.raises(UsageError, match="no split called 'test'"):
        load("digits", split="test")


def test_the_catalogue_is_light():
    heavy = "[name for name in ('sklearn', 'scipy', 'PIL', 'pooch') if name in sys.modules]"
    program = f"import sys; import ganatomy.data.catalogue as c; c.load('ring8').read([0]); print({heavy})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", ["digits", "ring8"])
def test_options_of_a_folder_are_refused_elsewhere(name):
    with pytest.raises(UsageError, match=f"size, white cannot be chosen for {name!r}\n.* concern folder:PATH alone"):
        load_splits(name, folder=FolderOptions(size=4, white=4095))
    assert load(name, folder=FolderOptions()).name == name


@pytest.mark.parametrize("wrong", [{"size": 64}, 64, "64"])
def test_options_of_another_type_are_refused(wrong, tmp_path):
    with pytest.raises(UsageError, match=r"was given\ngive folder=FolderOptions\(size=64\)"):
        load(f"folder:{tmp_path}", folder=wrong)


@pytest.mark.parametrize("name", ["folder:", "folder: "])
def test_a_folder_without_a_path_is_refused(name):
    with pytest.raises(UsageError, match=f"{name!r} names no folder\ngive the path"):
        load(name)


def test_the_name_of_a_folder_alone_is_met_with_how_to_say_it(tmp_path, monkeypatch):
    (tmp_path / "scans").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no data set called 'scans'\nscans is a folder: say folder:scans"):
        load("scans")


@pytest.mark.parametrize(
    ("path", "message"),
    [("x" * 300, "cannot be opened: File name too long"), ("~nobody-at-all/x", "there is no folder ~nobody-at-all/x")],
)
def test_a_path_that_cannot_be_looked_at_is_an_input_error(path, message):
    with pytest.raises(InputError, match=message):
        load(f"folder:{path}")
