import os

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.data.catalogue import load, load_splits
from ganatomy.data.dataset import Skipped
from ganatomy.data.decode import FolderOptions
from ganatomy.data.folder import folder
from ganatomy.errors import InputError

BOTH = ("train", "held-out")


def picture(path, grey, size=(8, 8), mode="L"):
    """A picture of one grey, or in mode RGB of one colour with this much red."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, grey if mode == "L" else (grey, 0, 0)).save(path)


def greys(data):
    """The grey of each picture, from the first pixel."""
    return ((data.read(range(data.size))[:, 0, 0, 0] + 1) * 127.5).round().long().tolist()


def all_of(path, **options):
    return folder(path, BOTH, options=FolderOptions(**options))


@pytest.fixture
def twenty(tmp_path):
    for grey in range(20):
        picture(tmp_path / f"{grey:02d}.png", grey)
    return tmp_path


def test_the_parts_share_nothing_and_do_not_change(twenty):
    train, held_out = all_of(twenty)
    assert (train.size, held_out.size) == (16, 4)
    assert sorted(greys(train) + greys(held_out)) == list(range(20))
    assert greys(load(f"folder:{twenty}", split="held-out")) == greys(held_out)
    assert train.fingerprint != held_out.fingerprint
    assert train.labels(range(3)) is None
    assert train.format.shape == (1, 8, 8)


def test_nothing_that_cannot_be_read_stops_the_rest(twenty):
    (twenty / "broken.png").write_bytes(b"no picture")
    (twenty / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (twenty / "empty.npz").write_bytes(b"")
    os.symlink(twenty / "nowhere.png", twenty / "dangling.png")
    (twenty / "notes.txt").write_text("not a picture and not listed")
    (twenty / ".hidden.png").write_bytes(b"not listed either")
    (twenty / ".cache").mkdir()
    picture(twenty / ".cache" / "thumbnail.png", 99)
    seen = []
    data = folder(twenty, BOTH, options=FolderOptions(), progress=lambda done, total: seen.append((done, total)))
    assert sum(part.size for part in data) == 20
    assert [skip.path for skip in data[0].skipped] == ["broken.png", "cut.jpg", "dangling.png", "empty.npz"]
    assert all(skip.reason.startswith("cannot be read: ") for skip in data[0].skipped)
    assert seen == [(done, 24) for done in range(1, 25)]


def test_links_that_lead_in_a_circle_are_not_followed(twenty):
    os.symlink(twenty, twenty / "again")
    assert sum(part.size for part in all_of(twenty)) == 20


def test_classes_come_from_the_level_on_which_paths_part(tmp_path):
    for place, name in enumerate(["Äpfel", "birnen"]):
        for grey in range(5):
            picture(tmp_path / "pictures" / "fruit" / name / "deeper" / f"{grey}.png", 100 * place + grey)
    train, held_out = load_splits(f"folder:{tmp_path}")
    assert train.classes == held_out.classes == ("birnen", "Äpfel")
    for part in (train, held_out):
        assert part.labels(range(part.size)).tolist() == [int(grey < 100) for grey in greys(part)]


@pytest.mark.parametrize(
    "names",
    [("cats/1.png", "cats/2.png"), ("cats/1.png", "2.png"), ("1.png", "2.png"), ("a/1.png", "a/b/2.png")],
)
def test_without_classes_there_are_no_labels(tmp_path, names):
    for grey, name in enumerate(names):
        picture(tmp_path / name, grey)
    train, _ = all_of(tmp_path)
    assert train.classes == ()
    assert train.labels(range(1)) is None


def test_groups_stay_whole(twenty):
    table = twenty / "groups.csv"
    table.write_text("file,group\n" + "".join(f"{grey:02d}.png,patient {grey % 5}\n" for grey in range(20)))
    train, held_out = all_of(twenty, groups=str(table))
    assert (train.size, held_out.size) == (16, 4)
    assert train.group_names == tuple(f"patient {number}" for number in range(5))
    assert train.groups.tolist() == [grey % 5 for grey in greys(train)]
    assert len({grey % 5 for grey in greys(held_out)}) == 1


def test_copies_of_a_picture_stay_together(tmp_path):
    for grey in range(5):
        for copy in range(4):
            picture(tmp_path / f"{grey}-{copy}.png", grey)
    train, held_out = all_of(tmp_path)
    assert not set(greys(train)) & set(greys(held_out))
    assert (train.size, held_out.size) == (16, 4)


def test_one_side_and_one_number_of_channels_for_all(tmp_path):
    for grey in range(4):
        picture(tmp_path / f"{grey}.png", grey, size=(8, 8))
    picture(tmp_path / "red.png", 200, size=(30, 20), mode="RGB")
    data = all_of(tmp_path)
    assert [part.format.shape for part in data] == [(3, 64, 64)] * 2
    assert sorted(greys(data[0]) + greys(data[1])) == [0, 1, 2, 3, 200]
    assert [part.format.shape for part in all_of(tmp_path, size=16, channels=1)] == [(1, 16, 16)] * 2


def test_pixels_stay_where_they_are(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(array).save(tmp_path / "one.png")
    pixels = (load(f"folder:{tmp_path}").read([0])[0] + 1) * 127.5
    np.testing.assert_allclose(pixels.permute(1, 2, 0), array, atol=1e-4)


def test_size_does_not_depend_on_the_order_of_files(tmp_path):
    picture(tmp_path / "a.png", 10, size=(8, 8))
    picture(tmp_path / "b.png", 20, size=(9, 9))
    assert all_of(tmp_path)[0].format.shape == (1, 64, 64)
    (tmp_path / "b.png").unlink()
    picture(tmp_path / "b.png", 20, size=(8, 8))
    assert all_of(tmp_path)[0].format.shape == (1, 8, 8)


def test_arrays_and_files_stand_side_by_side(tmp_path):
    np.savez(tmp_path / "three.npz", x=np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8) + 100)
    picture(tmp_path / "one.png", 5)
    data = all_of(tmp_path)
    assert sorted(greys(data[0]) + greys(data[1])) == [5, 100, 101, 102]
    alone = load_splits(f"folder:{tmp_path / 'three.npz'}")
    assert sum(part.size for part in alone) == 3


def test_a_table_of_groups_may_name_an_archive(tmp_path):
    np.savez(tmp_path / "two.npz", x=np.full((2, 8, 8), 50, np.uint8))
    picture(tmp_path / "one.png", 5)
    (tmp_path / "groups.csv").write_text("file,group\ntwo.npz,a\none.png,b\n")
    data = all_of(tmp_path, groups=tmp_path / "groups.csv")
    assert {tuple(greys(part)) for part in data} == {(50, 50), (5,)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no folder .*nowhere\ngive the path"),
        ({}, r"holds no pictures \(empty\)\ngive a folder with files of the kinds png, jpg"),
        ({"a.txt": b"", "b/c.csv": b""}, r"holds no pictures \(passed over 2 other files: 1 .csv, 1 .txt\)"),
        (
            {"a.png": b"x", "b.png": b"y"},
            r"holds no pictures \(none of 2 can be used; a.png: cannot be read: no",
        ),
    ],
)
def test_a_folder_without_pictures_is_an_error(tmp_path, content, message):
    path = tmp_path / "nowhere"
    if content is not None:
        for name, data in content.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        path.mkdir(exist_ok=True)
    with pytest.raises(InputError, match=message):
        load(f"folder:{path}")


def test_a_single_picture_can_be_trained_on_but_not_split(tmp_path):
    picture(tmp_path / "one.png", 7)
    assert greys(load(f"folder:{tmp_path}")) == [7]
    with pytest.raises(InputError, match="leaves nothing for the held-out part\ntwo different pictures"):
        load(f"folder:{tmp_path}", split="held-out")


def test_fingerprints_follow_the_content_and_not_the_place(tmp_path):
    for name in ("here", "there"):
        for grey in range(4):
            picture(tmp_path / name / f"{grey}.png", grey)
    prints = [load(f"folder:{tmp_path / name}").fingerprint for name in ("here", "there")]
    assert prints[0] == prints[1]
    for grey in range(4):
        picture(tmp_path / "there" / f"{grey}.png", grey + 1)
    assert load(f"folder:{tmp_path / 'there'}").fingerprint != prints[0]


def test_a_folder_that_may_not_be_opened_is_listed(twenty, monkeypatch):
    (twenty / "locked").mkdir()
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    train, _ = all_of(twenty)
    assert train.skipped == (Skipped("locked", "cannot be opened: Permission denied"),)
    assert torch.isfinite(train.read(range(train.size))).all()


def test_a_pipe_that_is_named_like_a_picture_is_passed_over(tmp_path):
    """Reading it would wait for somebody to write into it."""
    for number in range(4):
        Image.fromarray(np.full((4, 4), 50 * number, np.uint8)).save(tmp_path / f"{number}.png")
    os.mkfifo(tmp_path / "pipe.png")
    train, _ = folder(tmp_path, ("train", "held-out"), options=FolderOptions())
    assert train.skipped == ()
