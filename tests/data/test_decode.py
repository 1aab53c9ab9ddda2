import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from shared_data import need

from ganatomy.data import decode
from ganatomy.data.decode import FolderOptions, Unusable, fit, read_pictures
from ganatomy.errors import UsageError

PLAIN = FolderOptions()
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
COLOURS = np.stack([RAMP, RAMP[::-1], np.full_like(RAMP, 7)], axis=2)


def one(path, options=PLAIN):
    (square,) = read_pictures(path, options).squares
    assert square.dtype == np.uint8
    return square


def saved(tmp_path, picture, name="picture.png", **extra):
    picture.save(tmp_path / name, **extra)
    return tmp_path / name


@pytest.mark.parametrize("suffix", ["png", "tif", "TIFF", "bmp", "PNG"])
@pytest.mark.parametrize("array", [RAMP, COLOURS], ids=["grey", "colour"])
def test_lossless_pictures_come_back_as_they_were(tmp_path, suffix, array):
    square = one(saved(tmp_path, Image.fromarray(array), f"picture.{suffix}"))
    np.testing.assert_array_equal(square.squeeze(), array)


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "webp"])
def test_lossy_pictures_come_back_nearly_as_they_were(tmp_path, suffix):
    smooth = Image.fromarray(np.tile(np.arange(0, 64, 4, dtype=np.uint8), (16, 1)))
    square = one(saved(tmp_path, smooth, f"picture.{suffix}", quality=95))
    assert square.shape == (16, 16, 1)
    np.testing.assert_allclose(square[..., 0], np.asarray(smooth), atol=4)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize(("white", "top"), [(65_535, 65_535), (4095, 4095)])
def test_sixteen_bits_are_scaled_and_not_cut_off(tmp_path, suffix, white, top):
    deep = np.linspace(0, top, 256).round().astype(np.uint16).reshape(16, 16)
    square = one(saved(tmp_path, Image.fromarray(deep), f"deep.{suffix}"), FolderOptions(white=white))
    np.testing.assert_allclose(square[..., 0].astype(float), deep / top * 255, atol=0.51)


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_deeper_tiffs_are_scaled_too(tmp_path, kind):
    deep = np.linspace(0, 1, 16).reshape(4, 4) * (1 if kind is np.float32 else 65_535)
    square = one(saved(tmp_path, Image.fromarray(deep.astype(kind)), "deep.tif"))
    np.testing.assert_allclose(square[..., 0], np.linspace(0, 255, 16).reshape(4, 4), atol=0.51)


def test_values_above_white_are_refused_and_not_clipped(tmp_path):
    path = saved(tmp_path, Image.fromarray(np.full((4, 4), 5000, np.uint16)), "deep.png")
    with pytest.raises(Unusable, match="values from 5000 to 5000, wanted were 0 to 4095"):
        read_pictures(path, FolderOptions(white=4095))


def with_a_hole(mode):
    """A grey of 60 that is transparent at column 1, row 2, and what else `save` must be told."""
    solid = Image.new("RGBA", (4, 4), (60, 60, 60, 255))
    solid.putpixel((1, 2), (60, 60, 60, 0))
    if mode == "P":
        indexed = Image.new("P", (4, 4), 0)
        indexed.putpalette([60, 60, 60, 90, 0, 0])
        indexed.putpixel((1, 2), 1)
        return indexed, {"transparency": 1}
    if mode == "RGB":
        marked = solid.convert("RGB")
        marked.putpixel((1, 2), (1, 2, 3))
        return marked, {"transparency": (1, 2, 3)}
    return solid.convert(mode), {}


@pytest.mark.parametrize(
    ("mode", "suffix"), [("RGBA", "png"), ("RGBA", "tif"), ("LA", "png"), ("P", "png"), ("RGB", "png")]
)
@pytest.mark.parametrize("ground", [0, 255])
def test_transparent_pictures_lie_on_the_ground(tmp_path, mode, suffix, ground):
    picture, extra = with_a_hole(mode)
    square = one(saved(tmp_path, picture, f"picture.{suffix}", **extra), FolderOptions(ground=ground))
    assert square[2, 1].tolist() == [ground]
    assert square[0, 0].tolist() == [60]


def test_half_transparent_is_half_the_ground(tmp_path):
    path = saved(tmp_path, Image.new("RGBA", (2, 2), (100, 0, 0, 128)))
    assert one(path, FolderOptions(ground=0))[0, 0].tolist() == pytest.approx([50, 0, 0], abs=1)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_other_colour_spaces_become_rgb(tmp_path, mode):
    name = "picture.jpg" if mode == "YCbCr" else "picture.tif"
    path = saved(tmp_path, Image.new("RGB", (8, 8), (200, 30, 30)).convert(mode), name)
    np.testing.assert_allclose(one(path)[4, 4], [200, 30, 30], atol=3)


def test_one_bit_pictures_are_black_and_white(tmp_path):
    path = saved(tmp_path, Image.fromarray(RAMP > 100))
    np.testing.assert_array_equal(one(path)[..., 0], (RAMP > 100) * 255)


