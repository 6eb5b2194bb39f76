"""The values of fields in binary USD layers: 8 bytes that hold one, or say where it lies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.errors import InputError
from .crate_bytes import CrateBytes
from .packed_numbers import integers

_ARRAY, _INLINED, _PACKED = 1 << 63, 1 << 62, 1 << 61
_PLACE = (1 << 48) - 1
_LEAST_PACKED = 16
_MOST_WORDS = 1000
"""Lists of more tokens are none of those that are asked for."""
_MOST_TEXT = 64 << 20
"""Characters of all values, which may share tokens: of these text layers may have as many."""
_OLD_RANKS, _WIDE_SIZES = (0, 5, 0), (0, 7, 0)
_TOKENS, _REFERENCES, _PAYLOAD, _PAYLOADS = 32, 35, 47, 55
_PUT_LISTS = (_REFERENCES, _PAYLOADS)
_WHOLE_LISTS = (0x03, 0x04, 0x20, 0x40)
"""Of what a list consists: explicit, added, prepended or appended items alone."""
_TIMED_PAYLOADS = (0, 8, 0)
_BOOL, _HALF, _STRING, _TOKEN, _ASSET = 1, 7, 10, 11, 12
_TYPES = {
    2: ("u1", 1),
    3: ("<i4", 1),
    4: ("<u4", 1),
    5: ("<i8", 1),
    6: ("<u8", 1),
    _HALF: ("<f2", 1),
    8: ("<f4", 1),
    9: ("<f8", 1),
    13: ("<f8", 4),
    14: ("<f8", 9),
    15: ("<f8", 16),
    16: ("<f8", 4),
    17: ("<f4", 4),
    18: ("<f2", 4),
    19: ("<f8", 2),
    20: ("<f4", 2),
    21: ("<f2", 2),
    22: ("<i4", 2),
    23: ("<f8", 3),
    24: ("<f4", 3),
    25: ("<f2", 3),
    26: ("<i4", 3),
    27: ("<f8", 4),
    28: ("<f4", 4),
    29: ("<f2", 4),
    30: ("<i4", 4),
}
"""Numbers, and how many of them, by the number of a type."""
_UNSIGNED = (2, 4, 6)
_SIDES = {13: 2, 14: 3, 15: 4}
_QUATERNIONS = (16, 17, 18)


@dataclass(eq=False)
class CrateValues:
    """Values of fields: arrays of numbers as arrays, all others as text layers write them.

    InputError when these become more text than is read.
    """

    crate: CrateBytes
    tokens: list[str]
    _characters: int = field(default=0, init=False)

    def is_array(self, value: int) -> bool:
        """Tell whether a value is an array of numbers."""
        return bool(value & _ARRAY) and (value >> 48 & 255) in _TYPES

    def array(self, value: int) -> NDArray[Any]:
        """Return an array of numbers (N,) or (N, K), quaternions w first."""
        kind = value >> 48 & 255
        name, width = _TYPES[kind]
        dtype = np.dtype(name)
        count, begin = self._counted(value & _PLACE)
        if value & _PACKED and count >= _LEAST_PACKED and width == 1:
            return self._unpacked(dtype, count, begin)
        numbers = np.frombuffer(self.crate.at(begin, count * width * dtype.itemsize), dtype)
        if width == 1:
            return numbers
        rows = numbers.reshape(count, width)
        return rows[:, [3, 0, 1, 2]] if kind in _QUATERNIONS else rows

    def text(self, value: int) -> str | None:
        """Return a value as text; None for one that is of no use here."""
        kind, place = value >> 48 & 255, value & _PLACE
        if value & _ARRAY:
            return self._words(place) if kind == _TOKEN else None
        if kind in (_TOKEN, _STRING, _ASSET):
            word = self._string(place) if kind == _STRING else self._token(place)
            return f"@{word}@" if kind == _ASSET else f'"{word}"'
        if kind == _BOOL:
            return str(place & 1)
        if kind not in _TYPES:
            return None
        name, width = _TYPES[kind]
        if value & _INLINED:
            return _told(_inlined(kind, place, width))
        dtype = np.dtype(name)
        numbers = np.frombuffer(self.crate.at(place, width * dtype.itemsize), dtype).tolist()
        return _told(numbers[3:] + numbers[:3] if kind in _QUATERNIONS else numbers)

    def layers(self, value: int) -> str:
        """Return the layers of a list of references or payloads as text; "" for none.

        InputError for a list that changes one of another layer.
        """
        kind, place = value >> 48 & 255, value & _PLACE
        if kind not in _PUT_LISTS and kind != _PAYLOAD:
            return ""
        count = 1
        if kind in _PUT_LISTS:
            count, place = self._whole_list(place)
        found = []
        for _ in range(count):
            asset = int.from_bytes(self.crate.at(place, 4), "little")
            found.append(f"@{self._string(asset)}@")
            # The place, a path there, and what is done to its time.
            place += 8 if kind != _REFERENCES and self.crate.version < _TIMED_PAYLOADS else 24
            if kind == _REFERENCES:
                if self.crate.size_at(place):
                    raise InputError(f"{self.crate.what}: a reference has data of its own")
                place += 8
        return " ".join(found)

    def token_list(self, value: int) -> str:
        """Return a list of tokens as text; "" for none, or one that changes another layer's."""
        kind, place = value >> 48 & 255, value & _PLACE
        if kind != _TOKENS or self.crate.at(place, 1)[0] not in _WHOLE_LISTS:
            return ""
        count, place = self._whole_list(place)
        places = np.frombuffer(self.crate.at(place, 4 * count), "<u4").tolist()
        return f"[{', '.join(self._token(one) for one in places)}]"

    def _whole_list(self, place: int) -> tuple[int, int]:
        """Return how many items a list has, and where they begin."""
        if self.crate.at(place, 1)[0] not in _WHOLE_LISTS:
            raise InputError(f"{self.crate.what}: a list of references changes another one")
        count = self.crate.size_at(place + 1)
        if count > _MOST_WORDS:
            raise InputError(f"{self.crate.what}: a list has {count} items; {_MOST_WORDS} are read")
        return count, place + 9

    def first_sample(self, value: int) -> int | None:
        """Return the value at the first time of some; None without any.

        Times and values lie behind jumps from where they are told.
        """
        place = value & _PLACE
        times = place + self._jump(place)
        begin = times + 8 + self._jump(times + 8)
        return self.crate.size_at(begin + 8) if self.crate.size_at(begin) else None

    def _jump(self, place: int) -> int:
        return int.from_bytes(self.crate.at(place, 8), "little", signed=True)

    def _counted(self, place: int) -> tuple[int, int]:
        """Return the length of an array, and where it begins."""
        if place == 0:
            return 0, 0
        if self.crate.version >= _WIDE_SIZES:
            return self.crate.size_at(place), place + 8
        skipped = 4 if self.crate.version < _OLD_RANKS else 0
        size = self.crate.at(place + skipped, 4)
        return int.from_bytes(size, "little"), place + skipped + 4

    def _unpacked(self, dtype: np.dtype[Any], count: int, begin: int) -> NDArray[Any]:
        """Return packed numbers: integers, floats that are whole (i), or places in a table (t)."""
        crate = self.crate
        if dtype.kind != "f":
            packed, _ = crate.block(begin)
            return integers(packed, count, crate.what, wide=dtype.itemsize == 8).astype(dtype)
        form, begin = bytes(crate.at(begin, 1)), begin + 1
        if form == b"i":
            packed, _ = crate.block(begin)
            return integers(packed, count, crate.what).astype(dtype)
        if form != b"t":
            raise InputError(f"{crate.what}: floats are packed as {form!r}, which is not known")
        length = int.from_bytes(crate.at(begin, 4), "little")
        table = np.frombuffer(crate.at(begin + 4, length * dtype.itemsize), dtype)
        packed, _ = crate.block(begin + 4 + length * dtype.itemsize)
        places = integers(packed, count, crate.what)
        if not 0 <= places.min() <= places.max() < length:
            raise InputError(f"{crate.what} is damaged: its table of {length} floats is too short")
        return table[places]

    def _words(self, place: int) -> str | None:
        count, begin = self._counted(place)
        if count > _MOST_WORDS:
            return None
        places = np.frombuffer(self.crate.at(begin, 4 * count), "<u4").tolist()
        return "[" + ", ".join(f'"{self._token(place)}"' for place in places) + "]"

    def _string(self, place: int) -> str:
        count, begin = self.crate.counted("STRINGS")
        if place >= count:
            raise InputError(f"{self.crate.what} is damaged: it has no string {place}")
        return self._token(int.from_bytes(self.crate.at(begin + 4 * place, 4), "little"))

    def _token(self, place: int) -> str:
        token = self.tokens[place]
        self._characters += len(token)
        if self._characters > _MOST_TEXT:
            raise InputError(f"{self.crate.what}: its values have over {_MOST_TEXT} characters")
        return token


def _inlined(kind: int, place: int, width: int) -> list[Any]:
    """Return numbers of which 4 bytes tell: wide ones that fit, and small whole ones of several."""
    stored = place.to_bytes(6, "little")
    if kind in _SIDES:
        diagonal = np.frombuffer(stored, np.int8, _SIDES[kind])
        return list(np.diag(diagonal).ravel().tolist())
    if width > 1:
        return list(np.frombuffer(stored, np.int8, width).tolist())
    name = _TYPES[kind][0]
    if kind != _HALF:
        name = "<f4" if "f" in name else "<u4" if kind in _UNSIGNED else "<i4"
    return list(np.frombuffer(stored, name, 1).tolist())


def _told(numbers: list[Any]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"({', '.join(map(str, numbers))})"
