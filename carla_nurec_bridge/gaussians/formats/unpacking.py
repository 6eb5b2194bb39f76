"""Packed bytes unpacked within bounds, so that a small file cannot fill the memory."""

from __future__ import annotations

import zlib

import zstandard

from ...core.errors import InputError

MOST_BYTES = 6 << 30
"""The most that any member or file is unpacked to."""
_MOST_RATIO = 200
_ALWAYS_ALLOWED = 1 << 20
_CHUNK = 1 << 22
_HEAD_CHUNK = 1 << 10


class DamagedError(InputError):
    """Packed bytes that no program can unpack."""


def most_plain_bytes(packed: int) -> int:
    """Return how many bytes ``packed`` ones may stand for: 200 each, and always 1 MiB."""
    return max(_ALWAYS_ALLOWED, _MOST_RATIO * packed)


def gunzip(data: bytes, what: str, limit: int = MOST_BYTES) -> bytearray:
    """Return the plain bytes of a gzip file.

    DamagedError: damaged or cut off. InputError: more than 200 times its size (over 1 MiB) or
    ``limit``.
    """
    limit = min(limit, most_plain_bytes(len(data)))
    packer = zlib.decompressobj(wbits=31)
    plain = bytearray()
    view = memoryview(data)
    try:
        for begin in range(0, len(data), _CHUNK):
            rest: bytes | memoryview = view[begin : begin + _CHUNK]
            while rest and not packer.eof:
                plain += packer.decompress(rest, limit + 1 - len(plain))
                rest = packer.unconsumed_tail
                if len(plain) > limit:
                    raise InputError(f"{what} unpacks to more than {limit} bytes; it is not read")
    except zlib.error as error:
        raise DamagedError(f"{what} is damaged: {error}") from error
    if not packer.eof:
        raise DamagedError(f"{what} is cut off: its gzip data do not end")
    return plain


def gunzip_head(data: bytes, size: int) -> bytes:
    """Return the first bytes of a gzip file, fewer where it is damaged.

    The file's name and the code tables, which come before the first byte, may be of any length.
    """
    packer = zlib.decompressobj(wbits=31)
    plain = b""
    view = memoryview(data)
    try:
        for begin in range(0, len(data), _HEAD_CHUNK):
            plain += packer.decompress(view[begin : begin + _HEAD_CHUNK], size - len(plain))
            if len(plain) == size or packer.eof:
                break
    except zlib.error:
        return b""
    return plain


def unzstd(data: bytes, size: int, what: str) -> bytes:
    """Return the ``size`` plain bytes of a Zstandard stream; InputError when it has others."""
    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(data) as reader:
            plain: bytes = reader.read(size)
            beyond = reader.read(1)
    except zstandard.ZstdError as error:
        raise InputError(f"{what} is damaged: {error}") from error
    if len(plain) != size or beyond:
        raise InputError(f"{what} does not unpack to the {size} bytes that its header says")
    return plain
