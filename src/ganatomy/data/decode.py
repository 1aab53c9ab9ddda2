"""One file of pictures, of whatever kind, to squares of bytes: uint8 arrays (side, side, 1 or 3).

    read_pictures(Path("cat.png"), FolderOptions(size=64)).squares      # one for a picture, many for an .npz

What a file can hold and what becomes of it: grey and 1-bit stay grey; 16-bit grey is scaled so that `white` becomes
255; palette, CMYK and the like become RGB; transparent pictures are laid on an even ground; the turn that a camera
notes in EXIF is made; of several pages the first is taken and the rest counted. Then the largest centred square is cut
out and resized (Lanczos).
A file that cannot be used raises `Unusable` with the reason.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Square = NDArray[np.uint8]
LARGEST_DEFAULT_SIDE = 64
LARGEST_SIDE = 4096
UNPACKED_LIMIT = 2**32  # bytes of an .npz: beyond it the file counts as a decompression bomb
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")  # named, so that a disguised file starts no other decoder
DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
ARRAY_SUFFIX = ".npz"
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ARRAY_SUFFIX)
ARRAY_NAMES = ("images", "pictures", "imgs", "x", "data", "arr_0")  # of the pictures in an .npz with several tables
ARRAY_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class FolderOptions:
    """How to read a folder of pictures.

    size: side of the squares; None keeps pictures that are all squares of one side up to 64, else makes them 64.
    channels: 1 grey, 3 RGB, "auto" grey if no picture holds a colour.
    groups: a CSV file with columns file,group: whose picture it is (patient, writer), so that no group is split.
    white: the value that means white in pictures of more than 8 bits: 65535, or 4095 for 12 bits.
    ground: the grey level, 0 to 255, under transparent pictures.
    """

    size: int | None = None
    channels: Literal["auto", 1, 3] = "auto"
    groups: Path | str | None = None
    white: int = 65_535
    ground: int = 255

    def __post_init__(self) -> None:
        numbers = (1 if self.size is None else self.size, self.white, self.ground)
        if not all(isinstance(number, int | np.integer) for number in numbers):
            raise UsageError(
                f"size {self.size!r}, white {self.white!r} and ground {self.ground!r} were given", "give whole numbers"
            )
        if self.size is not None and not 1 <= self.size <= LARGEST_SIDE:
            raise UsageError(f"pictures of size {self.size} were asked for", f"a size is 1 to {LARGEST_SIDE}")
        if self.channels not in ("auto", 1, 3):
            raise UsageError(f"pictures of {self.channels} channels were asked for", "legal are: auto, 1, 3")
        if self.white < 1 or not 0 <= self.ground <= 255:
            raise UsageError(
                f"white {self.white} and ground {self.ground} were given",
                "white is 1 or more, ground lies between 0 and 255",
            )


@dataclass(frozen=True, eq=False)
class Reading:
    """The pictures of one file, and what its owner should hear of.

    brightest: the largest value of each that came as integers of more than 8 bits.
    further_pages: pages after the first, which are left out.
    """

    squares: list[Square]
    brightest: tuple[int, ...] = ()
    further_pages: int = 0


class Unusable(Exception):
    """Why a file cannot be used, in a few words; no error of the run, since the file is skipped and listed."""


def read_pictures(path: Path, options: FolderOptions) -> Reading:
    """All pictures of a file. Without a size, small squares keep theirs and all others get the largest default side."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # decoders warn of what they mend, such as odd metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return (_read_arrays if path.suffix.lower() == ARRAY_SUFFIX else _read_picture)(path, options)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise Unusable(f"decompression bomb: {problem}") from problem
    except (Unusable, MemoryError):
        raise
    except UnidentifiedImageError as problem:  # its own text is the path
        raise Unusable(f"cannot be read: no picture in any of the formats {', '.join(FORMATS)}") from problem
    except Exception as problem:  # on a damaged file the decoders raise almost anything
        said = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        raise Unusable(f"cannot be read: {said.splitlines()[0]}") from problem


def fit(square: Square, side: int) -> Square:
    """The same picture at another side."""
    from PIL import Image

    plain = Image.fromarray(square[..., 0] if square.shape[2] == 1 else square)
    return _bytes_of(plain.resize((side, side), Image.Resampling.LANCZOS))


def _square(picture: Picture, options: FolderOptions) -> Square:
    from PIL import Image, ImageOps

    flat = _flat(ImageOps.exif_transpose(picture), options)
    keep = options.size is None and flat.width == flat.height <= LARGEST_DEFAULT_SIDE
    side = flat.width if keep else options.size or LARGEST_DEFAULT_SIDE
    square = _bytes_of(ImageOps.fit(flat, (side, side), method=Image.Resampling.LANCZOS))
    grey = options.channels == "auto" and bool((square == square[..., :1]).all())
    return square[..., :1] if grey else square


