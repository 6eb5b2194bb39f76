"""Reading packed values from a bounded stretch of bytes."""

from __future__ import annotations

import struct

from ..core.errors import InputError
from .mapped import Bytes

_LENGTH = struct.Struct("<H")


class Cursor:
    """A place in ``data`` that never moves past ``end``; ``what`` names the stretch in errors."""

    __slots__ = ("_what", "data", "end", "offset")

    def __init__(self, data: Bytes, offset: int, end: int, what: str) -> None:
        """Begin at byte ``offset`` of ``data``."""
        self.data = data
        self.offset = offset
        self.end = min(end, len(data))
        self._what = what

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return self.end - self.offset

    def skip(self, size: int) -> int:
        """Step over ``size`` bytes and return where they begin; InputError if there are fewer."""
        offset = self.offset
        if size > self.end - offset:
            raise InputError(
                f"{self._what} is broken: at byte {offset} it promises {size} more bytes and "
                f"{self.end - offset} are left; record it again"
            )
        self.offset = offset + size
        return offset

    def unpack(self, layout: struct.Struct) -> tuple[float, ...]:
        """Read the numbers of a struct."""
        return layout.unpack_from(self.data, self.skip(layout.size))

    def whole(self, layout: struct.Struct) -> int:
        """Read the one whole number of a struct."""
        value: int = layout.unpack_from(self.data, self.skip(layout.size))[0]
        return value

    def finish(self) -> None:
        """Say that all has been read; InputError when bytes are left over."""
        if self.left:
            raise InputError(
                f"{self._what} is broken: {self.left} bytes are left over at byte {self.offset}; "
                "record it again"
            )

    def text(self) -> str:
        """Read a string: uint16 byte length, UTF-8; bytes that are no UTF-8 become U+FFFD."""
        size = self.whole(_LENGTH)
        offset = self.skip(size)
        return self.data[offset : offset + size].decode("utf-8", "replace")


def encode_text(text: str) -> bytes:
    """Return the recorder's form of a string; InputError above 32767 bytes (CARLA's limit)."""
    raw = text.encode("utf-8", "replace")
    if len(raw) > 0x7FFF:
        raise InputError(f"a recording holds texts of up to 32767 bytes, not {len(raw)}")
    return _LENGTH.pack(len(raw)) + raw