def test_channels_follow_the_wish_and_else_the_picture(tmp_path):
    grey, colour = saved(tmp_path, Image.fromarray(RAMP), "g.png"), saved(tmp_path, Image.fromarray(COLOURS), "c.png")
    rgb_grey = saved(tmp_path, Image.fromarray(RAMP).convert("RGB"), "rgb-grey.png")
    paths = (grey, rgb_grey, colour)
    shapes = [one(path, FolderOptions(channels=wish)).shape[2] for wish in ("auto", 1, 3) for path in paths]
    assert shapes == [1, 1, 3, 1, 1, 1, 3, 3, 3]
    luma = one(colour, FolderOptions(channels=1))[3, 5, 0]
    assert luma == pytest.approx(0.299 * COLOURS[3, 5, 0] + 0.587 * COLOURS[3, 5, 1] + 0.114 * COLOURS[3, 5, 2], abs=1)


def test_the_centre_is_cut_out_and_resized_with_antialiasing(tmp_path):
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = 200
    path = saved(tmp_path, Image.fromarray(wide))
    assert (one(path, FolderOptions(size=8)) == 200).all()
    stripes = saved(tmp_path, Image.fromarray(np.tile(np.array([0, 240], np.uint8), (64, 32))), "stripes.png")
    np.testing.assert_allclose(one(stripes, FolderOptions(size=8))[2:6, 2:6], 120, atol=12)


@given(width=st.integers(1, 90), height=st.integers(1, 90))
def test_any_size_becomes_a_square(tmp_path_factory, width, height):
    path = tmp_path_factory.mktemp("sizes") / "picture.png"
    Image.new("L", (width, height), 50).save(path)
    side = width if width == height and width <= 64 else 64
    for size, wanted in ((None, side), (5, 5)):
        square = one(path, FolderOptions(size=size))
        assert square.shape == (wanted, wanted, 1)
        assert (square == 50).all()