def _flat(picture: Picture, options: FolderOptions) -> Picture:
    """Without depth, palette or transparency: mode RGB, or L where one channel is asked for."""
    from PIL import Image

    if picture.mode in DEEP_MODES:
        picture = Image.fromarray(_to_bytes(np.asarray(picture), options.white))
    if picture.has_transparency_data:
        ground = Image.new("RGBA", picture.size, (options.ground,) * 3 + (255,))
        picture = Image.alpha_composite(ground, picture.convert("RGBA"))
    return picture.convert("RGB").convert("L") if options.channels == 1 else picture.convert("RGB")


def _bytes_of(picture: Picture) -> Square:
    array = np.asarray(picture, dtype=np.uint8)
    return array[..., None] if array.ndim == 2 else array


def _to_bytes(values: NDArray[Any], white: int) -> NDArray[np.uint8]:
    """Scale to 0 .. 255: integers from 0 .. white, floats from 0 .. 1; values beyond are refused, not cut off."""
    top = 1.0 if values.dtype.kind == "f" else float(white)
    if values.size and not (values.min() >= 0 and values.max() <= top):  # NaN fails both
        raise Unusable(f"values from {values.min():g} to {values.max():g}, wanted were 0 to {top:g}")
    return np.round(values.astype(np.float64) * (255 / top)).astype(np.uint8)


def _read_picture(path: Path, options: FolderOptions) -> Reading:
    from PIL import Image

    with Image.open(path, formats=FORMATS) as picture:
        picture.load()
        values = [np.asarray(picture)[None]] if picture.mode in DEEP_MODES else []
        return Reading([_square(picture, options)], _brightest(values), _further_pages(path))


def _brightest(tables: list[NDArray[Any]]) -> tuple[int, ...]:
    """The largest value of each picture in those tables that hold integers of more than 8 bits."""
    deep = [table for table in tables if table.dtype.kind in "iu" and table.dtype.itemsize > 1]
    return tuple(int(picture.max()) for table in deep for picture in table)


def _further_pages(path: Path) -> int:
    """Opened anew: counting pages moves through the file, and damage behind the first page must not cost that one."""
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as picture:
            return int(getattr(picture, "n_frames", 1)) - 1
    except MemoryError:
        raise
    except Exception:
        return 0


def _read_arrays(path: Path, options: FolderOptions) -> Reading:
    """The array of pictures in an .npz, (N, H, W), (N, H, W, C) or (N, C, H, W), or one picture (H, W, 3 or 4)."""
    from zipfile import ZipFile

    with ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > UNPACKED_LIMIT:
        raise Unusable(f"decompression bomb: it unpacks to {unpacked} bytes, the limit is {UNPACKED_LIMIT}")
    with np.load(path, allow_pickle=False) as archive:
        array = _the_pictures({name: archive[name] for name in archive.files})
    squares = [_square(picture, options) for picture in _pictures(array, options.white)]
    if not squares:
        raise Unusable("its array of pictures is empty")
    return Reading(squares, _brightest([array]))


def _the_pictures(arrays: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """The one that could be pictures, or the one named so: masks beside pictures have their shape, too."""
    tables = {name: table for name, array in arrays.items() if (table := _as_table(array)) is not None}
    named = [name for name in ARRAY_NAMES if name in tables]
    if not named and len(tables) != 1:
        found = f"several arrays could be the pictures: {', '.join(tables)}" if tables else "no array of pictures in it"
        raise Unusable(
            f"{found}; wanted is one (N, H, W), (N, H, W, C) or (N, C, H, W), or one named {ARRAY_NAMES[0]!r}"
        )
    return tables[named[0] if named else next(iter(tables))]


def _as_table(array: NDArray[Any]) -> NDArray[Any] | None:
    """(N, H, W, channels), or None for what is no table of pictures, such as labels."""
    if array.ndim == 3:
        colour = array.shape[2] in (3, 4) and min(array.shape[:2]) > 4
        array = array[None] if colour else array[..., None]  # one picture in colour, or a stack of grey ones
    if array.ndim == 4 and array.shape[3] not in ARRAY_MODES and array.shape[1] in ARRAY_MODES:
        array = array.transpose(0, 2, 3, 1)
    fits = array.ndim == 4 and array.shape[3] in ARRAY_MODES and min(array.shape[1:3]) > 0
    return array if fits and array.dtype.kind in "buif" else None


def _pictures(array: NDArray[Any], white: int) -> list[Picture]:
    """Bytes are taken as 0 .. 255, but as 0 and 1 where none is larger than 1, as truth values are."""
    from PIL import Image

    if array.dtype == np.bool_ or (array.dtype == np.uint8 and array.max(initial=0) <= 1):
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype != np.uint8:
        array = _to_bytes(array, white)
    plain = array[..., 0] if array.shape[3] == 1 else array
    return [Image.fromarray(np.ascontiguousarray(picture)) for picture in plain]
