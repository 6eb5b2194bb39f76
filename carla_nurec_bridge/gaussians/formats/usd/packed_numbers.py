"""How binary USD layers pack bytes and integers: LZ4 blocks, and differences of 0 to 8 bytes."""

from __future__ import annotations

import lz4.block
import numpy as np
from numpy.typing import NDArray

from ....core.errors import InputError

_MOST_RATIO = 255
"""The most bytes that one byte of LZ4 can stand for."""
_CODES_PER_BYTE = 4

Integers = NDArray[np.int64]


def unpacked(data: memoryview, most: int, what: str) -> bytes:
    """Return the plain bytes, at most ``most``, of one LZ4 block or several; InputError else."""
    most = min(most, _MOST_RATIO * len(data))
    try:
        if not len(data) or data[0] == 0:
            return bytes(lz4.block.decompress(data[1:], uncompressed_size=most))
        plain, offset = b"", 1
        for _ in range(data[0]):
            size = int.from_bytes(data[offset : offset + 4], "little")
            block = data[offset + 4 : offset + 4 + size]
            plain += lz4.block.decompress(block, uncompressed_size=most - len(plain))
            offset += 4 + size
    except (lz4.block.LZ4BlockError, ValueError, OverflowError, MemoryError) as error:
        raise InputError(f"{what} is damaged: {error}") from error
    return plain


def integers(data: memoryview, count: int, what: str, *, wide: bool = False) -> Integers:
    """Return ``count`` integers of 4 bytes, ``wide`` 8, that are stored as packed differences.

    A code of two bits says of each difference whether it is the common one, or how many bytes it
    has behind the codes.
    """
    if count > _MOST_RATIO * _CODES_PER_BYTE * len(data):
        raise InputError(f"{what} is damaged: {len(data)} bytes cannot hold {count} integers")
    if not count:
        return np.zeros(0, np.int64)
    size = 8 if wide else 4
    coded = -(-count // _CODES_PER_BYTE)
    plain = unpacked(data, size + coded + size * count, what)
    if len(plain) < size + coded:
        raise InputError(f"{what} is cut off: it has no {count} integers")
    fours = np.frombuffer(plain, np.uint8, coded, size)
    codes = (fours[:, None] >> np.array([0, 2, 4, 6], np.uint8) & 3).ravel()[:count]
    widths = np.array([0, 2, 4, 8] if wide else [0, 1, 2, 4])
    ends = np.cumsum(widths[codes])
    stored = np.frombuffer(plain, np.uint8, offset=size + coded)
    if ends[-1] > len(stored):
        raise InputError(f"{what} is cut off: it has no {count} integers")
    steps = np.full(count, int.from_bytes(plain[:size], "little", signed=True), np.int64)
    for code in (1, 2, 3):
        width = int(widths[code])
        chosen = codes == code
        places = (ends[chosen] - width)[:, None] + np.arange(width)
        steps[chosen] = stored[places].view(f"<i{width}")[:, 0]
    with np.errstate(over="ignore"):
        values = np.cumsum(steps)
        return values if wide else values.astype(np.int32).astype(np.int64)