def test_the_turn_noted_by_a_camera_is_made(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    path = saved(tmp_path, Image.fromarray(RAMP), "turned.png", exif=exif)
    np.testing.assert_array_equal(one(path)[..., 0], np.rot90(RAMP, -1))


@pytest.mark.parametrize("name", ["pages.tif", "pages.gif", "pages.png"])
def test_of_several_pages_the_first_is_taken(tmp_path, name):
    pages = [Image.new("L", (4, 4), grey) for grey in (0, 128, 255)]
    pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
    assert (one(tmp_path / name) == 0).all()
    assert read_pictures(tmp_path / name, PLAIN).further_pages == 2


def test_damage_behind_the_first_page_does_not_cost_it(tmp_path):
    pages = [Image.fromarray(RAMP + grey) for grey in (0, 1)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    content = (tmp_path / "pages.tif").read_bytes()
    (tmp_path / "pages.tif").write_bytes(content[:420])  # within the directory of the second page
    np.testing.assert_array_equal(one(tmp_path / "pages.tif")[..., 0], RAMP)


def test_the_brightest_value_of_every_deep_picture_is_kept(tmp_path):
    deep = np.full((4, 4), 4095, np.uint16)
    reading = read_pictures(saved(tmp_path, Image.fromarray(deep), "deep.png"), PLAIN)
    assert reading.brightest == (4095,)
    np.savez(tmp_path / "deep.npz", x=np.stack([deep, deep * 2]), y=np.arange(2))
    reading = read_pictures(tmp_path / "deep.npz", PLAIN)
    assert (len(reading.squares), reading.brightest) == (2, (4095, 8190))
    assert read_pictures(saved(tmp_path, Image.fromarray(RAMP)), PLAIN).brightest == ()


def test_running_out_of_memory_is_not_the_fault_of_the_file(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise MemoryError

    path = saved(tmp_path, Image.fromarray(RAMP))
    monkeypatch.setattr(Image, "open", full)
    with pytest.raises(MemoryError):
        read_pictures(path, PLAIN)


def bomb(side):
    """A PNG that claims to be side x side, with next to nothing in it."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0), b"IDAT" + zlib.compress(b"\0"), b"IEND")
    framed = [struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize("side", [10_000, 60_000], ids=["warned of", "refused"])
def test_decompression_bombs_are_unusable(tmp_path, side):
    (tmp_path / "bomb.png").write_bytes(bomb(side))
    with pytest.raises(Unusable, match=r"^decompression bomb: Image size \(\d+ pixels\) exceeds limit"):
        read_pictures(tmp_path / "bomb.png", PLAIN)


def png():
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"hello", png()[:100], png()[:-30], b"P5 2 2 255\n\0\1\2\3"])
def test_what_is_no_picture_is_unusable_in_one_line(tmp_path, content):
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(Unusable, match=r"^cannot be read: [^\n]+$"):
        read_pictures(tmp_path / "bad.png", PLAIN)


@given(place=st.integers(0, 400), value=st.integers(0, 255))
def test_a_damaged_picture_is_read_or_unusable_and_nothing_else(tmp_path_factory, place, value):
    content = bytearray(png())
    content[place % len(content)] = value
    path = tmp_path_factory.mktemp("damage") / "picture.png"
    path.write_bytes(content)
    try:
        channels = one(path).shape[2]
    except Unusable:
        return
    assert channels in (1, 3)


ARRAYS = {
    "bytes": (np.stack([RAMP, RAMP.T]), [RAMP, RAMP.T]),
    "channels last": (COLOURS[None], [COLOURS]),
    "channels first": (COLOURS.transpose(2, 0, 1)[None], [COLOURS]),
    "one channel first": (RAMP[None, None], [RAMP]),
    "one channel last": (RAMP[None, ..., None], [RAMP]),
    "0 and 1": ((RAMP > 9).astype(np.uint8)[None], [(RAMP > 9) * 255]),
    "truth values": ((RAMP > 9)[None], [(RAMP > 9) * 255]),
    "floating point": (RAMP[None].astype(np.float64) / 255, [RAMP]),
    "sixteen bits": (RAMP[None].astype(np.uint16) * 257, [RAMP]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_pictures_are_read(tmp_path, name):
    array, wanted = ARRAYS[name]
    np.savez(tmp_path / "pictures.npz", pictures=array, labels=np.arange(3))
    for square, picture in zip(read_pictures(tmp_path / "pictures.npz", PLAIN).squares, wanted, strict=True):
        np.testing.assert_array_equal(square.squeeze(), picture)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"labels": np.arange(3)}, "no array of pictures"),
        ({"x": np.full((1, 4, 4), 1.5)}, "values from 1.5 to 1.5, wanted were 0 to 1"),
        ({"x": np.full((1, 4, 4), -1.0)}, "values from -1 to -1"),
        ({"x": np.full((1, 4, 4), np.nan)}, "values from nan to nan"),
        ({"x": np.zeros((2, 5, 5, 5))}, "no array of pictures in it"),
        ({"x": np.zeros((2, 0, 5))}, "no array of pictures in it"),
        ({"x": np.zeros((2, 5, 5), complex)}, "no array of pictures in it"),
        ({"x": np.zeros((0, 5, 5))}, "is empty"),
        (
            {"a": np.zeros((2, 5, 5)), "b": np.zeros((2, 5, 5))},
            "several arrays could be the pictures: a, b; wanted is one",
        ),
        (
            {"x": np.array([[[{}]]], dtype=object)},
            "cannot be read: Object arrays cannot be loaded when",
        ),
    ],
)
def test_arrays_that_are_no_pictures_say_why(tmp_path, arrays, message):
    np.savez(tmp_path / "pictures.npz", **arrays)
    with pytest.raises(Unusable, match=message):
        read_pictures(tmp_path / "pictures.npz", PLAIN)


def test_masks_beside_pictures_are_not_mixed_with_them(tmp_path):
    pictures = np.arange(2 * 5 * 5 * 3, dtype=np.uint8).reshape(2, 5, 5, 3)
    np.savez(tmp_path / "both.npz", masks=np.ones((2, 5, 5), np.uint8), images=pictures)
    squares = read_pictures(tmp_path / "both.npz", PLAIN).squares
    np.testing.assert_array_equal(np.stack(squares), pictures)


def test_one_picture_in_colour_is_one_picture(tmp_path):
    np.savez(tmp_path / "one.npz", np.arange(6 * 6 * 3, dtype=np.uint8).reshape(6, 6, 3))
    (square,) = read_pictures(tmp_path / "one.npz", PLAIN).squares
    assert square.shape == (6, 6, 3)


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "UNPACKED_LIMIT", 1000)
    np.savez_compressed(tmp_path / "pictures.npz", x=np.zeros((1, 64, 64), np.uint8))
    with pytest.raises(Unusable, match="decompression bomb: it unpacks to 4224 bytes, the limit is 1000"):
        read_pictures(tmp_path / "pictures.npz", PLAIN)


def test_real_sprites_are_black_and_white():
    squares = read_pictures(need("dsprites_samples100.npz"), PLAIN).squares
    assert len(squares) == 100
    assert {square.shape for square in squares} == {(64, 64, 1)}
    assert np.unique(squares).tolist() == [0, 255]


def test_fitting_keeps_the_channels():
    assert fit(RAMP[..., None], 8).shape == (8, 8, 1)
    assert fit(COLOURS, 8).shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "pictures of size 0"),
        ({"size": 4097}, "pictures of size 4097 were asked for\na size is 1 to 4096"),
        ({"size": "64"}, "size '64', white 65535 and ground 255 were given\ngive whole numbers"),
        ({"channels": 2}, "pictures of 2 channels were asked for\nlegal are: auto, 1, 3"),
        ({"white": 0}, "white 0"),
        ({"ground": 300}, "ground 300"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        FolderOptions(**options)
