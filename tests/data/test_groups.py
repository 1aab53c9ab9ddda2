import pytest

from ganatomy.data.groups import number_groups, read_groups
from ganatomy.errors import InputError

FILES = ["a/1.png", "a/2.png", "é.png"]


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "groups.csv"
    path.write_text(text, encoding=encoding)
    return path


def test_groups_are_numbered_by_name(tmp_path):
    path = written(tmp_path, "file,group\na/2.png,zoe\na/1.png,adam\né.png,zoe\nother.png,eve\n")
    numbers, names = number_groups(read_groups(path), FILES, "groups.csv")
    assert names == ("adam", "zoe")
    assert numbers.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("file,group\na/1.png,x\na/2.png,y\né.png,y\n", "utf-8-sig"),
        ("group,age,file\r\nx,3,a\\1.png\r\ny,,./a/2.png\r\n y ,5,e\u0301.png\r\n", "utf-8"),
        ('file,group\n"a/1.png","x"\n"a/2.png","y"\n"é.png","y"\na/1.png,x\n', "utf-8"),
        ("File; GROUP ;age\r\na/1.png;x;1,5\r\na/2.png;y;2,5\r\né.png;y;3,5\r\n", "utf-8-sig"),
        ("file\tgroup\na/1.png\tx\na/2.png\ty\né.png\ty\n", "utf-8"),
    ],
    ids=["byte-order mark", "spelt otherwise", "quoted, and said twice", "semicolons and capitals", "tabs"],
)
def test_spreadsheets_write_it_in_many_ways(tmp_path, text, encoding):
    listed = read_groups(written(tmp_path, text, encoding))
    assert number_groups(listed, FILES, "")[0].tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "file,group\na/1.png,x\n",
            r"no group for 2 of 3 pictures, the first is a/2.png\nadd a row .* inside the folder, .*: a/2.png,patient",
        ),
        ("file,group\n1.png,x\n", "paths start inside the folder: write a/1.png, not 1.png"),
        ("file,group\nscans/a/1.png,x\n", "paths start inside the folder: write a/1.png, not scans/a/1.png"),
        ("file,group\nb/1.png,x\n11.png,y\n", "add a row for each"),
        ("name;group\na/1.png;x\n", r"has the columns name, group\nits first line must be: file,group"),
        ("", r"has the columns \(none\)"),
        ("file,group\na/1.png,x\na/1.png,y\n", "gives a/1.png two groups, x and y"),
        ("file,group\na/1.png, \n", "gives a/1.png an empty group"),
        ("file,group\na/1.png\n", "gives a/1.png an empty group"),
    ],
)
def test_a_table_that_leaves_doubt_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        number_groups(read_groups(written(tmp_path, text)), FILES, "groups.csv")


def test_a_table_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*absent.csv\ngive a CSV file with the columns file,group"):
        read_groups(tmp_path / "absent.csv")
    with pytest.raises(InputError, match=r"cannot be read: .*directory"):
        read_groups(tmp_path)
    for encoding in ("latin-1", "utf-16"):
        with pytest.raises(InputError, match=r"groups.csv is not in UTF-8\nsave it as UTF-8"):
            read_groups(written(tmp_path, "file,group\né.png,x\n", encoding))
