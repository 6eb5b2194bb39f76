"""How values travel in CARLA's msgpack calls: one codec a type, structs as plain arrays.

A struct is an array of its fields, an optional is ``[false]`` or ``[true, value]``. The client is
strict (an int where a float is expected passes, the reverse does not), so encoders always emit
plain ``float``, ``int``, ``bool``, ``str`` and ``bytes``; decoders refuse what the type forbids.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ....core.errors import ProtocolError

_LARGEST = 3.4028235e38
"""Of a float of 32 bits, which places and directions are in clients."""


@dataclass(frozen=True)
class Codec:
    """A wire type: ``encode`` makes msgpack values, ``decode`` checks and reads them."""

    name: str
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def _refuse(name: str, value: object) -> ProtocolError:
    return ProtocolError(f"expected {name}, got {type(value).__name__} {value!r:.60}")


def _decode_float(value: Any) -> float:
    if type(value) is float:
        if math.isfinite(value):
            return value
        raise ProtocolError(f"expected a finite number, got {value}")
    if type(value) is int:
        return float(value)
    raise _refuse("a number", value)


def _decode_int(value: Any) -> int:
    if type(value) is int:
        return value
    raise _refuse("an integer", value)


def _decode_byte(value: Any) -> int:
    if type(value) is int and 0 <= value <= 0xFF:
        return value
    raise _refuse("a whole number from 0 to 255", value)


def _decode_bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise _refuse("a boolean", value)


def _decode_text(value: Any) -> str:
    if type(value) is str:
        return value
    raise _refuse("a text", value)


def _decode_bytes(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    raise _refuse("bytes", value)


def _decode_vector(value: Any) -> tuple[float, float, float]:
    if type(value) is not list or len(value) < 3:
        raise _refuse("three numbers", value)
    x, y, z = (_decode_float(part) for part in value[:3])
    if max(abs(x), abs(y), abs(z)) > _LARGEST:
        raise _refuse("three numbers that 32 bits can hold", value)
    return x, y, z


FLOAT = Codec("float", float, _decode_float)
INT = Codec("integer", int, _decode_int)
BYTE = Codec("byte", int, _decode_byte)
BOOL = Codec("bool", bool, _decode_bool)
TEXT = Codec("text", str, _decode_text)
BYTES = Codec("bytes", bytes, _decode_bytes)
VECTOR = Codec("vector", lambda v: [float(v[0]), float(v[1]), float(v[2])], _decode_vector)
RAW = Codec("anything", lambda v: v, lambda v: v)


def list_of(item: Codec) -> Codec:
    """Return the codec of an array of ``item``."""

    def decode(value: Any) -> list[Any]:
        if type(value) is not list:
            raise _refuse(f"an array of {item.name}", value)
        return [item.decode(v) for v in value]

    return Codec(f"array of {item.name}", lambda vs: [item.encode(v) for v in vs], decode)


def optional(item: Codec) -> Codec:
    """Return the codec of an optional ``item``; ``None`` in Python is ``[false]`` on the wire."""

    def encode(value: Any) -> list[Any]:
        return [False] if value is None else [True, item.encode(value)]

    def decode(value: Any) -> Any:
        if type(value) is not list or not value:
            raise _refuse(f"an optional {item.name}", value)
        return item.decode(value[1]) if value[0] and len(value) > 1 else None

    return Codec(f"optional {item.name}", encode, decode)


def struct(cls: type, **fields: Codec) -> Codec:
    """Return the codec of a dataclass whose fields travel in the order of ``fields``.

    A shorter array than the struct is refused, a longer one is cut, as CARLA's own decoder does.
    """
    names = tuple(fields)
    decoders = tuple(codec.decode for codec in fields.values())
    encoders = tuple((name, codec.encode) for name, codec in fields.items())
    count = len(names)

    def encode(value: Any) -> list[Any]:
        return [encode_field(getattr(value, name)) for name, encode_field in encoders]

    def decode(value: Any) -> Any:
        if type(value) is not list or len(value) < count:
            raise _refuse(f"{cls.__name__} ({', '.join(names)})", value)
        return cls(*[read(v) for read, v in zip(decoders, value, strict=False)])

    return Codec(cls.__name__, encode, decode)


def single(item: Codec) -> Codec:
    """Return the codec of a struct with one unnamed field: an array of one."""

    def decode(value: Any) -> Any:
        if type(value) is not list or len(value) != 1:
            raise _refuse(f"a struct of one {item.name}", value)
        return item.decode(value[0])

    return Codec(item.name, lambda v: [item.encode(v)], decode)
