import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ganatomy.data.idx import TYPES, parse_idx
from ganatomy.errors import InputError


def encode(array, code):
    header = bytes([0, 0, code, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
    return header + array.astype(TYPES[code]).tobytes()


@given(data=st.data(), code=st.sampled_from(sorted(TYPES)))
def test_what_was_written_is_read(data, code):
    kind = np.dtype(TYPES[code]).newbyteorder("=")
    array = data.draw(arrays.arrays(kind, arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)))
    read = parse_idx(encode(array, code), "there")
    assert read.dtype == kind
    np.testing.assert_array_equal(read, array)


WHOLE = encode(np.arange(12, dtype=np.uint8).reshape(3, 4), 0x08)


@given(length=st.integers(0, len(WHOLE) - 1))
def test_a_truncated_file_is_an_error_wherever_it_ends(length):
    with pytest.raises(InputError, match=r"^there .*\ndelete the file"):
        parse_idx(WHOLE[:length], "there")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "there is not an IDX file: it begins with nothing"),
        (b"\x89PNG\r\n", "there is not an IDX file: it begins with 89 50 4e 47"),
        (b"\0\0\x07\x01\0\0\0\x01\0", "is not an IDX file"),
        (WHOLE[:7], "ends within its header, after 7 bytes of 12"),
        (WHOLE[:-1], "is truncated: 23 bytes, its header declares 24"),
        (WHOLE + b"\0", "is too long: 25 bytes, its header declares 24"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "is truncated: 16 bytes"),
    ],
)
def test_anything_but_a_whole_file_is_named(data, message):
    with pytest.raises(InputError, match=message):
        parse_idx(data, "there")
