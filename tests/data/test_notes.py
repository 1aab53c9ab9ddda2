"""What a folder says about how it was read: through the data set, as its owner hears it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.data.catalogue import load, load_splits
from ganatomy.data.decode import FolderOptions
from ganatomy.data.notes import few_in_colour, further_pages, in_several_groups, passed_over, too_dark
from ganatomy.errors import InputError


@pytest.fixture
def scans(tmp_path):
    """Twelve grey pictures in two folders, no two alike."""
    for number in range(12):
        path = tmp_path / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("L", (8, 8), 10 * number).save(path)
    return tmp_path


def notes(path, **options):
    train, held_out = load_splits(f"folder:{path}", folder=FolderOptions(**options))
    assert train.notes == held_out.notes
    return train.notes


def test_a_plain_folder_needs_no_notes(scans):
    assert notes(scans) == ()


def test_twelve_bits_in_sixteen_are_noticed_and_the_remedy_holds(tmp_path):
    for number in range(4):
        Image.fromarray(np.full((8, 8), 4095 - 500 * number, np.uint16)).save(tmp_path / f"{number}.png")
    (said,) = notes(tmp_path)
    assert said == (
        "the brightest of 4 deep pictures is 4095 of 65535: if these are 12 bits, say white=4095 (--white 4095)"
    )
    assert notes(tmp_path, white=4095) == ()


@pytest.mark.parametrize(
    ("brightest", "white", "likely"),
    [
        (900, 65_535, 1023),
        (3000, 65_535, 4095),
        (5000, 65_535, 16_383),
        (16_383, 65_535, 16_383),
        (200, 65_535, 255),
        (900, 4095, 1023),
    ],
)
def test_the_likely_depth_is_the_next_that_cameras_have(brightest, white, likely):
    assert too_dark([brightest], white=white)[0].endswith(f"say white={likely} (--white {likely})")


@pytest.mark.parametrize(("brightest", "white"), [(0, 65_535), (16_384, 65_535), (60_000, 65_535), (50, 255)])
def test_nothing_is_guessed_of_black_or_bright_pictures(brightest, white):
    assert too_dark([brightest] * 9, white=white) == []


def test_a_bright_picture_does_not_hide_that_the_others_are_dark():
    assert too_dark([4000] * 8 + [60_000] * 2, white=65_535) == [
        "8 of 10 deep pictures reach 4000 of 65535 at most: "
        "if these are 12 bits, say white=4095 (--white 4095), which leaves out those beyond"
    ]
    assert too_dark([4000] * 7 + [60_000] * 2, white=65_535) == []


def test_copies_in_two_groups_bind_the_groups_and_are_told(scans):
    for number in (2, 4, 6):  # of patients 2, 4, 6, again under patients 3, 5, 7
        (scans / "a" / f"{number}_again.png").write_bytes((scans / "a" / f"{number}.png").read_bytes())
    again = "".join(f"a/{number}_again.png,{number + 1}\n" for number in (2, 4, 6))
    table = scans / "groups.csv"
    table.write_text("file,group\n" + "".join(f"{'ab'[n % 2]}/{n}.png,{n}\n" for n in range(12)) + again)
    train, held_out = load_splits(f"folder:{scans}", folder=FolderOptions(groups=table))
    assert train.notes == (
        "3 pictures lie in more than one group, the first are a/2.png and a/2_again.png; their groups stay together",
    )
    sides = [set(part.read(range(part.size))[:, 0, 0, 0].tolist()) for part in (train, held_out)]
    assert not sides[0] & sides[1]
    assert len(train.group_names) == 12
    assert not set(train.groups.tolist()) & set(held_out.groups.tolist())


def test_groups_that_all_share_a_picture_cannot_be_split(tmp_path):
    for name in ("one", "two"):
        Image.new("L", (8, 8), 0).save(tmp_path / f"{name}.png")
    (tmp_path / "groups.csv").write_text("file,group\none.png,x\ntwo.png,y\n")
    with pytest.raises(InputError, match=r"held-out part\n.*two groups that share no picture"):
        notes(tmp_path, groups=tmp_path / "groups.csv")


def test_copies_within_a_group_are_nobodys_business():
    assert in_several_groups(["1", "2", "3"], torch.tensor([0, 0, 1]), torch.tensor([0, 0, 1])) == []
    (said,) = in_several_groups(["1", "2", "3"], torch.tensor([0, 1, 2]), torch.tensor([0, 0, 0]))
    assert said.startswith("1 picture lies in more than one group, the first are 1 and 2;")


def test_a_table_of_groups_that_fails_fails_before_a_picture_is_read(scans):
    seen = []
    with pytest.raises(InputError, match="there is no file"):
        load(
            f"folder:{scans}",
            folder=FolderOptions(groups=scans / "absent.csv"),
            progress=lambda done, total: seen.append(done),
        )
    assert seen == []


def test_pages_left_out_are_told_by_file(scans):
    pages = [Image.new("L", (8, 8), grey) for grey in range(200, 205)]
    pages[0].save(scans / "a" / "stack.tif", save_all=True, append_images=pages[1:])
    assert notes(scans) == ("a/stack.tif: 4 further pages were left out",)
    assert further_pages({"a": 1, "b": 0, "c": 2, "d": 2, "e": 3, "f": 9}) == [
        "a: 1 further page was left out",
        "c: 2 further pages were left out",
        "d: 2 further pages were left out",
        "2 more files held further pages, left out too",
    ]


def test_other_files_are_counted_by_kind_but_not_the_groups_that_were_asked_for(scans):
    for name in ("1.dcm", "2.DCM", "report.pdf", "README"):
        (scans / name).write_bytes(b"")
    said = "passed over 4 other files: 2 .dcm, 1 .pdf, 1 without a suffix"
    assert notes(scans) == (said,)
    (scans / "groups.csv").write_text("file,group\n" + "".join(f"{'ab'[n % 2]}/{n}.png,{n}\n" for n in range(12)))
    assert notes(scans, groups=scans / "groups.csv") == (said,)
    assert passed_over([Path("1.a")]) == "passed over 1 other file: 1 .a"
    assert passed_over([Path(f"x.{kind}") for kind in "edcba"]).endswith("1 .a, 1 .b, 1 .c, 2 further kinds")


def test_a_few_coloured_pictures_are_told_with_the_remedy(scans):
    for number in range(2):
        Image.new("RGB", (8, 8), (200, 0, number)).save(scans / "b" / f"red{number}.png")
    assert notes(scans) == (
        "2 of 14 pictures hold colour, the first is b/red0.png: all are read as RGB; "
        "channels=1 (--channels 1) reads them as grey",
    )
    assert notes(scans, channels=1) == notes(scans, channels=3) == ()
    assert few_in_colour(["x"] * 7, 14) == []
    assert few_in_colour(["x"], 9)[0].startswith("1 of 9 pictures holds colour")
