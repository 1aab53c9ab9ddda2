"""The IDX format of the MNIST family: two zero bytes, a type, the number of dimensions, their sizes, the values.

    array = parse_idx(path.read_bytes(), str(path))     # a NumPy array of the type and shape the file declares

All numbers are big-endian. The second argument names the file in errors.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganatomy.errors import InputError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
REMEDY = "delete the file and fetch it again"


def parse_idx(data: bytes, where: str) -> NDArray[Any]:
    """The array in the machine's byte order; anything but a whole, exact file is an error."""
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in TYPES:
        raise InputError(f"{where} is not an IDX file: it begins with {data[:4].hex(' ') or 'nothing'}", REMEDY)
    kind, start = np.dtype(TYPES[data[2]]), 4 + 4 * data[3]
    if len(data) < start:
        raise InputError(f"{where} ends within its header, after {len(data)} bytes of {start}", REMEDY)
    shape = tuple(int(side) for side in np.frombuffer(data[4:start], dtype=">u4"))
    declared = start + kind.itemsize * prod(shape)
    if len(data) != declared:
        fault = "is truncated" if len(data) < declared else "is too long"
        raise InputError(f"{where} {fault}: {len(data)} bytes, its header declares {declared}", REMEDY)
    return np.frombuffer(data[start:], dtype=kind).reshape(shape).astype(kind.newbyteorder("="))
