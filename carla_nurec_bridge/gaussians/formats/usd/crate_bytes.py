"""The bytes of a binary USD layer: its sections, and reads that end within the file."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ....core.errors import InputError
from .packed_numbers import integers

MAGIC = b"PXR-USDC"
_OLDEST, _NEWEST = (0, 4, 0), (0, 99, 0)
_HEAD = struct.Struct("<8s3B5xq")
_SECTION = struct.Struct("<16sqq")
_SIZE = struct.Struct("<Q")
_MOST_SECTIONS = 64
MOST_ROWS = 1 << 18
"""So many tokens, fields, paths or specs are read."""


@dataclass(frozen=True)
class CrateBytes:
    """A layer's bytes, and where its sections begin; InputError where a read leaves the file."""

    data: memoryview
    what: str
    version: tuple[int, int, int]
    sections: Mapping[str, int]

    def at(self, offset: int, size: int) -> memoryview:
        """Return ``size`` bytes."""
        if not 0 <= offset <= len(self.data) - size or size < 0:
            raise InputError(f"{self.what} is cut off: {size} bytes at {offset} are missing")
        return self.data[offset : offset + size]

    def size_at(self, offset: int) -> int:
        """Return a count of 8 bytes."""
        return int(_SIZE.unpack(self.at(offset, _SIZE.size))[0])

    def block(self, offset: int) -> tuple[memoryview, int]:
        """Return the bytes behind their count, and where they end."""
        size = self.size_at(offset)
        return self.at(offset + _SIZE.size, size), offset + _SIZE.size + size

    def counted(self, section: str) -> tuple[int, int]:
        """Return how many rows a section has, and where they begin."""
        if section not in self.sections:
            raise InputError(f"{self.what} is no USD layer: it has no section {section}")
        begin = self.sections[section]
        count = self.size_at(begin)
        if count > MOST_ROWS:
            raise InputError(f"{self.what} has {count} {section.lower()}; {MOST_ROWS} are read")
        return count, begin + _SIZE.size

    def columns(self, offset: int, count: int, number: int) -> list[list[int]]:
        """Return columns of packed integers that lie one behind the other."""
        found = []
        for _ in range(number):
            packed, offset = self.block(offset)
            found.append(integers(packed, count, self.what).tolist())
        return found


def opened(data: bytes, what: str) -> CrateBytes:
    """Return a layer's bytes with its sections; InputError when it is none of a known version."""
    if len(data) < _HEAD.size or not data.startswith(MAGIC):
        raise InputError(f"{what} is no binary USD layer")
    _, major, minor, patch, table = _HEAD.unpack_from(data)
    version = (major, minor, patch)
    if not _OLDEST <= version <= _NEWEST:
        shown = ".".join(map(str, version))
        raise InputError(f"{what} is a binary USD layer of version {shown}; 0.4.0 and on are read")
    crate = CrateBytes(memoryview(data), what, version, {})
    sections = {}
    for index in range(min(crate.size_at(table), _MOST_SECTIONS)):
        row = crate.at(table + _SIZE.size + index * _SECTION.size, _SECTION.size)
        name, begin, _ = _SECTION.unpack(row)
        sections[name.split(b"\0")[0].decode("ascii", "replace")] = begin
    return replace(crate, sections=sections)
